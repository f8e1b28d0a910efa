"""Rule H3: which step of a change of tier is open when."""

from datetime import date

import pytest

from partners.programme.selectors import rulebook_on
from partners.programme.tier_moves import next_opening, reachable_tier

pytestmark = pytest.mark.django_db

JANUARY, MARCH, DECEMBER = date(2026, 1, 31), date(2026, 3, 1), date(2026, 12, 31)


@pytest.mark.parametrize(
    ("current", "target", "on", "reached"),
    [
        ("silver", "bronze", MARCH, "bronze"),
        ("silver", "registered", MARCH, "registered"),
        ("bronze", "registered", DECEMBER, "registered"),
        ("gold", "silver", MARCH, "gold"),
        ("gold", "silver", date(2026, 1, 1), "silver"),
        ("gold", "registered", JANUARY, "registered"),
        ("gold", "registered", date(2026, 2, 1), "gold"),
        ("platinum", "bronze", DECEMBER, "platinum"),
        ("platinum", "gold", JANUARY, "gold"),
        ("registered", "silver", MARCH, "silver"),
        ("registered", "gold", MARCH, "silver"),
        ("bronze", "platinum", MARCH, "silver"),
        ("bronze", "platinum", JANUARY, "platinum"),
        ("silver", "silver", MARCH, "silver"),
    ],
)
def test_a_move_goes_step_by_step_and_stops_at_the_first_closed_one(cast, current, target, on, reached):
    assert reachable_tier(current, target, on, rulebook_on(on)) == reached


@pytest.mark.parametrize("on", [date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1), DECEMBER])
def test_the_closed_steps_open_on_the_next_first_of_january(on):
    assert next_opening(on) == date(2027, 1, 1)
