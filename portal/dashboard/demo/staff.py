"""Employees and certificates as they would stand there by now, for the stories of the demo."""

from datetime import date, datetime

from partners.catalogue.models import ProductGroup
from partners.certification.actions.certificates import new_code, new_number
from partners.certification.models import Certificate, Employment, Person, Track
from partners.organisations.models import Partner
from portal.accounts.models import User


def hire(
    partner: Partner,
    full_name: str,
    hired_on: date,
    *,
    entered_at: datetime,
    user: User | None = None,
    **facts: object,
) -> Employment:
    return Employment.objects.create(
        person=Person.objects.create(user=user),
        partner=partner,
        full_name=full_name,
        hired_on=hired_on,
        entered_at=entered_at,
        **facts,
    )


def certify(
    employment: Employment,
    track: str,
    title: str,
    issued_on: date,
    expires_on: date,
    technology: ProductGroup | None = None,
) -> Certificate:
    return Certificate.objects.create(
        number=new_number(),
        code=new_code(),
        person=employment.person,
        holder_name=employment.full_name,
        title=title,
        track=Track.TECHNOLOGY if technology else track,
        technology=technology,
        issued_on=issued_on,
        expires_on=expires_on,
    )
