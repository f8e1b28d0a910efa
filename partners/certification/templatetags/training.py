"""What pages and mails of training share: the times of a session as the clocks show them there."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.certification.models import Course, Session, Track
from portal.core import formats
from portal.core.calendar import time_zone_of
from portal.core.errors import PortalError
from portal.core.templatetags.portal import status_badge
from portal.core.web import message_of

register = template.Library()


@register.filter
def session_time(session: Session) -> str:
    """From when to when, with the zone's name: `9 Mar 2027, 09:00 – 17:00 CET`."""
    with timezone.override(time_zone_of(session.country)):
        start, end = timezone.localtime(session.starts_at), timezone.localtime(session.ends_at)
        ending = formats.format_moment(session.ends_at, zone=True)
        if start.date() == end.date():
            ending = ending.removeprefix(f"{formats.format_day(end.date())}, ")
        return f"{formats.format_moment(session.starts_at)} – {ending}"


@register.filter
def clock(session: Session) -> str:
    """The hour of the start: `09:00`."""
    with timezone.override(time_zone_of(session.country)):
        return f"{timezone.localtime(session.starts_at):%H:%M}"


@register.filter
def session_day(session: Session) -> str:
    """The day of the start in the session's country."""
    with timezone.override(time_zone_of(session.country)):
        return formats.format_day(session.starts_at)


@register.filter
def closing_time(session: Session) -> str:
    """Until when a place is booked or given back, as the clocks show it there."""
    with timezone.override(time_zone_of(session.country)):
        return formats.format_moment(session.closes_at, zone=True)


@register.filter
def session_before(told: dict[str, Any]) -> str:
    """Time and place of a session before it was changed, from what was stored with the notification."""
    moment = told.get("was_at")
    if not isinstance(moment, datetime):
        return ""
    with timezone.override(time_zone_of(told.get("was_country", ""))):
        return f"{formats.format_moment(moment, zone=True)}, {told.get('was_place', '')}"


def in_zone(moment: datetime, session: Session) -> SafeString:
    with timezone.override(time_zone_of(session.country)):
        return format_html(
            '<time datetime="{}">{}</time>',
            timezone.localtime(moment).isoformat(timespec="minutes"),
            formats.format_moment(moment, zone=True),
        )


@register.simple_tag
def moment_there(moment: datetime, session: Session) -> SafeString:
    return in_zone(moment, session)


@register.simple_tag
def when(session: Session) -> SafeString:
    return format_html(
        '<time datetime="{}">{}</time>',
        session.starts_at.astimezone(time_zone_of(session.country)).isoformat(timespec="minutes"),
        session_time(session),
    )


@register.filter
def track_of(course: Course) -> str:
    """What a certificate of the course counts for."""
    if course.track == Track.TECHNOLOGY and course.technology is not None:
        return course.technology.name
    return str(course.get_track_display())


@register.filter
def price_of(course: Course) -> str:
    if not course.price:
        return _("Free")
    return formats.format_money(course.price, course.currency)


@register.simple_tag
def places_left(session: Session) -> SafeString:
    """`held` and `waiting` as with_places() counts them."""
    if session.cancelled_at is not None:
        return status_badge("cancelled", _("Cancelled"), tone="bad")
    if timezone.now() > session.closes_at:
        return status_badge("closed", _("Booking closed"), tone="neutral")
    left = max(0, session.seats - session.held)
    if left:
        text = ngettext("%(count)d place left", "%(count)d places left", left) % {"count": left}
        return status_badge("free", text, tone="ok" if left > 3 else "warn")
    if waiting := session.waiting:
        return status_badge("full", _("Full, %(count)d waiting") % {"count": waiting}, tone="bad")
    return status_badge("full", _("Full"), tone="bad")


@register.filter
def refusal_text(refusal: PortalError) -> str:
    return message_of(refusal)
