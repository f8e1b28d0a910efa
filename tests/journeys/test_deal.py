"""The main job in the browser: a partner registers, the distributor decides, the portal watches."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone, translation

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, Deal
from tests.dealreg.deals import stages
from tests.journeys.conftest import sign_in
from tests.world import evidence_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def register(page: Any, customer: str, *, group: str = "endpoint-security", sku: Any, **more: str) -> Deal:
    """Through all steps, as a person does it."""
    page.goto("/deals/register/")
    page.fill("#id_customer_name", customer)
    for name, value in more.items():
        page.fill(f"#id_{name}", value)
    page.select_option("#id_product_group", group)
    page.fill("#id_nodes", "100")
    page.fill("#id_expected_close_on", (timezone.localdate() + timedelta(days=60)).isoformat())
    page.fill("#id_engagement", "Two meetings with the head of IT, proof of concept agreed.")
    page.click("button.btn-primary[value=continue]")
    page.wait_for_url("**/draft/lines/")
    page.select_option("#id_form-0-product", str(sku.pk))
    page.fill("#id_form-0-nodes", "100")
    page.select_option("#id_form-0-term_months", "12")
    page.click("button.btn-primary[value=continue]")
    page.wait_for_url("**/draft/contact/")
    page.fill("#id_contact_name", "Jeanne Martin")
    evidence = evidence_file()
    page.set_input_files(
        "#id_file", {"name": "minutes.pdf", "mimeType": "application/pdf", "buffer": evidence.read()}
    )
    page.select_option("#id_kind", "meeting")
    page.fill("#id_dated_on", timezone.localdate().isoformat())
    page.click("button.btn-primary[value=continue]")
    page.wait_for_url("**/draft/review/")
    assert customer in page.inner_text("main")
    page.click("button.btn-primary[value=submit]")
    page.wait_for_url("**/receipt/")
    deal = Deal.objects.get(reference=page.url.split("/")[-3])
    assert deal.reference in page.inner_text("main")
    assert (deal.status, deal.evidence.count()) == ("submitted", 1)
    return deal


def move(page: Any, name: str, **fields: str) -> None:
    """From the deal's page over the button to the page of the move, and done."""
    page.click(f"main a[href$='/{name}/']")
    page.wait_for_url(f"**/{name}/")
    for field, value in fields.items():
        page.fill(f"#id_{field}", value)
    page.click("main form button.btn-primary:not([value=preview])")
    page.wait_for_url(lambda url: not url.rstrip("/").endswith(name))


def test_from_registration_over_approval_to_expiry(cast, visitor, letterbox):
    alice = visitor(locale="fr-FR")
    alice.goto("/")
    sign_in(alice, cast.alice.email)
    assert alice.locator("html").get_attribute("lang") == "fr"
    deal = register(alice, "Hôpital Saint-Roch", sku=cast.products["EPS-ADV"], web_domain="saint-roch.fr")
    assert deal.list_amount == Decimal("5400.00")
    letterbox.letter(cast.alice.email, deal.reference)

    # Denise opens the link of the mail, is asked to sign in, and arrives where it led.
    to_decide = letterbox.letter(cast.denise.email, deal.reference)
    denise = visitor(locale="en-GB")
    denise.goto(letterbox.link(to_decide))
    assert "/accounts/login/" in denise.url
    sign_in(denise, cast.denise.email)
    denise.wait_for_url(f"**/deals/{deal.reference}/")
    denise.goto("/deals/queue/")
    denise.click(f"main a[href*='/deals/{deal.reference}/']")
    denise.wait_for_url(f"**/deals/{deal.reference}/**")
    denise.goto(f"/deals/{deal.reference}/")
    move(denise, "approve", granted_pct="3.5")
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct) == ("approved", Decimal("3.5"))
    assert deal.protected_until == deal.protected_from + timedelta(days=90)

    # Alice reads it in her inbox and on the deal's page.
    told = letterbox.letter(cast.alice.email, "3,5")
    alice.goto("/inbox/")
    assert deal.reference in alice.inner_text("main")
    alice.goto(letterbox.link(told))
    alice.wait_for_url(f"**/deals/{deal.reference}/")
    assert "3,5" in alice.inner_text("main")
    assert "approve" not in alice.inner_html("main")

    # Time passes: the last good day changes nothing, the next one ends the protection.
    for day, status in (
        (deal.protected_until, "approved"),
        (deal.protected_until + timedelta(days=1), "expired"),
    ):
        call_command("sweep", "--on", day.isoformat(), "--before-its-day", stdout=StringIO())
        deal.refresh_from_db()
        assert deal.status == status
    alice.goto(f"/deals/{deal.reference}/")
    with translation.override("fr"):
        assert str(DealStatus.EXPIRED.label) in alice.inner_text("main")
    # An order of the protected time can still be told of; a loss cannot.
    assert "report-won" in alice.inner_html("main") and "report-lost" not in alice.inner_html("main")
    for person in (cast.alice, cast.denise):
        kinds = list(person.notifications.values_list("kind", flat=True))
        assert kinds.count("deal-expired") == 1
    letterbox.letter(cast.denise.email, "/inbox/")


def test_an_enterprise_deal_goes_on_to_the_channel_manager(cast, visitor):
    paul = visitor(cast.paul)
    deal = register(
        paul, "Stadtwerke Neuburg GmbH", group="anti-targeted-attack", sku=cast.products["ATA-01"]
    )
    dieter = visitor(cast.dieter)
    dieter.goto(f"/deals/{deal.reference}/")
    assert "/approve/" not in dieter.inner_html("main")
    move(dieter, "endorse", granted_pct="20")
    deal.refresh_from_db()
    assert (deal.status, deal.step, deal.proposed_pct) == ("submitted", "vendor", Decimal(20))

    ingrid = visitor(cast.ingrid)
    ingrid.goto("/deals/queue/")
    assert deal.reference in ingrid.inner_text("main")
    ingrid.goto(f"/deals/{deal.reference}/")
    move(ingrid, "approve")
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct) == ("approved", Decimal(20))
    paul.goto("/inbox/")
    assert deal.reference in paul.inner_text("main")


def test_a_conflict_is_settled_side_by_side(cast, visitor):
    first = stages.submitted(
        cast, cast.amir, at=timezone.now(), customer_name="Hôpital Saint-Roch", web_domain="saint-roch.fr"
    )
    bruno = visitor(cast.bruno)
    second = register(bruno, "Hôp. St Roch", sku=cast.products["EPS-ADV"], web_domain="www.saint-roch.fr")
    stages.looked_at(second, at=timezone.now())
    bruno.goto(f"/deals/{second.reference}/")
    assert first.reference not in bruno.content() and "Alpha" not in bruno.inner_text("main")

    # Denise reads that there is one, and cannot approve.
    denise = visitor(cast.denise)
    denise.goto(f"/deals/{second.reference}/approve/")
    assert denise.locator("#id_granted_pct").count() == 0

    karim = visitor(cast.karim)
    karim.goto("/deals/conflicts/")
    karim.click("main a[href*='/deals/conflicts/']:not([href*='?'])")
    main = karim.inner_text("main")
    assert first.reference in main and second.reference in main
    karim.check("#settle input[value=earlier_stands]")
    karim.fill("#id_reason", "Alpha was first.")
    karim.fill("#id_message", "This opportunity cannot be registered.")
    karim.click("#settle button.btn-primary")
    karim.click("#confirm-yes")
    karim.wait_for_load_state()
    karim.wait_for_selector("#settle", state="detached")
    assert Conflict.objects.get().outcome == "earlier_stands"
    second.refresh_from_db()
    assert second.status == "rejected"
    bruno.reload()
    said = bruno.inner_text("main")
    assert "This opportunity cannot be registered." in said
    assert first.reference not in said and "Alpha" not in said
    # The way is free for the first.
    denise.goto(f"/deals/{first.reference}/")
    move(denise, "approve", granted_pct="5")
    first.refresh_from_db()
    assert first.status == "approved"


def test_registering_and_approving_work_without_scripts(cast, visitor):
    amir = visitor(cast.amir, java_script_enabled=False)
    deal = register(amir, "Mairie de Lambersart", sku=cast.products["EPS-SEL"])
    denise = visitor(cast.denise, java_script_enabled=False)
    denise.goto("/deals/queue/")
    assert deal.reference in denise.inner_text("main")
    denise.goto(f"/deals/{deal.reference}/")
    move(denise, "approve", granted_pct="2,5")
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct) == ("approved", Decimal("2.5"))
    # Searching the list is a plain form.
    amir.goto("/deals/")
    amir.fill("main [name=q]", "lambersart")
    amir.press("main [name=q]", "Enter")
    amir.wait_for_url("**q=lambersart**")
    assert deal.reference in amir.inner_text("main")
