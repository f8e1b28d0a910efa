"""Somebody certified leaves: entered, a replacement refused with the reason, replaced."""

from datetime import timedelta

import pytest
from django.utils import timezone

from partners.certification.models import Departure
from portal.accounts.models import User
from tests.partners.certification.people import certify, hire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def test_from_the_leaver_to_the_replacement(cast, visitor):
    User.objects.update(language="en")
    today = timezone.localdate()
    eva, old = hire(cast.alpha, "Eva Lind"), hire(cast.alpha, "Old Hand")
    new = hire(cast.alpha, "Noa Neu", today - timedelta(days=2))
    for one in (eva, old, new):
        certify(one)

    alice = visitor(cast.alice)
    alice.goto(f"/team/{eva.pk}/leave/")
    alice.fill("#id_departed_on", (today - timedelta(days=10)).isoformat())
    alice.click("main form button.btn-primary")
    alice.click("main form button[value=report]")
    alice.wait_for_selector("main a[href^='/departures/']")
    case = Departure.objects.get()
    alice.goto(f"/departures/{case.reference}/")
    said = alice.inner_text("main")
    assert "Eva Lind" in said and "Noa Neu" in said and "80 days" in said

    alice.click("main table a[href*='/replace/']")
    alice.wait_for_url("**/replace/**")
    alice.select_option("#id_replacement", label="Old Hand")
    alice.click("main form button.btn-primary")
    alice.wait_for_selector(".invalid-feedback, .alert-danger")
    assert "they counted already" in alice.inner_text("main")

    alice.select_option("#id_replacement", label="Noa Neu")
    alice.click("main form button.btn-primary")
    alice.wait_for_url(f"**/departures/{case.reference}/")
    assert "The replacement is named and counts." in alice.inner_text("body")
    case.refresh_from_db()
    assert (case.status, case.gaps.get().replacement) == ("settled", new)
