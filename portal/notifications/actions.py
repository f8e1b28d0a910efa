from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.notifications.kinds import KINDS
from portal.notifications.models import Notification


def notify(
    kind: str,
    *,
    to: Iterable[User],
    about: models.Model,
    key: str,
    at: datetime | None = None,
    **context: Any,
) -> None:
    """Put a notification for each person into the outbox, in the caller's transaction, once for each
    kind, recipient and key. It is delivered after the commit, and by the sweep if that failed."""
    if kind not in KINDS:
        raise LookupError(kind)
    told_at = at or timezone.now()
    rows = [
        Notification(
            recipient=person,
            kind=kind,
            key=key,
            subject=about,
            context=context,
            created_at=told_at,
            next_try_at=told_at,
        )
        for person in {person.pk: person for person in to}.values()
    ]
    if not rows:
        return
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(_deliver_soon, robust=True)


def _deliver_soon() -> None:
    # The outbox row is what counts: with Redis away the sweep delivers later, the request goes on.
    from portal.notifications.tasks import deliver_outbox

    deliver_outbox.delay()
