"""What single parts of the home pages say, and what a page costs."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.win_rates import win_rate
from partners.organisations.models import Partner, Tier
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.dashboard import selectors
from tests.cast import Cast
from tests.dealreg.deals import stages
from tests.portal.dashboard.test_home import NOW, fill


@pytest.fixture(autouse=True)
def _everybody_reads_english(request: pytest.FixtureRequest) -> None:
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
        User.objects.update(language="en")


def test_somebody_without_membership_is_told_why(cast: Cast, sign_in: Callable[..., Client]) -> None:
    assert sign_in(cast.stranger).get("/").status_code == 403


def test_a_visitor_is_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert "/accounts/login/" in answer["Location"]


def test_a_deal_whose_closing_date_has_passed_is_asked_about_once(cast: Cast) -> None:
    today = date_in("FR", NOW)
    for customer, left in (("Soon", 9), ("Later", 60)):
        deal = stages.approved(cast, customer_name=customer)
        Deal.objects.filter(pk=deal.pk).update(
            expected_close_on=today, protected_until=today + timedelta(days=left)
        )
    home = selectors.partner_home(cast.again(cast.alice), at=NOW, on=today)
    assert [deal.customer_name for deal in home.to_report] == ["Later"]
    assert [deal.customer_name for deal in home.ending] == ["Soon"]
    assert (home.to_report_count, home.ending_count, home.needs) == (1, 1, 2)


def test_late_decisions_are_counted_as_late(cast: Cast) -> None:
    deal = stages.submitted(cast, at=NOW - timedelta(days=12))
    actions.escalate_overdue(deal, at=NOW - timedelta(days=7))
    actions.approve_deal(deal, by=cast.denise, at=NOW - timedelta(days=6), granted_pct=Decimal(3))
    figures = selectors.decision_figures(cast.denise, NOW)
    assert (figures.decided, figures.decided_late, figures.on_time_pct) == (1, 1, 0)


def test_an_enterprise_deal_that_was_passed_on_waits_for_the_channel_manager(
    cast: Cast, sign_in: Callable[..., Client]
) -> None:
    deal = actions.endorse_deal(
        stages.enterprise(cast, NOW - timedelta(hours=3)),
        by=cast.denise,
        at=NOW - timedelta(hours=2),
        granted_pct=Decimal(10),
    )
    client = sign_in(cast.karim)
    home = client.get("/").context["home"]
    assert [one.pk for one in home.approvals] == [deal.pk]
    assert home.approvals_count == client.get("/deals/queue/").context["page"].paginator.count == 1
    assert sign_in(cast.denise).get("/").context["home"].decisions.to_decide == 0


@pytest.mark.parametrize("name", ["alice", "denise", "karim", "nora", "dora"])
def test_the_page_costs_the_same_whatever_lies_behind_it(
    cast: Cast, sign_in: Callable[..., Client], name: str
) -> None:
    client = sign_in(getattr(cast, name))
    fill(cast, 1)
    client.get("/")
    statements = []
    for more in (range(2, 3), range(3, 6)):
        for number in more:
            fill(cast, number)
        with CaptureQueriesContext(connection) as seen:
            client.get("/")
        statements.append([query["sql"][:120] for query in seen])
    assert len(statements[0]) == len(statements[1]) <= 16, statements


def test_sums_of_several_currencies_are_never_added_up(cast: Cast) -> None:
    rows = (
        {"status": "approved", "currency": "EUR", "deals": 3, "total": Decimal(300)},
        {"status": "approved", "currency": "GBP", "deals": 1, "total": Decimal(50)},
        {"status": "draft", "currency": "CHF", "deals": 1, "total": Decimal(10)},
    )
    amount = selectors.StateFigures(rows).value_protected
    assert (amount.currency, amount.total, amount.others) == ("EUR", Decimal(300), (("GBP", Decimal(50)),))


def test_the_win_rate_counts_what_was_closed_within_twelve_months(cast: Cast) -> None:
    today = date_in("FR", NOW)
    for number, (status, days) in enumerate(
        [("won", 10), ("lost", 20), ("expired", 30), ("won", 400), ("lost", 420)]
    ):
        deal = stages.approved(cast, customer_name=f"Closed {number}")
        Deal.objects.filter(pk=deal.pk).update(
            status=status,
            ended_on=today - timedelta(days=days),
            loss_code="price",
            order_reference="DN-1",
            order_date=today - timedelta(days=days),
            order_amount=Decimal(100),
        )
    rate = win_rate(Deal.objects.visible_to(cast.alice), today)
    assert (rate.won, rate.closed, rate.pct) == (1, 3, 33)
    assert (rate.won_before, rate.closed_before) == (1, 2)
    assert rate.change is None  # two closed deals are no year to compare with


def test_months_without_a_deal_are_shown_as_nothing(cast: Cast) -> None:
    stages.submitted(cast, at=NOW - timedelta(days=2))
    months = selectors.month_counts(cast.alice, date_in("FR", NOW), "submitted_at")
    assert len(months) == 12
    assert sum(count for _month, count in months) == 1


def test_the_tier_card_says_what_the_tier_gives(cast: Cast, sign_in: Callable[..., Client]) -> None:
    page = sign_in(cast.paul).get("/").content.decode()
    assert "up to 35%" in page and "up to 25%" in page and "Anti Targeted Attack Platform" in page
    page = sign_in(cast.dora).get("/").content.decode()
    assert "up to 20%" in page
    assert "Register a deal</a>" not in page[page.index('id="main"') :]


def test_a_specialisation_carries_gold(cast: Cast) -> None:
    Partner.objects.filter(pk=cast.platin.pk).update(tier=Tier.SILVER)
    standing = selectors.tier_standing(cast.again(cast.paul).acting_as.partner, date_in("DE", NOW))
    assert (standing.earned, standing.effective, standing.is_raised) == ("silver", "gold", True)


def test_a_new_partner_meets_its_first_steps(cast: Cast, sign_in: Callable[..., Client]) -> None:
    page = sign_in(cast.dora).get("/").content.decode()
    assert "First steps" in page
    assert "What would change it" in page
    page = sign_in(cast.paul).get("/").content.decode()
    assert "Register your first deal" in page


def test_links_keep_to_the_filters_of_the_lists() -> None:
    from portal.dashboard import links

    assert parse_qs(urlsplit(links.deals(status=DealStatus.APPROVED)).query) == {"status": ["approved"]}
