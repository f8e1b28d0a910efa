from celery import shared_task
from django.utils import timezone

from portal.core.errors import gettext_noop
from portal.notifications.actions import deliver_due

# Short enough that a worker that is told to stop need not be killed.
MAILS_PER_RUN = 200
MAILED = gettext_noop("mails sent")
DROPPED = gettext_noop("mails without a receiver who may read them")
FAILED = gettext_noop("mails not sent, to be tried again")


@shared_task
def deliver_outbox() -> dict[str, int]:
    """Safe to run at any time, several at once: each mail is locked by one of them."""
    done = deliver_due(at=timezone.now(), most=MAILS_PER_RUN)
    if sum(done.values()) == MAILS_PER_RUN:
        deliver_outbox.delay()
    return {MAILED: done["mailed"], DROPPED: done["dropped"], FAILED: done["failed"]}
