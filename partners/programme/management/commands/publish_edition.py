from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from partners.programme.actions import publish_edition
from partners.programme.models import Edition
from portal.core.errors import PortalError


class Command(BaseCommand):
    help = "Publish a draft: it is frozen, and in force after its days of notice (rule D1)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument(
            "--on", type=date.fromisoformat, help="day of publication, YYYY-MM-DD; default: today"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        on = options["on"] or today
        if on < today:
            raise CommandError("An edition cannot be published on a day that has passed.")
        edition = Edition.objects.filter(code=options["code"]).first()
        if edition is None:
            raise CommandError(f"There is no edition {options['code']}.")
        try:
            edition = publish_edition(edition.pk, by=None, on=on)
        except PortalError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"Edition {edition.code}: published on {edition.published_on}, "
            f"in force from {edition.in_force_from}"
        )
