"""Whoever has no account reads what their employer holds about them by a secret link that ends by itself."""

import re
from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.utils import timezone

from partners.certification import tasks
from partners.certification.actions import telling
from partners.certification.actions.telling import ask_to_tell, send_data_link, told_employment
from partners.certification.models import Employment, Person
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from tests.partners.certification.people import certify
from tests.partners.certification.team import employ

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(cast):
    User.objects.update(language="en")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def eva(cast):
    """Eva works for Alpha, has worked for Bravo, and has no account."""
    before = employ(cast.bravo, "Eva Zorb", email="eva@bravo.example", left_on="2025-06-30")
    eva = employ(
        cast.alpha, "Eva Lind", email="eva@alpha.example", person=before.person, hired_on="2025-07-01"
    )
    certify(eva)
    return eva


def link(letter) -> str:
    return re.search(r"https?://[^/]+(/privacy/held/\S+/)", letter.body).group(1)


def sent(eva, by, at) -> str:
    ask_to_tell(eva.pk, by=by, at=at)
    assert send_data_link(eva.pk, at=at)
    return link(mail.outbox[-1])


@pytest.mark.parametrize("who", ["alice", "karim"])
def test_the_link_shows_what_the_employer_holds_and_nothing_of_another(cast, eva, client, now, who):
    place = sent(eva, getattr(cast, who), now)
    letter = mail.outbox[-1]
    assert letter.to == ["eva@alpha.example"] and "Alpha" in letter.subject
    page = client.get(place)
    text = page.content.decode()
    assert "Eva Lind" in text and "Alpha" in text and "no-store" in page["Cache-Control"]
    assert "Zorb" not in text and "Bravo" not in text
    assert "Technical" in text and ">technical" not in text and "1 Jul 2025" in text
    file = client.get(f"{place}data.json")
    assert [one["name"] for one in file.json()["employments"]] == ["Eva Lind"]
    assert Event.objects.about(eva).filter(verb="employment.data_link_asked").count() == 1


def test_who_may_have_it_sent(cast, eva, now):
    for who in (cast.bruno, cast.amir, cast.denise, cast.august, cast.ingrid):
        with pytest.raises(NotAllowed):
            ask_to_tell(eva.pk, by=who, at=now)


def test_not_without_an_address_nor_to_whoever_has_an_account_nor_twice_an_hour(cast, eva, now):
    nobody = employ(cast.alpha, "No Address")
    with pytest.raises(RuleViolation):
        ask_to_tell(nobody.pk, by=cast.alice, at=now)
    tina = employ(cast.alpha, "Tina Faure", email="tina@alpha.example", user=cast.tina)
    with pytest.raises(WrongState) as refusal:
        ask_to_tell(tina.pk, by=cast.alice, at=now)
    assert refusal.value.code == "has-account"
    ask_to_tell(eva.pk, by=cast.alice, at=now)
    for moment in (now, now + timedelta(hours=5)):
        with pytest.raises(WrongState):
            ask_to_tell(eva.pk, by=cast.alice, at=moment)
    send_data_link(eva.pk, at=now)
    with pytest.raises(WrongState):
        ask_to_tell(eva.pk, by=cast.alice, at=now + timedelta(minutes=59))
    ask_to_tell(eva.pk, by=cast.alice, at=now + timedelta(minutes=61))


def test_the_link_ends_with_its_time_a_newer_mail_or_the_erasing_and_no_forged_one_holds(
    cast, eva, client, now, settings
):
    first = sent(eva, cast.alice, now - timedelta(hours=2))
    second = sent(eva, cast.alice, now)
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    forged = second[:-3] + ("A" if second[-3] != "A" else "B") + "/"
    for place in (forged, "/privacy/held/x/", "/privacy/held/x/data.json"):
        assert client.get(place).status_code == 404
    assert b"no longer valid" in client.get(forged).content
    token = second.split("/")[-2]
    assert told_employment(token) == eva
    settings.INVITATION_VALID_DAYS = -1
    assert client.get(second).status_code == 404
    settings.INVITATION_VALID_DAYS = 14
    Person.objects.filter(pk=eva.person_id).update(erased_at=now)
    assert client.get(second).status_code == 404


def test_a_mail_that_failed_goes_out_with_the_next_sweep_and_once(cast, eva, now, monkeypatch):
    ask_to_tell(eva.pk, by=cast.alice, at=now)

    def away(employment):
        raise SMTPException("away")

    with monkeypatch.context() as broken:
        broken.setattr(telling, "_mail_of", away)
        assert tasks.send_unsent_links(now)[tasks.LINKS_FAILED] == 1
    assert tasks.send_data_links()[tasks.LINKS_SENT] == 1
    assert tasks.send_data_links()[tasks.LINKS_SENT] == 0
    assert not send_data_link(eva.pk, at=now)
    assert len(mail.outbox) == 1


def test_the_request_wakes_the_worker_after_the_commit(
    cast, eva, now, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr(telling.celery, "send_task", lambda name, **options: woken.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        ask_to_tell(eva.pk, by=cast.alice, at=now)
    assert woken == [tasks.send_data_links.name]


def test_without_an_address_any_more_nothing_is_sent(cast, eva, now):
    ask_to_tell(eva.pk, by=cast.alice, at=now)
    Employment.objects.filter(pk=eva.pk).update(email="")
    assert not send_data_link(eva.pk, at=now)
    assert not mail.outbox and Employment.objects.get(pk=eva.pk).data_asked_at is None


def test_the_employee_s_page_sends_it(cast, eva, sign_in):
    alice, place = sign_in(cast.alice), eva.get_absolute_url()
    assert "Send the link to their data" in alice.get(place).content.decode()
    said = alice.post(f"/privacy/employees/{eva.pk}/tell/", follow=True).content.decode()
    assert "The link is on its way" in said
    assert "own data sent" in said and "employment.data_link_asked" not in said
    again = alice.post(f"/privacy/employees/{eva.pk}/tell/", follow=True).content.decode()
    assert "within the last hour" in again
    tina = employ(cast.alpha, "Tina Faure", user=cast.tina, email="tina@alpha.example")
    assert "Send the link" not in alice.get(tina.get_absolute_url()).content.decode()
