"""Certificates of competence: issued, told, withdrawn (rules G1, G2)."""

from datetime import date, timedelta

import pytest

from partners.certification.actions.certificates import issue_certificate, withdraw_certificate
from partners.certification.models import Certificate
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation
from portal.notifications.models import Notification
from tests.partners.certification.papers import certificate, course, passed
from tests.partners.certification.people import specialists_of
from tests.partners.certification.team import AT, ON, employ
from tests.told import names_told

pytestmark = pytest.mark.django_db


def issue(employment, of, by, **facts):
    return issue_certificate(employment, **{"course": of, "issued_on": ON, "by": by, "at": AT} | facts)


# ---------------------------------------------------------------- issued


def test_a_passed_exam_gives_a_certificate_that_counts_at_once(cast):
    eva, exam = employ(cast.alpha), course(validity_months=12)
    got = issue(eva, exam, cast.amir, attempt=passed(eva, exam))
    assert got.number.startswith("KC-") and len(got.number) == 11 and len(got.code) == 32
    assert (got.holder_name, got.title, got.track) == ("Eva Lind", exam.title, "technical")
    assert (got.issued_on, got.expires_on) == (ON, date(2027, 11, 27))
    assert specialists_of(cast.alpha, ON) == {"technical": 1}
    assert specialists_of(cast.alpha, date(2027, 11, 27)) == {"technical": 1}
    assert specialists_of(cast.alpha, date(2027, 11, 28)) == {}


def test_without_a_validity_of_the_course_the_edition_says_how_long(cast):
    got = issue(employ(cast.alpha), course(), cast.karim, issued_on=date(2024, 2, 29))
    assert got.expires_on == date(2026, 2, 28)


def test_the_administrators_and_the_person_are_told(cast):
    issue(employ(cast.alpha, user=cast.tina), course(), cast.karim)
    assert names_told("certificate-issued") == {cast.alice.full_name, cast.tina.full_name}


def test_an_account_at_another_partner_is_not_told(cast):
    issue(employ(cast.alpha, user=cast.bruno), course(), cast.karim)
    assert names_told("certificate-issued") == {cast.alice.full_name}


def test_the_event_holds_no_name(cast):
    got = issue(employ(cast.alpha, "Zoë Canary", email="zoe@canary.example"), course(), cast.karim)
    event = Event.objects.get(verb="certificate.issued")
    assert event.subject == got and event.edition == "2017"
    assert "anary" not in str(event.data)


def test_a_new_certificate_beside_an_old_one_counts_one_person(cast):
    eva, exam = employ(cast.alpha), course()
    issue(eva, exam, cast.karim, issued_on=date(2025, 6, 1))
    issue(eva, exam, cast.karim)
    assert specialists_of(cast.alpha, ON) == {"technical": 1}


def test_one_person_may_hold_both_tracks_of_one_day(cast):
    eva = employ(cast.alpha)
    issue(eva, course(), cast.karim)
    issue(eva, course("KS-100", "sales"), cast.karim)
    assert specialists_of(cast.alpha, ON) == {"technical": 1, "sales": 1}


def test_never_twice_in_one_track_on_one_day(cast):
    eva = employ(cast.alpha)
    issue(eva, course(), cast.karim)
    with pytest.raises(RuleViolation) as refusal:
        issue(eva, course("KT-200"), cast.karim)
    assert (refusal.value.code, refusal.value.field) == ("once-a-day", "issued_on")
    assert Certificate.objects.count() == 1


def test_after_a_mistake_was_withdrawn_it_is_issued_anew_on_the_same_day(cast):
    eva, exam = employ(cast.alpha), course()
    withdraw_certificate(issue(eva, exam, cast.karim), by=cast.karim, at=AT, reason="Wrong exam")
    issue(eva, exam, cast.karim)
    assert specialists_of(cast.alpha, ON) == {"technical": 1}


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (ON + timedelta(days=1), "future-date"),
        (date(2026, 10, 1), "had-left"),
    ],
)
def test_not_before_its_day_and_not_after_the_departure(cast, day, code):
    eva = employ(cast.alpha, left_on=date(2026, 9, 30))
    with pytest.raises(RuleViolation) as refusal:
        issue(eva, course(), cast.karim, issued_on=day)
    assert refusal.value.code == code
    assert issue(eva, course("KT-300"), cast.karim, issued_on=date(2026, 9, 30))


def test_not_before_the_exam_and_only_after_a_passed_one(cast):
    eva, exam = employ(cast.alpha), course()
    other = employ(cast.alpha, "Max Grün")
    with pytest.raises(RuleViolation, match="later than that"):
        issue(eva, exam, cast.karim, attempt=passed(eva, exam), issued_on=ON - timedelta(days=1))
    failed = passed(other, exam, passed=False)
    for attempt in (failed, passed(other, course("KT-400"))):
        with pytest.raises(RuleViolation) as refusal:
            issue(other, exam, cast.karim, attempt=attempt)
        assert refusal.value.code == "not-passed"
    with pytest.raises(RuleViolation):
        issue(eva, exam, cast.karim, attempt=passed(employ(cast.alpha, "Ugo"), exam))


def test_without_an_exam_only_the_vendor_of_the_country_issues(cast):
    eva, exam = employ(cast.alpha), course()
    for person in (cast.alice, cast.denise, cast.ingrid, cast.august):
        with pytest.raises(NotAllowed):
            issue(eva, exam, person)
    assert issue(eva, exam, cast.nora)


def test_a_number_that_is_taken_is_drawn_again(cast, monkeypatch):
    numbers = iter(["KC-00000001", "KC-00000001", "KC-00000002"])
    monkeypatch.setattr("partners.certification.actions.certificates.new_reference", lambda *_: next(numbers))
    issue(employ(cast.alpha), course(), cast.karim)
    assert issue(employ(cast.alpha, "Max"), course("KT-2"), cast.karim).number == "KC-00000002"


# ---------------------------------------------------------------- withdrawn


def test_a_withdrawal_counts_from_its_day_on_and_is_told_with_its_reason(cast):
    got = certificate(employ(cast.alpha, user=cast.tina), "KC-1")
    Notification.objects.all().delete()
    got = withdraw_certificate(got, by=cast.karim, at=AT, reason=" Copied answers ")
    assert (got.withdrawn_on, got.withdrawn_by, got.withdrawal_reason) == (
        ON, cast.karim, "Copied answers",
    )  # fmt: skip
    assert specialists_of(cast.alpha, ON - timedelta(days=1)) == {"technical": 1}
    assert specialists_of(cast.alpha, ON) == {}
    assert names_told("certificate-withdrawn") == {cast.alice.full_name, cast.tina.full_name}
    assert Event.objects.get(verb="certificate.withdrawn").reason == "Copied answers"


def test_the_day_of_a_withdrawal_is_the_partners(cast):
    got = certificate(employ(cast.alpha), "KC-1")
    late = AT.replace(hour=23, minute=30)
    assert withdraw_certificate(got, by=cast.karim, at=late, reason="x").withdrawn_on == date(2026, 11, 28)


def test_of_somebody_who_has_left_nobody_is_told(cast):
    got = certificate(employ(cast.alpha, left_on=date(2026, 5, 31)), "KC-1")
    withdraw_certificate(got, by=cast.nora, at=AT, reason="Fraud")
    assert names_told("certificate-withdrawn") == set()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"withdrawn_on": date(2026, 1, 5), "withdrawal_reason": "Before"}, "withdrawn"),
        ({"expires_on": ON - timedelta(days=1)}, "expired"),
    ],
)
def test_only_what_still_counts_is_withdrawn(cast, facts, code):
    got = certificate(employ(cast.alpha), "KC-1", **facts)
    with pytest.raises(RuleViolation) as refusal:
        withdraw_certificate(got, by=cast.karim, at=AT, reason="x")
    assert refusal.value.code == code


def test_a_withdrawal_needs_a_reason(cast):
    got = certificate(employ(cast.alpha), "KC-1")
    with pytest.raises(RuleViolation) as refusal:
        withdraw_certificate(got, by=cast.karim, at=AT, reason="  ")
    assert refusal.value.field == "reason"


def test_only_the_vendor_of_the_country_withdraws(cast):
    got = certificate(employ(cast.alpha), "KC-1")
    for person in (cast.alice, cast.tina, cast.denise, cast.ingrid, cast.august):
        with pytest.raises(NotAllowed):
            withdraw_certificate(got, by=person, at=AT, reason="x")
