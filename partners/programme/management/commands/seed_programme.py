from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand

from partners.programme.actions import seed_edition

DATA = Path(__file__).resolve().parents[2] / "data"


class Command(BaseCommand):
    help = "Put the programme's editions from their files into the database; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        for path in sorted(DATA.glob("*.yaml")):
            edition, is_new = seed_edition(yaml.safe_load(path.read_text("utf-8")))
            self.stdout.write(f"Edition {edition.code}: {'published' if is_new else 'already there'}")
