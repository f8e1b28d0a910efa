"""Two people at once get one result (promise S4), with real threads on the real database. A few rounds in
the suite; `PORTAL_RACES=50` runs the whole of the promise (figures in bench/README.md)."""

import os
from collections import Counter
from decimal import Decimal

import pytest

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Amendment, Conflict, Deal
from dealreg.deals.selectors import open_conflicts
from partners.customers.models import Customer
from partners.organisations.models import Membership, Partner, Supply, Tier
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.at_once import at_once
from tests.cast import SINCE, Cast, make_cast
from tests.dealreg.deals.stages import LATER, MONDAY, draft, submitted

ROUNDS = int(os.environ.get("PORTAL_RACES", "2"))
PARTNERS = 20 if ROUNDS > 2 else 8
DECIDERS = 8
SPELLINGS = (
    "Clinique {} des Lys",
    "CLINIQUE {} DES LYS SARL",
    "clinique  {} des Lys",
    "Clinique {} des Lys SA",
)

pytestmark = pytest.mark.django_db(transaction=True)


def rivals_of(cast: Cast) -> list[User]:
    """A salesperson each at as many partners of Distri Nord."""
    partners = Partner.objects.bulk_create(
        Partner(
            reference=f"P-9{number:05}",
            legal_name=f"Rivale {number} SARL",
            trade_name=f"Rivale {number}",
            tier=Tier.SILVER,
            country="FR",
            city="Lyon",
            authorised_countries=["FR"],
            authorised_on=SINCE,
        )
        for number in range(PARTNERS)
    )
    Supply.objects.bulk_create(
        Supply(partner=partner, distributor=cast.distri_nord, is_primary=True, started_on=SINCE)
        for partner in partners
    )
    people = User.objects.bulk_create(
        User(email=f"sales@rivale-{number}.example", full_name=f"Rivale {number}")
        for number in range(PARTNERS)
    )
    Membership.objects.bulk_create(
        Membership(user=person, partner=partner, role=Role.PARTNER_SALES, is_current=True)
        for person, partner in zip(people, partners, strict=True)
    )
    return people


def approvers_of(cast: Cast, number: int) -> list[User]:
    people = User.objects.bulk_create(
        User(email=f"approver-{one}@distri-nord.example", full_name=f"Approver {one}")
        for one in range(number)
    )
    Membership.objects.bulk_create(
        Membership(user=p, distributor=cast.distri_nord, role=Role.DISTRIBUTOR_APPROVER, is_current=True)
        for p in people
    )
    return people


def test_many_registrations_of_one_customer_at_once_leave_one_first():
    cast = make_cast()
    people = rivals_of(cast)
    for turn in range(ROUNDS):
        drafts = [
            draft(cast, person, customer_name=SPELLINGS[number % len(SPELLINGS)].format(turn))
            for number, person in enumerate(people)
        ]
        answers = at_once(
            *[
                lambda deal=deal, person=person: actions.submit_deal(deal, by=person, at=MONDAY)
                for deal, person in zip(drafts, people, strict=True)
            ]
        )
        assert all(isinstance(answer, Deal) for answer in answers), answers
        at_once(*[lambda: actions.look_at_due(at=LATER)] * 4)

        deals = list(Deal.objects.filter(pk__in=[deal.pk for deal in drafts]).order_by("submitted_at", "pk"))
        assert {deal.status for deal in deals} == {DealStatus.SUBMITTED}
        assert [open_conflicts(deal) for deal in deals] == list(range(PARTNERS))
        assert Conflict.objects.filter(later__in=deals).count() == PARTNERS * (PARTNERS - 1) // 2
        assert len({deal.customer_id for deal in deals}) == 1
        told = Notification.objects.filter(kind="deal-submitted", key__in=[deal.reference for deal in deals])
        assert Counter(told.values_list("recipient", flat=True)) == {person.pk: 1 for person in people}

        decisions = at_once(
            *[
                lambda deal=deal: actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal(1))
                for deal in deals
            ]
        )
        assert [decision for decision in decisions if isinstance(decision, Deal)] == [deals[0]]
        assert all(isinstance(refusal, RuleViolation) for refusal in decisions[1:]), decisions
        protected = Deal.objects.filter(pk__in=[deal.pk for deal in deals], status=DealStatus.APPROVED)
        assert list(protected) == [deals[0]]
    assert Customer.objects.count() == ROUNDS


def test_eight_decisions_at_once_are_one_decision_one_event_and_one_mail():
    cast = make_cast()
    approvers = approvers_of(cast, DECIDERS)
    for turn in range(ROUNDS):
        deal = submitted(cast, customer_name=f"Mairie numéro {turn}")
        people = [cast.again(person) for person in approvers]

        def approve(person, deal=deal):
            return actions.approve_deal(deal, by=person, at=LATER, granted_pct=Decimal(2))

        def reject(person, deal=deal):
            return actions.reject_deal(deal, by=person, at=LATER, code="no_engagement", text="One call.")

        answers = at_once(
            *[
                lambda person=person, decide=(approve if number % 2 else reject): decide(person)
                for number, person in enumerate(people)
            ]
        )
        made = [answer for answer in answers if isinstance(answer, Deal)]
        assert len(made) == 1, answers
        assert all(isinstance(answer, Deal | WrongState) for answer in answers), answers
        status = Deal.objects.get(pk=deal.pk).status
        event = Event.objects.about(deal).exclude(verb="deal.submitted").get()
        assert event.verb == f"deal.{status}"
        mails = Notification.objects.filter(recipient=cast.amir, key__startswith=deal.reference)
        assert [mail.kind for mail in mails.exclude(kind="deal-submitted")] == [f"deal-{status}"]


def test_two_changes_asked_for_at_once_leave_one_that_waits():
    cast = make_cast()
    for turn in range(ROUNDS):
        deal = actions.approve_deal(
            submitted(cast, customer_name=f"Lycée numéro {turn}"),
            by=cast.denise,
            at=LATER,
            granted_pct=Decimal(2),
        )

        def ask(person, nodes, deal=deal):
            return actions.ask_amendment(
                deal,
                by=person,
                at=LATER,
                reason="Another site.",
                lines=[LineInput(cast.products["EPS-ADV"], nodes, 12)],
                nodes=nodes,
                expected_close_on=deal.expected_close_on,
            )

        people = [cast.again(person) for person in (cast.amir, cast.alice)]
        answers = at_once(
            *[lambda person=person, nodes=200 + n: ask(person, nodes) for n, person in enumerate(people)]
        )
        made = [answer for answer in answers if isinstance(answer, Amendment)]
        assert len(made) == 1, answers
        assert all(isinstance(answer, Amendment | WrongState) for answer in answers), answers
        assert Amendment.objects.filter(deal=deal).get() == made[0]
        assert Event.objects.about(deal).filter(verb="deal.amendment_asked").count() == 1
