"""/healthz: this process answers. /readyz: so does everything that the portal needs.

A stranger may ask, so the answer is one word for each part; the reason goes to the log."""

import logging
import time
from collections.abc import Callable

import redis
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)

# A worker may be busy with two long sweeps; beat only ever sleeps for seconds.
LONGEST_SILENCE = {"worker": 180, "beat": 90}


class NotReady(Exception):
    """A part that the portal needs is missing; the message is for the log only."""


def beat_heart(part: str) -> None:
    """Note that `part` ("worker" or "beat") lives. Raises redis.RedisError."""
    cache.set(f"heartbeat:{part}", time.time(), timeout=3600)


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReady(f"{len(missing)} migrations are not applied")


def check_redis() -> None:
    cache.get("heartbeat:worker")


def check_heartbeat(part: str) -> None:
    last = cache.get(f"heartbeat:{part}")
    if last is None or time.time() - last > LONGEST_SILENCE[part]:
        raise NotReady(f"the last heartbeat of {part} was at {last}")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "redis": check_redis,
    "worker": lambda: check_heartbeat("worker"),
    "beat": lambda: check_heartbeat("beat"),
}


def is_ready(part: str) -> bool:
    try:
        CHECKS[part]()
    except (NotReady, DatabaseError, redis.RedisError) as problem:
        log.warning("not ready: %s: %s", part, problem)
        return False
    return True


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    parts = {part: "ok" if is_ready(part) else "failed" for part in CHECKS}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)
