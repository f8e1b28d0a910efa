"""A sweep over cases that is killed in the middle loses and doubles nothing (promise S5).

PORTAL_CASES=5000 tries it with more. PostgreSQL and Redis are killed by `python -m bench.killed_sweeps`."""

import os
import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from partners.certification.models import Certificate, Departure, DepartureGap, Employment, Person
from partners.tiering.models import TierReview
from portal.audit.models import Event
from portal.core.tasks import run_one_sweep
from portal.notifications.models import Notification
from tests.conftest import WorkerProcess
from tests.partners.certification.people import LONG_AGO
from tests.portal.notifications.test_killed_worker import wait_for

# More than two batches.
CASES = int(os.environ.get("PORTAL_CASES", "1200"))


def overdue_cases(cast, number):
    """Cases of Bravo whose time ended yesterday."""
    left_on = timezone.localdate() - timedelta(days=91)
    people = Person.objects.bulk_create([Person() for _one in range(number)])
    employments = Employment.objects.bulk_create(
        Employment(
            person=person,
            partner=cast.bravo,
            full_name=f"Leaver {person.pk}",
            hired_on=LONG_AGO,
            left_on=left_on,
            entered_at=timezone.now(),
        )
        for person in people
    )
    certificates = Certificate.objects.bulk_create(
        Certificate(
            number=f"C-{one.pk}",
            person=one.person,
            holder_name=one.full_name,
            title="Specialist",
            track="technical",
            issued_on=LONG_AGO,
            expires_on=left_on + timedelta(days=700),
            code=f"{one.pk:032}",
        )
        for one in employments
    )
    cases = Departure.objects.bulk_create(
        Departure(
            reference=f"K-{one.pk}",
            partner=cast.bravo,
            employment=one,
            origin="partner",
            edition=cast.edition,
            departed_on=left_on,
            clock_from=left_on,
            report_due_on=left_on + timedelta(days=30),
            replacement_due_on=left_on + timedelta(days=90),
            reported_on=left_on,
            opened_at=timezone.now(),
        )
        for one in employments
    )
    DepartureGap.objects.bulk_create(
        DepartureGap(departure=case, track="technical", certificate=certificate)
        for case, certificate in zip(cases, certificates, strict=True)
    )


def lapsed():
    return Departure.objects.exclude(lapsed_on=None).count()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_whole_batches_and_the_next_does_the_rest(cast, tmp_path):
    overdue_cases(cast, CASES)
    with WorkerProcess(tmp_path) as worker:
        run_one_sweep.delay("certification.departures")
        wait_for(lapsed, 120)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    wait_for(lambda: lapsed() % 500 == 0 or lapsed() == CASES)
    assert Event.objects.filter(verb="departure.lapsed").count() == lapsed()
    with WorkerProcess(tmp_path):
        run_one_sweep.delay("certification.departures")
        run_one_sweep.delay("certification.departures")
        wait_for(lambda: lapsed() == CASES, 120)
        run_one_sweep.delay("tiering.reviews")
        run_one_sweep.delay("tiering.reviews")
        wait_for(lambda: TierReview.objects.count() == CASES, 120)
    for verb in ("departure.lapsed", "tier_review.opened"):
        told = Counter(Event.objects.filter(verb=verb).values_list("subject_id", flat=True))
        assert len(told) == CASES and set(told.values()) == {1}, verb
    # Bruno and Karim, once for each case.
    assert Notification.objects.filter(kind="departure-lapsed").count() == 2 * CASES
    assert DepartureGap.objects.filter(status="lapsed").count() == CASES
