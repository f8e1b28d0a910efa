"""Two at the same moment: one result (real threads, real locks)."""

from datetime import date

import pytest

from partners.certification.actions import departures
from partners.certification.models import DepartureGap
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
