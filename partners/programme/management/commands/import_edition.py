from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from partners.programme.actions import import_edition
from partners.programme.edition_file import MAX_BYTES, read_edition
from portal.core.errors import PortalError


class Command(BaseCommand):
    help = "Read an edition of the programme from a YAML file and keep it as a draft."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="only report what is wrong with the file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        reading = read_edition(data)
        if reading.content is None:
            for problem in reading.problems:
                self.stderr.write(str(problem))
            raise CommandError(f"{len(reading.problems)} problems: nothing was imported")
        if options["check"]:
            self.stdout.write(f"Edition {reading.content.code}: the file is sound")
            return
        try:
            edition = import_edition(reading.content, by=None)
        except PortalError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Edition {edition.code}: kept as a draft")
