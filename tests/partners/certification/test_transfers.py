"""Certificates follow a person to another partner: asked, agreed to, decided, and told to nobody else."""

import re
from datetime import date, timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from partners.certification import tasks
from partners.certification.actions import transfers as actions
from partners.certification.actions.certificates import withdraw_certificate
from partners.certification.models import Booking, Certificate, Departure, Employment, Person, Transfer
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.calendars.actions import renew_address
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.at_once import at_once
from tests.partners.certification import school
from tests.partners.certification.people import certify, specialists_of
from tests.partners.certification.team import AT, ON, employ

pytestmark = pytest.mark.django_db
START = date(2026, 11, 2)


@pytest.fixture
def cast(cast):
    User.objects.update(language="en")
    return cast


@pytest.fixture
def move(cast):
    """Eva works for Bravo, is certified, and has been entered by Alpha from the second of November on."""
    old = employ(cast.bravo, "Eva Lind", email="eva@bravo.example")
    certificate = certify(old)
    new = employ(cast.alpha, "Eva Lind", email="eva@alpha.example", hired_on=START)
    return old, new, certificate


def ask(cast, new, certificate, at=AT):
    return actions.ask_transfer(new.pk, by=cast.alice, at=at, number=f" {certificate.number.lower()} ")


def asked_and_agreed(cast, new, certificate):
    transfer = ask(cast, new, certificate)
    return actions.agree_to_transfer(transfer.pk, at=AT)


def link_of(letter) -> str:
    return re.search(r"/team/consent/[^/\s]+/", letter.body).group()


def text_of(page, status=200) -> str:
    assert page.status_code == status, page.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


# ---------------------------------------------------------------- asking


def test_the_person_is_asked_by_mail_and_agrees_by_a_secret_link(cast, move, sign_in):
    _old, new, certificate = move
    transfer = ask(cast, new, certificate)
    assert transfer.certificate_number == certificate.number.upper()
    assert tasks.send_unsent_questions(AT)["questions to employees sent"] == 1
    (letter,) = mail.outbox
    assert letter.to == ["eva@alpha.example"] and "Alpha Sécurité" in letter.subject
    place, nobody = link_of(letter), sign_in()
    transfer.refresh_from_db()
    assert transfer.token_hash not in place
    Transfer.objects.update(token_expires_at=timezone.now() + timedelta(days=1))
    assert "asks to take your certificates along" in text_of(nobody.get(place))
    assert "The vendor decides now" in text_of(nobody.post(place, {"answer": "yes"}))
    transfer.refresh_from_db()
    assert transfer.status == "to_decide" and transfer.consented_at
    assert {row.recipient for row in Notification.objects.filter(kind="transfer-to-decide")} == {cast.karim}
    assert "no longer open" in text_of(nobody.get(place), 410)
    assert "no longer open" in text_of(nobody.post(place, {"answer": "no"}), 410)
    assert "cut off" in text_of(nobody.get("/team/consent/nonsense/"), 404)


def test_the_person_may_decline(cast, move, sign_in):
    _old, new, certificate = move
    transfer = ask(cast, new, certificate, at=timezone.now())
    tasks.send_unsent_questions(timezone.now())
    assert "You have declined" in text_of(sign_in().post(link_of(mail.outbox[0]), {"answer": "no"}))
    transfer.refresh_from_db()
    assert transfer.status == "withdrawn"
    assert Event.objects.about(transfer).filter(verb="transfer.declined").exists()


def test_a_question_goes_out_once_and_again_when_the_mail_failed(cast, move, monkeypatch):
    _old, new, certificate = move
    transfer = ask(cast, new, certificate)

    def broken(*_args):
        raise SMTPException("down")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", broken)
        assert tasks.send_unsent_questions(AT)["questions to employees failed"] == 1
    assert tasks.send_unsent_questions(AT)["questions to employees sent"] == 1
    assert not actions.send_transfer_question(transfer.pk, at=AT)
    assert len(mail.outbox) == 1


def test_the_mail_speaks_the_person_s_language(cast, move):
    _old, new, certificate = move
    User.objects.filter(pk=cast.tina.pk).update(language="fr")
    Person.objects.filter(pk=new.person_id).update(user=cast.tina)
    ask(cast, new, certificate)
    tasks.send_unsent_questions(AT)
    assert "Bonjour Eva Lind" in mail.outbox[0].body


def test_who_may_ask_and_when(cast, move):
    _old, new, certificate = move
    for who in (cast.amir, cast.bruno, cast.karim, cast.denise):
        with pytest.raises(NotAllowed):
            actions.ask_transfer(new.pk, by=who, at=AT, number=certificate.number)
    transfer = ask(cast, new, certificate)
    with pytest.raises(RuleViolation) as twice:
        ask(cast, new, certificate)
    assert (twice.value.code, twice.value.field) == ("asked-already", "number")
    # A term that has passed stands in nobody's way.
    ask(cast, new, certificate, at=AT + timedelta(days=15))
    transfer.refresh_from_db()
    assert transfer.status == "withdrawn"
    Transfer.objects.update(status="withdrawn")
    Employment.objects.filter(pk=new.pk).update(email="")
    with pytest.raises(RuleViolation) as nowhere:
        ask(cast, new, certificate)
    assert nowhere.value.code == "no-address"
    Employment.objects.filter(pk=new.pk).update(left_on=ON)
    with pytest.raises(WrongState):
        ask(cast, new, certificate)


def test_a_request_is_withdrawn_by_who_asked(cast, move):
    _old, new, certificate = move
    transfer = ask(cast, new, certificate)
    for who in (cast.amir, cast.bruno, cast.karim):
        with pytest.raises(NotAllowed):
            actions.withdraw_transfer(transfer.pk, by=who, at=AT)
    actions.withdraw_transfer(transfer.pk, by=cast.alice, at=AT)
    with pytest.raises(WrongState):
        actions.withdraw_transfer(transfer.pk, by=cast.alice, at=AT)
    with pytest.raises(WrongState):
        actions.agree_to_transfer(transfer.pk, at=AT)


def test_the_asking_partner_gets_one_answer_whether_the_number_exists_or_not(cast, move, sign_in):
    _old, new, certificate = move
    other = employ(cast.alpha, "Eva Lind", email="eva2@alpha.example", hired_on=START)
    said = []
    for employment, number in ((new, certificate.number), (other, "KC-NOTHERE00")):
        answer = sign_in(cast.alice).post(f"/team/{employment.pk}/transfer/", {"number": number}, follow=True)
        page = text_of(answer).replace(number.upper(), "N").replace(employment.email, "E")
        said.append(re.sub(r"\d\d?:\d\d", "TIME", page))
    assert said[0] == said[1]
    tasks.send_unsent_questions(timezone.now())
    first, second = (letter.body for letter in mail.outbox)
    first = re.sub(r"/team/consent/\S+", "", first).replace(certificate.number.upper(), "N")
    assert first == re.sub(r"/team/consent/\S+", "", second).replace("KC-NOTHERE00", "N")


# ---------------------------------------------------------------- deciding


def test_the_channel_manager_grants_and_the_two_records_become_one(cast, move):
    old, new, certificate = move
    Person.objects.filter(pk=new.person_id).update(user=cast.tina)
    own = certify(new, "sales")
    assert specialists_of(cast.alpha, ON) == {"sales": 1}
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    new.refresh_from_db()
    old.refresh_from_db()
    assert new.person == old.person == Person.objects.get()
    assert new.person.user == cast.tina
    assert set(Certificate.objects.filter(person=new.person)) == {certificate, own}
    assert specialists_of(cast.alpha, ON) == {"technical": 1, "sales": 1}
    assert specialists_of(cast.bravo, ON) == {}
    # The earlier employer: a departure of the day before, found by nobody in particular.
    assert old.left_on == START - timedelta(days=1)
    case = Departure.objects.get()
    assert (case.partner, case.departed_on, case.origin) == (cast.bravo, old.left_on, "transfer")
    assert (case.opened_by, case.reported_on) == (None, None)
    assert Notification.objects.filter(kind="transfer-granted", recipient=cast.alice).exists()


def test_the_earlier_employer_never_reads_where_the_person_went(cast, move, sign_in):
    old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    bruno = sign_in(cast.bruno)
    case = Departure.objects.get()
    for place in ("/", "/team/?state=left", f"/team/{old.pk}/", f"/departures/{case.reference}/", "/inbox/"):
        page = bruno.get(place)
        said = page.content.decode()
        assert (
            "Alpha" not in said
            and "eva@alpha" not in said
            and "Karim" not in said.replace("Karim Benali</bdi></a>", "")
        ), place
    assert "Works for another company" in bruno.get(f"/team/{old.pk}/").content.decode()
    for place in (f"/team/transfers/{transfer.pk}/", f"/team/{new.pk}/"):
        assert bruno.get(place).status_code == 404
    for event in Event.objects.about(old):
        assert "Alpha" not in f"{event.data}{event.reason}{event.actor_organisation}"


@pytest.fixture
def gone_on(cast, move):
    """Eva has moved on to Alpha, where she gets another certificate and a place in a course; then the vendor
    withdraws the first certificate."""
    old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    new.refresh_from_db()
    later = certify(new, "sales", issued_on=START + timedelta(days=3))
    session = school.session(
        school.course(), place="Zorbexplace", starts_at=timezone.now() + timedelta(days=40)
    )
    Booking.objects.create(
        session=session, employment=new, status="booked", booked_by=cast.alice, booked_at=AT
    )
    withdraw_certificate(certificate, by=cast.karim, at=timezone.now(), reason="Zorbexreason")
    old.refresh_from_db()
    certificate.refresh_from_db()
    return old, new, certificate, later


def everything_of(browser, places) -> str:
    said = ""
    for place in places:
        answer = browser.get(place)
        assert answer.status_code in (200, 404), (place, answer.status_code)
        parts = answer.streaming_content if answer.streaming else [answer.content]
        said += b"".join(parts).decode("utf-8", "replace") if answer.status_code == 200 else ""
    return said


def test_the_earlier_employer_reads_what_it_knew_on_the_day_of_departure_and_nothing_later(
    cast, gone_on, sign_in
):
    old, new, certificate, later = gone_on
    bruno, case = sign_in(cast.bruno), Departure.objects.get()
    own = (
        "/certificates/",
        "/certificates/?state=valid",
        "/certificates/?within=180",
        "/certificates/export.csv",
        f"/certificates/{certificate.number}/",
        "/team/?state=left",
        "/team/team.csv?state=all",
        f"/team/{old.pk}/",
        f"/team/{old.pk}/leave/",
        f"/departures/{case.reference}/",
        "/departures/?status=all",
        f"/privacy/employees/{old.pk}/",
        f"/privacy/employees/{old.pk}/data.json",
    )
    elsewhere = (
        "/",
        "/inbox/",
        "/training/",
        "/training/sessions/",
        f"/search/?q={later.number}",
        "/search/?q=Eva",
        f"/team/{new.pk}/",
        f"/certificates/{later.number}/",
        f"/privacy/employees/{new.pk}/data.json",
        f"/certificates/{certificate.number}/certificate.pdf",
    )
    said = everything_of(bruno, own)
    assert certificate.number in said
    said += everything_of(bruno, elsewhere)
    said += Client().get(f"/calendar/{renew_address(by=cast.bruno, at=timezone.now())}.ics").content.decode()
    for letter in Notification.objects.filter(recipient=cast.bruno):
        said += f"{letter.context}"
    for word in ("Alpha", "eva@alpha", later.code, certificate.code, "Zorbexreason"):
        assert word not in said, word
    place = f"/training/sessions/{Booking.objects.get().session_id}/"
    assert "Eva Lind" not in bruno.get(place).content.decode()
    assert "Eva Lind" in sign_in(cast.alice).get(place).content.decode()
    found = bruno.get("/certificates/?state=withdrawn")
    assert certificate.number not in found.content.decode()
    assert certificate.number in bruno.get("/certificates/?state=valid").content.decode()
    row = everything_of(bruno, ["/certificates/export.csv"])
    assert "Withdrawn," not in row.replace("Withdrawn on", "") and later.number not in row
    assert bruno.get(f"/certificates/{later.number}/").status_code == 404
    assert bruno.get(f"/certificates/{certificate.number}/certificate.pdf").status_code == 404
    (known,) = bruno.get(f"/privacy/employees/{old.pk}/data.json").json()["certificates"]
    assert known["number"] == certificate.number and known["withdrawn_on"] is None
    # The new employer and the vendor read the state of today.
    for who in (cast.alice, cast.karim):
        page = text_of(sign_in(who).get(f"/certificates/{certificate.number}/"))
        assert "counts no more from" in page and "Zorbexreason" in page
    told = Notification.objects.filter(kind__startswith="certificate-").values_list("recipient", flat=True)
    assert cast.bruno.pk not in told


def test_the_earlier_employer_gets_no_account_to_look_through(cast, gone_on, sign_in):
    old, _new, _certificate, later = gone_on
    helper = User.objects.create(email="helper@bravo-it.example", full_name="Helper", language="en")
    access = Membership.objects.create(user=helper, partner=cast.bravo, role=Role.PARTNER_SALES)
    bruno = sign_in(cast.bruno)
    facts = {"full_name": "Eva Lind", "email": helper.email, "hired_on": old.hired_on.isoformat()}
    assert b'name="account"' not in bruno.get(f"/team/{old.pk}/edit/").content
    page = bruno.post(f"/team/{old.pk}/edit/", facts | {"account": access.pk}, follow=True)
    assert "The details are saved." in text_of(page)
    old.person.refresh_from_db()
    assert old.person.user is None
    # An account that was linked before, and that the earlier employer opens again.
    Person.objects.filter(pk=old.person_id).update(user=helper)
    browser = sign_in(helper)
    for place in ("/team/me/", "/privacy/me/", "/privacy/me/data.json"):
        said = browser.get(place).content.decode()
        assert later.number not in said and "Alpha" not in said, place
    assert "Bravo" in browser.get("/privacy/me/").content.decode()


def test_the_person_reads_everything_under_the_account_of_the_new_employer(cast, gone_on, sign_in):
    old, _new, _certificate, later = gone_on
    Person.objects.filter(pk=old.person_id).update(user=cast.tina)
    browser = sign_in(cast.tina)
    for place in ("/team/me/", "/privacy/me/"):
        assert later.number in browser.get(place).content.decode(), place
    assert "Bravo" in browser.get("/privacy/me/").content.decode()


def test_a_refusal_needs_a_reason_that_the_partner_reads(cast, move):
    _old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)
    with pytest.raises(RuleViolation) as refusal:
        actions.refuse_transfer(transfer.pk, by=cast.karim, at=AT, reason="  ")
    assert refusal.value.field == "reason"
    actions.refuse_transfer(transfer.pk, by=cast.karim, at=AT, reason="Another person.")
    transfer.refresh_from_db()
    assert (transfer.status, transfer.reason, transfer.decided_by) == (
        "refused",
        "Another person.",
        cast.karim,
    )
    assert Notification.objects.filter(kind="transfer-refused", recipient=cast.alice).exists()
    assert Person.objects.count() == 2


def test_only_the_new_partner_s_channel_manager_decides_and_only_after_consent(cast, move):
    _old, new, certificate = move
    transfer = ask(cast, new, certificate)
    with pytest.raises(WrongState):
        actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    with pytest.raises(WrongState):
        actions.refuse_transfer(transfer.pk, by=cast.karim, at=AT, reason="x")
    actions.agree_to_transfer(transfer.pk, at=AT)
    for who in (cast.alice, cast.ingrid, cast.august, cast.denise, cast.bruno):
        with pytest.raises(NotAllowed):
            actions.grant_transfer(transfer.pk, by=who, at=AT)
        with pytest.raises(NotAllowed):
            actions.refuse_transfer(transfer.pk, by=who, at=AT, reason="x")


def test_what_does_not_fit_is_told_to_the_channel_manager_and_changes_nothing(cast, move):
    old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)

    def refused():
        with pytest.raises(RuleViolation) as refusal:
            actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
        return refusal.value.code

    Employment.objects.filter(pk=old.pk).update(hired_on=START)
    assert refused() == "started-later"
    Employment.objects.filter(pk=old.pk).update(hired_on=date(2025, 1, 1), left_on=START)
    assert refused() == "left-later"
    Employment.objects.filter(pk=old.pk).update(left_on=date(2026, 10, 1))
    same_day = certify(new, issued_on=certificate.issued_on)
    assert refused() == "does-not-fit"
    same_day.delete()
    Person.objects.filter(pk=old.person_id).update(erased_at=AT)
    assert refused() == "erased"
    Transfer.objects.filter(pk=transfer.pk).update(certificate_number="KC-NONE")
    assert refused() == "no-such-certificate"
    assert Person.objects.count() == 2 and not Departure.objects.exists()


def test_whoever_has_left_before_starts_without_another_case(cast, move):
    old, new, certificate = move
    Employment.objects.filter(pk=old.pk).update(left_on=date(2026, 10, 15))
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    assert not Departure.objects.exists()


def test_one_s_own_certificate_is_granted_without_a_change(cast, move):
    _old, new, _certificate = move
    own = certify(new, "sales")
    transfer = asked_and_agreed(cast, new, own)
    assert actions.grant_transfer(transfer.pk, by=cast.karim, at=AT).status == "granted"
    assert Person.objects.count() == 2


def test_without_a_valid_certificate_no_case_opens_at_the_earlier_employer(cast, move):
    old, new, certificate = move
    Certificate.objects.filter(pk=certificate.pk).update(expires_on=date(2026, 1, 1))
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    assert not Departure.objects.exists()
    assert Event.objects.about(old).get(verb="employment.moved_on").data["departure"] == ""


def test_the_account_at_the_earlier_employer_ends_with_the_last_day(cast, move):
    old, new, certificate = move
    access = Membership.objects.create(user=cast.tina, partner=cast.bravo, role=Role.PARTNER_SALES)
    Person.objects.filter(pk=old.person_id).update(user=cast.tina)
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    access.refresh_from_db()
    assert not access.is_active


def test_a_move_to_come_leaves_the_account_until_then(cast, move):
    old, new, certificate = move
    access = Membership.objects.create(user=cast.tina, partner=cast.bravo, role=Role.PARTNER_SALES)
    Person.objects.filter(pk=old.person_id).update(user=cast.tina)
    Employment.objects.filter(pk=new.pk).update(hired_on=ON + timedelta(days=10))
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    access.refresh_from_db()
    old.refresh_from_db()
    assert access.is_active and old.access_until == ON + timedelta(days=9)
    # The case is there already, and both times run from the day that is to come.
    case = Departure.objects.get(employment=old)
    assert (case.departed_on, case.replacement_due_on) == (ON + timedelta(days=9), ON + timedelta(days=99))


def test_the_last_administrator_of_the_earlier_employer_keeps_the_account_until_somebody_follows(cast, move):
    old, new, certificate = move
    Person.objects.filter(pk=old.person_id).update(user=cast.bruno)
    transfer = asked_and_agreed(cast, new, certificate)
    actions.grant_transfer(transfer.pk, by=cast.karim, at=AT)
    old.refresh_from_db()
    assert Membership.objects.get(user=cast.bruno).is_active and old.access_until == old.left_on
    told = Notification.objects.get(kind="partner-without-administrator", recipient=cast.karim)
    assert told.subject == cast.bravo


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_get_one_result(cast, move):
    _old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)
    answers = at_once(
        lambda: actions.grant_transfer(transfer.pk, by=cast.again(cast.karim), at=AT),
        lambda: actions.grant_transfer(transfer.pk, by=cast.again(cast.nora), at=AT),
    )
    assert sum(isinstance(answer, WrongState) for answer in answers) == 1
    assert Departure.objects.count() == 1
    assert Event.objects.filter(verb="transfer.granted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_employers_granted_at_once_leave_the_person_at_one_at_a_time(cast, move):
    _old, new, certificate = move
    third = employ(cast.charlie, "Eva Lind", email="eva@charlie.example", hired_on=START)
    first = asked_and_agreed(cast, new, certificate)
    second = actions.ask_transfer(third.pk, by=cast.carla, at=AT, number=certificate.number)
    actions.agree_to_transfer(second.pk, at=AT)
    answers = at_once(
        lambda: actions.grant_transfer(first.pk, by=cast.again(cast.karim), at=AT),
        lambda: actions.grant_transfer(second.pk, by=cast.again(cast.karim), at=AT),
    )
    assert sum(isinstance(answer, RuleViolation) for answer in answers) == 1
    assert Employment.objects.filter(person=certificate.person, left_on=None).count() == 1


# ---------------------------------------------------------------- pages


def test_the_employee_s_page_asks_and_takes_back(cast, move, sign_in):
    _old, new, certificate = move
    alice = sign_in(cast.alice)
    page = alice.post(f"/team/{new.pk}/transfer/", {"number": certificate.number}, follow=True)
    assert "is asked by mail" in text_of(page) and "Consent asked for" in text_of(page)
    again = alice.post(f"/team/{new.pk}/transfer/", {"number": certificate.number})
    assert "This has been asked for already." in text_of(again)
    transfer = Transfer.objects.get()
    assert alice.get(f"/team/transfers/{transfer.pk}/").headers["Location"] == f"/team/{new.pk}/"
    place = f"/team/transfers/{transfer.pk}/withdraw/"
    assert "The request is withdrawn." in text_of(alice.post(place, follow=True))
    assert "moved on in the meantime" in text_of(alice.post(place, follow=True))


def test_the_channel_manager_sees_the_certificate_and_no_more_of_the_other_employer_than_needed(
    cast, move, sign_in
):
    old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)
    karim, place = sign_in(cast.karim), f"/team/transfers/{transfer.pk}/"
    assert "Eva Lind" in text_of(karim.get("/team/transfers/"))
    said = text_of(karim.get(place))
    assert certificate.number in said and "Bravo IT" in said and "The employment that would end" in said
    Employment.objects.filter(pk=old.pk).update(partner=cast.platin)
    said = text_of(karim.get(place))
    assert "Platin" not in said.replace("Platinum", "") and "of another region, Germany" in said
    assert "This field is required." in text_of(karim.post(place, {"action": "refuse", "reason": ""}))
    assert "refused, and the partner is told" in text_of(
        karim.post(place, {"action": "refuse", "reason": "No."}, follow=True)
    )
    assert "Eva Lind" not in text_of(karim.get("/team/transfers/"))
    assert "Eva Lind" in text_of(karim.get("/team/transfers/?show=all"))
    for who, status in ((cast.ingrid, 404), (cast.denise, 404), (cast.august, 200)):
        assert sign_in(who).get(place).status_code == status
    assert sign_in(cast.august).post(place, {"action": "grant"}).status_code == 403
    assert sign_in(cast.alice).post(place, {"action": "grant"}).status_code == 403
    assert sign_in(cast.alice).get("/team/transfers/").status_code == 403


def test_the_channel_manager_grants_on_the_page_and_reads_why_not(cast, move, sign_in):
    _old, new, certificate = move
    transfer = asked_and_agreed(cast, new, certificate)
    karim, place = sign_in(cast.karim), f"/team/transfers/{transfer.pk}/"
    Transfer.objects.update(certificate_number="KC-NONE")
    assert "There is no certificate with this number" in text_of(karim.post(place, {"action": "grant"}))
    Transfer.objects.update(certificate_number=certificate.number)
    # The dates of the two employers contradict each other: what each side can do stands on the field.
    old = Employment.objects.get(person=certificate.person_id)
    Employment.objects.filter(pk=old.pk).update(left_on=START)
    page = text_of(karim.post(place, {"action": "grant"}))
    assert "The person worked elsewhere until" in page and "that employer corrects the date" in page
    assert "Please check it with the person" in page and "Bravo" not in page.partition("Please check it")[2]
    Employment.objects.filter(pk=old.pk).update(left_on=None)
    assert "to decide" in text_of(karim.get("/team/coverage/"))
    assert "The certificates are taken along." in text_of(karim.post(place, {"action": "grant"}, follow=True))
