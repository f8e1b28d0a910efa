"""Certificates as pages, mails and the card of the tier read them."""

from collections.abc import Iterable

from partners.certification.models import Certificate
from partners.organisations.access import people_who_can
from partners.organisations.models import Membership, Partner
from portal.accounts.models import User


def people_to_tell(certificate: Certificate, partners: Iterable[Partner]) -> list[User]:
    """Those who manage the staff of these partners, and the person where they have an account there."""
    there = Membership.objects.filter(partner__in=partners)
    told = people_who_can("staff.manage", there)
    account = certificate.person.user_id
    return told + [membership.user for membership in there.active().filter(user_id=account)]
