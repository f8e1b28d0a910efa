"""The words for what an edition says: known codes, and codes that nobody has heard of."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation

from partners.programme import labels
from partners.programme.content import Difference, differences
from partners.programme.edition_file import CELLS, PARAMETERS
from tests.partners.programme.conftest import rulebook_of_2017

BOOK = rulebook_of_2017()


def plain(text):
    """French writes its figures with no-break blanks of two widths."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "grid", "code", "value", "text"),
    [
        ("en", "benefits", "discount_standard_pct", Decimal("35.00"), "35%"),
        ("fr", "benefits", "discount_standard_pct", Decimal("35.00"), "35 %"),
        ("fr", "benefits", "dealreg_standard_pct", Decimal("2.5"), "2,5 %"),
        ("en", "conditions", "annual_sales_target_eur", Decimal("65000.00"), "€65,000"),
        ("fr", "conditions", "annual_sales_target_eur", Decimal("65000.00"), "65 000 €"),
        ("en", "conditions", "annual_sales_target_eur", Decimal(2_000_000), "€2,000,000.00"),
        ("en", "benefits", "nfr_nodes", Decimal("100.00"), "100"),
        ("en", "benefits", "sandbox_hours", Decimal("2.50"), "2.5"),
        ("en", "benefits", "library", "yes", "Yes"),
        ("en", "benefits", "leads", "priority", "With priority"),
        ("en", "benefits", "leads", "none", "No"),
        ("en", "conditions", "annual_business_plan", "none", "Not asked"),
        ("en", "conditions", "annual_sales_target_eur", None, "No target"),
        ("en", "benefits", "dealreg_enterprise_pct", None, "Not open"),
        ("en", "benefits", "hotline", "at_night", "At night"),
        ("en", "benefits", "hotline", None, "–"),
    ],
)
def test_a_cell_is_written_as_the_reader_writes_it(language, grid, code, value, text):
    with translation.override(language):
        assert plain(labels.shown_cell(grid, code, value).text) == text


def test_every_row_and_parameter_that_the_portal_checks_has_words_of_its_own():
    assert labels.ROWS.keys() == {code for rows in CELLS.values() for code in rows}
    assert labels.PARAMETERS.keys() == {(s, code) for s, codes in PARAMETERS.items() for code in codes}
    assert labels.SECTIONS.keys() == PARAMETERS.keys()
    for grid, rows in CELLS.items():
        assert {labels.ROWS[code].group for code in rows} <= labels.GROUPS[grid].keys()


def test_a_row_of_the_vendor_is_shown_at_the_end_in_readable_form(content):
    benefits = {"sandbox_hours": dict.fromkeys(content.tiers, Decimal(3)), **content.grids["benefits"]}
    other = replace(content, grids={**content.grids, "benefits": benefits})
    last = labels.grid_groups(other, "benefits")[-1]
    assert (last.code, [row.label for row in last.rows]) == ("further", ["Sandbox hours"])
    assert [cell.tier for cell in last.rows[0].cells] == [
        "platinum",
        "gold",
        "silver",
        "bronze",
        "registered",
    ]


def test_the_parameters_of_2017_in_words(content):
    words = {
        (section, code): labels.parameter_term(section, code, value).text
        for section, values in content.parameters.items()
        for code, value in values.items()
    }
    assert words["deal_registration", "decision_business_days"] == "2 business days"
    assert words["deal_registration", "protection_days"] == "90 days"
    assert words["deal_registration", "reminders_days_before"] == "30, 14 and 3 days before"
    assert words["deal_registration", "discount_step_pct"] == "0.5 percentage point"
    assert words["deal_registration", "office_opens"] == "09:00"
    assert words["tier_changes", "any_time"] == "Silver ↔ Bronze, Bronze ↔ Registered"
    assert words["nfr", "product"] == "Total Security"
    assert (
        "Breach of the brand policy: warning → orders refused → authorisation ended"
        in words["compliance", "ladders"]
    )
    assert (
        "warning → authorisation ended, lower tier or discount programme removed"
        in words["compliance", "ladders"]
    )


def test_an_unknown_parameter_is_shown_in_readable_form():
    assert labels.parameter_term("magic_tricks", "wand_length", 30) == labels.Term("Wand length", "30")
    assert labels.parameter_term("magic_tricks", "wand_length", None).text == "–"
    assert labels.section_label("magic_tricks") == "Magic tricks"


def test_the_terms_of_registration_are_sentences():
    texts = {term.rule: term.text for term in labels.registration_terms(BOOK) if term.label != "Extension"}
    assert texts["E7"] == "Within 2 business days in the distributor's country, working hours 09:00 to 18:00."
    assert texts["E4"] == "From 0 to the ceiling of the tier, in steps of 0.5 percentage point."
    extension = next(term.text for term in labels.registration_terms(BOOK) if term.label == "Extension")
    assert extension == "1 extension of up to 90 days, to be asked for before the protection ends."
    none = replace(BOOK, deal_registration=replace(BOOK.deal_registration, extensions=0))
    assert "No extension." in {term.text for term in labels.registration_terms(none)}


def test_differences_are_told_in_words(content):
    benefits = {**content.grids["benefits"], "gift": dict.fromkeys(content.tiers, "yes")}
    benefits["discount_standard_pct"] = {**benefits["discount_standard_pct"], "gold": Decimal(32)}
    benefits["nfr_nodes"] = {**benefits["nfr_nodes"], "gold": Decimal(50)}
    del benefits["library"]
    other = replace(
        content,
        notice_days=60,
        tiers=tuple(reversed(content.tiers)),
        territory=(*content.territory, "PL"),
        product_groups={**content.product_groups, "gems": "standard"},
        grids={**content.grids, "benefits": benefits},
        parameters={**content.parameters, "nfr": {**content.parameters["nfr"], "validity_months": 24}},
    )
    sections = dict(labels.difference_sections(differences(content, other)))
    told = {
        (row.what, row.tiers): (row.before, row.after, row.direction)
        for rows in sections.values()
        for row in rows
    }
    assert told["Recommended discounts: Standard products", ("gold",)] == ("30%", "32%", "up")
    assert told["Sales support: Licences for your own use (NFR), nodes", ("gold",)] == ("100", "50", "down")
    assert told["Gift", content.tiers] == ("–", "Yes", "")
    assert told["Marketing: Sales and marketing library", content.tiers] == ("Yes", "–", "")
    assert told["Poland", ()] == ("–", "Part of it", "")
    assert told["Gems", ()] == ("–", "Standard", "")
    assert told["Days of notice", ()] == ("30 days", "60 days", "up")
    assert told["Order of the tiers", ()][0].startswith("Registered < Bronze")
    assert told["Validity", ()] == ("12 months", "24 months", "up")
    assert set(sections) == {
        "Edition",
        "Benefits",
        "Product groups",
        "Countries",
        "Licences for your own use (NFR)",
    }


def test_a_tier_that_is_not_offered_something_says_so_in_a_difference():
    (row,) = labels.difference_sections(
        [Difference("benefits", "dealreg_standard_pct", None, Decimal(5), tier="registered")]
    )[0][1]
    assert (row.before, row.after) == ("Not open", "5%")
