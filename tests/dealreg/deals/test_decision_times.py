"""Decision times for everybody who is signed in: right, cheap, and never about one person."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from dealreg.deals import actions
from dealreg.deals.decision_times import decision_times
from dealreg.deals.models import Deal
from dealreg.deals.rules import may_stand_beside, published
from partners.organisations.models import Distributor
from tests.dealreg.deals.stages import LATER, MONDAY, asked, in_english, submitted

pytestmark = pytest.mark.django_db

PAGE = "/deals/decision-times/"
NOW = datetime(2027, 2, 1, 9, tzinfo=UTC)


@pytest.fixture
def cast(cast):
    return in_english(cast)


def decided(cast, distributor: Distributor, number: int, *, hours=6, late=0, days_ago=5) -> None:
    """So many decisions, `late` of them late, as a register of years would hold them."""
    deal = submitted(cast, customer_name=f"Client {distributor.reference} {days_ago}")
    deal = actions.withdraw_deal(deal, by=cast.amir, at=LATER)
    row = Deal.objects.get(pk=deal.pk)
    copies = []
    for place in range(number):
        row.pk = None
        row.reference = f"DR-{distributor.pk % 100:02}{days_ago:02}{place:02}"
        row.distributor = distributor
        row.decided_at = NOW - timedelta(days=days_ago)
        row.decided_late = place < late
        row.decision_working_time = timedelta(hours=hours + place % 3)
        copies.append(Deal(**{f.attname: getattr(row, f.attname) for f in Deal._meta.concrete_fields}))
    Deal.objects.bulk_create(copies)


# --- what is stored -------------------------------------------------------------------------------


def test_a_decision_notes_its_working_time_without_the_question(cast):
    deal = asked(cast)  # asked on Tuesday 10:10, after 5 working hours
    deal = actions.answer_request(deal, by=cast.amir, at=LATER + timedelta(days=6), answer="All.", changes={})
    deal = actions.approve_deal(
        deal, by=cast.denise, at=LATER + timedelta(days=6, hours=2), granted_pct=Decimal(1)
    )
    assert deal.decision_working_time == timedelta(hours=5 + 2)
    assert deal.decided_late is False


def test_a_late_decision_is_noted_as_late(cast):
    deal = submitted(cast)
    at = deal.decision_due_at + timedelta(hours=1)
    deal = actions.reject_deal(deal, by=cast.denise, at=at, code="other", text="No.")
    assert (deal.decision_working_time, deal.decided_late) == (timedelta(hours=19), True)


def test_a_rejection_of_an_open_question_counts_up_to_the_question(cast):
    deal = actions.reject_deal(
        asked(cast), by=cast.denise, at=LATER + timedelta(days=9), code="other", text="No."
    )
    assert (deal.decision_working_time, deal.decided_late) == (timedelta(hours=5), False)


def test_withdrawn_is_not_decided(cast):
    deal = actions.withdraw_deal(submitted(cast), by=cast.amir, at=MONDAY + timedelta(days=9))
    assert deal.decision_working_time is None


def test_deals_of_before_get_what_the_clock_would_have_stored(cast):
    """The migration: figures of old decisions, and from when on old decisions are open to the vendor."""
    fill = import_module("dealreg.deals.migrations.0007_fill_silence_and_decision_times")
    question = asked(cast)
    old = actions.answer_request(
        question, by=cast.amir, at=LATER + timedelta(days=6), answer="All.", changes={}
    )
    old = actions.approve_deal(
        old, by=cast.denise, at=LATER + timedelta(days=6, hours=2), granted_pct=Decimal(1)
    )
    waiting = submitted(cast, customer_name="Ville de Lens")
    stopped = asked(cast, customer_name="Ville de Brest")
    expected = {one.pk: one for one in Deal.objects.all()}
    Deal.objects.update(
        decision_working_time=None, decided_late=None, vendor_may_decide_at=None, silence_left=None
    )
    fill.fill_silence(apps, None)
    fill.fill_decision_times(apps, None)
    for deal in Deal.objects.filter(pk__in=[old.pk, waiting.pk, stopped.pk]):
        before = expected[deal.pk]
        assert deal.decision_working_time == before.decision_working_time
        assert deal.decided_late == before.decided_late
        assert deal.silence_left == before.silence_left
        if deal.pk == waiting.pk:
            assert deal.vendor_may_decide_at == before.vendor_may_decide_at is not None


# --- what is shown --------------------------------------------------------------------------------


def test_median_and_share_by_country_over_both_windows(cast):
    decided(cast, cast.distri_nord, 12, hours=6, late=3, days_ago=5)
    decided(cast, cast.distri_nord, 12, hours=12, late=0, days_ago=60)
    decided(cast, cast.distri_sued, 10, hours=20, late=10, days_ago=40)
    times = decision_times(NOW)
    france, germany = sorted(times.countries, key=lambda one: one.country, reverse=False)[::-1]
    assert (france.country, germany.country) == ("FR", "DE")
    assert france.hours == {30: 7.0, 90: 10.0}
    assert france.on_time_pct == {30: 75, 90: 88}
    assert germany.hours == {30: None, 90: 21.0}
    assert germany.on_time_pct[90] == 0
    assert times.total.on_time_pct == {30: 75, 90: round(100 * 21 / 34)}
    assert times.others is None


def test_figures_are_of_whole_days(cast):
    decided(cast, cast.distri_nord, 12, days_ago=0)
    assert decision_times(NOW).is_empty, "what was decided today comes in tomorrow"
    assert not decision_times(NOW + timedelta(days=1)).is_empty


def test_a_small_country_is_hidden_and_the_total_does_not_give_it_away(cast):
    decided(cast, cast.distri_nord, 12)
    decided(cast, cast.distri_sued, 3, hours=40, late=3)
    times = decision_times(NOW)
    assert [one.country for one in times.countries] == ["FR"]
    assert times.others is None
    assert times.total.on_time_pct[30] == 100, "Germany's three are not in it"


def test_several_small_countries_are_shown_together(cast):
    decided(cast, cast.distri_nord, 12)
    cast.third.country = "BE"
    cast.third.save(update_fields=["country"])
    decided(cast, cast.distri_sued, 6, late=6)
    decided(cast, cast.third, 6, late=0)
    times = decision_times(NOW)
    assert [one.country for one in times.countries] == ["FR"]
    assert times.others.on_time_pct == {30: 50, 90: 50}
    assert times.total.on_time_pct[90] == 75


counts = st.dictionaries(st.sampled_from(["FR", "DE", "BE", "IL", "GB", "IT"]), st.integers(0, 40))


@given(counts, st.integers(1, 15))
def test_nothing_below_the_least_can_be_had_by_subtracting(counts, least):
    shown = published(counts, least)
    for country in shown.alone:
        assert counts[country] >= least
    together = sum(counts[country] for country in shown.together)
    assert not shown.together or (together >= least and len(shown.together) > 1)
    # What the total holds beyond the countries shown is nothing, or the group that is shown itself.
    total = sum(counts[country] for country in shown.counted)
    assert total - sum(counts[country] for country in shown.alone) == together


@given(st.dictionaries(st.sampled_from([30, 90, 365]), st.integers(0, 60)), st.integers(1, 15))
def test_two_windows_never_differ_by_a_few(counts, least):
    shown = may_stand_beside(counts, least)
    for one in shown:
        for other in shown:
            assert not 0 < abs(counts[one] - counts[other]) < least


def test_a_shorter_window_is_hidden_where_few_lie_between(cast):
    decided(cast, cast.distri_nord, 12, days_ago=5)
    decided(cast, cast.distri_nord, 4, days_ago=60)
    (france,) = decision_times(NOW).countries
    assert france.hours[30] is None
    assert france.hours[90] is not None


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["amir", "adam", "denise", "olga", "karim", "august"])
def test_everybody_with_a_company_reads_the_same_page(cast, sign_in, person, time_machine_at):
    decided(cast, cast.distri_nord, 12, late=3)
    decided(cast, cast.distri_sued, 3)
    with time_machine_at(NOW):
        page = sign_in(cast.people[person]).get(PAGE).content.decode()
    assert "France" in page
    assert "Germany" not in page
    assert "75" in page
    assert "7 h" in page


def test_without_decisions_the_page_says_so(cast, sign_in, client):
    page = sign_in(cast.amir).get(PAGE).content.decode()
    assert "Not enough decisions yet" in page
    assert sign_in(cast.stranger).get(PAGE).status_code == 403
    assert client.get(PAGE).status_code == 302


def test_the_cost_does_not_grow_with_the_decisions(cast, sign_in, time_machine_at):
    def cost():
        from django.core.cache import cache

        cache.clear()
        browser = sign_in(cast.amir)
        with time_machine_at(NOW), CaptureQueriesContext(connection) as seen:
            assert browser.get(PAGE).status_code == 200
        return len(seen)

    decided(cast, cast.distri_nord, 12)
    cost()
    few = cost()
    decided(cast, cast.distri_sued, 40, days_ago=7)
    assert cost() == few <= 10
