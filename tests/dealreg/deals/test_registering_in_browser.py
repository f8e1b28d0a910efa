"""What scripts add to registering: drafts keep themselves, prices follow what is typed."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from dealreg.deals.models import Deal
from portal.accounts.models import User
from tests.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def amirs_page(page, live_server):
    cast = make_cast()
    User.objects.update(language="en")
    client = Client()
    client.force_login(cast.amir)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    return page


def test_a_draft_keeps_itself_and_prices_follow(amirs_page, live_server):
    page = amirs_page
    page.goto(f"{live_server.url}/deals/register/")
    page.fill("#id_customer_name", "Hôpital Saint-Roch")
    page.keyboard.press("Tab")
    page.wait_for_selector("#saved:has-text('Saved')")
    deal = Deal.objects.get()
    assert deal.customer_name == "Hôpital Saint-Roch"
    assert page.url.endswith(f"/deals/{deal.reference}/draft/customer/")

    # Leaving loses nothing: the address in the bar is the draft's own.
    page.reload()
    assert page.input_value("#id_customer_name") == "Hôpital Saint-Roch"

    page.select_option("#id_product_group", "endpoint-security")
    page.fill("#id_nodes", "100")
    page.fill("#id_expected_close_on", "2099-01-01")
    page.fill("#id_engagement", "Two meetings.")
    page.click("main form .btn-primary")
    # A date that far ahead is refused; everything else is kept.
    page.wait_for_selector(".error-summary")
    assert page.input_value("#id_nodes") == "100"
    page.fill("#id_expected_close_on", (timezone.localdate() + timedelta(days=60)).isoformat())
    page.click("main form .btn-primary")
    page.wait_for_url(re.compile("/draft/lines/"))

    page.select_option("#id_form-0-product", label="Endpoint Security Advanced")
    page.wait_for_selector("#price-0:has-text('5,400.00')")
    page.click("text=Add a line")
    page.wait_for_selector("#id_form-1-product")
    page.select_option("#id_form-1-product", label="Endpoint Security Select")
    page.fill("#id_form-1-nodes", "10")
    page.wait_for_selector("#price-1:has-text('400.00')")
    assert "5,800.00" in page.inner_text("#lines-total")
    page.click("[aria-label='Remove line 1']")
    page.wait_for_selector("#id_form-1-product", state="detached")
    page.click("main form .btn-primary")
    page.wait_for_url(re.compile("/draft/contact/"))
    assert deal.lines.get().product.name == "Endpoint Security Select"
