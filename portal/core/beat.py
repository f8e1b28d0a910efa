"""The scheduler of Celery beat, with a heartbeat for /readyz."""

import logging
from typing import Any

import redis
from django_celery_beat.schedulers import DatabaseScheduler

from portal.core.health import beat_heart

log = logging.getLogger(__name__)


class HeartbeatScheduler(DatabaseScheduler):
    def tick(self, *args: Any, **kwargs: Any) -> Any:
        try:
            beat_heart("beat")
        except redis.RedisError as problem:  # beat itself waits until Redis is back
            log.warning("no heartbeat: %s", problem)
        return super().tick(*args, **kwargs)
