"""Somebody leaves, in the browser: one step, shown before it is done, and its receipt."""

from datetime import timedelta

import pytest
from django.utils import timezone

from partners.certification.models import Departure, Employment
from partners.organisations.models import Membership
from portal.core.calendar import date_in
from tests.dealreg.deals import stages
from tests.partners.certification.people import certify
from tests.partners.certification.team import employ

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_departure_is_reported_in_one_step(cast, visitor):
    stages.in_english(cast)
    now = timezone.now()
    last = date_in("FR", now) - timedelta(days=2)
    amir = employ(cast.alpha, "Amir Haddad", user=cast.amir)
    certify(amir)
    deal = stages.submitted(cast, cast.amir, at=now)

    alice = visitor(cast.alice)
    alice.goto("/team/")
    alice.click("main a:has-text('Amir Haddad')")
    alice.click("main a:has-text('Report a departure')")
    alice.fill("#id_departed_on", last.isoformat())
    alice.select_option("#id_successor", label=f"Alice Moreau · {cast.alice.email}")
    alice.click("main form button.btn-primary")
    shown = alice.inner_text("main")
    assert "a case opens with two terms" in shown and "Open deals: 1" in shown
    assert "deactivated at once" in shown
    assert Employment.objects.get(pk=amir.pk).left_on is None, "looking changes nothing"
    alice.click("main form button.btn-danger")
    alice.wait_for_selector("text=What has been done")

    case = Departure.objects.get()
    assert case.reference in alice.inner_text("main")
    assert case.replacement_due_on == last + timedelta(days=90)
    assert not Membership.objects.get(user=cast.amir).is_active
    deal.refresh_from_db()
    assert deal.handled_by == cast.alice
