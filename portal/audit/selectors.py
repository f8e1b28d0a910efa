from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _

from portal.accounts.roles import PARTNER_ROLES, VENDOR_ROLES, Role
from portal.audit.models import Audience, Event
from portal.audit.verbs import OWN_REASONS, VERBS, Verb, humanised
from portal.core import formats


@dataclass(frozen=True)
class Entry:
    """One event as `{% timeline %}` shows it, in the active language and time zone."""

    verb: str
    title: str
    by: str
    at: datetime
    body: str = ""
    icon: str = "point"
    tone: str = ""
    state: str = "done"
    audience: str = Audience.EVERYBODY


def timeline(
    subject: models.Model,
    audiences: Collection[str],
    *,
    since: datetime | None = None,
    always: Collection[str] = (),
) -> list[Entry]:
    """What happened to a record, from the first event to the last, as far as these audiences may read it.
    Without Audience.REVIEWERS the reader is a partner, and rule E6 holds: people of other partners are not
    named, and the vendor is one voice, for a channel manager's name would tell of a conflict. `since` leaves
    out what lies before it, the verbs of `always` apart."""
    events = Event.objects.about(subject).readable_by(list(audiences))
    if since is not None:
        events = events.filter(models.Q(at__gte=since) | models.Q(verb__in=list(always)))
    for_partner = Audience.REVIEWERS not in audiences
    return [_entry(event, subject, for_partner) for event in events]


def reason_of(event: Event) -> str:
    """What was given as the reason, in the words of whoever gave it."""
    return str(OWN_REASONS.get(event.reason, event.reason))


def _entry(event: Event, subject: models.Model, for_partner: bool) -> Entry:
    verb = VERBS.get(event.verb) or Verb(humanised(event.verb))
    return Entry(
        verb=event.verb,
        title=_sentence(verb, event, subject),
        by=_actor(event, subject, for_partner),
        at=event.at,
        body=reason_of(event),
        icon=verb.icon,
        tone=verb.tone,
        audience=event.audience,
    )


def _sentence(verb: Verb, event: Event, subject: models.Model) -> str:
    known = {name: event.data.get(name) for name in verb.wanted()}
    if not known or any(value is None or value == "" for value in known.values()):
        return str(verb.short)
    shown = {name: _shown(name, value, verb, event, subject) for name, value in known.items()}
    return str(verb.full) % shown


def _shown(name: str, value: Any, verb: Verb, event: Event, subject: models.Model) -> str:
    if name in verb.words:
        return str(verb.words[name].get(value, value))
    if name in verb.choices:
        return _choice(subject, verb.choices[name], value)
    try:
        if name.endswith("_at"):
            return formats.format_moment(datetime.fromisoformat(value), zone=True)
        if name.endswith(("_until", "_on", "_date")):
            return formats.format_day(date.fromisoformat(value))
        if name.endswith("_pct"):
            return formats.format_pct(Decimal(str(value)))
        if name.endswith("_amount"):
            return formats.format_money(Decimal(str(value)), event.data.get("currency") or "EUR")
    except (ValueError, TypeError, InvalidOperation):
        pass  # shown as it was recorded
    return str(value)


def _choice(subject: models.Model, field_name: str, value: str) -> str:
    try:
        described: Any = subject._meta.get_field(field_name)
    except FieldDoesNotExist:
        return value
    return str(dict(described.flatchoices).get(value, value))


def _actor(event: Event, subject: models.Model, for_partner: bool) -> str:
    """Name and organisation as they were then."""
    if not event.actor_name:
        return _("The portal")
    if for_partner and event.actor_role in VENDOR_ROLES:
        return settings.VENDOR_NAME
    if for_partner and event.actor_role in PARTNER_ROLES:
        own = str(getattr(subject, "partner", subject))
        if event.actor_organisation != own:
            return str(Role(event.actor_role).label)
    return ", ".join(part for part in (event.actor_name, event.actor_organisation) if part)
