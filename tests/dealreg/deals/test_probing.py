"""Whoever registers names to see which are taken is slowed down, the same for taken and free ones, and the
channel manager hears of it (rule E6, promise S3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dealreg.deals import actions, rules
from dealreg.deals.actions import probing
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from partners.programme.selectors import rulebook_on
from portal.audit.models import Event
from portal.core.errors import RuleViolation
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import MONDAY, draft, in_english, looked_at, submitted
from tests.dealreg.deals.test_rules import TERMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


@pytest.fixture
def terms(cast, monkeypatch):
    """Three registrations an hour; four in 30 days, half of them in vain, are reported."""
    strict = replace(
        rulebook_on(MONDAY.date()).deal_registration, registrations_per_hour=3, probing_registrations=4
    )
    check, strikes = rules.check_pace, rules.looks_like_probing
    monkeypatch.setattr(
        rules, "check_pace", lambda number, first, at, terms: check(number, first, at, strict)
    )
    monkeypatch.setattr(rules, "looks_like_probing", lambda all, vain, terms: strikes(all, vain, strict))
    monkeypatch.setattr(probing, "terms_of", lambda deal: strict)
    return strict


@pytest.mark.parametrize(("registered", "allowed"), [(29, True), (30, False), (31, False)])
def test_one_person_registers_so_many_deals_within_an_hour(registered, allowed):
    first = MONDAY - timedelta(minutes=20, seconds=30)
    if allowed:
        rules.check_pace(registered, first, MONDAY, TERMS)
        return
    with pytest.raises(RuleViolation) as refusal:
        rules.check_pace(registered, first, MONDAY, TERMS)
    assert refusal.value.params == {"count": registered, "minutes": 40}


@pytest.mark.parametrize(
    ("registered", "in_vain", "striking"), [(9, 9, False), (10, 4, False), (10, 5, True), (40, 19, False)]
)
def test_many_registrations_in_vain_are_striking(registered, in_vain, striking):
    assert rules.looks_like_probing(registered, in_vain, TERMS) is striking


def test_the_fourth_within_an_hour_is_refused_the_same_way_taken_or_free(
    cast, terms, sign_in, time_machine_at
):
    submitted(cast, cast.bruno)
    for number in range(3):
        submitted(cast, at=MONDAY + timedelta(minutes=number), customer_name=f"Mairie numéro {number}")
    told = []
    for name in ("Hôpital Saint-Roch", "Ville de Cassel"):
        deal = draft(cast, customer_name=name)
        with time_machine_at(MONDAY + timedelta(minutes=30)):
            answer = sign_in(cast.amir).post(f"/deals/{deal.reference}/draft/review/", {"action": "submit"})
        assert answer.status_code == 422
        told.append([lack.text for lack in answer.context["lacks"]])
        assert Deal.objects.get(pk=deal.pk).status == DealStatus.DRAFT
    assert told[0] == told[1]
    assert "submit it in 30 minutes" in told[0][0]
    # A colleague goes on, and so does the same person when the hour is over.
    submitted(cast, cast.alice, at=MONDAY + timedelta(minutes=30), customer_name="Ville de Douai")
    deal = actions.submit_deal(deal, by=cast.amir, at=MONDAY + timedelta(minutes=60))
    assert deal.status == DealStatus.SUBMITTED


def test_the_channel_manager_alone_hears_of_a_fast_account_once_a_day(cast, terms):
    for number in range(3):
        deal = submitted(cast, at=MONDAY + timedelta(minutes=number), customer_name=f"Mairie numéro {number}")
    told = Notification.objects.get(kind="deal-probing")
    assert (told.recipient, told.context["found"], told.context["at_once"]) == (cast.karim, "pace", 3)
    assert Event.objects.get(verb="deal.probing_noticed").audience == "vendor"
    later = MONDAY + timedelta(hours=1)
    submitted(cast, at=later, customer_name="Ville de Cassel")
    assert Notification.objects.filter(kind="deal-probing").count() == 1
    assert Event.objects.about(deal).filter(verb="deal.probing_noticed").count() == 1


@pytest.mark.parametrize("way", ["taken", "withdrawn"])
def test_the_channel_manager_hears_of_many_registrations_in_vain(cast, terms, way):
    for number in range(4):
        name, at = f"Mairie numéro {number}", MONDAY + timedelta(days=number)
        if way == "taken" and number % 2:
            submitted(cast, cast.bruno, at=at - timedelta(hours=1), customer_name=name)
        assert not Notification.objects.filter(kind="deal-probing").exists()
        deal = submitted(cast, at=at, customer_name=name)
        if way == "withdrawn" and number % 2:
            looked_at(actions.withdraw_deal(deal, by=cast.amir, at=at + timedelta(hours=3)))
    told = Notification.objects.get(kind="deal-probing")
    assert (told.recipient, told.context["found"]) == (cast.karim, "in_vain")
    assert (told.context["registered"], told.context["in_vain"]) == (4, 2)


def test_a_withdrawal_after_days_and_a_meeting_with_itself_are_not_in_vain(cast, terms):
    for number in range(4):
        at = MONDAY + timedelta(days=number)
        deal = submitted(cast, at=at, customer_name=f"Mairie numéro {number}")
        looked_at(actions.withdraw_deal(deal, by=cast.amir, at=at + timedelta(days=2)))
    assert not Notification.objects.filter(kind="deal-probing").exists()
