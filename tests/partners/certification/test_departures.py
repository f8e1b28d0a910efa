"""A certified person leaves (rules G3 to G6)."""

from datetime import date

import pytest

from partners.certification.actions import departures
from partners.certification.actions.departure_deadlines import lapse_departures
from partners.certification.actions.staff import EmployeeFacts, edit_employee
from partners.certification.models import DepartureOrigin, Employment, Person
from partners.certification.tasks import end_accounts
from partners.certification.team import leaving_of
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.mails import compose
from portal.notifications.models import Notification
from tests.partners.certification.people import LONG_AGO, certify, hire, leave, noon

pytestmark = pytest.mark.django_db


def verbs(case):
    return list(Event.objects.about(case).order_by("pk").values_list("verb", flat=True))


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


@pytest.mark.parametrize(
    ("entered_on", "clock_from"),
    [
        (date(2026, 3, 10), date(2026, 6, 10)),
        (date(2026, 3, 11), date(2026, 6, 10)),
        (date(2026, 3, 12), date(2026, 3, 1)),
        (date(2026, 5, 29), date(2026, 3, 1)),
    ],
)
def test_a_return_counts_from_the_day_on_which_it_was_entered(cast, eva, case, entered_on, clock_from):
    again = hire(cast.alpha, hired_on=date(2026, 3, 2), person=eva.person, entered_on=entered_on)
    assert name(cast, case, again, entered_on).status == "replaced"
    second = leave(again, date(2026, 6, 10), by=cast.alice)
    assert second.clock_from == clock_from


def test_a_return_that_was_entered_late_is_let_count_by_the_channel_manager(cast, eva, case):
    again = hire(cast.alpha, hired_on=date(2026, 3, 2), person=eva.person, entered_on=date(2026, 5, 29))
    second = leave(again, date(2026, 6, 10), by=cast.alice)
    release(cast, second, on=date(2026, 6, 11))
    assert second.clock_from == date(2026, 3, 1)
    second.refresh_from_db()
    assert second.clock_from == date(2026, 6, 10)


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


# ---------------------------------------------------------------- reporting


@pytest.fixture
def eva(cast):
    eva = hire(cast.alpha)
    certify(eva)
    return eva


@pytest.fixture
def case(cast, eva):
    """Left on 1 March 2026: to be reported by 31 March, to be replaced by 30 May."""
    return leave(eva, date(2026, 3, 1), by=cast.alice)


def found_by_vendor(cast, eva, on=date(2026, 3, 10), departed_on=date(2026, 3, 1)):
    return departures.open_case_as_vendor(
        eva, by=cast.karim, at=noon(on), departed_on=departed_on, reason="Mail comes back."
    )


def test_a_case_that_the_vendor_found_waits_for_the_partners_word(cast, eva):
    case = found_by_vendor(cast, eva)
    eva.refresh_from_db()
    assert (eva.left_on, case.reported_on, case.origin) == (date(2026, 3, 1), None, "vendor")
    told = Notification.objects.filter(kind="departure-opened").values_list("recipient", flat=True)
    assert set(told) == {cast.alice.pk}
    case = departures.report_departure(case, by=cast.alice, at=noon(date(2026, 3, 31)))
    assert (case.reported_on, case.reported_late) == (date(2026, 3, 31), False)
    with pytest.raises(WrongState):
        departures.report_departure(case, by=cast.alice, at=noon(date(2026, 4, 2)))


def test_a_late_report_is_recorded_and_the_channel_manager_told(cast, eva):
    case = departures.report_departure(found_by_vendor(cast, eva), by=cast.alice, at=noon(date(2026, 4, 1)))
    assert case.reported_late
    assert verbs(case)[-1] == "departure.reported_late"
    assert Notification.objects.get(kind="departure-reported-late").recipient == cast.karim


def test_a_leaver_entered_after_the_term_is_late_from_the_start(cast, eva):
    case = leave(
        eva, date(2026, 3, 1), by=cast.alice, at=noon(date(2026, 4, 1)), reported_on=date(2026, 4, 1)
    )
    assert case.reported_late
    assert "departure.reported_late" in verbs(case)


def test_the_vendor_enters_no_case_without_ground(cast, eva):
    with pytest.raises(RuleViolation, match="needed"):
        departures.open_case_as_vendor(
            eva, by=cast.karim, at=noon(date(2026, 3, 10)), departed_on=date(2026, 3, 1), reason=" "
        )
    for day, code in ((date(2019, 1, 1), "before-hired"), (date(2026, 3, 11), "too-far")):
        with pytest.raises(RuleViolation) as refusal:
            found_by_vendor(cast, eva, departed_on=day)
        assert (refusal.value.code, refusal.value.field) == (code, "departed_on")
    nobody = hire(cast.alpha, "Ohne Zertifikat")
    with pytest.raises(RuleViolation) as refusal:
        found_by_vendor(cast, nobody)
    assert refusal.value.code == "nobody-to-replace"
    nobody.refresh_from_db()
    assert nobody.left_on is None
    found_by_vendor(cast, eva)
    with pytest.raises(WrongState):
        found_by_vendor(cast, eva)


def test_who_may_do_what(cast, eva, case):
    other = hire(cast.alpha, "Noa")
    certify(other, issued_on=date(2026, 3, 5))
    gap = case.gaps.get()
    at = noon(date(2026, 3, 10))
    for person in (cast.amir, cast.adam, cast.bruno, cast.denise, cast.august, cast.ingrid):
        for ask in (
            lambda who: departures.name_replacement(gap, by=who, at=at, employment=other),
            lambda who: departures.take_replacement_back(gap, by=who, at=at, reason="x"),
            lambda who: departures.correct_departure_date(
                case, by=who, at=at, departed_on=date(2026, 2, 1), reason="x"
            ),
            lambda who: departures.withdraw_departure(case, by=who, at=at, reason="x", still_here=True),
            lambda who: departures.report_departure(case, by=who, at=at),
            lambda who: departures.open_case_as_vendor(
                other, by=who, at=at, departed_on=date(2026, 3, 9), reason="x"
            ),
        ):
            with pytest.raises(NotAllowed):
                ask(person)
    with pytest.raises(NotAllowed):
        departures.open_case_as_vendor(other, by=cast.alice, at=at, departed_on=date(2026, 3, 9), reason="x")
    with pytest.raises(NotAllowed):
        departures.report_departure(case, by=cast.karim, at=at)


# ---------------------------------------------------------------- replacing


def name(cast, case, employment, on, by=None, track="technical"):
    gap = case.gaps.get(track=track)
    return departures.name_replacement(gap, by=by or cast.alice, at=noon(on), employment=employment)


@pytest.mark.parametrize(
    ("hired_on", "issued_on", "expires_on", "on", "code"),
    [
        # Certified after the departure, named on the last day and on the day after it.
        (LONG_AGO, date(2026, 4, 1), date(2028, 4, 1), date(2026, 5, 30), None),
        (LONG_AGO, date(2026, 4, 1), date(2028, 4, 1), date(2026, 5, 31), "too-late"),
        # Hired after the departure with a certificate that is older.
        (date(2026, 3, 2), date(2025, 4, 1), date(2027, 4, 1), date(2026, 3, 2), None),
        # Hired on the day of departure: was there already.
        (date(2026, 3, 1), date(2025, 4, 1), date(2027, 4, 1), date(2026, 3, 2), "counted-before"),
        (LONG_AGO, date(2026, 3, 1), date(2028, 4, 1), date(2026, 3, 2), "counted-before"),
        (LONG_AGO, date(2026, 3, 2), date(2028, 4, 1), date(2026, 3, 2), None),
        (LONG_AGO, date(2026, 3, 3), date(2028, 4, 1), date(2026, 3, 2), "certificate-not-valid"),
        (date(2026, 3, 2), date(2025, 1, 1), date(2026, 4, 9), date(2026, 4, 9), None),
        (date(2026, 3, 2), date(2025, 1, 1), date(2026, 4, 9), date(2026, 4, 10), "certificate-not-valid"),
        (date(2026, 3, 9), None, None, date(2026, 3, 10), "no-certificate"),
        (date(2026, 3, 11), date(2025, 4, 1), date(2027, 4, 1), date(2026, 3, 10), "not-employed"),
    ],
)
def test_who_counts_as_a_replacement(cast, case, hired_on, issued_on, expires_on, on, code):
    noa = hire(cast.alpha, "Noa", hired_on)
    if issued_on:
        certify(noa, issued_on=issued_on, expires_on=expires_on)
    if code is None:
        gap = name(cast, case, noa, on)
        case.refresh_from_db()
        assert (gap.status, gap.replaced_on, case.status) == ("replaced", on, "settled")
        return
    with pytest.raises(RuleViolation) as refusal:
        name(cast, case, noa, on)
    assert (refusal.value.code, refusal.value.field) == (code, "replacement")
    case.refresh_from_db()
    assert case.status == "open"


def test_a_renewed_certificate_makes_nobody_new(cast, case):
    noa = hire(cast.alpha, "Noa")
    certify(noa, issued_on=date(2024, 4, 1), expires_on=date(2026, 4, 1))
    certify(noa, issued_on=date(2026, 3, 20), expires_on=date(2028, 3, 20))
    with pytest.raises(RuleViolation) as refusal:
        name(cast, case, noa, date(2026, 4, 10))
    assert refusal.value.code == "counted-before"


def test_a_withdrawn_certificate_counts_no_more(cast, case):
    noa = hire(cast.alpha, "Noa")
    certificate = certify(noa, issued_on=date(2026, 3, 5))
    certificate.withdrawn_on, certificate.withdrawal_reason = date(2026, 3, 20), "Exam repeated."
    certificate.save()
    with pytest.raises(RuleViolation) as refusal:
        name(cast, case, noa, date(2026, 3, 20))
    assert refusal.value.code == "certificate-not-valid"
    assert name(cast, case, noa, date(2026, 3, 19)).status == "replaced"


def test_one_person_replaces_one_person_in_a_track_and_may_count_in_both(cast, eva):
    certify(eva, "sales")
    first = leave(eva, date(2026, 3, 1), by=cast.alice)
    ben = hire(cast.alpha, "Ben")
    certify(ben)
    second = leave(ben, date(2026, 3, 2), by=cast.alice)
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    certify(noa, "sales")
    name(cast, first, noa, date(2026, 3, 10))
    with pytest.raises(RuleViolation) as refusal:
        name(cast, second, noa, date(2026, 3, 10))
    assert refusal.value.code == "replaces-another"
    name(cast, first, noa, date(2026, 3, 10), track="sales")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("settled", "open")


def test_nobody_replaces_themselves_and_nobody_of_another_partner_replaces(cast, eva, case):
    with pytest.raises(RuleViolation) as refusal:
        name(cast, case, eva, date(2026, 3, 1))
    assert refusal.value.code == "not-employed"
    foreign = hire(cast.bravo, "Noa", date(2026, 3, 5))
    with pytest.raises(Employment.DoesNotExist):
        name(cast, case, foreign, date(2026, 3, 10))


def test_whoever_is_about_to_leave_does_not_replace_themselves(cast, eva):
    case = leave(eva, date(2026, 3, 20), by=cast.alice, at=noon(date(2026, 3, 1)))
    with pytest.raises(RuleViolation) as refusal:
        name(cast, case, eva, date(2026, 3, 2))
    assert refusal.value.code == "same-person"


def test_whoever_comes_back_may_take_their_own_place(cast, eva, case):
    again = hire(cast.alpha, hired_on=date(2026, 3, 10), person=eva.person)
    assert name(cast, case, again, date(2026, 3, 10)).status == "replaced"


def test_naming_a_replacement_confirms_the_case(cast, eva):
    case = found_by_vendor(cast, eva)
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    name(cast, case, noa, date(2026, 4, 2))
    case.refresh_from_db()
    assert (case.reported_on, case.reported_late, case.status) == (date(2026, 4, 2), True, "settled")


def test_a_replacement_taken_back_opens_the_case_with_the_old_last_day(cast, case):
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    gap = name(cast, case, noa, date(2026, 3, 10))
    at = noon(date(2026, 3, 11))
    with pytest.raises(RuleViolation):
        departures.take_replacement_back(gap, by=cast.alice, at=at, reason="")
    departures.take_replacement_back(gap, by=cast.alice, at=at, reason="The wrong Noa.")
    case.refresh_from_db()
    assert (case.status, case.replacement_due_on) == ("open", date(2026, 5, 30))
    with pytest.raises(WrongState):
        departures.take_replacement_back(gap, by=cast.karim, at=at, reason="Again.")
    assert name(cast, case, noa, date(2026, 3, 12)).status == "replaced"


def test_a_replacement_who_had_left_by_then_replaced_nobody(cast, case):
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    name(cast, case, noa, date(2026, 3, 20))
    leave(noa, date(2026, 3, 15), by=cast.alice, at=noon(date(2026, 3, 25)))
    case.refresh_from_db()
    assert (case.status, case.gaps.get().status) == ("open", "open")


def test_a_replacement_who_leaves_later_opens_a_case_of_its_own(cast, case):
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    name(cast, case, noa, date(2026, 3, 20))
    own = leave(noa, date(2026, 4, 15), by=cast.alice)
    case.refresh_from_db()
    assert (case.status, own.replacement_due_on) == ("settled", date(2026, 7, 14))


# ---------------------------------------------------------------- correcting


def correct(cast, case, to, on=date(2026, 3, 10), by=None, reason="Typed wrongly."):
    return departures.correct_departure_date(
        case, by=by or cast.alice, at=noon(on), departed_on=to, reason=reason
    )


def dues(case):
    case.refresh_from_db()
    return case.report_due_on, case.replacement_due_on


def test_an_earlier_date_counts_at_once(cast, eva, case):
    correction = correct(cast, case, date(2026, 2, 20))
    eva.refresh_from_db()
    assert dues(case) == (date(2026, 3, 22), date(2026, 5, 21))
    assert eva.left_on == date(2026, 2, 20)
    assert (correction.status, correction.before, correction.after, correction.asked_by) == (
        "applied",
        date(2026, 3, 1),
        date(2026, 2, 20),
        cast.alice,
    )


def test_a_later_date_waits_for_the_channel_manager(cast, eva, case):
    correction = correct(cast, case, date(2026, 3, 15))
    assert dues(case) == (date(2026, 3, 31), date(2026, 5, 30))
    assert Notification.objects.get(kind="departure-correction-asked").recipient == cast.karim
    with pytest.raises(RuleViolation, match="waits"):
        correct(cast, case, date(2026, 3, 16))
    with pytest.raises(NotAllowed):
        departures.consent_to_correction(correction, by=cast.alice, at=noon(date(2026, 3, 11)))
    departures.consent_to_correction(correction, by=cast.karim, at=noon(date(2026, 3, 11)))
    eva.refresh_from_db()
    assert dues(case) == (date(2026, 4, 14), date(2026, 6, 13))
    assert eva.left_on == date(2026, 3, 15)
    with pytest.raises(WrongState):
        departures.refuse_correction(correction, by=cast.karim, at=noon(date(2026, 3, 11)), text="No.")


def test_a_refused_date_changes_nothing_and_says_why(cast, case):
    correction = correct(cast, case, date(2026, 3, 15))
    at = noon(date(2026, 3, 11))
    with pytest.raises(RuleViolation):
        departures.refuse_correction(correction, by=cast.karim, at=at, text=" ")
    correction = departures.refuse_correction(
        correction, by=cast.karim, at=at, text="The letter says March 1."
    )
    assert (correction.status, correction.decided_by) == ("refused", cast.karim)
    assert dues(case) == (date(2026, 3, 31), date(2026, 5, 30))
    correct(cast, case, date(2026, 3, 14))


def test_the_channel_managers_own_later_date_carries_the_consent(cast, case):
    correct(cast, case, date(2026, 3, 15), by=cast.karim)
    assert dues(case) == (date(2026, 4, 14), date(2026, 6, 13))
    assert Notification.objects.get(kind="departure-corrected").recipient == cast.alice


def test_another_date_supersedes_what_was_asked_for(cast, case):
    asked = correct(cast, case, date(2026, 3, 15))
    correct(cast, case, date(2026, 2, 20))
    asked.refresh_from_db()
    assert asked.status == "withdrawn"


@pytest.mark.parametrize(
    ("to", "reason", "code"),
    [
        (date(2026, 3, 1), "x", "no-change"),
        (date(2019, 12, 31), "x", "before-hired"),
        (date(2026, 9, 1), "x", "too-far"),
        (date(2026, 2, 1), "  ", "required"),
    ],
)
def test_no_correction_without_sense(cast, case, to, reason, code):
    with pytest.raises(RuleViolation) as refusal:
        correct(cast, case, to, reason=reason)
    assert refusal.value.code == code


def test_nobody_stayed_longer_than_the_next_employment_began(cast, eva, case):
    hire(cast.bravo, hired_on=date(2026, 3, 10), person=eva.person)
    with pytest.raises(RuleViolation) as refusal:
        correct(cast, case, date(2026, 3, 10), by=cast.karim)
    assert refusal.value.code == "not-free"
    assert "Bravo" not in str(refusal.value)


def test_an_earlier_date_makes_a_replacement_late_and_opens_the_gap(cast, case):
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    name(cast, case, noa, date(2026, 5, 30))
    correct(cast, case, date(2026, 2, 28), on=date(2026, 6, 1))
    case.refresh_from_db()
    assert (case.status, case.gaps.get().status, case.replacement_due_on) == (
        "open",
        "open",
        date(2026, 5, 29),
    )


def test_a_replacement_in_time_survives_an_earlier_date(cast, case):
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    name(cast, case, noa, date(2026, 3, 20))
    correct(cast, case, date(2026, 2, 25), on=date(2026, 3, 21))
    case.refresh_from_db()
    assert (case.status, case.gaps.get().status) == ("settled", "replaced")


def test_a_later_date_takes_a_replacements_ground_away(cast, case):
    noa = hire(cast.alpha, "Noa")
    certify(noa, issued_on=date(2026, 3, 5))
    name(cast, case, noa, date(2026, 3, 20))
    correct(cast, case, date(2026, 3, 5), on=date(2026, 3, 21), by=cast.karim)
    case.refresh_from_db()
    assert (case.status, case.gaps.get().status) == ("open", "open")


def test_an_invented_date_without_a_certificate_does_not_end_the_case(cast):
    eva = hire(cast.alpha)
    certify(eva, issued_on=date(2026, 2, 15))
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    correct(cast, case, date(2026, 2, 10))
    assert case.gaps.get().status == "open"
    # The channel manager may say so: then there is nobody to replace, until the date is corrected again.
    correct(cast, case, date(2026, 2, 11), by=cast.karim)
    case.refresh_from_db()
    assert (case.gaps.get().status, case.status) == ("withdrawn", "settled")
    correct(cast, case, date(2026, 2, 12), by=cast.karim)
    assert case.gaps.get().status == "withdrawn"
    correct(cast, case, date(2026, 2, 20), by=cast.karim)
    case.refresh_from_db()
    assert (case.gaps.get().status, case.status) == ("open", "open")


def test_a_track_that_counted_on_the_corrected_date_is_added(cast, eva):
    certify(eva, "sales", issued_on=date(2024, 1, 1), expires_on=date(2026, 2, 20))
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    correct(cast, case, date(2026, 2, 20))
    assert [gap.track for gap in case.gaps.all()] == ["sales", "technical"]


def test_an_earlier_date_can_make_the_report_late(cast, eva):
    case = leave(
        eva, date(2026, 3, 1), by=cast.alice, at=noon(date(2026, 3, 30)), reported_on=date(2026, 3, 30)
    )
    assert not case.reported_late
    correct(cast, case, date(2026, 2, 1), on=date(2026, 3, 31))
    case.refresh_from_db()
    assert case.reported_late and "departure.reported_late" in verbs(case)


def test_the_account_of_whoever_the_vendor_found_gone_ends_with_the_partners_word(cast):
    tina = hire(cast.alpha, "Tina", person=Person.objects.create(user=cast.tina))
    certify(tina)
    case, at = found_by_vendor(cast, tina), noon(date(2026, 3, 11))
    access = Membership.objects.get(user=cast.tina)
    end_accounts(at)
    access.refresh_from_db()
    assert access.is_active
    departures.report_departure(case, by=cast.alice, at=at)
    end_accounts(at)
    access.refresh_from_db()
    assert not access.is_active


def test_the_account_of_whoever_works_there_again_stays(cast):
    tina = hire(cast.alpha, "Tina", person=Person.objects.create(user=cast.tina))
    certify(tina)
    case, at = found_by_vendor(cast, tina), noon(date(2026, 3, 12))
    hire(cast.alpha, "Tina", date(2026, 3, 11), person=tina.person)
    departures.report_departure(case, by=cast.alice, at=at)
    end_accounts(at)
    assert Membership.objects.get(user=cast.tina).is_active


# ---------------------------------------------------------------- withdrawing


def test_a_partner_takes_its_own_mistake_back_and_keeps_the_clock(cast, eva, case):
    at = noon(date(2026, 3, 5))
    with pytest.raises(RuleViolation):
        departures.withdraw_departure(case, by=cast.alice, at=at, reason="", still_here=True)
    asked = correct(cast, case, date(2026, 3, 15))
    departures.withdraw_departure(
        case, by=cast.alice, at=at, reason="She only went on leave.", still_here=False
    )
    eva.refresh_from_db()
    case.refresh_from_db()
    asked.refresh_from_db()
    assert (eva.left_on, case.status, case.gaps.get().status, asked.status) == (
        None,
        "withdrawn",
        "withdrawn",
        "withdrawn",
    )
    assert verbs(case)[-1] == "departure.withdrawn"
    again = leave(eva, date(2026, 4, 1), by=cast.alice)
    assert again.clock_from == date(2026, 3, 1)
    for refused in (
        lambda: correct(cast, case, date(2026, 2, 1)),
        lambda: departures.report_departure(case, by=cast.alice, at=at),
        lambda: departures.withdraw_departure(case, by=cast.karim, at=at, reason="x", still_here=True),
    ):
        with pytest.raises(WrongState):
            refused()


def test_what_the_vendor_withdraws_starts_anew(cast, eva, case):
    at = noon(date(2026, 3, 5))
    departures.withdraw_departure(case, by=cast.karim, at=at, reason="Confusion.", still_here=True)
    assert leave(eva, date(2026, 4, 1), by=cast.alice).clock_from == date(2026, 4, 1)


def test_a_case_can_be_withdrawn_with_the_employment_over(cast, eva, case):
    at = noon(date(2026, 3, 5))
    departures.withdraw_departure(case, by=cast.karim, at=at, reason="Entered twice.", still_here=False)
    eva.refresh_from_db()
    assert eva.left_on == date(2026, 3, 1)


def test_a_partner_does_not_withdraw_what_others_found_or_what_has_moved_on(cast, eva):
    found = found_by_vendor(cast, eva)
    with pytest.raises(RuleViolation) as refusal:
        departures.withdraw_departure(
            found, by=cast.alice, at=noon(date(2026, 3, 11)), reason="No.", still_here=True
        )
    assert refusal.value.code == "not-yours"
    ben = hire(cast.alpha, "Ben")
    certify(ben)
    own = leave(ben, date(2026, 3, 1), by=cast.alice)
    with pytest.raises(RuleViolation):
        departures.withdraw_departure(
            own, by=cast.alice, at=noon(date(2026, 5, 31)), reason="No.", still_here=True
        )


def test_an_employment_that_another_follows_does_not_go_on(cast, eva, case):
    hire(cast.bravo, hired_on=date(2026, 3, 10), person=eva.person)
    with pytest.raises(RuleViolation) as refusal:
        departures.withdraw_departure(
            case, by=cast.karim, at=noon(date(2026, 3, 11)), reason="Mistake.", still_here=True
        )
    assert refusal.value.code == "not-free"
    case.refresh_from_db()
    assert case.status == "open"


def withdraw(cast, case, on=date(2026, 3, 5), by=None, **more):
    given = {"reason": "On leave.", "still_here": True} | more
    return departures.withdraw_departure(case, by=by or cast.alice, at=noon(on), **given)


@pytest.mark.parametrize(
    ("told_on", "departed_on"),
    [
        (date(2026, 3, 5), date(2026, 5, 31)),  # ahead, past the last day
        (date(2026, 5, 31), date(2026, 5, 31)),  # on day 91
        (date(2026, 5, 31), date(2026, 6, 30)),
        (date(2028, 3, 1), date(2028, 3, 1)),  # two years later
    ],
)
def test_a_withdrawn_case_is_no_way_to_a_later_last_day(cast, eva, case, told_on, departed_on):
    withdraw(cast, case, on=min(told_on, date(2026, 5, 30)))
    again = leave(eva, departed_on, by=cast.alice, at=noon(told_on), reported_on=told_on)
    assert (again.departed_on, again.clock_from) == (departed_on, date(2026, 3, 1))
    assert dues(again) == dues(case) == (date(2026, 3, 31), date(2026, 5, 30))
    opened = Notification.objects.filter(kind="departure-opened", subject_id=again.pk)
    assert [one.context["clock_from_on"] for one in opened] == ["2026-03-01"]


def test_nobody_lapses_on_an_earlier_clock_before_they_have_left(cast, eva, case):
    withdraw(cast, case)
    again = leave(eva, date(2026, 6, 30), by=cast.alice, at=noon(date(2026, 5, 31)))
    noa = hire(cast.alpha, "Noa", date(2026, 6, 1))
    certify(noa)
    with pytest.raises(RuleViolation) as refusal:
        name(cast, again, noa, date(2026, 6, 2))
    assert refusal.value.code == "too-late"
    assert lapse_departures([again.pk], at=noon(date(2026, 6, 30))) == []
    assert lapse_departures([again.pk], at=noon(date(2026, 7, 4))) == [again]
    again.refresh_from_db()
    assert (again.lapsed_on, again.gaps.get().status) == (date(2026, 7, 1), "lapsed")
    # Counted as on that day: the leaver no more.
    assert again.lapse_facts["tracks"][0]["present"] == 1


def test_whoever_was_certified_anew_since_was_still_there(cast, eva, case):
    withdraw(cast, case)
    certify(eva, issued_on=date(2027, 12, 1))
    again = leave(eva, date(2028, 3, 1), by=cast.alice)
    assert again.clock_from == date(2028, 3, 1)


@pytest.mark.parametrize(
    ("certified_on", "clock_from"),
    [
        (
            date(2026, 2, 20),
            date(2026, 2, 15),
        ),  # the certificate that was lost, by an earlier day of departure
        (date(2026, 3, 5), date(2026, 2, 15)),  # renewed before the case was withdrawn
        (date(2026, 3, 6), date(2026, 2, 15)),  # on that day
        (date(2026, 3, 7), date(2026, 5, 20)),  # after it: they were still there
    ],
)
def test_an_earlier_day_of_departure_makes_no_certificate_a_new_one(cast, certified_on, clock_from):
    eva = hire(cast.alpha)
    certify(eva, issued_on=min(certified_on, date(2026, 2, 20)))
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    if certified_on > case.departed_on:
        certify(eva, issued_on=certified_on)
    correct(cast, case, date(2026, 2, 15), on=date(2026, 3, 5))
    case.refresh_from_db()
    withdraw(cast, case, on=date(2026, 3, 6))
    assert leave(eva, date(2026, 5, 20), by=cast.alice).clock_from == clock_from


def test_a_certificate_from_before_the_latest_day_of_a_withdrawn_case_is_not_a_new_one(cast):
    eva = hire(cast.alpha)
    certify(eva)
    case = leave(eva, date(2026, 6, 1), by=cast.alice, at=noon(date(2026, 3, 1)))
    correct(cast, case, date(2026, 4, 1), on=date(2026, 3, 2))
    case.refresh_from_db()
    withdraw(cast, case, on=date(2026, 3, 6))
    certify(eva, issued_on=date(2026, 5, 20))
    assert leave(eva, date(2026, 7, 1), by=cast.alice).clock_from == date(2026, 4, 1)


def test_of_two_tracks_one_that_was_not_renewed_keeps_the_clock(cast, eva):
    certify(eva, "sales", issued_on=date(2025, 1, 1), expires_on=date(2027, 1, 1))
    withdraw(cast, leave(eva, date(2026, 3, 1), by=cast.alice))
    certify(eva, "technical", issued_on=date(2026, 4, 1))
    again = leave(eva, date(2027, 6, 1), by=cast.alice)
    assert again.clock_from == date(2026, 3, 1)
    assert [gap.track for gap in again.gaps.all()] == ["sales", "technical"]


# ---------------------------------------------------------------- releasing a clock


def release(cast, case, on=date(2026, 3, 6), by=None, reason="She was on leave."):
    return departures.release_clock(case, by=by or cast.karim, at=noon(on), reason=reason)


def test_the_channel_manager_releases_the_clock_of_a_withdrawn_case(cast, eva, case):
    withdraw(cast, case)
    with pytest.raises(RuleViolation) as refusal:
        release(cast, case, reason=" ")
    assert refusal.value.field == "reason"
    release(cast, case)
    event = Event.objects.about(case).order_by("-pk").first()
    assert (event.verb, event.reason, event.actor) == (
        "departure.clock_released",
        "She was on leave.",
        cast.karim,
    )
    assert Notification.objects.get(kind="departure-clock-released").recipient == cast.alice
    assert leave(eva, date(2026, 5, 31), by=cast.alice).clock_from == date(2026, 5, 31)
    with pytest.raises(WrongState):
        release(cast, case)


def test_nobody_but_the_vendor_of_the_country_releases_a_clock(cast, eva, case):
    withdraw(cast, case)
    for person in (cast.alice, cast.amir, cast.adam, cast.bruno, cast.denise, cast.august, cast.ingrid):
        with pytest.raises(NotAllowed):
            release(cast, case, by=person)


def test_a_case_on_a_clock_of_its_own_has_none_to_release(cast, case):
    with pytest.raises(WrongState):
        release(cast, case)


@pytest.mark.parametrize("which", ["the withdrawn one", "the one that stands"])
def test_a_released_case_runs_from_its_own_day_and_is_open_again(cast, eva, case, which):
    withdraw(cast, case)
    again = leave(eva, date(2026, 6, 30), by=cast.alice)
    lapse_departures([again.pk], at=noon(date(2026, 7, 1)))
    release(cast, case if which == "the withdrawn one" else again, on=date(2026, 7, 2))
    again.refresh_from_db()
    assert (again.status, again.clock_from, again.lapsed_on, again.carried_tier) == (
        "open",
        date(2026, 6, 30),
        None,
        "",
    )
    assert dues(again) == (date(2026, 7, 30), date(2026, 9, 28))
    assert "departure.clock_released" in verbs(again)
    # A date that is corrected, and a case that is told anew, stay on their own clock too.
    correct(cast, again, date(2026, 6, 29), on=date(2026, 7, 3))
    assert dues(again) == (date(2026, 7, 29), date(2026, 9, 27))


def test_a_released_case_asks_for_nothing_that_was_not_lost(cast):
    eva = hire(cast.alpha)
    certify(eva, issued_on=date(2024, 1, 1), expires_on=date(2026, 4, 1))
    withdraw(cast, leave(eva, date(2026, 3, 1), by=cast.alice))
    again = leave(eva, date(2026, 6, 30), by=cast.alice)
    assert again.gaps.get().status == "open"
    release(cast, again, on=date(2026, 6, 30))
    again.refresh_from_db()
    assert (again.gaps.get().status, again.status) == ("withdrawn", "settled")


def test_whoever_came_back_for_a_short_time_leaves_on_a_clock_that_can_be_released(cast, eva, case):
    again = hire(cast.alpha, hired_on=date(2026, 3, 10), person=eva.person)
    second = leave(again, date(2026, 4, 1), by=cast.alice)
    release(cast, second, on=date(2026, 4, 2))
    assert dues(second) == (date(2026, 5, 1), date(2026, 6, 30))
    # The first one runs on.
    assert dues(case) == (date(2026, 3, 31), date(2026, 5, 30))


def test_what_the_vendor_withdraws_releases_what_the_partner_had_withdrawn(cast, eva, case):
    withdraw(cast, case)
    again = leave(eva, date(2026, 4, 1), by=cast.alice)
    withdraw(cast, again, on=date(2026, 4, 2), by=cast.karim)
    assert leave(eva, date(2026, 6, 30), by=cast.alice).clock_from == date(2026, 6, 30)


def test_a_withdrawn_case_told_again_for_a_day_without_a_certificate_keeps_its_tracks(cast):
    eva = hire(cast.alpha)
    certify(eva, issued_on=date(2026, 2, 10))
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    departures.withdraw_departure(
        case, by=cast.alice, at=noon(date(2026, 3, 5)), reason="On leave.", still_here=True
    )
    again = leave(eva, date(2026, 2, 1), by=cast.alice, at=noon(date(2026, 3, 6)))
    assert [gap.track for gap in again.gaps.all()] == ["technical"]
    assert again.clock_from == date(2026, 2, 1)


def test_what_the_vendor_has_withdrawn_binds_nobody(cast):
    eva = hire(cast.alpha)
    certify(eva, issued_on=date(2026, 2, 10))
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    at = noon(date(2026, 3, 5))
    departures.withdraw_departure(case, by=cast.karim, at=at, reason="Confusion.", still_here=True)
    assert leave(eva, date(2026, 2, 1), by=cast.alice, at=at) is None


def test_the_last_days_that_are_shown_before_are_those_of_the_case(cast, eva, case):
    at = noon(date(2026, 3, 5))
    departures.withdraw_departure(case, by=cast.alice, at=at, reason="On leave.", still_here=True)
    shown = leaving_of(eva, cast.alice, date(2026, 4, 1), date(2026, 3, 6)).clock
    again = leave(eva, date(2026, 4, 1), by=cast.alice, at=noon(date(2026, 3, 6)))
    assert (shown.report_due_on, shown.replacement_due_on) == (again.report_due_on, again.replacement_due_on)


# ---------------------------------------------------------------- the first day of whoever replaces


@pytest.mark.parametrize(
    ("hired_on", "certified_on", "first_day", "refused"),
    [
        # Counted because they were hired after the departure: not before it any more.
        (date(2026, 3, 5), date(2025, 1, 1), date(2026, 3, 1), True),
        (date(2026, 3, 5), date(2025, 1, 1), date(2026, 3, 2), False),
        # Counted because they were certified after it.
        (date(2026, 3, 5), date(2026, 3, 4), date(2026, 2, 1), False),
        # Named on 10 March: was there by then.
        (date(2026, 3, 5), date(2025, 1, 1), date(2026, 3, 10), False),
        (date(2026, 3, 5), date(2025, 1, 1), date(2026, 3, 11), True),
    ],
)
def test_a_first_day_on_which_a_replacement_rests_does_not_move_away(
    cast, case, hired_on, certified_on, first_day, refused
):
    noa = hire(cast.alpha, "Noa", hired_on)
    certify(noa, issued_on=certified_on)
    name(cast, case, noa, date(2026, 3, 10))
    facts = EmployeeFacts("Noa", "", "", first_day)
    if not refused:
        edit_employee(noa.pk, facts, by=cast.alice, at=noon(date(2026, 3, 12)))
        return
    with pytest.raises(RuleViolation) as refusal:
        edit_employee(noa.pk, facts, by=cast.alice, at=noon(date(2026, 3, 12)))
    assert (refusal.value.code, refusal.value.field) == ("replaces", "hired_on")
    assert case.reference in str(refusal.value)


# ---------------------------------------------------------------- what is told


def last_mail(kind, **about):
    notification = Notification.objects.filter(kind=kind, **about).latest("created_at")
    return " ".join(compose(notification, notification.recipient.memberships.get()).body.split())


def test_the_mails_about_another_date_name_both(cast, case):
    User.objects.update(language="en")
    asked = correct(cast, case, date(2026, 3, 15))
    said = last_mail("departure-correction-asked")
    assert "from Sunday, 1 March 2026 to Sunday, 15 March 2026" in said and "Typed wrongly." in said
    departures.refuse_correction(asked, by=cast.karim, at=noon(date(2026, 3, 11)), text="The letter says so.")
    said = last_mail("departure-correction-refused")
    assert "Sunday, 15 March 2026, was refused. It stays Sunday, 1 March 2026" in said
    assert "The letter says so." in said
    correct(cast, case, date(2026, 2, 28), on=date(2026, 3, 12))
    assert "corrected from Sunday, 1 March 2026 to Saturday, 28 February 2026" in last_mail(
        "departure-corrected"
    )


@pytest.mark.parametrize(
    ("told_on", "words"),
    [
        (date(2026, 2, 20), ("Eva Lind leaves on Sunday, 1 March 2026 and holds", "Leaves on")),
        (date(2026, 3, 1), ("Eva Lind leaves on Sunday, 1 March 2026 and holds", "Leaves on")),
        (date(2026, 3, 2), ("Eva Lind has left and held", "Left on")),
    ],
)
def test_whoever_is_still_to_leave_leaves(cast, eva, told_on, words):
    User.objects.update(language="en")
    leave(eva, date(2026, 3, 1), by=cast.alice, at=noon(told_on), reported_on=told_on)
    said = last_mail("departure-opened")
    assert all(one in said for one in words)


# ---------------------------------------------------------------- what is told of certificates and clocks


def test_a_replacement_that_no_longer_counts_is_not_told_as_a_certificate_entered_late(cast, eva, case):
    noa = hire(cast.alpha, "Noa", date(2026, 3, 5))
    certify(noa)
    gap = departures.name_replacement(
        case.gaps.get(), by=cast.alice, at=noon(date(2026, 3, 10)), employment=noa
    )
    # The first day was wrong: she had worked there, and counted, all along.
    Employment.objects.filter(pk=noa.pk).update(hired_on=date(2026, 2, 1))
    sales = certify(eva, "sales")
    departures.count_late_certificates([(eva, sales)], by=cast.karim, at=noon(date(2026, 3, 12)))
    gap.refresh_from_db()
    assert gap.status == "open" and "departure.gap_reopened" in verbs(case)
    event = Event.objects.about(case).get(verb="departure.track_added")
    assert event.data["certificate"] == sales.number
    assert {
        one.context["certificate"] for one in Notification.objects.filter(kind="departure-track-added")
    } == {sales.number}


def test_a_track_that_had_fallen_away_comes_back_with_the_certificate_entered_late(cast):
    eva = hire(cast.alpha)
    certify(eva, expires_on=date(2026, 3, 5))
    certify(eva, "sales")
    case = leave(eva, date(2026, 3, 1), by=cast.alice)
    correct(cast, case, date(2026, 3, 9), by=cast.karim)
    gap = case.gaps.get(track="technical")
    assert gap.status == "withdrawn"
    late = certify(eva, issued_on=date(2026, 3, 2))
    departures.count_late_certificates([(eva, late)], by=cast.karim, at=noon(date(2026, 3, 12)))
    gap.refresh_from_db()
    assert (gap.status, gap.certificate) == ("open", late)
    assert Event.objects.about(case).get(verb="departure.track_added").data["certificate"] == late.number


@pytest.mark.parametrize("how", ["released", "withdrawn by the vendor"])
def test_every_case_whose_clock_is_released_says_so_itself(cast, eva, case, how):
    withdraw(cast, case)
    again = leave(eva, date(2026, 4, 1), by=cast.alice)
    if how == "released":
        release(cast, again, on=date(2026, 4, 2))
    else:
        departures.withdraw_departure(
            again, by=cast.karim, at=noon(date(2026, 4, 2)), reason="She was on leave.", still_here=True
        )
    case.refresh_from_db()
    event = Event.objects.about(case).get(verb="departure.clock_released")
    assert case.clock_released
    assert (event.actor, event.reason) == (cast.karim, "She was on leave.")


# ---------------------------------------------------------------- a later clock that has run out too


def test_a_clock_released_after_its_own_last_day_dates_the_lapse_anew(cast, eva, case):
    withdraw(cast, case)
    again = leave(eva, date(2026, 4, 1), by=cast.alice)
    lapse_departures([again.pk], at=noon(date(2026, 5, 31)))
    again.refresh_from_db()
    assert again.lapsed_on == date(2026, 5, 31)
    assert (again.lapse_facts["tracks"][0]["present"], again.carried_tier) == (0, "bronze")
    certify(hire(cast.alpha, "Noa", date(2026, 6, 20)), issued_on=date(2026, 6, 20))
    released = release(cast, again, on=date(2026, 7, 10))
    assert released.lapsed_on == date(2026, 7, 1)
    again.refresh_from_db()
    assert (again.status, again.replacement_due_on) == ("settled", date(2026, 6, 30))
    assert (again.lapsed_on, again.gaps.get().lapsed_on) == (date(2026, 7, 1), date(2026, 7, 1))
    assert again.gaps.get().status == "lapsed"
    # Counted as on the new day: somebody is there by then.
    assert (again.lapse_facts["tracks"][0]["present"], again.carried_tier) == (1, "silver")
    assert verbs(again)[-1] == "departure.lapsed"


def test_a_later_date_consented_to_after_its_last_day_dates_the_lapse_anew(cast, case):
    asked = correct(cast, case, date(2026, 3, 10), on=date(2026, 3, 20))
    lapse_departures([case.pk], at=noon(date(2026, 5, 31)))
    departures.consent_to_correction(asked, by=cast.karim, at=noon(date(2026, 7, 10)))
    case.refresh_from_db()
    assert (case.status, case.replacement_due_on) == ("settled", date(2026, 6, 8))
    assert (case.lapsed_on, case.gaps.get().lapsed_on) == (date(2026, 6, 9), date(2026, 6, 9))


def test_an_earlier_date_of_the_partner_leaves_a_lapse_as_it_was_counted(cast, case):
    lapse_departures([case.pk], at=noon(date(2026, 5, 31)))
    correct(cast, case, date(2026, 2, 1), on=date(2026, 6, 1))
    case.refresh_from_db()
    assert (case.status, case.lapsed_on) == ("settled", date(2026, 5, 31))
