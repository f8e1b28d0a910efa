"""Figures and work lists of the home pages: a fixed number of statements each, counted by the
database, and only over what the reader may see."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    Window,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, RowNumber, TruncMonth

from dealreg.deals.discounts import open_requests
from dealreg.deals.lifecycle import ACTIVE, DealStatus, Step
from dealreg.deals.models import Appeal, Conflict, Deal, Question
from dealreg.deals.querysets import ends_soon
from dealreg.deals.revocations import heard_notices
from dealreg.deals.selectors import registrant_facts
from dealreg.deals.win_rates import WinRate, win_rate
from partners.certification.models import Departure
from partners.organisations.models import Partner
from partners.programme.rules import check_may_register, recommended_discount_ceiling
from partners.programme.selectors import rulebook_on
from partners.tiering.models import TierReview
from portal.accounts.models import User
from portal.audit.models import Audience, Event
from portal.audit.verbs import VERBS, Verb, humanised
from portal.core.charts import last_months
from portal.core.errors import RuleViolation
from portal.dashboard import links

YEAR = 12
LINES = 6
DECISIONS_WINDOW_DAYS = 30


# ---------------------------------------------------------------- deals by state and currency


@dataclass(frozen=True)
class Amount:
    """Sums of several currencies are never added up: the one of most deals, and the others beside it."""

    currency: str = "EUR"
    total: Decimal = Decimal(0)
    others: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True)
class StateFigures:
    """Deals the reader sees, counted by state and currency."""

    rows: tuple[dict[str, Any], ...]

    def count(self, *states: str) -> int:
        return sum(row["deals"] for row in self.rows if not states or row["status"] in states)

    def sum_of(self, name: str) -> int:
        return sum(row[name] for row in self.rows)

    def amount(self, *states: str) -> Amount:
        deals: dict[str, int] = {}
        totals: dict[str, Decimal] = {}
        for row in self.rows:
            deals[row["currency"]] = deals.get(row["currency"], 0) + row["deals"]
            if row["status"] in states:
                totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + (row["total"] or 0)
        if not deals:
            return Amount()
        main = max(deals, key=lambda code: (deals[code], code))
        others = sorted(
            ((code, total) for code, total in totals.items() if code != main), key=lambda one: -one[1]
        )
        return Amount(main, totals.get(main, Decimal(0)), tuple(others))

    @property
    def open(self) -> int:
        return self.count(*ACTIVE)

    @property
    def protected(self) -> int:
        return self.count(DealStatus.APPROVED)

    @property
    def submitted(self) -> int:
        return self.count(DealStatus.SUBMITTED)

    @property
    def information_requested(self) -> int:
        return self.count(DealStatus.INFORMATION_REQUESTED)

    @property
    def drafts(self) -> int:
        return self.count(DealStatus.DRAFT)

    @property
    def value_of_open(self) -> Amount:
        return self.amount(*ACTIVE)

    @property
    def value_protected(self) -> Amount:
        return self.amount(DealStatus.APPROVED)


def state_figures(user: User, **also: Q) -> StateFigures:
    """`also`: more to count in the same statement, read with `StateFigures.sum_of`."""
    rows = (
        Deal.objects.visible_to(user)
        .order_by()
        .values("status", "currency")
        .annotate(
            deals=Count("pk"),
            total=Sum("list_amount"),
            **{name: Count("pk", filter=condition) for name, condition in also.items()},
        )
    )
    return StateFigures(tuple(rows))


def month_counts(user: User, on: date, instant: str) -> list[tuple[date, int]]:
    """How many deals have this instant (`submitted_at`, …) in each of the last twelve months."""
    months = last_months(on, YEAR)
    found = (
        Deal.objects.visible_to(user)
        .filter(**{f"{instant}__date__gte": months[0]})
        .annotate(month=TruncMonth(instant))
        .order_by()
        .values("month")
        .annotate(deals=Count("pk"))
    )
    by_month = {row["month"].date(): row["deals"] for row in found}
    return [(month, by_month.get(month, 0)) for month in months]


# ---------------------------------------------------------------- partner


@dataclass(frozen=True)
class Benefit:
    """A ceiling that the tier gives: `code` names the benefit, `group` its product group, if any."""

    code: str
    pct: Decimal
    group: str = ""


@dataclass(frozen=True)
class TierStanding:
    """The tier that counts (rule H7), and what it gives in per cent."""

    earned: str
    effective: str
    benefits: tuple[Benefit, ...]
    may_register: bool

    @property
    def is_raised(self) -> bool:
        return self.earned != self.effective


def tier_standing(partner: Partner, on: date) -> TierStanding:
    rulebook = rulebook_on(on)
    facts = registrant_facts(partner, on, rulebook)
    standard = next(code for code, line in rulebook.product_lines.items() if line == "standard")
    benefits = [Benefit("discount_standard", recommended_discount_ceiling(rulebook, facts.tier, standard))]
    may_register = True
    try:
        benefits.append(Benefit("registration_standard", check_may_register(facts, standard, rulebook)))
    except RuleViolation:
        may_register = False
    for group in sorted(facts.specialisations):
        try:
            benefits.append(
                Benefit("registration_enterprise", check_may_register(facts, group, rulebook), group)
            )
        except RuleViolation:
            continue
    return TierStanding(partner.tier, facts.tier, tuple(benefits), may_register)


@dataclass(frozen=True)
class Deadline:
    """A date that the reader should know. `kind`: decision, protection, report or replacement (of a
    departed employee)."""

    deal: Deal | Departure
    kind: str
    due: date | datetime


@dataclass(frozen=True)
class PartnerHome:
    states: StateFigures
    months: list[tuple[date, int]]
    win_rate: WinRate
    tier: TierStanding
    questions: list[Deal]
    drafts: list[Deal]
    to_report: list[Deal]
    to_report_count: int
    ending: list[Deal]
    ending_count: int
    ending_soon_days: int
    deadlines: list[Deadline]
    activity: list["Activity"]
    departures: list[Departure]

    @property
    def is_new(self) -> bool:
        return not self.states.count() and not self.departures

    @property
    def needs(self) -> int:
        return (
            self.states.information_requested
            + self.states.drafts
            + self.to_report_count
            + self.ending_count
            + len(self.departures)
        )


def _to_report(on: date, soon: int) -> Q:
    """The customer was to sign by now. Those that end soon are asked about anyway."""
    last = on + timedelta(days=soon)
    return Q(status=DealStatus.APPROVED, expected_close_on__lte=on, protected_until__gt=last)


def partner_home(user: User, *, at: datetime, on: date) -> PartnerHome:
    """`on` is the partner's own date at the instant `at`."""
    soon = rulebook_on(on).deal_registration.ending_soon_days
    states = state_figures(user, ending=ends_soon(on, soon), to_report=_to_report(on, soon))
    work = _partner_work(user, on, soon) if states.count() else {}
    # For the hours of the office that decides.
    prefetch_related_objects(work.get("awaited", []), "distributor", "edition")
    deadlines = [Deadline(deal, "protection", deal.protected_until) for deal in work.get("ending", [])]
    deadlines += [Deadline(deal, "decision", deal.decision_due_at) for deal in work.get("awaited", [])]
    departures = list(
        Departure.objects.visible_to(user)
        .open()
        .select_related("employment")
        .order_by("replacement_due_on", "pk")[:LINES]
    )
    deadlines += [Deadline(one, "report", one.report_due_on) for one in departures if not one.reported_on]
    deadlines += [Deadline(one, "replacement", one.replacement_due_on) for one in departures]
    return PartnerHome(
        states=states,
        months=month_counts(user, on, "submitted_at"),
        win_rate=win_rate(Deal.objects.visible_to(user), on),
        tier=tier_standing(user.acting_as.partner, on),
        questions=work.get("questions", []),
        drafts=work.get("drafts", []),
        to_report=work.get("to_report", []),
        to_report_count=states.sum_of("to_report"),
        ending=work.get("ending", []),
        ending_count=states.sum_of("ending"),
        ending_soon_days=soon,
        deadlines=sorted(deadlines, key=_when)[: LINES + 1],
        activity=recent_activity(user),
        departures=departures,
    )


def _partner_work(user: User, on: date, soon: int) -> dict[str, list[Deal]]:
    """The first of each kind of work, in one statement."""
    question = Question.objects.filter(deal=OuterRef("pk"), answered_at=None)
    deals = Deal.objects.visible_to(user).annotate(asked=Subquery(question.values("text")[:1]))
    kinds = {
        "questions": deals.filter(status=DealStatus.INFORMATION_REQUESTED).order_by("changed_at"),
        "to_report": deals.filter(_to_report(on, soon)).order_by("expected_close_on"),
        "ending": deals.filter(ends_soon(on, soon)).order_by("protected_until"),
        "drafts": deals.filter(status=DealStatus.DRAFT).order_by("-changed_at"),
        "awaited": deals.filter(status=DealStatus.SUBMITTED).order_by("decision_due_at"),
    }
    parts = [
        kind.annotate(work=Value(name), place=Window(RowNumber(), order_by=kind.query.order_by[0]))[
            : LINES + 1
        ]
        for name, kind in kinds.items()
    ]
    found: dict[str, list[Deal]] = {name: [] for name in kinds}
    for deal in sorted(parts[0].union(*parts[1:], all=True), key=lambda deal: deal.place):
        found[deal.work].append(deal)
    return found


def _when(deadline: Deadline) -> tuple[date, float]:
    """Days end at midnight, hours come before."""
    due = deadline.due
    return (due.date(), due.timestamp()) if isinstance(due, datetime) else (due, float("inf"))


# ---------------------------------------------------------------- what happened


@dataclass(frozen=True)
class Activity:
    event: Event
    deal: Deal
    verb: Verb


def recent_activity(user: User, count: int = LINES + 3) -> list[Activity]:
    """The latest events of the deals the reader sees, as far as everybody who sees the deal may read them."""
    deals = Deal.objects.visible_to(user)
    events = list(
        Event.objects.filter(
            subject_type=ContentType.objects.get_for_model(Deal),
            subject_id__in=deals.order_by().values("pk"),
            audience=Audience.EVERYBODY,
        )
        .exclude(verb="deal.drafted")
        .order_by("-at", "-id")[:count]
    )
    known = deals.in_bulk([event.subject_id for event in events])
    return [
        Activity(event, known[event.subject_id], VERBS.get(event.verb) or Verb(humanised(event.verb)))
        for event in events
    ]


# ---------------------------------------------------------------- work lists of distributor and vendor


def queue(user: User, step: Step, at: datetime, count: int = LINES) -> list[Deal]:
    """What this side may decide on, most urgent first; `in_conflict` where another came first."""
    earlier = Conflict.objects.open().filter(later=OuterRef("pk"))
    return list(
        Deal.objects.visible_to(user)
        .open_to(step, at)
        .annotate(in_conflict=Exists(earlier))
        .select_related("partner", "distributor", "product_group", "edition")[:count]
    )


@dataclass(frozen=True)
class PartnerLoad:
    """A partner and its active registrations."""

    reference: str
    name: str
    tier: str
    country: str
    open: int
    protected: int

    @property
    def open_url(self) -> str:
        return links.deals(partner=self.reference, status="open")

    @property
    def protected_url(self) -> str:
        return links.deals(partner=self.reference, status=DealStatus.APPROVED)


def busiest_partners(user: User, on: date, count: int = LINES) -> list[PartnerLoad]:
    rows = (
        Deal.objects.visible_to(user)
        .active()
        .order_by()
        .values("partner_id", "partner__reference", "partner__trade_name", "partner__country")
        .annotate(open=Count("pk"), protected=Count("pk", filter=Q(status=DealStatus.APPROVED)))
        .order_by("-open", "partner__trade_name")[:count]
    )
    shown = Partner.objects.filter(pk__in=[row["partner_id"] for row in rows]).with_counting_tier(on)
    tiers = dict(shown.values_list("pk", "counting_tier"))
    return [
        PartnerLoad(
            row["partner__reference"],
            row["partner__trade_name"],
            tiers[row["partner_id"]],
            row["partner__country"],
            row["open"],
            row["protected"],
        )
        for row in rows
    ]


@dataclass(frozen=True)
class DecisionFigures:
    """Where decisions stand now, and how many were taken in time in the last 30 days."""

    to_decide: int
    overdue: int
    asked: int
    decided: int
    decided_late: int
    orders: int

    @property
    def decided_on_time(self) -> int:
        return self.decided - self.decided_late

    @property
    def on_time_pct(self) -> int | None:
        return round(100 * self.decided_on_time / self.decided) if self.decided else None


# A disputed order waits for the partner.
_UNCONFIRMED = Q(status=DealStatus.WON, order_confirmed_at=None, order_disputed_at=None)


def _decided_since(since: datetime) -> Q:
    """Decisions of the distributor's step: an enterprise deal counts when it was passed on."""
    return Q(step=Step.DISTRIBUTOR, decided_at__gte=since) | Q(endorsed_at__gte=since)


def decision_figures(user: User, at: datetime) -> DecisionFigures:
    decided = _decided_since(at - timedelta(days=DECISIONS_WINDOW_DAYS))
    waiting = Q(status=DealStatus.SUBMITTED, step=Step.DISTRIBUTOR)
    late = Q(endorsed_at=None, overdue_told_at__isnull=False) | Q(overdue_told_at__lt=F("endorsed_at"))
    figures = (
        Deal.objects.visible_to(user)
        .order_by()
        .aggregate(
            to_decide=Count("pk", filter=waiting),
            overdue=Count("pk", filter=waiting & Q(decision_due_at__lt=at)),
            asked=Count("pk", filter=Q(status=DealStatus.INFORMATION_REQUESTED, step=Step.DISTRIBUTOR)),
            decided=Count("pk", filter=decided),
            decided_late=Count("pk", filter=decided & late),
            orders=Count("pk", filter=_UNCONFIRMED),
        )
    )
    return DecisionFigures(**figures)


@dataclass(frozen=True)
class DistributorHome:
    states: StateFigures
    decisions: DecisionFigures
    queue: list[Deal]
    partners: list[PartnerLoad]
    orders: list[Deal]
    months: list[tuple[date, int]]


def distributor_home(user: User, *, at: datetime, on: date) -> DistributorHome:
    unconfirmed = Deal.objects.visible_to(user).filter(_UNCONFIRMED)
    return DistributorHome(
        states=state_figures(user),
        decisions=decision_figures(user, at),
        queue=queue(user, Step.DISTRIBUTOR, at, LINES + 2),
        partners=busiest_partners(user, on),
        orders=list(unconfirmed.select_related("partner").order_by("order_date", "pk")[: LINES + 1]),
        months=month_counts(user, on, "decided_at"),
    )


# ---------------------------------------------------------------- vendor


@dataclass(frozen=True)
class CountryLine:
    country: str
    partners: int
    open: int = 0
    protected: int = 0


@dataclass(frozen=True)
class Portfolio:
    """The partners of the reader's region, by the tier that counts and by country."""

    by_tier: dict[str, int]
    countries: list[CountryLine]

    @property
    def partners(self) -> int:
        return sum(self.by_tier.values())


@dataclass(frozen=True)
class VendorHome:
    states: StateFigures
    conflicts: list[Conflict]
    conflicts_count: int
    overdue: list[Deal]
    overdue_count: int
    approvals: list[Deal]
    approvals_count: int
    portfolio: Portfolio
    partners: list[PartnerLoad]
    months: list[tuple[date, int]]
    appeals_count: int
    discounts_count: int
    revocations: list[Deal]
    reviews: list[TierReview]
    departures: list[Departure]


def portfolio(user: User, on: date) -> Portfolio:
    rows = (
        Partner.objects.visible_to(user)
        .with_counting_tier(on)
        .order_by()
        .values("country", "counting_tier")
        .annotate(partners=Count("pk"))
    )
    by_tier: dict[str, int] = {}
    by_country: dict[str, int] = {}
    for row in rows:
        tier = row["counting_tier"]
        by_tier[tier] = by_tier.get(tier, 0) + row["partners"]
        by_country[row["country"]] = by_country.get(row["country"], 0) + row["partners"]
    deals = (
        Deal.objects.visible_to(user)
        .active()
        .order_by()
        .values("partner__country")
        .annotate(open=Count("pk"), protected=Count("pk", filter=Q(status=DealStatus.APPROVED)))
    )
    loads = {row["partner__country"]: row for row in deals}
    countries = [
        CountryLine(
            country,
            partners,
            loads.get(country, {}).get("open", 0),
            loads.get(country, {}).get("protected", 0),
        )
        for country, partners in by_country.items()
    ]
    return Portfolio(by_tier, sorted(countries, key=lambda line: (-line.open, -line.partners, line.country)))


def _count_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().annotate(all_of_them=Value(1)).values("all_of_them").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)


def vendor_home(user: User, *, at: datetime, on: date) -> VendorHome:
    deals = Deal.objects.visible_to(user)
    late = Q(status=DealStatus.SUBMITTED, decision_due_at__lt=at)
    to_approve = Q(status=DealStatus.SUBMITTED) & (
        Q(step=Step.VENDOR) | Q(step=Step.DISTRIBUTOR, vendor_may_decide_at__lte=at)
    )
    conflicts = Conflict.objects.visible_to(user).open()
    heard = Deal.objects.visible_to(user).filter(revocation_notices__in=heard_notices(user, at))
    # Counts of different tables in one statement.
    open_cases = (
        User.objects.filter(pk=user.pk)
        .annotate(
            conflicts=_count_of(conflicts),
            appeals=_count_of(Appeal.objects.visible_to(user).open()),
            discounts=_count_of(open_requests(user)),
            heard=_count_of(heard),
            overdue=_count_of(deals.filter(late)),
            approvals=_count_of(deals.filter(to_approve)),
        )
        .values("conflicts", "appeals", "discounts", "heard", "overdue", "approvals")
        .get()
    )
    overdue = deals.overdue(at).select_related("partner", "distributor", "edition")
    overdue = overdue.order_by("decision_due_at", "pk")
    return VendorHome(
        states=state_figures(user),
        conflicts=list(
            conflicts.select_related("later__partner", "later__product_group", "earlier__partner").order_by(
                "found_at", "pk"
            )[: LINES - 1]
        ),
        conflicts_count=open_cases["conflicts"],
        overdue=list(overdue[: LINES - 1]),
        overdue_count=open_cases["overdue"],
        approvals=queue(user, Step.VENDOR, at, LINES - 1),
        approvals_count=open_cases["approvals"],
        portfolio=portfolio(user, on),
        partners=busiest_partners(user, on),
        months=month_counts(user, on, "submitted_at"),
        appeals_count=open_cases["appeals"],
        discounts_count=open_cases["discounts"],
        revocations=list(heard) if open_cases["heard"] else [],
        reviews=list(
            TierReview.objects.visible_to(user)
            .open()
            .select_related("partner")
            .order_by("opened_at", "pk")[: LINES - 1]
        ),
        departures=list(
            Departure.objects.visible_to(user)
            .open()
            .select_related("partner", "employment")
            .order_by("replacement_due_on", "pk")[: LINES - 1]
        ),
    )
