"""Exams: the bank of questions, attempts on the portal, results that were taken elsewhere."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from django.db import IntegrityError, transaction

from partners.certification.actions.certificates import enter_certificate
from partners.certification.actions.courses import check_enough_questions
from partners.certification.actions.departures import count_late_certificates
from partners.certification.exam_rules import (
    AskedQuestion,
    answered,
    ask_shuffled,
    check_question,
    may_start_attempt,
    score,
)
from partners.certification.models import (
    Attempt,
    Certificate,
    Course,
    CourseMode,
    CourseProgress,
    Employment,
    ExamMode,
    Question,
)
from partners.certification.training import (
    earlier_attempts,
    exam_terms,
    may_be_granted_another,
    own_employment,
    renewable_from,
    told_of,
)
from partners.organisations.access import can, require
from partners.programme.selectors import NoEditionInForce, rulebook_on
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.sweeps import note_touched
from portal.notifications.actions import notify

# Nobody can tell from one exam what the next will ask.
_DICE = secrets.SystemRandom()
FINISHED = gettext_noop("exams whose time was over")


# ---------------------------------------------------------------- the bank


@transaction.atomic
def add_question(
    course: Course,
    *,
    by: User,
    at: datetime,
    text: str,
    answers: Sequence[str],
    right: Sequence[int],
    in_use: bool = True,
) -> Question:
    require(by, "training.manage")
    check_question(text, answers, right)
    question = Question.objects.create(
        course=course, text=text, answers=list(answers), right=sorted(set(right)), is_active=in_use
    )
    record("course.question_added", course, by=by, at=at, audience=Audience.VENDOR, question=question.pk)
    return question


@transaction.atomic
def edit_question(
    question: Question, *, by: User, at: datetime, text: str, answers: Sequence[str], right: Sequence[int]
) -> Question:
    """Exams that have been taken keep the question as it was asked."""
    require(by, "training.manage", question)
    check_question(text, answers, right)
    question = Question.objects.select_for_update(of=("self",)).select_related("course").get(pk=question.pk)
    question.text, question.answers, question.right = text, list(answers), sorted(set(right))
    question.save(update_fields=["text", "answers", "right"])
    record(
        "course.question_edited",
        question.course,
        by=by,
        at=at,
        audience=Audience.VENDOR,
        question=question.pk,
    )
    return question


@transaction.atomic
def switch_question(question: Question, *, by: User, at: datetime, on: bool) -> Question:
    """Out of use or in use again. A published exam keeps enough questions."""
    require(by, "training.manage", question)
    # The course first: two questions that are switched off at once must not both count the other.
    course = Course.objects.select_for_update(of=("self",)).get(pk=question.course_id)
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if question.is_active == on:
        return question
    question.is_active = on
    question.save(update_fields=["is_active"])
    if course.is_published:
        check_enough_questions(course)
    verb = "course.question_switched_on" if on else "course.question_switched_off"
    record(verb, course, by=by, at=at, audience=Audience.VENDOR, question=question.pk)
    return question


# ---------------------------------------------------------------- online courses


@transaction.atomic
@transaction.atomic
def note_progress(course: Course, *, by: User, at: datetime, percent: int) -> CourseProgress:
    """How far the person is in an online course, by their own word."""
    employment = _oneself(by, at)
    if course.mode != CourseMode.ONLINE:
        raise RuleViolation("on-site", gettext_noop("This course takes place on site."))
    if not 0 <= percent <= 100:
        raise RuleViolation("percent", gettext_noop("A number from 0 to 100."), field="percent")
    progress, made = CourseProgress.objects.get_or_create(
        course=course, employment=employment, defaults={"started_at": at, "changed_at": at}
    )
    if made or progress.percent != percent:
        progress.percent, progress.changed_at = percent, at
        progress.save(update_fields=["percent", "changed_at"])
        record("course.progress_noted", progress, by=by, at=at, progress_pct=percent, course=course.code)
    return progress


# ---------------------------------------------------------------- exams on the portal


@transaction.atomic
def start_attempt(course: Course, *, by: User, at: datetime) -> Attempt:
    """The exam that is running, or a new one with questions drawn by lot. Its end is fixed now."""
    employment = _oneself(by, at)
    # One after the other, whoever clicks twice.
    Employment.objects.select_for_update(of=("self",)).get(pk=employment.pk)
    running = (
        Attempt.objects.select_for_update(of=("self",))
        .select_related(*_JUDGED)
        .filter(course=course, employment=employment, finished_at=None)
        .first()
    )
    if running is not None:
        if _in_time(running, at):
            return running
        _finish(running, at=running.ends_at or at)
    if course.exam_mode != ExamMode.ONLINE or not course.is_published:
        raise WrongState("no-exam", gettext_noop("This exam cannot be taken on the portal at present."))
    check_enough_questions(course)
    on = date_in(employment.partner.country, at)
    may_start_attempt(
        exam_terms(course),
        earlier_attempts(course, employment),
        on=on,
        renewable_from=renewable_from(course, employment, on),
    )
    bank = list(course.questions.filter(is_active=True))
    attempt = Attempt.objects.create(
        course=course,
        employment=employment,
        started_at=at,
        ends_at=at + timedelta(minutes=course.exam_minutes),
        sheet=[
            ask_shuffled(one.pk, one.text, one.answers, one.right, _DICE.shuffle)
            for one in _DICE.sample(bank, course.exam_questions)
        ],
    )
    record("exam.started", attempt, by=by, at=at)
    return attempt


@transaction.atomic
def save_answers(
    attempt: Attempt, answers: Mapping[int, Sequence[int]], *, by: User, at: datetime
) -> Attempt:
    """Keeps what has been chosen, by the question's place in the list; others stay as they are. After the
    end nothing is taken any more: the exam is judged by what was kept in time."""
    attempt = _own_running(attempt, by)
    if not _in_time(attempt, at):
        return _finish(attempt, at=attempt.ends_at or at)
    _keep(attempt, answers)
    return attempt


@transaction.atomic
def submit_attempt(
    attempt: Attempt, answers: Mapping[int, Sequence[int]], *, by: User, at: datetime
) -> Attempt:
    attempt = _own_running(attempt, by)
    if not _in_time(attempt, at):
        return _finish(attempt, at=attempt.ends_at or at)
    _keep(attempt, answers)
    return _finish(attempt, at=at)


@transaction.atomic
def grant_another_attempt(attempt: Attempt, *, by: User, at: datetime, reason: str) -> Attempt:
    """One more, at once, after the last failed one: for whoever has used them all, or has to wait."""
    require(by, "training.manage", attempt)
    if not reason.strip():
        raise RuleViolation("reason", gettext_noop("Please give a reason."), field="reason")
    # As where an exam is begun: one after the other.
    Employment.objects.select_for_update(of=("self",)).get(pk=attempt.employment_id)
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related(*_JUDGED).get(pk=attempt.pk)
    if not may_be_granted_another(attempt, at):
        raise WrongState(
            "not-blocked",
            gettext_noop(
                "Nothing to grant: the person can take the exam, takes it now, or works here no more."
            ),
        )
    attempt.another_granted_at = at
    attempt.save(update_fields=["another_granted_at"])
    record("exam.another_granted", attempt, by=by, at=at, reason=reason.strip())
    notify(
        "exam-another-granted",
        to=told_of(attempt.employment),
        about=attempt,
        key=str(attempt.pk),
        at=at,
        reason=reason.strip(),
    )
    return attempt


def finish_overdue_attempts(*, at: datetime, most: int = 1_000) -> dict[str, int]:
    """Exams whose time is over are judged by what was answered until then."""
    done = {FINISHED: 0}
    over = Attempt.objects.filter(finished_at=None, ends_at__lt=at).order_by("ends_at", "pk")
    for pk in list(over.values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            attempt = (
                Attempt.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related(*_JUDGED)
                .filter(pk=pk, finished_at=None)
                .first()
            )
            if attempt is None:
                continue  # being handed in at this moment
            _finish(attempt, at=attempt.ends_at or at)
            done[FINISHED] += 1
            note_touched(FINISHED, str(pk))
    return done


# ---------------------------------------------------------------- results from elsewhere


@transaction.atomic
def record_result(
    course: Course,
    employment: Employment,
    *,
    by: User,
    at: datetime,
    taken_on: date,
    score_pct: Decimal,
) -> Attempt:
    """The result of an exam that was not taken on the portal. Passed, it brings the certificate; of whoever
    has left in the meantime, a track to be replaced."""
    attempt, certificate = enter_result(
        course, employment, by=by, at=at, taken_on=taken_on, score_pct=score_pct
    )
    if certificate is not None:
        count_late_certificates([(employment, certificate)], by=by, at=at)
    return attempt


@transaction.atomic
def enter_result(
    course: Course,
    employment: Employment,
    *,
    by: User,
    at: datetime,
    taken_on: date,
    score_pct: Decimal,
) -> tuple[Attempt, Certificate | None]:
    """One of many: what the certificates make of departures is asked once for all of them."""
    require(by, "training.manage", employment)
    if course.exam_mode != ExamMode.RECORDED:
        raise WrongState("online-exam", gettext_noop("The exam of this course is taken on the portal."))
    if not 0 <= score_pct <= 100:
        raise RuleViolation("score", gettext_noop("A number from 0 to 100."), field="score_pct")
    employment = Employment.objects.select_related("partner", "person__user").get(pk=employment.pk)
    if taken_on > date_in(employment.partner.country, at):
        raise RuleViolation("in-the-future", gettext_noop("This day lies in the future."), field="taken_on")
    if not employment.works_on(taken_on):
        raise RuleViolation(
            "not-employed",
            gettext_noop("%(name)s did not work for this partner on that day."),
            field="taken_on",
            name=employment.full_name,
        )
    try:
        rulebook_on(taken_on)
    except NoEditionInForce as problem:
        raise RuleViolation(
            "no-edition",
            gettext_noop("No edition of the programme was in force on this day."),
            field="taken_on",
        ) from problem
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(
                course=course,
                employment=employment,
                started_at=at,
                finished_at=at,
                score_pct=score_pct,
                passed=score_pct >= course.pass_mark_pct,
                taken_on=taken_on,
                recorded_by=by,
            )
    except IntegrityError as problem:
        raise RuleViolation(
            "recorded-already", gettext_noop("This result has been recorded already."), field="taken_on"
        ) from problem
    record("exam.recorded", attempt, by=by, at=at, score_pct=score_pct, passed=attempt.passed)
    return attempt, _follow_up(attempt, by=by, at=at)


# ---------------------------------------------------------------- parts

_JUDGED = ("course", "employment__partner", "employment__person__user")


def _oneself(by: User, at: datetime) -> Employment:
    """The person as an employee: nobody learns or takes an exam for somebody else."""
    employment = own_employment(by, at)
    if employment is None or not (can(by, "training.book") or can(by, "training.book_oneself")):
        raise NotAllowed(
            "not-an-employee",
            gettext_noop(
                "Your account is not linked to an employee who may do this. Ask your account administrator."
            ),
        )
    return employment


def _own_running(attempt: Attempt, by: User) -> Attempt:
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related(*_JUDGED).get(pk=attempt.pk)
    if attempt.employment.person.user_id != by.pk:
        raise NotAllowed("not-yours", gettext_noop("An exam is taken by nobody but the person themselves."))
    if attempt.finished_at is not None:
        raise WrongState("exam-over", gettext_noop("This exam has been handed in, or its time is over."))
    return attempt


def _in_time(attempt: Attempt, at: datetime) -> bool:
    return attempt.ends_at is None or at <= attempt.ends_at


def _keep(attempt: Attempt, answers: Mapping[int, Sequence[int]]) -> None:
    sheet = cast(list[AskedQuestion], attempt.sheet)
    attempt.sheet = [
        answered(asked, answers[place]) if place in answers else asked for place, asked in enumerate(sheet)
    ]
    attempt.save(update_fields=["sheet"])


def _finish(attempt: Attempt, *, at: datetime) -> Attempt:
    judged = score(attempt.sheet, attempt.course.pass_mark_pct)
    attempt.finished_at, attempt.score_pct, attempt.passed = at, judged.pct, judged.passed
    attempt.taken_on = date_in(attempt.employment.partner.country, at)
    attempt.save(update_fields=["finished_at", "score_pct", "passed", "taken_on"])
    record("exam.finished", attempt, by=None, at=at, score_pct=judged.pct, passed=judged.passed)
    certificate = _follow_up(attempt, by=None, at=at)
    if certificate is not None:
        # Passed on one's last day.
        count_late_certificates([(attempt.employment, certificate)], by=None, at=at)
    return attempt


def _follow_up(attempt: Attempt, *, by: User | None, at: datetime) -> Certificate | None:
    """The certificate, of which its own mail tells; else the result is told."""
    if attempt.passed:
        try:
            return enter_certificate(
                attempt.employment,
                course=attempt.course,
                issued_on=attempt.taken_on,
                by=by,
                at=at,
                attempt=attempt,
            )
        except RuleViolation:
            # Left in the meantime, or certified in the same track on the same day: the result stands.
            pass
    notify("exam-result", to=told_of(attempt.employment), about=attempt, key=str(attempt.pk), at=at)
    return None
