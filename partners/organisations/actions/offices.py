"""Offices of the vendor: which of them looks after which country."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from partners.organisations.access import require
from partners.organisations.models import Partner, PartnerStatus, VendorOffice
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.audit.actions import differences, record
from portal.core.calendar import COUNTRY_TIME_ZONES
from portal.core.errors import RuleViolation, gettext_noop


@dataclass(frozen=True)
class OfficeFacts:
    """What is typed about an office: where it is, and the countries whose partners its people see."""

    name: str
    country: str
    countries: Collection[str] = ()


_COMPARED = ("name", "country", "countries")


@transaction.atomic
def add_office(facts: OfficeFacts, *, by: User, at: datetime, on: date) -> VendorOffice:
    require(by, "offices.manage")
    office = VendorOffice()
    _fill(office, facts, on=on)
    _save(office)
    record("office.added", office, by=by, at=at, countries=office.countries)
    return office


@transaction.atomic
def edit_office(office_id: int, facts: OfficeFacts, *, by: User, at: datetime, on: date) -> VendorOffice:
    """RuleViolation on `countries` when partners would be left without an office that sees them."""
    # All of them: two offices that give up the same country at once must not both believe in the other.
    offices = {office.pk: office for office in VendorOffice.objects.select_for_update().order_by("pk")}
    office = offices.pop(office_id)
    require(by, "offices.manage", office)
    before = _comparable(office)
    _fill(office, facts, on=on)
    given_up = set(before["countries"]) - set(office.countries)
    _check_nobody_left_alone(given_up.difference(*(other.countries for other in offices.values())))
    _save(office)
    changed = differences(before, _comparable(office))
    if changed:
        record("office.edited", office, by=by, at=at, changed=changed)
    return office


def _comparable(office: VendorOffice) -> dict[str, Any]:
    return {name: getattr(office, name) for name in _COMPARED}


def _fill(office: VendorOffice, facts: OfficeFacts, *, on: date) -> None:
    office.name = " ".join(facts.name.split())
    office.country = facts.country
    countries = set(facts.countries)
    if office.country not in COUNTRY_TIME_ZONES:
        raise RuleViolation("no-country", gettext_noop("Choose a country."), field="country")
    # A country that left the programme may stay with the office that still has partners there.
    if not countries or not countries <= territory_on(on) | set(office.countries):
        raise RuleViolation(
            "outside-territory",
            gettext_noop("Choose at least one country in which the programme runs."),
            field="countries",
            rule="A7",
        )
    office.countries = sorted(countries)


def _check_nobody_left_alone(countries: set[str]) -> None:
    left = Partner.objects.filter(country__in=countries).exclude(status=PartnerStatus.ENDED)
    if count := left.count():
        raise RuleViolation(
            "partners-without-office",
            gettext_noop(
                "%(count)s partners in the countries left out would have no office at all. Give these "
                "countries to another office first."
            ),
            field="countries",
            count=count,
        )


def _save(office: VendorOffice) -> None:
    taken = VendorOffice.objects.filter(name__iexact=office.name).exclude(pk=office.pk).exists()
    try:
        if taken:
            raise IntegrityError
        with transaction.atomic():
            office.save()
    except IntegrityError as problem:
        raise RuleViolation(
            "name-taken", gettext_noop("There is an office of this name already."), field="name"
        ) from problem
