"""Reads about departures: what the tier asks and who is left, who could take the place, and which cases
are due."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from partners.certification import rules
from partners.certification.lifecycle import BookingStatus, DepartureStatus, GapStatus
from partners.certification.models import (
    Booking,
    Certificate,
    CorrectionStatus,
    Course,
    CourseMode,
    DateCorrection,
    Departure,
    DepartureGap,
    DepartureOrigin,
    Employment,
    Session,
)
from partners.certification.querysets import DepartureQuerySet
from partners.certification.selectors import TIER_TRACKS, bound_by_sales, specialists_on
from partners.certification.training import with_places
from partners.organisations.access import can
from partners.organisations.models import Partner, Tier
from partners.programme.rulebook import Rulebook, StaffTerms
from partners.programme.selectors import rulebook_of, rulebook_on
from partners.programme.tier_moves import next_opening, reachable_tier
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.calendar import date_in, time_zone_of

MOST_SHOWN = 6


# ---------------------------------------------------------------- the clocks


def earlier_cases(employment: Employment, *, apart_from: Iterable[int] = ()) -> DepartureQuerySet:
    """The departures of the same person from the same partner whose clock may go on."""
    found: DepartureQuerySet = (
        Departure.objects.filter(
            partner=employment.partner_id,
            employment__person=employment.person_id,
            employment__hired_on__lte=employment.hired_on,
            clock_released=False,
        )
        .exclude(pk__in=apart_from)
        .select_related("employment")
        .order_by("pk")
    )
    return found


def withdrawn_that_bind(
    employment: Employment, departed_on: date, *, apart_from: Iterable[int] = ()
) -> list[Departure]:
    """The cases of an employment that its partner has withdrawn, and whose clocks and tracks go on when the
    person leaves after all."""
    withdrawn = earlier_cases(employment, apart_from=apart_from).filter(status=DepartureStatus.WITHDRAWN)
    return [
        one
        for one in withdrawn.select_related("partner").prefetch_related("gaps__certificate", "corrections")
        if rules.keeps_running(
            [(gap.track, gap.technology_id) for gap in one.gaps.all()],
            Certificate.objects.valid_on(departed_on)
            .filter(person=employment.person_id, issued_on__gt=_over_on(one))
            .values_list("track", "technology_id"),
        )
    ]


def _over_on(withdrawn: Departure) -> date:
    """From when on a certificate is one earned anew: after the latest day of departure that the case ever
    had, and after it was withdrawn. An earlier day that the partner enters makes no old one new."""
    withdrawn_on = date_in(withdrawn.partner.country, withdrawn.settled_at)
    corrected = [one.before for one in withdrawn.corrections.all()]
    return max([withdrawn.departed_on, withdrawn_on, *corrected])


def clock_of(
    employment: Employment, departed_on: date, terms: StaffTerms, *, apart_from: Iterable[int] = ()
) -> date:
    """The day that the clocks run from: that of an earlier departure of the same person, if they have come
    back for no longer than the time for a replacement, or if the partner itself has withdrawn it."""
    stood = earlier_cases(employment, apart_from=apart_from).exclude(status=DepartureStatus.WITHDRAWN)
    # A return that is entered late has been one only since then: its first day is the partner's word.
    returned_on = max(employment.hired_on, date_in(employment.partner.country, employment.entered_at))
    starts = [
        rules.clock_start(departed_on, one.clock_from, max(returned_on, one.departed_on), terms)
        for one in stood
    ]
    starts += [one.clock_from for one in withdrawn_that_bind(employment, departed_on, apart_from=apart_from)]
    return min([*starts, departed_on])


@dataclass(frozen=True)
class Ground:
    """What the case of a departure rests on: the certificates to be replaced, and where its clocks start."""

    certificates: list[Certificate]
    clock_from: date


def ground_of(employment: Employment, departed_on: date, terms: StaffTerms) -> Ground:
    """The certificates that were valid on the day, and those of a withdrawn case whose clock goes on: another
    day does not end it. None of them: nobody has to be replaced."""
    counted = {
        (one.track, one.technology_id): one
        for one in certificates_that_counted(employment.person_id, departed_on)
    }
    for withdrawn in withdrawn_that_bind(employment, departed_on):
        for gap in withdrawn.gaps.all():
            counted.setdefault((gap.track, gap.technology_id), gap.certificate)
    return Ground(list(counted.values()), clock_of(employment, departed_on, terms))


def certificates_that_counted(person_id: int, day: date) -> list[Certificate]:
    """The certificates of a person that were valid on a day: of each track and technology the one that
    runs longest."""
    longest: dict[rules.TrackKey, Certificate] = {}
    valid = Certificate.objects.valid_on(day).filter(person_id=person_id)
    for certificate in valid.order_by("expires_on", "pk"):
        longest[certificate.track, certificate.technology_id] = certificate
    return [longest[key] for key in sorted(longest, key=lambda key: (key[0], key[1] or 0))]


def keeps_a_clock(departure: Departure) -> bool:
    """Whether there is a clock that the vendor could release: of a case that its partner has withdrawn, for
    whatever follows it; of any other, the earlier one that it runs on."""
    if departure.status == DepartureStatus.WITHDRAWN:
        return not departure.clock_released
    return departure.clock_from < departure.departed_on


# ---------------------------------------------------------------- who could replace


def replacement_candidate(employment: Employment, gap: DepartureGap, on: date) -> rules.Candidate:
    """What rule G4 asks about an employee, for a gap."""
    return _candidate(
        employment,
        gap.departure.departed_on,
        on,
        _certificates_in_track([employment.person_id], gap)[employment.person_id],
        {employment.pk} if _already_replacing(gap).filter(replacement=employment).exists() else set(),
        _there_at_departure([employment.person_id], gap.departure),
    )


def _there_at_departure(people: Collection[int], departure: Departure) -> set[int]:
    """Who of them worked for the partner on the day of departure, by what was on record then: whatever first
    or last day has been entered since. The employment that ended with this departure is no ground."""
    employments = Employment.objects.filter(person__in=people, partner=departure.partner_id)
    return {
        one.person_id
        for one in employments.exclude(pk=departure.employment_id)
        if rules.was_employed(
            one.hired_first_on or one.hired_on, one.left_on, one.left_told_on, departure.departed_on
        )
    }


def _candidate(
    employment: Employment,
    departed_on: date,
    on: date,
    certificates: list[Certificate],
    taken: set[int],
    there: set[int],
) -> rules.Candidate:
    since, until = rules.held_since([_span(one) for one in certificates], departed_on, on)
    return rules.Candidate(
        person_id=employment.person_id,
        hired_on=employment.hired_on,
        left_on=employment.left_on,
        certified_on=since,
        certificate_expires_on=until,
        replaces_another=employment.pk in taken,
        was_there=employment.person_id in there,
    )


def _span(certificate: Certificate) -> tuple[date, date]:
    """The first and the last day on which it counts: on the day of its withdrawal no more."""
    if certificate.withdrawn_on is None:
        return certificate.issued_on, certificate.expires_on
    last = certificate.withdrawn_on - timedelta(days=1)
    return certificate.issued_on, min(certificate.expires_on, last)


def _certificates_in_track(people: Collection[int], gap: DepartureGap) -> dict[int, list[Certificate]]:
    held: dict[int, list[Certificate]] = {pk: [] for pk in people}
    for one in Certificate.objects.filter(
        person__in=people, track=gap.track, technology=gap.technology_id
    ).order_by("expires_on", "pk"):
        held[one.person_id].append(one)
    return held


def _already_replacing(gap: DepartureGap) -> Any:
    return DepartureGap.objects.filter(
        status=GapStatus.REPLACED, track=gap.track, technology=gap.technology_id
    ).exclude(pk=gap.pk)


def certificate_that_counts(employment: Employment, gap: DepartureGap, on: date) -> Certificate | None:
    """The one of a candidate that runs longest on a day."""
    return (
        Certificate.objects.valid_on(on)
        .filter(person=employment.person_id, track=gap.track, technology=gap.technology_id)
        .order_by("-expires_on", "-pk")
        .first()
    )


@dataclass(frozen=True)
class Candidates:
    """Of one gap: who would count now, who is booked on a course that ends in time or waits for a place in
    one, which sessions can still be booked, and which online courses can be taken at any time."""

    gap: DepartureGap
    counting: list[Employment]
    booked: list[Booking]
    waiting: list[Booking]
    sessions: list[Session]
    online: list[Course]


def candidates_for(gap: DepartureGap, on: date) -> Candidates:
    """A fixed number of queries."""
    departure = gap.departure
    held = Certificate.objects.valid_on(on).filter(
        person=OuterRef("person"), track=gap.track, technology=gap.technology_id
    )
    certified = list(
        Employment.objects.after(on).filter(Exists(held), partner=departure.partner_id).order_by("full_name")
    )
    by_person = _certificates_in_track([one.person_id for one in certified], gap)
    taken = set(
        _already_replacing(gap).filter(replacement__in=certified).values_list("replacement", flat=True)
    )
    worked_here = _there_at_departure(by_person, departure)
    counting = [
        one
        for one in certified
        if _counts(
            _candidate(one, departure.departed_on, on, by_person[one.person_id], taken, worked_here),
            departure,
            on,
        )
    ]
    zone = time_zone_of(departure.partner.country)
    today = datetime.combine(on, time.min, zone)
    too_late = datetime.combine(departure.replacement_due_on + timedelta(days=1), time.min, zone)
    bookings = Booking.objects.filter(
        employment__in=Employment.objects.after(on).filter(partner=departure.partner_id),
        status__in=(BookingStatus.BOOKED, BookingStatus.WAITING),
        session__course__track=gap.track,
        session__course__technology=gap.technology_id,
        session__cancelled_at=None,
        session__ends_at__gte=today,
        session__ends_at__lt=too_late,
    ).exclude(employment__in=counting)
    there: dict[BookingStatus, list[Booking]] = {BookingStatus.BOOKED: [], BookingStatus.WAITING: []}
    for one in bookings.select_related("employment", "session__course").order_by("session__ends_at", "pk"):
        there[BookingStatus(one.status)].append(one)
    online = Course.objects.filter(
        mode=CourseMode.ONLINE, is_published=True, track=gap.track, technology=gap.technology_id
    )
    sessions = Session.objects.filter(
        course__track=gap.track,
        course__technology=gap.technology_id,
        course__is_published=True,
        cancelled_at=None,
        closes_at__gte=today,
        ends_at__lt=too_late,
    )
    return Candidates(
        gap,
        counting,
        there[BookingStatus.BOOKED][:MOST_SHOWN],
        there[BookingStatus.WAITING][:MOST_SHOWN],
        list(with_places(sessions.select_related("course")).order_by("starts_at", "pk")[:MOST_SHOWN]),
        list(online.order_by("title", "pk")[:MOST_SHOWN]),
    )


def _counts(candidate: rules.Candidate, departure: Departure, on: date) -> bool:
    try:
        rules.check_replacement(
            candidate,
            departed_person_id=departure.employment.person_id,
            departed_on=departure.departed_on,
            on=on,
        )
    except rules.RuleViolation:
        return False
    return True


# ---------------------------------------------------------------- facts of a lapse


def lapse_facts(
    rulebook: Rulebook, tier: str, present: dict[str, int], *, sales_binds: bool
) -> tuple[dict[str, Any], str]:
    """What is kept of a lapse, and the tier that the specialists who are left carry: "" when that is the
    present one."""
    carried = rules.carried_tier(rulebook, tier, present, sales_binds=sales_binds)
    tracks = rules.standings(rulebook, tier, present, sales_binds=sales_binds)
    facts = {
        "tier": tier,
        "edition": rulebook.edition,
        "tracks": [
            {"track": one.track, "required": one.required, "present": one.present, "missing": one.missing}
            for one in tracks
        ],
    }
    return facts, "" if carried == tier else carried


# ---------------------------------------------------------------- pages


@dataclass(frozen=True)
class WithoutThePerson:
    """What the tier asks today and who is there, by track (rules C8 to C10)."""

    tier: str
    tracks: list[rules.TrackStanding]
    carried: str

    @property
    def falls(self) -> bool:
        return self.carried != self.tier


def without_the_person(departure: Departure, today: date) -> WithoutThePerson:
    """Of an open case: the specialists of today, without the departed person once they have left."""
    partner = departure.partner
    present = specialists_on([partner.pk], max(today, departure.departed_on)).get(partner.pk, {})
    return _standing(partner, rulebook_of(departure.edition), present, today)


def _standing(partner: Partner, rulebook: Rulebook, present: dict[str, int], today: date) -> WithoutThePerson:
    binds = partner.pk in bound_by_sales([partner.pk], rulebook, today)
    return WithoutThePerson(
        partner.tier,
        rules.standings(rulebook, partner.tier, present, sales_binds=binds),
        rules.carried_tier(rulebook, partner.tier, present, sales_binds=binds),
    )


@dataclass(frozen=True)
class TierEffect:
    """What a departure does to the tier if nobody follows: what is left, and as far as the rest of the
    proposal goes, on which day it could take effect at the earliest (rule H3)."""

    standing: WithoutThePerson
    at_once: str
    waits_until: date | None

    @property
    def present_name(self) -> str:
        return Tier(self.standing.tier).label

    @property
    def carried_name(self) -> str:
        return Tier(self.standing.carried).label

    @property
    def reached_name(self) -> str:
        return Tier(self.at_once).label

    @property
    def asked(self) -> list[rules.TrackStanding]:
        return [one for one in self.standing.tracks if one.required]


def tier_effect(employment: Employment, departed_on: date, *, replace_by: date, today: date) -> TierEffect:
    """Before a departure is told: the specialists of that day, or of today, without the person."""
    partner, rulebook, day = employment.partner, rulebook_on(today), max(today, departed_on)
    present = dict(specialists_on([partner.pk], day).get(partner.pk, {}))
    if employment.counts_on(day):
        held = Certificate.objects.valid_on(day).filter(person=employment.person_id, track__in=TIER_TRACKS)
        for track in held.order_by().values_list("track", flat=True).distinct():
            present[track] -= 1
    standing = _standing(partner, rulebook, present, today)
    lapses_on = max(today, rules.lapse_day(replace_by, departed_on))
    reached = reachable_tier(partner.tier, standing.carried, lapses_on, rulebook)
    return TierEffect(
        standing,
        at_once=reached if reached != partner.tier else "",
        waits_until=next_opening(lapses_on) if reached != standing.carried else None,
    )


def is_own_mistake(departure: Departure, gaps: Iterable[DepartureGap], today: date) -> bool:
    """Rule G6: a case that the partner entered itself, while nobody is replaced and the time has not run
    out: it may take it back."""
    running = departure.status == DepartureStatus.OPEN and today <= departure.replacement_due_on
    own = departure.origin == DepartureOrigin.PARTNER
    return own and running and all(gap.status == GapStatus.OPEN for gap in gaps)


REMINDERS = ("departure.report_reminded", "departure.replacement_reminded", "departure.reminded_by_hand")


def reminders_sent(departure: Departure) -> list[Event]:
    return list(Event.objects.about(departure).filter(verb__in=REMINDERS))


# ---------------------------------------------------------------- what waits for a person


def departures_to_act_on(user: User, at: datetime) -> DepartureQuerySet:
    """Of the partner: open cases, for whoever may name a replacement."""
    cases: DepartureQuerySet = Departure.objects.visible_to(user).open()
    return cases if can(user, "staff.manage") else cases.none()


def departures_to_report(user: User, at: datetime) -> DepartureQuerySet:
    cases: DepartureQuerySet = Departure.objects.visible_to(user).unreported()
    return cases if can(user, "staff.manage") else cases.none()


def corrections_to_decide(user: User, at: datetime) -> DepartureQuerySet:
    """Of the vendor: cases with a later date that waits for consent."""
    asked = DateCorrection.objects.filter(status=CorrectionStatus.ASKED)
    cases: DepartureQuerySet = Departure.objects.visible_to(user).filter(pk__in=asked.values("departure"))
    return cases if can(user, "staff.oversee") else cases.none()
