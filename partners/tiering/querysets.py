from typing import TYPE_CHECKING

from django.db.models import Q

from partners.organisations.querysets import ScopedQuerySet
from partners.tiering.lifecycle import ChangeStatus, ReviewStatus

if TYPE_CHECKING:
    from partners.organisations.models import Membership


class TierPartQuerySet(ScopedQuerySet):
    """What concerns a partner's tier: seen by the partner and by the vendor of its country."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(partner_id=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(partner__country__in=membership.vendor_office.countries)


class TierReviewQuerySet(TierPartQuerySet):
    def open(self) -> "TierReviewQuerySet":
        return self.filter(status=ReviewStatus.OPEN)


class TierChangeQuerySet(TierPartQuerySet):
    def scheduled(self) -> "TierChangeQuerySet":
        return self.filter(status=ChangeStatus.SCHEDULED)
