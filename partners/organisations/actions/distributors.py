"""Official distributors (rule A2), kept by the programme administrator."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from partners.organisations.access import require
from partners.organisations.actions.partners import vat_number_of
from partners.organisations.actions.references import next_reference
from partners.organisations.models import Distributor
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.audit.actions import differences, record
from portal.core.errors import RuleViolation, gettext_noop
from portal.core.web_domains import registrable_domain


@dataclass(frozen=True)
class DistributorFacts:
    """What is typed about a distributor; number and domain as typed."""

    name: str
    legal_name: str
    country: str
    city: str = ""
    countries: Collection[str] = ()
    vat_number: str = ""
    web_domain: str = ""
    is_active: bool = True


_PLAIN_FIELDS = ("name", "legal_name", "country", "city")
_COMPARED = (*_PLAIN_FIELDS, "countries", "vat_number", "web_domain", "is_active")


@transaction.atomic
def add_distributor(facts: DistributorFacts, *, by: User, at: datetime, on: date) -> Distributor:
    require(by, "distributors.manage")
    distributor = Distributor(reference="")
    _fill(distributor, facts, on=on)
    distributor.reference = next_reference(Distributor)
    distributor.save()
    record("distributor.added", distributor, by=by, at=at, countries=distributor.countries)
    return distributor


@transaction.atomic
def edit_distributor(
    distributor_id: int, facts: DistributorFacts, *, by: User, at: datetime, on: date
) -> Distributor:
    """RuleViolation when partners that buy here would be left alone in a country, or altogether."""
    distributor = Distributor.objects.select_for_update().get(pk=distributor_id)
    require(by, "distributors.manage", distributor)
    before = _comparable(distributor)
    _fill(distributor, facts, on=on)
    _check_nobody_left_alone(distributor)
    distributor.save()
    changed = differences(before, _comparable(distributor))
    if changed:
        record("distributor.edited", distributor, by=by, at=at, changed=changed)
    return distributor


def _comparable(distributor: Distributor) -> dict[str, Any]:
    return {name: getattr(distributor, name) for name in _COMPARED}


def _fill(distributor: Distributor, facts: DistributorFacts, *, on: date) -> None:
    territory = territory_on(on)
    for name in _PLAIN_FIELDS:
        setattr(distributor, name, " ".join(getattr(facts, name).split()))
    distributor.countries = sorted(set(facts.countries))
    distributor.is_active = facts.is_active
    if facts.country not in territory:
        raise RuleViolation(
            "outside-territory",
            gettext_noop("The programme does not run in this country."),
            field="country",
            rule="A7",
        )
    if not distributor.countries or not set(distributor.countries) <= territory:
        raise RuleViolation(
            "outside-territory",
            gettext_noop("Choose at least one country in which the programme runs."),
            field="countries",
            rule="A7",
        )
    distributor.vat_number = vat_number_of(facts.country, facts.vat_number)
    distributor.web_domain = registrable_domain(facts.web_domain) if facts.web_domain.strip() else ""


def _check_nobody_left_alone(distributor: Distributor) -> None:
    buyers = distributor.supplies.filter(ended_on=None)
    if not distributor.is_active and (count := buyers.count()):
        raise RuleViolation(
            "still-supplying",
            gettext_noop("%(count)s partners still buy from this distributor. Give them another one first."),
            field="is_active",
            count=count,
        )
    if count := buyers.exclude(partner__country__in=distributor.countries).count():
        raise RuleViolation(
            "still-supplying",
            gettext_noop("%(count)s partners in the countries left out still buy from this distributor."),
            field="countries",
            count=count,
        )
