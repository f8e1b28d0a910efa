from datetime import date
from typing import Any

from partners.organisations.models import Partner
from partners.programme.rules import effective_tier
from partners.programme.selectors import rulebook_on
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
