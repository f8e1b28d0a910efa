import pytest
from django.conf import settings
from django.test import Client


@pytest.mark.django_db
def test_a_visitor_chooses_language_and_appearance(client: Client):
    answer = client.post("/preferences/language/", {"language": "fr", "next": "/accounts/login/"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "fr"
    client.post("/preferences/theme/", {"theme": "dark"})
    page = client.get("/accounts/login/").content.decode()
    assert '<html lang="fr" dir="ltr" data-bs-theme="dark" data-theme="dark">' in page


def test_a_persons_choice_stays_with_the_person(cast, sign_in):
    browser = sign_in(cast.amir)
    browser.post("/preferences/language/", {"language": "fr"})
    browser.post("/preferences/theme/", {"theme": "dark"})
    amir = cast.again(cast.amir)
    assert (amir.language, amir.theme) == ("fr", "dark")


@pytest.mark.parametrize(("path", "field"), [("language", "language"), ("theme", "theme")])
@pytest.mark.parametrize("value", ["", "xx", "<script>", "dark " * 200])
def test_an_unknown_choice_changes_nothing(cast, sign_in, path, field, value):
    browser = sign_in(cast.amir)
    before = getattr(cast.again(cast.amir), field)
    assert browser.post(f"/preferences/{path}/", {field: value}).status_code == 302
    assert getattr(cast.again(cast.amir), field) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""]
)
def test_the_way_back_never_leaves_the_portal(client: Client, target):
    assert client.post("/preferences/theme/", {"theme": "dark", "next": target})["Location"] == "/"


@pytest.mark.django_db
def test_a_choice_is_sent_never_followed(client: Client):
    assert client.get("/preferences/theme/").status_code == 405
