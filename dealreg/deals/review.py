"""What a reviewer weighs a registration by: who the customer may be, what else there is on it, what the
partner's registrations were worth so far. Vendor and distributor each see only what is theirs (rule E6)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Case, Count, Exists, OuterRef, Q, When

from dealreg.deals.lifecycle import ACTIVE, DealStatus
from dealreg.deals.models import Comment, Conflict, Deal, RejectionCode, RevocationCode, ToldApart
from dealreg.deals.querysets import DealQuerySet
from dealreg.deals.selectors import identity_of, open_conflicts, side_of, terms_of
from dealreg.deals.win_rates import WinRate, win_rate
from partners.customers.matching import Comparison, Verdict, compare
from partners.customers.models import Customer
from partners.customers.selectors import Candidate, candidates_for
from partners.customers.wording import finding_words
from partners.organisations.access import can
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.core.calendar import date_in, months_before

MOST_CANDIDATES = 10
MOST_DEALS = 60
RUNNING_FIRST = Case(When(status__in=ACTIVE, then=0), default=1)
# The statements of the registration were not true.
UNTRUE = Q(revocation_code=RevocationCode.UNTRUE_STATEMENT) | Q(
    status=DealStatus.REJECTED, rejection_code=RejectionCode.CUSTOMER_OBJECTS
)
# Which fact each finding is about, to highlight it.
_FACT_OF = {"number": "number", "domain": "domain", "name": "name", "name_alike": "name", "place": "place"}


def may_review(user: User, deal: Deal) -> bool:
    """Partners have no such page, nor has a distributor of what it registered itself (rules E6, E12)."""
    side = side_of(user.acting_as, deal)
    reviews = side == "vendor" or (side == "distributor" and not deal.on_behalf)
    return reviews and deal.status != DealStatus.DRAFT


def may_tell_apart(user: User, deal: Deal) -> bool:
    side = side_of(user.acting_as, deal)
    if side == "vendor":
        return can(user, "deals.decide_as_vendor")
    return side == "distributor" and not deal.on_behalf and can(user, "deals.decide_as_distributor")


# --- who the customer may be ---------------------------------------------------------------------------


@dataclass(frozen=True)
class OtherDeal:
    """Another registration, as far as this reader may know of it."""

    deal: Deal
    is_seen: bool
    is_earlier: bool
    same_group: bool
    conflict: Conflict | None


@dataclass
class Candidacy:
    """A record that is the deal's customer or perhaps is, and the registrations on it. To a distributor
    the record itself is not shown, only its own registrations."""

    customer: Customer | None
    key: int
    is_same: bool
    words: list[str]
    facts: frozenset[str]
    deals: list[OtherDeal] = field(default_factory=list)
    may_tell_apart: bool = False


@dataclass(frozen=True)
class Picture:
    """`hidden_rival`: to a distributor, that another registration came first, and nothing more."""

    candidates: list[Candidacy]
    history: list[OtherDeal]
    told_apart: list[ToldApart]
    hidden_rival: bool


def picture_of(user: User, deal: Deal, at: datetime) -> Picture:
    """Everything that the reader may know about this deal's customer."""
    side = side_of(user.acting_as, deal)
    found = _candidates(deal)
    told = list(deal.told_apart.select_related("customer", "by")) if side == "vendor" else []
    apart = set(deal.told_apart.values_list("customer_id", flat=True))
    others = _others_on(user, deal, side, [one.customer.pk for one in found], at)
    by_record: dict[int, list[OtherDeal]] = {}
    for other in others:
        record = other.deal.customer.merged_into_id or other.deal.customer_id
        by_record.setdefault(record, []).append(other)
    may = may_tell_apart(user, deal)
    seen = _records_seen(user, found) if side == "vendor" else set()
    candidates, history = [], []
    for one in found:
        key, is_same = one.customer.pk, one.comparison.verdict == Verdict.SAME
        deals = by_record.get(key, [])
        is_own = key == (deal.customer.merged_into_id or deal.customer_id) if deal.customer else False
        if key in apart and not is_own:
            continue
        if is_same or is_own:
            history += [other for other in deals if other.deal.status not in ACTIVE]
        running = [other for other in deals if other.deal.status in ACTIVE or not (is_same or is_own)]
        if side == "distributor" and not deals:
            continue
        if side == "vendor" and key not in seen and not deals:
            continue
        comparison = one.comparison
        if side == "distributor":
            comparison = _as_typed(deal, deals[0].deal)
        candidates.append(
            Candidacy(
                customer=one.customer if key in seen else None,
                key=key,
                is_same=is_same or is_own,
                words=finding_words(comparison.findings),
                facts=_facts(comparison),
                deals=running,
                may_tell_apart=may and not (is_same or is_own),
            )
        )
    history.sort(key=lambda other: other.deal.ended_on or date.max, reverse=True)
    shown = {other.deal.pk for other in others}
    hidden = side == "distributor" and deal.is_under_review and open_conflicts(deal) > 0
    if hidden:
        rivals = Conflict.objects.open().filter(later=deal).values_list("earlier_id", flat=True)
        hidden = not set(rivals) <= shown
    return Picture(candidates, history, told, hidden)


def _candidates(deal: Deal) -> list[Candidate]:
    return candidates_for(identity_of(deal), limit=MOST_CANDIDATES)


def _as_typed(deal: Deal, other: Deal) -> Comparison:
    """A distributor reads what follows from what it sees itself, not from what others have typed."""
    return compare(identity_of(deal), identity_of(other))


def _facts(comparison: Comparison) -> frozenset[str]:
    return frozenset(_FACT_OF[one.code] for one in comparison.findings if one.code in _FACT_OF)


def _records_seen(user: User, found: Iterable[Candidate]) -> set[int]:
    wanted = [one.customer.pk for one in found]
    return set(Customer.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))


def _others_on(user: User, deal: Deal, side: str, records: list[int], at: datetime) -> list[OtherDeal]:
    """Running registrations, and those that ended within the look-back of rule E2."""
    since = months_before(date_in(deal.partner.country, at), terms_of(deal).new_business_lookback_months)
    related = Deal.objects.of_customers(records).exclude(pk=deal.pk).exclude(status=DealStatus.DRAFT)
    visible = Deal.objects.visible_to(user).values("pk")
    conflicts = {}
    if side == "vendor":
        # Both sides of a conflict are shown to whoever settles it, also the one of another region.
        for conflict in Conflict.objects.visible_to(user).filter(Q(later=deal) | Q(earlier=deal)):
            other = conflict.earlier_id if conflict.later_id == deal.pk else conflict.later_id
            conflicts[other] = conflict
        related = related.filter(Q(pk__in=visible) | Q(pk__in=conflicts))
    else:
        related = related.filter(pk__in=visible)
    related = related.filter(Q(status__in=ACTIVE) | Q(ended_on__gte=since))
    seen = set(Deal.objects.visible_to(user).filter(pk__in=related.values("pk")).values_list("pk", flat=True))
    rows = related.select_related("partner", "distributor", "product_group", "customer")
    return [
        OtherDeal(
            deal=other,
            is_seen=other.pk in seen,
            is_earlier=(other.submitted_at, other.pk) < (deal.submitted_at, deal.pk),
            same_group=other.product_group_id == deal.product_group_id,
            conflict=conflicts.get(other.pk),
        )
        # Where there are too many, what has ended is left out first.
        for other in rows.order_by(RUNNING_FIRST, "submitted_at", "pk")[:MOST_DEALS]
    ]


def offered_records(user: User, deal: Deal) -> set[int]:
    """The records that the page offers this reader to tell apart from the deal's customer."""
    picture = picture_of(user, deal, deal.submitted_at)
    return {one.key for one in picture.candidates if one.may_tell_apart}


# --- what the customer has bought ----------------------------------------------------------------------


@dataclass(frozen=True)
class Purchase:
    """Rule E2: what is known to have been bought of the deal's product group, and in which deal."""

    bought_on: date
    deal: Deal


def known_purchases(deals: Iterable[OtherDeal]) -> list[Purchase]:
    """Of the deal's product group. Deals that were won; sales lines will tell of the rest."""
    return [
        Purchase(other.deal.order_date, other.deal)
        for other in deals
        if other.deal.status == DealStatus.WON and other.same_group
    ]


# --- what the partner's registrations were worth -------------------------------------------------------


@dataclass(frozen=True)
class PartnerRecord:
    """Over `months`; without news is what nobody has written or changed anything on for `days`."""

    months: int
    days: int
    running: int
    without_news: int
    registered: int
    untrue: int
    wins: WinRate

    @property
    def without_news_pct(self) -> int | None:
        return round(100 * self.without_news / self.running) if self.running else None


def partner_record(user: User, deal: Deal, at: datetime) -> PartnerRecord:
    """To the vendor all registrations of the partner; to a distributor those that name it."""
    deals: DealQuerySet = Deal.objects.filter(partner=deal.partner_id)
    if side_of(user.acting_as, deal) != "vendor":
        deals = deals.filter(pk__in=Deal.objects.visible_to(user).values("pk"))
    today = date_in(deal.partner.country, at)
    terms = rulebook_on(today).deal_registration
    since = months_before(today, terms.record_months)
    last_news = at - timedelta(days=terms.without_news_days)
    running = Q(status__in=ACTIVE)
    written = Comment.objects.filter(deal=OuterRef("pk"), at__gte=last_news)
    silent = running & Q(~Exists(written), changed_at__lt=last_news)
    recent = Q(submitted_at__date__gte=since)
    found = deals.order_by().aggregate(
        running=Count("pk", filter=running),
        without_news=Count("pk", filter=silent),
        registered=Count("pk", filter=recent),
        untrue=Count("pk", filter=recent & UNTRUE),
    )
    return PartnerRecord(
        months=terms.record_months, days=terms.without_news_days, wins=win_rate(deals, today), **found
    )
