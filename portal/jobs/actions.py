"""What a programme administrator does with the schedule, and the watch over it."""

from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from kombu.exceptions import OperationalError
from redis import RedisError

from partners.organisations.access import people_who_can, require
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.celery import app as celery
from portal.core.beat import CHOSEN
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.core.models import SweepRun
from portal.jobs import rules
from portal.jobs.labels import short_period
from portal.jobs.models import Incident
from portal.jobs.selectors import FIXED, Board, Job, forget_red, hour_of, period_of
from portal.notifications.actions import notify, try_given_up_again

OUTBOX = "deliver-outbox"


def _changeable(task_id: int, by: User) -> PeriodicTask:
    require(by, "jobs.manage")
    task = PeriodicTask.objects.select_for_update(of=("self",)).get(pk=task_id)
    if task.name in FIXED:
        raise RuleViolation(
            "job-fixed",
            gettext_noop("This one stays as it is: without it nobody would see that something is wrong."),
        )
    return task


@transaction.atomic
def change_period(task_id: int, *, by: User, at: datetime, every: timedelta, reason: str) -> PeriodicTask:
    """For what runs again and again. It counts from the next run on, and survives every restart."""
    task = _changeable(task_id, by)
    rules.check_period(every)
    before = short_period(period_of(task))
    task.interval, _made = IntervalSchedule.objects.get_or_create(
        every=round(every.total_seconds()), period=IntervalSchedule.SECONDS
    )
    # A message that waited for longer than a period is overtaken by the next one.
    task.expire_seconds = max(60, round(every.total_seconds()))
    return _changed(task, by=by, at=at, reason=reason, before=before, after=short_period(every))


@transaction.atomic
def change_night(task_id: int, *, by: User, at: datetime, hour: time, reason: str) -> PeriodicTask:
    """For a night: another hour after midnight in the same time zone."""
    task = _changeable(task_id, by)
    rules.check_night(hour)
    before = f"{hour_of(task):%H:%M}"
    task.crontab, _made = CrontabSchedule.objects.get_or_create(
        minute=str(hour.minute),
        hour=str(hour.hour),
        day_of_week="*",
        day_of_month="*",
        month_of_year="*",
        timezone=task.crontab.timezone,
    )
    return _changed(task, by=by, at=at, reason=reason, before=before, after=f"{hour:%H:%M}")


def _changed(
    task: PeriodicTask, *, by: User, at: datetime, reason: str, before: str, after: str
) -> PeriodicTask:
    task.description = CHOSEN
    task.save()
    if after != before:
        record(
            "job.period_changed",
            task,
            by=by,
            at=at,
            reason=reason,
            audience=Audience.VENDOR,
            name=task.name,
            before=before,
            after=after,
        )
    return task


@transaction.atomic
def pause_task(task_id: int, *, by: User, at: datetime, reason: str) -> PeriodicTask:
    return _switch(task_id, on=False, verb="job.paused", by=by, at=at, reason=reason)


@transaction.atomic
def resume_task(task_id: int, *, by: User, at: datetime, reason: str = "") -> PeriodicTask:
    return _switch(task_id, on=True, verb="job.resumed", by=by, at=at, reason=reason)


def _switch(task_id: int, *, on: bool, verb: str, by: User, at: datetime, reason: str) -> PeriodicTask:
    task = _changeable(task_id, by)
    if task.enabled == on:
        raise WrongState("job-switched-already", gettext_noop("Somebody was faster: that is done already."))
    task.enabled = on
    task.save()
    record(verb, task, by=by, at=at, reason=reason, audience=Audience.VENDOR, name=task.name)
    return task


@transaction.atomic
def run_sweep_now(name: str, *, by: User, at: datetime) -> None:
    """A worker runs it at once. Twice at once is harmless: each record is locked, and looked at again."""
    require(by, "jobs.manage")
    run, _made = SweepRun.objects.get_or_create(name=name)
    record("job.run_asked", run, by=by, at=at, audience=Audience.VENDOR, name=name)
    _send("portal.core.tasks.run_one_sweep", [name])


@transaction.atomic
def run_task_now(task_id: int, *, by: User, at: datetime) -> None:
    require(by, "jobs.manage")
    task = PeriodicTask.objects.get(pk=task_id)
    record("job.run_asked", task, by=by, at=at, audience=Audience.VENDOR, name=task.name)
    _send(task.task, [], headers={"periodic_task_name": task.name})


def _send(task: str, arguments: list[str], **options: Any) -> None:
    try:
        celery.send_task(task, args=arguments, retry=False, **options)
    except (OperationalError, RedisError, OSError) as problem:
        raise RuleViolation(
            "queue-away",
            gettext_noop("The queue does not answer at the moment. Try again in a few minutes."),
        ) from problem


@transaction.atomic
def send_mails_again(*, by: User, at: datetime) -> int:
    """Mails that every try failed for, once the reason is gone. Returns how many."""
    require(by, "jobs.manage")
    again = try_given_up_again(at=at)
    task = PeriodicTask.objects.filter(name=OUTBOX).first()
    if again and task is not None:
        record("job.mails_sent_again", task, by=by, at=at, audience=Audience.VENDOR, number=again)
    return again


def watch_jobs(*, at: datetime) -> tuple[int, int]:
    """Opens an incident for what has turned red, and tells the programme administrators once of all that did
    so in this moment; ends those that are over. Returns how many were opened and ended."""
    red = {job.key: job for job in Board(at).red}
    with transaction.atomic():
        ended = Incident.objects.open().exclude(job__in=red).update(ended_at=at)
        known = set(Incident.objects.open().values_list("job", flat=True))
        new = [job for key, job in red.items() if key not in known]
        opened = Incident.objects.bulk_create([_incident(job, at) for job in new], ignore_conflicts=True)
        first = Incident.objects.open().filter(opened_at=at).order_by("job").first()
        if opened and first is not None:
            notify(
                "jobs-red",
                to=people_who_can("jobs.manage", Membership.objects.filter(vendor_office__isnull=False)),
                about=first,
                key=at.isoformat(),
                at=at,
            )
    forget_red()
    return len(opened), ended


def _incident(job: Job, at: datetime) -> Incident:
    return Incident(job=job.key, state=job.state, error=job.error, opened_at=at)
