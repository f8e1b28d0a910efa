import logging
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from portal.core.models import SweepRun
from portal.core.sweeps import Sweep, all_sweeps, watching

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepOutcome:
    """What one sweep did, as counts by event, in how many seconds; or why it failed. `touched`: the
    numbers of the records, by event, as far as the sweep names them."""

    name: str
    done: dict[str, int] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    touched: dict[str, list[str]] = field(default_factory=dict)


def run_sweeps(*, at: datetime) -> list[SweepOutcome]:
    """Run every sweep of the portal at an instant. One that fails stops no other."""
    autodiscover_modules("tasks")  # each app registers its sweeps there
    return [_run_sweep(sweep, at) for sweep in all_sweeps()]


def _run_sweep(sweep: Sweep, at: datetime) -> SweepOutcome:
    started = time.monotonic()
    done: dict[str, int] = {}
    error = ""
    touched: dict[str, list[str]] = {}
    try:
        with watching() as touched:
            done = {event: count for event, count in sweep.run(at).items() if count}
    except Exception as problem:
        log.exception("sweep failed: %s", sweep.name)
        error = f"{type(problem).__name__}: {problem}"
    outcome = SweepOutcome(sweep.name, done, error, time.monotonic() - started, touched)
    _note(outcome, at)
    return outcome


def _note(outcome: SweepOutcome, at: datetime) -> None:
    now = timezone.now()
    facts = {"ran_at": now, "error": outcome.error}
    if not outcome.error:
        facts |= {"succeeded_at": now, "swept_for": at, "done": outcome.done}
    SweepRun.objects.update_or_create(name=outcome.name, defaults=facts)
