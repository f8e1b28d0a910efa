"""Rule H3 as pure functions: how far a change of tier reaches on a day, and when the rest may follow."""

from datetime import date

from partners.programme.rulebook import Rulebook

JANUARY = 1


def is_open(lower: str, higher: str, on: date, rulebook: Rulebook) -> bool:
    """Whether the step between two neighbouring tiers is open on a day, up and down alike. What an edition
    does not name waits for January."""
    return on.month == JANUARY or frozenset({lower, higher}) in rulebook.tier_changes.any_time


def reachable_tier(current: str, target: str, on: date, rulebook: Rulebook) -> str:
    """Rule H3: the tier that a move reaches on a day. Over several tiers it goes step by step, and stops at
    the first step that is closed."""
    place, goal = rulebook.rank(current), rulebook.rank(target)
    step = 1 if goal > place else -1
    while place != goal:
        lower, higher = sorted((place, place + step))
        if not is_open(rulebook.tiers[lower], rulebook.tiers[higher], on, rulebook):
            break
        place += step
    return rulebook.tiers[place]


def next_opening(on: date) -> date:
    """The day on which the closed steps open next: 1 January of the following year."""
    return date(on.year + 1, JANUARY, 1)
