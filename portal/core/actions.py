import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django_celery_beat.models import PeriodicTask

from portal.core.calendar import last_local_time, zone_bands
from portal.core.models import Cause, PastRun, SweepRun, TaskRun
from portal.core.schedule import NIGHT, NIGHT_STARTS
from portal.core.sweeps import Sweep, all_sweeps, watching

log = logging.getLogger(__name__)

# Of each sweep: a day and a half at one run every ten minutes.
KEPT_RUNS = 200
# So long after a night's run was due, another run makes up for it.
MAKE_UP_AFTER = timedelta(minutes=30)
LONGEST_ERROR = 2_000


@dataclass(frozen=True)
class SweepOutcome:
    """What one sweep did, as counts by event, in how many seconds; or why it failed. `touched`: the
    numbers of the records, by event, as far as the sweep names them."""

    name: str
    done: dict[str, int] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    touched: dict[str, list[str]] = field(default_factory=dict)


def known_sweeps() -> list[Sweep]:
    """Every sweep of every app."""
    autodiscover_modules("tasks")  # each app registers its sweeps there
    return all_sweeps()


def run_sweeps(
    *, at: datetime, sweeps: Iterable[Sweep] | None = None, cause: str = Cause.COMMAND
) -> list[SweepOutcome]:
    """Run these sweeps, or every one of the portal, at an instant. One that fails stops no other."""
    return [_run_sweep(sweep, at, cause) for sweep in (known_sweeps() if sweeps is None else sweeps)]


def run_due_sweeps(*, at: datetime) -> list[SweepOutcome]:
    """Every ten minutes: what asks for instants, and whatever nightly sweep missed its night or failed in
    it, for beat, worker and queue may all have been away then."""
    missed = _missed_night(at)
    due = [sweep for sweep in known_sweeps() if not sweep.nightly or sweep.name in missed]
    return run_sweeps(at=at, sweeps=due, cause=Cause.SCHEDULE)


def _missed_night(at: datetime) -> set[str]:
    since = last_night(at - MAKE_UP_AFTER)
    if since is None:
        return set()
    in_time = SweepRun.objects.filter(error="", swept_for__gte=since, swept_for__lte=at)
    done = set(in_time.values_list("name", flat=True))
    return {sweep.name for sweep in known_sweeps() if sweep.nightly and sweep.name not in done}


def run_nightly_sweeps(*, at: datetime) -> list[SweepOutcome]:
    """A day has begun somewhere. Each sweep asks for the dates of every country, so that a band's run also
    makes up for what an earlier band's run has missed."""
    nightly = [sweep for sweep in known_sweeps() if sweep.nightly]
    return run_sweeps(at=at, sweeps=nightly, cause=Cause.SCHEDULE)


def last_night(at: datetime) -> datetime | None:
    """When a run at night was last due, in whichever band, by the schedule as it stands; None while every
    night is paused."""
    nights = PeriodicTask.objects.filter(name__startswith=f"{NIGHT}:").select_related("crontab")
    starts = [
        (str(night.crontab.timezone), time_of_day(int(night.crontab.hour), int(night.crontab.minute)))
        for night in nights
        if night.enabled
    ]
    if not starts and not nights:  # before beat has started for the first time
        starts = [(zone, NIGHT_STARTS) for zone in zone_bands()]
    return max((last_local_time(zone, hour, at) for zone, hour in starts), default=None)


def _run_sweep(sweep: Sweep, at: datetime, cause: str) -> SweepOutcome:
    began, started = timezone.now(), time.monotonic()
    done: dict[str, int] = {}
    error = ""
    touched: dict[str, list[str]] = {}
    try:
        with watching() as touched:
            done = {event: count for event, count in sweep.run(at).items() if count}
    except Exception as problem:
        log.exception("sweep failed: %s", sweep.name)
        error = described(problem)
    outcome = SweepOutcome(sweep.name, done, error, time.monotonic() - started, touched)
    _note(outcome, at, began, cause)
    return outcome


def described(problem: object) -> str:
    return f"{type(problem).__name__}: {problem}"[:LONGEST_ERROR]


def _note(outcome: SweepOutcome, at: datetime, began: datetime, cause: str) -> None:
    facts = {"ran_at": began, "error": outcome.error, "seconds": outcome.seconds}
    if not outcome.error:
        facts |= {"succeeded_at": timezone.now(), "swept_for": at, "done": outcome.done}
    SweepRun.objects.update_or_create(name=outcome.name, defaults=facts)
    PastRun.objects.create(
        name=outcome.name,
        ran_at=began,
        swept_for=at,
        seconds=outcome.seconds,
        cause=cause,
        done=outcome.done,
        error=outcome.error,
    )


def note_task(
    name: str, *, at: datetime, seconds: float, done: dict[str, int] | None = None, error: str = ""
) -> None:
    """What a task of the schedule did, or why it failed."""
    facts: dict[str, object] = {"ran_at": at, "seconds": seconds, "error": error}
    if not error:
        facts |= {"succeeded_at": timezone.now(), "done": done or {}}
    TaskRun.objects.update_or_create(name=name, defaults=facts)


def forget_old_runs() -> int:
    """Keeps the last runs of each sweep."""
    numbered = PastRun.objects.annotate(
        place=Window(RowNumber(), partition_by="name", order_by=[F("ran_at").desc(), F("pk").desc()])
    )
    old = numbered.filter(place__gt=KEPT_RUNS).values_list("pk", flat=True)
    return PastRun.objects.filter(pk__in=list(old)).delete()[0]
