"""Courses of the vendor: written, published, taken off the list."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from partners.catalogue.models import ProductGroup
from partners.certification.models import Course, CourseMode, ExamMode, Session, Track
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import differences, record
from portal.core.errors import RuleViolation, WrongState, gettext_noop


@dataclass(frozen=True)
class CourseFacts:
    """What is typed about a course. Its code is given once: it stands in addresses and files of results."""

    title: str
    description: str
    track: str
    technology: ProductGroup | None
    mode: str
    language: str
    duration_hours: Decimal
    price: Decimal | None
    currency: str
    validity_months: int | None
    link: str
    exam_mode: str
    exam_questions: int
    exam_minutes: int
    pass_mark_pct: int
    exam_attempts: int
    exam_wait_days: int


@transaction.atomic
def add_course(code: str, facts: CourseFacts, *, by: User, at: datetime) -> Course:
    """A new course; it is seen by the vendor alone until it is published."""
    require(by, "training.manage")
    _check(facts)
    course = Course(code=code.upper(), is_published=False, **_columns(facts))
    try:
        with transaction.atomic():
            course.save()
    except IntegrityError as problem:
        raise RuleViolation(
            "code-taken", gettext_noop("There is a course with this code already."), field="code"
        ) from problem
    record("course.added", course, by=by, at=at)
    return course


@transaction.atomic
def edit_course(course: Course, facts: CourseFacts, *, by: User, at: datetime) -> Course:
    require(by, "training.manage")
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    _check(facts)
    columns = _columns(facts)
    before = {name: getattr(course, name) for name in columns}
    for name, value in columns.items():
        setattr(course, name, value)
    if course.is_published:
        _check_publishable(course)
    if course.mode == CourseMode.ONLINE and course.sessions.exists():
        raise RuleViolation(
            "has-sessions",
            gettext_noop("A course that has sessions takes place on site."),
            field="mode",
        )
    course.save(update_fields=[*columns])
    changed = differences(before, columns)
    if changed:
        record("course.edited", course, by=by, at=at, changed=sorted(changed))
    return course


@transaction.atomic
def publish_course(course: Course, *, by: User, at: datetime) -> Course:
    require(by, "training.manage")
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    if course.is_published:
        return course
    _check_publishable(course)
    course.is_published = True
    course.save(update_fields=["is_published"])
    record("course.published", course, by=by, at=at)
    return course


@transaction.atomic
def withdraw_course(course: Course, *, by: User, at: datetime) -> Course:
    """Off the list. What was booked, taken and certified stays; sessions to come are cancelled first, so
    that those who are booked learn why."""
    require(by, "training.manage")
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    if not course.is_published:
        return course
    if Session.objects.filter(course=course, cancelled_at=None, starts_at__gt=at).exists():
        raise WrongState(
            "sessions-to-come", gettext_noop("Sessions of this course are still to come: cancel them first.")
        )
    course.is_published = False
    course.save(update_fields=["is_published"])
    record("course.withdrawn", course, by=by, at=at)
    return course


def check_enough_questions(course: Course) -> None:
    """An exam on the portal needs as many questions in use as it asks."""
    if course.exam_mode != ExamMode.ONLINE:
        return
    in_use = course.questions.filter(is_active=True).count()
    if in_use < course.exam_questions:
        raise RuleViolation(
            "too-few-questions",
            gettext_noop("The exam asks %(asked)s questions, and %(in_use)s are in use."),
            field="exam_questions",
            asked=course.exam_questions,
            in_use=in_use,
        )


def _check_publishable(course: Course) -> None:
    if course.mode == CourseMode.ONLINE and not course.link:
        raise RuleViolation(
            "no-link", gettext_noop("An online course needs the address where it is taken."), field="link"
        )
    check_enough_questions(course)


def _check(facts: CourseFacts) -> None:
    if (facts.track == Track.TECHNOLOGY) != (facts.technology is not None):
        raise RuleViolation(
            "technology",
            gettext_noop("Name the technology, and only with the track of a technology."),
            field="technology",
        )


def _columns(facts: CourseFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in CourseFacts.__dataclass_fields__}
