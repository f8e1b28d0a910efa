"""Saved views: kept for one person in one organisation, and only what the list understands."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from dealreg.deals.views.listing import DEALS
from partners.lists import actions
from partners.lists.models import SavedView
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.core.errors import NotAllowed, RuleViolation

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)
QUERY = "status=open&q=clinique&sort=-list_amount&col=status&col=deadline"


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


def kept(cast, by=None, name="My clinics", query=QUERY):
    return actions.save_view(by=by or cast.amir, at=AT, page=DEALS, name=name, query=QueryDict(query))


def test_a_view_keeps_filters_order_and_columns_and_drops_what_means_nothing(cast):
    view = kept(cast, query=f"{QUERY}&page=3&view=7&status_=x&deadline=nonsense&csrf=1")
    assert view.query == "col=deadline&col=status&q=clinique&sort=-list_amount&status=open"


def test_a_view_is_saved_opened_and_shown_among_the_tabs(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post("/views/deals/save/", {"name": "  My  clinics ", "query": QUERY}, follow=True)
    page = answer.content.decode()
    assert "My clinics" in page
    assert answer.context["table"].columns.names() == [
        "chosen",
        "reference",
        "customer_name",
        "deadline",
        "status",
    ]
    assert answer.context["views"].current.name == "My clinics"
    assert not answer.context["views"].is_changed
    changed = browser.get(f"{answer.redirect_chain[-1][0]}&deadline=overdue")
    assert changed.context["views"].is_changed
    browser.post(
        f"/views/{SavedView.objects.get().pk}/change/", {"action": "update", "query": "status=ended"}
    )
    assert SavedView.objects.get().query == "status=ended"


def test_the_default_opens_the_list_and_all_leads_past_it(cast, sign_in):
    view = kept(cast)
    browser = sign_in(cast.amir)
    browser.post(f"/views/{view.pk}/change/", {"action": "default"})
    assert browser.get("/deals/")["Location"] == f"/deals/?{view.query}&view={view.pk}"
    everything = browser.get("/deals/?view=all")
    assert everything.status_code == 200
    assert "/deals/?view=all" in everything.content.decode()
    # Clearing filters in the background leads nowhere else.
    assert browser.get("/deals/", headers={"HX-Request": "true"}).status_code == 200
    other = kept(cast, name="Others")
    actions.open_with(other, by=cast.amir)
    assert list(SavedView.objects.filter(is_default=True)) == [other]
    browser.post(f"/views/{other.pk}/change/", {"action": "plain"})
    assert browser.get("/deals/").status_code == 200


def test_a_view_is_renamed_and_deleted(cast, sign_in):
    view = kept(cast)
    kept(cast, name="Taken")
    browser = sign_in(cast.amir)
    refused = browser.post(f"/views/{view.pk}/change/", {"action": "rename", "name": "TAKEN"})
    assert refused.status_code == 422
    assert "You have a view of this name already." in refused.content.decode()
    browser.post(f"/views/{view.pk}/change/", {"action": "rename", "name": "Hospitals"})
    view.refresh_from_db()
    assert view.name == "Hospitals"
    browser.post(f"/views/{view.pk}/change/", {"action": "delete"})
    assert not SavedView.objects.filter(pk=view.pk).exists()
    assert browser.post(f"/views/{view.pk}/change/", {"action": "delete"}).status_code == 404


def test_a_view_belongs_to_one_person_in_one_organisation(cast, sign_in):
    """Another person, a colleague, and the same person acting for another company do not see it."""
    view = kept(cast)
    second = Membership.objects.create(user=cast.amir, partner=cast.bravo, role="partner_sales")
    for person in (cast.alice, cast.bruno, cast.denise, cast.nora):
        browser = sign_in(person)
        assert browser.get(f"/views/{view.pk}/").status_code == 404
        assert browser.post(f"/views/{view.pk}/change/", {"action": "delete"}).status_code == 404
        assert "My clinics" not in browser.get("/views/deals/").content.decode()
    browser = sign_in(cast.amir)
    assert browser.get(f"/views/{view.pk}/")["Location"].endswith(f"&view={view.pk}")
    browser.post("/switch-organisation/", {"membership": second.pk})
    Membership.objects.filter(user=cast.amir).update(is_current=False)
    Membership.objects.filter(pk=second.pk).update(is_current=True)
    assert browser.get(f"/views/{view.pk}/").status_code == 404
    assert "My clinics" not in browser.get(f"/deals/?view={view.pk}").content.decode()
    cast.amir.forget_acting_as()
    with pytest.raises(NotAllowed):
        actions.rename_view(view, by=cast.amir, name="Mine")
    with pytest.raises(NotAllowed):
        actions.delete_view(view, by=cast.amir)


def test_nobody_without_deals_keeps_views_of_them(cast, sign_in):
    with pytest.raises(NotAllowed):
        kept(cast, by=cast.stranger)
    assert sign_in(cast.amir).get("/views/nonsense/").status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_name_is_given_and_short(cast, sign_in, name):
    with pytest.raises(RuleViolation):
        kept(cast, name=name)
    answer = sign_in(cast.amir).post("/views/deals/save/", {"name": name, "query": QUERY})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_filters_that_are_too_long_are_not_kept(cast):
    many = "q=" + "%C3%A9" * 199 + "&partner=" + "%C3%A9" * 199
    with pytest.raises(RuleViolation):
        kept(cast, by=cast.denise, query=many)


def test_there_is_a_most_that_one_keeps(cast):
    for number in range(actions.MOST_VIEWS):
        kept(cast, name=f"View {number}")
    with pytest.raises(RuleViolation, match="20 views"):
        kept(cast, name="One more")
    kept(cast, by=cast.alice, name="Her own")


def test_a_view_whose_list_is_gone_is_not_found(cast, sign_in):
    view = SavedView.objects.create(
        membership=cast.amir.acting_as, page="gone", name="Old", query="", created_at=AT
    )
    assert sign_in(cast.amir).get(f"/views/{view.pk}/").status_code == 404
    with pytest.raises(NotAllowed):
        actions.change_view(view, by=cast.amir, query=QueryDict())


def test_views_cost_the_same_with_two_and_with_twenty(cast, sign_in):
    def cost(place):
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(place).status_code == 200
        return len(seen)

    browser = sign_in(cast.amir)
    places = ("/views/deals/", "/deals/")
    for number in range(2):
        kept(cast, name=f"View {number}")
    for place in places:
        cost(place)
    few = [cost(place) for place in places]
    for number in range(2, 20):
        kept(cast, name=f"View {number}")
    assert [cost(place) for place in places] == few
