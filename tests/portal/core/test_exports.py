"""Exports keep types and bite nobody (promise S2)."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.http import Http404
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy
from openpyxl import load_workbook

from portal.core.exports import Money, Percent, csv_response, defused, file_response, xlsx_response

HOSTILE = ["=1+1", "+33 1 23", "-2+3", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x.example")']
TYPED = [Decimal("-12.50"), -3, date(2026, 11, 23), True, None, datetime(2026, 11, 23, 12, 0, tzinfo=UTC)]


def workbook(header, rows):
    return xlsx_response("x", header, rows, title="Deals")


def csv_rows(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(StringIO(text)))


def xlsx_rows(response) -> list[list]:
    sheet = load_workbook(BytesIO(b"".join(response.streaming_content))).active
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_begins_like_a_formula_is_defused(text):
    assert defused(text).startswith("'")


def test_a_csv_file_holds_no_formula_and_keeps_negative_numbers():
    rows = csv_rows(csv_response("x", ["=title"], [[text] for text in HOSTILE] + [[Decimal("-12.50")]]))
    assert [row[0][0] for row in rows[:-1]] == ["'"] * (len(HOSTILE) + 1)
    assert rows[-1] == ["-12.50"]


def test_an_excel_file_holds_no_formula_and_keeps_types():
    with timezone.override("Europe/Paris"):
        rows = xlsx_rows(workbook([f"c{n}" for n in range(6)], [HOSTILE[:6], TYPED]))
    assert all(value.startswith("'") for value in rows[1])
    assert rows[2][:2] == [-12.5, -3]
    assert rows[2][2] == datetime(2026, 11, 23, 0, 0)  # noqa: DTZ001 - a workbook knows no zones
    assert rows[2][3] is True
    assert rows[2][5] == datetime(2026, 11, 23, 13, 0)  # noqa: DTZ001


def test_a_workbook_shows_instants_to_the_minute_and_amounts_with_their_cents():
    moment = datetime(2026, 11, 23, 12, 0, 5, 123456, tzinfo=UTC)
    answer = workbook(list("abcd"), [[moment, date(2026, 11, 23), Decimal("1234567.5"), 1200]])
    row = list(load_workbook(BytesIO(b"".join(answer.streaming_content))).active.iter_rows())[1]
    assert row[0].value.microsecond == 0
    assert [cell.number_format for cell in row] == ["yyyy-mm-dd hh:mm", "yyyy-mm-dd", "#,##0.00", "#,##0"]


def test_amounts_show_their_currency_and_percentages_are_true_ones():
    strange = Money(Decimal(1), "x]")
    row = [Money(Decimal("1234.5"), "CHF"), Percent(Decimal("3.5")), Money(None, "EUR"), strange]
    answer = workbook(list("abcd"), [row])
    cells = list(load_workbook(BytesIO(b"".join(answer.streaming_content))).active.iter_rows())[1]
    assert [cell.value for cell in cells] == [1234.5, 0.035, None, 1]
    assert [cell.number_format for cell in cells[:2]] == ["#,##0.00 [$CHF]", "0.00%"]
    assert cells[3].number_format == "#,##0.00"
    assert csv_rows(csv_response("x", ["a"], [row]))[-1] == ["1234.5", "3.5", "", "1"]


def test_the_heading_stays_filters_and_columns_are_wide_enough():
    rows = [["DR-7K3F9Q", "Centre hospitalier universitaire"], ["DR-222222", "x" * 400]]
    answer = workbook(["Number", "End customer"], rows)
    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).active
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B3"
    assert sheet.column_dimensions["A"].width >= len("DR-7K3F9Q")
    assert 40 <= sheet.column_dimensions["B"].width <= 48


def test_characters_that_a_workbook_cannot_hold_are_left_out():
    assert xlsx_rows(workbook(["t"], [["a\x00b\x0bc"]]))[1] == ["abc"]


def test_a_csv_file_is_in_the_readers_language_and_time_zone_though_it_is_sent_later():
    with translation.override("fr"), timezone.override("Europe/Paris"):
        response = csv_response("x", [gettext_lazy("Yes")], [[datetime(2026, 11, 23, 12, 0, tzinfo=UTC)]])
    assert csv_rows(response) == [["Oui"], ["2026-11-23 13:00"]]


def test_rows_are_read_while_the_file_is_sent():
    read = []

    def rows():
        for number in range(5_000):
            read.append(number)
            yield [number]

    stream = iter(csv_response("x", ["n"], rows()).streaming_content)
    next(stream), next(stream)
    assert len(read) < 1_000


def test_the_files_have_names_and_types():
    assert csv_response("partners", ["a"], [])["Content-Disposition"] == 'attachment; filename="partners.csv"'
    answer = xlsx_response("partners", ["a"], [], title="Partners")
    assert "partners.xlsx" in answer["Content-Disposition"]
    assert answer["Content-Type"].startswith("application/vnd.openxmlformats")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Deals", "Deals"),
        ("Affaires [2026]: état/ville?*\\", "Affaires  2026   état ville"),
        ("'quoted'", "quoted"),
        ("Centres de données certifiés et leurs équipes", "Centres de données certifiés et"),
        ("", "x"),
        ("?", "1"),
    ],
)
def test_a_sheet_says_what_is_inside(title, name):
    answer = xlsx_response("x", ["n"], [[1]], title=title)
    assert load_workbook(BytesIO(b"".join(answer.streaming_content))).sheetnames == [name]


def test_a_list_is_a_file_of_the_kind_that_is_asked_for():
    assert "csv" in file_response("csv", "x", "Deals", ["n"], [[1]])["Content-Type"]
    assert "sheet" in file_response("xlsx", "x", "Deals", ["n"], [[1]])["Content-Type"]
    with pytest.raises(Http404):
        file_response("pdf", "x", "Deals", ["n"], [[1]])
