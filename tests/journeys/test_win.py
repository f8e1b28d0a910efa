"""A win in the browser: reported, disputed, corrected, confirmed; and a deal that changed on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.models import Deal
from tests.dealreg.deals import stages
from tests.journeys.test_deal import move

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


@pytest.fixture
def deal(cast):
    stages.in_english(cast)
    at = timezone.now() - timedelta(days=3)
    found = stages.submitted(cast, cast.amir, at=at, customer_name="Port de Sète")
    return actions.approve_deal(found, by=cast.denise, at=at + timedelta(hours=1), granted_pct=Decimal("3.5"))


def test_won_and_confirmed(cast, visitor, deal):
    amir, denise = visitor(cast.amir), visitor(cast.denise)
    amir.goto(f"/deals/{deal.reference}/")
    today = timezone.localdate().isoformat()
    move(amir, "report-won", order_reference="DN-77", order_date=today, order_amount="5 211,00")
    denise.goto(f"/deals/{deal.reference}/")
    assert "Your turn" in denise.inner_text("main")
    move(denise, "confirm-order")
    deal.refresh_from_db()
    assert (deal.status, deal.order_amount, deal.order_confirmed_by) == (
        "won",
        Decimal("5211.00"),
        cast.denise,
    )
    amir.goto("/inbox/")
    assert deal.reference in amir.inner_text("main")


def test_an_order_that_is_not_found_is_corrected_and_then_confirmed(cast, visitor, deal):
    amir, denise = visitor(cast.amir), visitor(cast.denise)
    amir.goto(f"/deals/{deal.reference}/")
    today = timezone.localdate().isoformat()
    move(amir, "report-won", order_reference="DN-7", order_date=today, order_amount="5211")
    denise.goto(f"/deals/{deal.reference}/confirm-order/")
    denise.click("main a[href$='/dispute-order/']")
    denise.wait_for_url("**/dispute-order/")
    denise.fill("#id_text", "We have DN-77 of that day, no DN-7.")
    denise.click("main form button.btn-primary")
    denise.wait_for_url(f"**/deals/{deal.reference}/")
    amir.goto(f"/deals/{deal.reference}/")
    assert "We have DN-77 of that day" in amir.inner_text("main")
    move(amir, "correct-order", order_reference="DN-77")
    denise.goto(f"/deals/{deal.reference}/")
    assert "DN-77" in denise.inner_text("main")
    move(denise, "confirm-order")
    deal.refresh_from_db()
    assert (deal.order_reference, deal.order_dispute) == ("DN-77", "")


def test_a_deal_that_doubles_is_decided_anew(cast, visitor, deal):
    amir, denise = visitor(cast.amir), visitor(cast.denise)
    amir.goto(f"/deals/{deal.reference}/")
    amir.click("main a[href$='/amend/']")
    amir.wait_for_url("**/amend/")
    amir.fill("#id_lines-0-nodes", "200")
    amir.fill("#id_nodes", "200")
    amir.fill("#id_reason", "A second site.")
    amir.click("main form button[name=preview].btn:not(.default-button)")
    amir.wait_for_selector("#drawn")
    assert "This needs a decision" in amir.inner_text("#drawn")
    amir.click("main form button.btn-primary")
    amir.wait_for_url(f"**/deals/{deal.reference}/**")
    denise.goto("/deals/queue/")
    assert "Changes to decide" in denise.inner_text("main")
    denise.goto(f"/deals/{deal.reference}/amendment/")
    denise.check("input[name=decision][value=approve]")
    denise.click("main form button.btn-primary")
    denise.wait_for_url(f"**/deals/{deal.reference}/**")
    assert Deal.objects.get(pk=deal.pk).nodes == 200
