from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from partners.organisations.querysets import ScopedQuerySet

if TYPE_CHECKING:
    from partners.organisations.models import Membership


class CustomerQuerySet(ScopedQuerySet):
    """Rule E6: the register of end customers is the vendor's alone. A channel manager sees the customers
    of its region's countries, and those that a partner of its region has named."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(markets__overlap=membership.vendor_office.countries)

    def current(self) -> "CustomerQuerySet":
        """Without the records that were merged into another."""
        return self.filter(merged_into=None)


class CustomerPartQuerySet(models.QuerySet[Any]):
    """What was observed of a customer is seen with its record."""

    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from partners.customers.models import Customer

        return self.filter(customer__in=Customer.objects.visible_to(user, any_membership=any_membership))


class CustomerChangeQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from partners.customers.models import Customer

        seen = Customer.objects.visible_to(user, any_membership=any_membership)
        return self.filter(Q(kept__in=seen) | Q(other__in=seen))

    def standing(self) -> "CustomerChangeQuerySet":
        """Those that nobody has undone."""
        return self.filter(undone_at=None)
