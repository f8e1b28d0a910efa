"""Courses: written, published and withdrawn by the vendor, seen by everybody."""

from datetime import timedelta
from decimal import Decimal

import pytest

from partners.certification.actions.courses import add_course, edit_course, publish_course, withdraw_course
from partners.certification.actions.exams import note_progress, switch_question
from partners.certification.models import Course, CourseProgress
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed
from tests.costs import cost
from tests.partners.certification.school import acting, code_of, course, course_facts, online, session
from tests.partners.certification.team import AT, employ

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(cast):
    User.objects.update(language="en")


def test_a_course_is_seen_by_the_vendor_alone_until_it_is_published(cast, sign_in):
    made = add_course("eps-9", course_facts(), by=acting(cast, "karim"), at=AT)
    assert made.code == "EPS-9"
    assert sign_in(cast.ingrid).get("/training/EPS-9/").status_code == 200
    for who in (cast.alice, cast.denise):
        assert sign_in(who).get("/training/EPS-9/").status_code == 404
    publish_course(made, by=acting(cast, "karim"), at=AT)
    for who in (cast.alice, cast.adam, cast.denise, cast.august):
        assert sign_in(who).get("/training/EPS-9/").status_code == 200
    withdraw_course(made, by=acting(cast, "karim"), at=AT)
    assert sign_in(cast.alice).get("/training/EPS-9/").status_code == 404
    assert list(Event.objects.about(made).order_by("pk").values_list("verb", flat=True)) == [
        "course.added",
        "course.published",
        "course.withdrawn",
    ]


@pytest.mark.parametrize("who", ["alice", "amir", "denise", "august"])
def test_nobody_but_the_training_team_changes_courses(cast, who):
    made, by = course(), acting(cast, who)
    for command, args in (
        (add_course, ("X", course_facts())),
        (edit_course, (made, course_facts())),
        (publish_course, (made,)),
        (withdraw_course, (made,)),
    ):
        with pytest.raises(NotAllowed):
            command(*args, by=by, at=AT)


def test_publishing_and_withdrawing_twice_changes_nothing(cast):
    made, karim = course(is_published=False), acting(cast, "karim")
    for command in (publish_course, publish_course, withdraw_course, withdraw_course):
        command(made, by=karim, at=AT)
    assert Event.objects.about(made).count() == 2


def test_a_code_is_given_once(cast):
    course("EPS-1")
    assert code_of(add_course, "eps-1", course_facts(), by=acting(cast, "karim"), at=AT) == "code-taken"
    assert Course.objects.count() == 1


@pytest.mark.parametrize(("track", "named"), [("technology", False), ("sales", True)])
def test_a_technology_is_named_where_it_counts_and_nowhere_else(cast, track, named):
    facts = course_facts(track=track, technology=cast.groups["endpoint-security"] if named else None)
    assert code_of(add_course, "X", facts, by=acting(cast, "karim"), at=AT) == "technology"


def test_a_course_of_a_technology_shows_it(cast, sign_in):
    facts = course_facts(track="technology", technology=cast.groups["anti-targeted-attack"])
    made = add_course("ATA", facts, by=acting(cast, "karim"), at=AT)
    publish_course(made, by=acting(cast, "karim"), at=AT)
    page = sign_in(cast.alice).get("/training/ATA/").content.decode()
    assert "Anti Targeted Attack Platform" in page


def test_an_online_course_is_published_with_its_address_and_enough_questions(cast):
    karim = acting(cast, "karim")
    made = course(is_published=False, mode="online")
    assert code_of(publish_course, made, by=karim, at=AT) == "no-link"
    made = online(is_published=False, questions=3)
    Course.objects.filter(pk=made.pk).update(exam_questions=4)
    assert code_of(publish_course, made, by=karim, at=AT) == "too-few-questions"
    Course.objects.filter(pk=made.pk).update(exam_questions=3)
    assert publish_course(made, by=karim, at=AT).is_published


def test_a_published_exam_keeps_enough_questions(cast):
    karim = acting(cast, "karim")
    made = online(questions=3)
    question = made.questions.first()
    assert code_of(switch_question, question, by=karim, at=AT, on=False) == "too-few-questions"
    more = course_facts(
        track="sales", mode="online", link="https://x.example", exam_mode="online", exam_questions=4
    )
    assert code_of(edit_course, made, more, by=karim, at=AT) == "too-few-questions"
    question.refresh_from_db()
    assert question.is_active


def test_a_draft_may_be_incomplete(cast):
    made = course(is_published=False)
    facts = course_facts(mode="online", exam_mode="online", link="")
    assert edit_course(made, facts, by=acting(cast, "karim"), at=AT).mode == "online"


def test_what_was_changed_is_noted(cast):
    made, karim = course(), acting(cast, "karim")
    edit_course(made, course_facts(title="Another"), by=karim, at=AT)
    edit_course(made, course_facts(title="Another"), by=karim, at=AT)
    event = Event.objects.about(made).get()
    assert "title" in event.data["changed"]


def test_a_course_with_sessions_stays_on_site(cast):
    made = course()
    session(made)
    facts = course_facts(mode="online", link="https://x.example")
    assert code_of(edit_course, made, facts, by=acting(cast, "karim"), at=AT) == "has-sessions"


def test_a_course_is_withdrawn_once_its_sessions_are_over_or_cancelled(cast):
    made, karim = course(), acting(cast, "karim")
    coming = session(made)
    assert code_of(withdraw_course, made, by=karim, at=AT) == "sessions-to-come"
    assert not withdraw_course(made, by=karim, at=coming.starts_at).is_published


# ---------------------------------------------------------------- progress


def test_an_employee_notes_their_own_progress(cast, sign_in):
    made = online()
    employ(cast.alpha, "Tina Faure", cast.tina)
    tina = sign_in(cast.tina)
    for percent in ("0", "60"):
        tina.post(f"/training/{made.code}/progress/", {"percent": percent})
    found = CourseProgress.objects.get()
    assert (found.percent, found.employment.full_name) == (60, "Tina Faure")
    assert 'value="60"' in tina.get(f"/training/{made.code}/").content.decode()
    for nonsense in ("101", "-1", "x", ""):
        tina.post(f"/training/{made.code}/progress/", {"percent": nonsense})
    found.refresh_from_db()
    assert found.percent == 60


def test_nobody_notes_the_progress_of_somebody_else(cast, sign_in):
    made = online()
    for who in (cast.alice, cast.adam, cast.denise, cast.karim):
        answer = sign_in(who).post(f"/training/{made.code}/progress/", {"percent": "50"})
        assert answer.status_code == 403
    # Read-only accounts change nothing, not even for themselves.
    employ(cast.alpha, "Adam Leroy", cast.adam)
    assert sign_in(cast.adam).post(f"/training/{made.code}/progress/", {"percent": "5"}).status_code == 403
    assert not CourseProgress.objects.exists()


def test_marked_progress_leaves_an_event_and_the_same_twice_none_more(cast):
    employ(cast.alpha, "Tina Faure", cast.tina)
    tina, made = acting(cast, "tina"), online()
    for percent in (0, 40, 40, 100):
        note_progress(made, by=tina, at=AT, percent=percent)
    told = Event.objects.about(CourseProgress.objects.get()).order_by("id")
    assert [(one.verb, one.data["progress_pct"], one.actor) for one in told] == [
        ("course.progress_noted", percent, tina) for percent in (0, 40, 100)
    ]
    assert {one.data["course"] for one in told} == {made.code}


def test_progress_is_of_online_courses(cast):
    employ(cast.alpha, "Tina Faure", cast.tina)
    tina = acting(cast, "tina")
    assert code_of(note_progress, course(), by=tina, at=AT, percent=5) == "on-site"
    assert code_of(note_progress, online(), by=tina, at=AT, percent=101) == "percent"


# ---------------------------------------------------------------- pages


def form_data(**changed):
    return {
        "code": "new-1",
        "title": "New course",
        "track": "sales",
        "technology": "",
        "mode": "on_site",
        "language": "fr",
        "duration_hours": "8",
        "price": "",
        "currency": "EUR",
        "validity_months": "",
        "link": "",
        "exam_mode": "recorded",
        "exam_questions": "20",
        "exam_minutes": "45",
        "pass_mark_pct": "70",
        "exam_attempts": "3",
        "exam_wait_days": "7",
    } | changed


def test_a_course_is_added_and_edited_on_a_form(cast, sign_in):
    karim = sign_in(cast.karim)
    assert karim.get("/training/add/").status_code == 200
    answer = karim.post("/training/add/", form_data(), follow=True)
    assert "New course" in answer.content.decode()
    assert not Course.objects.get().is_published
    karim.post("/training/NEW-1/publish/")
    karim.post("/training/NEW-1/edit/", form_data(title="Renamed", price="120.50"))
    made = Course.objects.get()
    assert (made.title, made.price, made.is_published, made.code) == (
        "Renamed",
        Decimal("120.50"),
        True,
        "NEW-1",
    )
    karim.post("/training/NEW-1/withdraw/")
    assert not Course.objects.get().is_published


HOSTILE = [
    ("code", "a b"),
    ("code", "-"),
    ("code", "x" * 21),
    ("title", "\x00"),
    ("title", ""),
    ("track", "gold"),
    ("technology", "9" * 30),
    ("technology", "1"),
    ("duration_hours", "0"),
    ("duration_hours", "1e9"),
    ("duration_hours", "NaN"),
    ("price", "-1"),
    ("price", "99999999"),
    ("currency", "XXX"),
    ("validity_months", "0"),
    ("validity_months", "241"),
    ("link", "javascript:alert(1)"),
    ("link", "ftp://x.example"),
    ("exam_questions", "0"),
    ("pass_mark_pct", "101"),
    ("exam_attempts", "-1"),
    ("exam_wait_days", "367"),
    ("language", "xx"),
    ("description", "x" * 4001),
]


def test_what_cannot_be_a_course_is_said_on_the_field(cast, sign_in):
    karim = sign_in(cast.karim)
    for field, value in HOSTILE:
        answer = karim.post("/training/add/", form_data(**{field: value}))
        assert answer.status_code == 200, (field, value)
        assert list(answer.context["form"].errors) == [field], (field, value)
    assert not Course.objects.exists()


def test_a_code_that_is_taken_is_said_on_the_field(cast, sign_in):
    course("NEW-1")
    answer = sign_in(cast.karim).post("/training/add/", form_data())
    assert list(answer.context["form"].errors) == ["code"]


def test_a_refused_change_is_said_on_the_form(cast, sign_in):
    made = course()
    session(made)
    data = form_data(mode="online", link="https://x.example")
    answer = sign_in(cast.karim).post(f"/training/{made.code}/edit/", data)
    assert list(answer.context["form"].errors) == ["mode"]
    made.refresh_from_db()
    assert made.mode == "on_site"


def test_why_a_course_cannot_be_published_or_withdrawn_is_said(cast, sign_in):
    karim = sign_in(cast.karim)
    course("A", mode="online", is_published=False)
    assert "needs the address" in karim.post("/training/A/publish/", follow=True).content.decode()
    session(course("B"), starts_at=AT + timedelta(days=4000))
    assert "cancel them first" in karim.post("/training/B/withdraw/", follow=True).content.decode()


def test_the_validity_is_the_editions_where_the_course_says_nothing(cast, sign_in):
    course("A"), course("B", validity_months=12)
    alice = sign_in(cast.alice)
    assert "24 months" in alice.get("/training/A/").content.decode()
    assert "12 months" in alice.get("/training/B/").content.decode()


def test_the_list_is_searched_filtered_and_sorted(cast, sign_in):
    course("A", title="Basics", language="fr", duration_hours=4)
    course("B", title="Expert", track="technology", technology=cast.groups["xsp"], duration_hours=16)
    online("C", title="Webinar")
    course("D", title="Draft", is_published=False)
    alice, karim = sign_in(cast.alice), sign_in(cast.karim)

    def shown(browser, query):
        return [row.record.code for row in browser.get(f"/training/?{query}").context["table"].rows]

    assert shown(alice, "") == ["A", "B", "C"]
    assert shown(alice, "q=expert") == ["B"]
    assert shown(alice, "track=technology") == shown(alice, "technology=xsp") == ["B"]
    assert shown(alice, "mode=online") == ["C"]
    assert shown(alice, "language=fr") == ["A"]
    assert shown(alice, "sort=-duration_hours")[0] == "B"
    assert shown(alice, "state=draft") == ["A", "B", "C"]  # no filter for partners
    assert shown(karim, "state=draft") == ["D"]
    assert "Nothing matches" in alice.get("/training/?q=nowhere").content.decode()


def test_an_empty_list_says_so(cast, sign_in):
    assert "No course yet" in sign_in(cast.alice).get("/training/").content.decode()
    assert "Add a course" in sign_in(cast.karim).get("/training/").content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_is_a_file_without_formulas(cast, sign_in, kind):
    course("A", title="=1+1")
    course("D", title="Draft", is_published=False)
    answer = sign_in(cast.alice).get(f"/training/courses.{kind}")
    body = b"".join(answer.streaming_content)
    if kind == "csv":
        assert b"'=1+1" in body
        assert b"Draft" not in body


@pytest.mark.parametrize("who", ["alice", "karim", "denise"])
def test_the_list_and_a_course_cost_the_same_whatever_they_hold(cast, sign_in, who):
    made = course()
    browser = sign_in(getattr(cast, who))

    def more(number):
        for n in range(number):
            course(f"N{Course.objects.count()}-{n}", track="technology", technology=cast.groups["xsp"])
            session(made, starts_at=AT + timedelta(days=3000 + n))

    more(2)
    places = ("/training/", f"/training/{made.code}/", "/training/sessions/")
    few = [cost(browser, place) for place in places]
    more(18)
    assert [cost(browser, place) for place in places] == few
    assert max(few) <= 25


def test_a_course_shows_its_next_sessions(cast, sign_in):
    made = course()
    session(made, starts_at=AT + timedelta(days=3000), place="Lyon")
    session(made, starts_at=AT + timedelta(days=3001), place="Nice", cancelled_at=AT, cancel_reason="x")
    page = sign_in(cast.alice).get(f"/training/{made.code}/").content.decode()
    assert "Lyon" in page
    assert "Nice" not in page
