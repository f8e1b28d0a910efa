from datetime import date
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable

from partners.organisations.models import Partner
from partners.programme.rulebook import ENTERPRISE
from partners.programme.rules import effective_tier
from partners.programme.selectors import NoEditionInForce, rulebook_on
from partners.specialisations.models import Specialisation
from portal.accounts.models import User


def groups_held(partner: Partner, on: date) -> frozenset[str]:
    """Codes of the product groups for which the partner holds an enterprise specialisation."""
    held = Specialisation.objects.held_on(on).filter(partner=partner)
    return frozenset(held.values_list("product_group__code", flat=True))


def specialisations_panel(reader: User, partner: Partner, day: date) -> dict[str, Any]:
    """For the partner's page: what is held, and the tier that counts through it (rule H7)."""
    held = list(Specialisation.objects.held_on(day).filter(partner=partner).select_related("product_group"))
    groups = frozenset(specialisation.product_group.code for specialisation in held)
    counting = effective_tier(partner.tier, groups, rulebook_on(day)) if held else partner.tier
    return {"held": held, "raised_to": counting if counting != partner.tier else ""}


def counting_tier_on(day: date) -> Combinable:
    """Rule H7 as an expression over partners: what effective_tier says of each, for lists. The earned
    tier where no edition is in force."""
    try:
        rulebook = rulebook_on(day)
    except NoEditionInForce:
        return F("tier")
    floor = rulebook.specialisation_floor
    lower = [tier for tier in rulebook.tiers if rulebook.rank(tier) < rulebook.rank(floor)]
    enterprise = [code for code, line in rulebook.product_lines.items() if line == ENTERPRISE]
    held = Specialisation.objects.held_on(day).filter(
        partner=OuterRef("pk"), product_group__code__in=enterprise
    )
    return Case(When(Q(Exists(held), tier__in=lower), then=Value(floor)), default=F("tier"))
