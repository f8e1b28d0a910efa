"""Saved views of the queue, the pipeline, the list of partners and the register of customers."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from dealreg.deals.models import Deal
from partners.lists import actions
from partners.lists.models import SavedView
from partners.lists.pages import list_page
from portal.accounts.models import User
from portal.core.errors import NotAllowed
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)
# The list, who reads it, what means something there, and what is kept of it.
LISTS = {
    "queue": (
        "/deals/queue/",
        "denise",
        "q=clinique&deadline=due_soon&status=open&sort=-x&page=2",
        "deadline=due_soon&q=clinique",
    ),
    "approvals": ("/deals/queue/", "karim", "partner=alpha&deadline=expiring", "partner=alpha"),
    "pipeline": (
        "/deals/pipeline/",
        "amir",
        "by=month&display=table&closing=past&view=table&partner=x&by=nonsense&by=group",
        "by=group&closing=past&display=table",
    ),
    "partners": (
        "/partners/",
        "denise",
        "tier=silver&status=authorised&country=ZZ&distributor=1&sort=city",
        "sort=city&status=authorised&tier=silver",
    ),
    "customers": ("/customers/", "karim", "q=roch&country=FR&sort=name&col=x", "country=FR&q=roch&sort=name"),
}


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


def kept(cast, page, *, name="Mine", query=None):
    _place, who, wanted, _kept = LISTS[page]
    return actions.save_view(
        by=getattr(cast, who), at=AT, page=list_page(page), name=name, query=QueryDict(query or wanted)
    )


@pytest.mark.parametrize("page", LISTS)
def test_a_view_keeps_what_the_list_understands(cast, sign_in, page):
    assert kept(cast, page).query == LISTS[page][3]


@pytest.mark.parametrize("page", LISTS)
def test_a_view_is_saved_on_the_list_opened_and_made_the_default(cast, sign_in, page):
    place, who, wanted, understood = LISTS[page]
    browser = sign_in(getattr(cast, who))
    assert f'action="/views/{page}/save/"' in browser.get(f"{place}?{wanted}").content.decode()
    opened = browser.post(f"/views/{page}/save/", {"name": "Mine", "query": wanted}, follow=True)
    view = SavedView.objects.get()
    assert opened.redirect_chain[-1][0] == f"{place}?{understood}&view={view.pk}"
    assert opened.context["views"].current == view
    assert not opened.context["views"].is_changed
    assert browser.get(f"/views/{page}/").status_code == 200

    assert browser.get(place).status_code == 200
    browser.post(f"/views/{view.pk}/change/", {"action": "default"})
    assert browser.get(place)["Location"] == f"{place}?{understood}&view={view.pk}"
    everything = browser.get(f"{place}?view=all")
    assert everything.status_code == 200
    assert everything.context["views"].current is None
    # Clearing the filters leads past the default as well.
    assert f'href="{place}?view=all"' in browser.get(f"{place}?{understood}").content.decode()


@pytest.mark.parametrize(
    "page, stranger",
    [("queue", "amir"), ("approvals", "denise"), ("partners", "amir"), ("customers", "denise")],
)
def test_nobody_keeps_views_of_a_list_that_they_do_not_have(cast, sign_in, page, stranger):
    with pytest.raises(NotAllowed):
        actions.save_view(
            by=getattr(cast, stranger), at=AT, page=list_page(page), name="Mine", query=QueryDict()
        )
    browser = sign_in(getattr(cast, stranger))
    assert browser.get(f"/views/{page}/").status_code == 403
    assert browser.post(f"/views/{page}/save/", {"name": "Mine"}).status_code == 403
    assert not SavedView.objects.exists()


def test_an_old_address_of_the_pipelines_table_still_leads_to_it(cast, sign_in):
    stages.submitted(cast, at=timezone.now())
    browser = sign_in(cast.amir)
    old = browser.get("/deals/pipeline/?view=table&by=month")
    assert old.context["as_table"]
    assert [tab["url"] for tab in old.context["view_tabs"]] == ["?by=month", "?by=month&display=table"]
    view = kept(cast, "pipeline", query="by=month")
    # A saved view of the board is no table.
    board = browser.get(f"/views/{view.pk}/", follow=True)
    assert (board.context["as_table"], board.context["by"]) == (False, "month")
    tabs = {tab["label"]: tab["url"] for tab in board.context["view_tabs"]}
    assert QueryDict(tabs["Table"][1:]).dict() == {"by": "month", "display": "table", "view": str(view.pk)}


@pytest.fixture
def waiting(cast):
    now = timezone.now()
    stages.submitted(cast, at=now - timedelta(days=20), customer_name="Hôpital Nord")
    stages.submitted(cast, at=now, customer_name="Ville de Lens")
    stages.submitted(cast, cast.bruno, at=now, customer_name="Port de Calais")


@pytest.mark.parametrize(
    "query, found",
    [
        ("", {"Hôpital Nord", "Ville de Lens", "Port de Calais"}),
        ("q=lens", {"Ville de Lens"}),
        ("partner=bravo", {"Port de Calais"}),
        ("deadline=overdue", {"Hôpital Nord"}),
        ("product_group=endpoint-security&q=nord", {"Hôpital Nord"}),
        ("status=ended&sort=nonsense", {"Hôpital Nord", "Ville de Lens", "Port de Calais"}),
        ("q=nothing", set()),
    ],
)
def test_the_queue_is_searched_and_filtered_and_its_files_follow(cast, sign_in, waiting, query, found):
    browser = sign_in(cast.denise)
    page = browser.get(f"/deals/queue/?{query}")
    assert {deal.customer_name for deal in page.context["page"]} == found
    if not found:
        assert "Nothing matches" in page.content.decode()
        return
    sent = {"action": "export-csv", "scope": "all", "origin": "queue", "query": query}
    text = b"".join(browser.post("/deals/bulk/", sent).streaming_content).decode("utf-8-sig")
    assert {name for name in Deal.objects.values_list("customer_name", flat=True) if name in text} == found


def test_what_is_overdue_at_the_distributor_and_open_to_the_vendor_is_overdue_for_the_vendor_too(
    cast, sign_in, waiting
):
    page = sign_in(cast.karim).get("/deals/queue/?deadline=overdue")
    assert {deal.customer_name for deal in page.context["page"]} == {"Hôpital Nord"}
