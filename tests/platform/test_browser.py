"""The browser of the tests works, and the sign-in page keeps the content security policy."""


def test_the_sign_in_page_opens_without_complaints(page):
    answer = page.goto("/accounts/login/")
    assert answer.status == 200
    assert page.locator("input[type=password]").count() == 1
    assert page.evaluate("getComputedStyle(document.body).fontFamily") != ""


def test_static_files_of_the_allow_list_and_no_others_are_served(page):
    served = page.request.get("/static/@tabler/core/dist/css/tabler.min.css")
    assert served.status == 200
    assert page.request.get("/static/@tabler/core/package.json").status == 404
    assert page.request.get("/static/axe-core/axe.min.js").status == 404
