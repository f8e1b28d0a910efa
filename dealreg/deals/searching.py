"""Search in the deals that a person sees."""

from django.db.models import Exists, OuterRef

from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from partners.organisations.models import Partner
from partners.organisations.querysets import PartnerQuerySet
from portal.accounts.models import User
from portal.accounts.roles import PARTNER_ROLES

# So many are read faster than the index of names is asked, and no more.
FEW = 2_000


def partners_registering(user: User) -> PartnerQuerySet:
    """Whose deals the person sees: also those that buy from another distributor by now."""
    theirs = Deal.objects.visible_to(user).filter(partner=OuterRef("pk"))
    return Partner.objects.filter(Exists(theirs))


def has_few_deals(user: User) -> bool:
    """A partner of the usual size: its own index finds them all at once."""
    membership = user.acting_as
    if membership is None or membership.role not in PARTNER_ROLES:
        return False
    return Deal.objects.filter(partner=membership.partner_id).order_by()[: FEW + 1].count() <= FEW


def deals_matching(user: User, text: str, deals: DealQuerySet | None = None) -> DealQuerySet:
    """By number, customer and, for those who see the deals of several, by partner."""
    seen = Deal.objects.visible_to(user) if deals is None else deals
    if user.acting_as is None or user.acting_as.role in PARTNER_ROLES:
        return seen.matching(text, few=has_few_deals(user))
    return seen.matching(text, partners=partners_registering(user))
