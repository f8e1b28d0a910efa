from celery import shared_task

from portal.core.health import beat_heart


@shared_task
def heartbeat() -> None:
    beat_heart("worker")
