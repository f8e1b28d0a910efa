"""A certified person leaves (rules G3 to G6)."""

from datetime import date

import pytest

from partners.certification.models import DepartureOrigin
from tests.partners.certification.people import certify, hire, leave, noon

pytestmark = pytest.mark.django_db


def test_a_certified_leaver_opens_a_case_with_both_last_days(cast):
    eva = hire(cast.alpha)
    certificate = certify(eva)
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    assert (case.report_due_on, case.replacement_due_on) == (date(2026, 3, 31), date(2026, 5, 30))
    assert [(gap.track, gap.certificate) for gap in case.gaps.all()] == [("technical", certificate)]


def test_a_leaver_without_a_valid_certificate_opens_none(cast):
    eva = hire(cast.alpha)
    certify(eva, issued_on=date(2024, 1, 1), expires_on=date(2026, 2, 28))
    assert leave(eva, date(2026, 3, 1), by=cast.alice) is None


def test_a_certificate_whose_last_day_is_the_day_of_departure_counts(cast):
    eva = hire(cast.alpha)
    certify(eva, issued_on=date(2024, 1, 1), expires_on=date(2026, 3, 1))
    assert leave(eva, date(2026, 3, 1), by=cast.alice) is not None


def test_each_track_and_technology_is_a_gap_of_its_own(cast):
    eva = hire(cast.alpha)
    certify(eva, "sales")
    certify(eva, "technical", date(2020, 2, 1), date(2027, 1, 1))
    longest = certify(eva, "technical", expires_on=date(2028, 1, 1))
    certify(eva, "technology", technology=cast.groups["anti-targeted-attack"])
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    assert [gap.track for gap in case.gaps.all()] == ["sales", "technical", "technology"]
    assert case.gaps.get(track="technical").certificate == longest


def test_entering_a_leaver_twice_answers_the_same_case(cast):
    eva = hire(cast.alpha)
    certify(eva)
    first = leave(eva, date(2026, 3, 1), by=cast.alice)
    assert leave(eva, date(2026, 3, 1), by=cast.alice) == first


def test_whoever_comes_back_for_a_short_time_leaves_on_the_old_clock(cast):
    eva = hire(cast.alpha)
    certify(eva)
    first = leave(eva, date(2026, 3, 1), by=cast.alice)
    again = hire(cast.alpha, hired_on=date(2026, 3, 10), person=eva.person)
    second = leave(again, date(2026, 4, 1), by=cast.alice)
    assert second.clock_from == date(2026, 3, 1)
    assert second.replacement_due_on == first.replacement_due_on


def test_whoever_comes_back_for_longer_leaves_on_a_new_clock(cast):
    eva = hire(cast.alpha)
    certify(eva)
    leave(eva, date(2026, 3, 1), by=cast.alice)
    again = hire(cast.alpha, hired_on=date(2026, 3, 10), person=eva.person)
    assert leave(again, date(2026, 6, 9), by=cast.alice).clock_from == date(2026, 6, 9)


def test_a_case_found_late_by_the_vendor_runs_from_the_true_day(cast):
    eva = hire(cast.alpha)
    certify(eva)
    case = leave(
        eva,
        date(2026, 1, 31),
        by=cast.karim,
        at=noon(date(2026, 9, 1)),
        origin=DepartureOrigin.VENDOR,
        reported_on=None,
    )
    assert (case.report_due_on, case.replacement_due_on) == (date(2026, 3, 2), date(2026, 5, 1))
