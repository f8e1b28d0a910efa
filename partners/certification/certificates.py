"""Certificates as pages, mails, sweeps and the card of the tier read them."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners.certification.models import Certificate, Employment
from partners.certification.querysets import CertificateQuerySet
from partners.certification.selectors import TIER_TRACKS
from partners.organisations.access import people_who_can
from partners.organisations.models import Membership, Partner
from partners.programme.rulebook import StaffTerms
from partners.programme.selectors import NoEditionInForce, rulebook_on
from portal.accounts.models import User
from portal.core.calendar import date_in


class CertificateState(models.TextChoices):
    VALID = "valid", _("Valid")
    EXPIRED = "expired", pgettext_lazy("certificate", "Expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("certificate", "Withdrawn")


TONES = {
    CertificateState.VALID: "ok",
    CertificateState.EXPIRED: "neutral",
    CertificateState.WITHDRAWN: "bad",
}


def state_on(certificate: Certificate, day: date) -> CertificateState:
    """Withdrawn from the day of the withdrawal on; else valid on its last day (rule G2)."""
    if certificate.withdrawn_on is not None and certificate.withdrawn_on <= day:
        return CertificateState.WITHDRAWN
    return CertificateState.EXPIRED if certificate.expires_on < day else CertificateState.VALID


def in_state(
    certificates: CertificateQuerySet, state: str, day: date, *, known: Q | None = None
) -> CertificateQuerySet:
    """The same question asked of many. `known`: of which withdrawals the reader knows."""
    withdrawn = Q(withdrawn_on__lte=day) & (known or Q())
    match state:
        case CertificateState.WITHDRAWN:
            return certificates.filter(withdrawn)
        case CertificateState.EXPIRED:
            return certificates.filter(Q(withdrawn_on=None) | ~withdrawn, expires_on__lt=day)
    return certificates.filter(Q(withdrawn_on=None) | ~withdrawn, expires_on__gte=day)


# A partner knows of a withdrawal while the holder works there: what comes after is no longer its affair.
# Of certificates from with_employer().
WHILE_EMPLOYED = Q(left_on=None) | Q(left_on__gte=F("withdrawn_on"))


def valid_as_known(certificates: CertificateQuerySet, day: date, partner_id: int) -> CertificateQuerySet:
    """The same question as as_known(), asked of many: those valid on a day as far as this partner knows. A
    withdrawal after the holder's last day there is not told; when the certificate ends was known before."""
    here = Employment.objects.filter(person_id=OuterRef("person_id"), partner_id=partner_id)
    told = here.filter(Q(left_on=None) | Q(left_on__gte=OuterRef("withdrawn_on")))
    return certificates.filter(
        Q(withdrawn_on=None) | Q(withdrawn_on__gt=day) | ~Exists(told),
        issued_on__lte=day,
        expires_on__gte=day,
    )


def as_known(certificate: Certificate, left_on: date | None) -> Certificate:
    """As a partner knows it whom the holder left on a day: without a later withdrawal. Not to be saved."""
    if left_on is not None and (certificate.withdrawn_on or left_on) > left_on:
        certificate.withdrawn_on, certificate.withdrawal_reason = None, ""
    return certificate


def with_employer(reader: User) -> CertificateQuerySet:
    """The certificates that a reader sees, each with the latest employment that the reader sees: a former
    employer does not learn where somebody went."""
    latest = (
        Employment.objects.visible_to(reader).filter(person_id=OuterRef("person_id")).order_by("-hired_on")
    )
    return (
        Certificate.objects.visible_to(reader)
        .select_related("technology", "course")
        .annotate(
            employment_id=Subquery(latest.values("pk")[:1]),
            employer_name=Subquery(latest.values("partner__trade_name")[:1]),
            employer_reference=Subquery(latest.values("partner__reference")[:1]),
            employer_country=Subquery(latest.values("partner__country")[:1]),
            left_on=Subquery(latest.values("left_on")[:1]),
        )
    )


def today_of(reader: User, at: datetime) -> date:
    """The date where the reader's organisation is."""
    return date_in(reader.acting_as.organisation.country, at)


def public_state(code: str, at: datetime) -> CertificateState | None:
    """What the page behind the QR code answers, by the date of the latest employer; None when no
    certificate has this code. One query, whatever the answer."""
    latest = Employment.objects.filter(person_id=OuterRef("person_id")).order_by("-hired_on")
    certificate = (
        Certificate.objects.filter(code=code)
        .annotate(employer_country=Subquery(latest.values("partner__country")[:1]))
        .only("withdrawn_on", "expires_on")
        .first()
    )
    if certificate is None:
        return None
    return state_on(certificate, date_in(certificate.employer_country or "", at))


def people_to_tell(certificate: Certificate, partners: Iterable[Partner]) -> list[User]:
    """Those who manage the staff of these partners, and the person where they have an account there."""
    there = Membership.objects.filter(partner__in=partners)
    told = people_who_can("staff.manage", there)
    account = certificate.person.user_id
    return told + [membership.user for membership in there.active().filter(user_id=account)]


# ---------------------------------------------------------------- what expires


def not_renewed() -> Q:
    """No other certificate of the person in the same track lasts longer."""
    longer = Certificate.objects.filter(
        person_id=OuterRef("person_id"),
        track=OuterRef("track"),
        expires_on__gt=OuterRef("expires_on"),
        withdrawn_on=None,
    ).filter(
        Q(technology_id=OuterRef("technology_id"))
        | Q(technology_id=None, track__in=[str(track) for track in TIER_TRACKS])
    )
    return ~Q(Exists(longer))


def first_warning_days(terms: StaffTerms) -> int:
    """How many days before its end a certificate is first spoken of."""
    return max(terms.certificate_reminders_days_before, default=0)


def warning_days(day: date) -> tuple[int, ...]:
    """How many days before its end a certificate is spoken of, by the edition in force."""
    try:
        return rulebook_on(day).staff.certificate_reminders_days_before
    except NoEditionInForce:
        return ()


def soon_days(day: date) -> int:
    """Within how many days something ends soon."""
    return max(warning_days(day), default=0)


def expiry_tone(days_left: int, warned: Collection[int]) -> str:
    """A warning from the first reminder on, pressing from the last."""
    if days_left <= min(warned, default=0):
        return "bad"
    return "warn" if days_left <= max(warned, default=0) else "neutral"
