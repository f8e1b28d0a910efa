"""Factories for what the cast does not have: many partners, or one of an odd kind."""

from tests.factories.organisations import (
    DistributorFactory,
    MembershipFactory,
    PartnerFactory,
    SupplyFactory,
    UserFactory,
)

__all__ = ["DistributorFactory", "MembershipFactory", "PartnerFactory", "SupplyFactory", "UserFactory"]
