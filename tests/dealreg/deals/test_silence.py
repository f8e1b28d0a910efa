"""Rule E7: a distributor's silence does not block. One business day after the decision was due, the
channel manager may decide in its place."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.selectors import may_make, moves_open_to, queue_of, require_move, reviewers_of
from dealreg.deals.tasks import SILENT, watch_decisions
from dealreg.deals.views.deciding import move_address
from dealreg.deals.waiting_work import decisions_waiting
from partners.organisations.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import MONDAY, endorsed, enterprise, in_english, submitted

pytestmark = pytest.mark.django_db

# Submitted on Monday 14:10 in Paris, due on Wednesday 14:10.
OPENS = datetime(2026, 11, 26, 13, 10, tzinfo=UTC)
BEFORE = OPENS - timedelta(microseconds=1)


@pytest.fixture
def cast(cast):
    return in_english(cast)


def test_one_business_day_after_the_due_hour_and_not_a_moment_earlier(cast):
    deal = submitted(cast)
    assert deal.vendor_may_decide_at == OPENS
    for move in ("approve", "reject", "request_information"):
        assert not may_make(cast.karim, deal, move, BEFORE)
        assert may_make(cast.karim, deal, move, OPENS)
        assert may_make(cast.denise, deal, move, OPENS), "the distributor still can"
        assert not may_make(cast.karim, deal, move), "without an instant nothing opens"
    assert moves_open_to(cast.karim, deal, BEFORE) == []
    with pytest.raises(NotAllowed):
        require_move(cast.karim, deal, "approve", BEFORE)


def test_who_may_not_decide_for_the_vendor_may_not_in_the_distributors_place(cast):
    deal = submitted(cast)
    for person in (cast.august, cast.ingrid, cast.amir, cast.olga, cast.dieter):
        assert moves_open_to(person, deal, OPENS) in ([], ["withdraw"])


def test_an_enterprise_deal_then_takes_one_decision_with_its_discount(cast):
    deal = enterprise(cast)
    assert "endorse" not in moves_open_to(cast.karim, deal, OPENS)
    deal = actions.approve_deal(deal, by=cast.karim, at=OPENS, granted_pct=Decimal(12))
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct, deal.endorsed_by) == (DealStatus.APPROVED, Decimal(12), None)
    assert deal.in_distributors_place


def test_an_endorsed_deal_is_no_longer_the_distributors_to_decide(cast):
    deal = endorsed(cast)
    assert deal.vendor_may_decide_at is None
    assert not actions.tell_of_silence(deal, at=OPENS + timedelta(days=9))


def test_it_is_said_that_the_decision_was_taken_in_the_distributors_place(cast, sign_in):
    deal = actions.approve_deal(submitted(cast), by=cast.karim, at=OPENS, granted_pct=Decimal("3.5"))
    verbs = list(Event.objects.about(deal).order_by("pk").values_list("verb", flat=True))
    assert verbs[-2:] == ["deal.stepped_in", "deal.approved"]
    told = Notification.objects.filter(kind="deal-approved")
    assert set(told.values_list("recipient", flat=True)) >= {cast.denise.pk, cast.amir.pk}
    assert all(one.context["in_place"] for one in told)
    page = sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()
    assert "acts in the distributor" in page
    assert "Karim" not in page, "to the partner the vendor is one voice"


def test_a_rejection_in_its_place_is_told_to_the_distributor_too(cast, sign_in):
    deal = actions.reject_deal(submitted(cast), by=cast.karim, at=OPENS, code="other", text="Not new.")
    assert deal.in_distributors_place
    assert Notification.objects.get(kind="deal-rejected", recipient=cast.denise).context["in_place"]
    page = sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
    assert "Decided in the place of" in page


def test_a_rejection_in_its_place_that_an_appeal_overturns_is_asked_about_as_any_other(cast):
    deal = actions.reject_deal(submitted(cast), by=cast.karim, at=OPENS, code="other", text="Not new.")
    appeal = actions.file_appeal(deal, by=cast.amir, at=OPENS, text="It is new.")
    actions.decide_appeal(appeal, by=cast.nora, at=OPENS, outcome="facts_wrong", text="It is new.")
    deal.refresh_from_db()
    assert not deal.in_distributors_place
    actions.request_information(deal, by=cast.nora, at=OPENS, text="Since when?", fields=[])
    deal.refresh_from_db()
    assert deal.status == DealStatus.INFORMATION_REQUESTED


def test_a_decision_of_the_distributor_after_all_is_its_own(cast):
    deal = actions.approve_deal(submitted(cast), by=cast.denise, at=OPENS, granted_pct=Decimal(1))
    assert not deal.in_distributors_place
    assert not Event.objects.filter(verb="deal.stepped_in").exists()


def test_nobody_steps_in_for_what_they_registered_themselves(cast):
    """Rule E11 holds: Karim works for Alpha on the side."""
    Membership.objects.create(user=cast.karim, partner=cast.alpha, role=Role.PARTNER_SALES, is_current=False)
    deal = submitted(cast)
    assert not may_make(cast.again(cast.karim), deal, "approve", OPENS)
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.again(cast.karim), at=OPENS, granted_pct=Decimal(1))


def test_a_question_stops_this_clock_too(cast):
    deal = submitted(cast)
    asked_at = datetime(2026, 11, 26, 9, 10, tzinfo=UTC)  # four working hours before it opens
    actions.request_information(deal, by=cast.denise, at=asked_at, text="Which sites?", fields=[])
    deal.refresh_from_db()
    assert (deal.vendor_may_decide_at, deal.silence_left) == (None, timedelta(hours=4))
    assert not may_make(cast.karim, deal, "reject", OPENS + timedelta(days=30))
    answered_at = datetime(2026, 12, 3, 8, tzinfo=UTC)  # a Thursday, 9:00
    deal = actions.answer_request(deal, by=cast.amir, at=answered_at, answer="All.")
    assert deal.vendor_may_decide_at == datetime(2026, 12, 3, 12, tzinfo=UTC)
    assert deal.silence_left is None


def test_a_question_in_its_place_comes_back_to_both(cast):
    deal = submitted(cast)
    watch_decisions(OPENS)
    actions.request_information(deal, by=cast.karim, at=OPENS, text="Which sites?", fields=[])
    assert Event.objects.filter(verb="deal.stepped_in").count() == 1
    deal = actions.answer_request(deal, by=cast.amir, at=OPENS + timedelta(days=1), answer="All.")
    assert set(reviewers_of(deal)) == {cast.denise, cast.karim}
    assert may_make(cast.karim, deal, "approve", OPENS + timedelta(days=1, minutes=1))


def test_the_sweep_tells_both_once_also_when_it_comes_late(cast):
    deal = submitted(cast)
    assert watch_decisions(BEFORE)[SILENT] == 0
    assert watch_decisions(OPENS + timedelta(days=5))[SILENT] == 1
    assert watch_decisions(OPENS + timedelta(days=5))[SILENT] == 0
    told = Notification.objects.filter(kind="deal-silence")
    assert {one.recipient for one in told} == {cast.karim, cast.denise}
    assert {one.context["since_at"] for one in told} == {"2026-11-26T13:10:00Z"}
    actions.approve_deal(deal, by=cast.denise, at=OPENS + timedelta(days=6), granted_pct=Decimal(1))
    assert not actions.tell_of_silence(deal, at=OPENS + timedelta(days=7))


def test_the_channel_managers_lists_hold_what_is_open_to_it(cast, sign_in, time_machine_at):
    deal = submitted(cast)
    for at, found in ((BEFORE, []), (OPENS, [deal])):
        assert list(queue_of(cast.karim, at)) == list(decisions_waiting(cast.karim, at)) == found
    assert list(queue_of(cast.denise, OPENS)) == [deal], "and the distributor's still does"
    with time_machine_at(OPENS):
        browser = sign_in(cast.karim)
        queue = browser.get("/deals/queue/").content.decode()
        home = browser.get("/").content.decode()
        page = browser.get(deal.get_absolute_url()).content.decode()
        form = browser.get(move_address(deal, "approve")).content.decode()
    assert "In the distributor" in queue
    assert deal.get_absolute_url() in home
    assert "You may decide in its place" in page
    assert "What you decide counts as its decision" in form


def test_the_distributor_is_told_on_its_page_from_when_on(cast, sign_in, time_machine_at):
    deal = submitted(cast)
    with time_machine_at(deal.decision_due_at + timedelta(hours=1)):
        page = sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
        partners = sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()
    assert "on the channel manager may decide in the distributor" in page
    assert "channel manager may decide" not in partners


def test_the_database_keeps_a_decision_in_place_after_its_time(cast):
    deal = actions.approve_deal(submitted(cast), by=cast.denise, at=MONDAY, granted_pct=Decimal(1))
    with pytest.raises(IntegrityError, match="deal_in_place_after_silence"), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(in_distributors_place=True)


def test_an_enterprise_deal_without_both_signatures_is_refused_by_the_database(cast):
    deal = enterprise(cast)
    with pytest.raises(IntegrityError, match="deal_approved_was_endorsed"), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(
            status=DealStatus.APPROVED,
            step=Step.VENDOR,
            granted_pct=1,
            decided_by=cast.karim,
            decided_at=timezone.now(),
            protected_until=MONDAY.date(),
        )
