"""Certificates that follow a person to another partner, as the pages show them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from partners.certification.models import Certificate, Employment, Transfer
from partners.organisations.access import can
from partners.organisations.models import Partner
from portal.accounts.models import User


def transfers_of(employment: Employment, reader: User) -> list[Transfer]:
    rows = Transfer.objects.visible_to(reader).filter(employment=employment)
    return list(rows.order_by("-asked_at", "-pk"))


def transfers_waiting(user: User, at: datetime) -> QuerySet[Transfer]:
    """What waits for this person's decision."""
    if not can(user, "staff.oversee"):
        return Transfer.objects.none()
    return Transfer.objects.visible_to(user).to_decide()


@dataclass(frozen=True)
class Elsewhere:
    """The employment that would end, as far as the channel manager needs it. `partner`: None where it is of
    another region."""

    partner: Partner | None
    country: str
    hired_on: date
    ends_on: date


@dataclass(frozen=True)
class Asked:
    """What a channel manager decides on: the certificate of the number, and what granting would end."""

    certificate: Certificate | None
    elsewhere: Elsewhere | None


def asked_for(transfer: Transfer, reader: User) -> Asked:
    number = transfer.certificate_number
    certificate = Certificate.objects.filter(number__iexact=number).select_related("technology").first()
    if certificate is None:
        return Asked(None, None)
    running = (
        Employment.objects.filter(person=certificate.person_id, left_on=None)
        .exclude(partner=transfer.employment.partner_id)
        .select_related("partner")
        .first()
    )
    if running is None:
        return Asked(certificate, None)
    seen = Partner.objects.visible_to(reader).filter(pk=running.partner_id).exists()
    return Asked(
        certificate,
        Elsewhere(
            running.partner if seen else None,
            running.partner.country,
            running.hired_on,
            transfer.employment.hired_on - timedelta(days=1),
        ),
    )
