"""The people of the partners and their certificates: Alpha's Gold hangs on exactly two technical specialists,
a few partners are short of one, and somebody has changed employer."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from partners.certification.lifecycle import TransferStatus
from partners.certification.models import Certificate, Employment, Track, Transfer
from partners.certification.rules import required_specialists
from partners.organisations.models import Membership
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.core.secret_links import hash_of, new_secret
from portal.dashboard.demo.staff import certify, hire
from portal.dashboard.demo.world import Company, World

# People without an account, for companies whose own are too few.
NAMES = (
    "Marc Olivier", "Elsa Vidal", "Jonas Lindgren", "Nadia Haddou", "Pieter van Loon", "Greta Hansen",
    "Luis Ferrer", "Aoife Byrne", "Matti Salonen", "Hanna Weiss", "Tomás Prado", "Yael Barak", "Ines Duarte",
    "Kasper Holm", "Camille Roche", "Erik Dahl", "Rosa Conti", "Ben Whitaker", "Lucie Martens", "Omar Saïd",
)  # fmt: skip
TITLES = {Track.TECHNICAL: "Certified technical specialist", Track.SALES: "Certified sales specialist"}
VALID = timedelta(days=730)


@dataclass
class _Team:
    world: World
    rng: random.Random = field(default_factory=lambda: random.Random(2018))
    names: int = 0

    def hire(
        self, company: Company, full_name: str, since: date, *, user: User | None = None, email: str = ""
    ) -> Employment:
        entered_at = self.world.now - timedelta(days=200)
        return hire(company.partner, full_name, since, entered_at=entered_at, user=user, email=email)

    def hire_somebody(self, company: Company) -> Employment:
        name = NAMES[self.names % len(NAMES)]
        self.names += 1
        email = f"{name.split()[0].lower()}@{company.facts.domain}" if name.isascii() else ""
        return self.hire(company, name, self.some_start(company), email=email)

    def some_start(self, company: Company) -> date:
        return company.partner.authorised_on + timedelta(days=self.rng.randint(0, 300))

    def certify(self, employment: Employment, track: str, expires_in: int | None = None) -> Certificate:
        days = self.rng.randint(120, 700) if expires_in is None else expires_in
        expires_on = self.world.today + timedelta(days=days)
        return certify(employment, track, TITLES[Track(track)], expires_on - VALID, expires_on)


def hire_teams(world: World) -> None:
    team = _Team(world)
    linked: set[int] = set()
    memberships = Membership.objects.filter(partner__isnull=False, is_active=True).select_related("user")
    by_partner: dict[int, list[Membership]] = {}
    for membership in memberships.order_by("pk"):
        by_partner.setdefault(membership.partner_id, []).append(membership)
    for company in world.companies.values():
        there = []
        for membership in by_partner.get(company.partner.pk, []):
            user = membership.user
            # Somebody with an account at two partners works for the first.
            if user.pk not in linked:
                linked.add(user.pk)
                since = team.some_start(company)
                there.append(team.hire(company, user.full_name, since, user=user, email=user.email))
        if company.facts.key == "alpha":
            _alpha(team, company, there)
        else:
            _certify_as_asked(team, company, there)
    _change_of_employer(team)


def _certify_as_asked(team: _Team, company: Company, there: list[Employment]) -> None:
    world = team.world
    asked = required_specialists(
        rulebook_on(world.today),
        company.partner.tier,
        sales_binds=bool(company.facts.specialisations),
    )
    for track, number in asked.items():
        # One in seven is one short, one in four has one to spare.
        chance = team.rng.random()
        wanted = number - 1 if chance < 0.14 else number + 1 if chance > 0.75 else number
        people = list(there)
        while len(people) < wanted:
            people.append(team.hire_somebody(company))
            there.append(people[-1])
        for employment in people[:wanted]:
            team.certify(employment, track)


def _alpha(team: _Team, company: Company, there: list[Employment]) -> None:
    people = {employment.full_name: employment for employment in there}
    team.certify(people["Tina Faure"], Track.TECHNICAL, 41)
    marc = team.hire_somebody(company)
    team.certify(marc, Track.TECHNICAL, 390)
    team.certify(people["Chloé Lambert"], Track.SALES, 510)
    for name, title in (
        ("Alice Moreau", "Managing director"),
        ("Tina Faure", "Security engineer"),
        (marc.full_name, "Security engineer"),
    ):
        Employment.objects.filter(partner=company.partner, full_name=name).update(job_title=title)


def _change_of_employer(team: _Team) -> None:
    """Sofia has gone from Charlie to Bravo, has agreed, and waits for the channel manager's decision."""
    world = team.world
    companies, name = world.companies, "Sofia Ricci"
    old = team.hire(companies["charlie"], name, world.today - timedelta(days=900))
    certificate = team.certify(old, Track.TECHNICAL, 300)
    new = team.hire(companies["bravo"], name, world.today - timedelta(days=6), email="sofia@bravo-it.example")
    Transfer.objects.create(
        employment=new,
        certificate_number=certificate.number,
        status=TransferStatus.TO_DECIDE,
        asked_by=world.people["bruno"],
        asked_at=world.now - timedelta(days=5),
        token_hash=hash_of(new_secret()),
        token_expires_at=world.now + timedelta(days=9),
        sent_at=world.now - timedelta(days=5),
        consented_at=world.now - timedelta(days=2),
    )
