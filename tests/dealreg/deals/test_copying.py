"""A new draft from one of the own deals: the customer comes along, what was decided does not."""

from datetime import timedelta

import pytest

from dealreg.deals import actions
from dealreg.deals.actions.copying import copy_deal
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from partners.catalogue.models import Price
from partners.organisations.models import Supply
from portal.accounts.models import User
from portal.accounts.roles import PARTNER_ROLES, roles_with
from portal.core.errors import NotAllowed
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, MONDAY, STAGES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


@pytest.mark.parametrize(
    "stage", ["draft", "submitted", "approved", "rejected", "withdrawn", "confirmed", "lost"]
)
def test_a_copy_takes_the_customer_and_none_of_the_decision(cast, stage):
    deal = STAGES[stage](cast)
    copied = copy_deal(deal, by=cast.amir, at=LATER)
    assert copied.reference != deal.reference
    assert copied.status == DealStatus.DRAFT
    assert copied.registered_by == cast.amir
    for name in ("customer_name", "customer_country", "product_group", "nodes", "distributor", "partner"):
        assert getattr(copied, name) == getattr(deal, name), name
    assert [(line.product_id, line.nodes) for line in copied.lines.all()] == [
        (line.product_id, line.nodes) for line in deal.lines.all()
    ]
    copied.refresh_from_db()
    assert copied.list_amount == deal.list_amount
    for name in ("granted_pct", "decided_by", "customer", "submitted_at", "protected_until", "edition"):
        assert getattr(copied, name) is None, name
    assert not copied.evidence.exists()
    ended = stage in ("rejected", "withdrawn", "confirmed", "lost")
    assert bool(copied.engagement) == ended, (
        "an opportunity that goes on keeps its story, another one has none"
    )


def test_a_closing_date_that_has_passed_is_left_out(cast):
    deal = stages.approved(cast)
    assert copy_deal(deal, by=cast.amir, at=LATER).expected_close_on == deal.expected_close_on
    assert copy_deal(deal, by=cast.amir, at=LATER + timedelta(days=90)).expected_close_on is None


def test_a_distributor_that_supplies_no_more_and_products_without_a_price_are_left_out(cast):
    deal = stages.submitted(cast, cast.bruno, distributor=cast.third)
    Supply.objects.filter(partner=cast.bravo, distributor=cast.third).update(ended_on=MONDAY.date())
    Price.objects.filter(product=cast.products["EPS-ADV"]).delete()
    copied = copy_deal(deal, by=cast.bruno, at=LATER)
    assert copied.distributor == cast.distri_nord
    assert not copied.lines.exists()
    deal.product_group.is_active = False
    deal.product_group.save()
    assert copy_deal(deal, by=cast.bruno, at=LATER).product_group is None


def test_only_who_may_register_copies_and_only_what_is_its_own(cast, sign_in):
    deal = stages.approved(cast)
    for person in (cast.adam, cast.tina, cast.bruno, cast.denise, cast.karim):
        with pytest.raises(NotAllowed):
            copy_deal(deal, by=person, at=LATER)
    assert sign_in(cast.bruno).post(f"/deals/{deal.reference}/copy/").status_code == 404
    assert sign_in(cast.adam).post(f"/deals/{deal.reference}/copy/").status_code == 403
    assert Deal.objects.count() == 1


def test_only_partners_hold_the_right_that_opens_copies_and_changes():
    """Who holds it sees its own company's deals alone: the actions ask for nothing more."""
    assert set(roles_with("deals.register")) <= set(PARTNER_ROLES)


def test_the_page_says_what_comes_along_and_leads_to_the_draft(cast, sign_in):
    deal = stages.rejected(cast)
    browser = sign_in(cast.alice)
    page = browser.get(f"/deals/{deal.reference}/copy/").content.decode()
    assert "Register again" in page
    assert Deal.objects.count() == 1, "looking writes nothing"
    Price.objects.filter(product=cast.products["EPS-ADV"]).delete()
    answer = browser.post(f"/deals/{deal.reference}/copy/", follow=True)
    draft = Deal.objects.get(status=DealStatus.DRAFT)
    assert answer.redirect_chain[-1][0] == f"/deals/{draft.reference}/draft/customer/"
    assert "Some products have no price today" in answer.content.decode()
    actions.discard_draft(draft, by=cast.alice)
    shown = browser.get(deal.get_absolute_url()).content.decode()
    assert f"/deals/{deal.reference}/copy/" in shown
