"""The address that a person signs in with changes only by a link sent to the new one."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from partners.organisations.actions.email_address import confirm_address
from partners.organisations.actions.people import accept_invitation_as_new_person, invite_person
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import WrongState
from tests.cast import PASSWORD

PAGE = "/settings/email/"
NEW = "amir.haddad@alpha-securite.example"


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="en")


def ask(browser, email=NEW, password=PASSWORD):
    return browser.post(PAGE, {"email": email, "password": password})


def link_in(letter) -> str:
    return re.search(r"/settings/email/\S+/", letter.body).group()


def signs_in(browser, email: str) -> bool:
    answer = browser.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return answer.status_code == 302


def test_a_link_sent_to_the_new_address_changes_it_and_the_old_one_is_told(cast, sign_in):
    amir, old = sign_in(cast.amir), cast.amir.email
    elsewhere = sign_in(cast.amir)
    assert ask(amir).status_code == 302
    (letter,) = mail.outbox
    assert letter.to == [NEW]
    cast.amir.refresh_from_db()
    assert cast.amir.email == old  # nothing changes before
    link = link_in(letter)
    page = amir.get(link)
    assert NEW in page.content.decode()
    cast.amir.refresh_from_db()
    assert cast.amir.email == old  # a look changes nothing
    assert amir.post(link)["Location"] == "/settings/"
    cast.amir.refresh_from_db()
    assert cast.amir.email == NEW
    assert [
        (one.email, one.verified, one.primary) for one in EmailAddress.objects.filter(user=cast.amir)
    ] == [(NEW, True, True)]
    told = mail.outbox[-1]
    assert told.to == [old]
    assert NEW in told.body
    event = Event.objects.get(verb="user.email_changed")
    assert (event.subject, event.actor, event.data) == (cast.amir, cast.amir, {"before": old, "after": NEW})
    assert amir.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302  # other sessions end
    assert signs_in(sign_in(), NEW)
    assert not signs_in(sign_in(), old)


def test_the_link_works_once_for_a_day_and_for_the_person_who_asked(cast, sign_in):
    amir = sign_in(cast.amir)
    ask(amir)
    link = link_in(mail.outbox[0])
    assert sign_in().get(link).status_code == 302  # to sign in first
    assert sign_in(cast.bruno).get(link).status_code == 410
    assert sign_in(cast.bruno).post(link).status_code == 410
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert sign_in(cast.amir).post(link).status_code == 410
    assert amir.get("/settings/email/forged/").status_code == 410
    assert amir.post(link).status_code == 302
    assert amir.post(link).status_code == 410
    cast.bruno.refresh_from_db()
    assert cast.bruno.email == "bruno@bravo-it.example"


def test_the_answer_does_not_tell_whether_somebody_has_the_address(cast, sign_in):
    free, taken = sign_in(cast.amir), sign_in(cast.amir)
    answers = [ask(free), ask(taken, cast.bruno.email.upper())]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]
    said = [browser.get(PAGE).content.decode() for browser in (free, taken)]
    assert f"A mail is on its way to {NEW}." in said[0]
    assert f"A mail is on its way to {cast.bruno.email.upper()}." in said[1]
    letter = mail.outbox[-1]
    assert letter.to == [cast.bruno.email]
    assert "/settings/email/" not in letter.body  # no link for Amir's sake
    assert cast.amir.full_name not in letter.body


def test_an_address_taken_in_the_meantime_stays_with_its_owner(cast, sign_in):
    amir = sign_in(cast.amir)
    ask(amir)
    User.objects.filter(pk=cast.tina.pk).update(email=NEW)
    assert amir.post(link_in(mail.outbox[0])).status_code == 410
    with pytest.raises(WrongState):
        confirm_address(link_in(mail.outbox[0]).split("/")[3], by=cast.amir, at=timezone.now())
    assert not Event.objects.filter(verb="user.email_changed").exists()


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        (NEW, "wrong", "password"),
        (NEW, "", "password"),
        ("", PASSWORD, "email"),
        ("no address", PASSWORD, "email"),
        ("AMIR@alpha-securite.example", PASSWORD, "email"),
        ("a" * 300 + "@x.example", PASSWORD, "email"),
    ],
)
def test_what_is_not_right_is_said_on_the_field(cast, sign_in, email, password, field):
    answer = ask(sign_in(cast.amir), email, password)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert mail.outbox == []


def test_nobody_sends_mails_without_end(cast, sign_in):
    browser = sign_in(cast.amir)
    for number in range(5):
        assert ask(browser, f"a{number}@x.example").status_code == 302
    refused = ask(browser, "a6@x.example")
    assert "email" in refused.context["form"].errors
    assert len(mail.outbox) == 5


def test_without_a_mail_to_the_old_address_nothing_changes(cast, sign_in, settings):
    browser = sign_in(cast.amir)
    ask(browser)
    settings.EMAIL_BACKEND = "tests.partners.organisations.test_email_address.DeadMailServer"
    assert browser.post(link_in(mail.outbox[0])).status_code == 302
    cast.amir.refresh_from_db()
    assert cast.amir.email == "amir@alpha-securite.example"
    assert not Event.objects.filter(verb="user.email_changed").exists()
    assert "could not be sent" in ask(browser).content.decode()


class DeadMailServer:
    def __init__(self, **_options):
        pass

    def send_messages(self, _messages):
        raise ConnectionRefusedError


def test_the_page_of_allauth_leads_to_ours_and_adds_nothing(cast, sign_in):
    browser = sign_in(cast.amir)
    answer = browser.post("/accounts/email/", {"email": NEW, "action_add": "", "action_primary": ""})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert not EmailAddress.objects.filter(email=NEW).exists()


def test_an_invitation_proves_the_address(cast, sign_in):
    invitation = invite_person(
        cast.alpha,
        by=cast.alice,
        at=timezone.now(),
        email="Zoe@alpha-securite.example",
        full_name="Zoé Roy",
        role="partner_sales",
    )
    # Somebody who had noted the address before it was proven does not keep it.
    EmailAddress.objects.create(user=cast.bruno, email="zoe@alpha-securite.example")
    zoe = accept_invitation_as_new_person(
        invitation.pk, at=timezone.now(), full_name="Zoé Roy", password=PASSWORD
    )
    address = EmailAddress.objects.get(email="zoe@alpha-securite.example")
    assert (address.user, address.verified, address.primary) == (zoe, True, True)
    browser = sign_in()
    assert signs_in(browser, "zoe@alpha-securite.example")
    second_factor = "/accounts/2fa/totp/activate/"
    browser.post(f"/accounts/reauthenticate/?next={second_factor}", {"password": PASSWORD})
    assert browser.get(second_factor).status_code == 200


def test_the_change_stands_in_the_history_of_the_person(cast, sign_in):
    amir = sign_in(cast.amir)
    ask(amir)
    amir.post(link_in(mail.outbox[0]))
    page = sign_in(cast.alice).get(f"/people/{cast.amir.memberships.get().pk}/").content.decode()
    assert "E-mail address changed" in page
