"""When what runs by itself runs: nights by time zone, what was missed is made up for, and what an
administrator has changed in the schedule stays."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from portal.celery import app
from portal.core import actions, sweeps
from portal.core.actions import (
    KEPT_RUNS,
    forget_old_runs,
    last_night,
    run_due_sweeps,
    run_nightly_sweeps,
    run_sweeps,
)
from portal.core.beat import CHOSEN, HeartbeatScheduler, put_schedule
from portal.core.calendar import COUNTRY_TIME_ZONES, last_local_time, time_zone_of, zone_bands
from portal.core.models import PastRun, SweepRun, TaskRun
from portal.core.schedule import night_in
from portal.core.sweeps import Sweep
from portal.core.tasks import run_nightly_sweeps as nightly_task
from portal.core.tasks import run_one_sweep

pytestmark = pytest.mark.django_db


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


DAYS = [utc(2026, 1, 1, 6) + timedelta(days=n) for n in range(5 * 365)]
# Night is over in every band: it ends last in Reykjavik.
MORNING = utc(2026, 12, 1, 8)


@pytest.fixture
def restarted(monkeypatch):
    """What `celery beat` makes of the schedule when it starts."""
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)
    return lambda: HeartbeatScheduler(app=app)


@pytest.fixture
def own_sweeps(monkeypatch):
    ran = []
    found = {
        "by.hour": Sweep("by.hour", lambda at: ran.append(("by.hour", at)) or {}),
        "by.day": Sweep("by.day", lambda at: ran.append(("by.day", at)) or {"days": 1}, nightly=True),
    }
    monkeypatch.setattr(sweeps, "_SWEEPS", found)
    monkeypatch.setattr(actions, "autodiscover_modules", lambda name: None)
    return found, ran


# --- bands of time zones ---------------------------------------------------------------------------


def test_every_country_stands_in_one_band_whose_clocks_agree():
    bands = zone_bands()
    assert sorted(country for countries in bands.values() for country in countries) == sorted(
        COUNTRY_TIME_ZONES
    )
    for zone, countries in bands.items():
        for country in countries:
            for at in DAYS:
                assert (
                    at.astimezone(time_zone_of(country)).utcoffset()
                    == at.astimezone(ZoneInfo(zone)).utcoffset()
                ), (country, zone, at)


def test_each_band_has_its_night_and_no_two_bands_are_one():
    zones = list(zone_bands())
    assert {night_in(zone) for zone in zones} <= set(app.conf.beat_schedule)
    offsets = {tuple(at.astimezone(ZoneInfo(zone)).utcoffset() for at in DAYS) for zone in zones}
    assert len(offsets) == len(zones)


@pytest.mark.parametrize(
    ("zone", "before", "found"),
    [
        ("Europe/Vienna", utc(2026, 12, 1, 12), utc(2026, 11, 30, 23, 10)),
        ("Europe/Vienna", utc(2026, 12, 1, 23, 9), utc(2026, 11, 30, 23, 10)),
        ("Europe/Vienna", utc(2026, 12, 1, 23, 10), utc(2026, 12, 1, 23, 10)),
        ("Europe/Vienna", utc(2026, 7, 1, 12), utc(2026, 6, 30, 22, 10)),
        # The night after the clocks went forward, and the one after they went back.
        ("Europe/Vienna", utc(2027, 3, 29, 1), utc(2027, 3, 28, 22, 10)),
        ("Europe/Vienna", utc(2027, 11, 1, 1), utc(2027, 10, 31, 23, 10)),
        ("Asia/Jerusalem", utc(2026, 12, 1, 12), utc(2026, 11, 30, 22, 10)),
    ],
)  # fmt: skip
def test_the_last_night_began_ten_minutes_after_midnight_there(zone, before, found):
    assert last_local_time(zone, time(0, 10), before) == found


@pytest.mark.parametrize(
    ("zone", "slept", "due"),
    [
        ("Europe/Vienna", utc(2027, 1, 9, 23, 10), utc(2027, 1, 10, 23, 10)),
        ("Europe/Vienna", utc(2027, 3, 27, 23, 10), utc(2027, 3, 28, 22, 10)),
        ("Europe/Vienna", utc(2027, 10, 30, 22, 10), utc(2027, 10, 31, 23, 10)),
        ("Asia/Jerusalem", utc(2027, 3, 25, 22, 10), utc(2027, 3, 26, 21, 10)),
        ("Europe/London", utc(2028, 2, 28, 0, 10), utc(2028, 2, 29, 0, 10)),
    ],
)  # fmt: skip
def test_a_night_starts_after_midnight_there_also_when_the_clocks_change(zone, slept, due):
    schedule = app.conf.beat_schedule[night_in(zone)]["schedule"]
    with time_machine.travel(due - timedelta(seconds=30), tick=False):
        assert not schedule.is_due(slept).is_due
    with time_machine.travel(due + timedelta(seconds=1), tick=False):
        assert schedule.is_due(slept).is_due


# --- nights, and what was missed -------------------------------------------------------------------


def test_by_the_hour_only_what_asks_for_instants_runs_once_the_night_is_done(own_sweeps):
    _found, ran = own_sweeps
    run_nightly_sweeps(at=MORNING - timedelta(hours=1))
    assert [name for name, _at in ran] == ["by.day"]
    ran.clear()
    run_due_sweeps(at=MORNING)
    run_due_sweeps(at=MORNING + timedelta(minutes=10))
    assert [name for name, _at in ran] == ["by.hour", "by.hour"]


def test_a_missed_night_is_made_up_for_once(own_sweeps):
    """Beat, worker or queue were away: the sweep last ran the day before."""
    _found, ran = own_sweeps
    run_nightly_sweeps(at=MORNING - timedelta(days=1))
    ran.clear()
    run_due_sweeps(at=MORNING)
    run_due_sweeps(at=MORNING + timedelta(minutes=10))
    assert [name for name, _at in ran] == ["by.day", "by.hour", "by.hour"]


def test_a_night_has_half_an_hour_before_anybody_makes_up_for_it(own_sweeps):
    _found, ran = own_sweeps
    night = last_night(MORNING)
    run_nightly_sweeps(at=night - timedelta(minutes=1))
    ran.clear()
    run_due_sweeps(at=night + timedelta(minutes=20))
    assert ("by.day", night + timedelta(minutes=20)) not in ran
    run_due_sweeps(at=night + timedelta(minutes=31))
    assert ("by.day", night + timedelta(minutes=31)) in ran


def test_a_night_that_failed_is_tried_again_by_the_hour(own_sweeps):
    found, ran = own_sweeps
    works = found["by.day"]

    def breaks(at):
        raise ValueError("not now")

    found["by.day"] = Sweep("by.day", breaks, nightly=True)
    run_nightly_sweeps(at=MORNING - timedelta(hours=1))
    found["by.day"] = works
    run_due_sweeps(at=MORNING)
    assert ("by.day", MORNING) in ran


def test_a_sweep_by_hand_for_another_date_does_not_stand_for_the_night(own_sweeps):
    _found, ran = own_sweeps
    for day in (MORNING - timedelta(days=90), MORNING + timedelta(days=90)):
        run_sweeps(at=day)
        ran.clear()
        run_due_sweeps(at=MORNING)
        assert ("by.day", MORNING) in ran


def test_the_tasks_say_how_many_sweeps_ran(own_sweeps):
    assert nightly_task() == {"sweeps run": 1, "sweeps failed": 0}


# --- history ---------------------------------------------------------------------------------------


def test_every_run_is_on_record_with_its_cause(own_sweeps):
    run_nightly_sweeps(at=MORNING)
    run_sweeps(at=MORNING)
    run_one_sweep("by.day")
    run_one_sweep("no.such.sweep")
    past = PastRun.objects.filter(name="by.day")
    assert [run.cause for run in past] == ["now", "command", "schedule"]
    assert past[0].done == {"days": 1} and past[0].error == "" and past[0].seconds >= 0
    assert past[1].swept_for == MORNING
    assert str(past[0]).startswith("by.day 20")


def test_the_history_is_bounded_for_each_sweep(own_sweeps):
    rows = [
        PastRun(name=name, ran_at=MORNING + timedelta(minutes=n), swept_for=MORNING, seconds=0, cause="now")
        for name, number in (("by.hour", KEPT_RUNS + 7), ("by.day", 3))
        for n in range(number)
    ]  # fmt: skip
    PastRun.objects.bulk_create(rows)
    assert forget_old_runs() == 7
    assert forget_old_runs() == 0
    kept = PastRun.objects.filter(name="by.hour")
    assert kept.count() == KEPT_RUNS
    assert kept.last().ran_at == MORNING + timedelta(minutes=7)
    assert PastRun.objects.filter(name="by.day").count() == 3


# --- the schedule in beat's tables -----------------------------------------------------------------


def test_starting_beat_twice_puts_the_schedule_there_once(restarted):
    restarted()
    first = list(PeriodicTask.objects.order_by("pk").values())
    restarted()
    assert list(PeriodicTask.objects.order_by("pk").values()) == first
    assert {task["name"] for task in first} == set(app.conf.beat_schedule)
    assert set(TaskRun.objects.values_list("name", flat=True)) == set(app.conf.beat_schedule)
    assert {"deals.decisions", "jobs.history"} <= set(SweepRun.objects.values_list("name", flat=True))


def test_a_period_that_somebody_has_chosen_survives_a_restart_of_beat(restarted):
    restarted()
    task = PeriodicTask.objects.get(name="run-sweeps")
    task.interval = IntervalSchedule.objects.get_or_create(every=1800, period="seconds")[0]
    task.description = CHOSEN
    task.save()
    beat = restarted()
    task.refresh_from_db()
    assert task.interval.every == 1800
    assert beat.schedule["run-sweeps"].schedule.run_every == timedelta(minutes=30)


def test_a_pause_survives_a_restart_of_beat_and_a_new_standard_arrives(restarted):
    restarted()
    task = PeriodicTask.objects.get(name="run-sweeps")
    # As an earlier version of the portal had put it there.
    task.interval = IntervalSchedule.objects.get_or_create(every=1800, period="seconds")[0]
    task.enabled = False
    task.save()
    beat = restarted()
    task.refresh_from_db()
    assert not task.enabled
    assert task.interval.every == 600
    assert "run-sweeps" not in beat.schedule


def test_what_the_code_no_longer_knows_leaves_the_schedule():
    every = IntervalSchedule.objects.create(every=1, period="days")
    PeriodicTask.objects.create(name="sweep-of-old", task="portal.core.tasks.gone", interval=every)
    put_schedule(app)
    assert not PeriodicTask.objects.filter(name="sweep-of-old").exists()


@pytest.mark.parametrize("hour", [3, 9, 15, 21])
def test_a_night_that_beat_has_missed_is_due_at_its_start_whatever_the_hour(restarted, hour):
    restarted()
    day = timezone.now().replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=3)
    night = night_in("Europe/Vienna")
    PeriodicTask.objects.filter(name=night).update(last_run_at=day - timedelta(days=2))
    with time_machine.travel(day, tick=False):
        assert restarted().schedule[night].is_due().is_due
