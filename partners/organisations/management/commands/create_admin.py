import sys
from getpass import getpass

from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from partners.organisations.actions.people import check_first_administrator, create_first_administrator
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.core.errors import PortalError

TRIES = 3


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
        try:
            validate_email(email)
            # Before anybody types a password in vain.
            territory = territory_on(timezone.localdate())
            check_first_administrator(email=email, full_name=name, office=office, country=country.upper())
            person = User(email=email, full_name=name)
            user = create_first_administrator(
                email=email,
                full_name=name,
                password=self._read(person) if password_stdin else self._ask(person),
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
        except (EOFError, KeyboardInterrupt) as gone:
            raise CommandError("No password was entered: nobody was added.") from gone
        self.stdout.write(f"{user.email} is programme administrator and can sign in.")

    def _read(self, person: User) -> str:
        password = sys.stdin.readline().rstrip("\r\n")
        validate_password(password, person)
        return password

    def _ask(self, person: User) -> str:
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for a password: use --password-stdin.")
        self.stdout.write(" ".join(password_validators_help_texts()))
        for _attempt in range(TRIES):
            first, second = getpass("Password: "), getpass("Password again: ")
            if first != second:
                self.stderr.write("The two passwords are not the same. Once more:")
                continue
            try:
                validate_password(first, person)
            except ValidationError as refusal:
                self.stderr.write(" ".join(refusal.messages) + " Once more:")
                continue
            return first
        raise CommandError("No password was chosen: nobody was added.")
