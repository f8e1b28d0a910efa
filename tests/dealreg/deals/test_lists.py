"""Lists of deals and the queue: who sees what, search, filters, order, cost."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.actions import approve_deal
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.models import Deal
from dealreg.deals.selectors import queue_of
from portal.accounts.models import User
from tests.dealreg.deals import stages
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    """These tests read pages in English, whatever the cast speaks."""
    User.objects.update(language="")


LIST = "/deals/"
QUEUE = "/deals/queue/"


def now():
    return timezone.now()


def shown(browser, query="") -> set[str]:
    answer = browser.get(f"{LIST}{query}")
    assert answer.status_code == 200
    return {row.record.reference for row in answer.context["table"].paginated_rows}


def deal_of(cast, person, name="Hôpital Saint-Roch", **given) -> Deal:
    return stages.submitted(cast, person, at=given.pop("at", now()), customer_name=name, **given)


@pytest.fixture
def deals(cast):
    """One submitted deal of each partner, and a draft of Alpha's."""
    found = {
        "alpha": deal_of(cast, cast.amir, "Hôpital Saint-Roch"),
        "bravo": deal_of(cast, cast.bruno, "Ateliers Corvo"),
        "bravo_third": deal_of(cast, cast.bruno, "Port de Sète", distributor=cast.third),
        "charlie": deal_of(cast, cast.carla, "Brouwerij De Roos"),
        "platin": deal_of(cast, cast.paul, "Stadtwerke Köln"),
    }
    found["draft"] = stages.draft(cast, cast.amir, at=now(), customer_name="Métropole Habitat")
    return {name: deal.reference for name, deal in found.items()}


SEEN = {
    "alice": {"alpha", "draft"},
    "amir": {"alpha", "draft"},
    "tina": {"alpha", "draft"},
    "adam": {"alpha", "draft"},
    "bruno": {"bravo", "bravo_third"},
    "carla": {"charlie"},
    "dora": set(),
    "paul": {"platin"},
    "denise": {"alpha", "bravo", "charlie"},
    "olga": {"alpha", "bravo", "charlie"},
    "eve": {"bravo_third"},
    "dieter": {"platin"},
    "karim": {"alpha", "bravo", "bravo_third", "charlie"},
    "ingrid": {"platin"},
    "nora": {"alpha", "bravo", "bravo_third", "charlie", "platin"},
    "august": {"alpha", "bravo", "bravo_third", "charlie", "platin"},
}


@pytest.mark.parametrize("person", SEEN)
def test_everybody_sees_their_own_deals_and_no_others(cast, sign_in, deals, person):
    assert shown(sign_in(getattr(cast, person))) == {deals[name] for name in SEEN[person]}


def test_a_person_without_membership_sees_no_list(cast, sign_in, deals):
    assert sign_in(cast.stranger).get(LIST).status_code == 403
    assert sign_in(cast.stranger).get(QUEUE).status_code == 403


def test_visitors_are_sent_to_sign_in(cast, sign_in):
    assert sign_in().get(LIST).status_code == 302


def test_only_partners_may_register_from_the_list(cast, sign_in, deals):
    def offers(person):
        return 'href="/deals/register/"' in sign_in(person).get(LIST).content.decode().split("<main")[1]

    assert offers(cast.amir)
    assert not offers(cast.tina)
    assert not offers(cast.denise)
    assert not offers(cast.karim)


# Search and filters.


@pytest.mark.parametrize("text", ["Saint-Roch", "hopital", "HÔPITAL roch", "roch saint", "  saint   roch "])
def test_a_customer_is_found_without_case_or_accents_in_any_order(cast, sign_in, deals, text):
    assert shown(sign_in(cast.karim), f"?q={text}") == {deals["alpha"]}


def test_a_capital_with_an_accent_is_found_too(cast, sign_in):
    deal = deal_of(cast, cast.amir, "ÉCOLE Centrale")
    assert shown(sign_in(cast.amir), "?q=ecole") == {deal.reference}


def test_a_number_is_found_however_it_was_written(cast, sign_in, deals):
    number = deals["alpha"]
    browser = sign_in(cast.karim)
    for typed in (number, number.lower(), number.replace("-", " "), number[3:], number.replace("0", "O")):
        assert deals["alpha"] in shown(browser, f"?q={typed}")
    assert shown(browser, f"?q={number[:5]}") >= {number}


def test_vendor_and_distributor_find_a_partner_by_name(cast, sign_in, deals):
    assert shown(sign_in(cast.denise), "?q=bravo") == {deals["bravo"]}
    assert shown(sign_in(cast.karim), "?partner=bravo it") == {deals["bravo"], deals["bravo_third"]}
    assert shown(sign_in(cast.karim), "?partner=p-000002") == {deals["bravo"], deals["bravo_third"]}


def test_per_cent_signs_search_for_themselves(cast, sign_in, deals):
    assert shown(sign_in(cast.karim), "?q=%25") == set()
    assert shown(sign_in(cast.karim), "?q=_") == set()


def test_filters_narrow_the_list(cast, sign_in, deals):
    alpha, karim = sign_in(cast.amir), sign_in(cast.karim)
    assert shown(alpha, "?status=draft") == {deals["draft"]}
    assert shown(alpha, "?status=under_review") == {deals["alpha"]}
    assert shown(alpha, "?status=ended") == set()
    assert shown(alpha, "?product_group=endpoint-security") == {deals["alpha"], deals["draft"]}
    assert shown(alpha, "?product_group=total-security") == set()
    assert shown(karim, "?distributor=D-003") == {deals["bravo_third"]}
    today = timezone.localdate()
    assert shown(alpha, f"?submitted_from={today - timedelta(days=1)}") == {deals["alpha"]}
    assert shown(alpha, f"?submitted_to={today - timedelta(days=2)}") == set()


def test_deadlines_can_be_filtered(cast, sign_in, deals):
    Deal.objects.filter(reference=deals["alpha"]).update(decision_due_at=now() - timedelta(hours=3))
    Deal.objects.filter(reference=deals["bravo"]).update(decision_due_at=now() + timedelta(hours=3))
    protected = approve_deal(
        Deal.objects.get(reference=deals["charlie"]), by=cast.denise, at=now(), granted_pct=Decimal(1)
    )
    Deal.objects.filter(pk=protected.pk).update(protected_until=timezone.localdate() + timedelta(days=12))
    browser = sign_in(cast.denise)
    assert shown(browser, "?deadline=overdue") == {deals["alpha"]}
    assert shown(browser, "?deadline=due_soon") == {deals["bravo"]}
    assert shown(browser, "?deadline=expiring") == {deals["charlie"]}


def test_deadlines_are_said_in_words(cast, sign_in, deals):
    wednesday = datetime(2026, 11, 25, 9, tzinfo=UTC)
    Deal.objects.filter(reference=deals["alpha"]).update(
        decision_due_at=wednesday - timedelta(hours=1, minutes=5)
    )
    Deal.objects.filter(reference=deals["bravo"]).update(
        decision_due_at=wednesday + timedelta(hours=5, minutes=5)
    )
    with time_machine.travel(wednesday, tick=False):
        page = sign_in(cast.karim).get(LIST).content.decode()
    assert "1 working hour late" in page
    assert "in 5 working hours" in page


def test_the_distributor_s_overdue_are_those_of_its_own_turn(cast, sign_in, deals):
    """Its home page counts, and leads to, exactly these; the list says whose turn it is."""
    Deal.objects.filter(reference__in=[deals["alpha"], deals["bravo"]]).update(
        decision_due_at=now() - timedelta(days=9)
    )
    Deal.objects.filter(reference=deals["bravo"]).update(step="vendor")
    denise = sign_in(cast.denise)
    assert LIST + "?deadline=overdue" in denise.get("/").content.decode()
    own = denise.get(LIST, {"deadline": "overdue"}).content.decode()
    assert deals["alpha"] in own and deals["bravo"] not in own
    assert "Distributor decides" in own
    other = denise.get(LIST, {"deadline": "overdue_vendor"}).content.decode()
    assert deals["bravo"] in other and deals["alpha"] not in other
    assert "Channel manager decides" in other
    both = sign_in(cast.karim).get(LIST, {"deadline": "overdue"}).content.decode()
    assert deals["bravo"] in both and deals["alpha"] in both


def test_who_may_register_nothing_is_not_invited_to(cast, sign_in):
    for person, place, invited in (
        (cast.dora, LIST, False),
        (cast.tina, LIST, False),
        (cast.amir, LIST, True),
        (cast.carla, LIST, True),
    ):
        page = sign_in(person).get(place).content.decode()
        assert ("Register a deal" in page) is invited, person
    assert "what would change it" in sign_in(cast.dora).get(LIST).content.decode()
    assert sign_in(cast.dora).get("/deals/register/").status_code in (200, 403)


def test_a_filter_that_means_nothing_is_named_and_does_not_filter(cast, sign_in, deals):
    answer = sign_in(cast.amir).get(LIST + "?status=nonsense&submitted_from=yesterday")
    assert answer.status_code == 200
    assert "Not understood" in answer.content.decode()
    assert len(answer.context["table"].paginated_rows) == 2


HOSTILE = [
    "\x00",
    "%00",
    "'\"--",
    "9999-12-31",
    "0001-01-01",
    "-1",
    "99999999999999999999",
    "a" * 3000,
    "[]",
    "\u202e",
    "%F0%9F",
]


@pytest.mark.parametrize(
    "name",
    [
        "q",
        "status",
        "product_group",
        "deadline",
        "distributor",
        "partner",
        "submitted_from",
        "submitted_to",
        "sort",
        "page",
    ],
)
def test_hostile_values_in_the_address_get_a_page(cast, sign_in, deals, name):
    browser = sign_in(cast.karim)
    for value in HOSTILE:
        assert browser.get(LIST, {name: value}).status_code == 200
        assert browser.get("/deals/export/csv/", {name: value}).status_code == 200
        if name == "page":
            assert browser.get(QUEUE, {name: value}).status_code == 200


def test_empty_lists_say_why(cast, sign_in):
    assert "No deal yet" in sign_in(cast.amir).get(LIST).content.decode()
    filtered = sign_in(cast.amir).get(LIST + "?q=nobody").content.decode()
    assert "Nothing matches" in filtered
    assert "No deal yet" not in filtered


# Order and pages.


@pytest.mark.parametrize(
    "column",
    [
        "reference",
        "customer_name",
        "partner",
        "product_group",
        "list_amount",
        "submitted_at",
        "deadline",
        "status",
    ],
)
def test_every_column_sorts_both_ways(cast, sign_in, deals, column):
    browser = sign_in(cast.karim)
    up = [row.record.pk for row in browser.get(LIST, {"sort": column}).context["table"].rows]
    down = [row.record.pk for row in browser.get(LIST, {"sort": f"-{column}"}).context["table"].rows]
    assert len(up) == len(down) == 4
    if column in ("reference", "customer_name"):
        assert up == list(reversed(down))


def test_drafts_come_first_for_their_partner(cast, sign_in, deals):
    rows = sign_in(cast.amir).get(LIST).context["table"].rows
    assert [row.record.reference for row in rows] == [deals["draft"], deals["alpha"]]
    assert (
        reverse("deals:draft", kwargs={"ref": deals["draft"], "step": "customer"})
        in sign_in(cast.amir).get(LIST).content.decode()
    )


def test_long_lists_have_pages_that_keep_the_filters(cast, sign_in):
    for number in range(27):
        stages.draft(cast, cast.amir, at=now(), customer_name=f"Client {number:02d}")
    browser = sign_in(cast.amir)
    first = browser.get(LIST + "?status=draft&sort=customer_name")
    assert len(first.context["table"].paginated_rows) == 25
    assert "status=draft&amp;sort=customer_name&amp;page=2" in first.content.decode()
    assert len(shown(browser, "?status=draft&sort=customer_name&page=2")) == 2
    assert len(shown(browser, "?page=99")) == 2


def test_the_way_back_leads_to_the_list_as_it_was_left(cast, sign_in, deals):
    browser = sign_in(cast.amir)
    browser.get(LIST + "?status=under_review&sort=-list_amount")
    page = browser.get("/deals/register/").content.decode()
    assert 'href="/deals/?status=under_review&amp;sort=-list_amount"' in page
    assert "status=under_review" not in sign_in(cast.bruno).get("/deals/register/").content.decode()


# Cost.


@pytest.mark.parametrize("person", ["amir", "denise", "karim"])
def test_the_list_costs_the_same_for_two_rows_and_for_twenty(
    cast, sign_in, person, django_assert_max_num_queries
):
    browser = sign_in(getattr(cast, person))
    counts = []
    for rows in (2, 20):
        while Deal.objects.count() < rows:
            deal_of(cast, cast.amir, f"Client {Deal.objects.count():02d} SA")
        browser.get(LIST)
        with django_assert_max_num_queries(8) as captured:
            assert len(shown(browser)) == rows
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("person", ["denise", "karim"])
def test_the_queue_costs_the_same_for_two_rows_and_for_twenty(
    cast, sign_in, person, django_assert_max_num_queries
):
    browser = sign_in(getattr(cast, person))
    counts = []
    for rows in (2, 20):
        while Deal.objects.count() < rows:
            deal = deal_of(cast, cast.amir, f"Client {Deal.objects.count():02d} SA")
            Deal.objects.filter(pk=deal.pk).update(decision_due_at=now() - timedelta(hours=1))
        browser.get(QUEUE)
        # A page of up to six lists, with filters and saved views: the measure of a page (P9).
        with django_assert_max_num_queries(12) as captured:
            browser.get(QUEUE)
        counts.append(len(captured))
    assert counts[1] <= counts[0]


# The queue.


def queued(browser) -> list[str]:
    answer = browser.get(QUEUE)
    assert answer.status_code == 200
    return [deal.reference for deal in answer.context["page"].object_list]


def test_the_queue_is_ordered_by_what_is_due_overdue_first(cast, sign_in, deals):
    for name, hours in (("alpha", 30), ("bravo", -3), ("charlie", 2)):
        Deal.objects.filter(reference=deals[name]).update(
            decision_due_at=now() + timedelta(hours=hours, minutes=5 if hours > 0 else -5)
        )
    browser = sign_in(cast.denise)
    assert queued(browser) == [deals["bravo"], deals["charlie"], deals["alpha"]]
    assert re.search(r"(hours?|hour|days?) late", browser.get(QUEUE).content.decode())


def test_half_time_is_marked(cast, sign_in, deals):
    browser = sign_in(cast.denise)
    assert "Half of the time is over" not in browser.get(QUEUE).content.decode()
    Deal.objects.filter(reference=deals["alpha"]).update(half_time_at=now() - timedelta(minutes=1))
    assert "Half of the time is over" in browser.get(QUEUE).content.decode()


def test_a_distributor_learns_of_a_conflict_only_that_another_came_first(cast, sign_in):
    """Rule E6."""
    deal_of(cast, cast.bruno, "Hôpital Saint-Roch", distributor=cast.third, at=now() - timedelta(minutes=5))
    later = deal_of(cast, cast.amir, "Hopital Saint Roch")
    page = sign_in(cast.denise).get(QUEUE).content.decode()
    assert "Another registration came first" in page
    assert later.reference in page
    assert "/deals/conflicts/" not in page
    assert "Bravo" not in page
    assert "Distri Ouest" not in page
    assert "Another registration came first" not in sign_in(cast.eve).get(QUEUE).content.decode()


def test_what_waits_for_the_partner_stands_apart(cast, sign_in):
    deal = stages.asked(cast)
    answer = sign_in(cast.denise).get(QUEUE)
    assert queued(sign_in(cast.denise)) == []
    assert [one.reference for one in answer.context["waiting"]] == [deal.reference]


def test_the_channel_manager_gets_enterprise_approvals_and_what_is_overdue(cast, sign_in, deals):
    endorsed = stages.endorsed(cast)
    Deal.objects.filter(reference=deals["bravo"]).update(decision_due_at=now() - timedelta(hours=2))
    browser = sign_in(cast.karim)
    answer = browser.get(QUEUE)
    assert queued(browser) == [endorsed.reference]
    assert [one.reference for one in answer.context["overdue"]] == [deals["bravo"]]
    assert queued(sign_in(cast.ingrid)) == []
    assert endorsed.reference not in queued(sign_in(cast.denise))


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("denise", 200), ("olga", 200), ("dieter", 200), ("karim", 200), ("nora", 200),
        ("august", 403), ("amir", 403), ("tina", 403), ("stranger", 403),
    ],
)  # fmt: skip
def test_the_queue_is_for_those_who_review(cast, sign_in, person, status):
    assert sign_in(getattr(cast, person)).get(QUEUE).status_code == status


def test_the_count_of_the_queue_is_what_it_shows(cast, deals):
    assert queue_of(cast.denise, timezone.now()).count() == 3
    assert queue_of(cast.dieter, timezone.now()).count() == 1
    assert queue_of(cast.karim, timezone.now()).count() == 0
    assert queue_of(cast.amir, timezone.now()).count() == 0


# Search as you type.


def test_partners_are_offered_to_those_who_may_list_them(cast, sign_in):
    def offered(person, text):
        answer = sign_in(person).get("/deals/partner-choices/", {"q": text})
        return [one["text"] for one in answer.json()["results"]]

    assert offered(cast.karim, "alpha secu") == ["Alpha Sécurité"]
    assert offered(cast.karim, "P-000002") == ["Bravo IT"]
    assert offered(cast.karim, "platin") == []
    assert offered(cast.denise, "a") == []
    assert sign_in(cast.amir).get("/deals/partner-choices/?q=bravo").status_code == 403


def test_the_page_does_not_grow_with_the_number_of_partners(cast, sign_in, deals):
    browser = sign_in(cast.karim)
    before = len(browser.get(LIST).content)
    PartnerFactory.create_batch(200, channel_manager=None)
    assert abs(len(browser.get(LIST).content) - before) < 500


def test_orders_to_confirm_are_a_filter_of_the_list(cast, sign_in):
    stages.confirmed(cast)
    waiting = stages.won(cast, customer_name="Ville de Lens", web_domain="lens.example")
    assert shown(sign_in(cast.denise), "?status=to_confirm") == {waiting.reference}
    assert shown(sign_in(cast.eve), "?status=to_confirm") == set()


def orders_of(browser):
    return [deal.reference for deal in browser.get(QUEUE).context["orders"]]


def test_the_queue_lists_the_orders_that_a_distributor_has_to_confirm(cast, sign_in):
    stages.confirmed(cast)
    deal = stages.won(cast, customer_name="Ville de Lens", web_domain="lens.example")
    page = sign_in(cast.denise).get(QUEUE).content.decode()
    assert orders_of(sign_in(cast.denise)) == [deal.reference]
    assert "DN-118842" in page
    assert f"{deal.get_absolute_url()}confirm_order/" in page
    assert 'href="#orders"' in page
    # Who only reads has the list without the step; others have neither.
    readonly = sign_in(cast.olga).get(QUEUE).content.decode()
    assert "DN-118842" in readonly
    assert "confirm_order" not in readonly
    assert orders_of(sign_in(cast.eve)) == orders_of(sign_in(cast.karim)) == []
    assert 'href="#orders"' not in sign_in(cast.eve).get(QUEUE).content.decode()
    # What is disputed waits for the partner.
    actions.dispute_order(deal, by=cast.denise, at=stages.LATER + timedelta(days=11), text="Not with us.")
    assert orders_of(sign_in(cast.denise)) == []


def test_the_orders_of_the_queue_cost_the_same_for_two_and_for_twenty(
    cast, sign_in, django_assert_max_num_queries
):
    browser = sign_in(cast.denise)
    first = stages.won(cast)
    counts = []
    for rows in (2, 20):
        while Deal.objects.count() < rows:
            stages.won(cast, customer_name=f"Client {Deal.objects.count():02d} SA")
        browser.get(QUEUE)
        with django_assert_max_num_queries(13) as captured:
            assert len(orders_of(browser)) == rows
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert first.reference in orders_of(browser)


@pytest.fixture
def requests(cast):
    """One deal of each: with an extension, a change and an appeal that wait, and one with nothing."""
    grown = stages.approved(cast, customer_name="Ville de Lens", web_domain="lens.example")
    actions.ask_amendment(
        grown,
        by=cast.amir,
        at=stages.LATER,
        reason="Three more sites.",
        lines=[LineInput(cast.products["EPS-ADV"], 400, 12)],
        nodes=400,
        expected_close_on=grown.expected_close_on,
    )
    refused = stages.rejected(cast)
    actions.file_appeal(refused, by=cast.amir, at=stages.LATER + timedelta(days=1), text="It is new.")
    return {
        "extension": stages.held(cast, customer_name="Port de Sète", web_domain="sete.example").reference,
        "amendment": grown.reference,
        "appeal": refused.reference,
        "nothing": stages.approved(
            cast, customer_name="Mairie d'Arras", web_domain="arras.example"
        ).reference,
    }


@pytest.mark.parametrize("person", ["amir", "denise", "karim"])
def test_a_request_that_waits_is_marked_in_the_list_with_who_has_to_act(cast, sign_in, requests, person):
    browser = sign_in(cast.people[person])
    for kind, words in (
        ("extension", ("Extension asked for", "Distributor decides")),
        ("amendment", ("Change asked for", "Distributor decides")),
        ("appeal", ("Appeal filed", "Channel manager decides")),
    ):
        assert shown(browser, f"?pending={kind}") == {requests[kind]}
        row = browser.get(f"{LIST}?pending={kind}").content.decode().partition("<table")[2]
        for text in words:
            assert row.count(text) == 1
    assert shown(browser, "?pending=any") == set(requests.values()) - {requests["nothing"]}
    assert requests["nothing"] in shown(browser)
    assert shown(sign_in(cast.eve), "?pending=any") == set()


def test_a_request_that_is_decided_is_marked_no_longer(cast, sign_in, requests):
    deal = Deal.objects.get(reference=requests["amendment"])
    actions.approve_amendment(deal.amendments.get(), by=cast.denise, at=stages.LATER + timedelta(days=1))
    assert shown(sign_in(cast.amir), "?pending=amendment") == set()
    assert "Change asked for</span>" not in sign_in(cast.amir).get(LIST).content.decode()


def test_requests_cost_the_list_no_query_per_row(cast, sign_in, requests, django_assert_max_num_queries):
    browser = sign_in(cast.amir)
    browser.get(LIST)
    with django_assert_max_num_queries(8):
        assert shown(browser) == set(requests.values())
