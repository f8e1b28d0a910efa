"""What a price file must hold, cell by cell, and how it is told when it does not."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.catalogue import price_file
from partners.catalogue.price_file import (
    COLUMNS,
    MAX_BYTES,
    ListKey,
    PriceLine,
    Wrong,
    read_day,
    read_price,
    read_price_file,
)
from tests.partners.catalogue.conftest import HEADER, csv_of

REGIONS = {"euro", "gb"}
SKUS = {"A-1", "B-2"}
GOOD = "euro,EUR,2027-01-01,,A-1,12,1,40.00"


def read(data):
    return read_price_file(data, regions=REGIONS, skus=SKUS)


def reasons(data):
    return [(problem.line, problem.column, problem.message) for problem in read(data).problems]


def test_a_sound_file_becomes_price_lists():
    file = read(
        csv_of(
            "euro,EUR,2027-01-01,2027-06-30,A-1,12,1,40",
            "euro,EUR,2027-01-01,2027-06-30,A-1,12,50,36.5",
            "",
            "gb,GBP,2027-01-01,,B-2,24,1,30.25",
            "euro,EUR,2027-07-01,,A-1,12,1,41",
        )
    )
    assert file.problems == ()
    assert file.lines == 4
    assert [(one.key, one.currency, one.valid_until, one.line) for one in file.lists] == [
        (ListKey("euro", date(2027, 1, 1)), "EUR", date(2027, 6, 30), 2),
        (ListKey("euro", date(2027, 7, 1)), "EUR", None, 6),
        (ListKey("gb", date(2027, 1, 1)), "GBP", None, 5),
    ]
    assert file.lists[0].prices == [
        PriceLine("A-1", 12, 1, Decimal("40.00")),
        PriceLine("A-1", 12, 50, Decimal("36.50")),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + csv_of(GOOD),
        csv_of(GOOD).replace(b"\n", b"\r\n"),
        b"\r\n\r\n" + csv_of(GOOD),
        csv_of("euro;EUR;01/01/2027;;A-1;12;1;40,00", header=HEADER.replace(",", ";")),
        csv_of('"euro","EUR",01.01.2027,,"A-1","12","1","40,00"'),
        csv_of("40.00,1,12,A-1,,2027-01-01,EUR,euro", header=",".join(reversed(COLUMNS))),
        csv_of(" euro , EUR ,2027-01-01, , A-1 ,12,1, 40.00 ", header=HEADER.upper()),
        csv_of(GOOD).rstrip(b"\n"),
    ],
    ids=[
        "bom",
        "crlf",
        "blank lines first",
        "semicolons",
        "quoted",
        "other order",
        "blanks",
        "no last newline",
    ],
)
def test_the_same_list_in_other_clothes(data):
    (only,) = read(data).lists
    assert (only.key, only.valid_until) == (ListKey("euro", date(2027, 1, 1)), None)
    assert only.prices == [PriceLine("A-1", 12, 1, Decimal("40.00"))]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("0", "0.00"),
        ("12.5", "12.50"),
        ("12,5", "12.50"),
        ("1234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234.567,89", "1234567.89"),
        ("9999999999.99", "9999999999.99"),
    ],
)
def test_prices_with_a_point_or_a_comma(text, price):
    assert str(read_price(text)) == price


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "abc",
        "1e3",
        "NaN",
        "inf",
        "1.234",
        "12.345",
        "1.000",
        "1,000",
        "1,2,3",
        "1.2.3",
        "12.",
        ".5",
        "١٢",
        "€12",
        "10000000000",
        "12 34,5.6.7",
    ],
)
def test_what_is_no_price(text):
    with pytest.raises(Wrong):
        read_price(text)


@pytest.mark.parametrize(
    "text", ["", "2027-02-29", "29/02/2027", "2027/01/01", "1-1-2027", "01.13.2027", "0000-01-01", "tomorrow"]
)
def test_what_is_no_day(text):
    with pytest.raises(Wrong):
        read_day(text)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("mars,EUR,2027-01-01,,A-1,12,1,40.00", "region"),
        ("euro,eur,2027-01-01,,A-1,12,1,40.00", "currency"),
        ("euro,XXQ,2027-01-01,,A-1,12,1,40.00", "currency"),
        ("euro,EUR,,,A-1,12,1,40.00", "valid_from"),
        ("euro,EUR,2027-01-01,never,A-1,12,1,40.00", "valid_until"),
        ("euro,EUR,2027-01-01,2026-12-31,A-1,12,1,40.00", "valid_until"),
        ("euro,EUR,2027-01-01,,Z-9,12,1,40.00", "sku"),
        ("euro,EUR,2027-01-01,,A-1,0,1,40.00", "term_months"),
        ("euro,EUR,2027-01-01,,A-1,121,1,40.00", "term_months"),
        ("euro,EUR,2027-01-01,,A-1,12,0,40.00", "nodes_from"),
        ("euro,EUR,2027-01-01,,A-1,12,1.5,40.00", "nodes_from"),
        ("euro,EUR,2027-01-01,,A-1,12,1,free", "per_node"),
        ("euro,EUR,2027-01-01,,A-1,12,1,-4", "per_node"),
        ("euro,EUR,2027-01-01,,A-1,12,1,4.005", "per_node"),
    ],
)
def test_a_bad_cell_is_told_with_line_and_column(line, column):
    assert [found[:2] for found in reasons(csv_of(GOOD, line))] == [(3, column)]
    assert read(csv_of(GOOD, line)).lists == ()


def test_a_list_ends_after_it_begins():
    assert reasons(csv_of("euro,EUR,2027-01-01,2026-12-31,A-1,12,1,40.00")) == [
        (2, "valid_until", "The last day lies before the first.")
    ]


def test_every_bad_cell_of_a_line_is_told():
    found = reasons(csv_of("mars,eur,x,,Z,a,b,c"))
    assert [column for _, column, _ in found] == [
        "region",
        "currency",
        "valid_from",
        "sku",
        "term_months",
        "nodes_from",
        "per_node",
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("euro,GBP,2027-01-01,,B-2,12,1,40.00", "currency"),
        ("euro,EUR,2027-01-01,2027-12-31,B-2,12,1,40.00", "valid_until"),
        (GOOD, "sku"),
    ],
)
def test_lines_of_one_list_agree(line, column):
    assert [found[:2] for found in reasons(csv_of(GOOD, line))] == [(3, column)]


@pytest.mark.parametrize("until", ["", "2027-07-01"])
def test_lists_of_one_region_do_not_overlap(until):
    first = f"euro,EUR,2027-01-01,{until},A-1,12,1,40.00"
    assert reasons(csv_of("gb,GBP,2027-01-01,,A-1,12,1,30", "euro,EUR,2027-07-01,,A-1,12,1,41", first))[0][
        :2
    ] == (
        3,
        "valid_from",
    )


def test_a_missing_a_double_and_an_unknown_column_are_told():
    found = read(
        csv_of(GOOD, header="region,region,currency,valid_from,valid_until,sku,term_months,price")
    ).problems
    assert [(problem.column, problem.value) for problem in found] == [
        ("region", ""),
        ("nodes_from", ""),
        ("per_node", ""),
        ("", "price"),
    ]


def test_a_line_with_too_few_cells_is_told():
    (problem,) = read(csv_of("euro,EUR,2027-01-01")).problems
    assert str(problem) == "line 2: The line has 3 cells, the header has 8."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\n \n", "The file is empty."),
        (csv_of(), "The file has no lines below the header."),
        ("région,prix".encode("latin-1"), "The file is not written in UTF-8: save it as “CSV UTF-8”."),
        (b"a\0b", "This is not a text file."),
        (b"x" * (MAX_BYTES + 1), "The file is larger than %(limit)s MB."),
        (csv_of('euro,"EUR'), "This is not CSV: %(reason)s."),
        (csv_of("x" * 200_000), "This is not CSV: %(reason)s."),
    ],
)
def test_what_is_no_price_file_is_told_in_one_line(data, message):
    (problem,) = read(data).problems
    assert problem.message == message
    assert str(problem)


def test_a_file_of_too_many_lines_is_refused(monkeypatch):
    monkeypatch.setattr(price_file, "MAX_LINES", 2)
    (problem,) = read(
        csv_of(*(f"euro,EUR,2027-01-01,,A-1,12,{nodes},40.00" for nodes in range(1, 5)))
    ).problems
    assert problem.line == 4


def test_checking_stops_after_a_thousand_problems():
    file = read(csv_of(*["mars,EUR,2027-01-01,,A-1,12,1,40.00"] * 1_500))
    assert (len(file.problems), file.has_more_problems) == (1_000, True)


def test_a_long_value_is_cut_in_the_report():
    (problem,) = read(csv_of(f"euro,EUR,2027-01-01,,{'Z' * 500},12,1,40.00")).problems
    assert len(problem.value) < 60
    assert str(problem).startswith("line 2, sku: No product has this article number. (found: ZZZ")


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["euro", "EUR", "2027-01-01", "A-1", "12", "1", "40,00", "=1+1", '"', "\n"]),
)


@given(st.lists(st.lists(CELL, max_size=9), max_size=6), st.sampled_from([",", ";"]))
def test_any_cells_get_an_answer(rows, delimiter):
    text = "\n".join([HEADER.replace(",", delimiter), *(delimiter.join(row) for row in rows)])
    file = read(text.encode("utf-8", "surrogatepass"))
    assert bool(file.lists) != bool(file.problems)


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(data):
    assert read(data).problems


@given(st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2))
def test_every_price_is_read_back_in_both_writings(price):
    assert read_price(f"{price:f}") == price
    assert read_price(f"{price:f}".replace(".", ",")) == price
    assert read_price(f"{price:,}") == price or price < 1000


def test_a_file_of_very_many_columns_gets_one_answer():
    assert reasons(";".join(["x"] * 100_000).encode()) == [(None, "", "The file has too many columns.")]
