from typing import TYPE_CHECKING

from django.db.models import Q

from partners.organisations.querysets import ScopedQuerySet

if TYPE_CHECKING:
    from partners.organisations.models import Membership


class IncidentQuerySet(ScopedQuerySet):
    """The vendor's people alone (jobs.see)."""

    def open(self) -> "IncidentQuerySet":
        return self.filter(ended_at=None)

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(pk__isnull=False)
