from datetime import datetime, timedelta

from django.db import transaction

from portal.accounts.models import User
from portal.audit.actions import record
from portal.calendars.models import CalendarAddress
from portal.core.secret_links import hash_of, new_secret

NOTED_EVERY = timedelta(hours=1)


@transaction.atomic
def renew_address(*, by: User, at: datetime) -> str:
    """A new secret of 256 random bits; an earlier one is worth nothing from the next request on. It is
    returned once and can never be read again."""
    token = new_secret()
    CalendarAddress.objects.update_or_create(
        user=by, defaults={"token_hash": hash_of(token), "made_at": at, "read_at": None}
    )
    # When, and never the secret or its hash.
    record("user.calendar_renewed", by, by=by, at=at)
    return token


@transaction.atomic
def revoke_address(*, by: User, at: datetime) -> bool:
    """Whether there was one."""
    had_one = bool(CalendarAddress.objects.for_user(by).delete()[0])
    if had_one:
        record("user.calendar_revoked", by, by=by, at=at)
    return had_one


def note_reading(address: CalendarAddress, *, at: datetime) -> None:
    if address.read_at is None or address.read_at < at - NOTED_EVERY:
        CalendarAddress.objects.filter(pk=address.pk).update(read_at=at)
