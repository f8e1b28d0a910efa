"""Numbers that are read out on the telephone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.references import ALPHABET, new_reference, read_reference

bodies = st.text(ALPHABET, min_size=5, max_size=5)


def numbered(body: str) -> str:
    from stdnum import luhn

    return f"DR-{body}{luhn.calc_check_digit(body, alphabet=ALPHABET)}"


@given(st.integers(0, 50))
def test_a_new_number_is_read_back(_turn):
    reference = new_reference("DR")
    assert re.fullmatch(r"DR-[0-9A-HJKMNP-TV-Z]{6}", reference)
    assert read_reference("DR", reference) == reference


@given(bodies, st.integers(0, 5), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_noticed(body, place, wrong):
    right = numbered(body)
    typed = list(right.removeprefix("DR-"))
    if typed[place] == wrong:
        return
    typed[place] = wrong
    assert read_reference("DR", "DR-" + "".join(typed)) is None


@given(bodies)
def test_spelling_is_forgiven(body):
    reference = numbered(body)
    tail = reference.removeprefix("DR-")
    readings = [
        reference.lower(),
        f" {reference} ",
        f"dr {tail[:3]} {tail[3:]}",
        f"DR{tail}",
        f"dr_{tail.lower()}",
        f"DR-{tail.replace('0', 'O').replace('1', 'I').replace('V', 'u')}",
        f"DR-{tail.replace('1', 'l')}",
        tail,
    ]
    assert {read_reference("DR", reading) for reading in readings} == {reference}


def test_a_number_that_begins_like_the_prefix_is_read_with_and_without_it():
    reference = numbered("DRAFT")
    assert read_reference("DR", reference.removeprefix("DR-")) == reference
    assert read_reference("DR", reference) == reference


@pytest.mark.parametrize(
    "text", ["", "DR-", "DR-12345", "DR-1234567", "DR-AAAA!A", "P-000123", "é" * 6, "DR" * 50]
)
def test_what_is_no_number_is_none(text):
    assert read_reference("DR", text) is None


def test_numbers_do_not_run():
    assert len({new_reference("DR") for _ in range(200)}) > 195
