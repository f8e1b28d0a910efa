import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from portal.dashboard.demo.loading import is_empty, load_world

BAR = 32


class Command(BaseCommand):
    help = "Fills an empty portal with the invented companies, people and deals of the demonstration."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError(
                "The demonstration brings accounts with a known password: "
                "it loads only where DEMO or DEBUG is on."
            )
        if not is_empty():
            self.stdout.write("The portal has people already: the demo data stays as it is.")
            return
        started = time.monotonic()
        self.stdout.write("Loading the demo data: 18 months of invented deals …")
        with translation.override("en"):
            loaded = load_world(now=timezone.now(), tell=self.tell)
        self.stdout.write(
            f"{loaded.partners} partners, {loaded.distributors} distributors, {loaded.people} people, "
            f"{loaded.customers} end customers, {loaded.deals} deals in {time.monotonic() - started:.0f} s"
        )

    def tell(self, done: int, of: int) -> None:
        """A bar on a terminal; in a log a line now and then."""
        if sys.stdout.isatty():
            full = BAR * done // of
            end = "\n" if done == of else ""
            sys.stdout.write(f"\r  {'█' * full}{'░' * (BAR - full)} {done} / {of} deals{end}")
            sys.stdout.flush()
        elif done % 100 == 0:
            self.stdout.write(f"  {done} of {of} deals")
