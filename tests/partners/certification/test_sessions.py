"""Sessions and the places in them: planned and cancelled by the vendor, booked and given back by partners."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from partners.certification.actions.sessions import (
    MOVED_UP,
    RELEASED,
    book_places,
    cancel_session,
    edit_session,
    give_back_place,
    plan_session,
    record_attendance,
    release_places_of_leavers,
)
from partners.certification.models import Booking, Session
from partners.certification.tasks import places
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed
from portal.notifications.actions import deliver_due
from portal.notifications.models import Notification
from tests.costs import cost
from tests.partners.certification.school import (
    STARTS,
    acting,
    code_of,
    course,
    online,
    session,
    session_facts,
)
from tests.partners.certification.team import AT, employ

pytestmark = pytest.mark.django_db
CLOSES = STARTS - timedelta(days=3)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def clock(cast):
    User.objects.update(language="en")
    with time_machine.travel(AT, tick=False):
        yield


def told(person):
    return list(
        Notification.objects.filter(recipient=person)
        .order_by("created_at", "pk")
        .values_list("kind", flat=True)
    )


def standing(of):
    return {
        booking.employment.full_name: booking.status
        for booking in Booking.objects.standing().filter(session=of).select_related("employment")
    }


@pytest.fixture
def team(cast):
    return [employ(cast.alpha, name) for name in ("Ada", "Bea", "Cyd", "Dov")]


# ---------------------------------------------------------------- the vendor


def test_a_session_is_planned_for_a_course_on_site(cast):
    karim = acting(cast, "karim")
    made = plan_session(course(), session_facts(), by=karim, at=AT)
    assert (made.place, made.time_zone) == ("Paris", "Europe/Paris")
    assert code_of(plan_session, online(), session_facts(), by=karim, at=AT) == "online"
    assert code_of(plan_session, course("B"), session_facts(country="US"), by=karim, at=AT) == "no-country"
    late = session_facts(starts_at=AT - SECOND)
    assert code_of(plan_session, course("C"), late, by=karim, at=AT) == "in-the-past"


@pytest.mark.parametrize("who", ["alice", "denise", "august"])
def test_nobody_but_the_training_team_runs_sessions(cast, who):
    made, by = session(course()), acting(cast, who)
    for command, args, more in (
        (plan_session, (made.course, session_facts()), {}),
        (edit_session, (made, session_facts()), {}),
        (cancel_session, (made,), {"reason": "x"}),
        (record_attendance, (made, []), {"among": []}),
    ):
        with pytest.raises(NotAllowed):
            command(*args, by=by, at=AT, **more)


def test_those_who_are_booked_or_wait_learn_of_another_time(cast, team):
    made = session(course(), seats=1)
    book_places(made, team[:2], by=acting(cast, "alice"), at=AT)
    later = session_facts(seats=1, starts_at=STARTS + timedelta(days=7), ends_at=STARTS + timedelta(days=8))
    edit_session(made, later, by=acting(cast, "karim"), at=AT)
    assert told(cast.alice).count("training-moved") == 2
    # A change that moves nobody is no news.
    closing = session_facts(**{**vars(later), "closes_at": STARTS})
    edit_session(made, closing, by=acting(cast, "karim"), at=AT + SECOND)
    edit_session(made, closing, by=acting(cast, "karim"), at=AT + SECOND)
    assert told(cast.alice).count("training-moved") == 2
    assert Event.objects.about(made).filter(verb="session.edited").count() == 2


def test_more_seats_let_people_move_up_in_their_order(cast, team):
    made = session(course(), seats=1)
    alice = acting(cast, "alice")
    for number, one in enumerate(team):
        book_places(made, [one], by=alice, at=AT + number * SECOND)
    assert standing(made) == {"Ada": "booked", "Bea": "waiting", "Cyd": "waiting", "Dov": "waiting"}
    edit_session(made, session_facts(seats=3), by=acting(cast, "karim"), at=AT + timedelta(hours=1))
    assert standing(made) == {"Ada": "booked", "Bea": "booked", "Cyd": "booked", "Dov": "waiting"}
    assert told(cast.alice).count("training-moved-up") == 2
    refused = code_of(edit_session, made, session_facts(seats=2), by=acting(cast, "karim"), at=AT)
    assert refused == "seats-taken"


def test_a_cancelled_session_tells_everybody_why_and_stays_cancelled(cast, team):
    made, karim = session(course(), seats=1), acting(cast, "karim")
    book_places(made, team[:2], by=acting(cast, "alice"), at=AT)
    assert code_of(cancel_session, made, by=karim, at=AT, reason=" ") == "no-reason"
    cancel_session(made, by=karim, at=AT, reason="The trainer is ill.")
    assert standing(made) == {}
    assert told(cast.alice).count("training-cancelled") == 2
    assert code_of(cancel_session, made, by=karim, at=AT, reason="x") == "session-cancelled"
    assert code_of(edit_session, made, session_facts(), by=karim, at=AT) == "session-cancelled"
    assert code_of(record_attendance, made, [], among=[], by=karim, at=STARTS) == "not-begun"
    assert code_of(book_places, made, team[2:3], by=acting(cast, "alice"), at=AT) == "session-cancelled"


def test_a_session_that_has_begun_is_neither_changed_nor_cancelled(cast):
    made, karim = session(course()), acting(cast, "karim")
    assert code_of(edit_session, made, session_facts(), by=karim, at=STARTS) == "session-begun"
    assert code_of(cancel_session, made, by=karim, at=STARTS, reason="x") == "session-begun"


def test_who_came_is_entered_once_the_session_has_begun(cast, team):
    made, karim = session(course(), seats=2), acting(cast, "karim")
    held = [one.pk for one in book_places(made, team[:3], by=acting(cast, "alice"), at=AT)]
    ada, bea, cyd = held
    early = {"among": held, "by": karim, "at": STARTS - SECOND}
    assert code_of(record_attendance, made, [ada], **early) == "not-begun"
    # Somebody of the waiting list did not take part, whatever is sent.
    assert record_attendance(made, [ada, cyd], among=held, by=karim, at=STARTS) == 2
    assert standing(made) == {"Ada": "attended", "Bea": "absent", "Cyd": "waiting"}
    assert record_attendance(made, [ada, bea], among=held, by=karim, at=STARTS) == 1
    assert standing(made)["Bea"] == "attended"


def test_the_attendance_touches_only_the_people_that_one_looks_at(cast, team):
    made = session(course(), seats=5)
    ada, bea = (one.pk for one in book_places(made, team[:2], by=acting(cast, "alice"), at=AT))
    max_ = book_places(made, [employ(cast.platin, "Max")], by=acting(cast, "paul"), at=AT)[0].pk
    # Ingrid sees Platin's people and not Alpha's.
    everybody = [ada, bea, max_]
    assert record_attendance(made, [max_], among=everybody, by=acting(cast, "ingrid"), at=STARTS) == 1
    assert standing(made) == {"Ada": "booked", "Bea": "booked", "Max": "attended"}
    assert record_attendance(made, [], among=[ada], by=acting(cast, "karim"), at=STARTS) == 1
    assert standing(made) == {"Ada": "absent", "Bea": "booked", "Max": "attended"}


# ---------------------------------------------------------------- partners


def test_the_administrator_books_several_employees_at_once(cast, team):
    made = session(course(), seats=2)
    book_places(made, team[:3], by=acting(cast, "alice"), at=AT)
    assert standing(made) == {"Ada": "booked", "Bea": "booked", "Cyd": "waiting"}
    assert sorted(told(cast.alice)) == ["training-booked", "training-booked", "training-waiting"]


def test_who_is_booked_already_keeps_everybody_from_being_booked_twice(cast, team):
    made, alice = session(course(), seats=4), acting(cast, "alice")
    book_places(made, team[:1], by=alice, at=AT)
    assert code_of(book_places, made, team[:2], by=alice, at=AT) == "booked-already"
    assert code_of(book_places, made, [], by=alice, at=AT) == "nobody"
    assert standing(made) == {"Ada": "booked"}


def test_an_employee_with_an_account_books_themselves_and_nobody_else(cast, team):
    made = session(course())
    tina = employ(cast.alpha, "Tina Faure", cast.tina)
    book_places(made, [tina], by=acting(cast, "tina"), at=AT)
    assert told(cast.tina) == ["training-booked"]
    assert told(cast.alice) == []
    for who, whom in (
        ("tina", team[0]),
        ("amir", tina),
        ("adam", team[0]),
        ("bruno", team[0]),
        ("karim", tina),
    ):
        with pytest.raises(NotAllowed):
            book_places(made, [whom], by=acting(cast, who), at=AT)


def test_whose_account_is_of_another_partner_now_is_told_through_the_administrator(cast):
    made = session(course())
    old = employ(cast.alpha, "Bruno", cast.bruno)
    book_places(made, [old], by=acting(cast, "alice"), at=AT)
    assert told(cast.bruno) == []
    assert told(cast.alice) == ["training-booked"]


def test_places_are_booked_until_the_closing_and_for_courses_on_the_list(cast, team):
    alice = acting(cast, "alice")
    made = session(course())
    book_places(made, team[:1], by=alice, at=CLOSES)
    assert code_of(book_places, made, team[1:2], by=alice, at=CLOSES + SECOND) == "booking-closed"
    hidden = session(course("D", is_published=False))
    assert code_of(book_places, hidden, team[:1], by=alice, at=AT) == "withdrawn"


def test_places_are_for_those_who_are_still_there_on_the_day(cast):
    made, alice = session(course()), acting(cast, "alice")
    leaver = employ(cast.alpha, "Lea", left_on=date(2026, 12, 13))
    last_day = employ(cast.alpha, "Max", left_on=date(2026, 12, 14))
    assert code_of(book_places, made, [leaver], by=alice, at=AT) == "not-employed"
    book_places(made, [last_day], by=alice, at=AT)


def test_a_place_given_back_goes_to_whoever_waits_longest(cast, team):
    made, alice = session(course(), seats=1), acting(cast, "alice")
    first = book_places(made, team[:1], by=alice, at=AT)[0]
    # Bravo's employee asked before Alpha's second one.
    bravo = employ(cast.bravo, "Zoe")
    book_places(made, [bravo], by=acting(cast, "bruno"), at=AT + SECOND)
    book_places(made, team[1:2], by=alice, at=AT + 2 * SECOND)
    give_back_place(first, by=alice, at=AT + timedelta(hours=1))
    assert standing(made) == {"Zoe": "booked", "Bea": "waiting"}
    assert "training-moved-up" in told(cast.bruno)
    assert "training-given-back" in told(cast.alice)
    assert code_of(give_back_place, first, by=alice, at=AT) == "wrong-state"
    # And can be booked again, at the end of the list.
    book_places(made, team[:1], by=alice, at=AT + timedelta(hours=2))
    assert standing(made)["Ada"] == "waiting"


def test_partners_give_back_until_the_closing_and_the_vendor_until_the_start(cast, team):
    made, alice = session(course(), seats=1), acting(cast, "alice")
    ada, bea = book_places(made, team[:2], by=alice, at=AT)
    assert code_of(give_back_place, ada, by=alice, at=CLOSES + SECOND) == "booking-closed"
    with pytest.raises(NotAllowed):
        give_back_place(ada, by=acting(cast, "bruno"), at=AT)
    with pytest.raises(NotAllowed):
        # Of a partner in another region.
        give_back_place(ada, by=acting(cast, "ingrid"), at=AT)
    karim = acting(cast, "karim")
    give_back_place(ada, by=karim, at=CLOSES + SECOND)
    assert standing(made) == {"Bea": "booked"}
    assert code_of(give_back_place, bea, by=karim, at=STARTS) == "session-begun"


def test_the_place_of_a_leaver_becomes_free_by_itself(cast, team):
    made, alice = session(course(), seats=1), acting(cast, "alice")
    over = session(course("B"), seats=1, starts_at=AT + timedelta(hours=1))
    ada = team[0]
    book_places(made, team[:3], by=alice, at=AT)
    Booking.objects.create(session=over, employment=ada, status="booked", booked_by=alice, booked_at=AT)
    for one, day in (
        (team[0], date(2026, 12, 13)),
        (team[1], date(2026, 12, 1)),
        (team[2], date(2026, 12, 14)),
    ):
        one.left_on = day
        one.save()
    later = AT + timedelta(hours=2)
    # Bea waits, but will have left as well; Cyd's last day is the day of the session.
    assert places(later) == {RELEASED: 2, MOVED_UP: 1}
    assert standing(made) == {"Cyd": "booked"}
    assert standing(over) == {"Ada": "booked"}
    assert release_places_of_leavers(at=later) == {RELEASED: 0, MOVED_UP: 0}


def test_whoever_will_have_left_does_not_move_up(cast, team):
    made, alice = session(course(), seats=1), acting(cast, "alice")
    first = book_places(made, team[:3], by=alice, at=AT)[0]
    team[1].left_on = date(2026, 12, 1)
    team[1].save()
    give_back_place(first, by=alice, at=AT)
    assert standing(made) == {"Bea": "waiting", "Cyd": "booked"}


def test_the_mails_say_who_when_and_where(cast, team, mailoutbox):
    made, alice = session(course(), seats=1), acting(cast, "alice")
    book_places(made, team[:2], by=alice, at=AT)
    moved = session_facts(place="Lyon", seats=1)
    edit_session(made, moved, by=acting(cast, "karim"), at=AT + SECOND)
    give_back_place(Booking.objects.get(employment=team[0]), by=alice, at=AT + 2 * SECOND)
    cancel_session(made, by=acting(cast, "karim"), at=AT + 3 * SECOND, reason="Strike of the trains.")
    deliver_due(at=AT + timedelta(minutes=5), most=50)
    letters = {letter.subject: letter.body for letter in mailoutbox}
    assert {subject.partition(":")[0] for subject in letters} == {
        "Place booked", "Waiting list", "Session changed", "Place given back", "A place is free",
        "Session cancelled",
    }  # fmt: skip
    booked = next(body for subject, body in letters.items() if subject.startswith("Place booked: Ada"))
    assert "14 Dec 2026, 09:00 – 17:00 CET" in booked
    assert "11 Dec 2026, 09:00 CET" in " ".join(booked.split())
    changed = next(body for subject, body in letters.items() if subject.startswith("Session changed"))
    assert "Paris" in changed
    assert "Lyon" in changed
    assert any("Strike of the trains." in body for body in letters.values())
    # Partners learn nothing of each other.
    assert {letter.to[0] for letter in mailoutbox} == {"Alice Moreau <alice@alpha-securite.example>"}


# ---------------------------------------------------------------- pages


def test_a_partner_sees_its_own_people_in_a_session_and_its_own_turn(cast, team, sign_in):
    made = session(course(), seats=1)
    zoe = employ(cast.bravo, "Zoe")
    book_places(made, team[:1], by=acting(cast, "alice"), at=AT)
    book_places(made, [zoe], by=acting(cast, "bruno"), at=AT)
    book_places(made, team[1:2], by=acting(cast, "alice"), at=AT + SECOND)
    place = made.get_absolute_url()
    alice = sign_in(cast.alice).get(place).content.decode()
    assert "Zoe" not in alice
    assert "Waiting, number 2" in alice
    assert "Zoe" in sign_in(cast.karim).get(place).content.decode()
    # Another region's channel manager and the distributor see the session without these people.
    for who in (cast.ingrid, cast.denise):
        page = sign_in(who).get(place).content.decode()
        assert "Paris" in page
        assert "Ada" not in page
        assert "Zoe" not in page


def test_places_are_booked_and_given_back_on_the_page(cast, team, sign_in):
    made = session(course(), seats=1)
    place, alice = made.get_absolute_url(), sign_in(cast.alice)
    page = alice.get(place).content.decode()
    assert all(one.full_name in page for one in team)
    answer = alice.post(f"{place}book/", {"employees": [team[0].pk, team[1].pk]}, follow=True)
    assert "1 place is booked." in answer.content.decode()
    assert "1 person is on the waiting list" in answer.content.decode()
    again = alice.post(f"{place}book/", {"employees": [team[0].pk]})
    assert "has a place in this session already" in again.content.decode()
    booking = Booking.objects.get(employment=team[0])
    assert alice.post(f"/training/bookings/{booking.pk}/give-back/").status_code == 302
    assert standing(made) == {"Bea": "booked"}
    assert sign_in(cast.bruno).post(f"/training/bookings/{booking.pk}/give-back/").status_code == 404
    assert (
        "Nothing was changed"
        in alice.post(f"/training/bookings/{booking.pk}/give-back/", follow=True).content.decode()
    )


def test_whoever_sends_what_is_not_offered_books_nothing(cast, team, sign_in):
    made = session(course())
    zoe = employ(cast.bravo, "Zoe")
    place, alice = f"{made.get_absolute_url()}book/", sign_in(cast.alice)
    for sent in ([zoe.pk], ["9" * 30], ["x"], ["\x00"], [], [-1]):
        answer = alice.post(place, {"employees": sent})
        assert answer.status_code == 200
        assert answer.context["form"].errors
    for who in (cast.adam, cast.denise, cast.karim):
        assert sign_in(who).post(place, {"employees": [team[0].pk]}).status_code == 403
    assert not Booking.objects.exists()


def test_the_technician_is_offered_a_place_for_themselves(cast, team, sign_in):
    made = session(course())
    tina = employ(cast.alpha, "Tina Faure", cast.tina)
    browser = sign_in(cast.tina)
    page = browser.get(made.get_absolute_url())
    assert [one.full_name for one in page.context["people"]] == ["Tina Faure"]
    assert browser.post(f"{made.get_absolute_url()}book/", {"employees": [team[0].pk]}).status_code == 403
    browser.post(f"{made.get_absolute_url()}book/", {"employees": [tina.pk]})
    assert standing(made) == {"Tina Faure": "booked"}


def test_of_many_employees_those_of_a_name_are_found(cast, sign_in):
    made = session(course())
    for number in range(60):
        employ(cast.alpha, f"Person {number:02}")
    alice = sign_in(cast.alice)
    page = alice.get(made.get_absolute_url())
    assert len(page.context["people"]) == 50
    assert "search for a name" in page.content.decode()
    found = alice.get(made.get_absolute_url(), {"q": "person 59"})
    assert [one.full_name for one in found.context["people"]] == ["Person 59"]
    assert "Nobody of this name" in alice.get(made.get_absolute_url(), {"q": "nobody"}).content.decode()


def session_data(**changed):
    return {
        "country": "GB",
        "place": "London",
        "starts": "2027-03-09T09:00",
        "ends": "2027-03-09T17:00",
        "closes": "2027-03-01T12:00",
        "seats": "12",
    } | changed


def test_a_session_is_planned_in_the_time_of_its_country(cast, sign_in):
    made, karim = course(), sign_in(cast.karim)
    place = f"/training/{made.code}/sessions/add/"
    assert karim.get(place).status_code == 200
    assert karim.post(place, session_data(country="FI")).status_code == 302
    planned = Session.objects.get()
    assert planned.starts_at == datetime(2027, 3, 9, 7, tzinfo=UTC)
    edit = f"{planned.get_absolute_url()}edit/"
    assert 'value="2027-03-09T09:00"' in karim.get(edit).content.decode()
    # The same hour after the clocks have changed.
    karim.post(edit, session_data(country="FI", starts="2027-04-09T09:00", ends="2027-04-09T17:00"))
    planned.refresh_from_db()
    assert planned.starts_at == datetime(2027, 4, 9, 6, tzinfo=UTC)


def test_what_cannot_be_a_session_is_said_on_the_field(cast, sign_in):
    made, karim = course(), sign_in(cast.karim)
    place = f"/training/{made.code}/sessions/add/"
    for field, value in (
        ("country", "US"), ("country", ""), ("place", ""), ("place", "x" * 201), ("starts", "soon"),
        ("starts", "2026-11-01T09:00"), ("starts", "2027-03-28T01:30"), ("starts", "9999-01-01T00:00"),
        ("ends", "2027-03-09T09:00"), ("closes", "2027-03-09T09:01"), ("seats", "0"), ("seats", "1001"),
        ("seats", "9" * 30), ("closes", "\x00"),
    ):  # fmt: skip
        answer = karim.post(place, session_data(**{field: value}))
        assert answer.status_code == 200, (field, value)
        assert field in answer.context["form"].errors, (field, value)
    assert not Session.objects.exists()


def test_a_session_is_cancelled_on_its_page(cast, team, sign_in):
    made, karim = session(course()), sign_in(cast.karim)
    book_places(made, team[:1], by=acting(cast, "alice"), at=AT)
    place = f"{made.get_absolute_url()}cancel/"
    assert "1 place is booked." in karim.get(place).content.decode()
    assert karim.post(place, {"reason": ""}).status_code == 200
    assert karim.post(place, {"reason": "No trainer."}).status_code == 302
    assert "No trainer." in sign_in(cast.alice).get(made.get_absolute_url()).content.decode()
    assert "Nothing was changed" in karim.post(place, {"reason": "x"}, follow=True).content.decode()
    edit = f"{made.get_absolute_url()}edit/"
    assert "Nothing was changed" in karim.post(edit, session_data(), follow=True).content.decode()


def test_the_attendance_is_entered_on_the_page_and_leads_to_the_result(cast, team, sign_in):
    made, karim = session(course(), seats=2), sign_in(cast.karim)
    ada, bea = book_places(made, team[:2], by=acting(cast, "alice"), at=AT)
    place = f"{made.get_absolute_url()}attendance/"
    assert "Nothing was changed" in karim.post(place, follow=True).content.decode()
    with time_machine.travel(STARTS + timedelta(hours=9), tick=False):
        karim = sign_in(cast.karim)
        page = karim.post(
            place, {"shown": [ada.pk, bea.pk], "came": [ada.pk, "x", "9" * 30]}, follow=True
        ).content.decode()
        assert f"/training/EPS-1/results/?employee={team[0].pk}" in page
        assert sign_in(cast.alice).post(place, {"came": [bea.pk]}).status_code == 403
    assert standing(made) == {"Ada": "attended", "Bea": "absent"}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_participants_are_a_file_for_the_vendor_alone(cast, team, sign_in, kind):
    made = session(course(), seats=1)
    team[0].full_name = "=Ada"
    team[0].save()
    book_places(made, team[:2], by=acting(cast, "alice"), at=AT)
    place = f"{made.get_absolute_url()}participants.{kind}"
    for who in (cast.alice, cast.denise, cast.august):
        assert sign_in(who).get(place).status_code == 403
    body = b"".join(sign_in(cast.karim).get(place).streaming_content)
    if kind == "csv":
        assert b"'=Ada" in body
        assert b"Bea" in body
        assert b"Bea" not in b"".join(sign_in(cast.ingrid).get(place).streaming_content)


def test_a_partner_keeps_seeing_the_sessions_its_people_had_places_in(cast, team, sign_in):
    made = session(course(), seats=1)
    book_places(made, team[:1], by=acting(cast, "alice"), at=AT)
    made.course.is_published = False
    made.course.save()
    assert sign_in(cast.alice).get(made.get_absolute_url()).status_code == 200
    assert sign_in(cast.bruno).get(made.get_absolute_url()).status_code == 404


# ---------------------------------------------------------------- calendar and list


def test_the_calendar_shows_a_month_in_the_days_of_the_places(cast, sign_in):
    made = course()
    # Late in the evening in Reykjavik it is the next day in Paris.
    session(made, country="IS", place="Reykjavik", starts_at=datetime(2026, 12, 31, 23, tzinfo=UTC))
    session(made, country="DE", place="Berlin", ends_at=STARTS + timedelta(days=2))
    session(made, place="Nice", cancelled_at=AT, cancel_reason="x")
    alice = sign_in(cast.alice)
    page = alice.get("/training/calendar/?month=2026-12")
    days = {
        day["day"].day: [one.place for one in day["sessions"]]
        for week in page.context["weeks"]
        for day in week
        if day["sessions"]
    }
    assert days == {14: ["Berlin"], 15: ["Berlin"], 16: ["Berlin"], 31: ["Reykjavik"]}
    january = alice.get("/training/calendar/?month=2027-01")
    assert [day["day"].day for week in january.context["weeks"] for day in week if day["sessions"]] == [1]
    assert not alice.get("/training/calendar/?month=2027-02").context["any"]
    assert alice.get("/training/calendar/?month=2026-12&country=DE").context["any"]
    assert "Nothing matches" in alice.get("/training/calendar/?month=2026-12&country=IT").content.decode()


def test_the_calendar_opens_on_the_month_of_the_next_session(cast, sign_in):
    alice = sign_in(cast.alice)

    def opened(query=""):
        return alice.get(f"/training/calendar/{query}").context["first"]

    assert opened() == date(2026, 11, 1)
    made = course()
    session(made, starts_at=AT - timedelta(days=2), place="Lyon")
    session(made, starts_at=AT + timedelta(days=1), place="Nice", cancelled_at=AT, cancel_reason="x")
    session(made, starts_at=datetime(2027, 1, 31, 23, 30, tzinfo=UTC), country="FR", place="Lens")
    session(made, starts_at=datetime(2027, 3, 9, 9, tzinfo=UTC), country="DE", place="Bonn")
    assert opened() == date(2027, 2, 1)
    assert opened("?country=DE") == date(2027, 3, 1)
    assert opened("?country=IT") == opened("?month=2026-11") == date(2026, 11, 1)
    # A session that runs over the end of the month is shown where today stands.
    session(made, starts_at=AT - timedelta(days=40), ends_at=AT + timedelta(days=20), place="Caen")
    assert opened() == date(2026, 11, 1)
    with time_machine.travel(datetime(2026, 11, 30, 23, 30, tzinfo=UTC), tick=False):
        assert opened() == date(2026, 12, 1)


def test_sessions_that_are_over_look_so(cast, sign_in):
    made = course()
    over = session(made, starts_at=AT - timedelta(days=2), place="Lyon")
    coming = session(made, starts_at=AT + timedelta(days=1), place="Nice")
    page = sign_in(cast.alice).get("/training/calendar/?month=2026-11").content.decode()
    assert (
        f'<li class="is-over"><a href="{over.get_absolute_url()}"><span class="visually-hidden">Over:' in page
    )
    assert f'<li><a href="{coming.get_absolute_url()}"><span class="month-hour">' in page


def test_no_month_brings_the_calendar_down(cast, sign_in):
    alice = sign_in(cast.alice)
    for month in (
        "",
        "x",
        "2026-13",
        "0000-00",
        "9999-12",
        "2000-01",
        "2099-12",
        "2026-1",
        "\x00",
        "٢٠٢٦-١٢",
    ):
        assert alice.get("/training/calendar/", {"month": month}).status_code == 200


def test_the_list_of_sessions_is_searched_and_filtered(cast, team, sign_in):
    session(course("A", title="Basics", language="fr"), place="Orléans", seats=4)
    session(course("B", title="Expert", track="sales"), country="DE", place="Berlin", seats=1)
    session(course("C"), starts_at=AT - timedelta(days=2), place="Over")
    session(course("D", is_published=False), place="Hidden")
    alice = sign_in(cast.alice)

    def shown(query, browser=alice):
        return [row.record.place for row in browser.get(f"/training/sessions/?{query}").context["table"].rows]

    assert shown("") == ["Orléans", "Berlin"]
    assert shown("q=orleans") == shown("language=fr") == ["Orléans"]
    assert shown("q=expert") == shown("track=sales") == shown("country=DE") == ["Berlin"]
    assert shown("technology=xsp") == []
    assert shown("sort=-starts_at&q=nowhere") == []
    assert "Hidden" in shown("", sign_in(cast.karim))
    book_places(Session.objects.get(place="Berlin"), team[:2], by=acting(cast, "alice"), at=AT)
    page = alice.get("/training/sessions/").content.decode()
    assert "Full, 1 waiting" in page
    assert "4 places left" in page
    Session.objects.all().update(cancelled_at=AT)
    assert "No session is planned" in alice.get("/training/sessions/").content.decode()


@pytest.mark.parametrize("who", ["alice", "karim"])
def test_a_session_and_the_calendar_cost_the_same_whatever_they_hold(cast, sign_in, who):
    made = session(course(), seats=10)
    browser = sign_in(getattr(cast, who))

    def more(number):
        for _each in range(number):
            one = employ(cast.alpha, "Somebody")
            book_places(made, [one], by=acting(cast, "alice"), at=AT)
            employ(cast.alpha, "Else")
            session(made.course)

    more(2)
    places_ = (made.get_absolute_url(), "/training/calendar/?month=2026-12")
    few = [cost(browser, place) for place in places_]
    more(18)
    assert [cost(browser, place) for place in places_] == few
    assert max(few) <= 25
