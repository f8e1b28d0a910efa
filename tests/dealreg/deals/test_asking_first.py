"""What scripts ask and show on the pages of a deal, in a real browser."""

import pytest
from django.conf import settings
from django.test import Client

from dealreg.deals.views.deciding import move_address
from portal.accounts.models import User
from tests.cast import make_cast
from tests.dealreg.deals.stages import draft, submitted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    made = make_cast()
    User.objects.update(language="en")
    return made


def sign_in(page, live_server, person):
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )


def test_a_rejection_is_confirmed_only_once_its_reason_is_there(page, live_server, cast):
    deal = submitted(cast)
    sign_in(page, live_server, cast.denise)
    page.goto(move_address(deal, "reject"))
    page.click("button[data-confirm]")
    assert not page.is_visible("#confirm-dialog")
    page.select_option("#id_code", index=1)
    page.fill("#id_text", "No proof of engagement.")
    page.click("button[data-confirm]")
    page.wait_for_selector("#confirm-dialog[open]")


def test_filters_are_folded_on_phones_and_say_how_many_are_set(page, live_server, cast):
    sign_in(page, live_server, cast.amir)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/deals/?status=open")
    assert page.is_visible("#main input[name=q]")
    assert not page.is_visible("select[name=status]")
    assert "(1)" in page.inner_text(".filter-fold summary")
    page.click(".filter-fold summary")
    page.select_option("select[name=deadline]", "overdue")
    page.wait_for_selector("#filters-count:has-text('(2)')")
    page.set_viewport_size({"width": 1280, "height": 844})
    assert page.is_visible("select[name=status]")


def test_a_line_put_right_takes_its_error_along(page, live_server, cast):
    deal = draft(cast)
    sign_in(page, live_server, cast.amir)
    page.goto(f"/deals/{deal.reference}/draft/lines/")
    page.fill("#id_form-0-nodes", "0")
    page.click("main form .btn-primary")
    page.wait_for_selector("[data-error-summary]")
    page.fill("#id_form-0-nodes", "10")
    page.click("text=Add a line")
    page.wait_for_selector("#id_form-1-product")
    page.wait_for_selector("[data-error-summary]", state="detached")
