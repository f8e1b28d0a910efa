"""Working time by country: deadlines in business days, dates in the country where they apply."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

# One zone for each country of the territory: the one of its capital.
COUNTRY_TIME_ZONES = {
    "AT": "Europe/Vienna",
    "BE": "Europe/Brussels",
    "CH": "Europe/Zurich",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "DZ": "Africa/Algiers",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "IL": "Asia/Jerusalem",
    "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome",
    "LU": "Europe/Luxembourg",
    "MA": "Africa/Casablanca",
    "MT": "Europe/Malta",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PT": "Europe/Lisbon",
    "SE": "Europe/Stockholm",
    "TN": "Africa/Tunis",
}


def time_zone_of(country: str) -> ZoneInfo:
    """The time zone of a country (ISO 3166, two letters); UTC for one that we do not know."""
    return ZoneInfo(COUNTRY_TIME_ZONES.get(country, "UTC"))


def date_in(country: str, instant: datetime) -> date:
    """The calendar date of an instant in a country."""
    return instant.astimezone(time_zone_of(country)).date()


def countries_by_date(instant: datetime, countries: Iterable[str]) -> dict[date, list[str]]:
    """Countries grouped by the date that they have at an instant."""
    groups: dict[date, list[str]] = {}
    for country in countries:
        groups.setdefault(date_in(country, instant), []).append(country)
    return groups


# Long enough for every change of the clocks, in either half of the year and around Ramadan.
_COMPARED_DAYS = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(730)]


@lru_cache(maxsize=1)
def zone_bands() -> dict[str, list[str]]:
    """The countries of the territory whose clocks always agree, under one of their time zones: the one of
    the first country of the band by its code. A day ends in all countries of a band at once."""
    bands: dict[tuple[timedelta | None, ...], list[str]] = {}
    for country in sorted(COUNTRY_TIME_ZONES):
        zone = time_zone_of(country)
        bands.setdefault(tuple(at.astimezone(zone).utcoffset() for at in _COMPARED_DAYS), []).append(country)
    return {COUNTRY_TIME_ZONES[countries[0]]: countries for countries in bands.values()}


def last_local_time(zone: str, hour: time, before: datetime) -> datetime:
    """The latest instant, not after `before`, at which it was `hour` in a time zone."""
    there = before.astimezone(ZoneInfo(zone))
    found = datetime.combine(there.date(), hour, ZoneInfo(zone))
    if found > before:
        found = datetime.combine(there.date() - timedelta(days=1), hour, ZoneInfo(zone))
    return found.astimezone(UTC)


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last day."""
    return months_before(day, -months)


@lru_cache(maxsize=64)
def _holidays_of(country: str) -> holidays.HolidayBase | None:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return None


def is_business_day(country: str, day: date) -> bool:
    """Neither weekend nor public holiday (Israel works Sunday to Thursday)."""
    known = _holidays_of(country)
    if known is None:
        return day.weekday() < 5
    return day.weekday() not in known.weekend and day not in known


@dataclass(frozen=True)
class WorkingHours:
    """Office hours of one country. Two business days are two full office days of working time, so
    a deadline keeps its hour of the day: Monday 14:10 plus two business days is Wednesday 14:10."""

    country: str
    opens: time
    closes: time

    @property
    def day_length(self) -> timedelta:
        return timedelta(
            hours=self.closes.hour - self.opens.hour, minutes=self.closes.minute - self.opens.minute
        )

    def _span(self, day: date) -> tuple[datetime, datetime] | None:
        if not is_business_day(self.country, day):
            return None
        zone = time_zone_of(self.country)
        return datetime.combine(day, self.opens, zone), datetime.combine(day, self.closes, zone)

    def add(self, start: datetime, working_time: timedelta) -> datetime:
        """The instant at which `working_time` has passed after `start`, in UTC."""
        left = working_time
        day = date_in(self.country, start)
        while True:
            span = self._span(day)
            if span is not None:
                begin = max(start, span[0])
                if begin < span[1]:
                    if left <= span[1] - begin:
                        return (begin + left).astimezone(ZoneInfo("UTC"))
                    left -= span[1] - begin
            day += timedelta(days=1)

    def add_days(self, start: datetime, business_days: float) -> datetime:
        """`start` plus a number of business days of working time."""
        return self.add(start, self.day_length * business_days)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; nothing when `end` is not later."""
        total = timedelta()
        day, last = date_in(self.country, start), date_in(self.country, end)
        while day <= last:
            span = self._span(day)
            if span is not None:
                total += max(timedelta(), min(end, span[1]) - max(start, span[0]))
            day += timedelta(days=1)
        return total
