from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from partners.catalogue.actions import import_prices
from partners.catalogue.price_file import MAX_BYTES
from partners.catalogue.selectors import preview_of, read_prices
from portal.core.errors import PortalError


class Command(BaseCommand):
    help = "Import price lists from a CSV file: all of it, or nothing while a line is bad."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        file = read_prices(content)
        if file.problems:
            for problem in file.problems:
                self.stderr.write(str(problem))
            more = " or more" if file.has_more_problems else ""
            raise CommandError(f"{len(file.problems)}{more} problems: nothing was imported")
        for one in preview_of(file):
            ends = f"; the list from {one.closes.valid_from} ends on {one.closes_on}" if one.closes else ""
            self.stdout.write(
                f"{one.region.code} {one.new.currency} from {one.new.key.valid_from}: "
                f"{one.prices} prices{ends}"
            )
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written")
            return
        try:
            lists = import_prices(content, by=None)
        except PortalError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{len(lists)} price lists imported")
