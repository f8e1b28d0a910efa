"""The edition 2017 of the portal, figure by figure as the programme guide prints it (guide §4)."""

from decimal import Decimal

import pytest

from tests.partners.programme.conftest import rulebook_of_2017

BOOK = rulebook_of_2017()
YES, NO = "yes", "no"
REQUIRED, OPTIONAL, RECOMMENDED, NONE = "required", "optional", "recommended", "none"

# Platinum, Gold, Silver, Bronze, Registered: the order of the guide's columns.
COLUMNS = ("platinum", "gold", "silver", "bronze", "registered")
BENEFITS = {
    "discount_standard_pct": (35, 30, 25, 20, 20),
    "dealreg_standard_pct": (5, 5, 5, 5, None),
    "discount_enterprise_pct": (15, 15, 15, 10, 10),
    "dealreg_enterprise_pct": (25, 25, 25, None, None),
    "newsletter": (YES,) * 5,
    "logo_and_marketing": (YES,) * 5,
    "library": (YES,) * 5,
    "conference": (YES, YES, YES, NO, NO),
    "msp_programme": (YES,) * 5,
    "enterprise_specialisations": (YES,) * 5,
    "portal": (YES,) * 5,
    "nfr_nodes": (100, 100, 25, 25, 25),
    "dedicated_channel_manager": (YES, YES, NO, NO, NO),
    "training_online": (YES,) * 5,
    "leads": ("priority", "eligible", NONE, NONE, NONE),
    "authorisation_certificate": (YES,) * 5,
    "technical_support": ("vendor", "vendor", "distributor", "distributor", "distributor"),
    "presales_and_consulting": (YES, YES, YES, NO, NO),
    # Guide §5.
    "high_performance_club": (YES, YES, YES, NO, NO),
}
CONDITIONS = {
    "marketing_activities": (REQUIRED, REQUIRED, OPTIONAL, OPTIONAL, OPTIONAL),
    "web_site_information": (REQUIRED, REQUIRED, REQUIRED, REQUIRED, RECOMMENDED),
    "dedicated_product_manager": (REQUIRED, REQUIRED, NONE, NONE, NONE),
    "annual_sales_target_eur": (327_000, 65_000, 13_000, 7_000, None),
    "monthly_reports": (REQUIRED, REQUIRED, REQUIRED, NONE, NONE),
    "annual_business_plan": (REQUIRED, REQUIRED, NONE, NONE, NONE),
    "quarterly_review": (REQUIRED, REQUIRED, NONE, NONE, NONE),
    "certified_sales": (3, 2, 1, RECOMMENDED, RECOMMENDED),
    "certified_technical": (3, 2, 1, RECOMMENDED, RECOMMENDED),
    "customer_references": (1, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL),
    "updates_and_webcasts": (YES,) * 5,
}


def typed(value):
    return Decimal(value) if isinstance(value, int) else value


@pytest.mark.parametrize(
    ("grid", "code", "cells"),
    [("benefits", *row) for row in BENEFITS.items()] + [("conditions", *row) for row in CONDITIONS.items()],
)
def test_the_row_says_what_the_guide_says(grid, code, cells):
    row = getattr(BOOK, grid)[code]
    assert dict(row) == dict(zip(COLUMNS, map(typed, cells), strict=True))


def test_no_row_is_missing_and_none_is_of_our_making():
    assert BOOK.benefits.keys() == BENEFITS.keys()
    assert BOOK.conditions.keys() == CONDITIONS.keys()


def test_the_territory_is_that_of_the_guide():
    """Guide §6; North Africa read as Algeria, Morocco and Tunisia (rule A7)."""
    named = "GB IE BE NL LU DK SE NO FI IS FR DZ MA TN DE AT CH IT MT ES PT IL"
    assert frozenset(named.split()) == BOOK.territory


def test_the_product_sections_are_those_of_the_guide():
    lines = {}
    for group, line in BOOK.product_lines.items():
        lines.setdefault(line, []).append(group)
    assert lines == {
        "standard": [
            "small-office-security",
            "endpoint-security",
            "targeted-security",
            "total-security",
            "xsp",
        ],
        "enterprise": ["anti-targeted-attack", "industrial-cybersecurity", "private-security-network"],
    }


def test_the_terms_of_deal_registration_are_those_of_section_e():
    terms = BOOK.deal_registration
    assert (terms.decision_business_days, terms.protection_days, terms.extension_days) == (2, 90, 90)
    assert (terms.extensions, terms.new_business_lookback_months, terms.appeal_days) == (1, 12, 10)
    assert (terms.silence_business_days, terms.reopen_days, terms.amendment_growth_pct) == (1, 10, 25)
    assert (terms.registrations_per_hour, terms.probing_days, terms.distributor_changes) == (30, 30, 1)
    assert (terms.without_news_days, terms.record_months, terms.appeals_to_publish) == (30, 24, 3)
    assert (terms.probing_registrations, terms.probing_share_pct) == (10, 50)
    assert (terms.closing_within_months, terms.retry_within_months) == (24, 36)
    assert terms.reminders_days_before == (30, 14, 3)
    assert terms.discount_step_pct == Decimal("0.5")
    assert BOOK.specialisation_floor == "gold"
