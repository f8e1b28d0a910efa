"""Frame, sign-in and error pages as a person meets them."""

import json

import pytest
from django.test import Client

from partners.organisations.access import require
from portal.core.errors import NotAllowed
from tests.cast import PASSWORD


@pytest.fixture(autouse=True)
def face_urls(settings):
    settings.ROOT_URLCONF = "tests.portal.core.face_urls"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/face/nowhere/", 404, "We cannot find this page"),
        ("/face/forbidden/", 403, "Your role does not allow this step"),
        ("/face/not-allowed/", 403, "Ask your account administrator."),
        ("/face/too-late/", 409, "This step is no longer possible."),
    ],
)
def test_refusals_keep_the_frame_for_those_who_are_signed_in(cast, sign_in, path, status, said):
    answer = sign_in(cast.amir).get(path)
    page = answer.content.decode()
    assert answer.status_code == status
    assert said in page
    assert 'id="menu"' in page
    assert "Alpha Sécurité" in page


def test_who_gives_roles_is_not_sent_to_the_administrator(cast, sign_in):
    for person in (cast.alice, cast.denise, cast.karim, cast.nora):
        page = sign_in(person).get("/face/forbidden/").content.decode()
        assert "account administrator" not in page
    with pytest.raises(NotAllowed, match="for other roles"):
        require(cast.alice, "deals.see_queue")
    with pytest.raises(NotAllowed, match="for other roles"):
        require(cast.karim, "deals.register")
    with pytest.raises(NotAllowed, match="Ask your account administrator"):
        require(cast.adam, "deals.register")


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), [("/face/broken/", 500), ("/face/unreadable/", 400)])
def test_errors_on_our_side_stand_without_the_frame(path, status, django_assert_num_queries):
    browser = Client(raise_request_exception=False)
    with django_assert_num_queries(0):
        answer = browser.get(path)
    assert answer.status_code == status
    assert 'id="menu"' not in answer.content.decode()
    assert b"<h1>" in answer.content


@pytest.mark.django_db
def test_a_form_without_its_key_is_explained():
    answer = Client(enforce_csrf_checks=True).post("/preferences/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "Your page was too old" in answer.content.decode()


def test_no_page_of_the_frame_holds_inline_code(cast, sign_in):
    page = sign_in(cast.amir).get("/styleguide/").content.decode()
    assert "style=" not in page
    assert "onclick" not in page
    assert "<script>" not in page


def findings(page, axe_source):
    page.evaluate(axe_source)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]]


def enter(page, person):
    page.goto("/accounts/login/?next=/styleguide/")
    page.fill("#id_login", person.email)
    page.fill("#id_password", PASSWORD)
    page.click("form.acc-form button.btn-primary")
    page.wait_for_load_state()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_for_visitors(page, cast, axe_source, theme, width):
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for path in (
        "/accounts/login/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/styleguide/",
        "/face/broken/",
        "/face/unreadable/",
        "/face/stale/",
    ):
        page.goto(path)
        found[path] = findings(page, axe_source)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, path
        assert page.evaluate("document.documentElement.dataset.bsTheme") in (theme, None)
    assert json.dumps({path: problems for path, problems in found.items() if problems}) == "{}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_for_those_who_are_signed_in(page, cast, axe_source, theme):
    page.emulate_media(color_scheme=theme)
    enter(page, cast.amir)
    found = {}
    for path in (
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/logout/",
        "/face/not-allowed/",
        "/face/too-late/",
        "/face/nowhere/",
        "/styleguide/",
    ):
        page.goto(path)
        found[path] = findings(page, axe_source)
    assert json.dumps({path: problems for path, problems in found.items() if problems}) == "{}"


def test_a_list_is_sorted_turned_and_searched_in_place(page, cast):
    page.goto("/styleguide/")
    page.evaluate("window.stayed = true")
    page.click("thead a:has-text('Number')")
    page.wait_for_url("**/?sort=-reference")
    page.click("nav[aria-label=Pages] a:has-text('2')")
    page.wait_for_url("**/?sort=-reference&page=2")
    page.locator("#id_q").press_sequentially("alpha")
    page.wait_for_url("**/?q=alpha*")
    assert page.evaluate("window.stayed")
    assert page.locator(".table-rows").count() == 1
    assert page.locator("header.topbar").count() == 1


def test_a_step_that_cannot_be_undone_is_asked_about_first(page, cast):
    page.goto("/styleguide/")
    page.click("form[data-confirm] button")
    assert page.inner_text("dialog[open] h2") == "Withdraw this deal?"
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.url.endswith("/styleguide/")


def test_a_choice_is_found_by_typing_and_never_left_half_made(page, cast):
    page.goto("/styleguide/")
    page.fill("#deal_country", "ger")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#deal_country") == "Germany"
    assert page.eval_on_selector("#deal_country-value", "field => field.value") == "DE"
    page.fill("#deal_country", "atlantis")
    page.keyboard.press("Tab")
    # What was typed stays in sight, with a message; it chooses nothing.
    assert page.input_value("#deal_country") == "atlantis"
    assert page.eval_on_selector("#deal_country-value", "field => field.value") == ""


def test_the_appearance_changes_at_once_and_stays(page, cast):
    enter(page, cast.amir)
    page.goto("/styleguide/")
    page.click("summary[aria-label=Appearance]")
    with page.expect_response("**/preferences/theme/"):
        page.click(".pop-panel button[value=dark]")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert cast.again(cast.amir).theme == "dark"


def test_a_list_on_a_phone_leaves_out_what_says_nothing(page, cast):
    page.goto("/styleguide/")
    row = page.locator("tr", has_text="DR-7K3F01")
    nothing = row.locator("td", has_text="–")
    assert nothing.is_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert row.is_visible() and not nothing.is_visible()


def test_the_menu_on_a_phone_opens_without_a_script(browser, live_server, cast):
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = context.new_page()
    enter(page, cast.amir)
    page.goto("/styleguide/")
    assert page.locator(".side-nav a:visible").count() == 0
    page.click(".menu-button")
    assert page.locator(".side-nav a:visible").count() > 0
    context.close()
