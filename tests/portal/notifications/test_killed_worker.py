"""Promise S5 with a real Celery worker: killed in the middle of its work, it loses and doubles nothing."""

import os
import signal
import time
from collections import Counter

import pytest
from django.utils import timezone

from portal.core.mail_files import newest_mails
from portal.notifications.actions import notify
from portal.notifications.models import Notification
from portal.notifications.tasks import deliver_outbox
from tests.conftest import WorkerProcess
from tests.portal.notifications.letters import MONDAY, register

MANY = 40


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def mailed():
    return Notification.objects.exclude(mailed_at=None).count()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_and_doubles_nothing(cast, settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    deal = register(cast, cast.amir)
    Notification.objects.all().delete()
    for number in range(MANY):
        notify(
            "deal-comment", to=[cast.amir], about=deal, key=str(number), at=MONDAY, author="x", excerpt="y"
        )

    # With acks_late the broker may hand the broken task to the next worker too: nor must that double.
    with WorkerProcess(tmp_path) as worker:
        for _time in range(3):
            deliver_outbox.delay()
        wait_for(lambda: mailed() >= 5)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    after_the_kill = mailed()
    assert 5 <= after_the_kill < MANY
    # PostgreSQL notices the end of the killed worker's connections, and frees the rows that it had locked.
    with WorkerProcess(tmp_path):
        deliver_outbox.delay()  # as beat does every minute
        wait_for(lambda: mailed() == MANY)

    assert not Notification.objects.to_mail(timezone.now()).exists()
    sent = Counter(mail.message_id for mail in newest_mails(1000))
    expected = {f"<{pk}@" for pk in Notification.objects.values_list("pk", flat=True)}
    assert {message_id.partition("@")[0] + "@" for message_id in sent} == expected
    assert set(sent.values()) == {1}
