"""Rules E8, E10: won with an order that the distributor finds, or lost with a day to try again."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.actions.handing_over import count_deals_in_hand
from dealreg.deals.actions.submitting import missing_fields
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.selectors import moves_open_to, promised_due_at
from dealreg.deals.tasks import watch_endings
from dealreg.deals.views.deciding import move_address
from partners.customers.models import Customer
from portal.audit.models import Event
from portal.core.errors import RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import (
    LATER,
    approved,
    confirmed,
    draft,
    expired,
    in_english,
    looked_at,
    submitted,
    won,
)
from tests.told import names_told

pytestmark = pytest.mark.django_db
THEN = LATER + timedelta(days=11)
ORDER = {
    "order_reference": "DN-118843",
    "order_date": date(2026, 12, 2),
    "order_amount": Decimal("5211.00"),
}


@pytest.fixture
def cast(cast):
    return in_english(cast)


def disputed(cast, deal=None):
    return actions.dispute_order(deal or won(cast), by=cast.denise, at=THEN, text="No order of this number.")


def test_a_dispute_goes_back_to_the_partner_who_corrects_it(cast):
    deal = disputed(cast)
    assert (deal.status, deal.order_dispute) == (DealStatus.WON, "No order of this number.")
    assert names_told("deal-order-disputed") == {"Alice Moreau", "Amir Haddad"}
    deal = actions.correct_order(deal, by=cast.amir, at=THEN, **ORDER)
    assert (deal.order_reference, deal.ended_on, deal.order_dispute) == ("DN-118843", date(2026, 12, 2), "")
    assert Notification.objects.filter(kind="deal-won", recipient=cast.denise).count() == 2
    deal = actions.confirm_order(deal, by=cast.denise, at=THEN)
    assert deal.order_confirmed_by == cast.denise
    event = Event.objects.about(deal).get(verb="deal.order_corrected")
    assert event.data["before"][0] == "DN-118842"


def test_a_disputed_order_that_turns_up_is_confirmed_as_it_stands(cast):
    deal = actions.confirm_order(disputed(cast), by=cast.denise, at=THEN)
    assert (deal.order_disputed_at, deal.order_reference) == (None, "DN-118842")


def test_a_dispute_says_what_is_wrong_and_is_raised_once(cast):
    deal = won(cast)
    with pytest.raises(RuleViolation):
        actions.dispute_order(deal, by=cast.denise, at=THEN, text=" ")
    disputed(cast, deal)
    with pytest.raises(WrongState):
        disputed(cast, deal)


def test_only_the_order_of_a_won_deal_is_confirmed_and_once(cast):
    deal = confirmed(cast)
    with pytest.raises(WrongState):
        actions.confirm_order(deal, by=cast.denise, at=THEN)
    with pytest.raises(WrongState):
        actions.confirm_order(approved(cast, customer_name="Port de Sète"), by=cast.denise, at=THEN)


def test_deals_in_hand_are_those_that_are_not_over(cast):
    deal = approved(cast)
    assert count_deals_in_hand(cast.alpha, cast.amir) == 1
    assert count_deals_in_hand(cast.alpha, cast.alice) == 0
    actions.report_lost(deal, by=cast.amir, at=THEN, code="price")
    assert count_deals_in_hand(cast.alpha, cast.amir) == 0


def test_a_draft_without_products_says_so(cast):
    deal = draft(cast)
    deal.lines.all().delete()
    assert missing_fields(deal) == [("lines", "Products")]


def test_a_confirmed_order_is_neither_disputed_nor_corrected_nor_taken_back(cast):
    deal = confirmed(cast)
    for act in (
        lambda: disputed(cast, deal),
        lambda: actions.correct_order(deal, by=cast.amir, at=THEN, **ORDER),
        lambda: actions.take_back_win(deal, by=cast.amir, at=THEN, reason="Oops"),
        lambda: actions.report_lost(deal, by=cast.amir, at=THEN, code="price"),
    ):
        with pytest.raises(WrongState):
            act()


def test_the_partner_corrects_before_anybody_has_noticed(cast):
    deal = won(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.correct_order(
            deal,
            by=cast.amir,
            at=THEN,
            order_reference=deal.order_reference,
            order_date=deal.order_date,
            order_amount=deal.order_amount,
        )
    assert refusal.value.code == "nothing-changed"
    assert actions.correct_order(deal, by=cast.amir, at=THEN, **ORDER).order_reference == "DN-118843"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_reference": " "}, "order_reference"),
        ({"order_date": date(2027, 3, 1)}, "order_date"),
        ({"order_date": date(2026, 11, 1)}, "order_date"),
        ({"order_amount": Decimal(0)}, "order_amount"),
    ],
)
def test_a_correction_keeps_to_the_rules_of_an_order(cast, changes, field):
    with pytest.raises(RuleViolation) as refusal:
        actions.correct_order(won(cast), by=cast.amir, at=THEN, **(ORDER | changes))
    assert refusal.value.field == field


def test_an_order_after_the_protection_does_not_win(cast):
    deal = approved(cast)
    Deal.objects.filter(pk=deal.pk).update(protected_until=date(2026, 12, 1))
    with pytest.raises(RuleViolation) as refusal:
        actions.report_won(deal, by=cast.amir, at=THEN, **ORDER)
    assert refusal.value.code == "after-protection"


def take_back(cast, deal, at=THEN):
    return actions.take_back_win(deal, by=cast.amir, at=at, reason="Reported on the wrong deal.")


def test_a_win_that_is_taken_back_is_under_review_again_at_its_place(cast):
    deal = won(cast)
    place, edition, ceiling = deal.submitted_at, deal.edition, deal.ceiling_pct
    with pytest.raises(RuleViolation):
        actions.take_back_win(deal, by=cast.amir, at=THEN, reason=" ")
    deal = take_back(cast, deal)
    assert (deal.status, deal.step, deal.ended_on, deal.order_reference) == (
        DealStatus.SUBMITTED,
        Step.DISTRIBUTOR,
        None,
        "",
    )
    assert (deal.submitted_at, deal.edition, deal.ceiling_pct) == (place, edition, ceiling)
    assert (deal.granted_pct, deal.decided_by, deal.protected_until) == (None, None, None)
    assert THEN < deal.half_time_at < deal.decision_due_at < deal.vendor_may_decide_at
    assert promised_due_at(deal) == deal.decision_due_at
    assert names_told("deal-win-taken-back") == {"Denise Carlier"}
    looked_at(deal, at=THEN)
    assert Notification.objects.filter(kind="deal-to-decide", recipient=cast.denise).count() == 2


def test_approved_again_it_is_protected_until_the_same_day_as_before(cast):
    """Or winning and taking back would prolong a protection."""
    deal = won(cast)
    until, spent = deal.protected_until, deal.decision_working_time
    deal = looked_at(take_back(cast, deal), at=THEN)
    deal = actions.approve_deal(deal, by=cast.denise, at=THEN + timedelta(hours=2), granted_pct=Decimal(3))
    assert (deal.protected_until, deal.granted_pct) == (until, Decimal(3))
    assert deal.decision_working_time == spent, "the first decision counts"
    assert Notification.objects.filter(kind="deal-approved", recipient=cast.amir).count() == 2
    actions.expire_deal(deal, at=LATER + timedelta(days=92))
    deal = actions.reopen_deal(
        deal, by=cast.amir, at=LATER + timedelta(days=95), expected_close_on=date(2027, 5, 31)
    )
    assert (deal.win_taken_back_at, deal.protection_kept_until) == (None, None)


def test_what_the_review_takes_beyond_the_last_day_is_not_lost(cast):
    last = LATER + timedelta(days=90)
    deal = looked_at(take_back(cast, won(cast), at=last), at=last)
    later = last + timedelta(days=3)
    deal = actions.approve_deal(deal, by=cast.denise, at=later, granted_pct=Decimal(3))
    assert deal.protected_until == later.date()


@pytest.mark.parametrize("facts", [{"on_behalf": True}, {"reinstated_at": THEN}])
def test_what_was_registered_on_behalf_or_brought_back_by_an_appeal_goes_to_the_vendor(cast, facts):
    deal = won(cast)
    Deal.objects.filter(pk=deal.pk).update(**facts)
    assert (take_back(cast, deal).step, Deal.objects.get().vendor_may_decide_at) == (Step.VENDOR, None)


def test_a_win_is_not_taken_back_after_the_protection(cast):
    with pytest.raises(RuleViolation) as refusal:
        take_back(cast, won(cast), at=LATER + timedelta(days=91))
    assert refusal.value.code == "not-protected-any-more"


def what_the_partner_sees(cast, sign_in, deal) -> tuple:
    """Answer, page and mails, without what differs from deal to deal."""
    browser = sign_in(cast.amir)
    with CaptureQueriesContext(connection) as statements:
        answer = browser.post(move_address(deal, "take_back_win"), {"reason": "Wrong deal."})
    cost = len(statements)
    page = browser.get(answer.url).content.decode()
    page = page[page.index("<main") : page.index("</main>")]
    page = re.sub(r'nonce="[^"]*"|\b[A-Za-z0-9]{64}\b', "", page).replace(deal.reference, "DR")
    rows = Notification.objects.filter(recipient__memberships__partner=cast.alpha, subject_id=deal.pk)
    mails = sorted((row.kind, sorted(row.context)) for row in rows)
    return answer.status_code, page.replace(deal.customer_name, "CUSTOMER"), mails, cost


def test_taking_back_tells_the_partner_nothing_of_who_has_the_customer_now(cast, sign_in, time_machine_at):
    """Rule E6: to the eye, to the mail and to the clock the same."""
    free = won(cast, customer_name="Ville de Lens")
    taken, other = overruled(cast)
    actions.approve_deal(other, by=cast.denise, at=THEN, granted_pct=Decimal(2))
    actions.look_at_due(at=THEN)
    with time_machine_at(THEN):
        what_the_partner_sees(cast, sign_in, won(cast, customer_name="Port de Sète"))  # caches
        assert what_the_partner_sees(cast, sign_in, free) == what_the_partner_sees(cast, sign_in, taken)
    taken.refresh_from_db()
    assert taken.status == DealStatus.SUBMITTED
    looked_at(taken, at=THEN)
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(taken, by=cast.denise, at=THEN, granted_pct=Decimal(2))
    assert refusal.value.code == "conflict-open"
    assert actions.approve_deal(free, by=cast.denise, at=THEN, granted_pct=Decimal(2)).protected_until


def overruled(cast):
    """Won by Alpha; the channel manager then gives the opportunity to Bravo, which registered it since."""
    deal = won(cast)
    other = submitted(cast, cast.bruno, at=THEN)
    actions.settle_conflict(
        Conflict.objects.get(), by=cast.karim, at=THEN, outcome="later_prevails", reason="Another site."
    )
    return deal, other


def test_a_win_that_is_taken_back_opens_the_settled_conflict_again(cast):
    deal, other = overruled(cast)
    take_back(cast, deal)
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(other, by=cast.denise, at=THEN, granted_pct=Decimal(2))
    assert refusal.value.code == "conflict-open"
    conflict = Conflict.objects.get()
    assert (conflict.outcome, len(conflict.settled_before)) == ("", 1)


def test_it_is_in_conflict_also_with_what_is_protected_under_the_customers_new_record(cast):
    deal, other = overruled(cast)
    other = actions.approve_deal(other, by=cast.denise, at=THEN, granted_pct=Decimal(2))
    record = submitted(cast, cast.bruno, at=THEN, customer_name="Centre de soins du Nord").customer
    actions.merge_customers(
        record, Customer.objects.get(pk=deal.customer_id), by=cast.karim, at=THEN, reason="One."
    )
    deal.refresh_from_db()
    looked_at(take_back(cast, deal), at=THEN)
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(deal, by=cast.denise, at=THEN, granted_pct=Decimal(2))
    assert refusal.value.code == "conflict-open"


def test_a_dispute_names_no_rival(cast):
    deal, other = overruled(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.dispute_order(deal, by=cast.denise, at=THEN, text=f"It belongs to {other.reference}.")
    assert (refusal.value.code, refusal.value.field) == ("names-rival", "text")


def test_an_order_that_never_came_about_is_a_loss(cast):
    deal = actions.report_lost(disputed(cast), by=cast.amir, at=THEN, code="no_budget")
    assert (deal.status, deal.order_reference, deal.order_dispute) == (DealStatus.LOST, "", "")


def test_the_database_keeps_disputes_to_won_deals(cast):
    deal = disputed(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(order_confirmed_at=THEN)


def test_the_distributor_is_reminded_once_and_not_of_what_it_disputes(cast):
    deal = won(cast)
    # Five business days of France after Friday, 4 December.
    assert deal.order_due_at.date() == date(2026, 12, 11)
    assert watch_endings(at=deal.order_due_at - timedelta(minutes=1))["orders to confirm"] == 0
    assert watch_endings(at=deal.order_due_at)["orders to confirm"] == 1
    assert watch_endings(at=deal.order_due_at + timedelta(days=1))["orders to confirm"] == 0
    assert names_told("deal-order-reminder") == {"Denise Carlier"}
    disputed(cast, deal)
    assert not actions.remind_of_order(deal, at=deal.order_due_at + timedelta(days=5))


def test_no_reminder_before_its_time(cast):
    deal = won(cast)
    assert not actions.remind_of_order(deal, at=deal.order_due_at - timedelta(seconds=1))


# --- reported after the end -----------------------------------------------------------------------


def test_an_order_of_the_protected_time_is_told_of_for_ten_days_after_the_end(cast):
    deal = expired(cast)
    deal = actions.report_won(deal, by=cast.amir, at=LATER + timedelta(days=100), **ORDER)
    assert (deal.status, deal.ended_on) == (DealStatus.WON, date(2026, 12, 2))


def test_and_no_longer(cast):
    with pytest.raises(RuleViolation) as refusal:
        actions.report_won(expired(cast), by=cast.amir, at=LATER + timedelta(days=101), **ORDER)
    assert refusal.value.code == "reported-too-late"


def test_who_registered_the_customer_since_is_seen_by_the_channel_manager_and_nobody_else(cast):
    deal = expired(cast)
    since = LATER + timedelta(days=95)
    other = submitted(cast, cast.bruno, at=since)
    assert not Conflict.objects.exists()
    deal = actions.report_won(deal, by=cast.amir, at=LATER + timedelta(days=99), **ORDER)
    looked_at(deal, at=LATER + timedelta(days=99))
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (deal, other)
    assert names_told("deal-conflict") == {"Karim Benali"}


# --- lost -----------------------------------------------------------------------------------------


def test_a_loss_names_reason_competitor_and_when_to_try_again(cast):
    deal = actions.report_lost(
        approved(cast),
        by=cast.amir,
        at=THEN,
        code="competitor",
        text="Renewed for a year.",
        lost_to=" Acme Shield ",
        retry_on=date(2027, 10, 1),
    )
    assert (deal.lost_to, deal.retry_on) == ("Acme Shield", date(2027, 10, 1))
    data = Event.objects.about(deal).get(verb="deal.lost").data
    assert (data["lost_to"], data["retry_on"]) == ("Acme Shield", "2027-10-01")


@pytest.mark.parametrize("day", [THEN.date(), date(2031, 1, 1)])
def test_the_day_to_try_again_lies_ahead(cast, day):
    with pytest.raises(RuleViolation) as refusal:
        actions.report_lost(approved(cast), by=cast.amir, at=THEN, code="price", retry_on=day)
    assert refusal.value.field == "retry_on"


def test_on_that_day_registrant_and_administrators_are_reminded_once_however_late(cast):
    deal = approved(cast)
    deal = actions.report_lost(deal, by=cast.amir, at=THEN, code="price", retry_on=date(2027, 10, 1))
    before = THEN.replace(year=2027, month=9, day=30)
    assert watch_endings(at=before)["reminders to try again"] == 0
    assert not actions.remind_to_try_again(deal, at=before)
    late = before + timedelta(days=6)
    assert watch_endings(at=late)["reminders to try again"] == 1
    assert watch_endings(at=late)["reminders to try again"] == 0
    assert names_told("deal-try-again") == {"Alice Moreau", "Amir Haddad"}


def test_the_moves_of_a_won_deal(cast):
    deal = won(cast)
    assert set(moves_open_to(cast.amir, deal)) == {"correct_order", "take_back_win", "report_lost"}
    assert set(moves_open_to(cast.denise, deal)) == {"confirm_order", "dispute_order"}
    disputed(cast, deal)
    deal.refresh_from_db()
    assert set(moves_open_to(cast.denise, deal)) == {"confirm_order"}


# --- the amount of the order (rule E15)


def test_an_order_is_at_most_at_list_price_when_reported_and_when_corrected(cast, sign_in, time_machine_at):
    deal = approved(cast)
    above = ORDER | {"order_amount": deal.list_amount + Decimal("0.01")}
    with pytest.raises(RuleViolation) as refused:
        actions.report_won(deal, by=cast.amir, at=THEN, **above)
    assert (refused.value.field, refused.value.rule) == ("order_amount", "E15")
    with time_machine_at(THEN):
        answer = sign_in(cast.amir).post(move_address(deal, "report_won"), above)
    assert "the price at which you resell" in str(answer.context["form"].errors["order_amount"])
    deal = actions.report_won(deal, by=cast.amir, at=THEN, **ORDER | {"order_amount": deal.list_amount})
    with pytest.raises(RuleViolation) as refused:
        actions.correct_order(deal, by=cast.amir, at=THEN, **above)
    assert refused.value.field == "order_amount"


def test_the_distributor_confirms_with_the_expected_amount_and_a_repeated_order_before_its_eyes(
    cast, sign_in
):
    deal = won(cast)
    page = sign_in(cast.denise).get(move_address(deal, "confirm_order")).content.decode()
    assert "Expected at most" in page and "5,400.00" in page and "5,211.00" in page
    assert "another deal already" not in page
    again = approved(cast, customer_name="Port de Sète")
    again = actions.report_won(again, by=cast.amir, at=THEN, **ORDER | {"order_reference": "dn-118842"})
    page = sign_in(cast.denise).get(move_address(again, "confirm_order")).content.decode()
    assert "another deal already" in page and deal.reference in page


def test_the_same_order_of_another_partner_is_not_named(cast, sign_in):
    deal = won(cast)
    other = submitted(cast, cast.bruno, customer_name="Port de Sète")
    actions.approve_deal(other, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    other = actions.report_won(other, by=cast.bruno, at=THEN, **ORDER | {"order_reference": "DN-118842"})
    page = sign_in(cast.denise).get(move_address(other, "confirm_order")).content.decode()
    assert "another deal already" not in page and deal.reference not in page
