"""Rule E12: a distributor registers for one of its partners; then the channel manager decides."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.selectors import moves_open_to
from partners.organisations.models import Membership, Supply
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, MONDAY, asked, in_english, looked_at, submitted
from tests.told import names_told
from tests.world import evidence_file

pytestmark = pytest.mark.django_db
PEOPLE_OF_NORD = ("denise", "olga")
PEOPLE_OF_ALPHA = ("alice", "amir", "tina", "adam")


@pytest.fixture
def cast(cast):
    return in_english(cast)


def draft_for(cast, partner=None, *, by=None, at=MONDAY, **customer):
    by = by or cast.denise
    deal = actions.start_draft_on_behalf(partner or cast.alpha, by=by, at=at)
    changes = {
        "customer_name": "Hôpital Saint-Roch",
        "product_group": cast.groups["endpoint-security"],
        "nodes": 100,
        "expected_close_on": at.date() + timedelta(days=60),
        "engagement": "The partner showed us its minutes.",
    } | customer
    actions.save_draft(deal, by=by, changes=changes)
    return actions.set_lines(deal, by=by, lines=[LineInput(cast.products["EPS-ADV"], 100, 12)], at=at)


def on_behalf(cast, partner=None, **more):
    by = more.get("by") or cast.denise
    at = more.get("at", MONDAY)
    return looked_at(actions.submit_deal(draft_for(cast, partner, **more), by=by, at=at), at=at)


def seen_by(cast, deal):
    return {
        name for name, person in cast.people.items() if Deal.objects.visible_to(person).filter(pk=deal.pk)
    }


def test_the_last_step_names_whom_the_protection_is_for(cast, sign_in):
    deal = draft_for(cast)
    page = sign_in(cast.denise).get(f"/deals/{deal.reference}/draft/review/").content.decode()
    assert f"are protected for <bdi>{cast.alpha}</bdi> for" in page
    assert "are protected for you" not in page


def test_the_draft_is_its_distributors_alone_until_it_is_submitted(cast):
    deal = draft_for(cast)
    assert seen_by(cast, deal) == set(PEOPLE_OF_NORD)
    own = actions.start_draft(by=cast.amir, at=MONDAY)
    assert seen_by(cast, own) == set(PEOPLE_OF_ALPHA)
    deal = looked_at(actions.submit_deal(deal, by=cast.denise, at=MONDAY), at=MONDAY)
    assert seen_by(cast, deal) == {*PEOPLE_OF_NORD, *PEOPLE_OF_ALPHA, "karim", "nora", "august"}


def test_the_channel_manager_decides_and_the_partner_is_told(cast):
    deal = on_behalf(cast)
    assert (deal.on_behalf, deal.step, deal.needs_vendor) == (True, Step.VENDOR, True)
    assert names_told("deal-on-behalf") == {"Alice Moreau"}
    assert names_told("deal-submitted") == {"Denise Carlier"}
    assert names_told("deal-to-decide") == {"Karim Benali"}
    deal = actions.approve_deal(deal, by=cast.karim, at=LATER, granted_pct=Decimal(3))
    assert deal.status == DealStatus.APPROVED
    assert names_told("deal-approved") == {"Alice Moreau", "Denise Carlier"}


def test_nobody_of_that_distributor_decides(cast):
    deal = on_behalf(cast)
    Membership.objects.filter(user=cast.olga).update(is_current=False)
    Membership.objects.create(
        user=cast.olga, role=Role.CHANNEL_MANAGER, vendor_office=cast.france_office, is_current=True
    )
    olga = User.objects.get(pk=cast.olga.pk)
    for person in (cast.denise, olga):
        assert not {"approve", "endorse", "reject"} & set(moves_open_to(person, deal))
        with pytest.raises(NotAllowed):
            actions.approve_deal(deal, by=person, at=LATER, granted_pct=Decimal(3))


def test_nor_anybody_of_the_partner_that_it_is_for(cast):
    deal = on_behalf(cast)
    Membership.objects.create(user=cast.karim, partner=cast.alpha, role=Role.PARTNER_SALES, is_current=False)
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.again(cast.karim), at=LATER, granted_pct=Decimal(2))


def test_partner_and_distributor_may_both_withdraw_it_and_the_other_hears_of_it(cast):
    actions.withdraw_deal(on_behalf(cast), by=cast.alice, at=LATER, reason="Not our project.")
    assert names_told("deal-withdrawn") == {"Denise Carlier", "Karim Benali"}
    Notification.objects.all().delete()
    actions.withdraw_deal(on_behalf(cast, at=LATER), by=cast.denise, at=LATER)
    assert names_told("deal-withdrawn") == {"Alice Moreau", "Karim Benali"}


def test_a_question_goes_to_both_and_either_answers(cast):
    deal = on_behalf(cast)
    actions.request_information(deal, by=cast.karim, at=LATER, text="Which sites?", fields=["nodes"])
    assert names_told("deal-information-requested") == {"Alice Moreau", "Denise Carlier"}
    for who in ("amir", "denise"):
        assert "answer" in moves_open_to(cast.people[who], Deal.objects.get(pk=deal.pk))
    deal = actions.answer_request(deal, by=cast.denise, at=LATER, answer="Both.", changes={"nodes": 120})
    assert (deal.status, deal.nodes) == (DealStatus.SUBMITTED, 120)


def test_only_partners_that_it_supplies(cast):
    with pytest.raises(NotAllowed):
        actions.start_draft_on_behalf(cast.platin, by=cast.denise, at=MONDAY)
    for who in ("olga", "amir", "karim", "nora"):
        with pytest.raises(NotAllowed):
            actions.start_draft_on_behalf(cast.alpha, by=cast.people[who], at=MONDAY)


def test_and_only_while_it_supplies_them(cast):
    deal = draft_for(cast)
    Supply.objects.filter(partner=cast.alpha).update(ended_on=MONDAY.date())
    with pytest.raises(RuleViolation) as refusal:
        actions.submit_deal(deal, by=cast.denise, at=MONDAY)
    assert refusal.value.code == "partner-not-yours"


def test_the_partner_must_be_eligible_itself(cast):
    with pytest.raises(RuleViolation):
        actions.submit_deal(draft_for(cast, cast.delta), by=cast.denise, at=MONDAY)


def test_the_draft_cannot_be_given_to_another_distributor(cast):
    deal = draft_for(cast, cast.bravo, distributor=cast.third)
    assert deal.distributor == cast.distri_nord


def test_the_partner_neither_edits_nor_submits_nor_discards_the_draft(cast):
    deal = draft_for(cast)
    for act in (
        lambda: actions.save_draft(deal, by=cast.amir, changes={"nodes": 5}),
        lambda: actions.submit_deal(deal, by=cast.amir, at=MONDAY),
        lambda: actions.discard_draft(deal, by=cast.amir),
        lambda: actions.discard_draft(deal, by=cast.olga),
    ):
        with pytest.raises(NotAllowed):
            act()
    own = actions.start_draft(by=cast.amir, at=MONDAY)
    for act in (
        lambda: actions.save_draft(own, by=cast.denise, changes={"nodes": 5}),
        lambda: actions.discard_draft(own, by=cast.denise),
    ):
        with pytest.raises(NotAllowed):
            act()
    actions.discard_draft(deal, by=cast.denise)


def test_a_submitted_one_is_edited_by_nobody(cast):
    deal = on_behalf(cast)
    for who in (cast.denise, cast.amir):
        with pytest.raises(WrongState):
            actions.save_draft(deal, by=who, changes={"nodes": 5})


def test_it_is_told_of_the_partners_registrations_with_itself(cast):
    own = submitted(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.submit_deal(draft_for(cast), by=cast.denise, at=LATER)
    assert refusal.value.params["reference"] == own.reference


def test_and_of_none_that_the_partner_has_elsewhere(cast):
    """Rule E6: what Bravo registered with Distri Ouest is not for Distri Nord to find out by trying."""
    elsewhere = submitted(cast, cast.bruno, distributor=cast.third)
    deal = on_behalf(cast, cast.bravo, at=LATER)
    assert deal.status == DealStatus.SUBMITTED
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (elsewhere, deal)
    assert "Denise Carlier" not in names_told("deal-conflict")


def test_the_partner_is_told_of_what_was_registered_for_it(cast):
    deal = on_behalf(cast)
    with pytest.raises(RuleViolation) as refusal:
        submitted(cast, at=LATER)
    assert refusal.value.params["reference"] == deal.reference


def test_the_order_is_confirmed_by_the_distributor_though_it_registered(cast):
    """Rule E10: the partner tells of the order, another company says whether it exists."""
    deal = actions.approve_deal(on_behalf(cast), by=cast.karim, at=LATER, granted_pct=Decimal(3))
    when = LATER + timedelta(days=3)
    deal = actions.report_won(
        deal,
        by=cast.amir,
        at=when,
        order_reference="X-1",
        order_date=LATER.date(),
        order_amount=Decimal(5000),
    )
    second = Membership.objects.create(
        user=cast.olga, role=Role.PARTNER_READONLY, partner=cast.alpha, is_current=False
    )
    Membership.objects.filter(user=cast.olga, distributor=cast.distri_nord).update(
        role=Role.DISTRIBUTOR_APPROVER
    )
    olga = User.objects.get(pk=cast.olga.pk)
    assert "confirm_order" not in moves_open_to(olga, deal)
    second.delete()
    assert "confirm_order" in moves_open_to(User.objects.get(pk=cast.olga.pk), deal)
    Deal.objects.filter(pk=deal.pk).update(order_reported_by=cast.denise)
    deal.refresh_from_db()
    assert "confirm_order" not in moves_open_to(cast.denise, deal)
    Deal.objects.filter(pk=deal.pk).update(order_reported_by=cast.amir)
    assert actions.confirm_order(deal, by=cast.denise, at=when).order_confirmed_by == cast.denise


def test_files_of_a_draft_on_behalf_are_sent_one_by_one(cast, sign_in):
    deal = actions.start_draft_on_behalf(cast.alpha, by=cast.denise, at=MONDAY)
    address = f"/deals/{deal.reference}/files/"
    data = {"kind": "meeting", "dated_on": "2026-01-02"}
    answer = sign_in(cast.denise).post(address, data | {"file": evidence_file()})
    assert answer.status_code == 200
    assert deal.evidence.count() == 1
    assert sign_in(cast.amir).post(address, data | {"file": evidence_file()}).status_code in (403, 404)
    assert deal.evidence.count() == 1


def test_no_way_to_a_review_that_the_registering_distributor_does_not_have(cast, sign_in):
    deal = on_behalf(cast)
    review = f"/deals/{deal.reference}/review/"
    assert review not in sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
    assert review in sign_in(cast.karim).get(deal.get_absolute_url()).content.decode()


def test_nobody_of_another_company_answers_with_lines_what_was_asked(cast):
    deal = asked(cast, fields=("lines",))
    lines = [LineInput(cast.products["EPS-ADV"], 7, 12)]
    # Also not the distributor that asked: the partner wrote this registration.
    for person in (cast.bruno, cast.denise):
        with pytest.raises(NotAllowed) as refusal:
            actions.set_lines(deal, by=person, lines=lines, at=LATER)
        assert refusal.value.code == "not-allowed"
    assert [line.nodes for line in deal.lines.all()] == [100]
    actions.set_lines(deal, by=cast.amir, lines=lines, at=LATER)
    assert [line.nodes for line in deal.lines.all()] == [7]
