from celery import shared_task
from django.utils import timezone

from portal.core.actions import run_sweeps as run_all_sweeps
from portal.core.health import beat_heart


@shared_task
def heartbeat() -> None:
    beat_heart("worker")


@shared_task
def run_sweeps() -> None:
    run_all_sweeps(at=timezone.now())
