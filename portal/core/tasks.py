from datetime import datetime

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.core import actions
from portal.core.actions import SweepOutcome, forget_old_runs
from portal.core.errors import gettext_noop
from portal.core.health import beat_heart
from portal.core.models import Cause
from portal.core.sweeps import sweep

FORGOTTEN = gettext_noop("old runs forgotten")
RUN = gettext_noop("sweeps run")
FAILED = gettext_noop("sweeps failed")


@shared_task
def heartbeat() -> None:
    beat_heart("worker")


@shared_task
def run_sweeps() -> dict[str, int]:
    return _summary(actions.run_due_sweeps(at=timezone.now()))


@shared_task
def run_nightly_sweeps() -> dict[str, int]:
    return _summary(actions.run_nightly_sweeps(at=timezone.now()))


@shared_task
def run_one_sweep(name: str) -> None:
    """Asked for on the page of jobs. A sweep that the code no longer knows is none."""
    asked = [sweep for sweep in actions.known_sweeps() if sweep.name == name]
    actions.run_sweeps(at=timezone.now(), sweeps=asked, cause=Cause.NOW)


def _summary(outcomes: list[SweepOutcome]) -> dict[str, int]:
    return {RUN: len(outcomes), FAILED: sum(bool(outcome.error) for outcome in outcomes)}


@sweep("jobs.history", _("History of the jobs"), nightly=True)
def keep_history_short(at: datetime) -> dict[str, int]:
    return {FORGOTTEN: forget_old_runs()}
