"""The main job from end to end, as commands: registration, approval, conflict, protection, expiry."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dealreg.deals.actions import (
    answer_request,
    approve_deal,
    endorse_deal,
    request_information,
    save_draft,
    set_lines,
    settle_conflict,
    start_draft,
    submit_deal,
)
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Conflict, ConflictOutcome, Deal
from dealreg.deals.selectors import moves_open_to
from dealreg.deals.tasks import watch_decisions, watch_protection
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation
from tests.dealreg.deals.stages import looked_at
from tests.told import short_names_told

pytestmark = pytest.mark.django_db

# A Monday, ten past two in the afternoon in Paris.
MONDAY = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)


def register(
    cast, by, *, at=MONDAY, group="endpoint-security", sku="EPS-ADV", distributor=None, **customer
) -> Deal:
    deal = start_draft(by=by, at=at)
    changes = {
        "customer_name": "Hôpital Saint-Roch",
        "customer_country": deal.partner.country,
        "product_group": cast.groups[group],
        "nodes": 100,
        "expected_close_on": date(2027, 2, 1),
        "engagement": "Two meetings with the head of IT, proof of concept agreed.",
    } | customer
    if distributor:
        changes["distributor"] = distributor
    save_draft(deal, by=by, changes=changes)
    set_lines(deal, by=by, lines=[LineInput(cast.products[sku], 100, 12)], at=at)
    return looked_at(submit_deal(deal, by=by, at=at), at=at)


def test_a_standard_deal_is_received_approved_protected_and_expires(cast):
    deal = register(cast, cast.amir)

    assert deal.status == DealStatus.SUBMITTED
    assert deal.ceiling_pct == Decimal(5)
    assert deal.list_amount == Decimal("5400.00")
    # Two business days in France, at the same hour: Wednesday, ten past two.
    assert deal.decision_due_at == datetime(2026, 11, 25, 13, 10, tzinfo=UTC)
    assert short_names_told("deal-submitted") == {"Alice", "Amir"}
    assert short_names_told("deal-to-decide") == {"Denise"}
    assert moves_open_to(cast.denise, deal) == ["request_information", "approve", "reject"]
    assert moves_open_to(cast.amir, deal) == ["withdraw"]
    assert moves_open_to(cast.bruno, deal) == []

    with pytest.raises(NotAllowed):
        approve_deal(deal, by=cast.dieter, at=MONDAY, granted_pct=Decimal(3))
    with pytest.raises(RuleViolation) as above:
        approve_deal(deal, by=cast.denise, at=MONDAY, granted_pct=Decimal("5.5"))
    assert above.value.field == "granted_pct"

    deal = approve_deal(deal, by=cast.denise, at=MONDAY + timedelta(hours=20), granted_pct=Decimal("3.5"))
    assert deal.protected_from == date(2026, 11, 24)
    assert deal.protected_until == date(2027, 2, 22)
    assert short_names_told("deal-approved") == {"Alice", "Amir"}

    last_day = datetime(2027, 2, 22, 22, 30, tzinfo=UTC)
    assert watch_protection(last_day)["protections ended"] == 0
    assert watch_protection(last_day)["protections about to end"] == 0
    five_days_late = datetime(2027, 2, 27, 12, tzinfo=UTC)
    assert watch_protection(five_days_late)["protections ended"] == 1
    assert watch_protection(five_days_late)["protections ended"] == 0
    deal.refresh_from_db()
    assert deal.status == DealStatus.EXPIRED
    assert deal.ended_on == date(2027, 2, 23)
    assert short_names_told("deal-expired") == {"Alice", "Amir", "Denise"}
    verbs = list(Event.objects.about(deal).values_list("verb", flat=True))
    assert verbs == ["deal.submitted", "deal.approved", "deal.expired"]


def test_an_enterprise_deal_goes_on_to_the_channel_manager(cast):
    deal = register(
        cast, cast.paul, group="anti-targeted-attack", sku="ATA-01", customer_name="Stadtwerke Neuburg GmbH"
    )
    assert deal.ceiling_pct == Decimal(25)
    assert "approve" not in moves_open_to(cast.dieter, deal)

    deal = endorse_deal(deal, by=cast.dieter, at=MONDAY, granted_pct=Decimal(20))
    assert (deal.status, deal.step) == (DealStatus.SUBMITTED, Step.VENDOR)
    assert short_names_told("deal-to-decide") == {"Dieter", "Ingrid"}
    assert moves_open_to(cast.dieter, deal) == []

    deal = approve_deal(deal, by=cast.ingrid, at=MONDAY + timedelta(hours=1))
    assert (deal.status, deal.granted_pct) == (DealStatus.APPROVED, Decimal(20))
    assert short_names_told("deal-approved") == {"Paul", "Dieter"}


def test_enterprise_deals_need_the_specialisation(cast):
    with pytest.raises(RuleViolation) as missing:
        register(cast, cast.amir, group="anti-targeted-attack", sku="ATA-01")
    assert missing.value.code == "specialisation-missing"


def test_a_second_partner_meets_a_conflict_that_only_reviewers_see(cast):
    first = register(cast, cast.amir, web_domain="saint-roch.example.fr")
    second = register(
        cast,
        cast.bruno,
        at=MONDAY + timedelta(minutes=5),
        customer_name="Hôp. St Roch",
        web_domain="https://www.saint-roch.example.fr/",
    )

    conflict = Conflict.objects.get()
    assert (conflict.later, conflict.earlier, conflict.reasons[0]) == (second, first, "domain")
    assert short_names_told("deal-conflict") == {"Karim"}
    with pytest.raises(RuleViolation) as refused:
        approve_deal(second, by=cast.denise, at=MONDAY, granted_pct=Decimal(1))
    assert refused.value.code == "conflict-open"

    settle_conflict(
        conflict,
        by=cast.karim,
        at=MONDAY + timedelta(hours=1),
        outcome=ConflictOutcome.EARLIER_STANDS,
        reason="Amir was there first",
        message="This opportunity cannot be registered.",
    )
    second.refresh_from_db()
    assert second.status == DealStatus.REJECTED
    assert short_names_told("deal-rejected") == {"Bruno", "Denise"}
    approve_deal(first, by=cast.denise, at=MONDAY + timedelta(hours=2), granted_pct=Decimal(5))


def test_a_question_stops_the_clock_and_keeps_the_place(cast):
    deal = register(cast, cast.amir)
    tuesday = MONDAY + timedelta(days=1)
    request_information(deal, by=cast.denise, at=tuesday, text="How many sites?", fields=["nodes"])
    # A week passes; half of the working time was left.
    later = MONDAY + timedelta(days=7)
    assert not any(watch_decisions(later).values())
    deal = answer_request(deal, by=cast.amir, at=later, answer="Twelve.", changes={"nodes": 120})
    assert deal.submitted_at == MONDAY
    assert deal.decision_due_at == later + timedelta(days=1)
    assert watch_decisions(later + timedelta(days=3))["overdue decisions escalated"] == 1
    assert watch_decisions(later + timedelta(days=3))["overdue decisions escalated"] == 0
    assert short_names_told("deal-overdue") == {"Karim", "Denise"}
