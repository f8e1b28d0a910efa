"""One company, one key, whichever of its numbers was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.company_numbers import belong_to_two_companies, may_be_a_groups, read_company_number
from portal.core.errors import RuleViolation

# Made-up or well-known public numbers with right check digits.
SAME = [
    (
        "FR",
        [
            "732829320",
            "732 829 320",
            "73282932000074",
            "７３２８２９３２０",
            "٧٣٢٨٢٩٣٢٠",
            "FR44732829320",
            "fr 44 732 829 320",
            "FR-44.732.829.320",
        ],
    ),
    ("BE", ["BE0403019261", "0403.019.261", "0403019261", "be 0403 019 261"]),
    ("DE", ["DE136695976", "136695976", "DE 136 695 976"]),
    ("SE", ["556036-0793", "5560360793", "SE556036079301"]),
    ("NO", ["923609016", "NO923609016MVA", "923 609 016"]),
    ("CH", ["CHE-107.787.577", "CHE107787577", "CHE-107.787.577 IVA"]),
    ("NL", ["NL004495445B01", "004495445B01", "NL 0044.95.445.B01"]),
    ("GB", ["GB980780684", "980780684"]),
    ("AT", ["FN 122119m", "122119 M"]),
    ("DK", ["DK13585628", "13 58 56 28"]),
    ("FI", ["FI20774740", "2077474-0"]),
    ("MA", ["001561191000066", "00 15 61 191 0000 66"]),
    ("TN", ["1234567/M/A/E/001", "1234567M"]),
    ("IT", ["IT00743110157", "00743110157"]),
    ("ES", ["ESB58378431", "B58378431", "B-58378431"]),
]


@pytest.mark.parametrize(("country", "spellings"), SAME, ids=[country for country, _ in SAME])
def test_all_numbers_of_a_company_have_one_key(country, spellings):
    found = [read_company_number(country, text) for text in spellings]
    assert len({number.key for number in found}) == 1, found
    assert found[0].key.startswith(f"{country}:")


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("FR", "732829321"),
        ("FR", "FR00732829320"),
        ("DE", "DE136695977"),
        ("BE", "12345"),
        ("FR", "hello"),
        ("FR", "DE136695976"),
        ("GB", "1234567"),
        ("IE", "abc"),
        ("ZZ", "123"),
        ("FR", "-"),
    ],
)
def test_what_is_no_number_of_the_country_is_refused_on_its_field(country, text):
    with pytest.raises(RuleViolation) as refusal:
        read_company_number(country, text)
    assert refusal.value.field == "company_number"


@pytest.mark.parametrize(
    ("country", "text"),
    [("GB", "SC123456"), ("GB", "01234567"), ("NL", "12345678"), ("LU", "B12345"), ("MT", "C12345")],
)
def test_registers_without_check_digit_are_read_by_their_form(country, text):
    number = read_company_number(country, text)
    assert (number.kind, number.key) == ("register", f"{country}:R{text}")


@given(st.sampled_from(["FR", "BE", "DE", "IL", "TN", "MA", "DZ", "IS", "DK"]), st.text(max_size=40))
def test_nothing_that_people_type_is_an_error_of_ours(country, text):
    try:
        assert read_company_number(country, text).key
    except RuleViolation:
        pass


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 8), st.sampled_from("0123456789"))
def test_a_single_wrong_digit_in_a_siren_is_noticed(body, place, wrong):
    from stdnum import luhn

    siren = body[:8] + luhn.calc_check_digit(body[:8])
    assert read_company_number("FR", siren).key == f"FR:{siren}"
    if siren[place] != wrong:
        with pytest.raises(RuleViolation):
            read_company_number("FR", siren[:place] + wrong + siren[place + 1 :])


@pytest.mark.parametrize(
    ("country", "one", "other", "apart"),
    [
        ("FR", "732829320", "552100554", True),
        ("FR", "73282932000074", "FR44732829320", False),
        ("DE", "DE136695976", "DE129273398", True),
        ("GB", "GB980780684", "01234567", False),  # a tax number and the register's say nothing
        ("GB", "01234567", "01234568", True),
        ("NL", "NL004495445B01", "17085815", False),
        ("AT", "ATU13585627", "FN 122119m", False),
        ("IS", "6503760649", "5902697199", True),
        ("ES", "B58378431", "A15075062", True),
    ],
)
def test_two_numbers_of_one_kind_are_two_companies(country, one, other, apart):
    keys = [read_company_number(country, text).key for text in (one, other)]
    assert belong_to_two_companies(*keys) is apart
    assert belong_to_two_companies(*reversed(keys)) is apart


def test_numbers_of_two_countries_say_nothing_about_each_other():
    assert not belong_to_two_companies("FR:732829320", "BE:0403019261")
    assert not belong_to_two_companies("", "FR:732829320")
    assert not belong_to_two_companies("FR:732829320", "FR:732829320")


@pytest.mark.parametrize(
    ("key", "shared"), [("GB:980780684", True), ("GB:R01234567", False), ("FR:732829320", False)]
)
def test_a_tax_number_apart_from_the_register_may_be_a_groups(key, shared):
    assert may_be_a_groups(key) is shared
