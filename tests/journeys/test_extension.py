"""A protection about to end, in the browser: from the reminder over the request to the new date."""

import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from dealreg.deals import actions
from tests.dealreg.deals import stages
from tests.journeys.conftest import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def test_from_the_reminder_to_the_new_date(cast, visitor, letterbox):
    stages.in_english(cast)
    now = timezone.now()
    deal = stages.submitted(cast, at=now - timedelta(days=82))
    deal = actions.approve_deal(deal, by=cast.denise, at=now - timedelta(days=80), granted_pct=Decimal("3.5"))
    last = deal.protected_until
    call_command("sweep", stdout=StringIO())

    # Amir follows the link of the reminder, signs in, and is where it led.
    reminder = letterbox.letter(cast.amir.email, "Protection ends")
    address = re.search(r"https?://[^/\s]+(/inbox/\S+\?go=extend)", letterbox.text(reminder)).group(1)
    amir = visitor()
    amir.goto(address)
    assert "/accounts/login/" in amir.url
    sign_in(amir, cast.amir.email)
    amir.wait_for_url(f"**/deals/{deal.reference}/extend/")
    assert not deal.extensions.exists(), "looking changes nothing"
    amir.fill("#id_days", "60")
    amir.fill("#id_expected_close_on", (last + timedelta(days=30)).isoformat())
    amir.fill("#id_on_1", timezone.localdate().isoformat())
    amir.fill("#id_text_1", "The board has agreed to a second test.")
    amir.click("main form button.btn-primary")
    amir.wait_for_url(f"**/deals/{deal.reference}/")
    assert "The protection holds until" in amir.inner_text("main")

    # Nothing ends while it is pending, however late the sweep comes.
    late = (last + timedelta(days=5)).isoformat()
    call_command("sweep", "--on", late, "--before-its-day", stdout=StringIO())
    deal.refresh_from_db()
    assert deal.status == "approved"

    denise = visitor()
    denise.goto(letterbox.link(letterbox.letter(cast.denise.email, "Extension to decide")))
    sign_in(denise, cast.denise.email)
    denise.wait_for_url(f"**/deals/{deal.reference}/")
    assert "The board has agreed to a second test." in denise.inner_text("main")
    denise.click("main a[href$='/grant-extension/']")
    denise.wait_for_url("**/grant-extension/")
    denise.fill("#id_days_granted", "45")
    denise.click("main form button.btn-primary")
    denise.wait_for_url(f"**/deals/{deal.reference}/")

    new = last + timedelta(days=45)
    letterbox.letter(cast.amir.email, "Extension granted")
    amir.reload()
    assert amir.locator(f"#protection time[datetime='{new.isoformat()}']").count() == 1
    assert "45 days" in amir.inner_text("#extension")
    deal.refresh_from_db()
    assert (deal.protected_until, deal.protection_held) == (new, False)
