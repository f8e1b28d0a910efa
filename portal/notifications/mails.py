"""From a notification to the mail: in the receiver's language and time zone, as text and as HTML."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import formataddr
from textwrap import shorten
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES
from portal.core.languages import language_of
from portal.notifications.kinds import KINDS
from portal.notifications.models import Notification

PREHEADER_LENGTH = 140


def side_of(membership: Any) -> str:
    """`partner`, `distributor` or `vendor`."""
    if membership.role in PARTNER_ROLES:
        return "partner"
    return "distributor" if membership.role in DISTRIBUTOR_ROLES else "vendor"


def language_for(user: User, membership: Any) -> str:
    """The person's choice, else the language of their organisation's country."""
    if user.language in dict(settings.LANGUAGES):
        return user.language
    return language_of(membership.organisation.country)


def time_zone_for(user: User, membership: Any) -> ZoneInfo:
    return ZoneInfo(user.time_zone or membership.organisation.time_zone)


def as_told(stored: dict[str, Any]) -> dict[str, Any]:
    """What notify() stored, with instants (`…_at`), dates (`…_until`, `…_on`), percentages (`…_pct`) and
    amounts (`…_amount`) as such again: JSON keeps them as text. What cannot be read as such stays text."""
    return {name: _read(name, value) for name, value in stored.items()}


def _read(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if name.endswith("_at"):
            return datetime.fromisoformat(value)
        if name.endswith(("_until", "_on")):
            return date.fromisoformat(value)
        if name.endswith(("_pct", "_amount")):
            return Decimal(value)
    except (ValueError, InvalidOperation):
        return value
    return value


def subject_line(notification: Notification, side: str) -> str:
    """What happened in one line, in the active language."""
    facts = _facts(notification, side)
    return " ".join(_rendered(f"emails/{notification.kind}.subject.txt", facts, html=False).split())


def open_url(notification: Notification) -> str:
    """The address behind a mail's button: it outlives signing in, and a change of the page's own address."""
    return settings.PORTAL_URL + reverse("inbox:open", args=[notification.pk])


def message_id(notification: Notification) -> str:
    """The same for each sending of one notification: receiving servers recognise a second one."""
    return f"<{notification.pk}@{urlsplit(settings.PORTAL_URL).hostname or 'portal'}>"


def compose(notification: Notification, membership: Any) -> EmailMultiAlternatives:
    """The mail for the receiver, who sees the record under this membership."""
    recipient = notification.recipient
    language = language_for(recipient, membership)
    with translation.override(language), timezone.override(time_zone_for(recipient, membership)):
        side = side_of(membership)
        facts = _facts(notification, side) | {
            # A conflict has no number of its own: it is about the later of two deals.
            "number": getattr(notification.subject, "reference", "")
            or getattr(notification.subject, "number", "")
            or notification.context.get("later", ""),
            "recipient": recipient,
            "membership": membership,
            "language": language,
            "open_url": open_url(notification),
            "settings_url": f"{settings.PORTAL_URL}/settings/",
            "portal_name": settings.PORTAL_NAME,
            "portal_url": settings.PORTAL_URL,
            "vendor_name": settings.VENDOR_NAME,
        }
        body = f"emails/{notification.kind}.txt"
        text = _tidy(_rendered(body, facts, html=False))
        html = _rendered(body, facts, html=True)
        preheader = shorten(text.partition("\n\n")[0], PREHEADER_LENGTH, placeholder=" …")
        mail = EmailMultiAlternatives(
            subject=subject_line(notification, side),
            body=_tidy(_rendered("emails/base.txt", facts | {"body": text}, html=False)) + "\n",
            to=[formataddr((recipient.full_name, recipient.email))],
            headers={
                "Message-ID": message_id(notification),
                # Keeps out-of-office answers away.
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
            },
        )
        mail.attach_alternative(
            _rendered(
                "emails/base.html", facts | {"body": SafeString(html), "preheader": preheader}, html=True
            ),
            "text/html",
        )
    return mail


def _facts(notification: Notification, side: str) -> dict[str, Any]:
    return {
        "deal": notification.subject,
        "kind": KINDS[notification.kind],
        "side": side,
        "told": as_told(notification.context),
    }


def _rendered(name: str, facts: dict[str, Any], *, html: bool) -> str:
    # autoescape belongs to the format, not to the file's name: one body serves both.
    template: Any = get_template(name)
    return template.template.render(Context(facts | {"in_html": html}, autoescape=html))


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()
