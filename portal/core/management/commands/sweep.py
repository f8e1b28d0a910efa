import sys
from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.core.actions import SweepOutcome, run_sweeps

AHEAD = "--before-its-day"
WHAT_WOULD_HAPPEN = (
    "{day:%A %d %B %Y} has not come yet. The sweep would act as if it had: reminders go out too early, "
    "reports and decisions are recorded as late, departures without a replacement lapse and open tier "
    "reviews, protections and editions change, scheduled tier changes take effect, accounts of leavers end, "
    "and people whose period has passed are erased. None of that can be taken back."
)


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
        parser.add_argument(
            AHEAD,
            action="store_true",
            dest="ahead",
            help="act for a date that has not come yet, which cannot be taken back; asked for otherwise",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = self.moment(options["on"])
        if at > timezone.now() and not options["ahead"]:
            self.confirm(at)
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

    def moment(self, on: date | None) -> datetime:
        """Of the present day nothing is done ahead of its hour."""
        now = timezone.now()
        if on is None or on == now.astimezone(UTC).date():
            return now
        return datetime.combine(on, time(12), UTC)

    def confirm(self, at: datetime) -> None:
        """Whoever sits at a keyboard is asked; a script says it with the option."""
        self.stdout.write(WHAT_WOULD_HAPPEN.format(day=at))
        if not sys.stdin.isatty():
            raise CommandError(f"Nothing was done. If that is what you want, add {AHEAD}.")
        if input(f"Type the date, {at:%Y-%m-%d}, to go on: ").strip() != f"{at:%Y-%m-%d}":
            raise CommandError("Nothing was done.")

    def described(self, outcome: SweepOutcome) -> str:
        if outcome.error:
            return self.style.ERROR(f"failed: {outcome.error}")
        if not outcome.done:
            return "nothing to do"
        return ", ".join(
            f"{count} {event.replace('_', ' ')}" for event, count in sorted(outcome.done.items())
        )
