from datetime import date

from partners.organisations.models import Partner
from partners.specialisations.models import Specialisation


def groups_held(partner: Partner, on: date) -> frozenset[str]:
    """Codes of the product groups for which the partner holds an enterprise specialisation."""
    held = Specialisation.objects.held_on(on).filter(partner=partner)
    return frozenset(held.values_list("product_group__code", flat=True))
