"""The clock of rule E7 and the protection of rule E8, as the actions run them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.selectors import channel_managers_of, waiting_for
from dealreg.deals.tasks import watch_decisions, watch_protection
from partners.organisations.models import Membership
from portal.accounts.roles import Role
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, MONDAY, approved, asked, endorsed, submitted, won

pytestmark = pytest.mark.django_db


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_question_stops_the_clock_and_the_answer_lets_it_go_on(cast):
    deal = submitted(cast)  # Monday 14:10 in Paris, due Wednesday 14:10
    assert deal.decision_due_at == at(25, 13, 10)
    actions.request_information(deal, by=cast.denise, at=at(24, 9, 10), text="Which sites?", fields=[])
    deal.refresh_from_db()
    assert deal.decision_due_at is None
    # Tuesday 10:10 to 18:00, and Wednesday 9:00 to 14:10.
    assert deal.clock_left == timedelta(hours=13)
    deal = actions.answer_request(deal, by=cast.amir, at=at(30, 9), answer="All.")  # Monday 10:00
    assert deal.clock_left is None
    assert deal.decision_due_at == datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
    # Half time stays where it was in the whole: four of the thirteen hours.
    assert deal.half_time_at == at(30, 13)


def test_nothing_is_due_while_the_partner_is_asked(cast):
    deal = asked(cast)
    assert watch_decisions(MONDAY + timedelta(days=60)) == {
        "half-time reminders": 0,
        "overdue decisions escalated": 0,
        "decisions open to the channel manager": 0,
    }
    assert waiting_for(deal).who == "partner"


def test_a_question_on_an_overdue_deal_gives_no_new_time(cast):
    deal = submitted(cast)
    actions.request_information(deal, by=cast.denise, at=at(27, 9), text="Which sites?", fields=[])
    deal.refresh_from_db()
    assert deal.clock_left == timedelta(0)
    deal = actions.answer_request(deal, by=cast.amir, at=at(28, 9), answer="All.")  # a Saturday
    assert deal.decision_due_at == at(30, 8), "the first working minute"


def test_the_place_in_the_queue_is_kept(cast):
    """Who is asked a question does not lose to who registers meanwhile."""
    first = asked(cast, fields=("customer_city",))
    second = submitted(cast, cast.bruno, at=LATER + timedelta(hours=1))
    first = actions.answer_request(
        first, by=cast.amir, at=LATER + timedelta(days=2), answer="Lyon.", changes={"customer_city": "Lyon"}
    )
    assert first.submitted_at == MONDAY
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (first, second)


def test_an_overdue_deal_is_escalated_once_whatever_is_asked_and_answered(cast):
    deal = submitted(cast)
    assert watch_decisions(at(27, 8))["overdue decisions escalated"] == 1
    actions.request_information(deal, by=cast.denise, at=at(27, 9), text="?", fields=[])
    actions.answer_request(deal, by=cast.amir, at=at(28, 9), answer="All.")
    assert watch_decisions(at(30, 12))["overdue decisions escalated"] == 0


def test_half_time_is_reminded_of_once(cast):
    deal = submitted(cast)
    assert watch_decisions(at(24, 14))["half-time reminders"] == 1
    assert watch_decisions(at(24, 14))["half-time reminders"] == 0
    actions.request_information(deal, by=cast.denise, at=at(24, 15), text="?", fields=[])
    actions.answer_request(deal, by=cast.amir, at=at(26, 9), answer="All.")
    deal.refresh_from_db()
    assert watch_decisions(deal.half_time_at)["half-time reminders"] == 0
    assert Notification.objects.filter(kind="deal-half-time", recipient=cast.denise).count() == 1


def test_an_overdue_deal_is_escalated_once_and_by_the_true_hour(cast):
    deal = submitted(cast)
    assert watch_decisions(deal.decision_due_at)["overdue decisions escalated"] == 0
    assert watch_decisions(deal.decision_due_at + timedelta(days=5))["overdue decisions escalated"] == 1
    assert watch_decisions(deal.decision_due_at + timedelta(days=6))["overdue decisions escalated"] == 0
    assert Notification.objects.filter(kind="deal-overdue", recipient=cast.karim).count() == 1


def test_sweeps_ask_again_under_lock(cast):
    """The row was found, and then somebody decided: the action looks once more."""
    deal = submitted(cast)
    half, due = deal.half_time_at, deal.decision_due_at
    assert not actions.remind_half_time(deal, at=MONDAY)
    assert not actions.escalate_overdue(deal, at=due)
    assert not actions.remind_expiring(deal, at=due)
    assert not actions.expire_deal(deal, at=due)
    deal = actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    assert not actions.remind_half_time(deal, at=half)
    assert not actions.escalate_overdue(deal, at=due + timedelta(days=1))
    assert not actions.remind_expiring(deal, at=LATER)
    assert not actions.expire_deal(deal, at=LATER)


def test_both_steps_of_an_enterprise_deal_share_one_due_date(cast):
    deal = endorsed(cast)
    assert deal.decision_due_at == at(25, 13, 10)
    assert waiting_for(deal).who == Step.VENDOR
    watch_decisions(at(26, 9))
    assert {row.recipient for row in Notification.objects.filter(kind="deal-overdue")} == {cast.karim}


def test_protection_is_counted_in_the_partners_country(cast):
    """Half past midnight in Paris is still the day before in UTC."""
    deal = submitted(cast, at=datetime(2026, 11, 20, 10, tzinfo=UTC))
    deal = actions.approve_deal(deal, by=cast.denise, at=at(23, 23, 30), granted_pct=Decimal(1))
    assert (deal.protected_from, deal.protected_until) == (date(2026, 11, 24), date(2027, 2, 22))
    last_minute = datetime(2027, 2, 22, 22, 59, tzinfo=UTC)
    assert watch_protection(last_minute)["protections ended"] == 0
    assert watch_protection(last_minute + timedelta(minutes=1))["protections ended"] == 1
    deal.refresh_from_db()
    assert (deal.status, deal.ended_on) == (DealStatus.EXPIRED, date(2027, 2, 23))


def test_a_late_sweep_stamps_the_true_end_and_sends_the_tightest_reminder(cast):
    deal = approved(cast)
    assert watch_protection(LATER + timedelta(days=78))["protections about to end"] == 1
    assert watch_protection(LATER + timedelta(days=78))["protections about to end"] == 0
    assert Notification.objects.filter(kind="deal-expiring", recipient=cast.amir).get().context["days"] == 12
    watch_protection(LATER + timedelta(days=200))
    deal.refresh_from_db()
    assert deal.ended_on == deal.protected_until + timedelta(days=1)
    assert watch_protection(LATER + timedelta(days=200)) == {
        "protections about to end": 0,
        "protections ended": 0,
    }


def test_nobody_is_waited_for_after_the_end(cast):
    deal = won(cast)
    assert waiting_for(deal).who == "distributor"
    deal = actions.confirm_order(deal, by=cast.denise, at=LATER)
    assert waiting_for(deal) is None
    assert waiting_for(Deal(status=DealStatus.DRAFT)).who == "partner"
    assert waiting_for(approved(cast, customer_name="Ville de Lens")).until == date(2027, 2, 22)


def test_nothing_is_told_to_nobody_when_the_channel_manager_has_left(cast):
    """First the partner's own, then any of the region, then the programme administrators."""
    region = Membership.objects.filter(role=Role.CHANNEL_MANAGER)
    assert channel_managers_of(cast.alpha) == [cast.karim]
    cast.alpha.channel_manager = cast.ingrid
    assert channel_managers_of(cast.alpha) == [cast.karim], "Ingrid is of another region"
    region.filter(user=cast.karim).update(is_active=False)
    assert channel_managers_of(cast.alpha) == [cast.nora]
    Membership.objects.filter(role=Role.PROGRAMME_ADMIN).update(is_active=False)
    assert channel_managers_of(cast.alpha) == []
