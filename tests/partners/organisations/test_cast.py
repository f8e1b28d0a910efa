"""The cast is what the other tests believe it to be."""

from datetime import date

import pytest

from partners.catalogue.selectors import price_list_for, quote
from partners.organisations.models import Partner
from partners.specialisations.selectors import groups_held
from tests.cast import PASSWORD
from tests.factories import MembershipFactory, PartnerFactory

ON = date(2026, 11, 23)


def test_the_cast_has_a_role_each_and_the_stranger_none(cast):
    assert cast.again(cast.alice).acting_as.role == "partner_admin"
    assert cast.again(cast.denise).acting_as.organisation == cast.distri_nord
    assert cast.again(cast.stranger).acting_as is None
    assert cast.again(cast.dan).acting_as is None
    assert cast.alice.check_password(PASSWORD)


def test_the_cast_has_prices_and_a_specialisation(cast):
    price_list = price_list_for("FR", ON)
    assert price_list == cast.price_lists["euro"]
    assert quote(price_list, cast.products["EPS-ADV"], nodes=50, term_months=12).amount == 2700
    assert groups_held(cast.platin, ON) == {"anti-targeted-attack"}


@pytest.mark.django_db
def test_factories_make_valid_rows(cast):
    partner = PartnerFactory(distributor=cast.distri_nord)
    MembershipFactory(partner=partner)
    partner.full_clean()
    assert Partner.objects.visible_to(cast.denise).filter(pk=partner.pk).exists()
