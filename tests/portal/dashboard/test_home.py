"""The home pages: figures that equal the lists behind them, constant cost, nothing of others."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db.models import Count
from django.test import Client
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.models import Conflict, Deal
from partners.organisations.models import Partner
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
def _everybody_reads_english(cast: Cast) -> None:
    User.objects.update(language="en")


@pytest.fixture(scope="module")
def kept_busy(kept_cast: Cast | None, django_db_blocker) -> Cast:
    """Every test of this file asks for it: written once, into the file's own transaction."""
    assert kept_cast is not None
    with django_db_blocker.unblock():
        fill(kept_cast, 1)
        fill(kept_cast, 2)
    return kept_cast


@pytest.fixture
def busy(kept_busy: Cast, cast: Cast) -> Cast:
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


def test_nothing_is_counted_twice_by_a_second_distributor(busy: Cast) -> None:
    counted = selectors.state_figures(busy.karim).count()
    assert counted == Deal.objects.visible_to(busy.karim).aggregate(n=Count("pk"))["n"]
