"""The demo data: enough of everything, true to its own calendar, and loaded once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Comment, Conflict, Deal, Evidence, Question
from partners.customers.models import Customer
from partners.organisations.models import Distributor, Membership, Partner
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.actions import run_sweeps
from portal.core.calendar import date_in
from portal.core.company_numbers import read_company_number
from portal.dashboard.demo.loading import Loaded, load_world
from portal.notifications.models import Notification

CAST = (
    "nora@vendor.example",
    "karim@vendor.example",
    "ingrid@vendor.example",
    "denise@distri-nord.example",
    "dieter@distri-sued.example",
    "alice@alpha-securite.example",
    "amir@alpha-securite.example",
    "bruno@bravo-it.example",
    "carla@charlie-systems.example",
    "dora@delta-reseller.example",
    "paul@platin-gmbh.example",
)


class _Undo(Exception):
    """Ends the transaction that holds the demonstration."""


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker) -> Iterator[tuple[datetime, Loaded]]:
    """The demonstration, loaded once for all tests of this file and rolled back behind them."""
    now = timezone.now()
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                yield now, load_world(now=now, tell=lambda done, of: None)
                raise _Undo
        except _Undo:
            pass


@pytest.fixture(autouse=True)
def _inside(demo: tuple[datetime, Loaded], db: None) -> None:
    """Each test works in a savepoint of the loaded demonstration."""


def alphas() -> "object":
    return Deal.objects.filter(partner__trade_name="Alpha Sécurité")


def test_there_is_enough_of_everything(demo: tuple[datetime, Loaded]) -> None:
    _now, loaded = demo
    assert loaded.partners >= 65
    assert Partner.objects.values("country").distinct().count() >= 12
    assert loaded.distributors == Distributor.objects.count() == 4
    assert loaded.deals >= 400
    assert Customer.objects.count() >= 300
    assert alphas().count() >= 40
    assert Evidence.objects.exists() and Question.objects.exists() and Comment.objects.exists()


def test_the_distributors_cover_the_territory() -> None:
    served = {country for distributor in Distributor.objects.all() for country in distributor.countries}
    assert set(Partner.objects.values_list("country", flat=True)) <= served
    assert len(served) == 22


def test_deals_are_in_every_state(demo: tuple[datetime, Loaded]) -> None:
    found = dict(Deal.objects.order_by().values_list("status").annotate(n=Count("pk")))
    assert set(found) == set(DealStatus.values)
    own = set(alphas().order_by().values_list("status", flat=True))
    assert own == set(DealStatus.values)


def test_deals_go_back_eighteen_months(demo: tuple[datetime, Loaded]) -> None:
    now, _loaded = demo
    submitted = Deal.objects.exclude(submitted_at=None)
    assert submitted.filter(submitted_at__lt=now - timedelta(days=450)).exists()
    assert not submitted.filter(submitted_at__lt=now - timedelta(days=580)).exists()


def test_the_desks_of_the_cast_are_full(demo: tuple[datetime, Loaded]) -> None:
    now, _loaded = demo
    today = date_in("FR", now)
    ends = {
        (day - today).days
        for day in alphas().filter(status="approved").values_list("protected_until", flat=True)
    }
    assert {2, 6, 13, 25} <= ends
    denise = Deal.objects.filter(distributor__name="Distri Nord", status="submitted", step=Step.DISTRIBUTOR)
    assert denise.filter(decision_due_at__lt=now).count() >= 2
    assert denise.filter(decision_due_at__gte=now).count() >= 5
    assert Deal.objects.filter(distributor__name="Distri Nord", status="information_requested").count() >= 3
    vendor = Deal.objects.filter(status="submitted", step=Step.VENDOR)
    assert vendor.filter(partner__country__in=["FR", "BE", "LU"]).exists()
    assert vendor.filter(partner__country__in=["DE", "CH"]).exists()
    assert Deal.objects.filter(status="won", order_confirmed_at=None).count() >= 4


def test_conflicts_stand_open_in_each_constellation() -> None:
    conflicts = Conflict.objects.open()
    assert 3 <= conflicts.count() <= 8
    assert conflicts.filter(later__distributor=F("earlier__distributor")).exists()
    assert conflicts.exclude(later__distributor=F("earlier__distributor")).exists()
    assert conflicts.exclude(later__partner__country=F("earlier__partner__country")).exists()
    assert conflicts.filter(earlier__status="approved").exists()
    assert conflicts.filter(earlier__status="submitted").exists()
    assert Conflict.objects.exclude(outcome="").exists()


def test_every_number_is_valid_in_its_country() -> None:
    numbers = [(one.country, one.vat_number) for one in (*Partner.objects.all(), *Distributor.objects.all())]
    numbers += Customer.objects.values_list("country", "company_number")
    checked = [read_company_number(country, number) for country, number in numbers if number]
    assert len(checked) > 150


def test_every_address_is_reserved_for_examples() -> None:
    for model, fields in ((User, ["email"]), (Partner, ["web_domain"]), (Customer, ["domain"])):
        for field in fields:
            named = model.objects.exclude(**{field: ""})
            assert not named.exclude(**{f"{field}__endswith": ".example"}).exists()


def test_the_past_lies_in_the_past(demo: tuple[datetime, Loaded]) -> None:
    now, _loaded = demo
    assert not Event.objects.filter(at__gt=now).exclude(verb="edition.published").exists()
    assert not Comment.objects.filter(at__gt=now).exists()
    assert not Notification.objects.filter(created_at__gt=now).exists()
    past = Q()
    for field in (
        "created_at",
        "changed_at",
        "submitted_at",
        "endorsed_at",
        "decided_at",
        "order_confirmed_at",
    ):
        past |= Q(**{f"{field}__gt": now})
    assert not Deal.objects.filter(past).exists()
    assert not Deal.objects.filter(
        Q(ended_on__gt=now.date() + timedelta(days=1)) | Q(order_date__gt=now.date())
    ).exists()


def test_a_story_is_told_in_the_order_in_which_it_happened() -> None:
    assert not Deal.objects.filter(created_at__gt=F("submitted_at")).exists()
    assert not Deal.objects.filter(decided_at__lt=F("submitted_at")).exists()
    assert not Deal.objects.filter(changed_at__lt=F("submitted_at")).exists()
    assert not Deal.objects.filter(order_confirmed_at__lt=F("decided_at")).exists()
    assert not Conflict.objects.filter(later__submitted_at__lt=F("earlier__submitted_at")).exists()
    for deal in alphas().filter(status=DealStatus.WON):
        verbs = list(Event.objects.about(deal).order_by("at", "pk").values_list("verb", flat=True))
        assert verbs.index("deal.submitted") < verbs.index("deal.approved") < verbs.index("deal.won")


def test_nobody_decides_what_they_or_their_organisation_registered() -> None:
    assert not Deal.objects.filter(decided_by=F("registered_by")).exists()


def test_old_messages_have_been_read_and_mailed(demo: tuple[datetime, Loaded]) -> None:
    now, _loaded = demo
    old = Notification.objects.filter(created_at__lt=now - timedelta(days=2, hours=1))
    assert old.exists()
    assert not old.filter(Q(read_at=None) | Q(mailed_at=None)).exists()
    assert Notification.objects.to_mail(now + timedelta(minutes=1)).count() < 200
    fresh = Notification.objects.unread()
    assert fresh.filter(recipient__email="denise@distri-nord.example").exists()


def test_a_sweep_right_after_finds_nothing_to_do(demo: tuple[datetime, Loaded]) -> None:
    now, _loaded = demo
    for _run in range(2):
        outcomes = run_sweeps(at=now)
        assert [outcome.error for outcome in outcomes if outcome.error] == []
        assert sum(sum(outcome.done.values()) for outcome in outcomes) == 0


def test_the_files_are_there() -> None:
    for evidence in Evidence.objects.select_related("document")[:5]:
        with default_storage.open(evidence.document.file.name) as stored:
            start = stored.read(5)
        assert start == b"%PDF-" if evidence.document.name.endswith(".pdf") else start


@pytest.mark.parametrize("email", CAST)
def test_the_cast_signs_in(client, email: str) -> None:
    answer = client.post("/accounts/login/", {"login": email, "password": "demo-portal"})
    assert answer.status_code == 302
    assert client.get("/").status_code == 200


def test_somebody_belongs_to_two_partners() -> None:
    twice = Membership.objects.values("user").annotate(n=Count("pk")).filter(n=2)
    assert twice.exists()


def test_a_second_load_changes_nothing(settings) -> None:
    settings.DEMO = True
    before = (User.objects.count(), Deal.objects.count(), Event.objects.count())
    told = StringIO()
    call_command("load_demo", stdout=told)
    assert "stays as it is" in told.getvalue()
    assert before == (User.objects.count(), Deal.objects.count(), Event.objects.count())


def test_a_portal_that_is_no_demo_refuses(settings) -> None:
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(CommandError, match="known password"):
        call_command("load_demo", stdout=StringIO())
