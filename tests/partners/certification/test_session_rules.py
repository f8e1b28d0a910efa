"""Places in a session as pure functions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.certification.session_rules import (
    SessionTimes,
    check_open,
    check_times,
    check_works_there,
    free_places,
    moving_up,
)
from portal.core.errors import RuleViolation

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def refused(rule, *args, **more):
    try:
        rule(*args, **more)
    except RuleViolation as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("starts", "ends", "closes", "code"),
    [
        (DAY, DAY + HOUR, DAY, None),
        (DAY, DAY + HOUR, -HOUR, None),
        (timedelta(0), HOUR, timedelta(0), "in-the-past"),
        (DAY, DAY, DAY, "ends-first"),
        (DAY, DAY + HOUR, DAY + HOUR, "closes-late"),
    ],
)
def test_the_times_of_a_session(starts, ends, closes, code):
    assert refused(check_times, SessionTimes(NOW + starts, NOW + ends, NOW + closes), now=NOW) == code


@pytest.mark.parametrize(
    ("closes", "cancelled", "code"),
    [
        (timedelta(0), False, None),
        (-timedelta(seconds=1), False, "booking-closed"),
        (DAY, True, "session-cancelled"),
    ],
)
def test_places_are_booked_until_the_closing(closes, cancelled, code):
    assert refused(check_open, closes_at=NOW + closes, is_cancelled=cancelled, now=NOW) == code


@pytest.mark.parametrize(
    ("hired", "left", "code"),
    [
        ("2026-12-14", None, None),
        ("2026-12-15", None, "not-employed"),
        ("2020-01-01", "2026-12-14", None),
        ("2020-01-01", "2026-12-13", "not-employed"),
    ],
)
def test_places_are_for_those_who_work_there_on_the_day(hired, left, code):
    day = date(2026, 12, 14)
    left = date.fromisoformat(left) if left else None
    assert refused(check_works_there, "Eva", date.fromisoformat(hired), left, day=day) == code


@given(st.lists(st.integers(), unique=True, max_size=30), st.integers(1, 20), st.integers(0, 25))
def test_nobody_moves_up_out_of_turn_and_never_more_than_there_are_seats(waiting, seats, held):
    up = moving_up(waiting, seats=seats, held=held)
    assert up == waiting[: len(up)]
    assert len(up) == min(len(waiting), free_places(seats, held))
    assert held + len(up) <= max(seats, held)
