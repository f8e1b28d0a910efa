import sys
from getpass import getpass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from partners.organisations.actions.people import create_first_administrator
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.core.errors import PortalError


class Command(BaseCommand):
    help = (
        "The first programme administrator of a new installation, with the head office. Asks for a "
        "password, or reads it from standard input with --password-stdin."
    )

    def add_arguments(self, parser):
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--office", default="Head office")
        parser.add_argument("--country", default="GB", help="country of the head office, two letters")
        parser.add_argument("--password-stdin", action="store_true")

    def handle(self, *args, email, name, office, country, password_stdin, **options):
        password = self._password(password_stdin)
        try:
            validate_email(email)
            validate_password(password, User(email=email, full_name=name))
            territory = territory_on(timezone.localdate())
            user = create_first_administrator(
                email=email,
                full_name=name,
                password=password,
                office=office,
                country=country.upper(),
                territory=territory,
                at=timezone.now(),
            )
        except LookupError as problem:
            raise CommandError(f"{problem}. Run `manage.py seed_programme` first.") from problem
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        except PortalError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.email} is programme administrator and can sign in.")

    def _password(self, from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\n")
        first, second = getpass("Password: "), getpass("Password again: ")
        if first != second:
            raise CommandError("The two passwords are not the same.")
        return first
