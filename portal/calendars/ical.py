"""Entries as iCalendar (RFC 5545)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event

from portal.calendars.selectors import Entry


def calendar_of(entries: Iterable[Entry]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Partner portal//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", str(settings.PORTAL_NAME))
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        calendar.add_component(_event_of(entry))
    return calendar.to_ical()


def _event_of(entry: Entry) -> Event:
    event = Event()
    event.add("uid", f"{entry.uid}@{urlsplit(settings.PORTAL_URL).hostname or 'portal'}")
    # When the record last changed, so that an unchanged calendar is answered with 304.
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("summary", entry.title)
    event.add("url", settings.PORTAL_URL + entry.path)
    event.add("description", settings.PORTAL_URL + entry.path)
    # Instants in UTC, which every calendar shows in its own time zone; a date is the whole day everywhere.
    if isinstance(entry.due, datetime):
        event.add("dtstart", entry.due.astimezone(UTC))
        event.add("dtend", (entry.ends_at or entry.due).astimezone(UTC))
    else:
        event.add("dtstart", entry.due)
        event.add("dtend", _day_after(entry.due))
    if entry.place:
        event.add("location", entry.place)
    # A deadline makes nobody busy; a course does.
    event.add("transp", "OPAQUE" if entry.ends_at else "TRANSPARENT")
    return event


def _day_after(day: date) -> date:
    return day + timedelta(days=1)
