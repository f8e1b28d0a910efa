from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Audience, Event


def record(
    verb: str,
    subject: models.Model,
    *,
    by: User | None,
    at: datetime | None = None,
    reason: str = "",
    edition: str = "",
    audience: str = Audience.EVERYBODY,
    **data: Any,
) -> Event:
    """Write one event in the caller's transaction. `by=None` is the portal itself (a sweep)."""
    acting_as = getattr(by, "acting_as", None)
    return Event.objects.create(
        verb=verb,
        subject=subject,
        actor=by,
        actor_name=str(by) if by else "",
        actor_role=acting_as.role if acting_as else "",
        actor_organisation=str(acting_as.organisation) if acting_as else "",
        at=at or timezone.now(),
        reason=reason,
        edition=edition,
        audience=audience,
        data=data,
    )


def record_many(
    verb: str,
    subjects: Iterable[tuple[models.Model, dict[str, Any]]],
    *,
    at: datetime,
    edition: str = "",
    reason: str = "",
) -> None:
    """What the portal itself has done to many records at once: an event for each, with its figures."""
    Event.objects.bulk_create(
        [
            Event(verb=verb, subject=subject, at=at, edition=edition, reason=reason, data=data)
            for subject, data in subjects
        ],
        batch_size=1_000,
    )


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """What an edit changed, as its event keeps it: each field with its value before and after."""
    return {name: [before[name], after[name]] for name in after if after[name] != before[name]}
