"""Partners (rule A3): taken into the programme and kept up to date by the vendor."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from partners.organisations.access import require
from partners.organisations.actions.references import next_reference
from partners.organisations.models import Distributor, Partner, PartnerKind, Supply, Tier
from partners.organisations.selectors import channel_managers_of
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.audit.actions import differences, record
from portal.audit.models import Audience
from portal.core.company_numbers import read_company_number
from portal.core.errors import RuleViolation, gettext_noop
from portal.core.web_domains import registrable_domain


@dataclass(frozen=True)
class PartnerFacts:
    """What is typed about a partner; numbers and domain as typed."""

    legal_name: str
    trade_name: str
    country: str
    city: str = ""
    kind: str = PartnerKind.RESELLER
    vat_number: str = ""
    company_number: str = ""
    web_domain: str = ""
    authorised_countries: Collection[str] = ()
    channel_manager: User | None = None
    distributors: Collection[Distributor] = field(default_factory=tuple)
    primary: Distributor | None = None


_PLAIN_FIELDS = ("legal_name", "trade_name", "country", "city", "kind")


@transaction.atomic
def add_partner(
    facts: PartnerFacts, *, by: User, at: datetime, on: date, tier: str = Tier.REGISTERED
) -> Partner:
    """A new authorised partner with its reference. RuleViolation on the field that is not right."""
    require(by, "partners.manage")
    partner = Partner(reference="", tier=tier, authorised_on=on)
    _fill(partner, facts, by=by, on=on)
    partner.reference = next_reference(Partner)
    _save(partner)
    record("partner.added", partner, by=by, at=at, tier=tier, country=partner.country)
    _set_supplies(partner, facts, by=by, at=at, on=on)
    return partner


@transaction.atomic
def edit_partner(partner_id: int, facts: PartnerFacts, *, by: User, at: datetime, on: date) -> Partner:
    """Everything but tier and status, which have decisions of their own."""
    partner = Partner.objects.select_for_update().get(pk=partner_id)
    require(by, "partners.manage", partner)
    before = _comparable(partner)
    _fill(partner, facts, by=by, on=on)
    _save(partner)
    changed = differences(before, _comparable(partner))
    if changed:
        record("partner.edited", partner, by=by, at=at, changed=changed)
    _set_supplies(partner, facts, by=by, at=at, on=on)
    return partner


@transaction.atomic
def change_tier(
    partner_id: int, *, tier: str, by: User | None, at: datetime, reason: str, edition: str
) -> Partner:
    """The partner's earned tier, as a person has decided on it elsewhere: who may is asked there. `by` is
    None where the portal carries out on its day what was decided before (rule H3)."""
    partner = Partner.objects.select_for_update().get(pk=partner_id)
    before, partner.tier = partner.tier, tier
    partner.save(update_fields=["tier"])
    record(
        "partner.tier_changed",
        partner,
        by=by,
        at=at,
        reason=reason,
        edition=edition,
        before=before,
        after=tier,
    )
    return partner


def _fill(partner: Partner, facts: PartnerFacts, *, by: User, on: date) -> None:
    territory = territory_on(on)
    office = by.acting_as.vendor_office
    if facts.country not in territory:
        raise RuleViolation(
            "outside-territory",
            gettext_noop("The programme does not run in this country."),
            field="country",
            rule="A7",
        )
    if facts.country not in office.countries:
        raise RuleViolation(
            "outside-region", gettext_noop("Your office does not look after this country."), field="country"
        )
    for name in _PLAIN_FIELDS:
        setattr(partner, name, " ".join(str(getattr(facts, name)).split()))
    partner.vat_number = vat_number_of(facts.country, facts.vat_number)
    partner.company_number = (
        read_company_number(facts.country, facts.company_number).value if facts.company_number.strip() else ""
    )
    partner.web_domain = registrable_domain(facts.web_domain) if facts.web_domain.strip() else ""
    # Rule A7: authorised for its own country, and for those that the vendor adds.
    authorised = {facts.country, *facts.authorised_countries}
    if not authorised <= territory:
        raise RuleViolation(
            "outside-territory",
            gettext_noop("The programme does not run in one of these countries."),
            field="authorised_countries",
            rule="A7",
        )
    if authorised - {*partner.authorised_countries, *office.countries}:
        raise RuleViolation(
            "outside-region",
            gettext_noop("Your office does not look after one of these countries."),
            field="authorised_countries",
        )
    partner.authorised_countries = sorted(authorised)
    manager = facts.channel_manager
    is_new = manager is not None and manager.pk != partner.channel_manager_id
    if is_new and not channel_managers_of(facts.country).filter(pk=manager.pk).exists():
        raise RuleViolation(
            "manager-elsewhere",
            gettext_noop("This channel manager's office does not look after the partner's country."),
            field="channel_manager",
        )
    partner.channel_manager = manager


def vat_number_of(country: str, typed: str) -> str:
    """The VAT number as one writes it, "" for none; RuleViolation on `vat_number`."""
    if not typed.strip():
        return ""
    try:
        number = read_company_number(country, typed)
    except RuleViolation as refusal:
        raise RuleViolation(
            "bad-vat-number",
            gettext_noop("This is not a valid VAT number of this country. Check it, or leave it empty."),
            field="vat_number",
        ) from refusal
    if number.kind != "vat":
        raise RuleViolation(
            "not-a-vat-number",
            gettext_noop("This is a company number, not a VAT number. Enter it as the company number."),
            field="vat_number",
        )
    return number.value


def _save(partner: Partner) -> None:
    try:
        with transaction.atomic():
            partner.save()
    except IntegrityError as problem:
        if "partner_vat_unique" not in str(problem):
            raise
        raise RuleViolation(
            "vat-taken", gettext_noop("A partner with this VAT number already exists."), field="vat_number"
        ) from problem


def _comparable(partner: Partner) -> dict[str, Any]:
    names = (*_PLAIN_FIELDS, "vat_number", "company_number", "web_domain", "authorised_countries")
    return {name: getattr(partner, name) for name in names} | {
        "channel_manager": str(partner.channel_manager or "")
    }


def _set_supplies(partner: Partner, facts: PartnerFacts, *, by: User, at: datetime, on: date) -> None:
    """Rule A3: one or several distributors, one of them primary. A supply that ends keeps its row."""
    wanted = {distributor.pk: distributor for distributor in facts.distributors}
    running = {
        supply.distributor_id: supply
        for supply in partner.supplies.filter(ended_on=None).select_related("distributor")
    }
    primary = facts.primary
    if primary is None or primary.pk not in wanted:
        raise RuleViolation(
            "no-primary",
            gettext_noop("Choose the primary distributor among those that the partner buys from."),
            field="primary",
            rule="A3",
        )
    for pk, distributor in wanted.items():
        if pk not in running and not (distributor.is_active and partner.country in distributor.countries):
            raise RuleViolation(
                "distributor-elsewhere",
                gettext_noop("%(name)s does not serve the partner's country."),
                field="distributors",
                name=distributor.name,
            )
    for pk, supply in running.items():
        if pk not in wanted:
            supply.ended_on, supply.is_primary = on, False
            supply.save(update_fields=["ended_on", "is_primary"])
            _record_supply("partner.supply_ended", partner, supply.distributor, by=by, at=at)
    # First off, then on: never two primaries, which the database would refuse.
    partner.supplies.filter(ended_on=None, is_primary=True).exclude(distributor=primary).update(
        is_primary=False
    )
    for pk, distributor in wanted.items():
        if pk not in running:
            Supply.objects.create(
                partner=partner, distributor=distributor, is_primary=distributor == primary, started_on=on
            )
            _record_supply("partner.supply_started", partner, distributor, by=by, at=at)
    supply = running.get(primary.pk)
    if supply is not None and not supply.is_primary:
        partner.supplies.filter(pk=supply.pk).update(is_primary=True)
        _record_supply("partner.primary_changed", partner, primary, by=by, at=at)


def _record_supply(verb: str, partner: Partner, distributor: Distributor, *, by: User, at: datetime) -> None:
    # Not for other distributors' eyes: the timeline shows each only its own.
    record(
        verb,
        partner,
        by=by,
        at=at,
        audience=Audience.EVERYBODY,
        distributor=distributor.name,
        distributor_reference=distributor.reference,
    )
