"""Two partners want one customer: what each side sees of it, and how it ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, Deal
from tests.dealreg.deals import stages

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def test_a_conflict_from_the_review_to_its_settlement(cast, visitor):
    cast = stages.in_english(cast)
    now = timezone.now()
    first = stages.submitted(cast, cast.bruno, at=now - timedelta(hours=2), distributor=cast.third)
    later = stages.submitted(cast, cast.amir, at=now - timedelta(hours=1), customer_name="HOPITAL SAINT ROCH")

    # The distributor: that there is another one, and nothing of it.
    denise = visitor(cast.denise)
    denise.goto("/deals/queue/")
    denise.click(f"main a[href='/deals/{later.reference}/review/']")
    text = denise.inner_text("main")
    assert "Another registration came first" in text
    assert "Bravo" not in text and first.reference not in text
    assert denise.locator("#decisions button[disabled]").count() == 1

    # The channel manager: both, why they are the same, and the way to settle.
    karim = visitor(cast.karim)
    karim.goto(later.get_absolute_url())
    karim.click(f"main a[href='/deals/{later.reference}/review/']")
    candidates = karim.inner_text("#candidates")
    for word in (first.reference, "Bravo IT", "the same company", "same name"):
        assert word in candidates
    karim.click("#candidates a[href^='/deals/conflicts/']")
    karim.wait_for_url("**/deals/conflicts/*/")
    karim.check("input[name=outcome][value=earlier_stands]")
    karim.fill("#id_reason", "Two hours earlier, with minutes of a meeting.")
    karim.click("#settle button.btn-primary")
    karim.click("#confirm-yes")
    karim.wait_for_load_state()
    assert "The earlier registration stands" in karim.inner_text("main")
    assert Conflict.objects.get().settled_by == cast.karim
    assert Deal.objects.get(pk=later.pk).status == DealStatus.REJECTED

    # The partner whose registration ended reads no word of a rival, and has no such page.
    amir = visitor(cast.amir)
    amir.goto(later.get_absolute_url())
    text = amir.inner_text("main")
    assert "cannot be protected for your company" in text
    for word in ("Bravo", first.reference, "onflict", "Karim", "Review"):
        assert word not in text
    assert amir.goto(f"/deals/{later.reference}/review/").status == 404

    # The earlier one goes on as if nothing had been.
    eve = visitor(cast.eve)
    eve.goto(f"/deals/{first.reference}/review/")
    assert "Alpha" not in eve.inner_text("main")
    eve.click("#decisions a[href$='/approve/']")
    eve.fill("#id_granted_pct", "3")
    eve.click("main form button.btn-primary:not([value=preview])")
    eve.wait_for_url(f"**{first.get_absolute_url()}")
    assert Deal.objects.get(pk=first.pk).status == DealStatus.APPROVED
