"""Rules B and E that need nothing but the rule book and the partner's tier."""

from dataclasses import dataclass
from decimal import Decimal

from partners.programme.rulebook import ENTERPRISE, Rulebook
from portal.core.errors import RuleViolation, gettext_noop


@dataclass(frozen=True)
class RegistrantFacts:
    """What decides whether a partner may register: effective tier (rule H7 applied), enterprise
    specialisations held by product group, and whether its authorisation stands."""

    tier: str
    specialisations: frozenset[str]
    authorised: bool = True


def effective_tier(earned: str, specialisations: frozenset[str], rulebook: Rulebook) -> str:
    """Rule H7: at least Gold while an enterprise specialisation is held."""
    holds = any(rulebook.line_of(group) == ENTERPRISE for group in specialisations)
    floor = rulebook.specialisation_floor
    return max(earned, floor, key=rulebook.rank) if holds else earned


def recommended_discount_ceiling(rulebook: Rulebook, tier: str, product_group: str) -> Decimal:
    """Rules B1 and B3: the most that a distributor grants on this group, in per cent of list price."""
    line = rulebook.line_of(product_group)
    return rulebook.number(f"discount_{line}_pct", tier) or Decimal(0)


def registration_ceiling(rulebook: Rulebook, tier: str, product_group: str) -> Decimal | None:
    """Rules B2 and B4: the most that a registered deal adds, in per cent; None where the tier cannot
    register deals of this line. The specialisation is asked apart, by check_may_register."""
    line = rulebook.line_of(product_group)
    return rulebook.number(f"dealreg_{line}_pct", tier)


def lowest_tier_to_register(rulebook: Rulebook, product_group: str) -> str | None:
    """The first tier from below that may register this group: what would change a refusal."""
    for tier in rulebook.tiers:
        if registration_ceiling(rulebook, tier, product_group) is not None:
            return tier
    return None


def check_may_register(facts: RegistrantFacts, product_group: str, rulebook: Rulebook) -> Decimal:
    """Rule E3. The ceiling of the additional discount, or a RuleViolation that says what is missing."""
    if not facts.authorised:
        raise RuleViolation(
            "not-authorised",
            gettext_noop("Your company's authorisation does not allow new registrations at present."),
            rule="E3",
        )
    line = rulebook.line_of(product_group)
    if line is None:
        raise RuleViolation(
            "group-not-in-edition",
            gettext_noop("This product group is not part of the programme in force."),
            field="product_group",
            rule="B14",
        )
    ceiling = registration_ceiling(rulebook, facts.tier, product_group)
    if ceiling is None:
        lowest = lowest_tier_to_register(rulebook, product_group)
        raise RuleViolation(
            "tier-too-low",
            gettext_noop("Deals of this product group can be registered from the %(tier)s tier on."),
            field="product_group",
            rule="E3",
            tier=(lowest or rulebook.tiers[-1]).capitalize(),
        )
    if line == ENTERPRISE and product_group not in facts.specialisations:
        raise RuleViolation(
            "specialisation-missing",
            gettext_noop("This deal needs the specialisation for its product group."),
            field="product_group",
            rule="E3",
        )
    return ceiling


def check_granted_pct(granted_pct: Decimal, ceiling: Decimal, rulebook: Rulebook) -> None:
    """Rule E4, guide §4: the granted additional discount in per cent goes from 0 to the ceiling, in the
    edition's steps. Raises RuleViolation on the field granted_pct."""
    if not granted_pct.is_finite() or granted_pct < 0:
        raise RuleViolation(
            "discount-negative",
            gettext_noop("The granted discount is a percentage from 0 on."),
            field="granted_pct",
            rule="E4",
        )
    if granted_pct > ceiling:
        raise RuleViolation(
            "discount-above-ceiling",
            gettext_noop("The granted discount is %(granted)s %%, above the ceiling of %(ceiling)s %%."),
            field="granted_pct",
            rule="E4",
            granted=_plain(granted_pct),
            ceiling=_plain(ceiling),
        )
    step = rulebook.deal_registration.discount_step_pct
    if granted_pct % step:
        raise RuleViolation(
            "discount-not-in-steps",
            gettext_noop("The granted discount goes in steps of %(step)s points."),
            field="granted_pct",
            rule="E4",
            step=_plain(step),
        )


def _plain(figure: Decimal) -> Decimal:
    """10, neither 1E+1 nor 10.00."""
    return Decimal(f"{figure.normalize():f}")
