"""When people of the demonstration do things: in office hours, on working days of their country."""

import random
from datetime import UTC, date, datetime, time, timedelta

from portal.core.calendar import WorkingHours, date_in, is_business_day, time_zone_of


def hours_of(country: str) -> WorkingHours:
    return WorkingHours(country, time(9), time(18))


def after(country: str, at: datetime, hours: float) -> datetime:
    """So many office hours later."""
    return hours_of(country).add(at, timedelta(hours=hours))


def before(country: str, at: datetime, hours: float) -> datetime:
    """The latest moment in office hours from which so many office hours pass until `at`."""
    office, wanted = hours_of(country), timedelta(hours=hours)
    early, late = at - timedelta(days=10 + hours), at
    for _halving in range(21):
        middle = early + (late - early) / 2
        if office.between(middle, at) >= wanted:
            early = middle
        else:
            late = middle
    return early.replace(second=0, microsecond=0).astimezone(UTC)


def working_day(country: str, day: date) -> date:
    while not is_business_day(country, day):
        day += timedelta(days=1)
    return day


def some_time(country: str, day: date, rng: random.Random) -> datetime:
    """A moment between 8:45 and 18:10 on that day or the next working day."""
    minutes = rng.randint(8 * 60 + 45, 18 * 60 + 10)
    start = datetime.combine(working_day(country, day), time(0), time_zone_of(country))
    return (start + timedelta(minutes=minutes, seconds=rng.randint(0, 59))).astimezone(UTC)


def nightly(country: str, day: date, rng: random.Random) -> datetime:
    """When the sweep that runs every ten minutes first sees this date in the country."""
    midnight = datetime.combine(day, time(0), time_zone_of(country))
    return (midnight + timedelta(seconds=rng.randint(5, 595))).astimezone(UTC)


def date_there(country: str, at: datetime) -> date:
    return date_in(country, at)
