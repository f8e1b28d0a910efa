"""The worker of the tests is a real one."""

import time

from django.core.cache import cache

from portal.core.tasks import heartbeat


def wait_for_heartbeat() -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if cache.get("heartbeat:worker"):
            return True
        time.sleep(0.1)
    return False


def test_a_task_runs_in_the_worker(celery_worker):
    cache.delete("heartbeat:worker")
    heartbeat.delay()
    assert wait_for_heartbeat()
