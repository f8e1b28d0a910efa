"""The scheduler of Celery beat: the schedule lives in its tables, where an administrator changes it; with a
heartbeat for /readyz."""

import logging
from typing import Any

import redis
from celery import Celery
from django.db.models import QuerySet
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from portal.core.actions import known_sweeps
from portal.core.health import beat_heart
from portal.core.models import SweepRun, TaskRun

log = logging.getLogger(__name__)

# In the description of a task whose period somebody has chosen.
CHOSEN = "chosen"


class KeptEntry(ModelEntry):
    @classmethod
    def from_entry(cls, name: str, app: Celery | None = None, **entry: Any) -> "KeptEntry":
        """django-celery-beat writes its settings over the table at every start (its issue 153). Here a period
        that somebody has chosen stays, and so does a pause; everything else follows the code."""
        wanted = cls._unpack_fields(**entry)
        task, made = PeriodicTask.objects.get_or_create(name=name, defaults=wanted)
        if not made:
            if task.description == CHOSEN:
                wanted = {field: value for field, value in wanted.items() if field not in _PERIOD}
            changed = [field for field, value in wanted.items() if getattr(task, field) != value]
            if changed:
                for field in changed:
                    setattr(task, field, wanted[field])
                task.save()
        return cls(task, app=app)


_PERIOD = ("interval", "crontab", "solar", "clocked", "expire_seconds")


def put_schedule(app: Celery) -> None:
    """The tasks of the code into beat's tables, as often as one likes; those that the code no longer knows
    leave."""
    for name, entry in app.conf.beat_schedule.items():
        KeptEntry.from_entry(name, app=app, **entry)
        TaskRun.objects.get_or_create(name=name)
    PeriodicTask.objects.exclude(name__in=app.conf.beat_schedule).delete()
    for sweep in known_sweeps():
        SweepRun.objects.get_or_create(name=sweep.name)


class HeartbeatScheduler(DatabaseScheduler):
    Entry = KeptEntry

    def setup_schedule(self) -> None:
        put_schedule(self.app)
        super().setup_schedule()

    def enabled_models_qs(self) -> QuerySet[PeriodicTask]:
        # The original leaves out what is not due within two hours, and with it a night that was missed.
        return PeriodicTask.objects.filter(enabled=True)

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        try:
            beat_heart("beat")
        except redis.RedisError as problem:  # beat itself waits until Redis is back
            log.warning("no heartbeat: %s", problem)
        return super().tick(*args, **kwargs)
