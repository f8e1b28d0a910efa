from celery import shared_task
from django.utils import timezone

from portal.core.errors import gettext_noop
from portal.jobs import actions

OPENED = gettext_noop("jobs turned red")
ENDED = gettext_noop("jobs well again")


@shared_task
def watch_jobs() -> dict[str, int]:
    opened, ended = actions.watch_jobs(at=timezone.now())
    return {OPENED: opened, ENDED: ended}
