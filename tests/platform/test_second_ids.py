"""What a request names beside its address: ids of others in the body or the query change nothing of
theirs and show nothing of theirs (promise S1)."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from dealreg.deals.models import Deal, Evidence
from partners.organisations.models import Invitation, Membership, Partner
from portal.notifications.models import Notification
from tests.world import fingerprint

SOON = (timezone.localdate() + timedelta(days=60)).isoformat()


def draft_page(world, step: str) -> str:
    return f"/deals/{world.deals['alpha_draft'].reference}/draft/{step}/"


def first_screen(**given: str) -> dict[str, str]:
    return {
        "customer_name": "Verger du Sud",
        "product_group": "endpoint-security",
        "nodes": "10",
        "expected_close_on": SOON,
        "engagement": "Two calls.",
        "action": "continue",
    } | given


@pytest.mark.parametrize("reference", ["D-002", "D-003", "D-999"])
def test_a_registration_cannot_name_somebody_elses_distributor(world, reference):
    browser = world.browser("amir")
    browser.post(draft_page(world, "customer"), first_screen(distributor=reference))
    deal = Deal.objects.get(pk=world.deals["alpha_draft"].pk)
    assert deal.distributor == world.cast.distri_nord
    # One who may choose is told that this is no choice.
    world.browser("bruno").post("/deals/register/", first_screen(distributor="D-002", draft=""))
    assert not Deal.objects.filter(partner=world.cast.bravo, distributor=world.cast.distri_sued).exists()


@pytest.mark.parametrize(
    "given",
    [
        {"partner": "2", "partner_id": "2", "registered_by": "1", "reference": "DR-222222"},
        {"status": "approved", "granted_pct": "5", "ceiling_pct": "50", "decided_by": "1", "step": "vendor"},
        {"customer": "1", "customer_country": "DE", "currency": "CHF", "list_amount": "1"},
        {"product_group": "private-security-network"},
    ],
)
def test_a_registration_takes_only_its_own_fields(world, given):
    kept = ("partner_id", "registered_by_id", "reference", "status", "ceiling_pct", "step", "customer_id")
    deal = world.deals["alpha_draft"]
    before = Deal.objects.values(*kept, "customer_country", "currency", "product_group_id").get(pk=deal.pk)
    world.browser("amir").post(draft_page(world, "customer"), first_screen(**given))
    assert Deal.objects.values(*before).get(pk=deal.pk) == before
    others = Deal.objects.exclude(pk=deal.pk)
    assert not others.filter(customer_name="Verger du Sud").exists()


def test_lines_take_only_products_of_the_group_that_have_a_price(world):
    browser = world.browser("amir")
    for product in (world.cast.products["ATA-01"].pk, world.cast.products["TOT-01"].pk, 999_999):
        body = {
            "form-TOTAL_FORMS": "1",
            "form-INITIAL_FORMS": "0",
            "form-0-product": product,
            "form-0-nodes": "5",
            "form-0-term_months": "12",
            "form-0-per_node": "0.01",
            "form-0-deal": world.deals["bravo_draft"].pk,
            "action": "continue",
        }
        assert browser.post(draft_page(world, "lines"), body).status_code == 200
    assert not world.deals["alpha_draft"].lines.exclude(product__sku="EPS-ADV").exists()
    assert world.deals["bravo_draft"].lines.count() == 1


def test_a_file_of_another_deal_is_not_taken_out(world):
    # The own draft may keep what else was typed: that is none of theirs.
    before = fingerprint(without=("deals_deal",))
    foreign = [Evidence.objects.get(deal=world.deals[name]).pk for name in ("bravo_third", "platin")]
    for pk in (*foreign, 999_999):
        page = world.browser("amir").post(draft_page(world, "contact"), {"action": f"remove-{pk}"})
        assert page.status_code == 404
    assert fingerprint(without=("deals_deal",)) == before


@pytest.mark.parametrize("who", ["alice", "denise", "paul"])
def test_an_invitation_leads_into_ones_own_company_whatever_the_body_says(world, who):
    own = Membership.objects.get(user=world.people[who]).organisation
    role = "distributor_readonly" if who == "denise" else "partner_readonly"
    body = {"email": "new@x.example", "full_name": "New", "role": role, "language": "en"}
    foreign = {
        "partner": world.cast.bravo.pk,
        "distributor": world.cast.third.pk,
        "vendor_office": world.cast.headquarters.pk,
        "office": world.cast.headquarters.pk,
        "organisation": world.cast.bravo.pk,
    }
    assert world.browser(who).post("/people/invite/", body | foreign).status_code == 302
    assert Invitation.objects.get(email="new@x.example").organisation == own
    # Nor does a role of another kind of company come with it.
    for role in (
        "programme_admin",
        "channel_manager",
        "distributor_admin" if who != "denise" else "partner_admin",
    ):
        page = world.browser(who).post("/people/invite/", body | {"role": role, "email": "more@x.example"})
        assert page.status_code == 200
    assert not Invitation.objects.filter(email="more@x.example").exists()


def test_a_membership_of_somebody_else_cannot_be_acted_under(world):
    before = fingerprint()
    foreign = Membership.objects.exclude(user=world.people["alice"]).values_list("pk", flat=True)
    for pk in [*foreign, 999_999_999]:
        page = world.browser("alice").post("/settings/membership/", {"membership": pk})
        assert page.status_code == 404
    assert fingerprint() == before
    assert world.browser("alice").get(f"/deals/{world.deals['bravo_third'].reference}/").status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"primary": "distri_sued"},
        {"distributors": "distri_sued"},
        {"distributors": "distri_sued", "primary": "distri_sued"},
    ],
)
def test_a_channel_manager_gives_no_partner_a_distributor_of_another_region(world, given):
    cast = world.cast
    facts = {
        "trade_name": "Charlie Systems",
        "legal_name": "Charlie Systems SRL",
        "kind": "reseller",
        "country": "BE",
        "city": "Gent",
        "web_domain": "charlie-systems.example",
        "distributors": [cast.distri_nord.pk],
        "primary": cast.distri_nord.pk,
    } | {name: getattr(cast, which).pk for name, which in given.items()}
    before = fingerprint()
    page = world.browser("karim").post("/partners/P-000003/edit/", facts)
    assert page.status_code == 200
    assert "distri_sued" not in page.content.decode() and "Distri Süd" not in page.content.decode()
    assert fingerprint() == before


def test_a_channel_manager_moves_no_partner_out_of_the_region_or_to_a_foreign_manager(world):
    cast = world.cast
    facts = {
        "trade_name": "Charlie Systems",
        "legal_name": "Charlie Systems SRL",
        "kind": "reseller",
        "country": "BE",
        "city": "Gent",
        "distributors": [cast.distri_nord.pk],
        "primary": cast.distri_nord.pk,
    }
    before = fingerprint()
    for wrong in (
        {"country": "DE"},
        {"channel_manager": world.people["ingrid"].pk},
        {"channel_manager": world.people["alice"].pk},
        {"authorised_countries": ["DE"]},
    ):
        assert world.browser("karim").post("/partners/P-000003/edit/", facts | wrong).status_code == 200, (
            wrong
        )
    assert fingerprint() == before
    # The tier is no field of this form.
    world.browser("karim").post("/partners/P-000003/edit/", facts | {"tier": "platinum", "status": "ended"})
    charlie = Partner.objects.get(pk=cast.charlie.pk)
    assert (charlie.tier, charlie.status) == ("bronze", "authorised")


def test_a_decision_names_no_other_deal(world):
    foreign = world.deals["platin"]
    body = {
        "granted_pct": "1",
        "deal": foreign.pk,
        "pk": foreign.pk,
        "ref": foreign.reference,
        "reference": foreign.reference,
        "decided_by": world.people["dieter"].pk,
    }
    own = world.deals["charlie"]
    assert world.browser("denise").post(f"/deals/{own.reference}/approve/", body).status_code == 302
    foreign.refresh_from_db()
    own.refresh_from_db()
    assert (own.status, own.decided_by) == ("approved", world.people["denise"])
    assert (foreign.status, foreign.granted_pct) == ("submitted", None)


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("denise", "/deals/?partner=P-000005"),
        ("denise", "/deals/?distributor=D-003"),
        ("karim", "/deals/?distributor=D-002"),
        ("alice", "/deals/?partner=P-000002"),
        ("alice", "/deals/?status=draft"),
        ("denise", "/deals/?status=draft"),
        ("karim", "/deals/?status=draft"),
    ],
)
def test_filters_narrow_and_never_widen(world, who, address):
    readers = {
        "alice": {"alpha"},
        "denise": {"alpha", "bravo", "charlie"},
        "karim": {"alpha", "bravo", "charlie"},
    }
    page = world.browser(who).get(address)
    partners = {
        row.record.partner.trade_name.split()[0].lower() for row in page.context["table"].paginated_rows
    }
    assert partners <= readers[who]
    if who != "alice":
        assert not [row for row in page.context["table"].paginated_rows if row.record.status == "draft"]
    exported = b"".join(world.browser(who).get(address.replace("/?", "/export/csv/?")).streaming_content)
    assert b"Stadtwerke" not in exported and b"Saint Roch Hospital" not in exported


def test_one_search_of_partners_and_people_stays_within_the_region(world):
    sued = world.cast.distri_sued.pk
    text = world.browser("karim").get(f"/partners/?distributor={sued}").content.decode()
    assert "Platin GmbH" not in text and "P-000005" not in text
    text = world.browser("denise").get(f"/partners/?distributor={sued}&country=DE").content.decode()
    assert "Platin GmbH" not in text and "P-000005" not in text
    text = world.browser("alice").get(f"/people/?office={world.cast.headquarters.pk}").content.decode()
    assert "Nora" not in text


def test_everything_read_means_ones_own(world):
    unread = Notification.objects.exclude(recipient=world.people["denise"]).filter(read_at=None)
    before = unread.count()
    assert before > 10
    world.browser("denise").post("/inbox/read/", {"recipient": world.people["alice"].pk})
    assert unread.count() == before


def test_a_draft_edition_is_not_compared_by_those_who_do_not_see_it(world):
    for who in ("alice", "denise", "karim"):
        draft, missing = (
            world.browser(who).get(f"/programme/compare/?from=2017&to={code}").content.decode()
            for code in ("2099", "1999")
        )
        token = r"[A-Za-z0-9]{64}"
        assert re.sub(token, "", draft.replace("2099", "X")) == re.sub(
            token, "", missing.replace("1999", "X")
        )
