"""Rules B, E and H7 by the tables of the guide, and what must hold for every rule book."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.programme.rules import (
    RegistrantFacts,
    check_granted_pct,
    check_may_register,
    effective_tier,
    lowest_tier_to_register,
    recommended_discount_ceiling,
    registration_ceiling,
)
from portal.core.errors import RuleViolation
from tests.partners.programme.conftest import rulebook_of_2017

BOOK = rulebook_of_2017()
TIERS = ("registered", "bronze", "silver", "gold", "platinum")
STANDARD = ("small-office-security", "endpoint-security", "targeted-security", "total-security", "xsp")
ENTERPRISE = ("anti-targeted-attack", "industrial-cybersecurity", "private-security-network")
GROUPS = STANDARD + ENTERPRISE

# Guide §4: tier, recommended standard, additional standard, recommended enterprise, additional enterprise.
GUIDE = [
    ("platinum", 35, 5, 15, 25),
    ("gold", 30, 5, 15, 25),
    ("silver", 25, 5, 15, 25),
    ("bronze", 20, 5, 10, None),
    ("registered", 20, None, 10, None),
]


def pct(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


@pytest.mark.parametrize(("tier", "standard", "deal_standard", "enterprise", "deal_enterprise"), GUIDE)
@pytest.mark.parametrize("group", GROUPS)
def test_the_ceilings_are_those_of_the_guide(
    tier, standard, deal_standard, enterprise, deal_enterprise, group
):
    is_standard = group in STANDARD
    assert recommended_discount_ceiling(BOOK, tier, group) == pct(standard if is_standard else enterprise)
    assert registration_ceiling(BOOK, tier, group) == pct(deal_standard if is_standard else deal_enterprise)


def expected_answer(tier: str, group: str, held: frozenset[str]) -> Decimal | str:
    """Rule E3 said once more, by hand."""
    if group in STANDARD:
        return "tier-too-low" if tier == "registered" else Decimal(5)
    if tier in ("registered", "bronze"):
        return "tier-too-low"
    return Decimal(25) if group in held else "specialisation-missing"


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    "held", [frozenset(), *(frozenset({one}) for one in ENTERPRISE), frozenset(ENTERPRISE)]
)
def test_who_may_register_what(tier, group, held):
    expected = expected_answer(tier, group, held)
    facts = RegistrantFacts(tier=tier, specialisations=held)
    if isinstance(expected, Decimal):
        assert check_may_register(facts, group, BOOK) == expected
        return
    with pytest.raises(RuleViolation) as refusal:
        check_may_register(facts, group, BOOK)
    assert (refusal.value.code, refusal.value.rule) == (expected, "E3")


def test_a_refusal_names_the_tier_that_would_change_it():
    with pytest.raises(RuleViolation, match="from the Silver tier on"):
        check_may_register(RegistrantFacts("bronze", frozenset()), ENTERPRISE[0], BOOK)
    with pytest.raises(RuleViolation, match="from the Bronze tier on"):
        check_may_register(RegistrantFacts("registered", frozenset()), STANDARD[0], BOOK)


def test_without_authorisation_nothing_can_be_registered():
    with pytest.raises(RuleViolation) as refusal:
        check_may_register(RegistrantFacts("gold", frozenset(), authorised=False), STANDARD[0], BOOK)
    assert refusal.value.code == "not-authorised"


def test_a_product_group_that_the_edition_does_not_know_is_refused():
    with pytest.raises(RuleViolation) as refusal:
        check_may_register(RegistrantFacts("gold", frozenset()), "quantum-security", BOOK)
    assert (refusal.value.code, refusal.value.field) == ("group-not-in-edition", "product_group")


def test_where_no_tier_may_register_a_line_the_highest_is_named():
    closed = replace(BOOK, benefits={**BOOK.benefits, "dealreg_standard_pct": dict.fromkeys(TIERS)})
    assert lowest_tier_to_register(closed, STANDARD[0]) is None
    with pytest.raises(RuleViolation, match="Platinum"):
        check_may_register(RegistrantFacts("gold", frozenset()), STANDARD[0], closed)


def test_a_tier_that_is_offered_no_discount_has_a_ceiling_of_zero():
    none = replace(BOOK, benefits={**BOOK.benefits, "discount_standard_pct": dict.fromkeys(TIERS)})
    assert recommended_discount_ceiling(none, "gold", STANDARD[0]) == 0


@pytest.mark.parametrize(
    ("earned", "held", "effective"),
    [
        ("registered", (), "registered"),
        ("registered", ENTERPRISE[:1], "gold"),
        ("bronze", ENTERPRISE[1:2], "gold"),
        ("silver", ENTERPRISE, "gold"),
        ("gold", ENTERPRISE[:1], "gold"),
        ("platinum", ENTERPRISE[:1], "platinum"),
        ("platinum", (), "platinum"),
        # Rule H7 speaks of enterprise specialisations only: these are none.
        ("bronze", STANDARD[:1], "bronze"),
        ("bronze", ("msp",), "bronze"),
    ],
)
def test_an_enterprise_specialisation_carries_gold(earned, held, effective):
    assert effective_tier(earned, frozenset(held), BOOK) == effective


@given(st.sampled_from(TIERS), st.frozensets(st.sampled_from((*GROUPS, "msp"))))
def test_the_effective_tier_is_never_below_the_earned_one(earned, held):
    assert BOOK.rank(effective_tier(earned, held, BOOK)) >= BOOK.rank(earned)


@given(st.sampled_from(TIERS), st.sampled_from(TIERS), st.sampled_from(GROUPS))
def test_a_higher_tier_never_has_a_lower_ceiling(one, other, group):
    low, high = sorted((one, other), key=BOOK.rank)
    assert recommended_discount_ceiling(BOOK, low, group) <= recommended_discount_ceiling(BOOK, high, group)
    assert (registration_ceiling(BOOK, low, group) or 0) <= (registration_ceiling(BOOK, high, group) or 0)


@given(
    st.sampled_from(TIERS),
    st.frozensets(st.sampled_from(GROUPS)),
    st.frozensets(st.sampled_from(GROUPS)),
    st.sampled_from(GROUPS),
)
def test_another_specialisation_never_takes_a_right_away(tier, held, more, group):
    def answer(groups):
        tier_now = effective_tier(tier, groups, BOOK)
        try:
            return check_may_register(RegistrantFacts(tier_now, groups), group, BOOK)
        except RuleViolation:
            return Decimal(-1)

    assert answer(held) <= answer(held | more)


# ---------------------------------------------------------------- rule E4


@pytest.mark.parametrize("granted", ["0", "0.0", "0.5", "2.50", "4.5", "5", "5.00"])
def test_from_zero_to_the_ceiling_in_steps_of_a_half(granted):
    check_granted_pct(Decimal(granted), Decimal(5), BOOK)


@pytest.mark.parametrize(
    ("granted", "ceiling", "code"),
    [
        ("5.5", "5", "discount-above-ceiling"),
        ("5.01", "5", "discount-above-ceiling"),
        ("0.5", "0", "discount-above-ceiling"),
        ("-0.5", "5", "discount-negative"),
        ("NaN", "5", "discount-negative"),
        ("Infinity", "5", "discount-negative"),
        ("-Infinity", "5", "discount-negative"),
        ("sNaN", "5", "discount-negative"),
        ("0.3", "5", "discount-not-in-steps"),
        ("4.75", "5", "discount-not-in-steps"),
        ("0.0001", "5", "discount-not-in-steps"),
        ("1E+3", "25", "discount-above-ceiling"),
    ],
)
def test_other_discounts_are_refused_on_their_field(granted, ceiling, code):
    with pytest.raises(RuleViolation) as refusal:
        check_granted_pct(Decimal(granted), Decimal(ceiling), BOOK)
    assert (refusal.value.code, refusal.value.field, refusal.value.rule) == (code, "granted_pct", "E4")


def test_the_step_belongs_to_the_edition():
    quarter = replace(
        BOOK, deal_registration=replace(BOOK.deal_registration, discount_step_pct=Decimal("0.25"))
    )
    check_granted_pct(Decimal("4.75"), Decimal(5), quarter)
    with pytest.raises(RuleViolation, match=r"steps of 0\.25 points"):
        check_granted_pct(Decimal("4.8"), Decimal(5), quarter)


def test_the_refusal_says_the_figures_plainly():
    with pytest.raises(RuleViolation, match=r"is 10 %, above the ceiling of 5 %"):
        check_granted_pct(Decimal("1E+1"), Decimal("5.00"), BOOK)


@given(
    st.decimals(min_value=-50, max_value=150, places=2),
    st.sampled_from([Decimal(0), Decimal(5), Decimal("7.3"), Decimal(25), Decimal(100)]),
)
def test_what_passes_is_never_above_the_ceiling_and_always_a_step(granted, ceiling):
    try:
        check_granted_pct(granted, ceiling, BOOK)
    except RuleViolation:
        assert granted < 0 or granted > ceiling or (granted * 2) % 1 != 0
    else:
        assert 0 <= granted <= ceiling
        assert (granted * 2) % 1 == 0
