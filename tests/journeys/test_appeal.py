"""An appeal in the browser: rejected, appealed, overturned, and approved after all."""

import pytest
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.models import Appeal
from tests.dealreg.deals import stages
from tests.world import evidence_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def test_an_appeal_from_the_mail_to_the_approval(cast, visitor, letterbox):
    deal = stages.submitted(cast, at=timezone.now())
    actions.reject_deal(
        deal, by=cast.denise, at=timezone.now(), code="no_engagement", text="One call is not enough."
    )
    # Amir reads why, and opens the deal from the mail.
    letter = letterbox.letter(cast.amir.email, "One call is not enough.")
    amir = visitor(cast.amir)
    amir.goto(letterbox.link(letter))
    amir.wait_for_url(f"**/deals/{deal.reference}/")
    said = amir.inner_text("main")
    assert "One call is not enough." in said and "Edition 2017" in said
    amir.click(f"main a[href$='/deals/{deal.reference}/appeal/']")
    amir.wait_for_url("**/appeal/")
    amir.fill("#id_text", "The minutes show three meetings.")
    minutes = evidence_file().read()
    amir.set_input_files("#id_file", {"name": "m.pdf", "mimeType": "application/pdf", "buffer": minutes})
    amir.click("main form button.btn-primary")
    amir.wait_for_url(f"**/deals/{deal.reference}/#appeal")
    assert "m.pdf" in amir.inner_text("main")
    assert Appeal.objects.get().rejected_by == cast.denise

    # Karim, who did not decide, finds it on his list and decides.
    karim = visitor(cast.karim)
    karim.goto("/deals/appeals/")
    karim.click(f"main a[href$='/deals/{deal.reference}/appeal/decide/']")
    karim.wait_for_url("**/appeal/decide/")
    karim.check("input[name=outcome][value=facts_wrong]")
    karim.fill("#id_text", "Three meetings are documented.")
    karim.click("main form button.btn-primary")
    karim.click("#confirm-yes")
    karim.wait_for_url(f"**/deals/{deal.reference}/#appeal")
    deal.refresh_from_db()
    assert (deal.status, deal.step) == ("submitted", "vendor")

    # The deal waits for his approval, with a discount within the ceiling.
    karim.goto(f"/deals/{deal.reference}/approve/")
    karim.fill("#id_granted_pct", "4")
    karim.click("main form button.btn-primary:not([value=preview])")
    karim.wait_for_url(f"**/deals/{deal.reference}/")
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct) == ("approved", 4)

    # Amir gets the letter of registration.
    amir.reload()
    with amir.expect_download() as download:
        amir.click(f"main a[href$='/deals/{deal.reference}/letter/']")
    assert download.value.suggested_filename == f"{deal.reference}-en.pdf"
