"""Whoever has no portal account reads what is held about them by a secret link, sent to the address that
their employer has entered. It shows what that employer knows and no more: an address can be wrong."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.urls import reverse

from partners.certification.models import Employment
from partners.certification.team import account_of
from partners.organisations.access import require_any
from portal.accounts.models import User
from portal.audit.actions import record
from portal.celery import app as celery
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.core.languages import language_of
from portal.core.link_mails import link_mail

SALT = "partners.certification.held-data"
NOT_AGAIN_BEFORE = timedelta(hours=1)


@transaction.atomic
def ask_to_tell(employment_id: int, *, by: User, at: datetime) -> Employment:
    """On request of the partner's administrator or the channel manager."""
    employment = Employment.objects.select_related("partner", "person").get(pk=employment_id)
    require_any(by, ("staff.oversee", "staff.manage"), employment)
    employment = (
        Employment.objects.select_for_update(of=("self",))
        .select_related("partner", "person")
        .get(pk=employment_id)
    )
    if not employment.email:
        raise RuleViolation(
            "no-address", gettext_noop("Enter the person's e-mail address first: the link goes there.")
        )
    if account_of(employment) is not None:
        raise WrongState(
            "has-account", gettext_noop("This person has a portal account, and reads their own data there.")
        )
    if employment.data_asked_at is not None or (
        employment.told_at is not None and employment.told_at > at - NOT_AGAIN_BEFORE
    ):
        raise WrongState("sent", gettext_noop("A link was sent within the last hour."))
    employment.data_asked_at = at
    employment.save(update_fields=["data_asked_at"])
    record("employment.data_link_asked", employment, by=by, at=at)
    transaction.on_commit(_send_soon, robust=True)
    return employment


def _send_soon() -> None:
    # The row is what counts: with Redis away the sweep sends it later.
    celery.send_task("partners.certification.tasks.send_data_links", retry=False)


@transaction.atomic
def send_data_link(employment_id: int, *, at: datetime) -> bool:
    """Mail a link that was asked for; False when somebody else has done it, or the address is gone."""
    employment = (
        Employment.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("partner")
        .filter(pk=employment_id, data_asked_at__isnull=False)
        .first()
    )
    if employment is None:
        return False
    employment.data_asked_at = None
    if employment.email:
        employment.told_at = at
    employment.save(update_fields=["data_asked_at", "told_at"])
    if not employment.email:
        return False
    _mail_of(employment).send()
    return True


def _mail_of(employment: Employment) -> EmailMultiAlternatives:
    partner = employment.partner
    return link_mail(
        "privacy/emails/held",
        {
            "employment": employment,
            "partner": partner,
            "data_url": settings.PORTAL_URL + reverse("privacy:held", args=[_token_of(employment)]),
            "days": settings.INVITATION_VALID_DAYS,
        },
        to=employment.email,
        language=language_of(partner.country),
        time_zone=partner.time_zone,
    )


def _token_of(employment: Employment) -> str:
    return signing.dumps([employment.pk, _moment(employment)], salt=SALT)


def _moment(employment: Employment) -> str:
    return employment.told_at.astimezone(UTC).isoformat() if employment.told_at else ""


def told_employment(token: str) -> Employment | None:
    """Whose data the link shows; None when its time is over, a newer one was sent, or it was never one."""
    try:
        pk, moment = signing.loads(token, salt=SALT, max_age=timedelta(days=settings.INVITATION_VALID_DAYS))
    except signing.BadSignature:
        return None
    employment = (
        Employment.objects.select_related("person", "partner").filter(pk=pk, person__erased_at=None).first()
    )
    return employment if employment is not None and _moment(employment) == moment else None
