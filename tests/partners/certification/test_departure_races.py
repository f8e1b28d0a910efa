"""Two at the same moment: one result (real threads, real locks)."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, transaction

from partners.certification.actions import departures
from partners.certification.models import Departure, DepartureGap, Employment
from partners.certification.tasks import watch_departures
from partners.organisations.models import Partner
from partners.tiering import actions
from partners.tiering.models import TierChange, TierReview
from partners.tiering.tasks import watch_reviews
from portal.audit.models import Event
from portal.core.errors import RuleViolation, WrongState
from tests.at_once import at_once
from tests.partners.certification.people import certify, hire, leave, noon

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_who_decide_on_a_tier_get_one_result(cast):
    eva = hire(cast.bravo)
    certify(eva)
    leave(eva, date(2026, 3, 1), by=cast.bruno)
    at = noon(date(2026, 5, 31))
    watch_departures(at)
    watch_reviews(at)
    review = TierReview.objects.get()
    results = at_once(
        lambda: actions.confirm_review(review, by=cast.karim, at=at, reason="Gone."),
        lambda: actions.confirm_review(review, by=cast.nora, at=at, reason="Gone."),
    )
    assert sorted(type(one).__name__ for one in results) == ["TierReview", "WrongState"], results
    assert TierChange.objects.count() == Event.objects.filter(verb="partner.tier_changed").count() == 1
    assert Partner.objects.get(pk=cast.bravo.pk).tier == "bronze"


def test_one_person_is_named_in_two_cases_at_once_and_counts_in_one(cast):
    cases = []
    for name in ("Eva", "Ben"):
        person = hire(cast.bravo, name)
        certify(person)
        cases.append(leave(person, date(2026, 3, 1), by=cast.bruno))
    noa = hire(cast.bravo, "Noa", date(2026, 3, 5))
    certify(noa)
    at = noon(date(2026, 3, 10))
    first, second = (case.gaps.get() for case in cases)
    results = at_once(
        lambda: departures.name_replacement(first, by=cast.bruno, at=at, employment=noa),
        lambda: departures.name_replacement(second, by=cast.bruno, at=at, employment=noa),
    )
    assert sum(isinstance(one, DepartureGap) for one in results) == 1
    assert sum(isinstance(one, RuleViolation) for one in results) == 1, results


def test_a_night_and_a_replacement_at_once_leave_one_outcome(cast):
    eva = hire(cast.bravo)
    certify(eva)
    case = leave(eva, date(2026, 3, 1), by=cast.bruno)
    noa = hire(cast.bravo, "Noa", date(2026, 3, 5))
    certify(noa)
    gap = case.gaps.get()
    results = at_once(
        lambda: departures.name_replacement(gap, by=cast.bruno, at=noon(date(2026, 5, 30)), employment=noa),
        lambda: watch_departures(noon(date(2026, 5, 31))),
        lambda: watch_departures(noon(date(2026, 5, 31))),
    )
    case.refresh_from_db()
    gap.refresh_from_db()
    assert case.status == "settled" and gap.status in ("replaced", "lapsed"), results
    named = isinstance(results[0], DepartureGap)
    assert named == (gap.status == "replaced") and (named or isinstance(results[0], WrongState))
    assert Event.objects.filter(verb="departure.lapsed").count() == (gap.status == "lapsed")


# ---------------------------------------------------------------- one order of locks

LATER = noon(date(2026, 3, 20))


def _correct(case, cast):
    departures.correct_departure_date(
        case, by=cast.bruno, at=LATER, departed_on=date(2026, 2, 20), reason="Typo."
    )


def _withdraw(case, cast):
    departures.withdraw_departure(case, by=cast.bruno, at=LATER, reason="Stays.", still_here=True)


def _report(case, cast):
    Departure.objects.filter(pk=case.pk).update(reported_on=None)
    departures.report_departure(case, by=cast.bruno, at=LATER)


def _name(case, cast):
    noa = Employment.objects.get(full_name="Noa")
    departures.name_replacement(case.gaps.get(), by=cast.bruno, at=LATER, employment=noa)


def _count_late(case, cast):
    certificate = certify(case.employment, "sales")
    departures.count_late_certificates([(case.employment, certificate)], by=cast.karim, at=LATER)


def _release(case, cast):
    departures.release_clock(case, by=cast.karim, at=LATER, reason="Was here.")


def _come_and_go(cast):
    """Eva's case that was withdrawn, and the one that runs on its clock; Noa could take her place."""
    eva = hire(cast.bravo)
    certify(eva)
    first = leave(eva, date(2026, 3, 1), by=cast.bruno)
    departures.withdraw_departure(
        first, by=cast.bruno, at=noon(date(2026, 3, 2)), reason="Stays.", still_here=True
    )
    standing = leave(eva, date(2026, 3, 10), by=cast.bruno)
    assert standing.clock_from == date(2026, 3, 1)
    certify(hire(cast.bravo, "Noa", date(2026, 3, 15)))
    return first, standing


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("act", [_correct, _withdraw, _report, _name, _count_late, _release])
def test_whoever_waits_for_the_employment_holds_no_case_of_it(cast, act):
    first, standing = _come_and_go(cast)

    def run():
        try:
            act(standing, cast)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Employment.objects.select_for_update().get(pk=standing.employment_id)
            acting = other.submit(run)
            give_up = time.monotonic() + 10
            while not _somebody_waits() and time.monotonic() < give_up:
                time.sleep(0.01)
            assert _somebody_waits()
            held = Departure.objects.filter(pk__in=[first.pk, standing.pk])
            assert len(held.select_for_update(nowait=True)) == 2
        acting.result(30)


@pytest.mark.parametrize("act", [_withdraw, _correct])
def test_a_certificate_entered_late_and_a_changed_case_at_once_both_get_through(cast, act):
    _first, standing = _come_and_go(cast)
    results = at_once(lambda: _count_late(standing, cast), lambda: act(standing, cast))
    assert results == [None, None]


def test_a_clock_released_on_two_pages_at_once_is_released_once(cast):
    first, standing = _come_and_go(cast)
    results = at_once(lambda: _release(first, cast), lambda: _release(standing, cast))
    assert sorted(type(one).__name__ for one in results) == ["NoneType", "WrongState"], results
    standing.refresh_from_db()
    assert standing.clock_from == date(2026, 3, 10)
