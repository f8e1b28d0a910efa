"""The rules of section E as sentences: no database, no clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealreg.deals import rules
from partners.programme.rulebook import DealRegistrationTerms
from portal.core.calendar import COUNTRY_TIME_ZONES, is_business_day, time_zone_of
from portal.core.errors import RuleViolation

TERMS = DealRegistrationTerms(
    decision_business_days=2,
    silence_business_days=1,
    protection_days=90,
    extension_days=90,
    extensions=1,
    reopen_days=10,
    distributor_changes=1,
    amendment_growth_pct=25,
    new_business_lookback_months=12,
    reminders_days_before=(30, 14, 3),
    appeal_days=10,
    revocation_notice_business_days=5,
    order_confirmation_business_days=5,
    decisions_to_publish=10,
    without_news_days=30,
    record_months=24,
    appeals_to_publish=3,
    registrations_per_hour=30,
    probing_days=30,
    probing_registrations=10,
    probing_share_pct=50,
    closing_within_months=24,
    retry_within_months=36,
    discount_step_pct=Decimal("0.5"),
    office_opens=time(9),
    office_closes=time(18),
)
countries = st.sampled_from(sorted(COUNTRY_TIME_ZONES))
# hypothesis wants the bounds without a zone.
instants = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001
    datetime(2031, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
BUDGET = timedelta(hours=18)


@given(instants, countries)
def test_the_clock_gives_two_working_days_and_half_of_them(at, country):
    clock = rules.start_clock(at, country, TERMS)
    hours = rules.office_hours(country, TERMS)
    assert at < clock.half_time_at < clock.due_at
    assert hours.between(at, clock.due_at) == BUDGET
    assert hours.between(at, clock.half_time_at) == BUDGET / 2
    due = clock.due_at.astimezone(time_zone_of(country))
    assert is_business_day(country, due.date())
    assert time(9) <= due.time() <= time(18)


@given(
    instants,
    countries,
    st.timedeltas(timedelta(0), timedelta(days=20)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_a_stopped_clock_goes_on_with_what_was_left(at, country, asked_after, answered_after):
    clock = rules.start_clock(at, country, TERMS)
    asked = at + asked_after
    left = rules.stop_clock(asked, clock.due_at, country, TERMS)
    assert timedelta(0) <= left <= BUDGET
    assert (left == timedelta(0)) == (asked >= clock.due_at)
    answered = asked + answered_after
    resumed = rules.resume_clock(answered, left, country, TERMS)
    assert answered <= resumed.half_time_at <= resumed.due_at
    assert rules.office_hours(country, TERMS).between(answered, resumed.due_at) == left
    # No question makes the whole time to decide longer or shorter.
    spent = rules.office_hours(country, TERMS).between(at, min(asked, clock.due_at))
    assert spent + left == BUDGET


@given(st.dates(date(2017, 1, 1), date(2100, 1, 1)), st.integers(1, 400))
def test_protection_ends_so_many_calendar_days_later(day, days):
    last = rules.protected_until(day, replace(TERMS, protection_days=days))
    assert (last - day).days == days


@given(
    st.integers(-5, 120), st.lists(st.integers(0, 90), max_size=5).map(tuple), st.none() | st.integers(0, 90)
)
def test_the_tightest_passed_reminder_is_sent_once(days_left, reminders, told):
    due = rules.reminder_due(days_left, reminders, told)
    passed = [days for days in reminders if days_left <= days]
    if due is None:
        assert days_left < 0 or not passed or (told is not None and min(passed) >= told)
    else:
        assert due == min(passed)
        assert rules.reminder_due(days_left, reminders, due) is None, "a second run sends nothing"


@pytest.mark.parametrize(
    ("days_left", "told", "due"),
    [
        (31, None, None),
        (30, None, 30),
        (29, 30, None),
        (14, 30, 14),
        (12, None, 14),
        (3, 14, 3),
        (0, 14, 3),
        (0, 3, None),
        (-1, 14, None),
        (-1, None, None),
    ],
)
def test_reminders_by_example(days_left, told, due):
    assert rules.reminder_due(days_left, (30, 14, 3), told) == due


@given(st.lists(st.integers(0, 100), min_size=1).map(lambda days: sorted(days, reverse=True)))
def test_however_irregular_the_sweeps_each_reminder_goes_out_at_most_once(mornings):
    told, sent = None, []
    for days_left in mornings:
        due = rules.reminder_due(days_left, (30, 14, 3), told)
        if due is not None:
            told = due
            sent.append(due)
    assert sent == sorted(set(sent), reverse=True)
    if mornings[-1] <= 3:
        assert sent[-1] == 3


@pytest.mark.parametrize(
    ("ceiling", "step", "choices"),
    [
        ("5", "0.5", "0 1 2 3 4 5"),
        ("25", "0.5", "0 5 10 15 20 25"),
        ("2", "0.5", "0 0.5 1 1.5 2"),
        ("0", "0.5", "0"),
        ("7", "0.5", "0 1.5 3 4.5 6 7"),
        ("3", "1", "0 1 2 3"),
    ],
)
def test_the_choices_go_from_nothing_to_the_ceiling(ceiling, step, choices):
    found = rules.discount_choices(Decimal(ceiling), Decimal(step))
    assert found == [Decimal(choice) for choice in choices.split()]


@given(
    st.decimals(0, 40, places=1).map(lambda pct: pct - pct % Decimal("0.5")),
    st.sampled_from([Decimal("0.5"), Decimal(1), Decimal("0.25")]),
)
def test_every_choice_but_the_ceiling_is_a_step(ceiling, step):
    found = rules.discount_choices(ceiling, step)
    assert found == sorted(set(found))
    assert found[-1] == ceiling
    assert all(pct % step == 0 for pct in found[:-1])


@given(st.decimals(0, 10**10, places=2), st.decimals(0, 100, places=1))
def test_a_discount_is_rounded_to_the_cent(amount, pct):
    discount = rules.discount_amount(amount, pct)
    assert abs(discount - amount * pct / 100) <= Decimal("0.005")
    assert 0 <= discount <= amount
    assert rules.discount_amount(amount, None) is None


@pytest.mark.parametrize(
    ("closing", "code"),
    [
        (date(2026, 11, 22), "close-in-the-past"),
        (date(2026, 11, 23), None),
        (date(2028, 11, 23), None),
        (date(2028, 11, 24), "close-too-far"),
    ],
)
def test_the_closing_date_lies_ahead_but_not_too_far(closing, code):
    today = date(2026, 11, 23)
    if code is None:
        rules.check_closing_date(closing, today, TERMS)
    else:
        with pytest.raises(RuleViolation) as refusal:
            rules.check_closing_date(closing, today, TERMS)
        assert (refusal.value.code, refusal.value.field) == (code, "expected_close_on")


@pytest.mark.parametrize(
    "again_on, code",
    [
        (None, None),
        (date(2026, 11, 23), "not-ahead"),
        (date(2026, 11, 24), None),
        (date(2029, 11, 23), None),
        (date(2029, 11, 24), "too-far"),
    ],
)
def test_the_day_to_try_again_lies_ahead_but_not_too_far(again_on, code):
    today = date(2026, 11, 23)
    if code is None:
        rules.check_retry_day(again_on, today, TERMS)
    else:
        with pytest.raises(RuleViolation) as refusal:
            rules.check_retry_day(again_on, today, TERMS)
        assert (refusal.value.code, refusal.value.field) == (code, "retry_on")


def test_how_far_ahead_a_day_may_lie_is_the_editions_affair():
    short = replace(TERMS, closing_within_months=3, retry_within_months=6)
    today = date(2026, 11, 30)
    # Three months after 30 November is the last of February.
    rules.check_closing_date(date(2027, 2, 28), today, short)
    with pytest.raises(RuleViolation, match="more than 3 months") as refusal:
        rules.check_closing_date(date(2027, 3, 1), today, short)
    assert refusal.value.code == "close-too-far"
    with pytest.raises(RuleViolation, match="more than 6 months"):
        rules.check_retry_day(date(2027, 5, 31), today, short)


@pytest.mark.parametrize(
    "days, how", [(31, ""), (30, "soon"), (4, "soon"), (3, "now"), (0, "now"), (-1, "now")]
)
def test_an_end_comes_near_with_the_first_reminder_and_is_urgent_from_the_last_on(days, how):
    assert rules.urgency(days, TERMS) == how


def test_a_partner_registers_in_its_countries_only():
    rules.check_country("FR", frozenset({"FR", "BE"}))
    with pytest.raises(RuleViolation) as refusal:
        rules.check_country("DE", frozenset({"FR", "BE"}))
    assert refusal.value.rule == "A7"


def test_own_registrations_and_open_conflicts_are_refused():
    rules.check_not_own_registration(registered_it=False)
    rules.check_free_of_conflict(0)
    with pytest.raises(RuleViolation, match="they or their own organisation"):
        rules.check_not_own_registration(registered_it=True)
    with pytest.raises(RuleViolation, match="came first"):
        rules.check_free_of_conflict(2)


@pytest.mark.parametrize(
    ("text", "names_it"),
    [
        ("We chose Bravo IT.", True),
        ("We chose BRAVO IT, sorry", True),
        ("bravo it", True),
        ("Bravo items are fine", False),
        ("Bravo! It was close.", False),
        ("DR-7K3F9Q was first", True),
        ("", False),
    ],
)
def test_a_message_that_names_the_rival_is_found(text, names_it):
    names = ["Bravo IT", "DR-7K3F9Q", "", " "]
    if not names_it:
        rules.check_names_no_rival(text, names, field="message")
        return
    with pytest.raises(RuleViolation) as refusal:
        rules.check_names_no_rival(text, names, field="message")
    assert refusal.value.field == "message"


@pytest.mark.parametrize(
    ("approved", "wanted", "growth"),
    [(0, 0, "0"), (0, 500, "100"), (400, 500, "25"), (400, 300, "-25"), (300, 400, "33.33")],
)
def test_growth_is_told_in_per_cent_also_from_nothing(approved, wanted, growth):
    assert rules.growth_pct(Decimal(approved), Decimal(wanted)) == Decimal(growth)
