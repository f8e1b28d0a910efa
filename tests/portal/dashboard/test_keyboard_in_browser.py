"""Shortcuts of a single key, and the search of the top bar, in a real browser."""

import re

import pytest
from django.utils import timezone

from tests.cast import make_cast
from tests.dealreg.deals.stages import in_english, submitted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    return in_english(make_cast())


@pytest.fixture
def open_as(page, live_server, sign_in):
    def open_page(person, address):
        session = sign_in(person).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page.goto(address)
        return page

    return open_page


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_keys_lead_through_a_list_and_never_while_one_types(cast, open_as, axe_source):
    now = timezone.now()
    first = submitted(cast, at=now, customer_name="Hôpital Saint-Roch")
    second = submitted(cast, at=now, customer_name="Ville de Lens")
    page = open_as(cast.amir, "/deals/?sort=customer_name")
    page.keyboard.press("j")
    assert focused(page) == first.reference
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == second.reference
    page.keyboard.press("k")
    assert focused(page) == first.reference

    page.keyboard.press("/")
    assert focused(page) == "portal-search"
    page.keyboard.type("jn?k/")
    assert page.locator("#portal-search").input_value() == "jn?k/"
    assert page.url.endswith("/deals/?sort=customer_name")

    page.locator("#portal-search").fill("")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    dialog = page.locator("#keyboard-dialog")
    dialog.wait_for()
    page.evaluate(axe_source)
    wrong = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id))"
    )
    assert wrong == []
    page.keyboard.press("j")
    assert dialog.is_visible(), "keys rest while the help is open"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf".*/deals/{first.reference}/$"))
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r".*/deals/register/$"))


def test_keys_can_be_switched_off(cast, open_as):
    submitted(cast, at=timezone.now())
    page = open_as(cast.amir, "/settings/")
    page.get_by_label("Keyboard shortcuts of a single key").uncheck()
    page.get_by_role("button", name="Save").click()
    page.goto("/deals/")
    page.keyboard.press("j")
    page.keyboard.press("/")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement === document.body")
    assert page.url.endswith("/deals/")
    assert page.locator("#keyboard-dialog").count() == 0


def test_suggestions_are_walked_through_with_the_arrow_keys(cast, open_as, axe_source):
    deal = submitted(cast, at=timezone.now(), customer_name="Hôpital Saint-Roch")
    page = open_as(cast.amir, "/")
    page.locator("#portal-search").press_sequentially("hopital", delay=20)
    page.locator("#search-list a").first.wait_for()
    page.evaluate(axe_source)
    wrong = page.evaluate(
        "axe.run(document.querySelector('.topbar'), {resultTypes: ['violations']})"
        ".then(r => r.violations.map(v => v.id))"
    )
    assert wrong == []
    page.keyboard.press("ArrowDown")
    assert page.locator("#portal-search").get_attribute("aria-activedescendant") == "hit-deals-1"
    page.keyboard.press("Escape")
    assert page.locator("#search-list").is_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf".*/deals/{deal.reference}/$"))
