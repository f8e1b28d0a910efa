"""Search in the deals that a person sees."""

from django.db.models import Exists, OuterRef

from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from partners.organisations.models import Partner
from partners.organisations.querysets import PartnerQuerySet
from portal.accounts.models import User
from portal.accounts.roles import PARTNER_ROLES


def partners_registering(user: User) -> PartnerQuerySet:
    """Whose deals the person sees: also those that buy from another distributor by now."""
    theirs = Deal.objects.visible_to(user).filter(partner=OuterRef("pk"))
    return Partner.objects.filter(Exists(theirs))


def deals_matching(user: User, text: str) -> DealQuerySet:
    """By number, customer and, for those who see the deals of several, by partner."""
    seen = Deal.objects.visible_to(user)
    if user.acting_as is None or user.acting_as.role in PARTNER_ROLES:
        return seen.matching(text)
    return seen.matching(text, partners=partners_registering(user))
