from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Q

from dealreg.deals.lifecycle import ACTIVE, DEAL_LIFECYCLE, UNDER_REVIEW, DealStatus, Step
from dealreg.deals.models import Amendment, Appeal, Conflict, Deal, Extension, RevocationOutcome
from dealreg.deals.querysets import DealQuerySet, ExtensionQuerySet
from dealreg.deals.rules import (
    check_may_change_distributor,
    check_may_extend,
    check_not_under_examination,
    last_day_to_reopen,
    last_day_to_report,
)
from dealreg.deals.win_rates import WinRate, win_counts
from partners.catalogue.models import Price, PriceList, Product, ProductGroup
from partners.catalogue.selectors import price_list_for
from partners.customers.identity import CustomerIdentity, read_identity
from partners.customers.matching import Verdict, compare
from partners.customers.selectors import Candidate, matching_customers
from partners.organisations.access import can, people_who_can
from partners.organisations.models import Distributor, Membership, Partner, PartnerStatus, Supply
from partners.programme.rulebook import DealRegistrationTerms, Rulebook
from partners.programme.rules import RegistrantFacts, check_may_register, effective_tier
from partners.programme.selectors import rulebook_of, rulebook_on
from partners.specialisations.selectors import groups_held
from portal.accounts.models import User
from portal.accounts.roles import VENDOR_ROLES, Role
from portal.audit.models import Event
from portal.core.calendar import date_in, months_before
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop

# Which capability each move asks for, and on which side of the deal its holder must stand.
_PARTNER_MOVES = {
    "report_won": "deals.close",
    "report_lost": "deals.close",
    "correct_order": "deals.close",
    "take_back_win": "deals.close",
    "extend": "deals.register",
    "reopen": "deals.register",
}

_REVIEW_MOVES = ("request_information", "endorse", "approve", "reject")
# Rule E11 holds for these.
_EXTENSION_DECISIONS = ("grant_extension", "refuse_extension")
_ORDER_DECISIONS = ("confirm_order", "dispute_order")
_DECISIONS = (*_REVIEW_MOVES, *_EXTENSION_DECISIONS, "revoke", *_ORDER_DECISIONS)
# Nobody's own step: made by the portal, or by the decision on an appeal.
_NO_BUTTON = (
    "amend",
    "change_distributor",
    "expire",
    "reinstate",
    "revoke_ended",
)
_REVIEW_CAPABILITY = {
    Step.DISTRIBUTOR: "deals.decide_as_distributor",
    Step.VENDOR: "deals.decide_as_vendor",
}


def side_of(membership: Membership | None, deal: Deal) -> str:
    """`partner`, `distributor`, `vendor`, or nothing for whom the deal is none of their business."""
    if membership is None:
        return ""
    if membership.partner_id is not None and membership.partner_id == deal.partner_id:
        return "partner"
    if membership.distributor_id is not None and membership.distributor_id == deal.distributor_id:
        return "distributor"
    if membership.role in VENDOR_ROLES and deal.partner.country in membership.vendor_office.countries:
        return "vendor"
    return ""


def is_registrant(user: User, deal: Deal) -> bool:
    """Rule E11: whether this person registered the deal, or belongs to the organisation that did: the
    partner, and with it, on its behalf, the distributor (E12). A second membership counts as well,
    whichever the person acts under now, and so does having looked after it."""
    if user.pk in (deal.registered_by_id, deal.handled_by_id):
        return True
    registrant = Q(partner=deal.partner_id)
    if deal.on_behalf:
        registrant |= Q(distributor=deal.distributor_id)
    return user.memberships.active().filter(registrant).exists()


def has_hand_in_order(user: User, deal: Deal) -> bool:
    """Rules E10, E11: whoever told of the order, or belongs to the partner that did, does not say whether
    it exists. A distributor that registered on behalf does: it was told by another company."""
    if not deal.on_behalf:
        return is_registrant(user, deal)
    if user.pk == deal.order_reported_by_id:
        return True
    return user.memberships.active().filter(partner=deal.partner_id).exists()


def _judges_own(user: User, deal: Deal, move: str) -> bool:
    if move in _ORDER_DECISIONS:
        return has_hand_in_order(user, deal)
    if move in _EXTENSION_DECISIONS:
        extension = pending_extension(deal)
        if extension is not None and extension.asked_by_id == user.pk:
            return True
    return is_registrant(user, deal)


def registering_capability(deal: Deal) -> str:
    return "deals.register_on_behalf" if deal.on_behalf else "deals.register"


def registers(user: User, deal: Deal) -> bool:
    """Whether the person acts for the side that writes this registration (rule E12)."""
    writer = "distributor" if deal.on_behalf else "partner"
    return side_of(user.acting_as, deal) == writer and can(user, registering_capability(deal))


def may_answer(user: User, deal: Deal) -> bool:
    """The side that wrote the registration, and the partner it is for in any case."""
    own = side_of(user.acting_as, deal) == "partner" and can(user, "deals.register")
    return own or registers(user, deal)


def may_make(user: User, deal: Deal, move: str, at: datetime | None = None) -> bool:
    """Whether this person's role and place allow the move, whatever state the deal is in. Without the
    instant what depends on it is not allowed: to decide in the distributor's place."""
    if not _place_allows(user, deal, move, at):
        return False
    if move not in _DECISIONS:
        return True
    return not _judges_own(user, deal, move) and not _decides_again(user, deal, move)


def _decides_again(user: User, deal: Deal, move: str) -> bool:
    return move in _REVIEW_MOVES and user.pk == rejected_before_by(deal)


def is_silent(owed: Deal | Extension | Amendment, at: datetime | None) -> bool:
    """Rule E7: the distributor has let so much time pass that the channel manager may decide in its
    place. For a deal's decision, for that on an extension and for that on a change."""
    since = owed.vendor_may_decide_at
    return owed.step == Step.DISTRIBUTOR and at is not None and since is not None and since <= at


def steps_in(user: User, owed: Deal | Extension, at: datetime) -> bool:
    """Whether what this person decides now is decided in the distributor's place."""
    return is_silent(owed, at) and user.acting_as.vendor_office_id is not None


def pending_extension(deal: Deal) -> Extension | None:
    return deal.extensions.pending().first() if deal.protection_held else None


def last_word(deal: Deal) -> Step:
    """Rules E4, E8, E12: whose decision the extension and the changes of an approved deal are. The channel
    manager's on enterprise deals, on those registered on behalf, and on those that an appeal brought back
    (rule E9); else the distributor's."""
    return Step.VENDOR if deal.needs_vendor or deal.reinstated_at else Step.DISTRIBUTOR


def _may_decide_extension(user: User, deal: Deal, side: str, at: datetime | None) -> bool:
    extension = pending_extension(deal)
    step = Step(extension.step) if extension else last_word(deal)
    if extension and side == "vendor" and is_silent(extension, at):
        step = Step.VENDOR
    return side == str(step) and can(user, _REVIEW_CAPABILITY[step])


def _place_allows(user: User, deal: Deal, move: str, at: datetime | None) -> bool:
    side = side_of(user.acting_as, deal)
    if move == "submit":
        return registers(user, deal)
    if move in ("answer", "withdraw"):
        return may_answer(user, deal)
    if move in _PARTNER_MOVES:
        return side == "partner" and can(user, _PARTNER_MOVES[move])
    if move in ("confirm_order", "dispute_order"):
        return side == "distributor" and can(user, "deals.confirm_order")
    if move == "revoke":
        return side == "vendor" and can(user, "deals.revoke")
    if move in _EXTENSION_DECISIONS:
        return _may_decide_extension(user, deal, side, at)
    if move in _REVIEW_MOVES:
        step = Step(deal.step)
        if side == "vendor" and is_silent(deal, at):
            # One decision, with the discount: the distributor's half of it has lapsed.
            return move != "endorse" and can(user, _REVIEW_CAPABILITY[Step.VENDOR])
        if move == "endorse" and not (step == Step.DISTRIBUTOR and deal.needs_vendor):
            return False
        if move == "approve" and step == Step.DISTRIBUTOR and deal.needs_vendor:
            return False
        return side == str(step) and can(user, _REVIEW_CAPABILITY[step])
    raise LookupError(move)


def _has_gone_on_to_vendor(user: User, deal: Deal, move: str) -> bool:
    """The distributor's step was this person's to decide, and a colleague has just done so."""
    return (
        move in ("request_information", "endorse", "reject")
        and deal.endorsed_at is not None
        and side_of(user.acting_as, deal) == "distributor"
        and can(user, "deals.decide_as_distributor")
        and not is_registrant(user, deal)
    )


def require_move(user: User, deal: Deal, move: str, at: datetime | None = None) -> None:
    """Raises NotAllowed (403) when role or place do not allow the move, WrongState when it cannot
    start from where the deal is now."""
    seen = Deal.objects.visible_to(user).filter(pk=deal.pk).exists()
    if seen and _has_gone_on_to_vendor(user, deal, move):
        raise WrongState(
            "wrong-state",
            gettext_noop("This step is no longer possible: the record has moved on in the meantime."),
        )
    if not seen or not may_make(user, deal, move, at):
        raise NotAllowed("not-allowed", gettext_noop("Your role does not allow this step on this deal."))
    if move != "confirm_order":
        DEAL_LIFECYCLE.check(move, deal.status)
    if deal.status == DealStatus.WON and not _fits(deal, move):
        raise WrongState("wrong-state", gettext_noop("There is no order to confirm on this deal."))


def _fits(deal: Deal, move: str) -> bool:
    """Rule E10: what a won deal still allows hangs on its order, too."""
    if deal.status != DealStatus.WON:
        return True
    disputed = move == "dispute_order" and deal.order_disputed_at is not None
    return deal.order_confirmed_at is None and not disputed


def _is_open(deal: Deal, move: str, at: datetime | None) -> bool:
    """Whether more than the state allows the move now: a button that only leads to a refusal is none."""
    match move:
        case "extend":
            return at is not None and not deal.protection_held and extension_refusal(deal, at) is None
        case "grant_extension" | "refuse_extension":
            return deal.protection_held
        case "report_won" if deal.status == DealStatus.EXPIRED:
            return at is not None and date_in(deal.partner.country, at) <= report_until(deal)
        case "reopen":
            return at is not None and date_in(deal.partner.country, at) <= reopen_until(deal)
    return True


def _examined_until(deal: Deal) -> date | None:
    """Rule E13: when the examination of this protection was dropped; None without one."""
    dropped = deal.revocation_notices.filter(outcome=RevocationOutcome.DROPPED, decided_at__isnull=False)
    last = dropped.order_by("-decided_at").values_list("decided_at", flat=True).first()
    return date_in(deal.partner.country, last) if last else None


def report_until(deal: Deal) -> date:
    """Rules E8, E10, E13: the last day on which an order of the protected time may be told of."""
    return last_day_to_report(deal.protected_until, terms_of(deal), _examined_until(deal))


def reopen_until(deal: Deal) -> date:
    """Rules E8, E13: the last day on which the expired deal may be opened again."""
    return last_day_to_reopen(deal.ended_on, terms_of(deal), _examined_until(deal))


def changes_of_distributor(deal: Deal) -> int:
    """Of this registration; one that was re-opened is a new one."""
    return deal.distributor_changes.filter(changed_at__gte=deal.submitted_at).count()


def distributor_change_refusal(deal: Deal) -> RuleViolation | None:
    """Why the registration goes to no other distributor any more (rule E7); None when it may."""
    try:
        check_may_change_distributor(changes_of_distributor(deal), terms_of(deal))
    except RuleViolation as violation:
        return violation
    return None


def won_refusal(deal: Deal, at: datetime | None = None) -> RuleViolation | None:
    """Why the deal cannot be reported as won or re-opened, nor its order confirmed, now (rule E13); None
    when it can."""
    try:
        check_not_under_examination(announced=deal.revocation_notices.open().exists())
    except RuleViolation as violation:
        return violation
    return None


def same_order(user: User, deal: Deal) -> list[str]:
    """Rule E10: the numbers of the other deals of this partner at this distributor that name the same
    order. Never another partner's (rule E6)."""
    twins = Deal.objects.visible_to(user).filter(
        partner=deal.partner_id,
        distributor=deal.distributor_id,
        order_reference__iexact=deal.order_reference,
        status=DealStatus.WON,
    )
    return list(twins.exclude(pk=deal.pk).order_by("reference").values_list("reference", flat=True))


def extension_refusal(deal: Deal, at: datetime) -> RuleViolation | None:
    """Why no extension can be asked for now (rule E8); None when one can."""
    asked = deal.extensions.filter(asked_at__gte=deal.submitted_at)
    ends = list(asked.values_list("until_before", flat=True))
    try:
        check_may_extend(date_in(deal.partner.country, at), deal.protected_until, ends, terms_of(deal))
    except RuleViolation as violation:
        return violation
    return None


def moves_open_to(user: User, deal: Deal, at: datetime | None = None) -> list[str]:
    """The moves that this person may make now: the buttons of the page, and no others."""
    open_moves = [move for move in DEAL_LIFECYCLE.moves_from(deal.status) if move not in _NO_BUTTON]
    if deal.status == DealStatus.WON and deal.order_confirmed_at is None:
        open_moves.append("confirm_order")
    open_moves = [
        move
        for move in open_moves
        if _fits(deal, move) and _place_allows(user, deal, move, at) and _is_open(deal, move, at)
    ]
    decisions = [move for move in open_moves if move in _DECISIONS]
    if decisions and _judges_own(user, deal, decisions[0]):
        open_moves = [move for move in open_moves if move not in _DECISIONS]
    return [move for move in open_moves if not _decides_again(user, deal, move)]


# Eligibility (rule E3), before the form.


@dataclass(frozen=True)
class GroupEligibility:
    group: ProductGroup
    ceiling_pct: Decimal | None
    violation: RuleViolation | None

    @property
    def allowed(self) -> bool:
        return self.violation is None


def distributors_of(partner: Partner) -> list[Distributor]:
    """Whom the partner buys from today, its primary distributor first (rule A3)."""
    supplies = Supply.objects.filter(partner=partner, ended_on=None, distributor__is_active=True)
    chosen = supplies.select_related("distributor").order_by("-is_primary", "pk")
    return [supply.distributor for supply in chosen]


@dataclass(frozen=True)
class PriceTable:
    """What a product group costs in a country, for the lines of one deal."""

    prices: PriceList | None
    products: tuple[Product, ...]
    terms: tuple[int, ...]
    sold: frozenset[tuple[int, int]]

    def has(self, product: Product, term_months: int) -> bool:
        return (product.pk, term_months) in self.sold


def price_table(group: ProductGroup, country: str, on: date) -> PriceTable:
    """The products of the group that the price list of the day holds, and for which terms."""
    prices = price_list_for(country, on)
    if prices is None:
        return PriceTable(None, (), (), frozenset())
    sold = frozenset(
        Price.objects.filter(price_list=prices, product__group=group)
        .values_list("product_id", "term_months")
        .distinct()
    )
    priced = {product for product, _ in sold}
    products = Product.objects.filter(group=group, is_active=True).order_by("name")
    return PriceTable(
        prices,
        tuple(product for product in products if product.pk in priced),
        tuple(sorted({term for _, term in sold})),
        sold,
    )


def registrant_facts(partner: Partner, on: date, rulebook: Rulebook) -> RegistrantFacts:
    held = groups_held(partner, on)
    return RegistrantFacts(
        tier=effective_tier(partner.tier, held, rulebook),
        specialisations=held,
        authorised=partner.status == PartnerStatus.AUTHORISED,
    )


def has_own_channel_manager(partner: Partner, on: date) -> bool:
    """Rule B10: whether the partner's tier comes with a channel manager of its own."""
    rulebook = rulebook_on(on)
    tier = registrant_facts(partner, on, rulebook).tier
    return rulebook.benefits["dedicated_channel_manager"][tier] == "yes"


def eligibility(partner: Partner, on: date) -> list[GroupEligibility]:
    """For each product group on sale: up to which discount the partner may register, or why not."""
    rulebook = rulebook_on(on)
    facts = registrant_facts(partner, on, rulebook)
    found = []
    for group in ProductGroup.objects.filter(is_active=True):
        try:
            found.append(GroupEligibility(group, check_may_register(facts, group.code, rulebook), None))
        except RuleViolation as violation:
            found.append(GroupEligibility(group, None, violation))
    return found


# Conflicts (rules E2, E5): the portal looks with its own eyes, across all partners.


@dataclass(frozen=True)
class Rival:
    deal: Deal
    reasons: tuple[str, ...]


def bought_since(deal: Deal) -> date:
    """From which day on a purchase of the customer speaks against new business (rule E2)."""
    terms = rulebook_of(deal.edition).deal_registration
    submitted_on = date_in(deal.partner.country, deal.submitted_at)
    return months_before(submitted_on, terms.new_business_lookback_months)


def takes(other: Deal, deal: Deal) -> bool:
    """Whether `other` takes its customer and product group from an active registration: it is active
    itself, or was won within the look-back of rule E2, for then the customer has bought."""
    return deal.status in ACTIVE and holds_customer(other, deal)


def holds_customer(other: Deal, deal: Deal) -> bool:
    """The same, whatever the registration has become."""
    won = other.status == DealStatus.WON and other.order_date >= bought_since(deal)
    return won or other.status in ACTIVE


def identity_of(deal: Deal) -> CustomerIdentity:
    """As far as it can be read: a number that was typed before its country's check was known counts for
    nothing."""
    facts = {"company_number": deal.company_number, "web_domain": deal.web_domain}
    for name, typed in list(facts.items()):
        try:
            read_identity(name="", country=deal.customer_country, **{name: typed})
        except RuleViolation:
            facts[name] = ""
    return read_identity(
        name=deal.customer_name, country=deal.customer_country, city=deal.customer_city, **facts
    )


def rivals(deal: Deal) -> list[Rival]:
    """What else takes the same customer and product group, whoever registered it."""
    return rivals_among(deal, matching_customers(identity_of(deal)))


def rivals_among(deal: Deal, matches: Iterable[Candidate]) -> list[Rival]:
    """The same, where the records of the same company have been found."""
    reasons_by_customer = {match.customer.pk: match.reasons for match in matches}
    if not reasons_by_customer:
        return []
    takes_it = Q(status__in=ACTIVE) | Q(status=DealStatus.WON, order_date__gte=bought_since(deal))
    found = (
        Deal.objects.of_customers(reasons_by_customer)
        .filter(takes_it, product_group_id=deal.product_group_id)
        .exclude(pk=deal.pk)
        .select_related("partner", "distributor", "customer")
        .order_by("submitted_at", "pk")
    )
    return [
        Rival(rival, reasons_by_customer[rival.customer.merged_into_id or rival.customer_id])
        for rival in found
    ]


def own_registration_of(deal: Deal, identity: CustomerIdentity, *, by: User) -> Deal | None:
    """The partner's own active deal for this customer and group. Compares only what this partner typed
    itself, never what the portal learnt from others, not even how common a word is: the answer must not
    tell who is taken (E6). Whoever asks learns of none that they do not see: a distributor, on behalf, of
    its own alone."""
    own = (
        Deal.objects.visible_to(by)
        .filter(partner_id=deal.partner_id, product_group_id=deal.product_group_id, status__in=ACTIVE)
        .exclude(pk=deal.pk)
    )
    for other in own.order_by("submitted_at", "pk"):
        if compare(identity, identity_of(other)).verdict == Verdict.SAME:
            return other
    return None


def holds_up(conflict: Conflict, deal: Deal) -> bool:
    """The same as `open_conflicts`, of one conflict that was read with its later registration."""
    if conflict.outcome:
        return False
    later_has_it = conflict.later.status in (DealStatus.APPROVED, DealStatus.WON)
    return conflict.later_id == deal.pk or later_has_it


def open_conflicts(deal: Deal) -> int:
    """How many settlements this deal waits for before it can be approved (rule E5): those with an
    earlier registration, and those with a later one that is already protected or won."""
    later_has_it = Q(earlier=deal, later__status__in=[DealStatus.APPROVED, DealStatus.WON])
    return Conflict.objects.open().filter(Q(later=deal) | later_has_it).count()


# Queues.


def reviewing_step(user: User) -> Step | None:
    """At which step the person's side reviews deals; None for those who have no queue."""
    if can(user, "deals.see_queue"):
        return Step.DISTRIBUTOR
    if can(user, "deals.decide_as_vendor"):
        return Step.VENDOR
    return None


def queue_of(user: User, at: datetime) -> DealQuerySet:
    """The deals that the person's side may decide on, what is due first on top."""
    step = reviewing_step(user)
    return Deal.objects.visible_to(user).open_to(step, at) if step else Deal.objects.none()


def extensions_to_decide(user: User, at: datetime) -> ExtensionQuerySet:
    """The requests for more protection that the person's side may decide on."""
    step = reviewing_step(user)
    extensions = Extension.objects.visible_to(user)
    return extensions.open_to(step, at) if step else extensions.none()


# Who is told.


def channel_managers_of(partner: Partner, *, not_by: int | None = None) -> list[User]:
    """The partner's own channel manager, else all those whose office covers its country (rule A1);
    where none is left the programme administrators, so that nothing is told to nobody. `not_by`: the
    person whose decision is to be judged by another (rule E9)."""
    region = Membership.objects.active().filter(vendor_office__countries__contains=[partner.country])
    if not_by is not None:
        region = region.exclude(user_id=not_by)
    managers = region.filter(role=Role.CHANNEL_MANAGER).order_by("pk")
    for told in (
        managers.filter(user_id=partner.channel_manager_id),
        managers,
        region.filter(role=Role.PROGRAMME_ADMIN).order_by("pk"),
    ):
        people = [membership.user for membership in told]
        if people:
            return people
    return []


def distributor_reviewers(deal: Deal) -> list[User]:
    return people_who_can("deals.decide_as_distributor", deal.distributor.memberships.all())


def reviewers_of(deal: Deal) -> list[User]:
    """Who decides at the deal's present step; once the channel manager may do so in the distributor's
    place and has been told, both."""
    if deal.step == Step.VENDOR:
        return channel_managers_of(deal.partner, not_by=rejected_before_by(deal))
    if deal.silence_told_at is not None:
        return distributor_reviewers(deal) + channel_managers_of(deal.partner)
    return distributor_reviewers(deal)


def rejected_before_by(deal: Deal) -> int | None:
    """Whose refusal an appeal has overturned: that person does not decide on the registration again."""
    if deal.reinstated_at is None:
        return None
    return Appeal.objects.only("rejected_by_id").get(deal=deal).rejected_by_id


def extension_reviewers(extension: Extension) -> list[User]:
    """The same for a request for more protection."""
    if extension.step == Step.VENDOR:
        return channel_managers_of(extension.deal.partner)
    return distributor_reviewers(extension.deal)


def registrant_contacts(deal: Deal) -> list[User]:
    """Who is asked about what stands in the registration: the partner's contacts, and the distributor that
    wrote it on their behalf (rule E12)."""
    return partner_contacts(deal) + (distributor_reviewers(deal) if deal.on_behalf else [])


def partner_contacts(deal: Deal) -> list[User]:
    """Who looks after it (the registrant, unless it was handed over), while with the partner, and the
    partner's account administrators."""
    memberships = Membership.objects.active().filter(partner_id=deal.partner_id)
    in_charge = deal.handled_by_id or deal.registered_by_id
    wanted = memberships.filter(Q(user_id=in_charge) | Q(role=Role.PARTNER_ADMIN))
    return [membership.user for membership in wanted.order_by("pk")]


def without(people: Iterable[User], person: User | None) -> list[User]:
    """Nobody is told of what they did themselves."""
    return [one for one in people if person is None or one.pk != person.pk]


_BEGINNINGS = ("deal.submitted", "deal.reopened", "deal.win_taken_back")


def promised_due_at(deal: Deal) -> datetime | None:
    """When the decision was promised on submission, whatever has happened to the clock since. What was
    re-opened, or whose win was taken back, is decided anew."""
    promises = Event.objects.about(deal).filter(verb__in=_BEGINNINGS)
    event = promises.order_by("-at", "-pk").first()
    return datetime.fromisoformat(event.data["due_at"]) if event else None


@dataclass(frozen=True)
class Waiting:
    """Who must act next, and until when where a clock runs."""

    who: str
    until: datetime | date | None


def waiting_for(deal: Deal) -> Waiting | None:
    match deal.status:
        case DealStatus.DRAFT | DealStatus.INFORMATION_REQUESTED:
            return Waiting("partner", None)
        case DealStatus.SUBMITTED:
            return Waiting(deal.step, deal.decision_due_at)
        case DealStatus.APPROVED if deal.protection_held:
            return Waiting(str(last_word(deal)), None)
        case DealStatus.APPROVED:
            return Waiting("partner", deal.protected_until)
        case DealStatus.WON if deal.order_disputed_at is not None:
            return Waiting("partner", None)
        case DealStatus.WON if deal.order_confirmed_at is None:
            return Waiting("distributor", deal.order_due_at)
    return None


# The deal's page.


def terms_of(deal: Deal) -> DealRegistrationTerms:
    """The terms of the edition that the deal was submitted under (rule D2)."""
    return rulebook_of(deal.edition).deal_registration


@dataclass(frozen=True)
class PartnerSummary:
    under_review: int
    protected: int
    wins: WinRate


def partner_summary(partner: Partner, on: date) -> PartnerSummary:
    """The partner's own figures, whichever deals of it the reader sees; one statement."""
    found = Deal.objects.filter(partner=partner).aggregate(
        under_review=Count("pk", filter=Q(status__in=UNDER_REVIEW)),
        protected=Count("pk", filter=Q(status=DealStatus.APPROVED)),
        **win_counts(on),
    )
    running = {name: found.pop(name) for name in ("under_review", "protected")}
    return PartnerSummary(**running, wins=WinRate(**found))


def conflicts_around(user: User, deal: Deal) -> list[Conflict]:
    """The conflicts of a deal, for the vendor's eyes alone (rule E6): open ones first."""
    found = Conflict.objects.visible_to(user).filter(Q(later=deal) | Q(earlier=deal))
    return list(found.select_related("later", "earlier", "settled_by").order_by("settled_at", "pk"))


def pair_of(conflict: Conflict) -> tuple[Deal, Deal]:
    """The earlier and the later registration side by side, for whoever sees the conflict: also the one
    of another region."""
    pair = Deal.objects.select_related("partner", "distributor", "product_group", "registered_by")
    deals = {deal.pk: deal for deal in pair.filter(pk__in=[conflict.earlier_id, conflict.later_id])}
    return deals[conflict.earlier_id], deals[conflict.later_id]
