"""Promise S10: every decision can be shown later. Events are written once, and nobody rewrites them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import InternalError, connection, transaction
from django.utils import translation

from portal.audit.actions import record
from portal.audit.models import Audience, Event
from portal.audit.selectors import reason_of, timeline
from portal.audit.verbs import VERBS

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)
ALL = [Audience.EVERYBODY, Audience.REVIEWERS, Audience.VENDOR]
PARTNERS = [Audience.EVERYBODY]


@pytest.fixture
def event(cast):
    return record("partner.edited", cast.alpha, by=cast.karim, at=AT, reason="New address")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda event: Event.objects.filter(pk=event.pk).update(reason="Another"),
        lambda event: Event.objects.filter(pk=event.pk).delete(),
        lambda event: event.save(),
        lambda event: event.delete(),
        lambda event: Event.objects.all()._raw_delete("default"),
        lambda event: Event.objects.bulk_update([event], ["reason"]),
    ],
    ids=["update", "delete", "save", "delete one", "raw delete", "bulk update"],
)
def test_an_event_cannot_be_changed_or_deleted(event, tamper):
    with pytest.raises(InternalError, match="Cannot update or delete"), transaction.atomic():
        tamper(event)
    assert Event.objects.get(pk=event.pk).reason == "New address"


@pytest.mark.parametrize("emptied", ["audit_event", "accounts_user CASCADE"])
def test_the_events_cannot_be_emptied(event, emptied):
    """Neither by themselves nor by the way; only the tests' own connection may, when asked to."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # PostgreSQL empties no table with checks to come
        with pytest.raises(InternalError, match="never emptied"), transaction.atomic():
            cursor.execute("SET LOCAL portal.may_empty = ''")
            cursor.execute(f"TRUNCATE {emptied}")
    assert Event.objects.get(pk=event.pk).reason == "New address"


def test_it_keeps_who_acted_as_what_at_the_time(cast, event):
    cast.karim.full_name = "Somebody Else"
    cast.karim.save()
    cast.karim.memberships.update(is_active=False)
    kept = Event.objects.get(pk=event.pk)
    assert (kept.actor_name, kept.actor_role) == ("Karim Benali", "channel_manager")
    assert kept.actor_organisation == "France, Maghreb & Benelux"
    assert str(kept) == "2026-11-23 13:10 partner.edited"


def test_it_is_part_of_the_transaction(cast):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("partner.edited", cast.alpha, by=None)
        raise ZeroDivisionError
    assert not Event.objects.about(cast.alpha).exists()


def test_the_timeline_tells_in_order_and_to_the_right_people(cast, django_assert_num_queries):
    from tests.portal.notifications.letters import register

    deal = register(cast, cast.amir)
    record("deal.approved", deal, by=cast.denise, at=AT + timedelta(hours=2), granted_pct=Decimal("3.5"),
           protected_until=date(2027, 2, 22))  # fmt: skip
    record(
        "deal.conflict_found",
        deal,
        by=None,
        at=AT + timedelta(hours=1),
        audience=Audience.VENDOR,
        other="DR-1",
    )
    record(
        "deal.escalated", deal, by=None, at=AT + timedelta(minutes=90), audience=Audience.REVIEWERS, due_at=AT
    )

    with django_assert_num_queries(1):
        everything = timeline(deal, ALL)
    verbs = [entry.verb for entry in everything]
    assert verbs[-3:] == ["deal.conflict_found", "deal.escalated", "deal.approved"]
    assert everything[-1].title == "Approved with a discount of 3.5%, protected until 22 Feb 2027"
    assert everything[-1].by == "Denise Carlier, Distri Nord"
    assert everything[-2].title == "Decision overdue since 23 Nov 2026, 14:10 CET, channel manager told"
    assert everything[-3].by == "The portal"

    partner = timeline(deal, PARTNERS)
    assert {"deal.conflict_found", "deal.escalated"} & {entry.verb for entry in partner} == set()
    assert partner[-1].by == "Denise Carlier, Distri Nord"
    assert [entry.by for entry in partner if entry.verb == "deal.submitted"] == [
        "Amir Haddad, Alpha Sécurité"
    ]
    reviewers = timeline(deal, [Audience.EVERYBODY, Audience.REVIEWERS])
    assert "deal.escalated" in {entry.verb for entry in reviewers}
    assert "deal.conflict_found" not in {entry.verb for entry in reviewers}


def test_a_partner_is_never_told_the_name_of_another_partner_s_people(cast):
    from tests.portal.notifications.letters import register

    deal = register(cast, cast.amir)
    record("deal.strange_thing", deal, by=cast.bruno, at=AT + timedelta(days=1))
    entry = timeline(deal, PARTNERS)[-1]
    assert entry.title == "Strange thing"
    assert "Bruno" not in entry.by and "Bravo" not in entry.by
    assert timeline(deal, ALL)[-1].by == "Bruno Girard, Bravo IT"


REVOKED = "Protection revoked: The customer's own written choice"
ORDER = {
    "order_reference": "O-1",
    "order_date": "2026-12-01",
    "order_amount": "5400.00",
    "currency": "EUR",
}


@pytest.mark.parametrize(
    ("verb", "data", "title"),
    [
        ("deal.rejected", {"code": "incomplete"}, "Rejected: Information missing or not plausible"),
        ("deal.rejected", {"code": "unheard-of"}, "Rejected: unheard-of"),
        ("deal.rejected", {}, "Rejected"),
        ("deal.lost", {"code": "price"}, "Reported as lost: Price"),
        ("deal.revoked", {"code": "customer_choice"}, REVOKED),
        ("deal.conflict_settled", {"outcome": "different"}, "Conflict settled: Two different opportunities"),
        (
            "deal.endorsed",
            {"granted_pct": "20.00"},
            "Approved by the distributor with 20%, passed on to the channel manager",
        ),
        ("deal.won", ORDER, "Reported as won: order O-1 of 1 Dec 2026, €5,400.00"),
        ("deal.expired", {"protected_until": "?"}, "Protection ended, last protected day ?"),
        ("deal.evidence_added", {"name": "100 % safe.pdf"}, "Evidence added: 100 % safe.pdf"),
    ],
)
def test_sentences(cast, verb, data, title):
    from tests.portal.notifications.letters import register

    deal = register(cast, cast.amir)
    record(verb, deal, by=cast.karim, at=AT + timedelta(days=1), **data)
    assert timeline(deal, ALL)[-1].title == title


def test_a_choice_of_a_record_without_that_field_is_shown_as_recorded(cast):
    record("deal.rejected", cast.alpha, by=None, code="other")
    assert timeline(cast.alpha, ALL)[-1].title == "Rejected: other"


def test_every_verb_of_the_catalogue_speaks():
    for code, verb in VERBS.items():
        assert str(verb.short), code
        assert not verb.wanted() or "%(" in str(verb.full)
        assert set(verb.choices) | set(verb.words) <= verb.wanted(), code


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Left the company.", "A quitté la société."),  # by the portal itself
        ("Left the company", "Left the company"),  # by somebody
        ("Open", "Open"),
        ("", ""),
    ],
)
def test_a_reason_that_the_portal_writes_is_read_in_the_reader_s_language(written, read):
    with translation.override("fr"):
        assert reason_of(Event(verb="membership.deactivated", reason=written)) == read
