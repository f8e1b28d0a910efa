"""Several people at the same moment: real connections on the real database."""

import threading
from datetime import date, timedelta

import pytest
from django.db import transaction

from partners.certification.actions.exams import (
    FINISHED,
    finish_overdue_attempts,
    start_attempt,
    submit_attempt,
)
from partners.certification.actions.sessions import (
    MOVED_UP,
    RELEASED,
    book_places,
    edit_session,
    give_back_place,
    release_places_of_leavers,
)
from partners.certification.models import Attempt, Booking
from tests.at_once import at_once
from tests.cast import make_cast
from tests.partners.certification.school import course, online, session, session_facts
from tests.partners.certification.team import AT, employ

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    return make_cast()


def booked(of):
    return sorted(Booking.objects.standing().filter(session=of).values_list("status", flat=True))


def test_two_for_the_last_place_get_one_place_and_one_turn_on_the_waiting_list(cast):
    made = session(course(), seats=1)
    pairs = [
        (cast.again(cast.alice), employ(cast.alpha, "Ada")),
        (cast.again(cast.bruno), employ(cast.bravo, "Zoe")),
    ]
    outcomes = at_once(*(lambda by=by, one=one: book_places(made, [one], by=by, at=AT) for by, one in pairs))
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert booked(made) == ["booked", "waiting"]


def test_the_same_person_is_booked_once_however_often_one_clicks(cast):
    made, ada, alice = session(course(), seats=5), employ(cast.alpha, "Ada"), cast.again(cast.alice)
    outcomes = at_once(*[lambda: book_places(made, [ada], by=alice, at=AT)] * 4)
    assert [getattr(one, "code", "done") for one in outcomes].count("booked-already") == 3
    assert booked(made) == ["booked"]


def test_places_given_back_and_seats_added_at_once_fill_every_seat_and_no_more(cast):
    made, alice = session(course(), seats=2), cast.again(cast.alice)
    people = [employ(cast.alpha, f"P{n}") for n in range(6)]
    held = book_places(made, people, by=alice, at=AT)
    karim, later = cast.again(cast.karim), AT + timedelta(hours=1)
    outcomes = at_once(
        lambda: give_back_place(held[0], by=alice, at=later),
        lambda: give_back_place(held[1], by=alice, at=later),
        lambda: edit_session(made, session_facts(seats=3), by=karim, at=later),
    )
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert booked(made) == ["booked"] * 3 + ["waiting"]


def test_an_exam_begun_twice_at_once_is_one(cast):
    made = online()
    employ(cast.alpha, "Tina Faure", cast.tina)
    tina = cast.again(cast.tina)
    outcomes = at_once(*[lambda: start_attempt(made, by=tina, at=AT)] * 3)
    assert len({one.pk for one in outcomes}) == 1
    assert Attempt.objects.count() == 1


def held_open(command):
    """Runs a command in a thread whose transaction stays open until `go` is set: `done` says that it is
    inside."""
    done, go = threading.Event(), threading.Event()

    def run():
        with transaction.atomic():
            command()
            done.set()
            go.wait(10)

    return run, done, go


def test_the_sweep_leaves_an_exam_alone_that_is_being_handed_in(cast):
    made = online()
    employ(cast.alpha, "Tina Faure", cast.tina)
    tina = cast.again(cast.tina)
    attempt = start_attempt(made, by=tina, at=AT)
    handing_in, inside, go = held_open(lambda: submit_attempt(attempt, {}, by=tina, at=AT))

    def sweep():
        inside.wait(10)
        try:
            return finish_overdue_attempts(at=AT + timedelta(days=1))
        finally:
            go.set()

    assert at_once(handing_in, sweep)[1] == {FINISHED: 0}
    attempt.refresh_from_db()
    assert attempt.finished_at == AT


def test_the_sweep_releases_no_place_that_is_being_given_back(cast):
    made, alice = session(course(), seats=1), cast.again(cast.alice)
    leaver = employ(cast.alpha, "Lea")
    booking = book_places(made, [leaver], by=alice, at=AT)[0]
    leaver.left_on = date(2026, 12, 1)
    leaver.save()
    giving_back, inside, go = held_open(lambda: give_back_place(booking, by=alice, at=AT))

    def sweep():
        inside.wait(10)
        # The sweep has read its list and waits for the session when the other transaction ends.
        threading.Timer(1, go.set).start()
        return release_places_of_leavers(at=AT)

    assert at_once(giving_back, sweep)[1] == {RELEASED: 0, MOVED_UP: 0}
    assert booked(made) == []
