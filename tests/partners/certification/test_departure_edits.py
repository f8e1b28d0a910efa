"""No sequence of what a partner can do moves a last day later (rule G6), or makes a replacement of somebody
who counted already (rule G4)."""

from datetime import date, timedelta

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners.certification.actions import departures, staff
from partners.certification.actions.departure_deadlines import lapse_departures
from partners.certification.models import Departure, DepartureGap, Employment
from portal.core.errors import PortalError
from tests.cast import make_cast
from tests.partners.certification.people import LONG_AGO, certify, hire, leave, noon

FIRST = date(2026, 3, 1)
DAYS = st.integers(min_value=-60, max_value=60)
# What is entered of a colleague who counted on the day of departure.
BEN_STEPS = (
    st.tuples(st.just("move ben"), DAYS),
    st.tuples(st.just("ben leaves"), DAYS),
    st.tuples(st.just("ben is back"), st.integers(min_value=1, max_value=40)),
)
STEPS = st.lists(
    st.one_of(
        *BEN_STEPS,
        st.tuples(st.just("replace with ben"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(min_value=1, max_value=120)),
        st.tuples(st.just("renew"), st.just(0)),
        st.tuples(st.just("move first day"), DAYS),
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
    @given(
        STEPS,
        st.lists(st.one_of(*BEN_STEPS), max_size=2),
        st.one_of(st.just(LONG_AGO), st.integers(0, 40).map(lambda days: FIRST - timedelta(days=days))),
    )
    # Each of these once moved a last day, or let somebody count twice.
    @example([("correct", -30), ("withdraw", 0), ("leave again", 60)], [], FIRST - timedelta(days=10))
    @example([("renew", 0), ("withdraw", 0), ("leave again", 60)], [], LONG_AGO)
    @example([("replace with ben", 0)], [("move ben", 1)], LONG_AGO)
    @example([("replace with ben", 0)], [("ben leaves", -30), ("ben is back", 31)], LONG_AGO)
    @example([("wait", 60), ("ben leaves", 60), ("ben is back", 1), ("replace with ben", 0)], [], LONG_AGO)
    @example([("wait", 88), ("come back", 1), ("replace", 0), ("leave again", 5)], [], LONG_AGO)
    def test_no_sequence_of_edits_moves_a_deadline_later_without_consent(self, steps, before, certified_on):
        cast = self.cast
        eva = hire(cast.alpha)
        certify(eva, issued_on=certified_on)
        self.ben = hire(cast.alpha, "Ben")
        certify(self.ben)
        noa = hire(cast.alpha, "Noa", FIRST + timedelta(days=1))
        certify(noa)
        day = FIRST
        for step, number in before:
            day += timedelta(days=1)
            self._try(step, number, None, noa, day)
        case = leave(eva, FIRST, by=cast.alice, at=noon(day), reported_on=day)
        earliest = case.replacement_due_on
        for step, number in steps:
            day += timedelta(days=number if step == "wait" else 1)
            if step == "withdraw late and tell anew":
                # On the last day on which it can be, and any time after it.
                day = max(day, case.replacement_due_on)
            if not self._try(step, number, case, noa, day):
                continue
            newest = Departure.objects.filter(employment__person=eva.person).order_by("-pk").first()
            case = newest
            assert case.replacement_due_on <= earliest, steps
            assert case.report_due_on <= earliest - timedelta(days=60)
            earliest = min(earliest, case.replacement_due_on)
            # Whatever was entered of Ben, was entered after that day.
            by_ben = DepartureGap.objects.filter(replacement__person=self.ben.person)
            assert not by_ben.filter(departure__departed_on__lte=FIRST).exists(), (before, steps)

    def _try(self, step, number, case, noa, day):
        try:
            with transaction.atomic():
                self._step(step, number, case, noa, noon(day), day)
        except PortalError:
            return False
        return True

    def _move_first_day(self, person, hired_on, at):
        newest = Employment.objects.filter(person=person).order_by("-hired_on").first()
        facts = staff.EmployeeFacts(newest.full_name, "", "", hired_on)
        staff.edit_employee(newest.pk, facts, by=self.cast.alice, at=at)

    def _step(self, step, number, case, noa, at, day):
        cast, gap = self.cast, case and case.gaps.first()
        bens = Employment.objects.filter(person=self.ben.person).order_by("-hired_on").first()
        match step:
            case "move ben":
                self._move_first_day(self.ben.person, FIRST + timedelta(days=number), at)
            case "ben leaves":
                left_on = FIRST + timedelta(days=number)
                staff.report_leaver(bens.pk, by=cast.alice, at=at, departed_on=left_on)
            case "ben is back":
                back_on = (bens.left_on or day) + timedelta(days=number)
                facts = staff.EmployeeFacts("Ben", "", "", back_on)
                staff.rehire(bens.pk, by=cast.alice, at=at, facts=facts)
            case "replace with ben":
                departures.name_replacement(gap, by=cast.alice, at=at, employment=bens)
            case "renew":
                # Who is certified after a case was withdrawn, was still there: that clock ends rightly.
                if case.status != "withdrawn":
                    certify(case.employment, issued_on=day)
            case "move first day":
                self._move_first_day(case.employment.person, FIRST + timedelta(days=number), at)
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
                        entered_on = working.entered_at.date()
                        last_day = max(working.hired_on, entered_on) + timedelta(days=abs(number) % 61)
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
                        entered_on=day,
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
