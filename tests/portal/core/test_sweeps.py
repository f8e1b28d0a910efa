"""`manage.py sweep`: everything by date, for any date, twice without harm, one failure stopping no other."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.core import actions, sweeps
from portal.core.actions import run_sweeps
from portal.core.models import SweepRun
from portal.core.sweeps import Sweep
from portal.core.tasks import run_sweeps as task

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 12, 31, 12, tzinfo=UTC)


@pytest.fixture
def own_sweeps(monkeypatch):
    """Three sweeps of the test's own: one that works once, one that breaks, one with nothing to do."""
    asked = []
    waiting = ["a", "b"]

    def tidy(at):
        asked.append(at)
        done = len(waiting)
        waiting.clear()
        return {"things_tidied": done, "things_lost": 0}

    def broken(at):
        raise ValueError("no such thing")

    found = {
        "b.broken": Sweep("b.broken", broken),
        "c.idle": Sweep("c.idle", lambda at: {}),
        "c.tidy": Sweep("c.tidy", tidy),
    }
    monkeypatch.setattr(sweeps, "_SWEEPS", found)
    monkeypatch.setattr(actions, "autodiscover_modules", lambda name: None)
    return found, asked


def swept(*arguments):
    out = StringIO()
    try:
        call_command("sweep", *arguments, stdout=out, no_color=True)
    except CommandError as failure:
        return out.getvalue(), str(failure)
    return out.getvalue(), ""


def test_it_sweeps_at_noon_of_the_day_asked_for(own_sweeps):
    found, asked = own_sweeps
    del found["b.broken"]
    text, failure = swept("--on", "2026-12-31", "--before-its-day")
    assert asked == [NOON]
    assert failure == ""
    assert text.splitlines()[0] == "Sweeping for Thursday 31 December 2026, 12:00 UTC"
    assert "  c.idle  nothing to do" in text
    assert "  c.tidy  2 things tidied" in text
    assert "2 done" in text

    text, _failure = swept("--on", "2026-12-31", "--before-its-day")
    assert "  c.tidy  nothing to do" in text
    assert "0 done" in text


def test_without_a_day_it_sweeps_now(own_sweeps):
    found, asked = own_sweeps
    del found["b.broken"]
    swept()
    assert abs(asked[0] - timezone.now()) < timedelta(minutes=1)


@pytest.fixture
def half_past_eleven(monkeypatch):
    """In the evening of 27 November 2026 in London; in Paris the next day has begun."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 27, 23, 30, tzinfo=UTC))


@pytest.mark.parametrize("day", ["2026-11-28", "2026-12-31"])
def test_a_day_to_come_is_not_swept_by_accident(own_sweeps, half_past_eleven, day):
    _found, asked = own_sweeps
    text, failure = swept("--on", day)
    assert asked == []
    assert "has not come yet" in text and "None of that can be taken back" in text
    assert "reminders go out" in text and "lapse" in text
    assert failure == "Nothing was done. If that is what you want, add --before-its-day."


@pytest.mark.parametrize(
    ("day", "swept_for"),
    [
        ("2026-11-26", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ("2026-11-27", datetime(2026, 11, 27, 23, 30, tzinfo=UTC)),
    ],
)
def test_a_day_that_has_come_is_swept_at_once(own_sweeps, half_past_eleven, day, swept_for):
    found, asked = own_sweeps
    del found["b.broken"]
    assert swept("--on", day)[1] == ""
    assert asked == [swept_for]


@pytest.mark.parametrize(("typed", "goes_on"), [("2026-12-31", True), ("yes", False), ("", False)])
def test_whoever_sits_at_the_keyboard_confirms_with_the_date(own_sweeps, monkeypatch, typed, goes_on):
    found, asked = own_sweeps
    del found["b.broken"]
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 27, 8, tzinfo=UTC))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: typed)
    _text, failure = swept("--on", "2026-12-31")
    assert (asked, failure) == (([NOON], "") if goes_on else ([], "Nothing was done."))


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "31/12/2026"])
def test_what_is_no_date_is_refused(own_sweeps, day):
    assert "is not a date like 2026-12-31" in swept(f"--on={day}")[1]


def test_one_failure_stops_no_other_and_is_reported(own_sweeps):
    text, failure = swept("--on", "2026-12-31", "--before-its-day")
    assert "  b.broken  failed: ValueError: no such thing" in text
    assert "  c.tidy    2 things tidied" in text
    assert "b.broken" in failure


def test_the_last_runs_are_on_record(own_sweeps):
    run_sweeps(at=NOON)
    tidy, broken = SweepRun.objects.get(name="c.tidy"), SweepRun.objects.get(name="b.broken")
    assert tidy.done == {"things_tidied": 2}
    assert tidy.swept_for == NOON
    assert tidy.succeeded_at is not None and tidy.error == ""
    assert broken.succeeded_at is None and broken.error == "ValueError: no such thing"
    assert str(tidy) == "c.tidy"

    found, _asked = own_sweeps
    found["b.broken"] = Sweep("b.broken", lambda at: {"mended": 1})
    run_sweeps(at=NOON)
    broken.refresh_from_db()
    assert broken.succeeded_at is not None and broken.error == ""


def test_a_failing_sweep_leaves_its_last_success_on_record(own_sweeps):
    found, _asked = own_sweeps
    run_sweeps(at=NOON)
    first = SweepRun.objects.get(name="c.idle").succeeded_at
    found["c.idle"] = found["b.broken"]
    found["c.idle"] = Sweep("c.idle", found["b.broken"].run)
    run_sweeps(at=NOON)
    idle = SweepRun.objects.get(name="c.idle")
    assert idle.succeeded_at == first
    assert idle.ran_at > first
    assert idle.error


def test_the_sweeps_of_all_apps_are_found():
    outcomes = run_sweeps(at=NOON)
    assert {outcome.name for outcome in outcomes} >= {sweep.name for sweep in sweeps.all_sweeps()}
    assert len(outcomes) >= 2
    assert [outcome.name for outcome in outcomes if outcome.error] == []


def test_beat_s_task_runs_them(own_sweeps):
    task()
    assert SweepRun.objects.count() == 3


def test_with_verbosity_two_it_names_what_it_touched(own_sweeps):
    found, _asked = own_sweeps
    found.clear()

    def tidy(at):
        for reference in ("DR-1", "DR-2"):
            sweeps.note_touched("things tidied", reference)
        return {"things tidied": 2}

    found["c.tidy"] = Sweep("c.tidy", tidy)
    assert "DR-1" not in swept()[0]
    assert "things tidied: DR-1, DR-2" in swept("-v", "2")[0]
