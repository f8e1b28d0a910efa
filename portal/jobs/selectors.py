"""How everything that runs by itself stands, in a fixed number of statements."""

import time as clock
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

import redis
from django.core.cache import cache
from django.db.models import Count, Min, QuerySet
from django.utils.translation import gettext as _
from django_celery_beat.models import PeriodicTask

from portal.core.actions import known_sweeps
from portal.core.calendar import last_local_time
from portal.core.health import LONGEST_SILENCE
from portal.core.models import LastRun, PastRun, SweepRun, TaskRun
from portal.core.schedule import SWEEPS
from portal.core.sweeps import Sweep
from portal.jobs.labels import done_words, every_words, job_label, task_label, zone_of
from portal.jobs.rules import RED, JobFacts, State, state_of
from portal.notifications.models import Notification

DAY = timedelta(days=1)
# Without them nobody would see that something is wrong.
FIXED = ("heartbeat", "watch-jobs")


@dataclass(frozen=True)
class Job:
    """A sweep or a task of the schedule."""

    key: str
    label: str
    period_words: str
    state: State
    run: LastRun | None
    next_at: datetime | None = None

    @property
    def red(self) -> bool:
        return self.state in RED

    @property
    def name(self) -> str:
        return self.key.partition(":")[2]

    @property
    def error(self) -> str:
        return self.run.error if self.run else ""

    @property
    def done_words(self) -> str:
        return done_words(self.run.done) if self.run else ""


@dataclass(frozen=True)
class SweepJob(Job):
    sweep: Sweep | None = None


@dataclass(frozen=True)
class TaskJob(Job):
    task: PeriodicTask | None = None

    @property
    def fixed(self) -> bool:
        return self.name in FIXED

    @property
    def paused(self) -> bool:
        return self.state == State.PAUSED


@dataclass(frozen=True)
class Heart:
    """Worker or beat; `last_at` is None when no heartbeat is known."""

    part: str
    last_at: datetime | None
    beats: bool


@dataclass(frozen=True)
class MailFigures:
    waiting: int
    oldest_at: datetime | None
    given_up: int


def period_of(task: PeriodicTask) -> timedelta:
    if task.interval is not None:
        return timedelta(**{task.interval.period: task.interval.every})
    return DAY


def hour_of(task: PeriodicTask) -> time:
    return time(int(task.crontab.hour), int(task.crontab.minute))


def next_run(task: PeriodicTask, at: datetime) -> datetime | None:
    if not task.enabled:
        return None
    if task.interval is not None:
        return max((task.last_run_at or at) + period_of(task), at)
    # The last such hour before this hour of tomorrow is the next one.
    return last_local_time(str(task.crontab.timezone), hour_of(task), at + DAY)


@dataclass
class Board:
    """Everything at an instant. Read once, asked often."""

    at: datetime
    tasks_by_name: dict[str, PeriodicTask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = PeriodicTask.objects.select_related("interval", "crontab").order_by("name")
        self.tasks_by_name = {task.name: task for task in rows}

    @cached_property
    def tasks(self) -> list[TaskJob]:
        runs = {run.name: run for run in TaskRun.objects.all()}
        jobs = []
        for name, task in self.tasks_by_name.items():
            run = runs.get(name)
            night = task.crontab is not None
            jobs.append(
                TaskJob(
                    key=f"task:{name}",
                    label=task_label(name),
                    period_words=f"{hour_of(task):%H:%M}" if night else every_words(period_of(task)),
                    state=self._state(run, period_of(task), not task.enabled, task.date_changed),
                    run=run,
                    next_at=next_run(task, self.at),
                    task=task,
                )
            )
        return sorted(jobs, key=lambda job: (bool(zone_of(job.name)), job.next_at or self.at, job.label))

    @cached_property
    def sweeps(self) -> list[SweepJob]:
        runs = {run.name: run for run in SweepRun.objects.all()}
        often = self.tasks_by_name.get(SWEEPS)
        nights = [task for name, task in self.tasks_by_name.items() if zone_of(name)]
        running = [task for task in nights if task.enabled]
        coming = [next_run(task, self.at) or self.at for task in running]
        jobs = []
        for sweep in known_sweeps():
            if sweep.nightly:
                period, paused = DAY, bool(nights) and not running
                next_at = min(coming, default=None)
                words = _("every night, country by country")
            else:
                period = period_of(often) if often else timedelta(minutes=10)
                paused = often is not None and not often.enabled
                next_at = next_run(often, self.at) if often else None
                words = every_words(period)
            run = runs.get(sweep.name)
            state = self._state(run, period, paused, None)
            jobs.append(
                SweepJob(
                    key=f"sweep:{sweep.name}",
                    label=sweep.title,
                    period_words=words,
                    state=state,
                    run=run,
                    next_at=next_at,
                    sweep=sweep,
                )
            )
        return sorted(jobs, key=lambda job: (not job.red, job.label))

    def _state(
        self, run: LastRun | None, period: timedelta, paused: bool, known_since: datetime | None
    ) -> State:
        return state_of(
            JobFacts(
                known_since=run.known_since if run else known_since or self.at,
                succeeded_at=run.succeeded_at if run else None,
                failed=bool(run and run.error),
                period=period,
                paused=paused,
            ),
            self.at,
        )

    @property
    def jobs(self) -> list[Job]:
        return [*self.sweeps, *self.tasks]

    @property
    def red(self) -> list[Job]:
        return [job for job in self.jobs if job.red]

    def sweep(self, name: str) -> SweepJob | None:
        return next((job for job in self.sweeps if job.name == name), None)

    def task(self, pk: int) -> TaskJob | None:
        return next((job for job in self.tasks if job.task is not None and job.task.pk == pk), None)


RED_KEY, RED_SECONDS = "jobs:red", 30


def red_labels(at: datetime) -> list[str]:
    """For the home page, which is opened often: at most half a minute old."""
    try:
        keys = cache.get(RED_KEY)
        if keys is None:
            keys = [job.key for job in Board(at).red]
            cache.set(RED_KEY, keys, RED_SECONDS)
    except redis.RedisError:
        keys = [job.key for job in Board(at).red]
    return [job_label(key) for key in keys]


def forget_red() -> None:
    with suppress(redis.RedisError):
        cache.delete(RED_KEY)


def hearts() -> list[Heart]:
    found = []
    for part, longest in LONGEST_SILENCE.items():
        try:
            last = cache.get(f"heartbeat:{part}")
        except redis.RedisError:
            last = None
        beats = last is not None and clock.time() - last <= longest
        found.append(Heart(part, None if last is None else datetime.fromtimestamp(last, UTC), beats))
    return found


def mail_figures() -> MailFigures:
    waiting = Notification.objects.filter(mailed_at=None, dropped_at=None)
    figures = waiting.aggregate(waiting=Count("pk"), oldest_at=Min("created_at"))
    return MailFigures(given_up=Notification.objects.given_up().count(), **figures)


def past_runs(name: str) -> QuerySet[PastRun]:
    return PastRun.objects.filter(name=name)
