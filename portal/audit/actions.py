from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Audience, Event
from portal.core.bulk import insert_rows


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
    rows = list(subjects)
    if not rows:
        return
    insert_rows(
        Event,
        {
            "subject_type_id": [type_of(subject) for subject, _data in rows],
            "subject_id": [subject.pk for subject, _data in rows],
            "data": [data for _subject, data in rows],
        },
        {"verb": verb, "at": at, "edition": edition, "reason": reason},
    )


def type_of(subject: models.Model) -> int:
    """The number of the record's kind, as events and notifications keep it."""
    return ContentType.objects.get_for_model(subject).pk


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """What an edit changed, as its event keeps it: each field with its value before and after."""
    return {name: [before[name], after[name]] for name in after if after[name] != before[name]}
