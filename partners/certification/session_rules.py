"""Places in a session: when one can be booked or given back, and who moves up (rule G1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal.core.errors import RuleViolation, gettext_noop


@dataclass(frozen=True)
class SessionTimes:
    starts_at: datetime
    ends_at: datetime
    # The last moment in which a place is booked or given back.
    closes_at: datetime


def check_times(times: SessionTimes, *, now: datetime) -> None:
    """A session lies ahead, ends after it starts, and can be booked until it starts at the latest."""
    if times.starts_at <= now:
        raise RuleViolation(
            "in-the-past", gettext_noop("The session must start in the future."), field="starts"
        )
    if times.ends_at <= times.starts_at:
        raise RuleViolation("ends-first", gettext_noop("The session ends before it starts."), field="ends")
    if times.closes_at > times.starts_at:
        raise RuleViolation(
            "closes-late", gettext_noop("Booking closes before the session starts."), field="closes"
        )


def check_open(*, closes_at: datetime, is_cancelled: bool, now: datetime) -> None:
    """Places are booked and given back until the booking closes."""
    if is_cancelled:
        raise RuleViolation("session-cancelled", gettext_noop("This session has been cancelled."))
    if now > closes_at:
        raise RuleViolation("booking-closed", gettext_noop("The booking of this session has closed."))


def check_works_there(name: str, hired_on: date, left_on: date | None, *, day: date) -> None:
    """Places are for people who work for the partner on the day of the session; the last day counts."""
    if hired_on > day or (left_on is not None and left_on < day):
        raise RuleViolation(
            "not-employed",
            gettext_noop("%(name)s does not work for you on the day of the session."),
            field="employees",
            name=name,
        )


def free_places(seats: int, held: int) -> int:
    return max(0, seats - held)


def moving_up(waiting: Iterable[int], *, seats: int, held: int) -> list[int]:
    """Who of the waiting list gets a place, those who have waited longest first."""
    return list(waiting)[: free_places(seats, held)]
