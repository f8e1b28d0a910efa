"""An earlier customer of one's own, chosen while one types."""

import pytest
from django.utils import timezone

from dealreg.deals.models import Deal
from tests.cast import make_cast
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def form(transactional_db, page, live_server, sign_in):
    """Amir registers; his company and another one have named hospitals before."""
    cast = stages.in_english(make_cast())
    stages.submitted(
        cast,
        at=timezone.now(),
        customer_name="Clinique du Lac",
        customer_city="Annecy",
        web_domain="clinique-lac.fr",
        company_number="FR 40 303 265 045",
    )
    stages.submitted(cast, at=timezone.now(), customer_name="Clinique Nord")
    stages.submitted(cast, cast.bruno, at=timezone.now(), customer_name="Clinique des Autres")
    session = sign_in(cast.amir).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/deals/register/")
    return page


def options(form):
    form.locator("[role=option]", has_text="Clinique").first.wait_for()
    return {text.splitlines()[0] for text in form.locator("[role=option]:visible").all_inner_texts()}


def test_a_customer_of_ones_own_fills_the_form_and_is_kept_with_its_town(form):
    name = form.locator("#id_customer_name")
    name.press_sequentially("cliniq", delay=20)
    # Another partner's customer is not among them (rule E6).
    assert options(form) == {"Clinique du Lac", "Clinique Nord"}
    form.locator("[role=option]", has_text="Clinique du Lac").click()
    assert name.input_value() == "Clinique du Lac"
    assert form.input_value("[name=web_domain]") == "clinique-lac.fr"
    assert form.input_value("[name=company_number]") == "FR 40 303 265 045"
    assert form.locator("[data-town]").inner_text() == "Town: Annecy"
    form.wait_for_selector("#saved:has-text('Saved')")
    draft = Deal.objects.get(status="draft")
    assert (draft.customer_name, draft.customer_city) == ("Clinique du Lac", "Annecy")
    assert (draft.web_domain, draft.company_number) == ("clinique-lac.fr", "FR 40 303 265 045")


def test_the_keyboard_chooses_too_and_what_was_typed_before_stays(form):
    form.fill("[name=web_domain]", "our-own-note.fr")
    name = form.locator("#id_customer_name")
    name.press_sequentially("nord", delay=20)
    assert options(form) == {"Clinique Nord"}
    name.press("ArrowDown")
    name.press("Enter")
    assert name.input_value() == "Clinique Nord"
    # The earlier deal knows no domain.
    assert form.input_value("[name=web_domain]") == "our-own-note.fr"
    assert form.locator("[data-town]").is_hidden()


def test_another_name_is_another_company_without_the_towns_of_the_first(form):
    name = form.locator("#id_customer_name")
    name.press_sequentially("lac", delay=20)
    options(form)
    form.locator("[role=option]", has_text="Clinique du Lac").click()
    assert form.locator("[data-town]").is_visible()
    name.fill("Clinique du Lac Bleu")
    assert form.locator("[data-town]").is_hidden()
    assert form.input_value("[name=customer_city]") == ""
