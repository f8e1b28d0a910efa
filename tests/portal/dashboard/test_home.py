"""The home pages: figures that equal the lists behind them, constant cost, nothing of others."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.win_rates import win_rate
from partners.organisations.models import Partner, Tier
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.calendar import date_in
from portal.dashboard import selectors
from tests.cast import Cast
from tests.dealreg.deals import stages

NOW = timezone.now()


def in_conflict(cast: Cast, number: int = 1) -> tuple[Deal, Deal]:
    """Bruno's registration, and Alice's of the same customer an hour later: both under review."""
    name = f"Verrerie Canari {number}"
    earlier = stages.submitted(cast, cast.bruno, at=NOW - timedelta(hours=3), customer_name=name)
    later = stages.submitted(cast, cast.alice, at=NOW - timedelta(hours=2), customer_name=name)
    return earlier, later


def fill(cast: Cast, number: int) -> None:
    """One deal of each state that a home page counts, for Alpha and for Bravo."""
    for person in (cast.alice, cast.bruno):
        name = f"{person.get_short_name()} {number}"
        at = NOW - timedelta(days=6)

        def new(kind: str, person=person, name=name, at=at) -> Deal:
            return stages.submitted(cast, person, at=at, customer_name=f"{name} {kind}")

        stages.draft(cast, person, at=at, customer_name=f"{name} draft")
        new("late")
        actions.request_information(
            new("asked"), by=cast.denise, at=NOW - timedelta(days=5), text="Which sites?", fields=["nodes"]
        )
        protected = actions.approve_deal(
            new("protected"), by=cast.denise, at=NOW - timedelta(days=5), granted_pct=Decimal(3)
        )
        Deal.objects.filter(pk=protected.pk).update(
            protected_until=date_in("FR", NOW) + timedelta(days=9), expected_close_on=date_in("FR", NOW)
        )
        sold = actions.approve_deal(
            new("sold"), by=cast.denise, at=NOW - timedelta(days=5), granted_pct=Decimal(3)
        )
        actions.report_won(
            sold,
            by=person,
            at=NOW - timedelta(days=1),
            order_reference=f"PO-{number}",
            order_date=date_in("FR", NOW - timedelta(days=1)),
            order_amount=Decimal(1200),
        )
    in_conflict(cast, number)


def figures_of(page: str) -> dict[str, str]:
    """The KPIs as label: value."""
    found = re.findall(
        r'kpi-label">.*?(?:</svg>)?([^<>]+)</span>\s*<span class="kpi-value"><bdi>(.*?)</bdi>', page, re.S
    )
    return {unescape(label).strip(): unescape(value).strip() for label, value in found}


def rows_behind(client: Client, address: str) -> int:
    """How many deals the list behind an address holds."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.context["table"].page.paginator.count


@pytest.fixture(autouse=True)
def _everybody_reads_english(request: pytest.FixtureRequest) -> None:
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
        User.objects.update(language="en")


@pytest.fixture
def busy(cast: Cast) -> Cast:
    fill(cast, 1)
    fill(cast, 2)
    return cast


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "amir",
        "adam",
        "tina",
        "bruno",
        "dora",
        "denise",
        "olga",
        "dieter",
        "karim",
        "ingrid",
        "nora",
        "august",
    ],
)
def test_everybody_has_a_home_page(busy: Cast, sign_in: Callable[..., Client], name: str) -> None:
    answer = sign_in(getattr(busy, name)).get("/")
    assert answer.status_code == 200
    assert b"<h1>" in answer.content


def test_somebody_without_membership_is_told_why(cast: Cast, sign_in: Callable[..., Client]) -> None:
    assert sign_in(cast.stranger).get("/").status_code == 403


def test_a_visitor_is_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert "/accounts/login/" in answer["Location"]


def test_the_partners_figures_are_those_of_its_lists(busy: Cast, sign_in: Callable[..., Client]) -> None:
    client = sign_in(busy.alice)
    answer = client.get("/")
    home = answer.context["home"]
    assert home.states.open == rows_behind(client, answer.context["open_url"]) == 8
    assert home.states.protected == rows_behind(client, answer.context["protected_url"]) == 2
    assert home.states.submitted == rows_behind(client, answer.context["submitted_url"]) == 4
    assert home.states.information_requested == rows_behind(client, answer.context["asked_url"]) == 2
    assert home.states.drafts == rows_behind(client, answer.context["drafts_url"]) == 2
    assert home.ending_count == rows_behind(client, answer.context["ending_url"]) == 2
    assert figures_of(answer.content.decode())["Open deals"] == "8"
    assert {deal.asked for deal in home.questions} == {"Which sites?"}


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


def test_each_state_in_the_picture_opens_its_deals(busy: Cast, sign_in: Callable[..., Client]) -> None:
    for person in (busy.alice, busy.denise, busy.karim):
        client = sign_in(person)
        chart = client.get("/").context["by_state"]
        assert chart.legend
        for entry in chart.legend:
            assert int(entry.value) == rows_behind(client, entry.url)


def test_the_distributors_figures_are_those_of_its_lists(busy: Cast, sign_in: Callable[..., Client]) -> None:
    client = sign_in(busy.denise)
    answer = client.get("/")
    home = answer.context["home"]
    waiting = client.get("/deals/queue/").context
    assert home.decisions.to_decide == waiting["page"].paginator.count == 8
    assert home.decisions.overdue == rows_behind(client, answer.context["overdue_url"]) == 4
    assert home.decisions.asked == len(waiting["waiting"]) == 4
    assert home.decisions.orders == len(home.orders) == 4
    assert (home.decisions.decided, home.decisions.decided_late) == (8, 0)
    dues = [deal.decision_due_at for deal in home.queue]
    assert dues == sorted(dues)
    assert {deal.in_conflict for deal in home.queue if deal.customer_name.startswith("Verrerie")} == {
        True,
        False,
    }


def test_late_decisions_are_counted_as_late(cast: Cast) -> None:
    deal = stages.submitted(cast, at=NOW - timedelta(days=12))
    actions.escalate_overdue(deal, at=NOW - timedelta(days=7))
    actions.approve_deal(deal, by=cast.denise, at=NOW - timedelta(days=6), granted_pct=Decimal(3))
    figures = selectors.decision_figures(cast.denise, NOW)
    assert (figures.decided, figures.decided_late, figures.on_time_pct) == (1, 1, 0)


def test_the_channel_managers_figures_are_those_of_its_lists(
    busy: Cast, sign_in: Callable[..., Client]
) -> None:
    client = sign_in(busy.karim)
    answer = client.get("/")
    home = answer.context["home"]
    assert home.conflicts_count == Conflict.objects.open().count() == 2
    assert home.overdue_count == rows_behind(client, answer.context["overdue_url"]) == 4
    assert home.approvals_count == client.get("/deals/queue/").context["page"].paginator.count == 4
    assert home.portfolio.partners == Partner.objects.filter(country__in=["FR", "BE"]).count()
    for load in home.partners:
        assert load.open == rows_behind(client, load.open_url)
        assert load.protected == rows_behind(client, load.protected_url)
    for line in home.portfolio.countries:
        listed = client.get("/partners/", {"country": line.country})
        assert line.partners == listed.context["table"].page.paginator.count


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


def test_the_auditor_reads_and_is_offered_no_decision(busy: Cast, sign_in: Callable[..., Client]) -> None:
    page = sign_in(busy.august).get("/").content.decode()
    assert "/deals/queue/" not in page
    assert "/deals/conflicts/" in page


@pytest.mark.parametrize("name", ["alice", "denise", "karim", "nora"])
def test_every_address_on_the_page_answers(busy: Cast, sign_in: Callable[..., Client], name: str) -> None:
    client = sign_in(getattr(busy, name))
    page = client.get("/").content.decode()
    main = page[page.index('id="main"') :]
    for address in {unescape(found) for found in re.findall(r'href="(/[^"#]*)"', main)}:
        answer = client.get(address)
        assert answer.status_code in (200, 302), address


# ---------------------------------------------------------------- other organisations


def test_no_partner_finds_a_trace_of_another(busy: Cast, sign_in: Callable[..., Client]) -> None:
    for person, others in (
        (busy.alice, ("Bravo", "Bruno", "bruno")),
        (busy.bruno, ("Alpha", "Alice", "alice")),
    ):
        page = sign_in(person).get("/").content.decode()
        for canary in others:
            assert canary not in page
        own = Deal.objects.visible_to(busy.again(person)).values("reference")
        for reference in Deal.objects.exclude(reference__in=own).values_list("reference", flat=True):
            assert reference not in page


def test_a_partner_reads_nothing_of_conflicts(busy: Cast, sign_in: Callable[..., Client]) -> None:
    for person in (busy.alice, busy.bruno):
        assert "onflict" not in sign_in(person).get("/").content.decode()


def test_other_distributors_and_regions_see_none_of_it(busy: Cast, sign_in: Callable[..., Client]) -> None:
    for person in (busy.dieter, busy.ingrid):
        page = sign_in(person).get("/").content.decode()
        for canary in ("Alice", "Bruno", "Verrerie", "Alpha", "Bravo"):
            assert canary not in page


def test_the_latest_tells_only_what_everybody_may_read(busy: Cast) -> None:
    told = [one.event.pk for one in selectors.recent_activity(busy.alice, 50)]
    assert told
    assert not Event.objects.filter(pk__in=told).exclude(audience="everybody").exists()


# ---------------------------------------------------------------- cost


@pytest.mark.parametrize("name", ["alice", "denise", "karim", "nora", "dora"])
def test_the_page_costs_the_same_whatever_lies_behind_it(
    cast: Cast, sign_in: Callable[..., Client], name: str
) -> None:
    client = sign_in(getattr(cast, name))
    fill(cast, 1)
    client.get("/")
    statements = []
    for more in (range(2, 3), range(3, 8)):
        for number in more:
            fill(cast, number)
        with CaptureQueriesContext(connection) as seen:
            client.get("/")
        statements.append([query["sql"][:120] for query in seen])
    assert len(statements[0]) == len(statements[1]) <= 16, statements


# ---------------------------------------------------------------- figures


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


def test_nothing_is_counted_twice_by_a_second_distributor(busy: Cast) -> None:
    counted = selectors.state_figures(busy.karim).count()
    assert counted == Deal.objects.visible_to(busy.karim).aggregate(n=Count("pk"))["n"]
