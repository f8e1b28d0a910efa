"""The Celery application. Deadlines are stored dates: tasks only find what is due and call actions."""

import os
from contextvars import Token
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_tokens: dict[str, Token[str]] = {}


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
