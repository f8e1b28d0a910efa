"""Promise S5 for what people are told: nothing is lost, nothing is told twice."""

import smtplib
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from partners.organisations.models import Membership
from portal.notifications import actions
from portal.notifications.actions import LONGEST_WAIT, MOST_FAILURES_IN_A_ROW, MOST_TRIES, deliver_due, notify
from portal.notifications.models import Notification
from portal.notifications.tasks import deliver_outbox
from tests.portal.notifications.letters import register, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(cast):
    deal = register(cast, cast.amir)
    Notification.objects.all().delete()
    return deal


def now():
    return timezone.now() + timedelta(seconds=1)


def addresses():
    return sorted(address for sent in mail.outbox for address in sent.to)


def test_a_notification_is_mailed_once(cast, deal):
    tell("deal-approved", deal, cast.alice, cast.amir)

    assert deliver_due(at=now(), most=10) == {"mailed": 2, "dropped": 0, "failed": 0}
    assert addresses() == [
        "Alice Moreau <alice@alpha-securite.example>",
        "Amir Haddad <amir@alpha-securite.example>",
    ]
    assert deliver_due(at=now(), most=10) == {"mailed": 0, "dropped": 0, "failed": 0}
    assert len(mail.outbox) == 2
    sent = Notification.objects.get(recipient=cast.alice)
    assert sent.mailed_at is not None
    assert sent.tries == 1


def test_telling_the_same_again_changes_nothing(cast, deal):
    for _time in range(2):
        tell("deal-approved", deal, cast.alice, cast.alice, key="one")
    tell("deal-approved", deal, cast.alice, key="two")
    tell("deal-expired", deal, cast.alice, key="one")
    assert Notification.objects.filter(recipient=cast.alice).count() == 3


def test_nobody_to_tell_is_no_row(deal):
    tell("deal-approved", deal)
    assert not Notification.objects.exists()


def test_an_unknown_kind_is_a_mistake_of_ours(cast, deal):
    with pytest.raises(LookupError):
        notify("deal-painted", to=[cast.alice], about=deal, key="1")


def test_what_is_rolled_back_was_never_told(cast, deal):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell("deal-approved", deal, cast.alice)
        raise ZeroDivisionError
    assert not Notification.objects.exists()


def test_no_more_than_asked_in_one_go(cast, deal):
    tell("deal-approved", deal, cast.alice, cast.amir)
    assert deliver_due(at=now(), most=1)["mailed"] == 1
    assert deliver_due(at=now(), most=1)["mailed"] == 1


def test_a_failure_waits_longer_each_time_and_stops_nobody_else(cast, deal, monkeypatch):
    tell("deal-approved", deal, cast.alice, cast.amir)
    real = actions.compose

    def refusing(notification, membership):
        if notification.recipient == cast.alice:
            raise smtplib.SMTPRecipientsRefused({"alice": (550, b"no such box")})
        return real(notification, membership)

    monkeypatch.setattr(actions, "compose", refusing)
    first = now()
    assert deliver_due(at=first, most=10) == {"mailed": 1, "dropped": 0, "failed": 1}
    waiting = Notification.objects.get(recipient=cast.alice)
    assert (waiting.tries, waiting.mailed_at, waiting.dropped_at) == (1, None, None)
    assert waiting.next_try_at == first + timedelta(minutes=1)
    assert waiting.last_error.startswith("SMTPRecipientsRefused")
    assert sum(deliver_due(at=first, most=10).values()) == 0

    waits = []
    at = waiting.next_try_at
    while waiting.dropped_at is None:
        deliver_due(at=at, most=10)
        waiting.refresh_from_db()
        waits.append(waiting.next_try_at - at)
        at = waiting.next_try_at if waiting.next_try_at > at else at
    assert waits[:3] == [timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]
    assert max(waits) == LONGEST_WAIT
    assert waiting.tries == MOST_TRIES
    assert sum(deliver_due(at=at + LONGEST_WAIT, most=10).values()) == 0


def test_a_mail_server_that_is_away_is_left_alone_for_a_while(cast, deal, monkeypatch):
    asked = []

    def away(*_):
        asked.append(1)
        raise TimeoutError

    for number in range(12):
        tell("deal-approved", deal, cast.alice, key=str(number))
    monkeypatch.setattr(actions, "compose", away)
    at = now()
    assert deliver_due(at=at, most=100)["failed"] == len(asked) == MOST_FAILURES_IN_A_ROW
    deliver_due(at=at, most=100)
    assert deliver_due(at=at, most=100)["failed"] == 2  # each has had its first try


def test_a_broken_text_is_a_failure_of_that_mail_alone(cast, deal):
    tell("deal-approved", deal, cast.alice, granted_pct="not a number")
    tell("deal-expired", deal, cast.amir)
    assert deliver_due(at=now(), most=10) == {"mailed": 1, "dropped": 0, "failed": 1}


def test_a_failed_mail_is_sent_when_the_server_is_back(cast, deal, monkeypatch):
    tell("deal-approved", deal, cast.alice)
    with monkeypatch.context() as away:
        away.setattr(actions, "compose", lambda *_: (_ for _ in ()).throw(ConnectionRefusedError()))
        deliver_due(at=now(), most=10)
    assert mail.outbox == []
    deliver_due(at=now() + timedelta(minutes=2), most=10)
    assert len(mail.outbox) == 1


def test_who_is_switched_off_gets_no_mail(cast, deal):
    tell("deal-approved", deal, cast.dan)
    assert deliver_due(at=now(), most=10)["dropped"] == 1
    assert mail.outbox == []
    assert Notification.objects.get().dropped_at is not None


def test_who_may_no_longer_see_the_deal_gets_no_mail(cast, deal):
    tell("deal-approved", deal, cast.alice, cast.amir, cast.bruno, cast.stranger)
    cast.amir.memberships.update(is_active=False)
    assert deliver_due(at=now(), most=10) == {"mailed": 1, "dropped": 3, "failed": 0}
    assert addresses() == ["Alice Moreau <alice@alpha-securite.example>"]


def test_a_second_membership_counts_too(cast, deal):
    """Amir acts for Bravo at the moment; the deal is Alpha's, where he still works."""
    cast.amir.memberships.update(is_current=False)
    Membership.objects.create(user=cast.amir, role="partner_sales", partner=cast.bravo, is_current=True)
    tell("deal-approved", deal, cast.amir)
    assert deliver_due(at=now(), most=10)["mailed"] == 1
    assert "Alpha Sécurité" in mail.outbox[0].body


def test_a_subject_that_is_gone_gets_no_mail(cast, deal):
    tell("deal-approved", deal, cast.alice)
    Notification.objects.update(subject_id=0)
    assert deliver_due(at=now(), most=10)["dropped"] == 1


def test_kinds_for_reviewers_never_reach_a_partner(cast, deal):
    for kind in ("deal-to-decide", "deal-half-time", "deal-overdue"):
        tell(kind, deal, cast.alice)
    tell("deal-comment", deal, cast.alice, internal=True)
    assert deliver_due(at=now(), most=10) == {"mailed": 0, "dropped": 4, "failed": 0}


def test_the_message_id_is_the_notification_s(cast, deal):
    tell("deal-approved", deal, cast.alice)
    deliver_due(at=now(), most=10)
    known = Notification.objects.get()
    Notification.objects.update(mailed_at=None)  # as after a crash between sending and commit
    deliver_due(at=now(), most=10)
    first, second = (sent.message()["Message-ID"] for sent in mail.outbox)
    assert first == second
    assert str(known.pk) in first


def test_what_happens_on_a_later_date_is_mailed_now(cast, deal):
    """`manage.py sweep --on` lets the future happen; its mails are not for then."""
    notify("deal-expired", to=[cast.alice], about=deal, key="x", at=timezone.now() + timedelta(days=40))
    assert deliver_due(at=now(), most=10)["mailed"] == 1


def test_the_task_delivers_and_calls_itself_for_the_rest(cast, deal, monkeypatch):
    from portal.notifications import tasks

    called = []
    monkeypatch.setattr(tasks, "MAILS_PER_RUN", 1)
    monkeypatch.setattr(deliver_outbox, "delay", lambda: called.append(True))
    tell("deal-approved", deal, cast.alice)
    # The database's clock of a row's default may stand after the task's by a little.
    Notification.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    deliver_outbox()
    assert (len(mail.outbox), called) == (1, [True])
    deliver_outbox()
    assert called == [True]


def test_with_redis_away_the_request_goes_on(cast, deal, monkeypatch, django_capture_on_commit_callbacks):
    def away(*_args, **_options):
        raise ConnectionError

    monkeypatch.setattr(actions.celery, "send_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        tell("deal-approved", deal, cast.alice)
    assert Notification.objects.to_mail(now()).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_outbox(cast):
    deal = register(cast, cast.amir)
    Notification.objects.all().delete()
    for number in range(12):
        tell("deal-approved", deal, cast.alice, key=str(number))
    results = []

    def work():
        try:
            results.append(deliver_due(at=now(), most=50))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(result["mailed"] for result in results) == 12
    assert len({sent.message()["Message-ID"] for sent in mail.outbox}) == len(mail.outbox) == 12


def test_reading_is_noted_once(cast, deal):
    tell("deal-approved", deal, cast.alice)
    notification = Notification.objects.get()
    actions.mark_read(notification, by=cast.alice, at=now())
    notification.refresh_from_db()
    first = notification.read_at
    actions.mark_read(notification, by=cast.alice, at=now() + timedelta(hours=1))
    actions.mark_read(notification, by=cast.bruno, at=now() + timedelta(hours=1))
    actions.mark_unread(notification, by=cast.bruno)
    notification.refresh_from_db()
    assert notification.read_at == first
    actions.mark_unread(notification, by=cast.alice)
    notification.refresh_from_db()
    assert notification.read_at is None


def test_everything_is_read_at_once_by_oneself_alone(cast, deal):
    for kind in ("deal-approved", "deal-won"):
        tell(kind, deal, cast.alice)
    tell("deal-approved", deal, cast.amir)
    assert actions.mark_all_read(by=cast.alice, at=now()) == 2
    assert actions.mark_all_read(by=cast.alice, at=now()) == 0
    assert Notification.objects.unread().get().recipient == cast.amir
