"""A person's own sign-in address: it changes only through a link sent to the new one."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation

from partners.organisations.selectors import account_for
from portal.accounts.actions import end_sessions, note_proven_addresses
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.core.link_mails import link_mail
from portal.core.throttle import within_limit

LINK_VALID = timedelta(hours=24)
ASKED_AT_MOST = 5
ASKED_WITHIN = timedelta(hours=1)
_SALT = "partners.organisations.email_address"


def ask_for_address(*, by: User, new: str) -> None:
    """Mail the link that makes `new` the person's address. Nothing is stored, and whoever asks cannot
    tell whether the address belongs to somebody: its owner is told instead. RuleViolation on `email`
    for one's own address and after too many tries; OSError when the mail cannot be sent."""
    new = new.strip().lower()
    if new == by.email.lower():
        raise RuleViolation("same-address", gettext_noop("This is your address already."), field="email")
    window = int(ASKED_WITHIN.total_seconds())
    if not within_limit("email-address", str(by.pk), most=ASKED_AT_MOST, seconds=window):
        raise RuleViolation(
            "too-many", gettext_noop("You have asked several times. Try again in an hour."), field="email"
        )
    owner = account_for(new)
    if owner is not None:
        _mail("taken", new, owner)
        return
    token = signing.dumps({"user": by.pk, "from": by.email, "to": new}, salt=_SALT, compress=True)
    _mail("confirm", new, by, open_url=settings.PORTAL_URL + reverse("confirm_email_address", args=[token]))


def address_asked_for(token: str, by: User) -> str:
    """The address that a link makes the reader's; "" when it is too old, used, or somebody else's."""
    try:
        asked = signing.loads(token, salt=_SALT, max_age=LINK_VALID)
    except signing.BadSignature:
        return ""
    return asked["to"] if (asked["user"], asked["from"]) == (by.pk, by.email) else ""


@transaction.atomic
def confirm_address(token: str, *, by: User, at: datetime) -> User:
    """The new address becomes the one to sign in with, the old one is told, and the person's other
    sessions end. WrongState when the link is over; OSError when the old address cannot be told, and
    then nothing has changed."""
    user = User.objects.select_for_update().get(pk=by.pk)
    old, new = user.email, address_asked_for(token, user)
    if not new or account_for(new):
        raise WrongState("link-over", gettext_noop("This link is no longer valid. Ask for a new one."))
    user.email = new
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as problem:
        raise WrongState(
            "link-over", gettext_noop("This link is no longer valid. Ask for a new one.")
        ) from problem
    note_proven_addresses([user])
    end_sessions(user)
    record("user.email_changed", user, by=by, at=at, audience=Audience.VENDOR, before=old, after=new)
    # Before the commit, so that nobody loses an account without a word.
    _mail("changed", old, user, new=new)
    return user


def _mail(kind: str, to: str, reader: User, **facts: Any) -> None:
    language = reader.language or translation.get_language() or settings.LANGUAGE_CODE
    facts |= {"kind": kind, "reader": reader, "hours": int(LINK_VALID.total_seconds() // 3600)}
    link_mail("organisations/emails/address", facts, to=to, language=language).send()
