"""The decision hour of rule E7 by dated examples, worked out on a calendar by hand."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealreg.deals import rules
from portal.core.calendar import time_zone_of
from tests.dealreg.deals.test_rules import TERMS, countries, instants

# Country of the distributor; submitted; half time; due; open to the channel manager. All in its own time.
EXAMPLES = [
    ("FR", "Mon 2026-11-23 14:10", "Tue 2026-11-24 14:10", "Wed 2026-11-25 14:10", "Thu 2026-11-26 14:10"),
    # After hours, on a weekend, before hours.
    ("FR", "Sat 2026-11-28 11:00", "Mon 2026-11-30 18:00", "Tue 2026-12-01 18:00", "Wed 2026-12-02 18:00"),
    ("IS", "Mon 2026-11-23 18:00", "Tue 2026-11-24 18:00", "Wed 2026-11-25 18:00", "Thu 2026-11-26 18:00"),
    ("ES", "Mon 2026-11-23 08:59", "Mon 2026-11-23 18:00", "Tue 2026-11-24 18:00", "Wed 2026-11-25 18:00"),
    # Across both changes of the clock: the hour stays.
    ("FR", "Fri 2026-10-23 16:00", "Mon 2026-10-26 16:00", "Tue 2026-10-27 16:00", "Wed 2026-10-28 16:00"),
    ("FR", "Fri 2026-03-27 16:00", "Mon 2026-03-30 16:00", "Tue 2026-03-31 16:00", "Wed 2026-04-01 16:00"),
    ("GB", "Fri 2026-10-23 10:00", "Mon 2026-10-26 10:00", "Tue 2026-10-27 10:00", "Wed 2026-10-28 10:00"),
    # Public holidays: 8 May, 14 July, the first of January, Boxing Day moved to Monday.
    ("FR", "Thu 2026-05-07 12:00", "Mon 2026-05-11 12:00", "Tue 2026-05-12 12:00", "Wed 2026-05-13 12:00"),
    ("FR", "Mon 2026-07-13 09:00", "Mon 2026-07-13 18:00", "Wed 2026-07-15 18:00", "Thu 2026-07-16 18:00"),
    ("FR", "Thu 2026-12-31 15:00", "Mon 2027-01-04 15:00", "Tue 2027-01-05 15:00", "Wed 2027-01-06 15:00"),
    ("DE", "Wed 2026-12-23 17:00", "Thu 2026-12-24 17:00", "Mon 2026-12-28 17:00", "Tue 2026-12-29 17:00"),
    ("GB", "Thu 2026-12-24 16:00", "Tue 2026-12-29 16:00", "Wed 2026-12-30 16:00", "Thu 2026-12-31 16:00"),
    # Israel works Sunday to Thursday: over a weekend, over New Year, over its own change of the clock.
    ("IL", "Thu 2026-11-26 16:00", "Sun 2026-11-29 16:00", "Mon 2026-11-30 16:00", "Tue 2026-12-01 16:00"),
    ("IL", "Thu 2026-09-10 12:00", "Mon 2026-09-14 12:00", "Tue 2026-09-15 12:00", "Wed 2026-09-16 12:00"),
    ("IL", "Thu 2026-10-22 12:00", "Sun 2026-10-25 12:00", "Mon 2026-10-26 12:00", "Tue 2026-10-27 12:00"),
    ("IL", "Wed 2026-03-25 12:00", "Thu 2026-03-26 12:00", "Sun 2026-03-29 12:00", "Mon 2026-03-30 12:00"),
    # Algeria works Sunday to Thursday, too; Morocco and Tunisia do not.
    ("DZ", "Thu 2026-11-26 12:00", "Sun 2026-11-29 12:00", "Mon 2026-11-30 12:00", "Tue 2026-12-01 12:00"),
    ("TN", "Fri 2026-11-27 12:00", "Mon 2026-11-30 12:00", "Tue 2026-12-01 12:00", "Wed 2026-12-02 12:00"),
    # A leap day is a working day.
    ("PT", "Mon 2028-02-28 17:00", "Tue 2028-02-29 17:00", "Wed 2028-03-01 17:00", "Thu 2028-03-02 17:00"),
]


def there(country: str, words: str) -> datetime:
    weekday, rest = words.split(" ", 1)
    found = datetime.fromisoformat(rest).replace(tzinfo=time_zone_of(country))
    assert f"{found:%a}" == weekday
    return found


@pytest.mark.parametrize(("country", "submitted", "half_time", "due", "silent"), EXAMPLES)
def test_the_hour_is_that_of_the_calendar(country, submitted, half_time, due, silent):
    clock = rules.start_clock(there(country, submitted), country, TERMS)
    assert clock.half_time_at == there(country, half_time)
    assert clock.due_at == there(country, due)
    assert clock.vendor_may_decide_at == there(country, silent)


@given(instants, countries, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_clock_that_stops_and_goes_on_at_once_loses_nothing(at, country, after):
    """Also where the due date has passed: then the distributor has what was left of its last day."""
    clock = rules.start_clock(at, country, TERMS)
    asked = at + after
    left = rules.stop_clock(asked, clock.due_at, country, TERMS)
    silence_left = rules.stop_clock(asked, clock.vendor_may_decide_at, country, TERMS)
    again = rules.resume_clock(asked, left, country, TERMS, silence_left)
    hours = rules.office_hours(country, TERMS)
    assert hours.between(asked, again.vendor_may_decide_at) == silence_left
    assert again.due_at <= again.vendor_may_decide_at
    if left:
        assert hours.between(asked, again.due_at) == left
        assert again == rules.resume_clock(asked, left, country, TERMS), "it follows from what was left"


@given(
    instants,
    countries,
    st.timedeltas(timedelta(0), timedelta(days=9)),
    st.timedeltas(timedelta(0), timedelta(days=20)),
    st.timedeltas(timedelta(0), timedelta(days=9)),
)
def test_the_time_of_a_decision_is_the_working_time_without_the_questions(at, country, one, two, three):
    asked, answered = at + one, at + one + two
    decided = answered + three
    hours = rules.office_hours(country, TERMS)
    spent = rules.decision_time(at, decided, [(asked, answered)], country, TERMS)
    assert spent == hours.between(at, asked) + hours.between(answered, decided)
    # Rejected while the question was open.
    assert rules.decision_time(at, decided, [(asked, None)], country, TERMS) == hours.between(at, asked)


@given(instants, countries)
def test_late_is_after_the_promised_hour(at, country):
    clock = rules.start_clock(at, country, TERMS)
    in_time = rules.decision_time(at, clock.due_at, [], country, TERMS)
    assert not rules.is_late(in_time, country, TERMS)
    assert rules.is_late(in_time + timedelta(microseconds=1), country, TERMS)
