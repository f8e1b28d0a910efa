"""Registering a deal in the browser: eligibility, kept drafts, lines, evidence, receipt."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from dealreg.deals.actions import look_at_due
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal, Evidence
from dealreg.deals.selectors import has_own_channel_manager
from dealreg.deals.views import registering
from partners.organisations.models import Partner, PartnerStatus, Supply
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.documents.models import Document
from portal.notifications.models import Notification
from tests.dealreg.deals import stages
from tests.dealreg.deals.test_on_behalf import draft_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    """These tests read pages in English, whatever the cast speaks."""
    User.objects.update(language="")


REGISTER = "/deals/register/"
SOON = (timezone.localdate() + timedelta(days=60)).isoformat()


def first_screen(**given):
    return {
        "customer_name": "Hôpital Saint-Roch",
        "web_domain": "saint-roch.example",
        "company_number": "",
        "product_group": "endpoint-security",
        "nodes": "100",
        "expected_close_on": SOON,
        "engagement": "Two meetings with the head of IT.",
        "action": "continue",
    } | given


def token_of(browser) -> str:
    return browser.get(REGISTER).context["token"]


def step(deal, name) -> str:
    return reverse("deals:draft", kwargs={"ref": deal.reference, "step": name})


def line(cast, sku="EPS-ADV", nodes="100", term="12", number=0):
    return {
        f"form-{number}-product": str(cast.products[sku].pk),
        f"form-{number}-nodes": nodes,
        f"form-{number}-term_months": term,
    }


def lines(*rows, action="continue"):
    data = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", "action": action}
    for row in rows:
        data |= row
    return data


@pytest.fixture
def draft(cast, sign_in):
    """Amir's draft after the first screen."""
    browser = sign_in(cast.amir)
    browser.post(REGISTER, first_screen(draft=token_of(browser)))
    return Deal.objects.get()


@pytest.fixture
def ready(cast, sign_in, draft):
    """Amir's draft with everything that is needed."""
    sign_in(cast.amir).post(step(draft, "lines"), lines(line(cast)))
    return draft


# Eligibility.


def test_a_gold_partner_reads_what_it_may_register_and_what_it_may_not(cast, sign_in):
    page = sign_in(cast.amir).get(REGISTER).content.decode()
    assert "You may register standard deals at up to 5% additional discount." in page
    assert "Enterprise deals need the specialisation for their product group." in page
    assert "Rule E3 of the programme" in page
    assert 'href="/programme/"' in page


def test_a_registered_partner_gets_the_reason_and_no_form(cast, sign_in):
    browser = sign_in(cast.dora)
    answer = browser.get(REGISTER)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Standard deals can be registered from the Bronze tier on." in page
    assert "customer_name" not in page
    assert browser.post(REGISTER, first_screen()).status_code == 422
    assert not Deal.objects.exists()


def test_refused_orders_stop_registering_with_a_reason(cast, sign_in):
    cast.alpha.status = PartnerStatus.ORDERS_REFUSED
    cast.alpha.save()
    page = sign_in(cast.amir).get(REGISTER).content.decode()
    assert "does not allow new registrations" in page
    assert "customer_name" not in page


def test_groups_that_may_not_be_registered_are_not_offered(cast, sign_in):
    alpha = sign_in(cast.amir).get(REGISTER).content.decode()
    platin = sign_in(cast.paul).get(REGISTER).content.decode()
    assert 'value="anti-targeted-attack"' not in alpha
    assert 'value="anti-targeted-attack"' in platin
    assert 'value="industrial-cybersecurity"' not in platin


@pytest.mark.parametrize("person", ["adam", "tina", "denise", "olga", "karim", "august"])
def test_only_those_who_may_register_reach_the_form(cast, sign_in, person):
    browser = sign_in(getattr(cast, person))
    assert browser.get(REGISTER).status_code == 403
    assert browser.post(REGISTER, first_screen()).status_code == 403
    assert not Deal.objects.exists()


# The first screen.


def test_the_first_screen_asks_at_most_eight_things(cast, sign_in):
    form = sign_in(cast.amir).get(REGISTER).context["form"]
    # Product group and nodes stand in one row as one question.
    assert len(form.fields) - 1 <= 8


def test_the_distributor_is_asked_only_of_those_who_buy_from_several(cast, sign_in):
    assert "distributor" not in sign_in(cast.amir).get(REGISTER).context["form"].fields
    assert "distributor" in sign_in(cast.bruno).get(REGISTER).context["form"].fields


def test_looking_writes_nothing(cast, sign_in):
    sign_in(cast.amir).get(REGISTER)
    assert not Deal.objects.exists()


def test_an_empty_form_makes_no_draft(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post(REGISTER, {"draft": token_of(browser), "action": "continue"})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not Deal.objects.exists()


def test_the_first_save_makes_the_draft_and_leads_on(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post(REGISTER, first_screen(draft=token_of(browser)))
    deal = Deal.objects.get()
    assert answer.url == step(deal, "lines")
    assert deal.status == DealStatus.DRAFT
    assert (deal.partner, deal.distributor, deal.customer_country) == (cast.alpha, cast.distri_nord, "FR")
    assert deal.nodes == 100


def test_the_same_form_sent_twice_is_one_draft(cast, sign_in):
    browser = sign_in(cast.amir)
    token = token_of(browser)
    browser.post(REGISTER, first_screen(draft=token))
    browser.post(REGISTER, first_screen(draft=token, nodes="150"))
    assert Deal.objects.get().nodes == 150


def test_the_same_form_arriving_twice_at_once_is_one_draft(cast, sign_in, monkeypatch):
    browser = sign_in(cast.amir)
    token = token_of(browser)
    browser.post(REGISTER, first_screen(draft=token))
    # The second request looked before the first one had written.
    monkeypatch.setattr(registering, "_kept_draft", lambda request, token: None)
    assert browser.post(REGISTER, first_screen(draft=token, nodes="170")).status_code == 302
    assert Deal.objects.get().nodes == 170


def test_discarding_a_draft_takes_its_files_along(cast, sign_in, draft, django_capture_on_commit_callbacks):
    browser = sign_in(cast.amir)
    data = {"action": "upload", "kind": "meeting", "dated_on": "2025-01-10", "file": pdf()}
    browser.post(step(draft, "contact"), data)
    stored = draft.evidence.get().document.file
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("deals:discard", kwargs={"ref": draft.reference}))
    assert not Document.objects.exists()
    assert not stored.storage.exists(stored.name)


def test_a_token_of_somebody_else_does_not_reach_their_draft(cast, sign_in):
    amir, bruno = sign_in(cast.amir), sign_in(cast.bruno)
    token = token_of(amir)
    amir.post(REGISTER, first_screen(draft=token))
    bruno.post(REGISTER, first_screen(draft=token, customer_name="Autre SA"))
    assert Deal.objects.filter(partner=cast.alpha).get().customer_name == "Hôpital Saint-Roch"
    assert Deal.objects.filter(partner=cast.bravo).count() == 1


def test_a_wrong_value_does_not_lose_the_others(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post(
        REGISTER, first_screen(draft=token_of(browser), web_domain="not a domain", nodes="many")
    )
    page = answer.content.decode()
    deal = Deal.objects.get()
    assert answer.status_code == 200
    assert 'value="not a domain"' in page
    assert 'value="many"' in page
    assert deal.customer_name == "Hôpital Saint-Roch"
    assert (deal.web_domain, deal.nodes) == ("", None)


def test_a_wrong_value_does_not_wipe_out_the_kept_one(cast, sign_in, draft):
    sign_in(cast.amir).post(step(draft, "customer"), first_screen(nodes="-3"))
    draft.refresh_from_db()
    assert draft.nodes == 100


def test_autosave_keeps_what_can_be_read_and_says_so(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post(
        REGISTER,
        {
            "draft": token_of(browser),
            "customer_name": "Hôpital Saint-Roch",
            "expected_close_on": "1999-01-01",
            "action": "autosave",
        },
    )
    deal = Deal.objects.get()
    page = answer.content.decode()
    assert deal.customer_name == "Hôpital Saint-Roch"
    assert 'id="saved-note"' in page
    assert "Saved" in page
    assert "Expected closing date" in page
    assert answer["HX-Replace-Url"] == step(deal, "customer")
    assert "<html" not in page


def test_autosave_of_nothing_writes_nothing(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post(REGISTER, {"draft": token_of(browser), "action": "autosave"})
    assert answer.status_code == 200
    assert not Deal.objects.exists()


def test_autosave_without_its_number_begins_no_draft_after_draft(cast, sign_in):
    browser = sign_in(cast.amir)
    for token in ("", "forged", token_of(sign_in(cast.bruno))):
        sent = {"draft": token, "customer_name": "Hôpital Saint-Roch", "action": "autosave"}
        assert browser.post(REGISTER, sent).status_code == 200
    assert not Deal.objects.exists()


def test_a_field_that_was_emptied_is_empty_in_the_draft(cast, sign_in, draft):
    sign_in(cast.amir).post(step(draft, "customer"), first_screen(engagement="", action="autosave"))
    draft.refresh_from_db()
    assert draft.engagement == ""
    assert draft.nodes == 100


def test_the_kept_draft_comes_back_as_it_was_left(cast, sign_in, draft):
    page = sign_in(cast.amir).get(step(draft, "customer")).content.decode()
    assert 'value="Hôpital Saint-Roch"' in page
    assert f'value="{SOON}"' in page


HOSTILE = [
    "\x00",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "🏴" * 100,
    "a" * 5000,
    "-1",
    "0",
    "99999999999999999999999",
    "1e9",
    "NaN",
    "{{ 7*7 }}",
    "../../etc/passwd",
    "9999-12-31",
    "0001-01-01",
    "\ud800",
    "٣",
    " ",
    "true",
]
FIELDS = [
    "customer_name",
    "customer_country",
    "web_domain",
    "company_number",
    "product_group",
    "nodes",
    "expected_close_on",
    "engagement",
    "distributor",
    "draft",
    "action",
]


def as_sent(value: str) -> str:
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@pytest.mark.parametrize("field", FIELDS)
def test_hostile_values_get_an_answer_and_never_a_server_error(cast, sign_in, draft, field):
    browser = sign_in(cast.amir)
    for number, value in enumerate(HOSTILE):
        sent = first_screen(**{field: as_sent(value)})
        assert browser.post(step(draft, "customer"), sent).status_code in (200, 302)
        if number % 5 == 0:
            assert browser.post(REGISTER, sent).status_code in (200, 302)


@pytest.mark.parametrize("field", ["product", "nodes", "term_months"])
def test_hostile_values_in_lines_get_an_answer(cast, sign_in, draft, field):
    browser = sign_in(cast.amir)
    actions = ["continue", "autosave", "add", "remove-0", "remove-x"]
    for number, value in enumerate(HOSTILE):
        row = line(cast) | {f"form-0-{field}": as_sent(value)}
        answer = browser.post(step(draft, "lines"), lines(row, action=actions[number % 5]))
        assert answer.status_code in (200, 302)
    for total in ("", "x", "-5", "1000000"):
        answer = browser.post(step(draft, "lines"), lines(line(cast)) | {"form-TOTAL_FORMS": total})
        assert answer.status_code in (200, 302)


@pytest.mark.parametrize(
    "field",
    [
        "contact_name",
        "contact_role",
        "contact_email",
        "contact_phone",
        "notes",
        "kind",
        "dated_on",
        "file",
        "action",
    ],
)
def test_hostile_values_in_the_contact_step_get_an_answer(cast, sign_in, draft, field):
    browser = sign_in(cast.amir)
    for value in HOSTILE:
        answer = browser.post(step(draft, "contact"), {field: as_sent(value)})
        assert answer.status_code in (200, 302)


# Lines.


def test_the_lines_need_a_product_group_first(cast, sign_in):
    browser = sign_in(cast.amir)
    browser.post(
        REGISTER, {"draft": token_of(browser), "customer_name": "Hôpital Saint-Roch", "action": "autosave"}
    )
    deal = Deal.objects.get()
    assert browser.get(step(deal, "lines")).url == step(deal, "customer")


def test_the_first_line_is_filled_in_where_there_is_one_product(cast, sign_in):
    browser = sign_in(cast.amir)
    browser.post(REGISTER, first_screen(draft=token_of(browser), product_group="total-security", nodes="70"))
    deal = Deal.objects.get()
    page = browser.get(step(deal, "lines"))
    form, _line = page.context["rows"][0]
    assert form["product"].value() == cast.products["TOT-01"].pk
    assert form["nodes"].value() == 70
    assert not deal.lines.exists()


def test_lines_are_priced_from_the_price_list_and_the_ceiling_is_said(cast, sign_in, draft):
    browser = sign_in(cast.amir)
    answer = browser.post(step(draft, "lines"), lines(line(cast), action="autosave"))
    draft.refresh_from_db()
    assert draft.list_amount == Decimal("5400.00")
    page = answer.content.decode()
    assert 'id="price-0"' in page
    assert 'id="lines-total"' in page
    # 5 % of 5 400.
    assert "270" in page


def test_only_products_of_the_group_are_taken(cast, sign_in, draft):
    answer = sign_in(cast.amir).post(step(draft, "lines"), lines(line(cast, sku="TOT-01")))
    assert answer.status_code == 200
    assert not draft.lines.exists()


def test_rows_are_added_and_taken_out_without_javascript(cast, sign_in, draft):
    browser = sign_in(cast.amir)
    two = browser.post(step(draft, "lines"), lines(line(cast), action="add"))
    assert len(two.context["rows"]) == 2
    assert draft.lines.count() == 1
    rows = lines(line(cast), line(cast, sku="EPS-SEL", number=1), action="remove-0")
    one = browser.post(step(draft, "lines"), rows)
    assert len(one.context["rows"]) == 1
    assert draft.lines.get().product == cast.products["EPS-SEL"]


def test_a_wrong_row_does_not_lose_the_others(cast, sign_in, draft):
    rows = lines(line(cast, nodes="0"), line(cast, sku="EPS-SEL", number=1))
    answer = sign_in(cast.amir).post(step(draft, "lines"), rows)
    assert answer.status_code == 200
    assert draft.lines.get().product == cast.products["EPS-SEL"]
    # The price stands in the row that it belongs to.
    (_wrong, no_line), (_right, priced) = answer.context["rows"]
    assert no_line is None
    assert priced is not None


def test_going_on_without_a_product_is_refused(cast, sign_in, draft):
    answer = sign_in(cast.amir).post(step(draft, "lines"), lines(line(cast) | {"form-0-product": ""}))
    assert "Add at least one product." in answer.content.decode()


def test_another_product_group_asks_for_its_own_products(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    browser.post(step(ready, "customer"), first_screen(product_group="total-security"))
    page = browser.get(step(ready, "lines")).content.decode()
    assert "belong to another product group" in page
    refused = browser.post(step(ready, "review"), {"action": "submit"})
    assert refused.status_code == 422


def test_a_resale_price_is_never_asked_for(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    names = set()
    for name in ("customer", "lines", "contact"):
        context = browser.get(step(ready, name)).context
        names |= set(getattr(context.get("form"), "fields", {}))
    assert not {name for name in names if "price" in name or "amount" in name}


# The partner's own registration of the same customer.


ALREADY = "Your company has already registered this customer and product group"


def test_the_own_registration_of_the_customer_is_told_on_every_step_and_while_it_is_saved(cast, sign_in):
    first = stages.submitted(cast, customer_name="Hôpital Saint-Roch")
    browser = sign_in(cast.amir)
    token = token_of(browser)
    saved = browser.post(REGISTER, first_screen(draft=token, action="autosave")).content.decode()
    assert f"{ALREADY}: {first.reference}." in saved
    deal = Deal.objects.get(status=DealStatus.DRAFT)
    browser.post(step(deal, "lines"), lines(line(cast)))
    for name in registering.STEPS:
        page = browser.get(step(deal, name)).content.decode()
        assert page.count(f"{ALREADY}: {first.reference}.") == 1
        assert f'href="{first.get_absolute_url()}"' in page
    refused = browser.post(step(deal, "review"), {"action": "submit"})
    assert refused.status_code == 422
    assert refused.content.decode().count(ALREADY) == 1
    # Another customer, or another product group, is another deal.
    other = first_screen(customer_name="Ville de Lens", web_domain="", action="autosave")
    assert ALREADY not in browser.post(step(deal, "customer"), other).content.decode()
    browser.post(step(deal, "customer"), first_screen(product_group="total-security"))
    assert ALREADY not in browser.get(step(deal, "customer")).content.decode()


def test_what_others_registered_is_told_on_no_step(cast, sign_in):
    """Rule E6: the same pages whether another partner has the customer or nobody."""
    pages = {}
    for turn in ("free", "taken"):
        if turn == "taken":
            stages.submitted(cast, cast.bruno, customer_name="Hôpital Saint-Roch")
        browser = sign_in(cast.amir)
        saved = browser.post(REGISTER, first_screen(draft=token_of(browser), action="autosave"))
        deal = Deal.objects.filter(partner=cast.alpha).latest("pk")
        pages[turn] = [ALREADY in saved.content.decode()] + [
            ALREADY in browser.get(step(deal, name)).content.decode() for name in registering.STEPS
        ]
        deal.delete()
    assert pages["free"] == pages["taken"] == [False] * 5


def test_a_distributor_hears_of_what_it_sees_itself(cast, sign_in):
    first = stages.submitted(cast, customer_name="Hôpital Saint-Roch")
    deal = draft_for(cast, customer_name="Hôpital Saint-Roch")
    words = f"{first.reference} is registered for this partner, customer and product group already."
    assert words in sign_in(cast.denise).get(step(deal, "customer")).content.decode()
    Deal.objects.filter(pk=first.pk).update(distributor=cast.third)
    assert first.reference not in sign_in(cast.denise).get(step(deal, "customer")).content.decode()


# Contact and evidence.


def pdf(name="minutes.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.4\n%%EOF", content_type="application/pdf")


def test_files_are_kept_with_type_and_date_and_can_be_taken_out(cast, sign_in, draft):
    browser = sign_in(cast.amir)
    data = {"action": "upload", "kind": "meeting", "dated_on": "2025-01-10"}
    browser.post(
        step(draft, "contact"), data | {"file": [pdf(), pdf("offer.pdf")], "contact_name": "Jean Petit"}
    )
    draft.refresh_from_db()
    assert draft.contact_name == "Jean Petit"
    assert sorted(one.document.name for one in draft.evidence.all()) == ["minutes.pdf", "offer.pdf"]
    gone = draft.evidence.first()
    browser.post(step(draft, "contact"), {"action": f"remove-{gone.pk}", "contact_name": "Jean Petit"})
    assert draft.evidence.count() == 1


def test_a_bad_file_is_named_and_the_good_one_is_kept(cast, sign_in, draft):
    data = {"action": "upload", "kind": "meeting", "dated_on": "2025-01-10"}
    bad = SimpleUploadedFile("evil.exe", b"MZ")
    answer = sign_in(cast.amir).post(step(draft, "contact"), data | {"file": [bad, pdf()]})
    assert "evil.exe" in answer.content.decode()
    assert draft.evidence.get().document.name == "minutes.pdf"


@pytest.mark.parametrize("action", ["upload", "continue", "later"])
def test_files_without_type_and_date_are_kept_by_every_button_of_the_step(cast, sign_in, draft, action):
    files = [pdf(), pdf("offer.pdf")]
    data = {"action": action, "kind": "", "dated_on": "", "file": files, "notes": "Budget is there."}
    answer = sign_in(cast.amir).post(step(draft, "contact"), data)
    assert answer.status_code == 302
    today = date_in("FR", timezone.now())
    kept = draft.evidence.values_list("document__name", "kind", "dated_on").order_by("document__name")
    assert list(kept) == [("minutes.pdf", "other", today), ("offer.pdf", "other", today)]


def test_a_file_whose_type_does_not_exist_is_asked_for_again(cast, sign_in, draft):
    data = {"action": "upload", "kind": "nonsense", "dated_on": "2025-01-10", "file": pdf()}
    answer = sign_in(cast.amir).post(step(draft, "contact"), data)
    assert answer.context["files"].errors["kind"]
    assert answer.context["files"].errors["file"] == ["Please choose the file again."]
    assert not Evidence.objects.exists()


def test_without_a_priced_line_there_is_no_total(cast, sign_in, draft):
    draft.lines.all().delete()
    total = sign_in(cast.amir).get(step(draft, "lines")).content.decode().partition('id="lines-total"')[2]
    assert "0.00" not in total.partition("</p>")[0]


@pytest.mark.parametrize("tier", ["gold", "platinum"])
def test_who_can_add_a_country_depends_on_the_tiers_channel_manager(cast, sign_in, tier):
    Partner.objects.filter(pk=cast.bravo.pk).update(tier=tier, authorised_countries=["FR"])
    page = sign_in(cast.bruno).get(REGISTER).content.decode()
    own = has_own_channel_manager(Partner.objects.get(pk=cast.bravo.pk), timezone.localdate())
    assert ("Your channel manager can add others" in page) == own
    assert ("ask your distributor" in page) != own


def test_the_evidence_of_another_deal_cannot_be_taken_out(cast, sign_in, draft):
    bruno = sign_in(cast.bruno)
    bruno.post(REGISTER, first_screen(draft=token_of(bruno), distributor="D-001"))
    other = Deal.objects.get(partner=cast.bravo)
    data = {"action": "upload", "kind": "meeting", "dated_on": "2025-01-10", "file": pdf()}
    bruno.post(step(other, "contact"), data)
    foreign = other.evidence.get()
    answer = sign_in(cast.amir).post(step(draft, "contact"), {"action": f"remove-{foreign.pk}"})
    assert answer.status_code == 404
    assert other.evidence.exists()


def test_a_wrong_mail_address_does_not_lose_the_notes(cast, sign_in, draft):
    answer = sign_in(cast.amir).post(
        step(draft, "contact"), {"contact_email": "nope", "notes": "Budget is there.", "action": "continue"}
    )
    draft.refresh_from_db()
    assert draft.notes == "Budget is there."
    assert 'value="nope"' in answer.content.decode()


# Review, submission, receipt.


def test_the_review_says_what_is_missing_and_leads_there(cast, sign_in, draft):
    page = sign_in(cast.amir).get(step(draft, "review")).content.decode()
    assert "Still missing before you can submit" in page
    assert f"{step(draft, 'lines')}?check#lines" in page
    refused = sign_in(cast.amir).post(step(draft, "review"), {"action": "submit"})
    assert refused.status_code == 422
    assert Deal.objects.get().status == DealStatus.DRAFT


def test_a_refusal_names_the_step_where_it_can_be_put_right(cast, sign_in, ready):
    Deal.objects.filter(pk=ready.pk).update(customer_country="US")
    answer = sign_in(cast.amir).post(step(ready, "review"), {"action": "submit"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not authorised for this country" in page
    assert f"{step(ready, 'customer')}?check#id_customer_country" in page


def test_coming_from_the_review_the_missing_fields_are_marked(cast, sign_in, draft):
    Deal.objects.filter(pk=draft.pk).update(engagement="")
    answer = sign_in(cast.amir).get(step(draft, "customer") + "?check")
    assert "engagement" in answer.context["form"].errors


def test_submitting_gives_a_receipt_with_the_hour_of_the_decision(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    answer = browser.post(step(ready, "review"), {"action": "submit"})
    assert answer.url == reverse("deals:receipt", kwargs={"ref": ready.reference})
    ready.refresh_from_db()
    page = browser.get(answer.url).content.decode()
    assert ready.reference in page
    assert "Distri Nord" in page
    assert ("CET" in page) or ("CEST" in page)
    assert "Amir Haddad" in page or "Alice Moreau" in page


def test_submitting_twice_gives_the_same_receipt_and_one_mail(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    first = browser.post(step(ready, "review"), {"action": "submit"})
    second = browser.post(step(ready, "review"), {"action": "submit"})
    assert first.url == second.url
    assert Notification.objects.filter(kind="deal-submitted", recipient=cast.amir).count() == 1
    assert (look_at_due(at=timezone.now()), look_at_due(at=timezone.now())) == (1, 0)
    assert Notification.objects.filter(kind="deal-to-decide").count() == 1


def test_the_answer_is_the_same_whether_the_customer_is_taken_or_not(cast, sign_in):
    """Rule E6."""
    pages = []
    for person, group in ((cast.bruno, "total-security"), (cast.amir, "total-security")):
        browser = sign_in(person)
        sent = first_screen(draft=token_of(browser), product_group=group, distributor="D-001")
        browser.post(REGISTER, sent)
        deal = Deal.objects.order_by("-pk")[0]
        browser.post(step(deal, "lines"), lines(line(cast, sku="TOT-01")))
        answer = browser.post(step(deal, "review"), {"action": "submit"})
        assert answer.status_code == 302
        pages.append(browser.get(answer.url))
    assert Deal.objects.filter(status=DealStatus.SUBMITTED).count() == 2
    taken = pages[1].content.decode()
    assert len(pages[0].templates) == len(pages[1].templates)
    for word in ("conflict", "another registration", "Bravo"):
        assert word not in taken


def test_ones_own_second_registration_is_refused_with_its_number(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    browser.post(step(ready, "review"), {"action": "submit"})
    browser.post(REGISTER, first_screen(draft=token_of(browser)))
    again = Deal.objects.get(status=DealStatus.DRAFT)
    browser.post(step(again, "lines"), lines(line(cast)))
    answer = browser.post(step(again, "review"), {"action": "submit"})
    assert answer.status_code == 422
    assert f"/deals/{ready.reference}/" in answer.content.decode()


def test_a_submitted_deal_is_no_longer_changed_by_its_draft_pages(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    browser.post(step(ready, "review"), {"action": "submit"})
    answer = browser.post(step(ready, "customer"), first_screen(nodes="7"))
    assert answer.status_code == 302
    ready.refresh_from_db()
    assert ready.nodes == 100


# Who, and other addresses.


@pytest.mark.parametrize("name", ["customer", "lines", "contact", "review"])
@pytest.mark.parametrize("person", ["bruno", "carla", "denise", "dieter", "karim", "nora", "stranger"])
def test_a_draft_is_its_partners_alone(cast, sign_in, ready, person, name):
    browser = sign_in(getattr(cast, person))
    assert browser.get(step(ready, name)).status_code == 404
    assert browser.post(step(ready, name), {"action": "submit"}).status_code == 404
    assert browser.post(reverse("deals:discard", kwargs={"ref": ready.reference})).status_code == 404


@pytest.mark.parametrize("person", ["adam", "tina"])
def test_colleagues_without_the_right_may_look_at_a_draft_and_nothing_else(cast, sign_in, ready, person):
    browser = sign_in(getattr(cast, person))
    page = browser.get(step(ready, "review"))
    assert page.status_code == 200
    assert "Submit the registration" not in page.content.decode()
    assert browser.post(step(ready, "review"), {"action": "submit"}).status_code == 403
    assert browser.get(step(ready, "customer")).status_code == 403
    assert browser.post(step(ready, "lines"), lines(line(cast))).status_code == 403
    assert browser.post(reverse("deals:discard", kwargs={"ref": ready.reference})).status_code == 403


def test_a_draft_can_be_discarded_and_a_submitted_deal_cannot(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    address = reverse("deals:discard", kwargs={"ref": ready.reference})
    assert browser.get(address).status_code == 405
    browser.post(step(ready, "review"), {"action": "submit"})
    assert browser.post(address).status_code == 409
    Deal.objects.get()
    browser.post(REGISTER, first_screen(draft=token_of(browser), customer_name="Autre client"))
    other = Deal.objects.get(status=DealStatus.DRAFT)
    assert browser.post(reverse("deals:discard", kwargs={"ref": other.reference})).status_code == 302
    assert not Deal.objects.filter(pk=other.pk).exists()


def test_a_misread_number_leads_to_the_canonical_address(cast, sign_in, ready):
    browser = sign_in(cast.amir)
    typed = ready.reference.lower().replace("0", "o")
    answer = browser.get(f"/deals/{typed}/draft/review/?check")
    assert answer.status_code == 301
    assert answer.url == f"{step(ready, 'review')}?check"
    assert browser.get("/deals/DR-000001/draft/review/").status_code == 404
    assert browser.get(step(ready, "nonsense")).status_code == 404


def test_a_partner_without_a_distributor_is_told_so(cast, sign_in):
    Supply.objects.filter(partner=cast.alpha).delete()
    page = sign_in(cast.amir).get(REGISTER).content.decode()
    assert "buys from no distributor" in page


def test_registering_costs_a_bounded_number_of_queries(cast, sign_in, ready, django_assert_max_num_queries):
    browser = sign_in(cast.amir)
    browser.get(step(ready, "review"))
    for name in ("customer", "lines", "contact", "review"):
        with django_assert_max_num_queries(20):
            browser.get(step(ready, name))
