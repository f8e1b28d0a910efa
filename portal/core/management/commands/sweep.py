from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.core.actions import SweepOutcome, run_sweeps


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date like 2026-12-31") from None


class Command(BaseCommand):
    help = (
        "Does everything that happens by date. A second run for the same date finds nothing to do. "
        "With -v 2 it lists the numbers of what it touched."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--on", type=day, metavar="YYYY-MM-DD", help="as if it were noon (UTC) of that date; default: now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        on: date | None = options["on"]
        at = datetime.combine(on, time(12), UTC) if on else timezone.now()
        self.stdout.write(f"Sweeping for {at:%A %d %B %Y, %H:%M} UTC")
        outcomes = run_sweeps(at=at)
        width = max((len(outcome.name) for outcome in outcomes), default=0)
        for outcome in outcomes:
            self.stdout.write(f"  {outcome.name:<{width}}  {self.described(outcome)}")
            if options["verbosity"] >= 2:
                for event, references in sorted(outcome.touched.items()):
                    self.stdout.write(f"    {event}: {', '.join(references)}")
        failed = [outcome.name for outcome in outcomes if outcome.error]
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}. The others were done; run again later.")
        total = sum(sum(outcome.done.values()) for outcome in outcomes)
        self.stdout.write(f"{total} done in {sum(outcome.seconds for outcome in outcomes):.1f} s")

    def described(self, outcome: SweepOutcome) -> str:
        if outcome.error:
            return self.style.ERROR(f"failed: {outcome.error}")
        if not outcome.done:
            return "nothing to do"
        return ", ".join(
            f"{count} {event.replace('_', ' ')}" for event, count in sorted(outcome.done.items())
        )
