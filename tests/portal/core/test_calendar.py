"""Working time by country: weekends, holidays, clock changes, the turn of the year."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.calendar import (
    COUNTRY_TIME_ZONES,
    WorkingHours,
    countries_by_date,
    date_in,
    is_business_day,
    time_zone_of,
)

OFFICE = (time(9), time(18))
countries = st.sampled_from(sorted(COUNTRY_TIME_ZONES))
# hypothesis wants the bounds without a zone.
instants = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001
    datetime(2034, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def local(country: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=time_zone_of(country))


@pytest.mark.parametrize(
    ("country", "start", "days", "due"),
    [
        # The hour of the day is kept.
        ("FR", "2026-11-23 14:10", 2, "2026-11-25 14:10"),
        ("FR", "2026-11-23 14:10", 1, "2026-11-24 14:10"),
        ("FR", "2026-11-23 14:10", 0.5, "2026-11-24 09:40"),
        # Before and after office hours, and on a weekend, the time starts with the office.
        ("FR", "2026-11-23 05:00", 2, "2026-11-24 18:00"),
        ("FR", "2026-11-23 21:00", 2, "2026-11-25 18:00"),
        ("FR", "2026-11-21 12:00", 2, "2026-11-24 18:00"),
        ("FR", "2026-11-20 17:00", 1, "2026-11-23 17:00"),
        # Israel works from Sunday to Thursday.
        ("IL", "2026-11-19 14:10", 1, "2026-11-22 14:10"),
        ("IL", "2026-11-20 10:00", 1, "2026-11-22 18:00"),
        ("IL", "2026-11-22 10:00", 1, "2026-11-23 10:00"),
        # Public holidays: 14 July in France, 3 October in Germany, Christmas and New Year.
        ("FR", "2026-07-13 10:00", 2, "2026-07-16 10:00"),
        ("FR", "2026-07-14 10:00", 1, "2026-07-15 18:00"),
        ("DE", "2025-10-02 10:00", 2, "2025-10-07 10:00"),
        ("FR", "2026-12-31 14:00", 2, "2027-01-05 14:00"),
        ("GB", "2026-12-24 12:00", 1, "2026-12-29 12:00"),
        # Over both changes of the clock the hour on the wall stays.
        ("FR", "2026-03-27 14:10", 2, "2026-03-31 14:10"),
        ("FR", "2026-10-23 14:10", 2, "2026-10-27 14:10"),
        # A leap day is a day.
        ("DE", "2028-02-28 10:00", 2, "2028-03-01 10:00"),
    ],
)
def test_business_days_are_added(country, start, days, due):
    found = WorkingHours(country, *OFFICE).add_days(local(country, start), days)
    assert found == local(country, due)
    assert found.tzinfo is not None
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        ("FR", date(2026, 11, 23), True),
        ("FR", date(2026, 11, 22), False),
        ("FR", date(2026, 5, 1), False),
        ("IL", date(2026, 11, 22), True),
        ("IL", date(2026, 11, 20), False),
        ("IL", date(2026, 11, 21), False),
        ("DZ", date(2026, 11, 20), False),
        ("CH", date(2026, 8, 1), False),
        ("NO", date(2026, 5, 17), False),
        ("ZZ", date(2026, 12, 25), True),
        ("ZZ", date(2026, 12, 26), False),
    ],
)
def test_business_days_by_country(country, day, works):
    assert is_business_day(country, day) is works


@given(instants, countries, st.timedeltas(timedelta(0), timedelta(hours=60)))
def test_what_was_added_lies_between(start, country, amount):
    hours = WorkingHours(country, *OFFICE)
    end = hours.add(start, amount)
    assert end >= start
    assert hours.between(start, end) == amount
    assert hours.between(end, start) == timedelta(0) or end == start


@given(
    instants,
    countries,
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.timedeltas(timedelta(0), timedelta(hours=30)),
)
def test_adding_in_two_goes_is_adding_once(start, country, one, two):
    hours = WorkingHours(country, *OFFICE)
    assert hours.between(start, hours.add(hours.add(start, one), two)) == one + two


@given(instants, instants, instants, countries)
def test_working_time_adds_up(a, b, c, country):
    hours = WorkingHours(country, *OFFICE)
    first, middle, last = sorted((a, b, c))
    if (last - first) < timedelta(days=400):
        assert hours.between(first, last) == hours.between(first, middle) + hours.between(middle, last)


@given(instants, countries)
def test_deadlines_fall_into_office_hours(start, country):
    end = WorkingHours(country, *OFFICE).add_days(start, 2).astimezone(time_zone_of(country))
    assert is_business_day(country, end.date())
    assert time(9) < end.time() <= time(18)


@given(instants)
def test_every_country_has_one_date_at_each_instant(instant):
    groups = countries_by_date(instant, COUNTRY_TIME_ZONES)
    assert sorted(country for group in groups.values() for country in group) == sorted(COUNTRY_TIME_ZONES)
    assert all(date_in(country, instant) == day for day, group in groups.items() for country in group)
    assert len(groups) <= 2


def test_the_date_is_the_countrys():
    midnight_in_jerusalem = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    assert date_in("IL", midnight_in_jerusalem) == date(2026, 11, 23)
    assert date_in("IS", midnight_in_jerusalem) == date(2026, 11, 22)
    assert date_in("ZZ", midnight_in_jerusalem) == date(2026, 11, 22)
