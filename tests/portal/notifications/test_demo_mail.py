"""The demo's mails: written to files, read on a page that exists in the demo alone."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as portal_settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.utils import timezone

from portal.core.mail_files import newest_mails, open_mail
from portal.notifications.actions import deliver_due
from tests.portal.notifications.letters import register


@pytest.fixture
def mail_folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "portal.core.mail_files.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return settings.EMAIL_FILE_PATH


@pytest.fixture
def demo(settings, mail_folder):
    settings.DEMO = True
    return mail_folder


ANY = "20260101T000000000000-0123456789abcdef"


def letter(
    subject="Réception : DR-7K3F9Q", to="Alice Moreau <alice@alpha.example>", html="<head></head><p>Été</p>"
):
    sent = EmailMultiAlternatives(subject, "Voilà, c'est fait : https://portal.example/x\n", to=[to])
    if html:
        sent.attach_alternative(html, "text/html")
    sent.send()


def test_each_mail_is_a_file_of_its_own(mail_folder):
    letter()
    letter(subject="Second", to="bob@bravo.example", html="")
    newest, oldest = newest_mails(10)
    assert (newest.subject, oldest.subject) == ("Second", "Réception : DR-7K3F9Q")
    assert oldest.receivers == ("alice@alpha.example",)
    opened = open_mail(oldest.name)
    assert opened.text.startswith("Voilà, c'est fait")
    assert "<p>Été</p>" in opened.html
    assert open_mail(newest.name).html == ""
    assert len(newest_mails(1)) == 1


def test_a_mail_sent_again_is_recognised(mail_folder):
    for text in ("first", "again"):
        EmailMessage("x", text, to=["a@x.example"], headers={"Message-ID": "<1@x.example>"}).send()
    (only,) = newest_mails(10)
    assert open_mail(only.name).text.strip() == "again"


def test_a_mail_to_nobody_is_not_written(mail_folder):
    with get_connection() as connection:
        assert connection.send_messages([EmailMessage("x", "y", to=[])]) == 0
    assert newest_mails(10) == []


def test_nothing_else_in_the_folder_can_be_read(mail_folder):
    letter()
    (mail_folder.parent / "secret.eml").write_text("Subject: secret\n\n")
    (mail_folder / "notes.eml").write_text("Subject: notes\n\n")
    assert len(newest_mails(10)) == 1
    for name in ("../secret", "notes", ANY, ""):
        assert open_mail(name) is None


def test_without_files_there_is_nothing_to_list(settings):
    settings.EMAIL_BACKEND = "portal.core.mail_files.EmailBackend"
    settings.EMAIL_FILE_PATH = None
    assert newest_mails(10) == []
    assert open_mail(ANY) is None
    with pytest.raises(ImproperlyConfigured):
        letter()


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", f"{ANY}/", f"{ANY}/html/"])
def test_outside_the_demo_there_is_no_such_page(client, cast, mail_folder, address):
    client.force_login(cast.nora)
    assert not portal_settings.DEMO
    assert client.get(f"/demo/mail/{address}").status_code == 404


@pytest.mark.django_db
def test_the_demo_lists_and_shows_mails_without_signing_in(client, demo):
    assert "No mail yet" in client.get("/demo/mail/", headers={"accept-language": "en"}).content.decode()
    letter()
    letter(subject="Second", to="bob@bravo.example", html="")
    page = client.get("/demo/mail/").content.decode()
    assert "DR-7K3F9Q" in page and "Second" in page
    only = client.get("/demo/mail/", {"to": "BOB@bravo.example"}).content.decode()
    assert "Second" in only and "DR-7K3F9Q" not in only
    assert client.get("/demo/mail/", {"to": "nobody@x.example", "page": "zz"}).status_code == 200

    newest, oldest = newest_mails(2)
    shown = client.get(f"/demo/mail/{oldest.name}/")
    assert "<iframe" in shown.content.decode()
    assert "frame-src 'self'" in shown["Content-Security-Policy"]
    as_text = client.get(f"/demo/mail/{oldest.name}/", {"as": "text"}).content.decode()
    assert 'href="https://portal.example/x"' in as_text and "<iframe" not in as_text
    assert "<iframe" not in client.get(f"/demo/mail/{newest.name}/").content.decode()
    assert newest.at.tzinfo is not None and abs(timezone.now() - newest.at) < timedelta(minutes=5)
    assert re.search(r"\d CES?T\b", page) and not re.search("CES?T:", page)
    assert client.get(f"/demo/mail/{newest.name}/html/").status_code == 404
    assert client.get(f"/demo/mail/{ANY}/").status_code == 404


@pytest.mark.django_db
def test_the_html_of_a_mail_stands_in_a_sandbox(client, demo):
    letter(html="<html><head></head><body><script>alert(1)</script></body></html>")
    (only,) = newest_mails(2)
    answer = client.get(f"/demo/mail/{only.name}/html/")
    policy = answer["Content-Security-Policy"]
    assert (
        "sandbox allow-popups" in policy
        and "allow-scripts" not in policy
        and "allow-same-origin" not in policy
    )
    assert "default-src 'none'" in policy and "script-src" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in answer.content.decode()


@pytest.mark.django_db
def test_what_the_portal_tells_arrives_in_the_folder(cast, demo):
    deal = register(cast, cast.amir)
    deliver_due(at=timezone.now() + timedelta(seconds=1), most=10)
    assert mail.outbox == []
    mails = newest_mails(10)
    assert {one.receivers[0].split("@")[0] for one in mails} == {"alice", "amir", "denise"}
    opened = open_mail(mails[0].name)
    assert deal.reference in opened.text and deal.reference in opened.html
