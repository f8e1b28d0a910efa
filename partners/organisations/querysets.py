"""Who sees which organisation: the one place that knows (promise S1)."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from partners.organisations.standing import counting_tier_on
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES, VENDOR_ROLES
from portal.core.name_search import named, searched_words

if TYPE_CHECKING:
    from partners.organisations.models import Membership


def acting_memberships(user: User, any_membership: bool = False) -> list["Membership"]:
    """The memberships whose eyes count: the one the person acts under, or, for what is told to a
    person and not shown on a page, all that are active."""
    if not user.is_authenticated or not user.is_active:
        return []
    if any_membership:
        return list(user.memberships.active())
    return [user.acting_as] if user.acting_as else []


class ScopedQuerySet(models.QuerySet[Any]):
    """A queryset that says per membership what is seen; nobody else sees anything."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        raise NotImplementedError

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        raise NotImplementedError

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        raise NotImplementedError

    def visible_to(self, user: User, *, any_membership: bool = False) -> Any:
        seen: Q | None = None
        for membership in acting_memberships(user, any_membership):
            if membership.role in PARTNER_ROLES:
                part = self._seen_by_partner(membership)
            elif membership.role in DISTRIBUTOR_ROLES:
                part = self._seen_by_distributor(membership)
            elif membership.role in VENDOR_ROLES:
                part = self._seen_by_vendor(membership)
            else:
                continue
            seen = part if seen is None else seen | part
        return self.none() if seen is None else self.filter(seen)


class PartnerQuerySet(ScopedQuerySet):
    """A partner sees itself; a distributor those that buy from it; the vendor those of the region."""

    def with_counting_tier(self, day: date) -> "PartnerQuerySet":
        """Each with `counting_tier`: the tier that counts on a day (rule H7)."""
        return self.annotate(counting_tier=counting_tier_on(day))

    def named_like(self, text: str) -> "PartnerQuerySet":
        """Every word in the trade name, or every word in the legal name, whatever the case and accents."""
        words = searched_words(text)
        return self.filter(named("trade_name", words) | named("legal_name", words)) if words else self

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(pk=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        from partners.organisations.models import Supply

        buyers = Supply.objects.filter(distributor_id=membership.distributor_id, ended_on=None)
        return Q(pk__in=buyers.values("partner_id"))

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(country__in=membership.vendor_office.countries)


class DistributorQuerySet(ScopedQuerySet):
    """A partner sees the distributors it buys from; a distributor itself; the vendor those that
    serve a country of the region."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        from partners.organisations.models import Supply

        sellers = Supply.objects.filter(partner_id=membership.partner_id, ended_on=None)
        return Q(pk__in=sellers.values("distributor_id"))

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(pk=membership.distributor_id)

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(countries__overlap=membership.vendor_office.countries)


class OfficeQuerySet(ScopedQuerySet):
    """The offices of the vendor: for its own people, all of them."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(pk__isnull=False)


class MembershipQuerySet(ScopedQuerySet):
    """One sees the people of one's own organisation; the vendor also those of the organisations it sees."""

    def active(self) -> "MembershipQuerySet":
        return self.filter(is_active=True, user__is_active=True).select_related(
            "user", "partner", "distributor", "vendor_office"
        )

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(partner_id=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(distributor_id=membership.distributor_id)

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        countries = membership.vendor_office.countries
        return (
            Q(vendor_office__isnull=False)
            | Q(partner__country__in=countries)
            | Q(distributor__countries__overlap=countries)
        )


class InvitationQuerySet(MembershipQuerySet):
    def open(self, at: Any) -> "InvitationQuerySet":
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=at)

    def pending(self) -> "InvitationQuerySet":
        """Neither accepted nor withdrawn, though perhaps out of date."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def to_send(self, at: Any) -> "InvitationQuerySet":
        return self.open(at).filter(sent_at=None).order_by("created_at")
