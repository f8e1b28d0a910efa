"""Choosing rows of a list and doing one thing with them, in a real browser."""

import pytest
from django.utils import timezone

from dealreg.deals.models import Deal
from dealreg.deals.views import listing
from tests.cast import make_cast
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("Hôpital Nord", "Ville de Lens", "Port de Calais")


@pytest.fixture
def cast(transactional_db):
    cast = stages.in_english(make_cast())
    for name in NAMES:
        stages.submitted(cast, at=timezone.now(), customer_name=name)
    return cast


@pytest.fixture
def denises_list(cast, page, live_server, sign_in):
    session = sign_in(cast.denise).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/deals/")
    return page


def row(page, name):
    return page.locator("tr", has_text=name)


def test_rows_are_chosen_counted_and_acted_upon(denises_list):
    page = denises_list
    bar, count = page.locator("#bulk"), page.locator("[data-bulk-count]")
    # Nothing is chosen: the bar is out of the way.
    assert bar.is_hidden()
    row(page, "Ville de Lens").get_by_role("checkbox").check()
    assert (bar.is_visible(), count.inner_text()) == (True, "1 selected")
    whole = page.get_by_role("checkbox", name="Select all rows of this page")
    assert whole.evaluate("box => box.indeterminate")
    whole.check()
    assert count.inner_text() == "3 selected"
    row(page, "Port de Calais").get_by_role("checkbox").uncheck()
    assert count.inner_text() == "2 selected"
    assert "row-chosen" not in (row(page, "Port de Calais").get_attribute("class") or "")

    page.get_by_label("With the selected deals").select_option(label="Ask for information")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/deals/bulk/")
    assert page.locator(".bulk-list li").count() == 2
    page.get_by_label("Question", exact=False).first.fill("How many sites are covered?")
    page.locator("main .form-footer, main form").get_by_role("button", name="Ask for information").click()
    page.get_by_text("Done for 2 deals.").wait_for()
    asked = Deal.objects.filter(status="information_requested").values_list("customer_name", flat=True)
    assert set(asked) == {"Hôpital Nord", "Ville de Lens"}


def test_the_choice_is_empty_again_after_the_list_is_filtered(denises_list):
    page = denises_list
    page.get_by_role("checkbox", name="Select all rows of this page").check()
    page.fill("#id_q", "Lens")
    row(page, "Port de Calais").wait_for(state="detached")
    page.locator("#bulk").wait_for(state="hidden")
    whole = page.get_by_role("checkbox", name="Select all rows of this page")
    assert not whole.is_checked()
    whole.check()
    assert page.locator("[data-bulk-count]").inner_text() == "1 selected"


def test_all_of_the_list_reaches_beyond_the_page(cast, page, live_server, sign_in, monkeypatch):
    monkeypatch.setattr(listing, "PER_PAGE", 2)
    session = sign_in(cast.denise).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/deals/")
    page.get_by_role("checkbox", name="Select all rows of this page").check()
    assert page.locator("[data-bulk-count]").inner_text() == "2 selected"
    page.get_by_label("All 3 of the list").check()
    # The words beside the box say how many; a second count would contradict them.
    assert page.locator("[data-bulk-count]").inner_text() == ""
    page.get_by_label("With the selected deals").select_option(label="Approve")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/deals/bulk/")
    assert page.locator(".bulk-list li").count() == 3


def test_a_file_of_the_chosen_rows_leaves_the_page_and_can_be_fetched_again(denises_list):
    page = denises_list
    row(page, "Hôpital Nord").get_by_role("checkbox").check()
    page.get_by_label("With the selected deals").select_option(label="Save as CSV")
    for _time in range(2):
        with page.expect_download() as download:
            page.get_by_role("button", name="Go on").click()
        text = download.value.path().read_text("utf-8-sig")
        assert "Hôpital Nord" in text
        assert "Ville de Lens" not in text
        # The button takes no second click by mistake, and is ready again soon after.
        page.wait_for_function("() => !document.querySelector('#bulk').dataset.sent")
