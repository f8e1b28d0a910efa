"""Fields searched by typing: what is typed is taken, or stays with a word about it."""

import pytest
from django.conf import settings
from django.test import Client

from portal.accounts.models import User
from tests.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def form(page, live_server):
    cast = make_cast()
    User.objects.update(language="en")
    client = Client()
    client.force_login(cast.amir)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    page.goto("/settings/")
    return page


def chosen(page):
    return page.input_value("#id_time_zone"), page.evaluate(
        "document.querySelector('select[name=time_zone]').value"
    )


def clear_and_type(page, text):
    page.fill("#id_time_zone", "")
    page.locator("#id_time_zone").press_sequentially(text)


@pytest.mark.parametrize("leave", ["Tab", "Enter", None])
@pytest.mark.parametrize("typed", ["europe/paris", "Europe/Pari"])
def test_the_whole_name_or_an_only_match_is_taken(form, typed, leave):
    clear_and_type(form, typed)
    if leave:
        form.keyboard.press(leave)
    else:
        form.click("h1")
    assert chosen(form) == ("Europe/Paris", "Europe/Paris")
    assert form.url.endswith("/settings/")


@pytest.mark.parametrize("typed", ["Nowhere", "Europe/"])
def test_what_names_nothing_stays_with_a_message_and_is_not_sent(form, typed):
    clear_and_type(form, typed)
    form.keyboard.press("Tab")
    assert chosen(form) == (typed, "")
    assert form.is_visible("text=Nothing in the list is called that")
    form.click("main form[method=post] .btn-primary")
    assert chosen(form) == (typed, "")
    clear_and_type(form, "Europe/Paris")
    form.keyboard.press("Tab")
    assert form.locator(".combo-note").count() == 0
    assert chosen(form) == ("Europe/Paris", "Europe/Paris")


def test_an_emptied_field_is_no_choice_without_a_message(form):
    clear_and_type(form, "Europe/Paris")
    form.keyboard.press("Tab")
    form.fill("#id_time_zone", "")
    form.keyboard.press("Tab")
    assert chosen(form) == ("", "")
    assert form.locator(".combo-note").count() == 0
