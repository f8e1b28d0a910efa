"""Puts the offices, companies and people of the demonstration into tables, and keeps them at hand."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password

from partners.catalogue.actions import seed_catalogue
from partners.catalogue.models import Product, ProductGroup
from partners.organisations.models import Distributor, Membership, Partner, Supply, VendorOffice
from partners.programme.selectors import edition_on, rulebook_of
from partners.specialisations.models import Specialisation
from portal.accounts.actions import note_proven_addresses
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.dashboard.demo.cast import (
    CAST_PARTNERS,
    CONSULTANT,
    CONSULTANT_WORKS_FOR,
    DISTRIBUTORS,
    OFFICES,
    PASSWORD,
    CompanyFacts,
    Person,
)
from portal.dashboard.demo.companies import other_partners, written_language
from portal.dashboard.demo.customers import CustomerFacts, all_customers, valid_number

SEED = 2017


@dataclass
class Company:
    """A partner with the people who register for it and the distributors it buys from."""

    partner: Partner
    facts: CompanyFacts
    sellers: list[str]
    registrants: list[User]
    language: str


@dataclass
class World:
    now: datetime
    rng: random.Random
    people: dict[str, User] = field(default_factory=dict)
    companies: dict[str, Company] = field(default_factory=dict)
    distributors: dict[str, Distributor] = field(default_factory=dict)
    approvers: dict[str, list[User]] = field(default_factory=dict)
    managers: dict[str, User] = field(default_factory=dict)
    groups: dict[str, ProductGroup] = field(default_factory=dict)
    products: dict[str, list[Product]] = field(default_factory=dict)
    customers: dict[str, list[CustomerFacts]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.date()

    def manager_of(self, partner: Partner) -> User:
        return self.managers[partner.country]


def make_world(now: datetime) -> World:
    """Everything that is there before the first deal. Needs the programme's edition in tables."""
    world = World(now=now, rng=random.Random(SEED))
    hashed = make_password(PASSWORD)
    _offices(world, hashed)
    _distributors(world, hashed)
    facts = [*CAST_PARTNERS, *other_partners(world.rng)]
    _partners(world, facts)
    _people_of_partners(world, hashed)
    _consultant(world, hashed)
    note_proven_addresses(User.objects.all())
    seed_catalogue(demo_prices=True)
    world.groups = {group.code: group for group in ProductGroup.objects.all()}
    for product in Product.objects.select_related("group"):
        world.products.setdefault(product.group.code, []).append(product)
    _specialisations(world)
    world.customers = all_customers(world.rng)
    return world


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def _user(world: World, person: Person, hashed: str, joined: date) -> User:
    return User(
        email=person.email,
        full_name=person.full_name,
        language=person.language,
        password=hashed,
        date_joined=_instant(joined),
        last_login=world.now - timedelta(minutes=world.rng.randint(25, 12 * 24 * 60)),
    )


def _join(world: World, people: Sequence[tuple[Person, User]], since: date, **organisation: object) -> None:
    """Memberships for people who are saved; each knows at once what they act as."""
    memberships = [
        Membership(user=user, role=person.role, is_current=True, **organisation) for person, user in people
    ]
    Membership.objects.bulk_create(memberships)
    Membership.objects.filter(pk__in=[one.pk for one in memberships]).update(created_at=_instant(since))
    for membership, (person, user) in zip(memberships, people, strict=True):
        user.acting_as = membership
        if person.key:
            world.people[person.key] = user


def _offices(world: World, hashed: str) -> None:
    since = date(2015, 1, 5)
    for facts in OFFICES:
        office = VendorOffice.objects.create(
            name=facts.name, country=facts.country, countries=list(facts.countries)
        )
        users = [_user(world, person, hashed, since) for person in facts.people]
        User.objects.bulk_create(users)
        _join(world, list(zip(facts.people, users, strict=True)), since, vendor_office=office)
        for person, user in zip(facts.people, users, strict=True):
            if person.role == Role.CHANNEL_MANAGER:
                world.managers |= dict.fromkeys(facts.countries, user)


def _distributors(world: World, hashed: str) -> None:
    since = date(2014, 3, 3)
    for facts in DISTRIBUTORS:
        distributor = Distributor.objects.create(
            reference=facts.reference,
            name=facts.name,
            legal_name=facts.legal_name,
            country=facts.country,
            city=facts.city,
            countries=list(facts.countries),
            vat_number=valid_number(facts.country, world.rng),
            web_domain=facts.domain,
        )
        world.distributors[facts.key] = distributor
        users = [_user(world, person, hashed, since) for person in facts.people]
        User.objects.bulk_create(users)
        _join(world, list(zip(facts.people, users, strict=True)), since, distributor=distributor)
        world.approvers[facts.key] = [
            user
            for person, user in zip(facts.people, users, strict=True)
            if person.role in (Role.DISTRIBUTOR_ADMIN, Role.DISTRIBUTOR_APPROVER)
        ]
    Distributor.objects.update(created_at=_instant(since))


def _partners(world: World, facts: list[CompanyFacts]) -> None:
    for number, one in enumerate(facts, 1):
        since = date(one.since, world.rng.randint(1, 9), world.rng.randint(1, 28))
        partner = Partner(
            reference=f"P-{number:06d}",
            legal_name=f"{one.name} {one.legal_form}",
            trade_name=one.name,
            kind=one.kind,
            status=one.status,
            tier=one.tier,
            country=one.country,
            city=one.city,
            vat_number=one.vat or valid_number(one.country, world.rng),
            web_domain=one.domain,
            authorised_countries=[one.country, *one.also_in],
            authorised_on=since,
            channel_manager=world.people.get(one.manager),
        )
        world.companies[one.key] = Company(
            partner, one, list(one.buys_from), [], written_language(one.country)
        )
    partners = [company.partner for company in world.companies.values()]
    Partner.objects.bulk_create(partners)
    for partner in partners:
        partner.created_at = _instant(partner.authorised_on)
    Partner.objects.bulk_update(partners, ["created_at"])
    Supply.objects.bulk_create(
        Supply(
            partner=company.partner,
            distributor=world.distributors[seller],
            is_primary=index == 0,
            started_on=company.partner.authorised_on,
        )
        for company in world.companies.values()
        for index, seller in enumerate(company.sellers)
    )


def _people_of_partners(world: World, hashed: str) -> None:
    hired = []
    for company in world.companies.values():
        users = [
            _user(world, person, hashed, company.partner.authorised_on) for person in company.facts.people
        ]
        hired.append((company, users))
    User.objects.bulk_create(user for _company, users in hired for user in users)
    for company, users in hired:
        pairs = list(zip(company.facts.people, users, strict=True))
        _join(world, pairs, company.partner.authorised_on, partner=company.partner)
        company.registrants = [
            user for person, user in pairs if person.role in (Role.PARTNER_ADMIN, Role.PARTNER_SALES)
        ]


def _consultant(world: World, hashed: str) -> None:
    user = _user(world, CONSULTANT, hashed, date(2024, 5, 6))
    user.save()
    for index, (key, role) in enumerate(CONSULTANT_WORKS_FOR):
        Membership.objects.create(
            user=user, role=role, partner=world.companies[key].partner, is_current=index == 0
        )
    world.people[CONSULTANT.key] = user


def _specialisations(world: World) -> None:
    awarded = world.today - timedelta(days=600)
    Specialisation.objects.bulk_create(
        Specialisation(
            partner=company.partner,
            product_group=world.groups[code],
            awarded_on=awarded,
            valid_until=awarded + timedelta(days=730),
        )
        for company in world.companies.values()
        for code in company.facts.specialisations
    )


def sellable_groups(world: World, company: Company) -> tuple[list[str], list[str]]:
    """Codes of the standard and of the enterprise groups that the partner may register."""
    rulebook = rulebook_of(edition_on(world.today))
    standard = [code for code, line in rulebook.product_lines.items() if line == "standard"]
    return standard, list(company.facts.specialisations)
