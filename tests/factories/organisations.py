from datetime import date

import factory
from django.contrib.auth.hashers import make_password

from partners.organisations.models import Distributor, Membership, Partner, Supply, Tier
from portal.accounts.models import User
from portal.accounts.roles import Role


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    full_name = factory.Sequence(lambda n: f"Person {n:04d}")
    email = factory.Sequence(lambda n: f"person-{n:04d}@people.example")
    password = factory.LazyFunction(lambda: make_password("demo-portal"))


class DistributorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Distributor

    reference = factory.Sequence(lambda n: f"D-{n + 500:03d}")
    name = factory.Sequence(lambda n: f"Distributor {n:03d}")
    legal_name = factory.LazyAttribute(lambda it: f"{it.name} SAS")
    country = "FR"
    city = "Paris"
    countries = factory.LazyAttribute(lambda it: [it.country])


class PartnerFactory(factory.django.DjangoModelFactory):
    """An authorised Bronze partner in France; give `distributor=` to let it buy from one."""

    class Meta:
        model = Partner
        skip_postgeneration_save = True

    reference = factory.Sequence(lambda n: f"P-{n + 500_000:06d}")
    trade_name = factory.Sequence(lambda n: f"Partner {n:05d}")
    legal_name = factory.LazyAttribute(lambda it: f"{it.trade_name} SARL")
    tier = Tier.BRONZE
    country = "FR"
    city = "Paris"
    web_domain = factory.Sequence(lambda n: f"partner-{n:05d}.example")
    authorised_countries = factory.LazyAttribute(lambda it: [it.country])
    authorised_on = factory.LazyFunction(lambda: date(2024, 1, 15))

    @factory.post_generation
    def distributor(self, create, extracted, **kwargs):
        if create and extracted:
            Supply.objects.create(
                partner=self, distributor=extracted, is_primary=True, started_on=self.authorised_on
            )


class SupplyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Supply

    partner = factory.SubFactory(PartnerFactory)
    distributor = factory.SubFactory(DistributorFactory)
    is_primary = True
    started_on = factory.LazyFunction(lambda: date(2024, 1, 15))


class MembershipFactory(factory.django.DjangoModelFactory):
    """Give exactly one of `partner=`, `distributor=`, `vendor_office=` with a role that fits."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.PARTNER_SALES
