"""When a job is red, told by dates that are passed in."""

from datetime import UTC, datetime, time, timedelta

import pytest

from portal.core.errors import RuleViolation
from portal.jobs.rules import JobFacts, State, check_night, check_period, state_of

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)


def job(succeeded: timedelta | None, **more) -> JobFacts:
    facts = {
        "known_since": NOW - timedelta(days=30),
        "succeeded_at": None if succeeded is None else NOW - succeeded,
        "failed": False,
        "period": TEN,
    }
    return JobFacts(**facts | more)


def test_it_is_red_once_the_last_success_is_older_than_two_periods():
    assert state_of(job(2 * TEN), NOW) == State.OK
    assert state_of(job(2 * TEN + timedelta(seconds=1)), NOW) == State.LATE
    night = {"period": timedelta(days=1)}
    assert state_of(job(timedelta(hours=48), **night), NOW) == State.OK
    assert state_of(job(timedelta(hours=48, minutes=1), **night), NOW) == State.LATE


def test_a_failed_run_is_red_at_once_and_a_pause_is_not_red():
    assert state_of(job(TEN, failed=True), NOW) == State.FAILED
    assert state_of(job(timedelta(days=3), failed=True, paused=True), NOW) == State.PAUSED


def test_what_has_never_run_is_red_two_periods_after_it_was_known():
    assert state_of(job(None, known_since=NOW - TEN), NOW) == State.WAITING
    assert state_of(job(None, known_since=NOW - 2 * TEN - timedelta(seconds=1)), NOW) == State.LATE


def test_a_short_period_has_three_minutes():
    every = {"period": timedelta(seconds=30)}
    assert state_of(job(timedelta(minutes=3), **every), NOW) == State.OK
    assert state_of(job(timedelta(minutes=3, seconds=1), **every), NOW) == State.LATE


@pytest.mark.parametrize("every", [timedelta(seconds=30), timedelta(minutes=5), timedelta(days=1)])
def test_a_period_lies_between_half_a_minute_and_a_day(every):
    check_period(every)
    for wrong in (timedelta(seconds=29), timedelta(days=1, seconds=1), timedelta(0)):
        with pytest.raises(RuleViolation) as refusal:
            check_period(wrong)
        assert refusal.value.field == "every"


def test_a_night_starts_after_midnight_and_before_six():
    check_night(time(0, 1))
    check_night(time(6, 0))
    for wrong in (time(0, 0), time(6, 1), time(23, 59)):
        with pytest.raises(RuleViolation) as refusal:
            check_night(wrong)
        assert refusal.value.field == "hour"
