import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.actions import type_of
from portal.celery import app as celery
from portal.core.bulk import insert_rows
from portal.notifications.kinds import KINDS
from portal.notifications.mails import compose
from portal.notifications.models import MOST_TRIES, Notification
from portal.notifications.selectors import membership_that_sees, sides_for

log = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(hours=6)
# Then the mail server is away: the rest waits for the next run instead of for one time-out after another.
MOST_FAILURES_IN_A_ROW = 5


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
    rows = [
        Notification(
            recipient=person,
            kind=kind,
            key=key,
            subject=about,
            context=context,
            created_at=at or timezone.now(),
        )
        for person in {person.pk: person for person in to}.values()
    ]
    if not rows:
        return
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(_deliver_soon, robust=True)


@dataclass(frozen=True)
class Letter:
    """One thing to tell to several people."""

    to: Sequence[User]
    about: models.Model
    key: str
    context: dict[str, Any]


def notify_many(kind: str, letters: Iterable[Letter], *, at: datetime) -> None:
    """The same as notify() for many subjects, in few statements."""
    if kind not in KINDS:
        raise LookupError(kind)
    rows = [(letter, recipient) for letter in letters for recipient in {one.pk for one in letter.to}]
    if not rows:
        return
    insert_rows(
        Notification,
        {
            "id": [uuid.uuid4() for _row in rows],
            "recipient_id": [recipient for _letter, recipient in rows],
            "key": [letter.key for letter, _recipient in rows],
            "subject_type_id": [type_of(letter.about) for letter, _recipient in rows],
            "subject_id": [letter.about.pk for letter, _recipient in rows],
            "context": [letter.context for letter, _recipient in rows],
        },
        {"kind": kind, "created_at": at},
        ignore_conflicts=True,
    )
    transaction.on_commit(_deliver_soon, robust=True)


def _deliver_soon() -> None:
    # The outbox row is what counts: with Redis away beat's re-sender delivers later, the request goes on.
    celery.send_task("portal.notifications.tasks.deliver_outbox", retry=False)


def deliver_due(*, at: datetime, most: int) -> dict[str, int]:
    """Mail what is due in the outbox, at most so many; several may do this at once. Returns how many
    were `mailed`, `dropped` and `failed`."""
    done = {"mailed": 0, "dropped": 0, "failed": 0}
    failures_in_a_row = 0
    for _turn in range(most):
        outcome = _deliver_next(at)
        if outcome is None:
            break
        done[outcome] += 1
        failures_in_a_row = failures_in_a_row + 1 if outcome == "failed" else 0
        if failures_in_a_row == MOST_FAILURES_IN_A_ROW:
            break
    return done


@transaction.atomic
def _deliver_next(at: datetime) -> str | None:
    # One mail a transaction: the lock that keeps other workers away, the sending and the note that it
    # was sent end together. A crash between sending and commit repeats this one mail, under the same
    # Message-ID; a crash at any other moment repeats nothing.
    notification = (
        Notification.objects.to_mail(at)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("recipient", "subject_type")
        .order_by("next_try_at", "pk")
        .first()
    )
    if notification is None:
        return None
    try:
        with transaction.atomic():
            return _deliver(notification, at)
    except Exception as problem:
        # Whatever is wrong with one mail (its text, its address, the server), the others go out.
        log.exception("mail not sent", extra={"notification": str(notification.pk)})
        notification.refresh_from_db(fields=["mailed_at", "tries"])
        return _put_off(notification, at, f"{type(problem).__name__}: {problem}")


def _deliver(notification: Notification, at: datetime) -> str:
    recipient, subject = notification.recipient, notification.subject
    membership = None
    if subject is not None:
        membership = membership_that_sees(recipient, subject, sides_for(notification))
    if membership is None:
        notification.dropped_at = at
        notification.last_error = "The receiver may not see the record, or is not active."
        notification.save(update_fields=["dropped_at", "last_error"])
        return "dropped"
    letter = compose(notification, membership)
    # Noted first, sent last: between sending and commit lies nothing that takes time.
    notification.mailed_at = at
    notification.tries = F("tries") + 1
    notification.save(update_fields=["mailed_at", "tries"])
    letter.send()
    return "mailed"


def _wait_after(tries: int) -> timedelta:
    """1, 2, 4, 8 … minutes, never more than six hours."""
    return min(timedelta(minutes=2 ** (tries - 1)), LONGEST_WAIT)


def _put_off(notification: Notification, at: datetime, error: str) -> str:
    notification.tries += 1
    notification.last_error = error[:2000]
    if notification.tries >= MOST_TRIES:
        notification.dropped_at = at
        log.error("mail given up", extra={"notification": str(notification.pk), "tries": notification.tries})
    else:
        notification.next_try_at = at + _wait_after(notification.tries)
    notification.save(update_fields=["tries", "last_error", "dropped_at", "next_try_at"])
    return "failed"


@transaction.atomic
def try_given_up_again(*, at: datetime) -> int:
    """Mails that were given up go out again, with as many tries as the first time. Returns how many."""
    again = Notification.objects.given_up().update(dropped_at=None, tries=0, next_try_at=at, last_error="")
    transaction.on_commit(_deliver_soon, robust=True)
    return again


def mark_read(notification: Notification, *, by: User, at: datetime) -> None:
    """The first reading counts; reading again changes nothing."""
    Notification.objects.visible_to(by).unread().filter(pk=notification.pk).update(read_at=at)


def mark_unread(notification: Notification, *, by: User) -> None:
    Notification.objects.visible_to(by).filter(pk=notification.pk).update(read_at=None)


def mark_all_read(*, by: User, at: datetime) -> int:
    """Returns how many were unread."""
    return Notification.objects.visible_to(by).unread().update(read_at=at)
