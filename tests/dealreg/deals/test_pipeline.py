"""The pipeline: open deals by state, month, product group and partner, each currency by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dealreg.deals import actions
from dealreg.deals.models import Deal
from tests.dealreg.deals.stages import LATER, approved, draft, extension, in_english, lost, submitted

pytestmark = pytest.mark.django_db
THEN = LATER + timedelta(days=2)


@pytest.fixture
def cast(cast):
    return in_english(cast)


@pytest.fixture(autouse=True)
def then(time_machine_at):
    with time_machine_at(THEN):
        yield


@pytest.fixture
def deals(cast):
    found = {
        "approved": approved(cast, customer_name="Verrerie du Nord"),
        "alpha": submitted(cast, customer_name="Port de Sète"),
        "bravo": submitted(cast, cast.bruno, customer_name="Cave des Vignerons"),
        "lost": lost(cast),
        "draft": draft(cast, customer_name="Mairie de Lille"),
    }
    Deal.objects.filter(pk=found["bravo"].pk).update(currency="GBP", expected_close_on=THEN.date())
    return found


def look(browser, **asked):
    return browser.get("/deals/pipeline/", asked).context


def columns(context):
    return {heading["text"]: column for column, heading in context["columns"]}


def test_open_deals_stand_in_the_column_of_their_state(cast, sign_in, deals):
    context = look(sign_in(cast.denise))
    found = columns(context)
    assert list(found) == ["Submitted", "Information requested", "Approved"]
    assert {deal.reference for deal in found["Submitted"].cards} == {
        deals["alpha"].reference,
        deals["bravo"].reference,
    }
    assert context["glance"].deals == 3


def test_currencies_are_never_added(cast, sign_in, deals):
    context = look(sign_in(cast.denise))
    sums = {(one.currency, one.amount) for one in context["glance"].sums}
    assert sums == {("EUR", Decimal(10800)), ("GBP", Decimal(5400))}
    submitted_sums = columns(context)["Submitted"].sums
    assert {(one.currency, one.amount) for one in submitted_sums} == {
        ("EUR", Decimal(5400)),
        ("GBP", Decimal(5400)),
    }


def test_columns_by_month_group_and_partner(cast, sign_in, deals):
    browser = sign_in(cast.denise)
    assert list(columns(look(browser, by="month"))) == ["November 2026", "January 2027"]
    assert list(columns(look(browser, by="group"))) == ["Endpoint Security"]
    by_partner = columns(look(browser, by="partner"))
    assert {name: column.deals for name, column in by_partner.items()} == {"Alpha Sécurité": 2, "Bravo IT": 1}
    assert list(columns(look(browser, by="nonsense"))) == ["Submitted", "Information requested", "Approved"]


def test_a_month_that_has_passed_says_so(cast, sign_in, deals, time_machine_at):
    with time_machine_at(THEN + timedelta(days=40)):
        page = sign_in(cast.denise).get("/deals/pipeline/", {"by": "month"})
    assert page.context["columns"][0][1]["past"]
    assert page.context["glance"].past_closing == 1


def test_a_partner_sees_its_own_and_no_column_of_partners(cast, sign_in, deals):
    context = look(sign_in(cast.amir), by="partner")
    assert context["by"] == "state" and context["glance"].deals == 2
    assert look(sign_in(cast.eve))["glance"].deals == 0
    assert look(sign_in(cast.ingrid))["glance"].deals == 0


def test_what_is_about_to_expire(cast, sign_in, deals, time_machine_at):
    assert look(sign_in(cast.amir))["glance"].expiring == 0
    with time_machine_at(LATER + timedelta(days=70)):
        context = look(sign_in(cast.amir), deadline="expiring")
    assert context["glance"].expiring == 1
    assert columns(context)["Approved"].deals == 1


def test_a_protection_that_an_extension_holds_is_not_about_to_expire(cast, sign_in, deals, time_machine_at):
    late = LATER + timedelta(days=70)
    actions.ask_extension(deals["approved"], by=cast.amir, at=late, asked=extension(late))
    with time_machine_at(late):
        browser = sign_in(cast.amir)
        assert look(browser)["glance"].expiring == 0
        assert look(browser, deadline="expiring")["glance"].deals == 0
        assert len(browser.get("/deals/?deadline=expiring").context["table"].rows) == 0


def test_filters_stay_in_every_address_of_the_page(cast, sign_in, deals):
    page = sign_in(cast.denise).get("/deals/pipeline/", {"q": "port", "by": "month", "partner": "alpha"})
    assert page.context["glance"].deals == 1
    for tab in page.context["by_tabs"] + page.context["view_tabs"]:
        assert "q=port" in tab["url"] and "partner=alpha" in tab["url"]
    assert "by=month" in page.context["view_tabs"][1]["url"]
    assert "export/csv/?q=port&amp;by=month" in page.content.decode()


@pytest.mark.parametrize(
    ("closing", "found"), [("past", 0), ("month", 1), ("next", 0), ("later", 2), ("odd", 3)]
)
def test_by_closing_date(cast, sign_in, deals, closing, found):
    assert look(sign_in(cast.denise), closing=closing)["glance"].deals == found


def test_by_state_and_overdue_decision(cast, sign_in, deals, time_machine_at):
    assert look(sign_in(cast.denise), status="approved")["glance"].deals == 1
    with time_machine_at(THEN + timedelta(days=9)):
        assert look(sign_in(cast.denise), deadline="overdue")["glance"].deals == 2


def test_the_table_lists_what_the_board_shows(cast, sign_in, deals):
    page = sign_in(cast.denise).get("/deals/pipeline/", {"display": "table", "by": "group"})
    rows = [row.record.reference for row in page.context["table"].paginated_rows]
    assert rows[0] == deals["bravo"].reference and len(rows) == 3
    assert "Sums of the open deals" in page.content.decode()


def test_the_file_holds_the_open_deals_and_no_others(cast, sign_in, deals):
    for kind in ("csv", "xlsx"):
        answer = sign_in(cast.denise).get(f"/deals/pipeline/export/{kind}/")
        assert b"".join(answer.streaming_content)
    file = b"".join(sign_in(cast.amir).get("/deals/pipeline/export/csv/").streaming_content).decode()
    assert "Port de Sète" in file and "Cave des Vignerons" not in file and "Saint-Roch" not in file
    assert sign_in(cast.amir).get("/deals/pipeline/export/odd/").status_code == 404


def test_many_partners_are_the_largest_twelve(cast, sign_in, deals, monkeypatch):
    monkeypatch.setattr("dealreg.deals.views.pipeline.MOST_COLUMNS", 1)
    page = sign_in(cast.denise).get("/deals/pipeline/", {"by": "partner"})
    assert list(columns(page.context)) == ["Alpha Sécurité"]
    assert "1 more partner is not shown" in page.content.decode()


def test_a_long_column_leads_to_the_table(cast, sign_in, deals, monkeypatch):
    monkeypatch.setattr("dealreg.deals.pipeline.MOST_CARDS", 1)
    page = sign_in(cast.denise).get("/deals/pipeline/")
    assert "1 more in the table" in page.content.decode()


def test_nothing_open_says_what_would_be_here(cast, sign_in):
    assert "No open deal" in sign_in(cast.amir).get("/deals/pipeline/").content.decode()
    assert "No open deal" in sign_in(cast.amir).get("/deals/pipeline/?display=table").content.decode()


@pytest.mark.parametrize("asked", [{}, {"by": "month"}, {"by": "partner"}, {"display": "table"}])
def test_the_number_of_statements_does_not_grow(
    cast, sign_in, deals, asked, django_assert_max_num_queries, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = sign_in(cast.denise)
    browser.get("/deals/pipeline/", asked)
    with CaptureQueriesContext(
        connection,
    ) as few:
        browser.get("/deals/pipeline/", asked)
    for number in range(6):
        submitted(cast, customer_name=f"Atelier {'ABCDEF'[number]} Lorrain")
    with django_assert_num_queries(len(few)):
        browser.get("/deals/pipeline/", asked)


def test_a_request_that_waits_is_marked_on_the_board_and_counts_no_deal_twice(cast, sign_in, deals):
    deal = deals["approved"]
    actions.ask_extension(deal, by=cast.amir, at=THEN, asked=extension(THEN))
    browser = sign_in(cast.amir)
    context = look(browser)
    assert [column.deals for column in columns(context).values()] == [1, 0, 1]
    assert "Distributor decides" in browser.get("/deals/pipeline/").content.decode()
    assert [card.reference for card in columns(look(browser, pending="extension"))["Approved"].cards] == [
        deal.reference
    ]
    assert look(browser, pending="extension")["glance"].deals == 1
    assert look(browser, pending="amendment")["glance"].deals == 0
