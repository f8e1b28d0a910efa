"""What the calendar does to cases: reminders, late reports and lapses. Many may be due on one night, so each
action takes a batch and writes it in few statements: all of the batch, or nothing of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from partners.certification import rules
from partners.certification.departures import lapse_facts
from partners.certification.lifecycle import (
    DEPARTURE_LIFECYCLE,
    GAP_LIFECYCLE,
    GapStatus,
)
from partners.certification.models import Departure, DepartureGap
from partners.certification.selectors import bound_by_sales, specialists_at_start
from partners.organisations.access import require
from partners.organisations.contacts import administrators_of, managers_of
from partners.programme.models import Edition
from partners.programme.rulebook import Rulebook
from partners.programme.selectors import rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record, record_many
from portal.core.bulk import update_rows
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, gettext_noop
from portal.notifications.actions import Letter, notify_many


def _lock(ids: Collection[int]) -> list[Departure]:
    """The open ones of a batch, in one order, so that two sweeps at once wait and never block each other."""
    return list(
        Departure.objects.open()
        .filter(pk__in=ids)
        .select_for_update(of=("self",))
        .select_related("partner", "edition")
        .order_by("pk")
    )


def _letters(
    departures: Iterable[Departure], people: dict[int, list[User]], key: Any, *, at: datetime, **facts: Any
) -> list[Letter]:
    return [
        Letter(
            to=people[one.partner_id],
            about=one,
            key=f"{one.reference}:{key(one)}",
            context={
                "departed_on": one.departed_on,
                "report_due_on": one.report_due_on,
                "replacement_due_on": one.replacement_due_on,
                "to_come": one.departed_on >= date_in(one.partner.country, at),
                **{name: fact(one) for name, fact in facts.items()},
            },
        )
        for one in departures
    ]


@transaction.atomic
def remind_of_report(ids: Collection[int], *, at: datetime) -> list[Departure]:
    """Rule G7: before the last day for telling, while the partner has not confirmed the case."""
    return _remind(ids, "report", "departure-report-due", at=at)


@transaction.atomic
def remind_of_replacement(ids: Collection[int], *, at: datetime) -> list[Departure]:
    """Rule G7: before the last day for a replacement."""
    return _remind(ids, "replacement", "departure-replacement-due", at=at)


def _remind(ids: Collection[int], what: str, kind: str, *, at: datetime) -> list[Departure]:
    by_step: dict[int, list[Departure]] = defaultdict(list)
    for departure in _lock(ids):
        step = _step_due(departure, what, at)
        if step is not None:
            by_step[step].append(departure)
    for step, departures in by_step.items():
        Departure.objects.filter(pk__in=[one.pk for one in departures]).update(**{f"{what}_reminder": step})
        record_many(
            f"departure.{what}_reminded",
            [(one, {"days": step, "due_on": _due(one, what)}) for one in departures],
            at=at,
        )
        people = administrators_of({one.partner_id for one in departures})
        notify_many(
            kind,
            _letters(
                departures,
                people,
                lambda one, step=step: f"{_due(one, what)}:{step}",
                at=at,
                days=lambda one: (_due(one, what) - date_in(one.partner.country, at)).days,
            ),
            at=at,
        )
    return [one for departures in by_step.values() for one in departures]


def _due(departure: Departure, what: str) -> date:
    due: date = getattr(departure, f"{what}_due_on")
    return due


def _step_due(departure: Departure, what: str, at: datetime) -> int | None:
    if what == "report" and departure.reported_on is not None:
        return None
    terms = rulebook_of(departure.edition).staff
    steps = {
        "report": terms.notice_reminders_days_before,
        "replacement": terms.replacement_reminders_days_before,
    }[what]
    last: int | None = getattr(departure, f"{what}_reminder")
    return rules.next_reminder(_due(departure, what), date_in(departure.partner.country, at), steps, last)


@transaction.atomic
def tell_late_report(ids: Collection[int], *, at: datetime) -> list[Departure]:
    """Rule G6: the last day for telling has passed without a word of the partner."""
    late = [
        one
        for one in _lock(ids)
        if one.reported_on is None
        and one.report_overdue_told_at is None
        and date_in(one.partner.country, at) > one.report_due_on
    ]
    Departure.objects.filter(pk__in=[one.pk for one in late]).update(report_overdue_told_at=at)
    record_many("departure.report_overdue", [(one, {"due_on": one.report_due_on}) for one in late], at=at)
    notify_many(
        "departure-report-overdue",
        _letters(late, _both_sides(late), lambda one: one.report_due_on, at=at),
        at=at,
    )
    return late


def _both_sides(departures: Collection[Departure]) -> dict[int, list[User]]:
    administrators = administrators_of({one.partner_id for one in departures})
    managers = managers_of({one.partner_id: one.partner for one in departures}.values())
    return {pk: [*people, *managers[pk]] for pk, people in administrators.items()}


@transaction.atomic
def lapse_departures(ids: Collection[int], *, at: datetime) -> list[Departure]:
    """Rule G5: what is still open when the last day has passed lapses on the day after it, whenever that is
    noticed, with the specialists who were there when that day began. Tracks that are replaced stay so."""
    due = [one for one in _lock(ids) if date_in(one.partner.country, at) >= _lapse_day(one)]
    for departure in due:
        departure.lapsed_on = _lapse_day(departure)
        departure.status = DEPARTURE_LIFECYCLE.check("settle", departure.status)
        departure.settled_at = at
    _weigh(due)
    lapsed_gaps = _lapse_gaps(due)
    lapsed = ("lapsed_on", "status", "settled_at", "lapse_facts", "carried_tier")
    update_rows(
        Departure,
        [one.pk for one in due],
        {name: [getattr(one, name) for one in due] for name in lapsed},
    )
    for edition, cases in _by_edition(due).items():
        record_many(
            "departure.lapsed",
            [
                (
                    one,
                    {
                        "lapsed_on": one.lapsed_on,
                        "tracks": lapsed_gaps[one.pk],
                        "effect": "tier" if one.carried_tier else "none",
                        "carried_tier": one.carried_tier,
                        **one.lapse_facts,
                    },
                )
                for one in cases
            ],
            at=at,
            edition=edition.code,
        )
    notify_many(
        "departure-lapsed",
        _letters(
            due,
            _both_sides(due),
            # A case that is open again lapses again, on the same day maybe: that is news of its own.
            lambda one: at.isoformat(),
            at=at,
            lapsed_on=lambda one: one.lapsed_on,
            carried_tier=lambda one: one.carried_tier,
        ),
        at=at,
    )
    return due


def _lapse_day(departure: Departure) -> date:
    return rules.lapse_day(departure.replacement_due_on, departure.departed_on)


def _by_edition(departures: Iterable[Departure]) -> dict[Edition, list[Departure]]:
    grouped: dict[Edition, list[Departure]] = defaultdict(list)
    for one in departures:
        grouped[one.edition].append(one)
    return grouped


def _weigh(departures: Collection[Departure]) -> None:
    """What each tier asked and what was left, by the edition of the case: one count a day and edition. A case
    that has lapsed before with an effect, and whose lapse was not undone, is weighed with the tier of then:
    the present one may be what has been decided because of it."""
    grouped: dict[tuple[Edition, date], list[Departure]] = defaultdict(list)
    for one in departures:
        grouped[one.edition, one.lapsed_on].append(one)
    for (edition, day), cases in grouped.items():
        rulebook: Rulebook = rulebook_of(edition)
        partners = {one.partner_id for one in cases}
        present = specialists_at_start(partners, day)
        bound = bound_by_sales(partners, rulebook, day)
        for one in cases:
            one.lapse_facts, one.carried_tier = lapse_facts(
                rulebook,
                one.lapse_facts["tier"] if one.carried_tier else one.partner.tier,
                present[one.partner_id],
                sales_binds=one.partner_id in bound,
            )


def _lapse_gaps(departures: Collection[Departure]) -> dict[int, list[str]]:
    """By case, the tracks that lapse."""
    day_of = {one.pk: one.lapsed_on for one in departures}
    tracks: dict[int, list[str]] = {pk: [] for pk in day_of}
    by_day: dict[date, list[int]] = defaultdict(list)
    for gap in DepartureGap.objects.open().filter(departure__in=day_of).order_by("track", "pk"):
        GAP_LIFECYCLE.check("lapse", gap.status)
        tracks[gap.departure_id].append(gap.track)
        by_day[day_of[gap.departure_id]].append(gap.pk)
    for day, ids in by_day.items():
        DepartureGap.objects.filter(pk__in=ids).update(status=GapStatus.LAPSED, lapsed_on=day)
    return tracks


@transaction.atomic
def remind_by_hand(ids: Collection[int], *, by: User, at: datetime) -> list[Departure]:
    """The vendor reminds the administrators of the chosen cases: once a day each, the rest is passed over."""
    require(by, "staff.oversee")
    seen = set(Departure.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True))
    reminded = []
    for departure in _lock(seen):
        today = date_in(departure.partner.country, at)
        if departure.reminded_by_hand_on is None or departure.reminded_by_hand_on < today:
            departure.reminded_by_hand_on = today
            reminded.append(departure)
    if ids and not reminded:
        raise RuleViolation(
            "reminded", gettext_noop("All the chosen cases are settled or have been reminded of today.")
        )
    Departure.objects.bulk_update(reminded, ["reminded_by_hand_on"], batch_size=500)
    for departure in reminded:
        record("departure.reminded_by_hand", departure, by=by, at=at, due_on=departure.replacement_due_on)
    notify_many(
        "departure-reminder",
        _letters(
            reminded,
            administrators_of({one.partner_id for one in reminded}),
            lambda one: one.reminded_by_hand_on,
            at=at,
            days=lambda one: (one.replacement_due_on - one.reminded_by_hand_on).days,
        ),
        at=at,
    )
    return reminded
