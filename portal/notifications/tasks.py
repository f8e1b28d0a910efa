from celery import shared_task
from django.utils import timezone

from portal.notifications.actions import deliver_due

# Short enough that a worker that is told to stop need not be killed.
MAILS_PER_RUN = 200


@shared_task
def deliver_outbox() -> None:
    """Safe to run at any time, several at once: each mail is locked by one of them."""
    done = deliver_due(at=timezone.now(), most=MAILS_PER_RUN)
    if sum(done.values()) == MAILS_PER_RUN:
        deliver_outbox.delay()
