"""Loads the demonstration, all of it or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from django.db import connection, transaction
from django.db.models import F

from dealreg.deals.models import Deal
from partners.customers.models import Customer
from partners.organisations.models import Distributor, Partner
from partners.programme import actions as programme
from portal.accounts.models import User
from portal.core.actions import run_sweeps
from portal.core.calendar import time_zone_of
from portal.dashboard.demo.cast import CAST_PARTNERS, DISTRIBUTORS, OFFICES
from portal.dashboard.demo.certificates import certify_people
from portal.dashboard.demo.departures import add_departures
from portal.dashboard.demo.history import Case, Clockwork
from portal.dashboard.demo.plot import plot
from portal.dashboard.demo.register import tidy_register
from portal.dashboard.demo.saved_views import save_views
from portal.dashboard.demo.team import hire_teams
from portal.dashboard.demo.training import fill_school, open_school
from portal.dashboard.demo.world import make_world
from portal.documents.models import Document
from portal.notifications.models import Notification

EDITION = Path(programme.__file__).resolve().parent / "data" / "2017.yaml"
STILL_UNREAD = timedelta(days=2)
STILL_TO_MAIL = timedelta(hours=26)


@dataclass(frozen=True)
class Loaded:
    partners: int
    distributors: int
    people: int
    customers: int
    deals: int


def is_empty() -> bool:
    """Whether nobody is there yet: only then the demonstration may move in."""
    return not (User.objects.exists() or Partner.objects.exists() or Deal.objects.exists())


def load_world(*, now: datetime, tell: Callable[[int, int], None]) -> Loaded:
    """Everything of the demonstration as of `now`, in one transaction. `tell(done, of)` follows the deals."""

    def told(done: int, of: int) -> None:
        if done % 50 == 0:
            _count_rows()
        tell(done, of)

    now = now.astimezone(time_zone_of("FR"))  # where most of it plays: "today" is the day there
    with transaction.atomic():
        programme.seed_edition(yaml.safe_load(EDITION.read_text("utf-8")))
        world = make_world(now)
        open_school(world)
        hire_teams(world)
        _count_rows()
        clockwork = Clockwork(world, told)
        clockwork.run(plot(clockwork))
        fill_school(world)
        add_departures(world)
        certify_people(now)
        run_sweeps(at=now)
        tidy_register(now)
        _date_back(clockwork.cases)
        save_views(now)
        _read_old_mail(now)
        # The history was told long ago: only what is still in the outbox leaves, by the worker's re-sender.
        connection.run_on_commit = []
    _count_rows()
    return Loaded(
        partners=Partner.objects.count(),
        distributors=Distributor.objects.count(),
        people=User.objects.count(),
        customers=Customer.objects.count(),
        deals=Deal.objects.count(),
    )


def _count_rows() -> None:
    """Nobody else counts the rows of a transaction that is still running, and PostgreSQL joins tables that
    it believes empty in ways that take minutes."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _date_back(cases: list[Case]) -> None:
    """The columns that the database stamps with the time of loading get the time of the story."""
    known_since: dict[int, datetime] = {}
    for case in cases:
        deal, registered_at = case.deal, case.deal.submitted_at
        deal.created_at, deal.changed_at = case.created_at, case.changed_at
        if deal.customer_id is not None and registered_at is not None:
            earliest = known_since.get(deal.customer_id, registered_at)
            known_since[deal.customer_id] = min(earliest, registered_at)
    # bulk_update writes what it is given, where save() would stamp the present.
    Deal.objects.bulk_update([case.deal for case in cases], ["created_at", "changed_at"], batch_size=150)
    customers = Customer.objects.filter(pk__in=known_since)
    for customer in customers:
        customer.created_at = known_since[customer.pk]
    Customer.objects.bulk_update(customers, ["created_at"], batch_size=200)
    begun = {case.deal.pk: case.created_at for case in cases}
    documents = list(Document.objects.all())
    for document in documents:
        document.uploaded_at = begun[document.subject_id]
    Document.objects.bulk_update(documents, ["uploaded_at"], batch_size=200)


def _read_old_mail(now: datetime) -> None:
    """What is older than two days has been read; what is older than a day, or for people around the cast,
    has been mailed."""
    cast = [user.pk for user in User.objects.filter(email__in=cast_addresses())]
    every = Notification.objects.all()
    every.filter(created_at__lt=now - STILL_UNREAD).update(read_at=F("created_at") + timedelta(hours=3))
    pending = every.filter(created_at__gte=now - STILL_TO_MAIL, recipient__in=cast)
    every.exclude(pk__in=pending.values("pk")).update(
        mailed_at=F("created_at") + timedelta(seconds=20), tries=1, next_try_at=F("created_at")
    )


def cast_addresses() -> list[str]:
    groups = (*OFFICES, *DISTRIBUTORS, *CAST_PARTNERS)
    return [person.email for group in groups for person in group.people]
