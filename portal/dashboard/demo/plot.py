"""Which deals there shall be: the named ones, and the many around them."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import ConflictOutcome
from partners.organisations.models import Tier
from portal.dashboard.demo.companies import slug
from portal.dashboard.demo.customers import CustomerFacts, valid_number
from portal.dashboard.demo.history import Case, Clockwork, Plan
from portal.dashboard.demo.office_hours import before, some_time
from portal.dashboard.demo.world import Company, World, sellable_groups

# How many deals of each state the partners around the cast have.
AROUND = {
    DealStatus.DRAFT: 18,
    DealStatus.SUBMITTED: 12,
    DealStatus.INFORMATION_REQUESTED: 5,
    DealStatus.APPROVED: 36,
    DealStatus.REJECTED: 42,
    DealStatus.WITHDRAWN: 20,
    DealStatus.WON: 88,
    DealStatus.LOST: 44,
    DealStatus.EXPIRED: 46,
    DealStatus.REVOKED: 7,
}
# The same for partners of the cast, besides the deals that are told one by one below.
OF_THE_CAST = {
    "alpha": {
        DealStatus.DRAFT: 2,
        DealStatus.APPROVED: 3,
        DealStatus.REJECTED: 5,
        DealStatus.WITHDRAWN: 2,
        DealStatus.WON: 10,
        DealStatus.LOST: 4,
        DealStatus.EXPIRED: 4,
        DealStatus.REVOKED: 1,
    },
    "bravo": {
        DealStatus.DRAFT: 1,
        DealStatus.APPROVED: 3,
        DealStatus.REJECTED: 2,
        DealStatus.WITHDRAWN: 1,
        DealStatus.WON: 5,
        DealStatus.LOST: 2,
        DealStatus.EXPIRED: 2,
    },
    "platin": {
        DealStatus.DRAFT: 1,
        DealStatus.APPROVED: 4,
        DealStatus.REJECTED: 2,
        DealStatus.WITHDRAWN: 1,
        DealStatus.WON: 8,
        DealStatus.LOST: 3,
        DealStatus.EXPIRED: 3,
    },
    "charlie": {
        DealStatus.APPROVED: 2,
        DealStatus.REJECTED: 1,
        DealStatus.WON: 3,
        DealStatus.LOST: 1,
        DealStatus.EXPIRED: 2,
    },
}
# The earliest submission that leaves room for the end, in days before today.
_ROOM: dict[str, tuple[int, int]] = {
    DealStatus.APPROVED: (5, 86),
    DealStatus.REJECTED: (6, 540),
    DealStatus.WITHDRAWN: (7, 540),
    DealStatus.WON: (24, 545),
    DealStatus.LOST: (24, 540),
    DealStatus.EXPIRED: (99, 548),
    DealStatus.REVOKED: (30, 500),
}
_WEIGHTS: dict[str, int] = {Tier.PLATINUM: 9, Tier.GOLD: 6, Tier.SILVER: 4, Tier.BRONZE: 2}


class Pair(NamedTuple):
    """Two registrations of one customer. `ago`: whole days since the first, which is protected by now, or
    office hours, when it is still under review. `hours`: office hours since the second."""

    first: str
    first_person: str
    ago: int | float
    second: str
    second_person: str
    hours: float
    customer: str
    group: str
    spelling: str = ""


OPEN_CONFLICTS = [
    # One distributor; the earlier is protected already. The later was typed otherwise.
    Pair("bravo", "bruno", 31, "alpha", "alice", 11.0,
     "Emballages Sylvestre", "endpoint-security", "EMBALLAGES SYLVESTRE"),
    # One distributor, both under review.
    Pair("alpha", "amir", 14.0, "bravo", "lea", 6.5, "Mutuelle Horizon Bleu", "targeted-security"),
    # Two distributors, one channel manager.
    Pair("alzette-services", "", 24, "frontalis", "", 12.0,
     "Aciers de la Chiers", "endpoint-security", "Aciers de la Chiers Differdange"),
    # Two distributors and two regions; the name was typed otherwise.
    Pair("brabant-secure", "", 45, "platin", "katrin", 8.0,
     "Van den Abeele Staalbouw", "total-security", "VDA Staalbouw Groep"),
    # One distributor of another region.
    Pair("bergmann-thiel-it", "", 19.5, "nordlicht-systemhaus", "", 5.0,
     "Spedition Hinrichsen", "endpoint-security"),
    # Enterprise, two regions.
    Pair("platin", "paul", 28, "brabant-secure", "", 16.0,
     "Havenbedrijf Noorderkaai", "anti-targeted-attack"),
]  # fmt: skip
# First registrant, second registrant, days since the first, customer, outcome, what became of both.
SETTLED_CONFLICTS: list[tuple[str, str, int, str, str, str, str]] = [
    ("bravo", "alpha", 210, "Verrerie de la Bresle",
     ConflictOutcome.EARLIER_STANDS, DealStatus.WON, DealStatus.REJECTED),
    ("alpha", "armor-reseaux", 150, "Notaires du Parvis",
     ConflictOutcome.EARLIER_STANDS, DealStatus.LOST, DealStatus.REJECTED),
    ("bastide-technologies", "lumerys", 120, "Vignobles Château Lamarque",
     ConflictOutcome.DIFFERENT, DealStatus.WON, DealStatus.WON),
    ("nordlicht-systemhaus", "platin", 95, "Kühllogistik Emsland",
     ConflictOutcome.LATER_PREVAILS, DealStatus.REVOKED, DealStatus.WON),
    ("appennino-sistemi", "brianza-sicura", 64, "Studio Legale Bonfanti",
     ConflictOutcome.DIFFERENT, DealStatus.APPROVED, DealStatus.APPROVED),
    ("pennine-secure", "mercia-managed-it", 33, "Castlegate Haulage",
     ConflictOutcome.EARLIER_STANDS, DealStatus.APPROVED, DealStatus.REJECTED),
]  # fmt: skip


def plot(clockwork: Clockwork) -> int:
    """Start every story; returns how many deals there will be."""
    author = Author(clockwork)
    author.named_deals()
    author.conflicts()
    author.hearings()
    for key, counts in OF_THE_CAST.items():
        for end, count in counts.items():
            for number in range(count):
                author.any_deal(author.world.companies[key], end, (number + author.rng.random()) / count)
    able = [one for one in author.world.companies.values() if one.facts.tier != Tier.REGISTERED]
    able = [one for one in able if one.facts.key not in OF_THE_CAST]
    weights = [_WEIGHTS[one.facts.tier] * author.rng.uniform(0.5, 1.6) for one in able]
    for end, count in AROUND.items():
        for number, company in enumerate(author.rng.choices(able, weights, k=count)):
            author.any_deal(company, end, (number + author.rng.random()) / count)
    return author.planned


class NoCustomerLeft(LookupError):
    """Every customer of the country is taken for the group: the lists of names need more."""


class Author:
    def __init__(self, clockwork: Clockwork) -> None:
        self.clockwork = clockwork
        self.world: World = clockwork.world
        self.rng: random.Random = clockwork.world.rng
        self.planned = 0

    def begin(self, plan: Plan) -> None:
        plan.customer.take(plan.group)
        self.planned += 1
        self.clockwork.start(self.clockwork.deal_story(plan))

    # ------------------------------------------------------------ choices

    def customer_for(self, company: Company, group: str, name: str = "") -> CustomerFacts:
        """One whose need for this group is not yet taken; by name, or the least used of the country."""
        if name:
            every = [one for customers in self.world.customers.values() for one in customers]
            return next(one for one in every if one.name.startswith(name))
        countries = company.partner.authorised_countries
        abroad = [one for one in countries[1:] if one in self.world.customers]
        country = self.rng.choice(abroad) if abroad and self.rng.random() < 0.2 else countries[0]
        free = [one for one in self.world.customers[country] if group not in one.taken]
        if not free:
            raise NoCustomerLeft(country)
        fewest = min(len(one.taken) for one in free)
        return self.rng.choice([one for one in free if len(one.taken) == fewest])

    def free_opportunity(self, company: Company) -> tuple[str, CustomerFacts]:
        """A group and a customer that nobody has registered yet: conflicts are told by name only."""
        for _attempt in range(50):
            group = self.group_for(company)
            try:
                return group, self.customer_for(company, group)
            except NoCustomerLeft:
                continue
        raise NoCustomerLeft(company.facts.name)

    def group_for(self, company: Company) -> str:
        standard, enterprise = sellable_groups(self.world, company)
        if enterprise and self.rng.random() < 0.22:
            return self.rng.choice(enterprise)
        return self.rng.choices(standard, [3, 8, 4, 6, 1])[0]

    def working_hours_ago(self, company: Company, hours: float) -> datetime:
        seller = self.world.distributors[company.sellers[0]]
        return before(seller.country, self.world.now, hours)

    def days_ago(self, company: Company, days: int) -> datetime:
        day = self.world.today - timedelta(days=days)
        return some_time(company.partner.country, day, self.rng)

    # ------------------------------------------------------------ the many

    def any_deal(self, company: Company, end: str, share: float) -> None:
        """A deal that nobody speaks of by name. `share`, from 0 to 1: how far back it lies."""
        rng = self.rng
        group, customer = self.free_opportunity(company)
        asks = rng.random() < 0.2 and end not in (DealStatus.DRAFT, DealStatus.SUBMITTED)
        plan = Plan(
            company=company,
            seller=rng.choices(company.sellers, [3, 1][: len(company.sellers)])[0],
            registrant=rng.choice(company.registrants),
            customer=customer,
            group=group,
            submitted_at=self.world.now,
            end=end,
            # Nearly all in time; eighteen office hours are the two days of rule E7.
            decided_after=rng.uniform(19, 27) if rng.random() < 0.07 else rng.uniform(1.2, 16.5),
            asked_after=rng.uniform(1, 8) if asks else None,
            answered_after=rng.uniform(2, 20),
            confirmed_after=rng.uniform(2, 30),
            comments=rng.choices((0, 1, 2, 3), (60, 18, 12, 10))[0],
        )
        if end == DealStatus.DRAFT:
            plan.submitted_at = self.working_hours_ago(company, rng.uniform(2, 110))
        elif end == DealStatus.SUBMITTED:
            plan.submitted_at = self.working_hours_ago(company, rng.uniform(1, 17.5))
            plan.endorsed = rng.random() < 0.6
            plan.decided_after = rng.uniform(0.5, 0.9)
        elif end == DealStatus.INFORMATION_REQUESTED:
            plan.submitted_at = self.working_hours_ago(company, rng.uniform(9, 40))
            plan.asked_after = rng.uniform(1, 8)
        else:
            soonest, latest = _ROOM[end]
            # A little more month by month: the programme grows.
            days = soonest + int((latest - soonest) * share**0.95)
            plan.submitted_at = self.days_ago(company, days)
            plan.ends_after_days = rng.randint(6, max(7, min(84, days - 13)))
            if end == DealStatus.WON and days < 60 and rng.random() < 0.45:
                plan.confirmed_after = None
        self.begin(plan)

    # ------------------------------------------------------------ the named

    def deal(
        self,
        key: str,
        person: str,
        end: str,
        submitted_at: datetime,
        *,
        customer: str = "",
        group: str = "",
        **more,
    ) -> Plan:
        company = self.world.companies[key]
        group = group or self.group_for(company)
        return Plan(
            company=company,
            seller=more.pop("seller", company.sellers[0]),
            registrant=self.world.people[person] if person else company.registrants[0],
            customer=self.customer_for(company, group, customer),
            group=group,
            submitted_at=submitted_at,
            end=end,
            **more,
        )

    def hearings(self) -> None:
        """What waits to be heard by the channel manager. After the named ones, whose customers it leaves."""
        for hours, key, person, end, hearing in (
            (14.0, "alpha", "amir", DealStatus.REJECTED, "appeal"),
            (20.0, "bravo", "bruno", DealStatus.REJECTED, "appeal"),
            (18.0, "alpha", "alice", DealStatus.APPROVED, "discount"),
            (26.0, "bravo", "lea", DealStatus.APPROVED, "discount"),
            (30.0, "alpha", "amir", DealStatus.APPROVED, "revocation"),
        ):
            self.begin(
                self.deal(
                    key, person, end, before("FR", self.world.now, hours),
                    group="endpoint-security", hearing=hearing,
                )
            )  # fmt: skip

    def named_deals(self) -> None:
        """What the cast finds on its desks: protections that end, decisions due and overdue, questions."""
        world = self.world
        alpha = world.companies["alpha"]
        today = world.today
        for days, person, group, customer, grown in (
            (2, "alice", "total-security", "TransAlpes", None),
            (6, "amir", "endpoint-security", "Clinique des Trois Fontaines", None),
            # Changed a little, which took effect at once; and by so much that Denise decides.
            (13, "alice", "targeted-security", "Métropole Habitat", (Decimal("1.1"), 30.0)),
            (25, "chloe", "endpoint-security", "Ateliers Corvo", (Decimal("1.6"), 6.0)),
        ):
            approved_on = today + timedelta(days=days - 90)
            submitted_at = before("FR", some_time("FR", approved_on - timedelta(days=3), self.rng), 4)
            self.begin(
                self.deal(
                    "alpha", person, DealStatus.APPROVED, submitted_at, customer=customer, group=group,
                    approved_on=approved_on, comments=2, grown=grown,
                )
            )  # fmt: skip
        # Extensions: one to be decided, on a protection that ends in four days; one that was granted.
        for days, asked, granted, key, person in (
            (4, world.now - timedelta(hours=20), None, "bravo", "bruno"),
            (-12, world.now - timedelta(days=16), 60, "alpha", "amir"),
        ):
            approved_on = today + timedelta(days=days - 90)
            submitted_at = before("FR", some_time("FR", approved_on - timedelta(days=3), self.rng), 4)
            self.begin(
                self.deal(
                    key, person, DealStatus.APPROVED, submitted_at, group="endpoint-security",
                    approved_on=approved_on, extension_asked_at=asked, extension_days=granted,
                )
            )  # fmt: skip
        # Denise's queue: office hours since the submission; the decision is due after eighteen.
        for hours, key, person, customer in (
            (29.0, "bravo", "bruno", "Transports Vandeville"),
            (21.5, "charlie", "carla", "Brouwerij De Gulden Roos"),
            (18.6, "alpha", "amir", "Papeteries du Vercors"),
            (17.2, "alpha", "alice", "Laboratoire Biovalis"),
            (15.9, "bravo", "lea", "Assurances Grand-Large"),
            (14.4, "lumerys", "", "Aéro-Composites Garonne"),
            (9.8, "armor-reseaux", "", "Polyclinique de l'Orangerie"),
            (4.6, "charlie", "joris", "Notariskantoor Verhulst"),
            (1.3, "bravo", "bruno", "Lycée Marguerite-Lebrun"),
        ):
            standard = "endpoint-security" if hours > 10 else "total-security"
            self.begin(
                self.deal(
                    key, person, DealStatus.SUBMITTED, before("FR", world.now, hours),
                    customer=customer, group=standard, comments=1,
                )
            )  # fmt: skip
        for hours, asked, key, person, customer in (
            (30, 5.0, "alpha", "alice", "Groupe immobilier Ardenor"),
            (15, 6.5, "alpha", "amir", "Institut Saint-Florent"),
            (20, 3.0, "bravo", "bruno", "Fonderies Delmotte"),
            (26, 7.5, "charlie", "carla", "Sint-Amanduscollege"),
        ):
            self.begin(
                self.deal(
                    key, person, DealStatus.INFORMATION_REQUESTED, before("FR", world.now, hours),
                    customer=customer, group="endpoint-security", asked_after=asked,
                )
            )  # fmt: skip
        # Enterprise deals that their distributor has passed on to the channel manager.
        for hours, key, person, group, customer in (
            (12.5, "armor-reseaux", "", "anti-targeted-attack", "Crédit Mutualiste des Volcans"),
            (22.0, "lumerys", "", "industrial-cybersecurity", "Régie des transports du Vexin"),
            (9.0, "platin", "paul", "anti-targeted-attack", "Volksbank Hinterland"),
            (15.5, "rheinkontor", "", "private-security-network", "Versicherungsmakler Grünwald"),
            (20.5, "lemanique-securite", "", "anti-targeted-attack", "Pharma Rheinbogen"),
            (11.0, "thamesmere-solutions", "", "anti-targeted-attack", "Ferndale Building Society"),
        ):
            company = world.companies[key]
            self.begin(
                self.deal(
                    key, person, DealStatus.SUBMITTED, self.working_hours_ago(company, hours),
                    customer=customer, group=group, decided_after=4.5, comments=3,
                )
            )  # fmt: skip
        # Decisions that came late.
        for days, key, person, customer in (
            (11, "bravo", "bruno", "Cinémas Le Palladium"),
            (22, "armor-reseaux", "", "Câbles et Cordages Malouins"),
        ):
            company = world.companies[key]
            self.begin(
                self.deal(
                    key, person, DealStatus.APPROVED, self.days_ago(company, days), customer=customer,
                    group="targeted-security", decided_after=23.5, comments=1,
                )
            )  # fmt: skip
        # Orders that the distributor has not confirmed yet.
        for days, key, person, customer in (
            (40, "alpha", "alice", "Assurances Bruyère"),
            (55, "alpha", "amir", "Hôtels Belle Escale"),
            (47, "bravo", "bruno", "Tissages Roumagnac"),
            (61, "charlie", "carla", "Advocaten Nieuwstraat"),
        ):
            self.begin(
                self.deal(
                    key, person, DealStatus.WON, self.days_ago(alpha, days), customer=customer,
                    group="total-security", ends_after_days=days - 8, confirmed_after=None,
                    disputed=days == 55,
                )
            )  # fmt: skip
        # Distri Nord has registered for one of its partners: Karim decides.
        lumerys = world.companies["lumerys"]
        on_behalf = self.deal(
            "lumerys", "", DealStatus.SUBMITTED, before("FR", world.now, 5.2),
            group="targeted-security", endorsed=False, on_behalf=True,
        )  # fmt: skip
        on_behalf.registrant = world.approvers[lumerys.sellers[0]][0]
        self.begin(on_behalf)
        self.begin(
            self.deal(
                "alpha", "alice", DealStatus.DRAFT, before("FR", world.now, 3),
                customer="Cave coopérative Terres Rouges", group="endpoint-security",
            )
        )  # fmt: skip

    def conflicts(self) -> None:
        """Two registrations of one customer: open ones in each constellation, and some of the past."""
        now = self.world.now
        for pair in OPEN_CONFLICTS:
            company = self.world.companies[pair.first]
            protected = isinstance(pair.ago, int)
            submitted = self.days_ago(company, int(pair.ago)) if protected else before("FR", now, pair.ago)
            facts = self.customer_for(company, pair.group, pair.customer)
            facts.domain = facts.domain or f"{slug(pair.customer)}.example"
            numbers = {}
            if pair.group == "total-security":
                facts.number = facts.number or valid_number(facts.country, self.world.rng)
                numbers = {"number": facts.number}
            end = DealStatus.APPROVED if protected else DealStatus.SUBMITTED
            self.begin(
                self.deal(
                    pair.first, pair.first_person, end, submitted,
                    customer=pair.customer, group=pair.group, endorsed=False, **numbers,
                )
            )  # fmt: skip
            sellers = self.world.companies[pair.second].sellers
            self.begin(
                self.deal(
                    pair.second, pair.second_person, DealStatus.SUBMITTED, before("FR", now, pair.hours),
                    customer=pair.customer, group=pair.group, spelling=pair.spelling, seller=sellers[-1],
                    endorsed=False, comments=1, **numbers,
                )
            )  # fmt: skip
        self._conflicts_of_the_past()

    def _conflicts_of_the_past(self) -> None:
        for first, second, days, customer, outcome, first_end, second_end in SETTLED_CONFLICTS:
            company, other = self.world.companies[first], self.world.companies[second]
            plan = (
                self.deal(
                    first, "", first_end if first_end != DealStatus.REVOKED else DealStatus.APPROVED,
                    self.days_ago(company, days), customer=customer, group="endpoint-security",
                    ends_after_days=28, decided_after=5,
                )
            )  # fmt: skip
            self.begin(plan)

            def earlier(plan: Plan = plan) -> Case:
                return next(case for case in self.clockwork.cases if case.plan is plan)

            self.begin(
                self.deal(
                    second, "", second_end, self.days_ago(other, days - 9), customer=customer,
                    group="endpoint-security", ends_after_days=31,
                    then=self.clockwork.settled_by(earlier, outcome, 12.0),
                )
            )  # fmt: skip
