"""Reads of courses, sessions and exams for pages and rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet

from partners.certification.certificates import first_warning_days
from partners.certification.exam_rules import EarlierAttempt, ExamTerms, may_start_attempt
from partners.certification.lifecycle import PLACE_HELD, BookingStatus
from partners.certification.models import (
    Attempt,
    Booking,
    Certificate,
    Course,
    CourseProgress,
    Employment,
    ExamMode,
    Session,
)
from partners.certification.querysets import EmploymentQuerySet
from partners.organisations.access import can, people_who_can
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.core.errors import PortalError, RuleViolation
from portal.core.formats import alphabetical, language_name
from portal.core.name_search import named, searched_words


def own_employments(user: User) -> EmploymentQuerySet:
    """Those of the reader's account at the company that they act for."""
    found: EmploymentQuerySet = (
        Employment.objects.filter(partner=user.acting_as.partner_id, person__user=user)
        .select_related("partner", "person__user")
        .order_by("-hired_on")
    )
    return found


def own_employment(user: User, at: datetime) -> Employment | None:
    """The reader as an employee who works today for the partner that they act for."""
    membership = user.acting_as if user.is_authenticated else None
    if membership is None or membership.partner_id is None:
        return None
    return own_employments(user).on(date_in(membership.partner.country, at)).first()


def told_of(employment: Employment) -> list[User]:
    """Who learns what concerns an employee's training: the employee, or, for one without an account at
    the partner, the partner's administrators."""
    person = employment.person.user
    if person is not None and person.memberships.active().filter(partner_id=employment.partner_id).exists():
        return [person]
    return people_who_can("training.book", employment.partner.memberships.all())


def may_book(user: User) -> bool:
    return can(user, "training.book") or can(user, "training.book_oneself")


def bookable(user: User, session: Session, search: str = "", most: int = 50) -> list[Employment]:
    """Who the reader may book for a session: employees who will be there and have no place yet."""
    if not may_book(user) or user.acting_as.partner_id is None:
        return []
    found = (
        Employment.objects.visible_to(user)
        .on(date_in(session.country, session.starts_at))
        .exclude(pk__in=Booking.objects.standing().filter(session=session).values("employment_id"))
        .select_related("partner", "person")
        .order_by("full_name", "pk")
    )
    if not can(user, "training.book"):
        found = found.filter(person__user=user)
    if words := searched_words(search):
        found = found.filter(named("full_name", words))
    return list(found[:most])


def with_places(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """Each with how many places are taken and how many people wait."""
    return sessions.annotate(
        held=Count("bookings", filter=Q(bookings__status__in=PLACE_HELD)),
        waiting=Count("bookings", filter=Q(bookings__status=BookingStatus.WAITING)),
    )


def sessions_to_come(user: User, at: datetime) -> QuerySet[Session]:
    return with_places(
        Session.objects.visible_to(user).filter(cancelled_at=None, ends_at__gt=at).select_related("course")
    ).order_by("starts_at", "pk")


def validity_months(course: Course, on: date) -> int:
    """Rule G2: what the course says, else the edition in force."""
    return course.validity_months or rulebook_on(on).staff.certificate_validity_months


# ---------------------------------------------------------------- exams


def exam_terms(course: Course) -> ExamTerms:
    return ExamTerms(course.exam_attempts, course.exam_wait_days, course.pass_mark_pct)


def earlier_attempts(course: Course, employment: Employment) -> list[EarlierAttempt]:
    """Of the person, wherever they worked: another employer brings no further attempts."""
    found = Attempt.objects.filter(
        course=course, employment__person=employment.person_id, finished_at__isnull=False
    ).values_list("taken_on", "passed", "another_granted_at")
    return [
        EarlierAttempt(day, bool(passed), another_granted=granted is not None)
        for day, passed, granted in found.order_by("taken_on", "pk")
    ]


def renewable_from(course: Course, employment: Employment, on: date) -> date | None:
    """The day from which the exam may be taken again: that of the first reminder that the certificate
    ends; None where no certificate of the course is valid."""
    last = (
        Certificate.objects.valid_on(on)
        .filter(course=course, person=employment.person_id)
        .order_by("-expires_on")
        .first()
    )
    if last is None:
        return None
    return last.expires_on - timedelta(days=first_warning_days(rulebook_on(on).staff))


def may_be_granted_another(attempt: Attempt, at: datetime) -> bool:
    """Whether the attempt is the last of somebody who works there and may not begin the exam now."""
    if attempt.taken_on is None or attempt.passed:
        return False
    course, employment = attempt.course, attempt.employment
    on = date_in(employment.partner.country, at)
    later = Attempt.objects.filter(
        Q(taken_on__gt=attempt.taken_on)
        | Q(taken_on=attempt.taken_on, pk__gt=attempt.pk)
        | Q(finished_at=None),
        course=course,
        employment__person=employment.person_id,
    )
    works_there = employment.left_on is None or employment.left_on >= on
    if not works_there or later.exists():
        return False
    try:
        may_start_attempt(exam_terms(course), earlier_attempts(course, employment), on=on)
    except RuleViolation:
        return course.exam_mode == ExamMode.ONLINE
    return False


# ---------------------------------------------------------------- pages


@dataclass(frozen=True)
class CourseStanding:
    """What the reader as an employee has to do with a course."""

    progress: CourseProgress | None
    attempts: list[Attempt]
    running: Attempt | None
    # Why the exam cannot be begun now; None where it can.
    refusal: PortalError | None
    may_begin: bool


def course_standing(
    course: Course, employment: Employment | None, user: User, at: datetime
) -> CourseStanding | None:
    """None for whoever is no employee of a partner, or may not learn for one."""
    if employment is None or not may_book(user):
        return None
    attempts = list(
        Attempt.objects.filter(course=course, employment=employment)
        .select_related("course", "certificate")
        .defer("sheet")
        .order_by("-started_at", "-pk")[:20]
    )
    running = next((one for one in attempts if one.finished_at is None), None)
    online = course.exam_mode == ExamMode.ONLINE and course.is_published
    refusal: PortalError | None = None
    if online and running is None:
        on = date_in(employment.partner.country, at)
        try:
            may_start_attempt(
                exam_terms(course),
                earlier_attempts(course, employment),
                on=on,
                renewable_from=renewable_from(course, employment, on),
            )
        except RuleViolation as found:
            refusal = found
    return CourseStanding(
        progress=CourseProgress.objects.filter(course=course, employment=employment).first(),
        attempts=attempts,
        running=running,
        refusal=refusal,
        may_begin=online and running is None and refusal is None,
    )


def certificate_of(attempt: Attempt, user: User) -> Certificate | None:
    return Certificate.objects.visible_to(user).filter(attempt=attempt).first()


def bookings_seen(user: User, session: Session) -> list[Booking]:
    """The places of a session that the reader may see, by their turn."""
    return list(
        Booking.objects.visible_to(user)
        .standing()
        .filter(session=session)
        .select_related("employment__partner", "employment__person", "session")
        .order_by("booked_at", "pk")
    )


def waiting_turns(session: Session, bookings: Iterable[Booking]) -> dict[int, int]:
    """By booking on the waiting list: its turn, counted over all partners."""
    queue = session.bookings.filter(status=BookingStatus.WAITING).order_by("booked_at", "pk")
    turns = {pk: turn for turn, pk in enumerate(queue.values_list("pk", flat=True), start=1)}
    return {booking.pk: turns[booking.pk] for booking in bookings if booking.pk in turns}


def results_proposed(course: Course, user: User) -> QuerySet[Employment]:
    """Whose result is to be entered: who came to a session and has no result since."""
    came = Booking.objects.visible_to(user).filter(session__course=course, status=BookingStatus.ATTENDED)
    return (
        Employment.objects.visible_to(user)
        .filter(pk__in=came.values("employment_id"))
        .exclude(pk__in=Attempt.objects.filter(course=course).values("employment_id"))
        .select_related("partner", "person")
        .order_by("full_name", "pk")
    )


# ---------------------------------------------------------------- words

CURRENCIES = ("EUR", "GBP", "CHF", "DKK", "SEK", "NOK", "ISK", "ILS", "MAD", "TND", "DZD")
# In which courses are held in the territory.
LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "is", "he", "ar")


def language_choices(kept: str = "") -> list[tuple[str, str]]:
    codes = {*LANGUAGES, kept} - {""}
    return sorted(((code, language_name(code)) for code in codes), key=lambda one: alphabetical(one[1]))
