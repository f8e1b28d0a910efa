"""The partner moves a registration to another of its distributors before it is decided."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import (
    Amendment,
    Appeal,
    Comment,
    Deal,
    DiscountRequest,
    DistributorChange,
    Extension,
    Progress,
    Question,
    RevocationNotice,
)
from partners.organisations.models import Supply
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import (
    LATER,
    MONDAY,
    announced,
    approved,
    extension,
    in_english,
    looked_at,
    submitted,
)
from tests.told import names_told

pytestmark = pytest.mark.django_db
THEN = LATER + timedelta(hours=3)


@pytest.fixture
def cast(cast):
    return in_english(cast)


def bravos(cast, **more):
    return submitted(cast, cast.bruno, **more)


def move(cast, deal, to=None, *, by=None, at=THEN):
    return actions.change_distributor(deal, by=by or cast.bruno, at=at, distributor=to or cast.third)


def test_the_place_in_time_stays_and_a_new_clock_runs(cast):
    deal = bravos(cast)
    due, place = deal.decision_due_at, deal.submitted_at
    deal = move(cast, deal)
    assert (deal.distributor, deal.submitted_at, deal.status) == (cast.third, place, DealStatus.SUBMITTED)
    assert deal.decision_due_at > due
    assert deal.distributor_since == THEN


def test_the_one_before_loses_sight_of_it_and_hears_so(cast):
    deal = move(cast, bravos(cast))
    assert not Deal.objects.visible_to(cast.denise).filter(pk=deal.pk).exists()
    assert Deal.objects.visible_to(cast.eve).filter(pk=deal.pk).exists()
    assert names_told("deal-moved-away") == {"Denise Carlier"}
    assert "Eve Marchand" in names_told("deal-to-decide")
    change = DistributorChange.objects.get()
    assert DistributorChange.objects.visible_to(cast.denise).get() == change
    assert DistributorChange.objects.visible_to(cast.bruno).get() == change
    assert DistributorChange.objects.visible_to(cast.karim).get() == change
    assert not DistributorChange.objects.visible_to(cast.eve).exists()
    assert not DistributorChange.objects.visible_to(cast.amir).exists()


def test_the_one_that_has_it_now_reads_nothing_of_what_was_said_before(cast, sign_in):
    deal = bravos(cast)
    actions.add_comment(deal, by=cast.denise, at=LATER, text="We would give them 2 %.", is_internal=True)
    actions.add_comment(deal, by=cast.denise, at=LATER, text="We would give you 3 %.")
    actions.request_information(deal, by=cast.denise, at=LATER, text="Who decides there?", fields=[])
    deal = move(cast, deal)
    actions.add_comment(deal, by=cast.bruno, at=THEN, text="Welcome aboard.")
    assert deal.status == DealStatus.SUBMITTED
    assert [one.text for one in Comment.objects.visible_to(cast.eve)] == ["Welcome aboard."]
    assert not Question.objects.visible_to(cast.eve).exists()
    assert Comment.objects.visible_to(cast.karim).count() == 3
    assert Comment.objects.visible_to(cast.bruno).count() == 2
    page = sign_in(cast.eve).get(deal.get_absolute_url()).content.decode()
    assert "Welcome aboard." in page and "Distributor changed" in page and "Submitted" in page
    for hidden in ("2 %.", "3 %.", "Who decides there?", "Denise", "Distri Nord", "Information requested"):
        assert hidden not in page
    assert "Who decides there?" in sign_in(cast.bruno).get(deal.get_absolute_url()).content.decode()


def test_nor_of_an_appeal_against_the_one_before(cast, sign_in):
    deal = bravos(cast)
    actions.reject_deal(deal, by=cast.denise, at=LATER, code="no_engagement", text="Denise says no.")
    appeal = actions.file_appeal(deal, by=cast.bruno, at=LATER, text="Denise was not there.")
    actions.decide_appeal(appeal, by=cast.karim, at=LATER, outcome="facts_wrong", text="Distri Nord erred.")
    deal = move(cast, deal)
    page = sign_in(cast.eve).get(deal.get_absolute_url()).content.decode()
    for hidden in ("Denise", "Distri Nord", "Rejected by"):
        assert hidden not in page
    assert not Appeal.objects.visible_to(cast.eve).exists()
    for person in (cast.bruno, cast.karim):
        assert "Denise was not there." in sign_in(person).get(deal.get_absolute_url()).content.decode()


def test_nor_of_the_protection_that_the_one_before_gave(cast, sign_in, time_machine_at):
    deal = actions.approve_deal(bravos(cast), by=cast.denise, at=LATER, granted_pct=Decimal(2))
    actions.ask_extension(deal, by=cast.bruno, at=LATER, asked=extension(LATER))
    actions.refuse_extension(deal, by=cast.denise, at=LATER, code="other", text="Distri Nord says no.")
    notice = announced(cast, deal, text="Distri Nord has told us.")
    actions.state_view(notice, by=cast.bruno, at=THEN + timedelta(days=3), text="Denise is wrong.")
    actions.decide_revocation(notice, by=cast.karim, at=THEN + timedelta(days=3), revoke=False, text="Right.")
    ask = actions.ask_discount(deal, by=cast.bruno, at=THEN, reason="Denise agrees.", whole=Decimal(100))
    actions.decide_discount(ask, by=cast.karim, at=THEN, amount=Decimal(0), text="Distri Nord does not.")
    amendment = actions.ask_amendment(
        deal,
        by=cast.bruno,
        at=THEN,
        reason="Denise knows.",
        lines=[LineInput(cast.products["EPS-ADV"], 300, 12)],
        nodes=300,
        expected_close_on=deal.expected_close_on,
    )
    actions.refuse_amendment(amendment, by=cast.denise, at=THEN, text="Distri Nord refuses.")
    ended = LATER + timedelta(days=92)
    assert actions.expire_deal(deal, at=ended)
    again = ended.date() + timedelta(days=30)
    looked_at(actions.reopen_deal(deal, by=cast.bruno, at=ended, expected_close_on=again), at=ended)
    since = ended + timedelta(hours=1)
    deal = move(cast, Deal.objects.get(pk=deal.pk), at=since)
    with time_machine_at(since):
        page = sign_in(cast.eve).get(deal.get_absolute_url()).content.decode()
        own = sign_in(cast.bruno).get(deal.get_absolute_url()).content.decode()
    for hidden in ("Denise", "Distri Nord"):
        assert hidden not in page
    assert "Distri Nord says no." in own and "Denise is wrong." in own
    for kept in (Extension, Progress, Amendment, RevocationNotice, DiscountRequest):
        assert not kept.objects.visible_to(cast.eve).exists()
        assert kept.objects.visible_to(cast.bruno).exists()


def test_what_the_one_before_let_pass_is_not_held_against_the_new_one(cast):
    deal = bravos(cast)
    late = deal.decision_due_at + timedelta(days=3)
    deal = move(cast, deal, at=late)
    deal = actions.approve_deal(deal, by=cast.eve, at=late + timedelta(hours=1), granted_pct=Decimal(2))
    assert deal.decided_late is False
    assert deal.decision_working_time <= timedelta(hours=1)


def test_an_endorsement_falls(cast):
    deal = bravos(cast)
    Deal.objects.filter(pk=deal.pk).update(
        needs_vendor=True,
        step=Step.VENDOR,
        endorsed_by=cast.denise,
        endorsed_at=LATER,
        proposed_pct=Decimal(4),
    )
    deal = move(cast, deal)
    assert (deal.step, deal.endorsed_by, deal.proposed_pct) == (Step.DISTRIBUTOR, None, None)


def test_what_an_appeal_brought_back_stays_with_the_vendor(cast):
    deal = bravos(cast)
    deal = actions.reject_deal(deal, by=cast.denise, at=LATER, code="no_engagement", text="Too little.")
    appeal = actions.file_appeal(deal, by=cast.bruno, at=LATER, text="See the minutes.")
    actions.decide_appeal(appeal, by=cast.karim, at=LATER, outcome="facts_wrong", text="They are right.")
    assert move(cast, deal).step == Step.VENDOR


def test_the_new_one_decides(cast):
    deal = move(cast, bravos(cast))
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.denise, at=THEN, granted_pct=Decimal(2))
    deal = actions.approve_deal(deal, by=cast.eve, at=THEN, granted_pct=Decimal(2))
    assert deal.status == DealStatus.APPROVED


def test_it_moves_no_oftener_than_the_edition_allows(cast, sign_in, time_machine_at):
    """Or a registration could keep its place in time and never be decided."""
    deal = bravos(cast)
    address = f"{deal.get_absolute_url()}change-distributor/"
    label = "Change the distributor"
    with time_machine_at(THEN):
        assert label in sign_in(cast.bruno).get(deal.get_absolute_url()).content.decode()
        assert "at most once" in sign_in(cast.bruno).get(address).content.decode()
    deal = move(cast, deal)
    with pytest.raises(RuleViolation) as refusal:
        move(cast, deal, cast.distri_nord)
    assert (refusal.value.code, refusal.value.rule) == ("too-many-changes", "E7")
    with time_machine_at(THEN):
        browser = sign_in(cast.bruno)
        assert f'href="{address}"' not in browser.get(deal.get_absolute_url()).content.decode()
        page = browser.get(address).content.decode()
        assert "cannot go to another distributor any more" in page and "btn-primary ms-auto" not in page
        page = browser.post(address, {"distributor": cast.distri_nord.pk}).content.decode()
        assert "cannot go to another distributor any more" in page
    assert Deal.objects.get(pk=deal.pk).distributor == cast.third


def test_the_new_one_has_its_own_silence_and_its_own_reminders(cast):
    deal = bravos(cast)
    for told in ("half_time_told_at", "overdue_told_at", "silence_told_at"):
        Deal.objects.filter(pk=deal.pk).update(**{told: LATER})
    late = deal.vendor_may_decide_at + timedelta(days=1)
    deal = move(cast, deal, at=late)
    assert deal.half_time_told_at is deal.overdue_told_at is deal.silence_told_at is None
    assert late < deal.half_time_at < deal.decision_due_at < deal.vendor_may_decide_at
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.karim, at=late + timedelta(hours=1), granted_pct=Decimal(2))


def test_there_and_back_tells_everybody_again(cast, monkeypatch):
    monkeypatch.setattr("dealreg.deals.rules.check_may_change_distributor", lambda *_: None)
    deal = move(cast, bravos(cast))
    move(cast, deal, cast.distri_nord, at=THEN + timedelta(hours=1))
    asked = Notification.objects.filter(kind="deal-to-decide", recipient=cast.denise)
    assert asked.count() == 2


def test_colleagues_hear_of_it(cast):
    deal = submitted(cast, cast.amir)
    Supply.objects.create(
        partner=cast.alpha, distributor=cast.third, is_primary=False, started_on=MONDAY.date()
    )
    move(cast, deal, by=cast.amir)
    assert names_told("deal-distributor-changed") == {"Alice Moreau"}


@pytest.mark.parametrize("who", ["denise", "eve", "karim", "amir", "nora"])
def test_only_the_partner_moves_it(cast, who):
    with pytest.raises(NotAllowed):
        move(cast, bravos(cast), by=cast.people[who])


def test_only_to_another_distributor_of_its_own(cast):
    deal = bravos(cast)
    for distributor in (cast.distri_sued, cast.distri_nord):
        with pytest.raises(RuleViolation) as refusal:
            move(cast, deal, distributor)
        assert refusal.value.field == "distributor"


def test_not_after_the_decision(cast):
    deal = actions.approve_deal(bravos(cast), by=cast.denise, at=LATER, granted_pct=Decimal(2))
    with pytest.raises(WrongState):
        move(cast, deal)
    with pytest.raises(WrongState):
        move(cast, approved(cast, customer_name="Port de Sète"), by=cast.amir)


def test_what_a_distributor_registered_stays_with_it(cast):
    deal = bravos(cast)
    Deal.objects.filter(pk=deal.pk).update(on_behalf=True)
    with pytest.raises(NotAllowed):
        move(cast, deal)


def test_before_the_portal_has_looked_the_look_tells_the_new_one(cast):
    draft = actions.start_draft(by=cast.bruno, at=MONDAY)
    deal = bravos(cast, customer_name="Port de Sète")
    Deal.objects.filter(pk=draft.pk).delete()
    Notification.objects.all().delete()
    Deal.objects.filter(pk=deal.pk).update(customer=None, look_due_at=MONDAY)
    move(cast, deal)
    assert names_told("deal-to-decide") == set()
    actions.look_for_conflicts(deal, at=THEN)
    assert names_told("deal-to-decide") == {"Eve Marchand"}
