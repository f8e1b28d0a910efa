"""When something that runs by itself is to be worried about, and within what its times may be chosen."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from portal.core.errors import RuleViolation, gettext_noop

SHORTEST, LONGEST = timedelta(seconds=30), timedelta(days=1)
# A night's run comes when the date has changed and before people read what it did.
EARLIEST, LATEST = time(0, 1), time(6, 0)
# A worker that is busy with a long run is not yet a worker that is away.
SHORTEST_PATIENCE = timedelta(minutes=3)


class State(StrEnum):
    OK = "ok"
    FAILED = "failed"
    LATE = "late"
    PAUSED = "paused"
    WAITING = "waiting"


RED = (State.FAILED, State.LATE)


@dataclass(frozen=True)
class JobFacts:
    """How it stands with a sweep or a task of the schedule; `known_since` counts while it has never run."""

    known_since: datetime
    succeeded_at: datetime | None
    failed: bool
    period: timedelta
    paused: bool = False


def state_of(job: JobFacts, at: datetime) -> State:
    """Red when the last run failed, or the last success is older than two periods."""
    if job.paused:
        return State.PAUSED
    if job.failed:
        return State.FAILED
    if at - (job.succeeded_at or job.known_since) > max(2 * job.period, SHORTEST_PATIENCE):
        return State.LATE
    return State.OK if job.succeeded_at else State.WAITING


def check_period(every: timedelta) -> None:
    if not SHORTEST <= every <= LONGEST:
        raise RuleViolation(
            "period-out-of-bounds", gettext_noop("Choose between 30 seconds and 24 hours."), field="every"
        )


def check_night(hour: time) -> None:
    if not EARLIEST <= hour <= LATEST:
        raise RuleViolation(
            "night-out-of-bounds",
            gettext_noop("Choose between 00:01 and 06:00: the day must be over there."),
            field="hour",
        )
