"""What the calendar does to cases (rules G3, G5 to G7): by the partner's own date, late or twice the same."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.certification.actions import departure_deadlines as deadlines
from partners.certification.actions import departures
from partners.certification.models import Departure, DepartureOrigin
from partners.certification.tasks import watch_departures
from partners.organisations.models import Partner
from partners.specialisations.models import Specialisation
from partners.tiering.actions import confirm_review
from partners.tiering.models import TierReview
from partners.tiering.tasks import watch_reviews
from portal.audit.models import Event
from portal.core.calendar import time_zone_of
from portal.core.errors import NotAllowed, RuleViolation
from portal.notifications.actions import notify_many
from portal.notifications.models import Notification
from tests.partners.certification.people import certify, hire, leave, noon
from tests.world import fingerprint

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(cast):
    """Left on 1 March 2026: to be reported by 31 March, to be replaced by 30 May."""
    eva = hire(cast.bravo)
    certify(eva)
    return leave(eva, date(2026, 3, 1), by=cast.bruno)


def found_by_vendor(cast, name="Ben", left_on=date(2026, 3, 1), at=None):
    ben = hire(cast.bravo, name)
    certify(ben)
    return leave(ben, left_on, by=cast.karim, at=at, origin=DepartureOrigin.VENDOR, reported_on=None)


def nights(first: date, last: date):
    for number in range((last - first).days + 1):
        watch_departures(noon(first + timedelta(days=number)))


def told(kind):
    return list(
        Notification.objects.filter(kind=kind).order_by("created_at").values_list("created_at", flat=True)
    )


def days_of(kind):
    return [at.date() for at in told(kind)]


def test_the_partner_is_reminded_on_the_days_that_the_edition_names(cast):
    case = found_by_vendor(cast)
    nights(date(2026, 3, 1), date(2026, 5, 31))
    due = case.report_due_on
    assert days_of("departure-report-due") == [due - timedelta(days=14), due - timedelta(days=3)]
    due = case.replacement_due_on
    assert days_of("departure-replacement-due") == [due - timedelta(days=n) for n in (45, 21, 7, 1)]
    assert set(days_of("departure-report-overdue")) == {date(2026, 4, 1)}
    assert set(days_of("departure-lapsed")) == {date(2026, 5, 31)}


def test_what_is_reported_is_not_reminded_of(cast, case):
    nights(date(2026, 3, 1), date(2026, 4, 5))
    assert not told("departure-report-due") and not told("departure-report-overdue")


def test_after_missed_nights_only_the_nearest_reminder_is_sent(cast, case):
    watch_departures(noon(date(2026, 5, 24)))
    assert len(told("departure-replacement-due")) == 1
    case.refresh_from_db()
    assert case.replacement_reminder == 7


def test_a_second_run_changes_nothing(cast, case):
    found_by_vendor(cast)
    for day in (date(2026, 3, 28), date(2026, 4, 20), date(2026, 5, 31)):
        watch_departures(noon(day))
        before = fingerprint()
        assert not any(watch_departures(noon(day)).values())
        assert fingerprint() == before


def test_a_case_that_is_born_overdue_passes_through_in_one_night(cast):
    case = found_by_vendor(cast, left_on=date(2026, 1, 1), at=noon(date(2026, 9, 1)))
    done = watch_departures(noon(date(2026, 9, 2)))
    case.refresh_from_db()
    assert (case.status, case.lapsed_on) == ("settled", date(2026, 4, 2))
    assert done["departures reported late"] == done["departures lapsed"] == 1
    assert told("departure-report-overdue")


@pytest.mark.parametrize("late", [0, 1, 5, 40])
def test_a_late_night_finds_the_same(cast, case, late):
    """Somebody who is certified or leaves on the day of the lapse or after it changes nothing."""
    other = hire(cast.bravo, "Late", date(2026, 3, 5))
    certify(other, issued_on=date(2026, 5, 31))
    watch_departures(noon(date(2026, 5, 31) + timedelta(days=late)))
    case.refresh_from_db()
    assert (case.lapsed_on, case.carried_tier) == (date(2026, 5, 31), "bronze")
    gap = case.gaps.get()
    assert (gap.status, gap.lapsed_on) == ("lapsed", date(2026, 5, 31))
    assert case.lapse_facts["tracks"][0] == {
        "track": "technical",
        "required": 1,
        "present": 0,
        "missing": 1,
    }


def test_a_lapse_without_effect_is_recorded_as_such(cast, case):
    certify(hire(cast.bravo, "Noa"))
    watch_departures(noon(date(2026, 5, 31)))
    case.refresh_from_db()
    assert (case.status, case.carried_tier) == ("settled", "")
    assert Event.objects.get(verb="departure.lapsed").data["effect"] == "none"


def test_sales_specialists_are_asked_of_whoever_holds_an_enterprise_specialisation(cast):
    eva = hire(cast.bravo)
    certify(eva, "sales")
    certify(hire(cast.bravo, "Noa"))
    case = leave(eva, date(2026, 3, 1), by=cast.bruno)
    Specialisation.objects.create(
        partner=cast.bravo,
        product_group=cast.groups["anti-targeted-attack"],
        awarded_on=date(2024, 1, 1),
        valid_until=date(2027, 1, 1),
    )
    watch_departures(noon(date(2026, 5, 31)))
    case.refresh_from_db()
    assert case.carried_tier == "bronze"


def test_of_several_tracks_what_is_replaced_stays_and_the_rest_lapses(cast):
    eva = hire(cast.bravo)
    certify(eva)
    certify(eva, "sales")
    case = leave(eva, date(2026, 3, 1), by=cast.bruno)
    noa = hire(cast.bravo, "Noa", date(2026, 3, 5))
    certify(noa, "sales")
    departures.name_replacement(
        case.gaps.get(track="sales"), by=cast.bruno, at=noon(date(2026, 5, 30)), employment=noa
    )
    watch_departures(noon(date(2026, 5, 31)))
    assert [(gap.track, gap.status) for gap in case.gaps.all()] == [
        ("sales", "replaced"),
        ("technical", "lapsed"),
    ]


def test_two_leavers_and_one_replacement_leave_one_lapse(cast, case):
    ben = hire(cast.bravo, "Ben")
    certify(ben)
    second = leave(ben, date(2026, 3, 1), by=cast.bruno)
    noa = hire(cast.bravo, "Noa", date(2026, 3, 5))
    certify(noa)
    departures.name_replacement(case.gaps.get(), by=cast.bruno, at=noon(date(2026, 3, 6)), employment=noa)
    watch_departures(noon(date(2026, 5, 31)))
    case.refresh_from_db()
    second.refresh_from_db()
    assert (case.lapsed_on, second.lapsed_on) == (None, date(2026, 5, 31))
    # Silver asks for one technical specialist, and one is there.
    assert second.carried_tier == ""


def test_one_by_one_as_in_a_batch(cast, case):
    def lapsed(day):
        return deadlines.lapse_departures([case.pk], at=noon(day))

    assert lapsed(date(2026, 5, 30)) == []
    assert lapsed(date(2026, 5, 31)) == [case]
    assert lapsed(date(2026, 6, 1)) == []


def test_a_lapse_is_undone_when_the_channel_manager_lets_a_later_date_stand(cast, case):
    watch_departures(noon(date(2026, 5, 31)))
    departures.correct_departure_date(
        case,
        by=cast.karim,
        at=noon(date(2026, 6, 1)),
        departed_on=date(2026, 3, 10),
        reason="Letter of March 10.",
    )
    case.refresh_from_db()
    assert (case.status, case.lapsed_on, case.carried_tier) == ("open", None, "")
    assert case.gaps.get().status == "open"
    watch_departures(noon(date(2026, 6, 7)))
    assert len(told("departure-replacement-due")) == 1


def test_the_vendor_reminds_by_hand_once_a_day(cast, case):
    other = found_by_vendor(cast)
    at = noon(date(2026, 3, 20))
    assert len(deadlines.remind_by_hand([case.pk], by=cast.karim, at=at)) == 1
    with pytest.raises(RuleViolation):
        deadlines.remind_by_hand([case.pk], by=cast.karim, at=at)
    assert deadlines.remind_by_hand([case.pk, other.pk], by=cast.karim, at=at) == [other]
    assert len(deadlines.remind_by_hand([case.pk], by=cast.karim, at=noon(date(2026, 3, 21)))) == 1
    assert {row.recipient for row in Notification.objects.filter(kind="departure-reminder")} == {cast.bruno}
    with pytest.raises(NotAllowed):
        deadlines.remind_by_hand([case.pk], by=cast.bruno, at=at)
    # What another office looks after is passed over.
    with pytest.raises(RuleViolation):
        deadlines.remind_by_hand([case.pk], by=cast.ingrid, at=noon(date(2026, 3, 23)))


def test_a_batch_passes_over_what_is_not_due(cast, case):
    at = noon(date(2026, 3, 20))
    assert deadlines.remind_of_replacement([case.pk], at=at) == []
    assert deadlines.remind_of_report([case.pk], at=at) == []
    assert deadlines.tell_late_report([case.pk], at=at) == []


def test_nobody_is_told_of_an_unknown_kind():
    with pytest.raises(LookupError):
        notify_many("nonsense", [], at=noon(date(2026, 3, 20)))


def many(cast, number):
    for place in range(number):
        person = hire(cast.bravo, f"P{place}")
        certify(person)
        leave(person, date(2026, 3, 1), by=cast.bruno)


def test_a_night_costs_the_same_for_two_cases_and_for_twenty(cast):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            watch_departures(noon(date(2026, 5, 31)))
        return len(seen)

    many(cast, 2)
    few = cost()
    many(cast, 20)
    assert cost() == few


# ---------------------------------------------------------------- dated examples

# Departure, last day to report, last day to replace: month ends, leap days, changes of the clocks, turns of
# the year, and days that no calendar page ends on.
CLOCKS = [
    (date(2026, 1, 1), date(2026, 1, 31), date(2026, 4, 1)),
    (date(2026, 1, 30), date(2026, 3, 1), date(2026, 4, 30)),
    (date(2026, 1, 31), date(2026, 3, 2), date(2026, 5, 1)),
    (date(2026, 2, 28), date(2026, 3, 30), date(2026, 5, 29)),
    (date(2026, 3, 1), date(2026, 3, 31), date(2026, 5, 30)),
    (date(2026, 3, 28), date(2026, 4, 27), date(2026, 6, 26)),  # the night before summer time in Europe
    (date(2026, 3, 29), date(2026, 4, 28), date(2026, 6, 27)),
    (date(2026, 3, 27), date(2026, 4, 26), date(2026, 6, 25)),  # summer time begins in Israel
    (date(2026, 3, 31), date(2026, 4, 30), date(2026, 6, 29)),
    (date(2026, 4, 30), date(2026, 5, 30), date(2026, 7, 29)),
    (date(2026, 5, 31), date(2026, 6, 30), date(2026, 8, 29)),
    (date(2026, 6, 30), date(2026, 7, 30), date(2026, 9, 28)),
    (date(2026, 7, 31), date(2026, 8, 30), date(2026, 10, 29)),
    (date(2026, 8, 31), date(2026, 9, 30), date(2026, 11, 29)),
    (date(2026, 9, 30), date(2026, 10, 30), date(2026, 12, 29)),
    (date(2026, 10, 2), date(2026, 11, 1), date(2026, 12, 31)),
    (date(2026, 10, 3), date(2026, 11, 2), date(2027, 1, 1)),
    (date(2026, 10, 24), date(2026, 11, 23), date(2027, 1, 22)),  # the night before winter time
    (date(2026, 10, 25), date(2026, 11, 24), date(2027, 1, 23)),
    (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
    (date(2026, 12, 1), date(2026, 12, 31), date(2027, 3, 1)),
    (date(2026, 12, 2), date(2027, 1, 1), date(2027, 3, 2)),
    (date(2026, 12, 31), date(2027, 1, 30), date(2027, 3, 31)),
    (date(2027, 12, 1), date(2027, 12, 31), date(2028, 2, 29)),  # ends on a leap day
    (date(2027, 12, 2), date(2028, 1, 1), date(2028, 3, 1)),
    (date(2028, 1, 29), date(2028, 2, 28), date(2028, 4, 28)),
    (date(2028, 1, 30), date(2028, 2, 29), date(2028, 4, 29)),  # report on a leap day
    (date(2028, 1, 31), date(2028, 3, 1), date(2028, 4, 30)),
    (date(2028, 2, 28), date(2028, 3, 29), date(2028, 5, 28)),
    (date(2028, 2, 29), date(2028, 3, 30), date(2028, 5, 29)),  # leaves on a leap day
    (date(2028, 3, 1), date(2028, 3, 31), date(2028, 5, 30)),
    (date(2024, 2, 29), date(2024, 3, 30), date(2024, 5, 29)),
]


@pytest.mark.parametrize(("left_on", "report_by", "replace_by"), CLOCKS, ids=str)
def test_dated_clocks(cast, left_on, report_by, replace_by):
    eva = hire(cast.alpha)
    certify(eva)
    case = leave(eva, left_on, by=cast.alice)
    assert (case.report_due_on, case.replacement_due_on) == (report_by, replace_by)


# Country of the partner, an instant in UTC, and whether a case due on 30 May 2026 has lapsed by then; the
# Canary Islands live by the time of Spain here (ADR 0015).
INSTANTS = [
    ("ES", datetime(2026, 5, 30, 21, 59, tzinfo=UTC), False),
    ("ES", datetime(2026, 5, 30, 22, 0, tzinfo=UTC), True),
    ("ES", datetime(2026, 5, 30, 22, 59, tzinfo=UTC), True),  # 23:59 in Las Palmas
    ("FR", datetime(2026, 5, 30, 21, 59, tzinfo=UTC), False),
    ("FR", datetime(2026, 5, 30, 22, 0, tzinfo=UTC), True),
    ("DE", datetime(2026, 5, 30, 21, 59, 59, tzinfo=UTC), False),
    ("GB", datetime(2026, 5, 30, 22, 30, tzinfo=UTC), False),
    ("GB", datetime(2026, 5, 30, 23, 0, tzinfo=UTC), True),
    ("IE", datetime(2026, 5, 30, 22, 59, tzinfo=UTC), False),
    ("PT", datetime(2026, 5, 30, 22, 59, tzinfo=UTC), False),
    ("PT", datetime(2026, 5, 30, 23, 0, tzinfo=UTC), True),
    ("IS", datetime(2026, 5, 30, 23, 59, tzinfo=UTC), False),
    ("IS", datetime(2026, 5, 31, 0, 0, tzinfo=UTC), True),
    ("FI", datetime(2026, 5, 30, 20, 59, tzinfo=UTC), False),
    ("FI", datetime(2026, 5, 30, 21, 0, tzinfo=UTC), True),
    ("IL", datetime(2026, 5, 30, 20, 59, tzinfo=UTC), False),
    ("IL", datetime(2026, 5, 30, 21, 0, tzinfo=UTC), True),
    ("MA", datetime(2026, 5, 30, 22, 59, tzinfo=UTC), False),
    ("MA", datetime(2026, 5, 30, 23, 0, tzinfo=UTC), True),
    ("DZ", datetime(2026, 5, 30, 22, 59, tzinfo=UTC), False),
    ("TN", datetime(2026, 5, 30, 23, 0, tzinfo=UTC), True),
    ("MT", datetime(2026, 5, 30, 22, 0, tzinfo=UTC), True),
]


@pytest.mark.parametrize(("country", "at", "lapsed"), INSTANTS, ids=str)
def test_a_day_ends_where_the_partner_is(cast, country, at, lapsed):
    Partner.objects.filter(pk=cast.bravo.pk).update(country=country)
    cast.bravo.country = country
    eva = hire(cast.bravo)
    certify(eva)
    case = leave(eva, date(2026, 3, 1), by=cast.bruno)
    assert bool(watch_departures(at)["departures lapsed"]) == lapsed
    case.refresh_from_db()
    assert case.lapsed_on == (date(2026, 5, 31) if lapsed else None)


# Country, last day, and the first and last instant at which a replacement may be named (the clocks change in
# between or on the day itself).
BORDERS = [
    ("FR", date(2026, 1, 24), date(2026, 4, 24)),
    ("FR", date(2026, 7, 27), date(2026, 10, 25)),  # day 90 has 25 hours
    ("FR", date(2025, 12, 29), date(2026, 3, 29)),  # day 90 has 23 hours
    ("GB", date(2025, 12, 29), date(2026, 3, 29)),
    ("IL", date(2025, 12, 27), date(2026, 3, 27)),  # day 90 has 23 hours in Israel
    ("IL", date(2026, 7, 27), date(2026, 10, 25)),
    ("ES", date(2026, 7, 27), date(2026, 10, 25)),
    ("FI", date(2027, 12, 1), date(2028, 2, 29)),
    ("PT", date(2026, 10, 2), date(2026, 12, 31)),
]


@pytest.mark.parametrize(("country", "left_on", "due"), BORDERS, ids=str)
def test_a_replacement_counts_until_the_last_second_of_the_last_day(cast, country, left_on, due):
    Partner.objects.filter(pk=cast.bravo.pk).update(country=country)
    cast.bravo.country = country
    eva = hire(cast.bravo)
    certify(eva)
    case = leave(eva, left_on, by=cast.bruno)
    noa = hire(cast.bravo, "Noa", left_on + timedelta(days=1))
    certify(noa)
    assert case.replacement_due_on == due
    midnight = datetime.combine(due + timedelta(days=1), datetime.min.time(), time_zone_of(country))
    midnight = midnight.astimezone(UTC)
    with pytest.raises(RuleViolation) as refusal:
        departures.name_replacement(case.gaps.get(), by=cast.bruno, at=midnight, employment=noa)
    assert refusal.value.code == "too-late"
    departures.name_replacement(
        case.gaps.get(), by=cast.bruno, at=midnight - timedelta(seconds=1), employment=noa
    )
    assert Departure.objects.get().status == "settled"


# ---------------------------------------------------------------- a case that lapses twice


def test_what_was_decided_after_a_lapse_stands_when_a_late_certificate_lapses_too(cast, case):
    def night():
        watch_departures(noon(date(2026, 6, 10)))
        watch_reviews(noon(date(2026, 6, 10)))

    watch_departures(noon(date(2026, 5, 31)))
    watch_reviews(noon(date(2026, 5, 31)))
    review = TierReview.objects.get()
    confirm_review(review, by=cast.karim, at=noon(date(2026, 6, 1)), reason="Nobody followed.")
    assert Partner.objects.get(pk=cast.bravo.pk).tier == "bronze"
    late = certify(case.employment, "sales")
    departures.count_late_certificates([(case.employment, late)], by=cast.karim, at=noon(date(2026, 6, 10)))
    night()
    night()
    case.refresh_from_db()
    assert (case.status, case.lapsed_on) == ("settled", date(2026, 5, 31))
    assert {gap.status for gap in case.gaps.all()} == {"lapsed"}
    # Bronze is what was decided because of the lapse: its effect was that on Silver.
    assert (case.lapse_facts["tier"], case.carried_tier) == ("silver", "bronze")
    review = TierReview.objects.get()
    assert (review.status, review.lapse_undone) == ("confirmed", False)
    # Both lapses were told to both sides.
    assert len(told("departure-lapsed")) == 4
    assert Event.objects.filter(verb="departure.lapsed").count() == 2
