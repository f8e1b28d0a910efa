"""The calendar of courses: a month, as a table of weeks or, on a phone, as a list of days."""

import re
from calendar import Calendar
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from babel.dates import get_day_names
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partners.certification.forms.sessions import SessionFilter
from partners.certification.models import Session
from partners.organisations.access import require
from portal.accounts.membership import membership_required
from portal.core.calendar import date_in
from portal.core.formats import babel_locale

# More than that in one month is looked for in the list.
MOST_SHOWN = 500
FIRST_YEAR, LAST_YEAR = 2000, 2099


def month_asked(text: str) -> date | None:
    """The first day of the month `2026-12`; None where nothing can be read."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        year, number = int(text[:4]), int(text[5:])
        if FIRST_YEAR <= year <= LAST_YEAR and 1 <= number <= 12:
            return date(year, number, 1)
    return None


def next_month_with_sessions(sessions: QuerySet[Session], at: datetime, today: date) -> date:
    """Where the calendar opens: the month of the next session, this month where none comes."""
    following = sessions.filter(ends_at__gt=at).order_by("starts_at", "pk").first()
    if following is None:
        return today.replace(day=1)
    # One that runs already is shown where today stands.
    shown = date_in(following.country, max(following.starts_at, at))
    return min(shown, date(LAST_YEAR, 12, 1)).replace(day=1)


def weeks_of(
    first: date, sessions: list[Session], today: date, first_weekday: int
) -> list[list[dict[str, Any]]]:
    """The month's weeks; each day with the sessions that take place on it, where they take place."""
    by_day: dict[date, list[Session]] = {}
    for session in sessions:
        day, last = (date_in(session.country, moment) for moment in (session.starts_at, session.ends_at))
        while day <= last:
            by_day.setdefault(day, []).append(session)
            day += timedelta(days=1)
    return [
        [
            {
                "day": day,
                "inside": day.month == first.month,
                "today": day == today,
                "sessions": by_day.get(day, []) if day.month == first.month else [],
            }
            for day in week
        ]
        for week in Calendar(first_weekday).monthdatescalendar(first.year, first.month)
    ]


@require_safe
@membership_required
def month(request: HttpRequest) -> HttpResponse:
    require(request.user, "training.see")
    now, today = timezone.now(), timezone.localdate()
    standing = (
        Session.objects.visible_to(request.user)
        .filter(cancelled_at=None)
        .select_related("course")
        .order_by("starts_at", "pk")
    )
    filters = SessionFilter(request.GET, standing)
    first = month_asked(request.GET.get("month", "")) or next_month_with_sessions(filters.qs, now, today)
    after = (first + timedelta(days=32)).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    # A day more on both sides: the day of a session is that of its country.
    start = timezone.make_aware(datetime.combine(first - timedelta(days=1), datetime.min.time()))
    end = timezone.make_aware(datetime.combine(after + timedelta(days=1), datetime.min.time()))
    sessions = filters.qs.filter(starts_at__lt=end, ends_at__gt=start)[:MOST_SHOWN]
    locale = babel_locale()
    weeks = weeks_of(first, list(sessions), today, locale.first_week_day)
    kept = {name: request.GET[name] for name in filters.filters if request.GET.get(name) and name != "month"}
    names = get_day_names("abbreviated", context="stand-alone", locale=locale)
    return render(
        request,
        "training/calendar.html",
        {
            "filter": filters,
            "first": first,
            "now": now,
            "weeks": weeks,
            "weekdays": [names[(locale.first_week_day + place) % 7] for place in range(7)],
            "any": any(day["sessions"] for week in weeks for day in week),
            "before": _address(kept, before) if before.year >= FIRST_YEAR else "",
            "after": _address(kept, after) if after.year <= LAST_YEAR else "",
            "now_url": "" if first == today.replace(day=1) else _address(kept, today),
            "list_query": urlencode(kept),
        },
    )


def _address(kept: dict[str, str], day: date) -> str:
    return "?" + urlencode(kept | {"month": f"{day:%Y-%m}"})
