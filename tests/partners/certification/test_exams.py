"""Exams on the portal: begun, answered, timed, judged; and results that come from elsewhere."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from partners.certification.actions.exams import (
    FINISHED,
    add_question,
    edit_question,
    finish_overdue_attempts,
    grant_another_attempt,
    record_result,
    save_answers,
    start_attempt,
    submit_attempt,
    switch_question,
)
from partners.certification.actions.imports import keep_file
from partners.certification.actions.sessions import record_attendance
from partners.certification.models import Attempt, Booking, Certificate, Course, Employment, Person, Question
from partners.certification.tasks import exams
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.actions import deliver_due
from portal.notifications.models import Notification
from tests.partners.certification.school import (
    acting,
    code_of,
    course,
    online,
    right_answers,
    session,
    wrong_answers,
)
from tests.partners.certification.team import AT, employ

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(cast):
    User.objects.update(language="en")
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def tina(cast):
    employ(cast.alpha, "Tina Faure", cast.tina)
    return cast.again(cast.tina)


def told(person):
    return list(Notification.objects.filter(recipient=person).values_list("kind", flat=True))


# ---------------------------------------------------------------- an exam


def test_an_exam_that_is_passed_brings_the_certificate(cast, tina):
    made = online(validity_months=12)
    attempt = start_attempt(made, by=tina, at=AT)
    assert attempt.ends_at == AT + 30 * MINUTE
    attempt = submit_attempt(attempt, right_answers(attempt), by=tina, at=AT + 5 * MINUTE)
    assert (attempt.passed, attempt.score_pct) == (True, Decimal(100))
    certificate = Certificate.objects.get()
    assert (certificate.attempt, certificate.issued_on, certificate.holder_name) == (
        attempt,
        date(2026, 11, 27),
        "Tina Faure",
    )
    assert certificate.expires_on.year == 2027
    assert "certificate-issued" in told(cast.tina)
    assert "exam-result" not in told(cast.tina)


def test_an_exam_that_is_failed_brings_none_and_is_told(cast, tina):
    made = online()
    attempt = start_attempt(made, by=tina, at=AT)
    attempt = submit_attempt(attempt, wrong_answers(attempt), by=tina, at=AT + MINUTE)
    assert (attempt.passed, attempt.score_pct) == (False, Decimal(0))
    assert not Certificate.objects.exists()
    assert told(cast.tina) == ["exam-result"]


def test_every_question_is_one_of_the_bank_in_use_and_none_comes_twice(cast, tina):
    made = online(questions=9)
    Course.objects.filter(pk=made.pk).update(exam_questions=5)
    made.refresh_from_db()
    off = made.questions.first()
    switch_question(off, by=acting(cast, "karim"), at=AT, on=False)
    sheet = start_attempt(made, by=tina, at=AT).sheet
    asked = [one["question"] for one in sheet]
    assert len(set(asked)) == 5
    assert off.pk not in asked
    for one in sheet:
        assert sorted(one["answers"]) == ["Right", "Worse", "Wrong"]
        assert [one["answers"][place] for place in one["right"]] == ["Right"]


def test_an_exam_that_runs_is_gone_on_with(cast, tina):
    made = online()
    first = start_attempt(made, by=tina, at=AT)
    assert start_attempt(made, by=tina, at=AT + 30 * MINUTE) == first
    assert Attempt.objects.count() == 1


def test_answers_are_kept_one_by_one_and_others_stay(cast, tina):
    attempt = start_attempt(online(), by=tina, at=AT)
    save_answers(attempt, {0: [1]}, by=tina, at=AT + MINUTE)
    save_answers(attempt, {2: [0], 99: [0]}, by=tina, at=AT + MINUTE)
    attempt.refresh_from_db()
    assert [one["chosen"] for one in attempt.sheet] == [[1], [], [0], []]
    assert attempt.finished_at is None


def test_after_the_end_nothing_is_taken_and_what_was_kept_is_judged(cast, tina):
    made = online()
    attempt = start_attempt(made, by=tina, at=AT)
    right = right_answers(attempt)
    save_answers(attempt, {0: right[0], 1: right[1], 2: right[2]}, by=tina, at=attempt.ends_at)
    late = attempt.ends_at + timedelta(seconds=1)
    attempt = submit_attempt(attempt, {3: right[3]}, by=tina, at=late)
    assert (attempt.score_pct, attempt.passed) == (Decimal(75), True)
    assert attempt.finished_at == attempt.ends_at
    assert code_of(save_answers, attempt, right, by=tina, at=late) == "exam-over"


@pytest.mark.parametrize("command", [save_answers, submit_attempt])
def test_late_answers_end_the_exam(cast, tina, command):
    attempt = start_attempt(online(), by=tina, at=AT)
    attempt = command(attempt, right_answers(attempt), by=tina, at=AT + 31 * MINUTE)
    assert (attempt.score_pct, attempt.passed) == (Decimal(0), False)


def test_a_new_exam_after_one_that_ran_out_waits_as_after_any_failed_one(cast, tina):
    made = online()
    first = start_attempt(made, by=tina, at=AT)
    with pytest.raises(RuleViolation) as refused:
        start_attempt(made, by=tina, at=AT + DAY)
    assert refused.value.code == "wait"
    second = start_attempt(made, by=tina, at=AT + 8 * DAY)
    assert second != first
    first.refresh_from_db()
    assert first.passed is False


def test_attempts_and_waiting_are_the_courses(cast, tina):
    made = online()  # two attempts, seven days
    for at, day in ((AT, 27), (AT + 7 * DAY, 4)):
        attempt = start_attempt(made, by=tina, at=at)
        attempt = submit_attempt(attempt, wrong_answers(attempt), by=tina, at=at)
        assert attempt.taken_on.day == day
        if day == 27:
            assert code_of(start_attempt, made, by=tina, at=at + 6 * DAY) == "wait"
    assert code_of(start_attempt, made, by=tina, at=AT + 300 * DAY) == "no-attempt-left"


def test_another_employer_brings_no_further_attempts(cast, tina):
    made = online()
    attempt = start_attempt(made, by=tina, at=AT)
    submit_attempt(attempt, wrong_answers(attempt), by=tina, at=AT)
    before = attempt.employment
    before.left_on = date(2026, 11, 28)
    before.save()
    membership = cast.tina.memberships.get()
    membership.partner = cast.bravo
    membership.save()
    employ(cast.bravo, "Tina F.", None, person=before.person, hired_on=date(2026, 11, 29))
    again = acting(cast, "tina")
    assert code_of(start_attempt, made, by=again, at=AT + 3 * DAY) == "wait"


def test_a_valid_certificate_is_renewed_when_it_is_time(cast, tina):
    made = online(validity_months=12)
    attempt = start_attempt(made, by=tina, at=AT)
    submit_attempt(attempt, right_answers(attempt), by=tina, at=AT)
    assert code_of(start_attempt, made, by=tina, at=AT + DAY) == "certificate-valid"
    ends = Certificate.objects.get().expires_on
    # The first reminder of the edition comes 90 days before the end.
    early, in_time = (AT + timedelta(days=(ends - AT.date()).days - days) for days in (91, 90))
    assert code_of(start_attempt, made, by=tina, at=early) == "certificate-valid"
    assert start_attempt(made, by=tina, at=in_time)


def test_an_exam_is_begun_where_it_is_offered_and_by_whoever_works_there(cast, tina):
    assert code_of(start_attempt, course(), by=tina, at=AT) == "no-exam"
    assert code_of(start_attempt, online("B", is_published=False), by=tina, at=AT) == "no-exam"
    few = online("C")
    Question.objects.filter(course=few).update(is_active=False)
    assert code_of(start_attempt, few, by=tina, at=AT) == "too-few-questions"
    for who in ("alice", "adam", "denise", "karim"):
        with pytest.raises(NotAllowed):
            start_attempt(online(f"X-{who}"), by=acting(cast, who), at=AT)


def test_nobody_answers_for_somebody_else(cast, tina):
    attempt = start_attempt(online(), by=tina, at=AT)
    for who in ("alice", "amir", "karim"):
        for command in (save_answers, submit_attempt):
            with pytest.raises(NotAllowed):
                command(attempt, {}, by=acting(cast, who), at=AT)


def test_the_sweep_ends_exams_whose_time_is_over(cast, tina):
    made = online()
    attempt = start_attempt(made, by=tina, at=AT)
    save_answers(attempt, right_answers(attempt), by=tina, at=AT)
    assert exams(attempt.ends_at) == {FINISHED: 0}
    # Five days late it is judged for the day on which it ended, and once.
    assert exams(AT + 5 * DAY) == {FINISHED: 1}
    assert exams(AT + 5 * DAY) == {FINISHED: 0}
    attempt.refresh_from_db()
    assert (attempt.passed, attempt.taken_on, attempt.finished_at) == (True, AT.date(), attempt.ends_at)
    assert Certificate.objects.get().issued_on == AT.date()


def test_whoever_has_left_before_the_end_keeps_the_result_without_a_certificate(cast, tina):
    attempt = start_attempt(online(), by=tina, at=AT)
    save_answers(attempt, right_answers(attempt), by=tina, at=AT)
    attempt.employment.left_on = AT.date() - DAY
    attempt.employment.save()
    Person.objects.update(user=None)
    assert finish_overdue_attempts(at=AT + DAY) == {FINISHED: 1}
    attempt.refresh_from_db()
    assert attempt.passed
    assert not Certificate.objects.exists()
    assert told(cast.alice) == ["exam-result"]


# ---------------------------------------------------------------- results from elsewhere


def test_a_recorded_result_brings_the_certificate_of_its_day(cast):
    made, ada = course(), employ(cast.alpha, "Ada")
    karim = acting(cast, "karim")
    attempt = record_result(made, ada, by=karim, at=AT, taken_on=date(2026, 11, 20), score_pct=Decimal("70"))
    assert attempt.passed
    assert Certificate.objects.get().issued_on == date(2026, 11, 20)
    # The same once more changes nothing.
    again = code_of(
        record_result, made, ada, by=karim, at=AT, taken_on=date(2026, 11, 20), score_pct=Decimal("71")
    )
    assert again == "recorded-already"
    failed = record_result(
        made, ada, by=karim, at=AT, taken_on=date(2026, 11, 21), score_pct=Decimal("69.99")
    )
    assert not failed.passed
    assert Certificate.objects.count() == 1
    assert told(cast.alice).count("exam-result") == 1


def test_two_courses_of_a_track_passed_on_one_day_bring_one_certificate(cast):
    ada, karim = employ(cast.alpha, "Ada"), acting(cast, "karim")
    for code in ("A", "B"):
        record_result(course(code), ada, by=karim, at=AT, taken_on=date(2026, 11, 20), score_pct=Decimal(80))
    assert Attempt.objects.filter(passed=True).count() == 2
    assert Certificate.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"taken_on": date(2026, 11, 28)}, "in-the-future"),
        ({"taken_on": date(2024, 12, 31)}, "not-employed"),
        ({"taken_on": date(2026, 11, 21)}, "not-employed"),
        ({"score_pct": Decimal("100.01")}, "score"),
        ({"score_pct": Decimal("-1")}, "score"),
    ],
)
def test_a_result_that_cannot_be_is_refused(cast, facts, code):
    ada = employ(cast.alpha, "Ada", left_on=date(2026, 11, 20))
    asked = {"taken_on": date(2026, 11, 20), "score_pct": Decimal(80)} | facts
    assert code_of(record_result, course(), ada, by=acting(cast, "karim"), at=AT, **asked) == code


def test_a_result_from_before_the_first_edition_is_refused_on_its_day(cast, sign_in):
    made, ada = course(), employ(cast.alpha, "Ada", hired_on=date(2010, 1, 4), email="ada@alpha.example")
    asked = {"taken_on": date(2016, 12, 31), "score_pct": Decimal(80)}
    assert code_of(record_result, made, ada, by=acting(cast, "karim"), at=AT, **asked) == "no-edition"
    page = sign_in(cast.karim).post(
        f"/training/{made.code}/results/", {"email": ada.email, "taken_on": "2016-12-31", "score_pct": "80"}
    )
    assert page.status_code == 200 and page.context["form"].has_error("taken_on")
    assert not Attempt.objects.exists()


def test_results_are_entered_by_the_training_team_of_the_region(cast):
    ada, asked = employ(cast.alpha, "Ada"), {"taken_on": AT.date(), "score_pct": Decimal(80)}
    for who in ("alice", "ingrid", "august", "denise"):
        with pytest.raises(NotAllowed):
            record_result(course(who), ada, by=acting(cast, who), at=AT, **asked)
    assert code_of(record_result, online(), ada, by=acting(cast, "karim"), at=AT, **asked) == "online-exam"


def test_the_result_is_entered_on_a_page_that_proposes_who_came(cast, sign_in):
    made, karim = course(), acting(cast, "karim")
    held = session(made, starts_at=AT - DAY)
    ada, bea = employ(cast.alpha, "Ada"), employ(cast.alpha, "Bea", email="bea@alpha.example")
    employ(cast.platin, "Max", email="max@platin.example")
    booking = Booking.objects.create(
        session=held, employment=ada, status="booked", booked_by=cast.alice, booked_at=AT - 5 * DAY
    )
    record_attendance(held, [booking.pk], among=[], by=karim, at=AT)
    browser, place = sign_in(cast.karim), f"/training/{made.code}/results/"
    page = browser.get(f"{place}?employee={ada.pk}")
    assert [one.full_name for one in page.context["form"].fields["employee"].queryset] == ["Ada"]
    assert f'value="{ada.pk}" selected' in page.content.decode()
    asked = {"taken_on": "2026-11-26", "score_pct": "82.5"}
    for wrong in (
        {}, {"employee": ada.pk, "email": "bea@alpha.example"}, {"email": "max@platin.example"},
        {"email": "x"}, {"employee": bea.pk}, {"employee": "9" * 30}, {"employee": ada.pk, "taken_on": "x"},
        {"employee": ada.pk, "taken_on": "9999-12-31"}, {"employee": ada.pk, "score_pct": "NaN"},
        {"employee": ada.pk, "score_pct": "101"}, {"employee": ada.pk, "taken_on": "2026-12-24"},
    ):  # fmt: skip
        answer = browser.post(place, asked | wrong)
        assert answer.status_code == 200, wrong
        assert answer.context["form"].errors, wrong
    assert not Attempt.objects.exists()
    said = browser.post(place, asked | {"employee": ada.pk}, follow=True).content.decode()
    assert "Ada has passed with 82.5%" in said
    said = browser.post(place, asked | {"email": "BEA@alpha.example", "score_pct": "3"}, follow=True)
    assert "Bea has not passed: 3%" in said.content.decode()
    assert list(browser.get(place).context["form"].fields["employee"].queryset) == []
    online("ONLINE")
    # Of an exam on the portal there is nothing to enter: the list alone.
    assert "Enter a result" not in browser.get("/training/ONLINE/results/").content.decode()
    said = browser.post("/training/ONLINE/results/", asked | {"employee": ada.pk}, follow=True)
    assert "taken on the portal" in said.content.decode()


def test_a_passed_exam_that_brings_no_further_certificate_says_so(cast, sign_in):
    employ(cast.alpha, "Ada", email="ada@alpha.example")
    asked = {"email": "ada@alpha.example", "taken_on": "2026-11-26", "score_pct": "80"}
    karim = sign_in(cast.karim)
    for code, said in (("A", "the certificate is issued"), ("B", "brings no further certificate")):
        page = karim.post(f"/training/{course(code).code}/results/", asked, follow=True)
        assert said in page.content.decode()


def test_an_address_that_several_people_have_names_nobody(cast, sign_in):
    made = course()
    for name in ("Ada", "Bea"):
        employ(cast.alpha if name == "Ada" else cast.bravo, name, email="info@x.example")
    asked = {"taken_on": "2026-11-26", "score_pct": "80", "email": "info@x.example"}
    answer = sign_in(cast.karim).post(f"/training/{made.code}/results/", asked)
    assert "Several people" in answer.content.decode()


# ---------------------------------------------------------------- pages of an exam


def test_answers_survive_a_reload_with_and_without_scripts(cast, tina, sign_in):
    made, browser = online(), sign_in(cast.tina)
    assert browser.get(f"/training/{made.code}/").context["standing"].may_begin
    place = browser.post(f"/training/{made.code}/exam/").url
    attempt = Attempt.objects.get()
    assert place == f"/training/exams/{attempt.pk}/"
    assert "Go on with the exam" in browser.get(f"/training/{made.code}/").content.decode()
    browser.post(place, {"answers": "1", "q0": "2", "q1": ["0", "x", "9" * 30], "q2": "-1", "action": "save"})
    shown = browser.get(place).context["questions"]
    assert [[one["value"] for one in asked["answers"] if one["chosen"]] for asked in shown] == [
        [2],
        [0],
        [],
        [],
    ]
    saved = browser.post(place, {"answers": "1", "q0": "1"}, headers={"HX-Request": "true"})
    assert "Answers kept at" in saved.content.decode()
    attempt.refresh_from_db()
    assert [one["chosen"] for one in attempt.sheet] == [[1], [], [], []]
    # A page that sends no answers takes none away.
    browser.post(place, {})
    attempt.refresh_from_db()
    assert attempt.sheet[0]["chosen"] == [1]


def test_the_page_after_the_end_shows_the_result(cast, tina, sign_in):
    browser = sign_in(cast.tina)
    made = online()
    place = browser.post(f"/training/{made.code}/exam/").url
    with time_machine.travel(AT + 31 * MINUTE, tick=False):
        browser = sign_in(cast.tina)
        assert "The time is over" in browser.get(place).content.decode()
        moved_on = browser.post(place, {"answers": "1", "q0": "1"}, headers={"HX-Request": "true"})
        assert moved_on.headers["HX-Redirect"] == place
        page = browser.get(place).content.decode()
        assert "Not passed" in page
        again = browser.post(place, {"answers": "1", "action": "submit"}, follow=True).content.decode()
        assert "has been handed in" in again
        course_page = browser.get(f"/training/{made.code}/").content.decode()
        assert "4 Dec 2026" in course_page
        refused = browser.post(f"/training/{made.code}/exam/", follow=True).content.decode()
        assert "You can take this exam again from" in refused


def test_others_see_the_result_and_never_the_questions(cast, tina, sign_in):
    made = online()
    attempt = start_attempt(made, by=tina, at=AT)
    place = attempt.get_absolute_url()
    for who in (cast.alice, cast.karim, cast.august):
        page = sign_in(who).get(place).content.decode()
        assert "This exam is running" in page
        assert "Question 1?" not in page
    assert sign_in(cast.amir).get(place).status_code == 403
    for who in (cast.bruno, cast.denise, cast.ingrid):
        assert sign_in(who).get(place).status_code == 404
    submit_attempt(attempt, right_answers(attempt), by=tina, at=AT)
    page = sign_in(cast.alice).get(place).content.decode()
    assert Certificate.objects.get().number in page


def test_the_mail_of_a_result_names_the_score(cast, tina, mailoutbox):
    attempt = start_attempt(online(), by=tina, at=AT)
    submit_attempt(attempt, wrong_answers(attempt), by=tina, at=AT)
    deliver_due(at=AT + MINUTE, most=9)
    letter = mailoutbox[0]
    assert letter.subject.startswith("Exam not passed: Tina Faure")
    assert "0%" in letter.body


# ---------------------------------------------------------------- the bank


QUESTION = {"text": "What is a patch?", "answers": ["A repair", "A virus"], "right": [0]}


def test_the_bank_is_kept_by_the_training_team(cast):
    made, karim = online(), acting(cast, "karim")
    question = add_question(made, by=karim, at=AT, **QUESTION)
    edit_question(question, by=karim, at=AT, **(QUESTION | {"right": [1]}))
    switch_question(question, by=karim, at=AT, on=False)
    switch_question(question, by=karim, at=AT, on=False)
    switch_question(question, by=karim, at=AT, on=True)
    question.refresh_from_db()
    assert (question.right, question.is_active) == ([1], True)
    assert Event.objects.about(made).count() == 4
    for who in ("alice", "denise", "august"):
        by = acting(cast, who)
        for command, args, more in (
            (add_question, made, QUESTION),
            (edit_question, question, QUESTION),
            (switch_question, question, {"on": False}),
        ):
            with pytest.raises(NotAllowed):
                command(args, by=by, at=AT, **more)


def test_an_exam_that_was_taken_keeps_its_questions(cast, tina):
    made = online()
    attempt = start_attempt(made, by=tina, at=AT)
    edit_question(made.questions.first(), by=acting(cast, "karim"), at=AT, **QUESTION)
    attempt.refresh_from_db()
    assert all(one["text"].startswith("Question") for one in attempt.sheet)
    assert submit_attempt(attempt, right_answers(attempt), by=tina, at=AT).passed


def test_questions_are_written_on_a_form(cast, sign_in):
    made, browser = online(), sign_in(cast.karim)
    place = f"/training/{made.code}/questions/"
    assert browser.get(f"{place}add/").status_code == 200
    # A row left empty between two answers counts for nothing.
    asked = {"text": "New?", "answer_0": "Yes", "answer_2": "No", "right_2": "on"}
    assert browser.post(f"{place}add/", asked).url == place
    assert browser.post(f"{place}add/", asked | {"action": "another"}).url == f"{place}add/"
    question = Question.objects.filter(text="New?").first()
    assert (question.answers, question.right) == (["Yes", "No"], [1])
    edit = f"{place}{question.pk}/"
    assert 'value="Yes"' in browser.get(edit).content.decode()
    browser.post(edit, asked | {"text": "Newer?"})
    browser.post(f"{edit}switch/", {"on": "0"})
    question.refresh_from_db()
    assert (question.text, question.is_active) == ("Newer?", False)
    listed = browser.get(f"{place}?q=newer").content.decode()
    assert "Newer?" in listed
    assert "Question 1?" not in listed
    assert "No question contains this text" in browser.get(f"{place}?q=nothing").content.decode()
    browser.post(f"{edit}switch/", {"on": "1"})
    refused = browser.post(f"{place}{made.questions.first().pk}/switch/", {"on": "0"})
    assert refused.status_code == 302
    for wrong in (
        {"text": ""}, {"text": "x" * 1001}, {"answer_2": ""}, {"right_2": ""}, {"right_0": "on"},
        {"answer_0": "No"}, {"answer_0": "x" * 301}, {"text": "\x00"}, {"right_4": "on"},
    ):  # fmt: skip
        answer = browser.post(f"{place}add/", asked | wrong)
        assert answer.status_code == 200, wrong
        assert answer.context["form"].errors, wrong
        assert browser.post(edit, asked | wrong).status_code == 200


def test_too_few_questions_in_use_are_said(cast, sign_in):
    made, browser = online(is_published=False), sign_in(cast.karim)
    place = f"/training/{made.code}/questions/"
    assert "Too few questions" not in browser.get(place).content.decode()
    browser.post(f"{place}{made.questions.first().pk}/switch/", {"on": "0"})
    assert "3 questions are in use, and an exam asks 4." in browser.get(place).content.decode()
    Question.objects.all().delete()
    assert "No question yet" in browser.get(place).content.decode()
    published = online("P")
    said = browser.post(f"/training/P/questions/{published.questions.first().pk}/switch/", follow=True)
    assert "The exam asks 4 questions, and 3 are in use." in said.content.decode()


# ---------------------------------------------------------------- another attempt


def failed(made, by, *, at=AT):
    return submit_attempt(start_attempt(made, by=by, at=at), {}, by=by, at=at)


def test_another_attempt_is_granted_with_a_reason_and_serves_once(cast, tina):
    made, karim = online(), acting(cast, "karim")
    first = failed(made, tina)
    second = failed(made, tina, at=AT + timedelta(days=8))
    later = AT + timedelta(days=30)
    with pytest.raises(RuleViolation) as refusal:
        start_attempt(made, by=tina, at=later)
    assert refusal.value.code == "no-attempt-left"
    with pytest.raises(RuleViolation) as refusal:
        grant_another_attempt(second, by=karim, at=later, reason=" ")
    assert refusal.value.field == "reason"
    with pytest.raises(WrongState):
        grant_another_attempt(first, by=karim, at=later, reason="Not the last one.")
    grant_another_attempt(second, by=karim, at=later, reason="Ill on that day.")
    event = Event.objects.about(second).get(verb="exam.another_granted")
    assert (event.actor, event.reason) == (cast.karim, "Ill on that day.")
    told = Notification.objects.get(kind="exam-another-granted")
    assert (told.recipient, told.context["reason"]) == (cast.tina, "Ill on that day.")
    with pytest.raises(WrongState):
        grant_another_attempt(second, by=karim, at=later, reason="Twice.")
    # On the same day: begun, failed, and nothing left again.
    failed(made, tina, at=later)
    with pytest.raises(RuleViolation) as refusal:
        start_attempt(made, by=tina, at=later + timedelta(days=60))
    assert refusal.value.code == "no-attempt-left"


def test_another_attempt_ends_the_waiting_time(cast, tina):
    made = online()
    attempt = failed(made, tina)
    with pytest.raises(RuleViolation):
        start_attempt(made, by=tina, at=AT)
    grant_another_attempt(attempt, by=acting(cast, "karim"), at=AT, reason="The line was cut.")
    again = start_attempt(made, by=tina, at=AT)
    assert submit_attempt(again, right_answers(again), by=tina, at=AT).passed


def test_nothing_is_granted_to_whoever_can_take_the_exam_takes_it_or_is_gone(cast, tina):
    made, karim = online(), acting(cast, "karim")
    attempt = failed(made, tina)

    def refused(which=attempt, at=AT):
        with pytest.raises(WrongState):
            grant_another_attempt(which, by=karim, at=at, reason="Please.")

    refused(at=AT + timedelta(days=8))
    running = start_attempt(made, by=tina, at=AT + timedelta(days=8))
    refused(running)
    refused(at=AT + timedelta(days=8))
    passed = submit_attempt(running, right_answers(running), by=tina, at=AT + timedelta(days=8))
    refused(passed)
    other = online("OTHER")
    gone = failed(other, tina)
    Employment.objects.filter(person__user=tina).update(left_on=date(2026, 11, 26))
    refused(gone)


def test_a_result_from_elsewhere_knows_no_attempts(cast, tina):
    made = course("R-1", exam_attempts=1)
    employment = Employment.objects.get(person__user=tina)
    result = record_result(
        made, employment, by=acting(cast, "karim"), at=AT, taken_on=date(2026, 11, 20), score_pct=Decimal(10)
    )
    with pytest.raises(WrongState):
        grant_another_attempt(result, by=acting(cast, "karim"), at=AT, reason="Please.")


def test_who_may_grant_another_attempt(cast, tina):
    attempt = failed(online(), tina)
    for who in ("tina", "alice", "bruno", "denise", "august", "ingrid"):
        with pytest.raises(NotAllowed):
            grant_another_attempt(attempt, by=acting(cast, who), at=AT, reason="Please.")


def test_another_attempt_is_granted_on_the_page_of_the_last_one(cast, tina, sign_in):
    now = timezone.now()
    made = online()
    attempt = failed(made, tina, at=now)
    karim, place = sign_in(cast.karim), attempt.get_absolute_url()
    listed = karim.get(f"/training/{made.code}/results/?q=tina").content.decode()
    assert place in listed and "Enter a result" not in listed
    assert place not in karim.get(f"/training/{made.code}/results/?q=nobody").content.decode()
    assert "Grant another attempt" in karim.get(place).content.decode()
    assert "Grant another attempt" not in sign_in(cast.tina).get(place).content.decode()
    assert "needs a reason" in karim.post(f"{place}grant/", {"reason": ""}, follow=True).content.decode()
    said = karim.post(f"{place}grant/", {"reason": "The line was cut."}, follow=True).content.decode()
    assert "Another attempt is granted" in said and "The line was cut." in said
    assert "Another attempt was granted on" in sign_in(cast.tina).get(place).content.decode()
    again = karim.post(f"{place}grant/", {"reason": "Twice."}, follow=True).content.decode()
    assert "Nothing to grant" in again
    deliver_due(at=timezone.now() + timedelta(minutes=1), most=10)
    (letter,) = (one for one in mail.outbox if "Another attempt" in one.subject)
    assert "The line was cut." in letter.body


def test_the_bank_is_exported_in_the_form_in_which_it_is_read(cast, sign_in):
    made, karim = online(), sign_in(cast.karim)
    place = f"/training/{made.code}/questions"
    Question.objects.filter(text="Question 1?").update(text="=1+1?", is_active=False)
    content = b"".join(karim.get(f"{place}.csv").streaming_content)
    assert b"'=1+1?" in content
    kept = keep_file(kind="questions", name="bank.csv", content=content, by=acting(cast, "karim"), at=AT)
    assert {line["outcome"] for line in kept.lines} == {"known"}
    assert karim.get(f"{place}.xlsx").status_code == 200
    assert f"{place}.csv" in karim.get(f"{place}/").content.decode()
    other = sign_in(cast.alice).get(f"{place}.csv")
    assert other.status_code == 403


def test_which_answers_are_right_reaches_nobody_but_the_training_team(cast, tina, sign_in):
    """The right ones are marked by the order in which the page shows them and in no other way."""
    made = online(questions=1)
    Question.objects.update(
        text="Zorbexquestion?", answers=["Zorbexright one", "Other one", "Other two"], right=[0]
    )
    browser = sign_in(cast.tina)
    place = browser.post(f"/training/{made.code}/exam/").url
    page = browser.get(place).content.decode()
    attempt = Attempt.objects.get()
    rows = [page.split(f'name="q0" value="{n}"')[1].partition("</label>")[0] for n in range(3)]
    shapes = {row.replace(text, "…") for row, text in zip(rows, attempt.sheet[0]["answers"], strict=True)}
    assert len(shapes) == 1
    submit_attempt(attempt, right_answers(attempt), by=tina, at=AT)
    for who in (cast.tina, cast.alice, cast.bruno, cast.denise):
        reader = sign_in(who)
        for address in (
            f"/training/{made.code}/", "/training/", "/training/courses.csv", place,
            f"/training/{made.code}/questions/", "/inbox/",
            f"/training/{made.code}/questions/1/", "/training/?q=Zorbexright",
        ):  # fmt: skip
            answer = reader.get(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert b"Zorbexright one" not in body, (who, address)
