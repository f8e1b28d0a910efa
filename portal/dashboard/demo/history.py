"""The lives of deals, as generators that say when they want to go on. `Clockwork` runs them all in the order
of time through the portal's own actions, so that whoever came first really came first."""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput, free_reference
from dealreg.deals.competitors import known_competitors
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, ConflictOutcome, Deal, DealLine, LossCode
from dealreg.deals.rules import ExtensionAsked, Happened
from portal.accounts.models import User
from portal.dashboard.demo import texts
from portal.dashboard.demo.companies import PEOPLE, slug
from portal.dashboard.demo.customers import NODES, CustomerFacts
from portal.dashboard.demo.files import evidence_file
from portal.dashboard.demo.office_hours import after, before, date_there, nightly, some_time
from portal.dashboard.demo.world import Company, World

Story = Iterator[datetime]
# What a partner that lost comes back to when the contract or the freeze ends.
TRIED_AGAIN = (LossCode.COMPETITOR, LossCode.PROJECT_STOPPED, LossCode.NO_BUDGET)


@dataclass
class Plan:
    """What shall become of a deal. `end` is the state that it is in today; durations are office hours."""

    company: Company
    seller: str
    registrant: User
    customer: CustomerFacts
    group: str
    submitted_at: datetime
    end: str
    decided_after: float = 6.0
    ends_after_days: int = 30
    approved_on: date | None = None
    asked_after: float | None = None
    answered_after: float = 9.0
    confirmed_after: float | None = 12.0
    # An extension asked for then, and the days that were granted; None: still to be decided.
    extension_asked_at: datetime | None = None
    extension_days: int | None = None
    endorsed: bool = True
    spelling: str = ""
    number: str | None = None
    comments: int = 0
    nodes: int | None = None
    # Registered by the distributor (rule E12).
    on_behalf: bool = False
    # By which the nodes of an approved deal have grown, office hours ago.
    grown: tuple[Decimal, float] | None = None
    # The distributor does not find the order.
    disputed: bool = False
    then: "Callable[[Case], Story] | None" = None
    # What waits for the channel manager today: an appeal, a discount or a revocation.
    hearing: str = ""


@dataclass
class Case:
    """A deal as the story knows it: the object of the last action, and when a person last changed it."""

    plan: Plan
    deal: Deal
    changed_at: datetime
    created_at: datetime

    def moved(self, deal: Deal, at: datetime) -> None:
        self.deal, self.changed_at = deal, at


@dataclass
class Clockwork:
    """Runs stories until now; what a story wants to do later stays undone."""

    world: World
    tell: Callable[[int, int], None]
    cases: list[Case] = field(default_factory=list)
    _waiting: list[tuple[datetime, int, Story]] = field(default_factory=list)
    _number: int = 0

    def start(self, story: Story) -> None:
        at = next(story, None)
        if at is not None:
            self._push(at, story)

    def _push(self, at: datetime, story: Story) -> None:
        self._number += 1
        heapq.heappush(self._waiting, (at, self._number, story))

    def run(self, expected: int) -> None:
        while self._waiting:
            at, _number, story = heapq.heappop(self._waiting)
            if at > self.world.now:
                continue
            known = len(self.cases)
            following = next(story, None)
            actions.look_at_due(at=at)
            if following is not None:
                self._push(max(following, at), story)
            if len(self.cases) != known:
                self.tell(len(self.cases), expected)

    # ------------------------------------------------------------ stories

    def deal_story(self, plan: Plan) -> Story:
        world, rng = self.world, self.world.rng
        country = plan.company.partner.country
        begun = plan.submitted_at
        if plan.end != DealStatus.DRAFT:
            begun -= timedelta(minutes=rng.choice((9, 14, 22, 35, 48, 75)))
        yield begun
        case = self._draft(plan, begun)
        if plan.end == DealStatus.DRAFT:
            return
        at = plan.submitted_at
        yield at
        case.moved(actions.submit_deal(case.deal, by=plan.registrant, at=at), at)
        self.start(self.watch_decision(case))
        self.start(self.talk(case))
        if plan.then is not None:
            yield from plan.then(case)
            return

        seller = world.distributors[plan.seller]
        approvers = world.approvers[plan.seller]
        approver = rng.choices(approvers, [4, *[1] * (len(approvers) - 1)])[0]
        language = plan.company.language
        if plan.asked_after is not None:
            at = after(seller.country, at, plan.asked_after)
            yield at
            question, fields, answer = rng.choice(texts.QUESTIONS[language])
            actions.request_information(case.deal, by=approver, at=at, text=question, fields=list(fields))
            case.moved(Deal.objects.get(pk=case.deal.pk), at)
            if plan.end == DealStatus.INFORMATION_REQUESTED:
                return
            at = after(country, at, plan.answered_after)
            yield at
            changes = self._contact(plan) if "contact" in fields else {}
            answered = actions.answer_request(
                case.deal, by=plan.registrant, at=at, answer=answer, changes=changes
            )
            case.moved(answered, at)
            self.start(self.watch_decision(case))

        if plan.end == DealStatus.SUBMITTED and not (plan.endorsed and case.deal.needs_vendor):
            return
        if plan.approved_on is not None:
            at = some_time(seller.country, plan.approved_on, rng)
            at = at - (date_there(country, at) - plan.approved_on)
            at = max(at, case.changed_at + timedelta(minutes=11))
        else:
            at = after(seller.country, at, plan.decided_after)
        yield at
        match plan.end:
            case DealStatus.WITHDRAWN:
                reason = rng.choice(texts.WITHDRAWALS[language])
                case.moved(actions.withdraw_deal(case.deal, by=plan.registrant, at=at, reason=reason), at)
                return
            case DealStatus.REJECTED:
                code, text = rng.choice(texts.REJECTIONS[language])
                case.moved(actions.reject_deal(case.deal, by=approver, at=at, code=code, text=text), at)
                yield from self._appeal(case)
                return
        granted = granted_share(case.deal.ceiling_pct, rng)
        if case.deal.needs_vendor:
            case.moved(actions.endorse_deal(case.deal, by=approver, at=at, granted_pct=granted), at)
            if plan.end == DealStatus.SUBMITTED:
                return
            at = after(seller.country, at, rng.uniform(1, 5))
            yield at
            manager = world.manager_of(plan.company.partner)
            case.moved(actions.approve_deal(case.deal, by=manager, at=at), at)
        else:
            case.moved(actions.approve_deal(case.deal, by=approver, at=at, granted_pct=granted), at)
        self.start(self.watch_protection(case))
        if plan.hearing == "revocation":
            self.start(self._revocation(case))
        elif plan.hearing or rng.random() < 0.15:
            self.start(self._discount(case))
        yield from self._after_approval(case, approver)

    def _appeal(self, case: Case) -> Story:
        """Every third partner appeals; a quarter of the appeals succeed, and what comes back is examined and
        refused anew."""
        rng, plan = self.world.rng, case.plan
        if not plan.hearing and rng.random() > 0.34:
            return
        country, language = plan.company.partner.country, plan.company.language
        at = after(country, case.changed_at, 1.5 if plan.hearing else rng.uniform(3, 30))
        yield at
        grounds, upheld, overturned, final = texts.APPEALS[language]
        appeal = actions.file_appeal(case.deal, by=plan.registrant, at=at, text=grounds)
        if plan.hearing:
            return
        at = after(country, at, rng.uniform(3, 15))
        yield at
        manager = self.world.manager_of(plan.company.partner)
        succeeds = rng.random() < 0.25
        outcome, text = (
            (rng.choice(["facts_wrong", "new_evidence"]), overturned) if succeeds else ("upheld", upheld)
        )
        actions.decide_appeal(appeal, by=manager, at=at, outcome=outcome, text=text)
        case.moved(Deal.objects.get(pk=case.deal.pk), at)
        if succeeds:
            at = after(country, at, rng.uniform(2, 8))
            yield at
            case.moved(actions.reject_deal(case.deal, by=manager, at=at, code="other", text=final), at)

    def _discount(self, case: Case) -> Story:
        """Some partners ask for a discount to the end customer while the deal is protected."""
        rng, plan = self.world.rng, case.plan
        country, language = plan.company.partner.country, plan.company.language
        at = after(country, case.changed_at, 1.5 if plan.hearing else rng.uniform(6, 60))
        yield at
        if Deal.objects.get(pk=case.deal.pk).status != DealStatus.APPROVED:
            return
        reason, granted, refused = texts.DISCOUNTS[language]
        pct = Decimal(rng.choice([5, 8, 10, 12]))
        asked = actions.ask_discount(
            case.deal, by=plan.registrant, at=at, reason=reason, unit="pct", whole=pct
        )
        if plan.hearing:
            return
        at = after(country, at, rng.uniform(3, 15))
        yield at
        if Deal.objects.get(pk=case.deal.pk).status != DealStatus.APPROVED:
            return
        share = rng.choice([Decimal(1), Decimal("0.5"), Decimal(0)])
        actions.decide_discount(
            asked,
            by=self.world.manager_of(plan.company.partner),
            at=at,
            amount=(asked.asked_amount * share).quantize(Decimal("0.01")),
            text=granted if share else refused,
        )

    def _revocation(self, case: Case) -> Story:
        """A revocation that is announced, and the partner's view; nobody has decided yet."""
        plan = case.plan
        country, language = plan.company.partner.country, plan.company.language
        at = after(country, case.changed_at, 1.5)
        yield at
        code, text = texts.REVOCATIONS[language][1]
        manager = self.world.manager_of(plan.company.partner)
        notice = actions.announce_revocation(case.deal, by=manager, at=at, code=code, text=text)
        at = after(country, at, 3)
        yield at
        actions.state_view(notice, by=plan.registrant, at=at, text=texts.STATEMENTS[language])

    def _after_approval(self, case: Case, approver: User) -> Story:
        plan, rng = case.plan, self.world.rng
        country, language = plan.company.partner.country, plan.company.language
        if plan.extension_asked_at is not None:
            yield from self._extension(case, approver)
        if plan.end == DealStatus.APPROVED and plan.grown is not None:
            yield from self._grow(case, *plan.grown)
        if plan.end in (DealStatus.APPROVED, DealStatus.EXPIRED):
            return
        day = date_there(country, case.changed_at) + timedelta(days=plan.ends_after_days)
        at = some_time(country, day, rng)
        yield at
        match plan.end:
            case DealStatus.WON:
                ordered_on = date_there(country, at) - timedelta(days=rng.randint(0, 3))
                net = case.deal.list_amount * Decimal(rng.randint(58, 86)) / 100
                won = actions.report_won(
                    case.deal,
                    by=plan.registrant,
                    at=at,
                    order_reference=order_number(plan.seller, ordered_on, rng),
                    order_date=max(ordered_on, case.deal.protected_from),
                    order_amount=net.quantize(Decimal("0.01")),
                )
                case.moved(won, at)
                if plan.disputed:
                    at = after(self.world.distributors[plan.seller].country, at, 5)
                    yield at
                    text = texts.DISPUTES[language]
                    case.moved(actions.dispute_order(case.deal, by=approver, at=at, text=text), at)
                    return
                if plan.confirmed_after is not None:
                    at = after(self.world.distributors[plan.seller].country, at, plan.confirmed_after)
                    yield at
                    case.moved(actions.confirm_order(case.deal, by=approver, at=at), at)
            case DealStatus.LOST:
                code, text = rng.choice(texts.LOSSES[language])
                known = code == LossCode.COMPETITOR
                again = date_there(country, at) + timedelta(days=rng.randint(150, 540))
                lost = actions.report_lost(
                    case.deal,
                    by=plan.registrant,
                    at=at,
                    code=code,
                    text=text,
                    lost_to=rng.choice(known_competitors()) if known else "",
                    retry_on=again if code in TRIED_AGAIN else None,
                )
                case.moved(lost, at)
            case DealStatus.REVOKED:
                code, text = rng.choice(texts.REVOCATIONS[language])
                manager = self.world.manager_of(plan.company.partner)
                notice = actions.announce_revocation(case.deal, by=manager, at=at, code=code, text=text)
                at = after(country, at, rng.uniform(2, 6))
                yield at
                statement = texts.STATEMENTS[language]
                actions.state_view(notice, by=plan.registrant, at=at, text=statement)
                at = after(country, at, rng.uniform(1, 3))
                yield at
                actions.decide_revocation(notice, by=manager, at=at, revoke=True, text=text)
                case.moved(Deal.objects.get(pk=case.deal.pk), at)

    def _extension(self, case: Case, approver: User) -> Story:
        plan, at = case.plan, case.plan.extension_asked_at
        yield at
        today = date_there(plan.company.partner.country, at)
        happened = (Happened(today - timedelta(days=4), texts.PROGRESS[plan.company.language]),)
        asked = ExtensionAsked(60, case.deal.protected_until + timedelta(days=45), happened)
        actions.ask_extension(case.deal, by=plan.registrant, at=at, asked=asked)
        case.moved(Deal.objects.get(pk=case.deal.pk), at)
        if plan.extension_days is None:
            return
        at = after(self.world.distributors[plan.seller].country, at, 5.5)
        yield at
        actions.grant_extension(case.deal, by=approver, at=at, days_granted=plan.extension_days)
        case.moved(Deal.objects.get(pk=case.deal.pk), at)
        self.start(self.watch_protection(case))

    def _grow(self, case: Case, factor: Decimal, hours: float) -> Story:
        """The project has become larger: the partner asks for a change of the deal."""
        plan = case.plan
        country = self.world.distributors[plan.seller].country
        at = max(before(country, self.world.now, hours), case.changed_at + timedelta(hours=1))
        yield at
        lines = [
            LineInput(line.product, int(line.nodes * factor), line.term_months)
            for line in case.deal.lines.select_related("product")
        ]
        amendment = actions.ask_amendment(
            case.deal,
            by=plan.registrant,
            at=at,
            reason=texts.GROWTH[plan.company.language],
            lines=lines,
            nodes=int(case.deal.nodes * factor),
            expected_close_on=case.deal.expected_close_on,
        )
        case.moved(Deal.objects.get(pk=amendment.deal_id), at)

    def watch_decision(self, case: Case) -> Story:
        """What the sweep of decisions does, at the time at which it would."""
        rng, due, half = self.world.rng, case.deal.decision_due_at, case.deal.half_time_at

        def still_waiting() -> bool:
            return case.deal.status == DealStatus.SUBMITTED and case.deal.decision_due_at == due

        moments = [(half, actions.remind_half_time), (due, actions.escalate_overdue)]
        if case.deal.vendor_may_decide_at is not None:
            moments.append((case.deal.vendor_may_decide_at, actions.tell_of_silence))
        for instant, action in moments:
            at = instant + timedelta(seconds=rng.randint(5, 595))
            yield at
            if not still_waiting():
                return
            action(case.deal, at=at)

    def watch_protection(self, case: Case) -> Story:
        """What the sweep of protections does, on the night on which it would."""
        rng, country, end = self.world.rng, case.plan.company.partner.country, case.deal.protected_until
        for days in (30, 14, 3):
            at = nightly(country, end - timedelta(days=days), rng)
            yield at
            if case.deal.status != DealStatus.APPROVED or case.deal.protected_until != end:
                return
            actions.remind_expiring(case.deal, at=at)
        at = nightly(country, end + timedelta(days=1), rng)
        yield at
        if case.deal.status == DealStatus.APPROVED and case.deal.protected_until == end:
            actions.expire_deal(case.deal, at=at)
            case.moved(Deal.objects.get(pk=case.deal.pk), at)

    def talk(self, case: Case) -> Story:
        """Remarks of the first days: the partner, the reviewer, and between reviewers."""
        plan, rng = case.plan, self.world.rng
        language, country = plan.company.language, plan.company.partner.country
        approver = self.world.approvers[plan.seller][0]
        at = plan.submitted_at
        for number in range(plan.comments):
            at = after(country, at, rng.uniform(0.4, 5))
            yield at
            pool = (texts.PARTNER_COMMENTS, texts.REVIEWER_COMMENTS, texts.INTERNAL_COMMENTS)[number % 3]
            actions.add_comment(
                case.deal,
                by=plan.registrant if number % 3 == 0 else approver,
                at=at,
                text=rng.choice(pool[language]),
                is_internal=number % 3 == 2,
            )

    # ------------------------------------------------------------ conflicts

    def settled_by(
        self, other: Callable[[], Case], outcome: str, after_hours: float
    ) -> Callable[[Case], Story]:
        """The second of two registrations: a channel manager decides between them, then life goes on."""

        def story(case: Case) -> Story:
            plan, rng = case.plan, self.world.rng
            seller = self.world.distributors[plan.seller]
            at = after(seller.country, plan.submitted_at, after_hours)
            yield at
            earlier = other()
            conflict = Conflict.objects.get(later=case.deal, earlier=earlier.deal)
            reason, messages = texts.SETTLEMENTS[outcome]
            loser = case if outcome == ConflictOutcome.EARLIER_STANDS else earlier
            actions.settle_conflict(
                conflict,
                by=self.world.manager_of(plan.company.partner),
                at=at,
                outcome=outcome,
                reason=reason,
                message=messages.get(loser.plan.company.language, ""),
            )
            for one in (case, earlier):
                one.moved(Deal.objects.get(pk=one.deal.pk), at)
            if outcome == ConflictOutcome.EARLIER_STANDS:
                return
            at = after(seller.country, at, rng.uniform(1, 4))
            yield at
            approver = self.world.approvers[plan.seller][0]
            granted = granted_share(case.deal.ceiling_pct, rng)
            case.moved(actions.approve_deal(case.deal, by=approver, at=at, granted_pct=granted), at)
            self.start(self.watch_protection(case))
            yield from self._after_approval(case, approver)

        return story

    # ------------------------------------------------------------ the form

    def _draft(self, plan: Plan, at: datetime) -> Case:
        """The form as filled in. Nothing is told of a draft, so its rows are written at once."""
        world, rng, customer = self.world, self.world.rng, plan.customer
        language = plan.company.language
        low, high = NODES[customer.sector]
        nodes = plan.nodes or round_nodes(rng.randint(low, high), rng)
        met = date_there(plan.company.partner.country, at) - timedelta(days=rng.randint(2, 24))
        contact = self._contact(plan)
        unfinished = plan.end == DealStatus.DRAFT
        engagement = texts.engagement(
            rng,
            language,
            plan.group,
            customer=plan.spelling or customer.name,
            city=customer.city,
            contact=contact["contact_name"],
            nodes=nodes,
            day=written_day(met, language),
        )
        number = plan.number if plan.number is not None else customer.number
        changes = {
            "customer_name": plan.spelling or customer.name,
            "customer_country": customer.country,
            "customer_city": customer.city,
            "web_domain": customer.domain,
            "company_number": number if plan.number is not None or rng.random() < 0.8 else "",
            "product_group": world.groups[plan.group],
            "nodes": nodes,
            "expected_close_on": date_there(plan.company.partner.country, plan.submitted_at)
            + timedelta(days=rng.randint(21, 150)),
            "distributor": world.distributors[plan.seller],
        }
        if not unfinished or rng.random() < 0.5:
            changes |= {"engagement": engagement, "notes": rng.choice(texts.NOTES[language])}
            if rng.random() < 0.8:
                changes |= contact
        deal = Deal.objects.create(
            reference=free_reference(),
            partner=plan.company.partner,
            registered_by=plan.registrant,
            on_behalf=plan.on_behalf,
            **changes,
        )
        lines = self._lines(plan.group, nodes)
        if not unfinished:
            # Priced by the submission, at the price list of its day.
            DealLine.objects.bulk_create(
                DealLine(
                    deal=deal,
                    position=position,
                    product=line.product,
                    nodes=line.nodes,
                    term_months=line.term_months,
                    per_node=0,
                    list_amount=0,
                )
                for position, line in enumerate(lines)
            )
        elif rng.random() < 0.6:
            deal = actions.set_lines(deal, by=plan.registrant, lines=lines, at=at)
        if not unfinished and rng.random() < 0.28:
            upload, kind = evidence_file(
                rng, language, customer=changes["customer_name"], day=met, body=engagement
            )
            actions.attach_evidence(deal, by=plan.registrant, at=at, upload=upload, kind=kind, dated_on=met)
        case = Case(plan, deal, at, at)
        self.cases.append(case)
        return case

    def _lines(self, group: str, nodes: int) -> list[LineInput]:
        rng = self.world.rng
        products = [one for one in self.world.products[group] if not one.sku.endswith("-RNW")]
        count = 1 if rng.random() < 0.75 or len(products) == 1 else 2
        term = rng.choices((12, 24, 36), (5, 2, 4))[0]
        chosen = rng.sample(products, count)
        return [
            LineInput(product, nodes if index == 0 else max(nodes // 3, 1), term)
            for index, product in enumerate(chosen)
        ]

    def _contact(self, plan: Plan) -> dict[str, str]:
        rng, customer = self.world.rng, plan.customer
        first_names, family_names = PEOPLE[customer.country]
        first, family = rng.choice(first_names.split()), rng.choice(family_names.split())
        return {
            "contact_name": f"{first} {family}",
            "contact_role": rng.choice(texts.CONTACT_ROLES[plan.company.language]),
            "contact_email": f"{slug(first)}.{slug(family)}@{customer.domain}" if customer.domain else "",
        }


def granted_share(ceiling: Decimal, rng: random.Random) -> Decimal:
    """Most distributors grant what they may; some less, in half points."""
    if rng.random() < 0.6:
        return ceiling
    return Decimal(rng.randint(int(ceiling), int(ceiling * 2))) / 2


def round_nodes(nodes: int, rng: random.Random) -> int:
    """People order round figures, most of the time."""
    return max(5, round(nodes / 5) * 5) if rng.random() < 0.7 else nodes


def order_number(seller: str, day: date, rng: random.Random) -> str:
    return f"{seller[:2].upper()}{day:%y%m}-{rng.randint(1000, 9899)}"


def written_day(day: date, language: str) -> str:
    if language == "de":
        return f"{day:%d.%m.%Y}"
    return f"{day:%d/%m/%Y}" if language == "fr" else f"{day.day} {day:%B}"
