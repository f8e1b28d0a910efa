"""The Celery application. Deadlines are stored dates: tasks only find what is due and call actions."""

import logging
import os
import time
from contextvars import Token
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)
_tokens: dict[str, Token[str]] = {}
_started: dict[str, float] = {}


@worker_ready.connect
def first_heartbeat(**_: Any) -> None:
    """/readyz need not wait for the first task that beat sends."""
    from portal.core.health import beat_heart

    beat_heart("worker")


@before_task_publish.connect
def send_request_id(headers: dict[str, Any], **_: Any) -> None:
    from portal.core.logs import request_id

    headers.setdefault("request_id", request_id.get())


@task_prerun.connect
def take_request_id(task_id: str, task: Any, **_: Any) -> None:
    """A task that no request asked for is known by its own id."""
    from portal.core.logs import request_id

    _tokens[task_id] = request_id.set(task.request.get("request_id") or task_id)


@task_postrun.connect
def drop_request_id(task_id: str, **_: Any) -> None:
    from portal.core.logs import request_id

    if token := _tokens.pop(task_id, None):
        request_id.reset(token)


@task_prerun.connect
def start_clock(task_id: str, **_: Any) -> None:
    _started[task_id] = time.monotonic()


@task_postrun.connect
def note_scheduled_task(
    task_id: str, task: Any, retval: Any = None, state: str | None = None, **_: Any
) -> None:
    """For the page of jobs: how the tasks of the schedule end. Its entry is named in a header."""
    seconds = time.monotonic() - _started.pop(task_id, time.monotonic())
    name = task.request.get("periodic_task_name")
    if not name:
        return
    from django.db import DatabaseError
    from django.utils import timezone

    from portal.core.actions import described, note_task

    failed = state not in (None, "SUCCESS")
    done = {event: count for event, count in retval.items() if count} if isinstance(retval, dict) else {}
    try:
        note_task(
            name,
            at=timezone.now(),
            seconds=seconds,
            done={} if failed else done,
            error=described(retval) if failed else "",
        )
    except DatabaseError as problem:  # the task itself is done; its note is not worth its failure
        log.warning("the run of %s is not noted: %s", name, problem)
