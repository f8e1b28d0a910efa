"""Sessions of courses and the places in them: planned, shifted and cancelled by the vendor, booked and
given back by partners. The session's row is locked first by whatever touches its places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from partners.certification.lifecycle import (
    BOOKING_LIFECYCLE,
    BOOKING_STANDS,
    PLACE_HELD,
    BookingStatus,
)
from partners.certification.models import Booking, Course, CourseMode, Employment, Session
from partners.certification.session_rules import (
    SessionTimes,
    check_open,
    check_times,
    check_works_there,
    free_places,
    moving_up,
)
from partners.certification.training import told_of
from partners.organisations.access import can, require
from portal.accounts.models import User
from portal.audit.actions import differences, record
from portal.core.calendar import COUNTRY_TIME_ZONES, date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.sweeps import note_touched
from portal.notifications.actions import notify

RELEASED = gettext_noop("places of leavers released")
MOVED_UP = gettext_noop("moved up from waiting lists")


@dataclass(frozen=True)
class SessionFacts:
    """What is typed about a session; its times are instants, read in the time zone of its country."""

    country: str
    place: str
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    seats: int


# ---------------------------------------------------------------- the vendor


@transaction.atomic
def plan_session(course: Course, facts: SessionFacts, *, by: User, at: datetime) -> Session:
    require(by, "training.manage", course)
    if course.mode != CourseMode.ON_SITE:
        raise RuleViolation(
            "online", gettext_noop("An online course is taken at any time: it has no sessions.")
        )
    _check(facts, now=at)
    session = Session.objects.create(course=course, **_columns(facts))
    record("session.planned", session, by=by, at=at)
    return session


@transaction.atomic
def edit_session(session: Session, facts: SessionFacts, *, by: User, at: datetime) -> Session:
    """Whoever has a place or waits for one is told of another time or place; more seats let people move
    up."""
    session = _locked(session)
    require(by, "training.manage", session)
    _check_to_come(session, at)
    _check(facts, now=at)
    held = session.bookings.filter(status__in=PLACE_HELD).count()
    if facts.seats < held:
        raise RuleViolation(
            "seats-taken",
            gettext_noop("%(held)s places are taken: there cannot be fewer seats."),
            field="seats",
            held=held,
        )
    columns = _columns(facts)
    before = {name: getattr(session, name) for name in columns}
    for name, value in columns.items():
        setattr(session, name, value)
    session.save(update_fields=[*columns])
    changed = differences(before, columns)
    if not changed:
        return session
    record("session.edited", session, by=by, at=at, changed=sorted(changed))
    if changed.keys() & {"country", "place", "starts_at", "ends_at"}:
        told = {"was_at": before["starts_at"], "was_country": before["country"], "was_place": before["place"]}
        for booking in _standing(session):
            _tell("training-moved", booking, at, **told)
    _let_move_up(session, at)
    return session


@transaction.atomic
def cancel_session(session: Session, *, by: User, at: datetime, reason: str) -> Session:
    session = _locked(session)
    require(by, "training.manage", session)
    _check_to_come(session, at)
    if not reason.strip():
        raise RuleViolation(
            "no-reason", gettext_noop("Say why: those who are booked will read it."), field="reason"
        )
    session.cancelled_at, session.cancel_reason = at, reason.strip()
    session.save(update_fields=["cancelled_at", "cancel_reason"])
    record("session.cancelled", session, by=by, at=at, reason=session.cancel_reason)
    for booking in _standing(session):
        _end(booking, by=by, at=at)
        _tell("training-cancelled", booking, at)
    return session


@transaction.atomic
def record_attendance(
    session: Session, came: Iterable[int], *, among: Iterable[int], by: User, at: datetime
) -> int:
    """Of the people `among` whom one looks (numbers of bookings with a place): who came; the others of
    them did not. Nobody else is touched, such as those of another region. Returns how many changed."""
    session = _locked(session)
    require(by, "training.manage", session)
    if session.cancelled_at is not None or at < session.starts_at:
        raise WrongState("not-begun", gettext_noop("Who came is entered once the session has begun."))
    present, changed = set(came), 0
    judged = Booking.objects.visible_to(by).filter(
        session=session, status__in=PLACE_HELD, pk__in=set(among) | present
    )
    for booking in judged:
        move = "attend" if booking.pk in present else "miss"
        target = BookingStatus.ATTENDED if booking.pk in present else BookingStatus.ABSENT
        if booking.status == target:
            continue
        booking.status = BOOKING_LIFECYCLE.check(move, booking.status)
        booking.save(update_fields=["status"])
        record(f"booking.{target.value}", booking, by=by, at=at)
        changed += 1
    return changed


# ---------------------------------------------------------------- partners


@transaction.atomic
def book_places(
    session: Session, employments: Sequence[Employment], *, by: User, at: datetime
) -> list[Booking]:
    """A place for each, or their turn on the waiting list: all of them or, with the reason, none."""
    session = _locked(session)
    _check_may_book(by, employments)
    if not session.course.is_published:
        raise RuleViolation("withdrawn", gettext_noop("This course is not offered at present."))
    check_open(closes_at=session.closes_at, is_cancelled=session.cancelled_at is not None, now=at)
    if not employments:
        raise RuleViolation("nobody", gettext_noop("Choose who takes part."), field="employees")
    first_day = date_in(session.country, session.starts_at)
    known = set(
        session.bookings.filter(employment__in=employments, status__in=BOOKING_STANDS).values_list(
            "employment_id", flat=True
        )
    )
    for employment in employments:
        check_works_there(employment.full_name, employment.hired_on, employment.left_on, day=first_day)
        if employment.pk in known:
            raise RuleViolation(
                "booked-already",
                gettext_noop("%(name)s has a place in this session already, or waits for one."),
                field="employees",
                name=employment.full_name,
            )
    free = free_places(session.seats, session.bookings.filter(status__in=PLACE_HELD).count())
    made = []
    for number, employment in enumerate(employments):
        gets_place = number < free
        booking = Booking.objects.create(
            session=session,
            employment=employment,
            status=BookingStatus.BOOKED if gets_place else BookingStatus.WAITING,
            booked_by=by,
            booked_at=at,
        )
        record("booking.made" if gets_place else "booking.waiting", booking, by=by, at=at)
        _tell("training-booked" if gets_place else "training-waiting", booking, at)
        made.append(booking)
    return made


@transaction.atomic
def give_back_place(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Until the booking closes; the vendor until the session starts. Whoever waits longest moves up."""
    session = _locked(booking.session)
    booking = Booking.objects.select_for_update(of=("self",)).select_related(*_TOLD).get(pk=booking.pk)
    if can(by, "training.manage"):
        require(by, "training.manage", booking)
        _check_to_come(session, at)
    else:
        _check_may_book(by, [booking.employment])
        check_open(closes_at=session.closes_at, is_cancelled=session.cancelled_at is not None, now=at)
    _end(booking, by=by, at=at)
    _tell("training-given-back", booking, at)
    _let_move_up(session, at)
    return booking


def release_places_of_leavers(*, at: datetime, most: int = 1_000) -> dict[str, int]:
    """Places of people who will have left by the day of the session are free for others. Asked by the
    present state, so that it does not matter how and when the departure was entered."""
    done = {RELEASED: 0, MOVED_UP: 0}
    leaving = (
        Booking.objects.filter(
            status__in=[BookingStatus.BOOKED, BookingStatus.WAITING],
            session__cancelled_at=None,
            session__starts_at__gt=at,
            employment__left_on__isnull=False,
        )
        .filter(session__starts_at__date__gt=F("employment__left_on"))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for pk in list(leaving[:most]):
        with transaction.atomic():
            session = _locked(Session.objects.get(bookings=pk))
            booking = Booking.objects.select_related(*_TOLD).get(pk=pk)
            if booking.status not in (BookingStatus.BOOKED, BookingStatus.WAITING):
                continue  # somebody was faster
            _end(booking, by=None, at=at)
            _tell("training-given-back", booking, at)
            done[RELEASED] += 1
            done[MOVED_UP] += _let_move_up(session, at)
            note_touched(RELEASED, str(pk))
    return done


# ---------------------------------------------------------------- parts

_TOLD = ("employment__partner", "employment__person__user")


def _locked(session: Session) -> Session:
    return Session.objects.select_for_update(of=("self",)).select_related("course").get(pk=session.pk)


def _check(facts: SessionFacts, *, now: datetime) -> None:
    if facts.country not in COUNTRY_TIME_ZONES:
        raise RuleViolation("no-country", gettext_noop("Choose a country."), field="country")
    check_times(SessionTimes(facts.starts_at, facts.ends_at, facts.closes_at), now=now)


def _columns(facts: SessionFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in SessionFacts.__dataclass_fields__}


def _check_to_come(session: Session, at: datetime) -> None:
    if session.cancelled_at is not None:
        raise WrongState("session-cancelled", gettext_noop("This session has been cancelled."))
    if session.starts_at <= at:
        raise WrongState("session-begun", gettext_noop("This session has begun already."))


def _check_may_book(by: User, employments: Sequence[Employment]) -> None:
    """The administrator books any employee of the own partner, everybody else at most themselves."""
    membership = by.acting_as
    everybody = can(by, "training.book")
    if not everybody:
        membership = require(by, "training.book_oneself")
    for employment in employments:
        own = membership is not None and employment.partner_id == membership.partner_id
        if not own or not (everybody or employment.person.user_id == by.pk):
            raise NotAllowed(
                "not-yours",
                gettext_noop("You can book places for yourself only. Ask your account administrator."),
            )


def _standing(session: Session) -> list[Booking]:
    return list(session.bookings.filter(status__in=BOOKING_STANDS).select_related(*_TOLD).order_by("pk"))


def _end(booking: Booking, *, by: User | None, at: datetime) -> None:
    booking.status = BOOKING_LIFECYCLE.check("cancel", booking.status)
    booking.ended_at = at
    booking.save(update_fields=["status", "ended_at"])
    record("booking.cancelled", booking, by=by, at=at)


def _let_move_up(session: Session, at: datetime) -> int:
    """Whoever waits longest takes a place that is free; nobody who will have left by then."""
    day = date_in(session.country, session.starts_at)
    waiting = {
        booking.pk: booking
        for booking in session.bookings.filter(status=BookingStatus.WAITING)
        .select_related(*_TOLD)
        .order_by("booked_at", "pk")
        if booking.employment.left_on is None or booking.employment.left_on >= day
    }
    held = session.bookings.filter(status__in=PLACE_HELD).count()
    up = moving_up(waiting, seats=session.seats, held=held)
    for pk in up:
        booking = waiting[pk]
        booking.status = BOOKING_LIFECYCLE.check("promote", booking.status)
        booking.save(update_fields=["status"])
        record("booking.moved_up", booking, by=None, at=at)
        _tell("training-moved-up", booking, at)
    return len(up)


def _tell(kind: str, booking: Booking, at: datetime, **told: Any) -> None:
    # By the instant: a place may be given back and booked again, a session be shifted twice.
    key = f"{booking.pk}:{at.isoformat()}"
    notify(kind, to=told_of(booking.employment), about=booking, key=key, at=at, **told)
