"""No sequence of what a partner can do moves a last day later (rule G6)."""

from datetime import date, timedelta

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners.certification.actions import departures
from partners.certification.actions.departure_deadlines import lapse_departures
from partners.certification.models import Departure, Employment
from portal.core.errors import PortalError
from tests.cast import make_cast
from tests.partners.certification.people import certify, hire, leave, noon

FIRST = date(2026, 3, 1)
DAYS = st.integers(min_value=-60, max_value=60)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("correct"), DAYS),
        st.tuples(st.just("withdraw"), st.just(0)),
        st.tuples(st.just("leave again"), st.integers(min_value=-60, max_value=400)),
        st.tuples(st.just("withdraw late and tell anew"), st.integers(min_value=0, max_value=800)),
        st.tuples(st.just("come back"), st.integers(min_value=1, max_value=20)),
        st.tuples(st.just("replace"), st.just(0)),
        st.tuples(st.just("take back"), st.just(0)),
        st.tuples(st.just("refuse"), st.just(0)),
        st.tuples(st.just("night"), st.just(0)),
    ),
    max_size=9,
)


class EditsTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.cast = make_cast()

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def test_no_sequence_of_edits_moves_a_deadline_later_without_consent(self, steps):
        cast = self.cast
        eva = hire(cast.alpha)
        certify(eva)
        noa = hire(cast.alpha, "Noa", FIRST + timedelta(days=1))
        certify(noa)
        case = leave(eva, FIRST, by=cast.alice)
        day, earliest = FIRST, case.replacement_due_on
        for step, number in steps:
            day += timedelta(days=1)
            if step == "withdraw late and tell anew":
                # On the last day on which it can be, and any time after it.
                day = max(day, case.replacement_due_on)
            try:
                self._step(step, number, case, noa, noon(day), day)
            except PortalError:
                continue
            newest = Departure.objects.filter(employment__person=eva.person).order_by("-pk").first()
            case = newest
            assert case.replacement_due_on <= earliest, steps
            assert case.report_due_on <= earliest - timedelta(days=60)
            earliest = min(earliest, case.replacement_due_on)

    def _step(self, step, number, case, noa, at, day):
        cast, gap = self.cast, case.gaps.first()
        match step:
            case "correct":
                departures.correct_departure_date(
                    case, by=cast.alice, at=at, departed_on=FIRST + timedelta(days=number), reason="x"
                )
            case "withdraw":
                departures.withdraw_departure(case, by=cast.alice, at=at, reason="x", still_here=True)
            case "leave again":
                working = Employment.objects.filter(person=case.employment.person, left_on=None).first()
                if working is not None:
                    # After a case that was withdrawn any day is told; whoever came back stays for less.
                    again = working.pk == case.employment_id
                    last_day = day + timedelta(days=number)
                    if not again:
                        last_day = working.hired_on + timedelta(days=abs(number) % 61)
                    with transaction.atomic():
                        leave(working, max(last_day, working.hired_on), by=cast.alice, at=at)
            case "withdraw late and tell anew":
                departures.withdraw_departure(case, by=cast.alice, at=at, reason="x", still_here=True)
                left_on = day + timedelta(days=number)
                with transaction.atomic():
                    leave(case.employment, left_on, by=cast.alice, at=noon(left_on))
            case "come back":
                left = Employment.objects.filter(person=case.employment.person).order_by("-hired_on").first()
                if left.left_on is not None:
                    hire(
                        cast.alpha,
                        hired_on=left.left_on + timedelta(days=number),
                        person=case.employment.person,
                    )
            case "replace":
                departures.name_replacement(gap, by=cast.alice, at=at, employment=noa)
            case "take back":
                departures.take_replacement_back(gap, by=cast.alice, at=at, reason="x")
            case "refuse":
                for asked in case.corrections.filter(status="asked"):
                    departures.refuse_correction(asked, by=cast.karim, at=at, text="No.")
            case "night":
                lapse_departures([case.pk], at=at)
