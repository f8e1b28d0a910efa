"""Lists as files: what is filtered and visible, nothing else, and nothing that a spreadsheet runs."""

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from dealreg.deals import actions
from dealreg.deals.models import Deal
from portal.accounts.models import User
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    """These tests read pages in English, whatever the cast speaks."""
    User.objects.update(language="")


def csv_of(browser, query="") -> list[dict[str, str]]:
    answer = browser.get(f"/deals/export/csv/{query}")
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def sheet_of(browser, query=""):
    answer = browser.get(f"/deals/export/xlsx/{query}")
    assert answer.status_code == 200
    return load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active


@pytest.fixture
def deals(cast):
    at = timezone.now()
    return {
        "alpha": stages.submitted(cast, cast.amir, at=at, customer_name="Hôpital Saint-Roch"),
        "bravo": stages.submitted(cast, cast.bruno, at=at, customer_name="Ateliers Corvo"),
        "platin": stages.submitted(cast, cast.paul, at=at, customer_name="Stadtwerke Köln"),
        "draft": stages.draft(cast, cast.amir, at=at, customer_name="Métropole Habitat"),
    }


@pytest.mark.parametrize(
    ("person", "names"),
    [
        ("amir", {"alpha", "draft"}),
        ("adam", {"alpha", "draft"}),
        ("bruno", {"bravo"}),
        ("denise", {"alpha", "bravo"}),
        ("dieter", {"platin"}),
        ("karim", {"alpha", "bravo"}),
        ("nora", {"alpha", "bravo", "platin"}),
    ],
)
def test_a_file_holds_what_its_reader_sees_and_nothing_else(cast, sign_in, deals, person, names):
    wanted = {deals[name].reference for name in names}
    browser = sign_in(cast.people[person])
    assert {row["Number"] for row in csv_of(browser)} == wanted
    assert {row[0].value for row in sheet_of(browser).iter_rows(min_row=2)} == wanted


def test_a_file_holds_what_is_filtered_in_the_order_of_the_list(cast, sign_in, deals):
    browser = sign_in(cast.nora)
    assert [row["End customer"] for row in csv_of(browser, "?q=ateliers")] == ["Ateliers Corvo"]
    names = [row["End customer"] for row in csv_of(browser, "?sort=-customer_name")]
    assert names == ["Stadtwerke Köln", "Hôpital Saint-Roch", "Ateliers Corvo"]


def test_a_file_is_not_cut_at_the_end_of_a_page(cast, sign_in):
    for number in range(30):
        stages.draft(cast, cast.amir, at=timezone.now(), customer_name=f"Client {number}")
    assert len(csv_of(sign_in(cast.amir), "?page=2")) == 30


@pytest.mark.parametrize("name", ["=2+5", "+33 1", "-cmd", "@SUM(A1)"])
def test_a_customer_cannot_be_a_formula(cast, sign_in, deals, name):
    Deal.objects.filter(pk=deals["draft"].pk).update(customer_name=name)
    browser = sign_in(cast.amir)
    assert csv_of(browser, "?status=draft")[0]["End customer"] == f"'{name}"
    cell = sheet_of(browser, "?status=draft")["C2"]
    assert (cell.value, cell.data_type) == (f"'{name}", "s")


def test_amounts_and_dates_keep_their_type(cast, sign_in, deals):
    sheet = sheet_of(sign_in(cast.bruno))
    header = [cell.value for cell in sheet[1]]
    row = dict(zip(header, [cell.value for cell in sheet[2]], strict=True))
    assert row["List price"] == pytest.approx(float(Decimal("5400.00")))
    assert row["Nodes"] == 100
    assert isinstance(row["Submitted"], datetime)
    assert isinstance(row["Expected closing date"], datetime | date)


def row_of(browser, deal):
    return next(row for row in csv_of(browser) if row["Number"] == deal.reference)


def test_a_won_deal_says_what_was_ordered_and_whether_the_distributor_confirmed_it(cast, sign_in):
    deal = stages.won(cast)
    browser = sign_in(cast.amir)
    row = row_of(browser, deal)
    assert (row["Distributor's order reference"], row["Order date"]) == ("DN-118842", "2026-12-01")
    assert (row["Order amount"], row["Order confirmed by the distributor"]) == ("5211.00", "To confirm")
    actions.dispute_order(deal, by=cast.denise, at=stages.LATER + timedelta(days=11), text="Not with us.")
    said = row_of(sign_in(cast.denise), deal)["Order confirmed by the distributor"]
    assert said == "Not found by the distributor"
    actions.confirm_order(deal, by=cast.denise, at=stages.LATER + timedelta(days=12))
    assert row_of(browser, deal)["Order confirmed by the distributor"] == "Confirmed"
    sheet = sheet_of(browser)
    assert sheet.title == "Deals"
    place = [cell.value for cell in sheet[1]].index("Order amount")
    amount = sheet[2][place]
    assert amount.value == pytest.approx(5211)
    assert "EUR" in amount.number_format


def test_a_lost_deal_says_why_and_to_whom_and_has_no_order(cast, sign_in):
    deal = stages.lost(cast)
    Deal.objects.filter(pk=deal.pk).update(lost_to="Rival Security")
    row = row_of(sign_in(cast.denise), deal)
    assert (row["Reason of the loss"], row["Competitor"]) == ("Price", "Rival Security")
    assert row["Ended on"] == f"{deal.ended_on:%Y-%m-%d}"
    assert row["Distributor's order reference"] == row["Order amount"] == ""
    assert row["Order confirmed by the distributor"] == ""


def test_the_sheet_is_named_in_the_readers_language(cast, sign_in, deals):
    User.objects.update(language="fr")
    assert sheet_of(sign_in(cast.amir)).title == "Affaires"


def test_a_file_of_another_kind_does_not_exist(cast, sign_in):
    assert sign_in(cast.amir).get("/deals/export/pdf/").status_code == 404


def test_nobody_without_membership_gets_a_file(cast, sign_in, deals):
    assert sign_in(cast.stranger).get("/deals/export/csv/").status_code == 403
    assert sign_in().get("/deals/export/csv/").status_code == 302


def test_the_file_costs_no_query_per_row(cast, sign_in, django_assert_max_num_queries):
    browser = sign_in(cast.amir)
    for number in range(20):
        stages.draft(cast, cast.amir, at=timezone.now(), customer_name=f"Client {number}")
    csv_of(browser)
    with django_assert_max_num_queries(8):
        csv_of(browser)


def test_nothing_of_another_partner_is_in_any_file(cast, sign_in, deals):
    """Promise S2: planted words are not found."""
    Deal.objects.filter(pk=deals["bravo"].pk).update(
        customer_name="KANARIENVOGEL", engagement="KANARIENVOGEL"
    )
    for kind in ("csv", "xlsx"):
        answer = sign_in(cast.amir).get(f"/deals/export/{kind}/")
        assert b"KANARIENVOGEL" not in b"".join(answer.streaming_content)
    assert "KANARIENVOGEL" not in sign_in(cast.amir).get("/deals/").content.decode()
