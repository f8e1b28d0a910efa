"""The life of deals as a game against the rules: whatever people try, in whatever order, the promises of
section E hold. `PORTAL_STEPS=10000` plays as many steps (see bench/README.md).

A new move is one more rule of the machine: call `self.attempt(...)` with its action."""

import os
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dealreg.deals import actions, rules
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import ACTIVE, ENDED, UNDER_REVIEW, DealStatus
from dealreg.deals.models import (
    Amendment,
    Conflict,
    ConflictOutcome,
    Deal,
    Extension,
    LossCode,
    RejectionCode,
    RevocationCode,
    RevocationNotice,
)
from dealreg.deals.selectors import open_conflicts, terms_of
from dealreg.deals.tasks import watch_decisions, watch_protection
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import PortalError
from portal.notifications.models import Notification
from tests.cast import Cast, make_cast
from tests.dealreg.deals.stages import MONDAY, draft, in_english

STEPS = int(os.environ.get("PORTAL_STEPS", "300"))
A_GAME = 20 if STEPS <= 400 else 50
CUSTOMERS = ("Hôpital Saint-Roch", "HOPITAL SAINT ROCH SA", "Ville de Cassel", "Mairie de Lens")
PARTNERS_PEOPLE = ("amir", "alice", "bruno", "both")
EVERYBODY = (*PARTNERS_PEOPLE, "adam", "denise", "eve", "both_as_distributor", "karim", "nora", "august")

people = st.sampled_from(EVERYBODY)
number = st.integers(0, 99)

pytestmark = pytest.mark.django_db


class Deals(RuleBasedStateMachine):
    """Four people register, everybody tries everything; time only goes forward."""

    cast: Cast

    @initialize()
    def begin(self) -> None:
        self.game = transaction.atomic()
        self.game.__enter__()
        self.at = MONDAY
        self.seen: dict[int, str] = {}
        self.told: dict[int, int] = {}
        self.events = Event.objects.count()

    def teardown(self) -> None:
        if not hasattr(self, "game"):
            return
        try:
            self.look_at_a_page()
        finally:
            transaction.set_rollback(True)
            self.game.__exit__(None, None, None)

    def person(self, name: str) -> User:
        """As a new request would read them. Two people in one: Both works for Bravo and for a
        distributor, and acts for one at a time."""
        user = User.objects.get(email=self.cast.people[name.removesuffix("_as_distributor")].email)
        if name.startswith("both"):
            at_distributor = name.endswith("_as_distributor")
            user.acting_as = user.memberships.active().get(distributor__isnull=not at_distributor)
        return user

    def deal(self, which: int) -> Deal:
        deals = list(Deal.objects.order_by("pk"))
        return deals[which % len(deals)]

    def attempt(self, action: Any, *args: Any, **kwargs: Any) -> Any:
        """The portal may refuse, with a reason; it never breaks, and a refusal leaves nothing behind."""
        self.at += timedelta(minutes=1)
        before = Event.objects.count()
        try:
            with transaction.atomic():
                return action(*args, at=self.at, **kwargs)
        except PortalError:
            assert Event.objects.count() == before or action is actions.approve_deal
            return None

    # What people try.

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(weeks=st.integers(4, 14))
    def wait_long(self, weeks: int) -> None:
        self.at += timedelta(weeks=weeks)

    @rule(
        name=st.sampled_from(PARTNERS_PEOPLE), customer=st.sampled_from(CUSTOMERS), enterprise=st.booleans()
    )
    def register(self, name: str, customer: str, enterprise: bool) -> None:
        by = self.person(name)
        deal = draft(self.cast, by, at=self.at, customer_name=customer, enterprise=enterprise)
        self.attempt(actions.submit_deal, deal, by=by)

    @rule(name=st.sampled_from(("denise", "eve", "olga")), customer=st.sampled_from(CUSTOMERS))
    def register_on_behalf(self, name: str, customer: str) -> None:
        """Rule E12: for Bravo, which both distributors supply."""
        by = self.person(name)
        deal = self.attempt(actions.start_draft_on_behalf, self.cast.bravo, by=by)
        if deal is None:
            return
        changes = {
            "customer_name": customer,
            "product_group": self.cast.groups["endpoint-security"],
            "nodes": 100,
            "expected_close_on": self.at.date() + timedelta(days=60),
            "engagement": "The partner showed us its minutes.",
        }
        actions.save_draft(deal, by=by, changes=changes)
        lines = [LineInput(self.cast.products["EPS-ADV"], 100, 12)]
        self.attempt(actions.set_lines, deal, by=by, lines=lines)
        self.attempt(actions.submit_deal, deal, by=by)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, to=st.sampled_from(("distri_nord", "third")))
    def change_distributor(self, which: int, name: str, to: str) -> None:
        deal, by, distributor = self.deal(which), self.person(name), getattr(self.cast, to)
        self.attempt(actions.change_distributor, deal, by=by, distributor=distributor)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, nodes=st.sampled_from([90, 110, 300]))
    def amend(self, which: int, name: str, nodes: int) -> None:
        deal, by = self.deal(which), self.person(name)
        self.attempt(
            actions.ask_amendment,
            deal,
            by=by,
            reason="Another site.",
            lines=[LineInput(self.cast.products["EPS-ADV"], nodes, 12)],
            nodes=nodes,
            expected_close_on=self.at.date() + timedelta(days=40),
        )

    @precondition(lambda self: Amendment.objects.open().exists())
    @rule(name=people, approve=st.booleans())
    def decide_amendment(self, name: str, approve: bool) -> None:
        amendment, by = Amendment.objects.open().earliest("pk"), self.person(name)
        decide = actions.approve_amendment if approve else actions.refuse_amendment
        self.attempt(decide, amendment, by=by, text="Seen.")

    @rule()
    def look(self) -> None:
        actions.look_at_due(at=self.at)

    @rule()
    def sweep(self) -> None:
        watch_decisions(self.at)
        watch_protection(self.at)
        assert not any(watch_protection(self.at).values()), "a second run changes nothing"

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, pct=st.sampled_from(["0", "2.5", "5", "7"]))
    def approve(self, which: int, name: str, pct: str) -> None:
        self.attempt(actions.approve_deal, self.deal(which), by=self.person(name), granted_pct=Decimal(pct))

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def endorse(self, which: int, name: str) -> None:
        self.attempt(actions.endorse_deal, self.deal(which), by=self.person(name), granted_pct=Decimal(10))

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, code=st.sampled_from(RejectionCode.values))
    def reject(self, which: int, name: str, code: str) -> None:
        by = self.person(name)
        self.attempt(actions.reject_deal, self.deal(which), by=by, code=code, text="Not shown.")

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def ask(self, which: int, name: str) -> None:
        by, fields = self.person(name), ["customer_name", "nodes"]
        self.attempt(actions.request_information, self.deal(which), by=by, text="Who?", fields=fields)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, customer=st.sampled_from(CUSTOMERS))
    def answer(self, which: int, name: str, customer: str) -> None:
        by, changes = self.person(name), {"customer_name": customer}
        self.attempt(actions.answer_request, self.deal(which), by=by, answer="This.", changes=changes)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def withdraw(self, which: int, name: str) -> None:
        self.attempt(actions.withdraw_deal, self.deal(which), by=self.person(name))

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def win(self, which: int, name: str) -> None:
        order = {"order_reference": "X-1", "order_date": self.at.date(), "order_amount": Decimal(10)}
        self.attempt(actions.report_won, self.deal(which), by=self.person(name), **order)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def confirm_order(self, which: int, name: str) -> None:
        self.attempt(actions.confirm_order, self.deal(which), by=self.person(name))

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def dispute_order(self, which: int, name: str) -> None:
        self.attempt(actions.dispute_order, self.deal(which), by=self.person(name), text="Unknown to us.")

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def correct_order(self, which: int, name: str) -> None:
        order = {"order_reference": "X-2", "order_date": self.at.date(), "order_amount": Decimal(20)}
        self.attempt(actions.correct_order, self.deal(which), by=self.person(name), **order)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def take_back_win(self, which: int, name: str) -> None:
        by = self.person(name)
        self.attempt(actions.take_back_win, self.deal(which), by=by, reason="It was another one.")

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, code=st.sampled_from(LossCode.values))
    def lose(self, which: int, name: str, code: str) -> None:
        self.attempt(actions.report_lost, self.deal(which), by=self.person(name), code=code)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, code=st.sampled_from(RevocationCode.values))
    def revoke(self, which: int, name: str, code: str) -> None:
        by = self.person(name)
        self.attempt(actions.announce_revocation, self.deal(which), by=by, code=code, text="Their letter.")

    @precondition(lambda self: RevocationNotice.objects.open().exists())
    @rule(name=people)
    def state_view(self, name: str) -> None:
        notice = RevocationNotice.objects.open().earliest("pk")
        self.attempt(actions.state_view, notice, by=self.person(name), text="We were there.")

    @precondition(lambda self: RevocationNotice.objects.open().exists())
    @rule(name=people, revoke=st.booleans())
    def decide_revocation(self, name: str, revoke: bool) -> None:
        notice = RevocationNotice.objects.open().earliest("pk")
        by = self.person(name)
        self.attempt(actions.decide_revocation, notice, by=by, revoke=revoke, text="Heard.")

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def appeal(self, which: int, name: str) -> None:
        self.attempt(actions.file_appeal, self.deal(which), by=self.person(name), text="We were there.")

    @precondition(lambda self: Deal.objects.filter(appeal__outcome="").exists())
    @rule(name=people, outcome=st.sampled_from(["upheld", "facts_wrong", "new_evidence"]))
    def decide_appeal(self, name: str, outcome: str) -> None:
        appeal = Deal.objects.filter(appeal__outcome="").earliest("pk").appeal
        self.attempt(actions.decide_appeal, appeal, by=self.person(name), outcome=outcome, text="Seen.")

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, days=st.integers(1, 100))
    def ask_extension(self, which: int, name: str, days: int) -> None:
        asked = rules.ExtensionAsked(
            days=days,
            expected_close_on=self.at.date() + timedelta(days=30),
            progress=(rules.Happened(on=self.at.date(), text="A second demonstration."),),
        )
        self.attempt(actions.ask_extension, self.deal(which), by=self.person(name), asked=asked)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people, days=st.integers(1, 100))
    def grant_extension(self, which: int, name: str, days: int) -> None:
        self.attempt(actions.grant_extension, self.deal(which), by=self.person(name), days_granted=days)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def refuse_extension(self, which: int, name: str) -> None:
        by, said = self.person(name), {"code": "no_progress", "text": "One call."}
        self.attempt(actions.refuse_extension, self.deal(which), by=by, **said)

    @precondition(lambda self: self.seen)
    @rule(which=number, name=people)
    def reopen(self, which: int, name: str) -> None:
        by, closes = self.person(name), self.at.date() + timedelta(days=30)
        self.attempt(actions.reopen_deal, self.deal(which), by=by, expected_close_on=closes)

    @precondition(lambda self: Conflict.objects.open().exists())
    @rule(name=people, outcome=st.sampled_from(ConflictOutcome.values))
    def settle(self, name: str, outcome: str) -> None:
        conflict = Conflict.objects.open().earliest("pk")
        self.attempt(
            actions.settle_conflict,
            conflict,
            by=self.person(name),
            outcome=outcome,
            reason="Seen both.",
            message="This opportunity cannot be registered.",
        )

    # What holds after each step.

    @invariant()
    def promises_hold(self) -> None:
        if not hasattr(self, "seen"):
            return
        deals = list(Deal.objects.exclude(status=DealStatus.DRAFT).order_by("submitted_at", "pk"))
        self.every_move_has_its_event(deals)
        self.one_takes_a_customer(deals)
        self.nobody_decides_on_their_own(deals)
        self.amendments_end_with_their_deal(deals)
        self.deadlines_agree(deals)
        self.partners_learn_of_no_rival(deals)
        self.seen = {deal.pk: deal.status for deal in deals}

    def every_move_has_its_event(self, deals: list[Deal]) -> None:
        events = Event.objects.count()
        assert events >= self.events
        self.events = events
        for deal in deals:
            told = Event.objects.about(deal).count()
            if self.seen.get(deal.pk) != deal.status:
                assert told > self.told.get(deal.pk, 0), (deal, deal.status)
            self.told[deal.pk] = told

    def one_takes_a_customer(self, deals: list[Deal]) -> None:
        taking = [deal for deal in deals if deal.status in ACTIVE and deal.look_due_at is None]
        for earlier, later in combinations(taking, 2):
            if (earlier.customer_id, earlier.product_group_id) != (later.customer_id, later.product_group_id):
                continue
            assert {earlier.status, later.status} != {DealStatus.APPROVED}
            waits = open_conflicts(earlier) or open_conflicts(later)
            assert waits, f"{earlier} and {later} both take {later.customer}"

    def nobody_decides_on_their_own(self, deals: list[Deal]) -> None:
        for deal in deals:
            for person in {deal.decided_by_id, deal.endorsed_by_id} - {None}:
                assert person != deal.registered_by_id
                assert not Membership.objects.filter(user=person, partner=deal.partner_id).exists()
                if deal.on_behalf:
                    assert not Membership.objects.filter(
                        user=person, distributor=deal.distributor_id
                    ).exists()
        for deal in deals:
            for person in {deal.order_confirmed_by_id, deal.order_disputed_by_id} - {None}:
                assert person != deal.order_reported_by_id
                assert not Membership.objects.filter(user=person, partner=deal.partner_id).exists()
        for asked in Extension.objects.exclude(decided_by=None):
            assert asked.decided_by_id != asked.asked_by_id
            assert not Membership.objects.filter(
                user=asked.decided_by_id, partner=asked.deal.partner_id
            ).exists()
        for notice in RevocationNotice.objects.exclude(decided_by=None):
            assert not Membership.objects.filter(
                user=notice.decided_by_id, partner=notice.deal.partner_id
            ).exists()
        for amendment in Amendment.objects.exclude(decided_by=None):
            assert amendment.decided_by_id != amendment.asked_by_id
            deal = amendment.deal
            assert amendment.decided_by.pk != deal.registered_by_id
            assert not Membership.objects.filter(
                user=amendment.decided_by_id, partner=deal.partner_id
            ).exists()

    def amendments_end_with_their_deal(self, deals: list[Deal]) -> None:
        running = {deal.pk for deal in deals if deal.status == DealStatus.APPROVED}
        waiting = list(Amendment.objects.open().values_list("deal_id", flat=True))
        assert set(waiting) <= running and len(waiting) == len(set(waiting))

    def deadlines_agree(self, deals: list[Deal]) -> None:
        for deal in deals:
            if deal.status == DealStatus.SUBMITTED:
                assert deal.submitted_at <= deal.half_time_at <= deal.decision_due_at
            else:
                assert deal.decision_due_at is None
            if deal.status == DealStatus.INFORMATION_REQUESTED:
                assert deal.clock_left >= timedelta()
            if deal.status == DealStatus.APPROVED:
                assert deal.protected_from <= deal.protected_until
            if deal.status in UNDER_REVIEW:
                assert deal.protected_until is deal.granted_pct is deal.decided_by is None
            moves = deal.distributor_changes.filter(changed_at__gte=deal.submitted_at).count()
            assert moves <= terms_of(deal).distributor_changes
            assert (deal.ended_on is not None) is (deal.status in ENDED)

    def partners_learn_of_no_rival(self, deals: list[Deal]) -> None:
        words = {deal.pk: (deal.reference, deal.partner.trade_name) for deal in deals}
        partner_of = {deal.pk: deal.partner_id for deal in deals}
        told = Notification.objects.filter(recipient__memberships__partner__isnull=False)
        for row in told.exclude(recipient=self.cast.people["both"]):
            assert "conflict" not in row.kind and "probing" not in row.kind
            for pk, said in words.items():
                if row.subject_id in partner_of and partner_of[pk] != partner_of[row.subject_id]:
                    assert not any(word in str(row.context) for word in said)

    def look_at_a_page(self) -> None:
        conflict = Conflict.objects.first()
        if conflict is None:
            return
        for deal, rival in ((conflict.later, conflict.earlier), (conflict.earlier, conflict.later)):
            reader = deal.partner.memberships.filter(role=Role.PARTNER_ADMIN).first()
            if reader is None or deal.partner_id == rival.partner_id:
                continue
            browser = Client()
            browser.force_login(reader.user)
            page = browser.get(deal.get_absolute_url()).content.decode()
            assert deal.reference in page
            for word in (rival.reference, rival.partner.trade_name, "conflict"):
                assert word not in page


def test_the_promises_hold_whatever_people_try(db: None) -> None:
    cast = in_english(make_cast())
    both = User.objects.create(email="both@bravo-it.example", full_name="Both Sides")
    Membership.objects.create(user=both, partner=cast.bravo, role=Role.PARTNER_SALES, is_current=True)
    Membership.objects.create(user=both, distributor=cast.distri_nord, role=Role.DISTRIBUTOR_ADMIN)
    cast.people["both"] = both
    Deals.cast = cast
    run_state_machine_as_test(
        Deals,
        settings=settings(
            max_examples=STEPS // A_GAME,
            stateful_step_count=A_GAME,
            deadline=None,
            database=None,
            # Making a failure shorter takes minutes; its steps are printed as they are.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
