"""What is done about certified people who leave (rules G3 to G6)."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from partners.certification import rules
from partners.certification.actions.departure_deadlines import lapse_departures
from partners.certification.departures import (
    certificate_that_counts,
    certificates_that_counted,
    clock_of,
    earlier_cases,
    ground_of,
    is_own_mistake,
    keeps_a_clock,
    replacement_candidate,
)
from partners.certification.lifecycle import (
    DEPARTURE_LIFECYCLE,
    GAP_LIFECYCLE,
    DepartureStatus,
    GapStatus,
)
from partners.certification.models import (
    Certificate,
    CorrectionStatus,
    DateCorrection,
    Departure,
    DepartureGap,
    DepartureOrigin,
    Employment,
)
from partners.certification.querysets import DepartureQuerySet
from partners.certification.team import account_of
from partners.organisations.access import can, require, require_any
from partners.organisations.contacts import administrators_of, managers_of
from partners.programme.selectors import edition_on, rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Event
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop, needed
from portal.core.references import new_reference
from portal.notifications.actions import notify

PARTNER_OR_VENDOR = ("staff.oversee", "staff.manage")


@transaction.atomic
def open_departure(
    employment: Employment,
    *,
    by: User | None,
    at: datetime,
    origin: str,
    reported_on: date | None,
    note: str = "",
) -> Departure | None:
    """Rule G3: whoever enters that a person has left (`left_on` is set) opens the case with it. Both clocks
    run from the true day of departure, however late that is told; after a case that the partner has withdrawn
    from that one's (rule G6). None when no certificate of the person was valid on that day: nobody has to be
    replaced. Asked twice, the same case is answered."""
    employment = _lock_employment(employment)
    existing = employment.departures.exclude(status=DepartureStatus.WITHDRAWN).first()
    if existing is not None:
        return existing
    release_replacements(employment, by=by, at=at)
    # A case keeps the edition of the day on which it is opened (rule D2): the day of departure may lie
    # before the first.
    edition = edition_on(date_in(employment.partner.country, at))
    terms = rulebook_of(edition).staff
    ground = ground_of(employment, employment.left_on, terms)
    if not ground.certificates:
        return None
    clock = rules.departure_clock(ground.clock_from, terms)
    departure = Departure.objects.create(
        reference=new_reference("DP"),
        partner=employment.partner,
        employment=employment,
        origin=origin,
        edition=edition,
        departed_on=employment.left_on,
        clock_from=ground.clock_from,
        report_due_on=clock.report_due_on,
        replacement_due_on=clock.replacement_due_on,
        reported_on=reported_on,
        opened_by=by,
        opened_at=at,
        note=note.strip(),
    )
    _add_gaps(departure, ground.certificates)
    _tell_opened(departure, by=by, at=at)
    return departure


def _add_gaps(departure: Departure, certificates: Iterable[Certificate]) -> list[DepartureGap]:
    return DepartureGap.objects.bulk_create(
        DepartureGap(departure=departure, track=one.track, technology_id=one.technology_id, certificate=one)
        for one in certificates
    )


def _tell_opened(departure: Departure, *, by: User | None, at: datetime) -> None:
    record(
        "departure.opened",
        departure,
        by=by,
        at=at,
        reason=departure.note,
        edition=departure.edition.code,
        departed_on=departure.departed_on,
        report_due_on=departure.report_due_on,
        replacement_due_on=departure.replacement_due_on,
        late=departure.reported_late,
    )
    told = [*_administrators(departure), *_managers(departure)]
    _tell("departure-opened", departure, [one for one in told if by is None or one.pk != by.pk], at=at)
    if departure.reported_late:
        _tell_reported_late(departure, at=at)


# ---------------------------------------------------------------- certificates that are entered late


@transaction.atomic
def count_late_certificates(
    entered: Iterable[tuple[Employment, Certificate]], *, by: User | None, at: datetime
) -> list[Departure]:
    """Rule G3: certificates that have just been entered, and of whom at which partner. Who had left by then,
    and was certified on the day of departure, has to be replaced: the case opens, or gets the track, with
    the last days that it would have had. One statement for all of them where nobody has left."""
    certified: dict[tuple[int, int], list[Certificate]] = {}
    for employment, certificate in entered:
        certified.setdefault((employment.person_id, employment.partner_id), []).append(certificate)
    there = (
        Employment.objects.filter(
            person__in={person for person, _partner in certified},
            partner__in={partner for _person, partner in certified},
        )
        # Whoever reports the departure at this moment sees the certificate, or is seen here.
        .select_for_update(of=("self",))
        .select_related("partner")
        .order_by("-pk")
    )
    counted = [
        employment
        for employment in there
        if employment.left_on is not None
        and any(
            one.issued_on <= employment.left_on <= one.expires_on
            for one in certified.get((employment.person_id, employment.partner_id), [])
        )
    ]
    if counted:
        _lock([one.pk for one in counted])
    touched = [_count_late(employment, by=by, at=at) for employment in counted]
    return [one for one in touched if one is not None]


def _count_late(employment: Employment, *, by: User | None, at: datetime) -> Departure | None:
    standing = employment.departures.exclude(status=DepartureStatus.WITHDRAWN).first()
    if standing is not None:
        departure = _read(standing.pk)
        added = _follow_date(departure, by=by, at=at, consented=False)
        _settle_or_reopen(departure, by=by, at=at)
        for gap in added:
            _tell_added(departure, gap, by=by, at=at)
        return departure
    if employment.departures.filter(clock_released=True, departed_on=employment.left_on).exists():
        # The vendor has said that nobody has to be replaced for this day; it can open the case by hand.
        return None
    told = Event.objects.about(employment).filter(verb="employment.left").order_by("-at", "-pk").first()
    return open_departure(
        employment,
        by=by,
        at=at,
        origin=DepartureOrigin.PARTNER if told else DepartureOrigin.TRANSFER,
        reported_on=date_in(employment.partner.country, told.at) if told else None,
    )


def _tell_added(departure: Departure, gap: DepartureGap, *, by: User | None, at: datetime) -> None:
    record(
        "departure.track_added",
        departure,
        by=by,
        at=at,
        track=gap.track,
        certificate=gap.certificate.number,
    )
    _tell(
        "departure-track-added",
        departure,
        [*_administrators(departure), *_managers(departure)],
        at=at,
        key=f"track:{gap.pk}",
        certificate=gap.certificate.number,
    )


# ---------------------------------------------------------------- reporting


@transaction.atomic
def report_departure(departure: Departure, *, by: User, at: datetime) -> Departure:
    """Rules G3, G6: the partner confirms a departure that somebody else has found. Late is recorded."""
    require(by, "staff.manage", departure)
    departure = lock_departure(departure)
    _check_not_withdrawn(departure)
    if departure.reported_on is not None:
        raise WrongState("reported", gettext_noop("This departure has been reported already."))
    _report(departure, by=by, at=at)
    return departure


def _report(departure: Departure, *, by: User, at: datetime) -> None:
    departure.reported_on = _today(departure, at)
    departure.save(update_fields=["reported_on"])
    _end_access(departure.employment)
    record(
        "departure.reported",
        departure,
        by=by,
        at=at,
        late=departure.reported_late,
        due_on=departure.report_due_on,
    )
    if departure.reported_late:
        _tell_reported_late(departure, at=at)


def _end_access(employment: Employment) -> None:
    """Whoever has left, by the partner's own word, uses the portal no more: the sweep of leavers ends the
    account. Not that of somebody who works there again."""
    again = Employment.objects.filter(
        person=employment.person_id, partner=employment.partner_id, hired_on__gt=employment.hired_on
    )
    if employment.access_until is None and account_of(employment) is not None and not again.exists():
        employment.access_until = employment.left_on
        employment.save(update_fields=["access_until"])


def _tell_reported_late(departure: Departure, *, at: datetime) -> None:
    record(
        "departure.reported_late",
        departure,
        by=None,
        at=at,
        reported_on=departure.reported_on,
        due_on=departure.report_due_on,
    )
    _tell("departure-reported-late", departure, _managers(departure), at=at)


@transaction.atomic
def open_case_as_vendor(
    employment: Employment, *, by: User, at: datetime, departed_on: date, reason: str
) -> Departure:
    """Rule G6: a departure that the vendor has found (a bounced address, an audit) is entered with its true
    date. The partner is told, and has to confirm it."""
    require(by, "staff.oversee", employment)
    reason = needed(reason, "reason")
    employment = _lock_employment(employment)
    if employment.departures.exclude(status=DepartureStatus.WITHDRAWN).exists():
        raise WrongState("case-exists", gettext_noop("There is a case for this departure already."))
    rules.check_departure_date(
        departed_on,
        hired_on=employment.hired_on,
        latest=date_in(employment.partner.country, at),
    )
    _set_last_day(employment, departed_on, at=at)
    departure = open_departure(
        employment, by=by, at=at, origin=DepartureOrigin.VENDOR, reported_on=None, note=reason
    )
    if departure is None:
        raise RuleViolation(
            "nobody-to-replace",
            gettext_noop("No certificate of this person was valid on that day: there is nobody to replace."),
            field="departed_on",
            rule="G3",
        )
    return departure


# ---------------------------------------------------------------- replacing


@transaction.atomic
def name_replacement(gap: DepartureGap, *, by: User, at: datetime, employment: Employment) -> DepartureGap:
    """Rule G4: the partner names who takes the place, by day 90. Says why somebody does not count."""
    require(by, "staff.manage", gap.departure)
    # Two cases may want the same person at once: the second waits here.
    _lock([employment.pk, gap.departure.employment_id])
    employment = Employment.objects.get(pk=employment.pk, partner=gap.departure.partner_id)
    departure = _read(gap.departure_id)
    gap = departure.gaps.select_for_update().get(pk=gap.pk)
    gap.departure = departure
    status = GAP_LIFECYCLE.check("replace", gap.status)
    on = _today(departure, at)
    rules.check_in_time_to_replace(on, departure.replacement_due_on)
    rules.check_replacement(
        replacement_candidate(employment, gap, on),
        departed_person_id=departure.employment.person_id,
        departed_on=departure.departed_on,
        on=on,
    )
    gap.status, gap.replacement = status, employment
    gap.replacement_certificate = certificate_that_counts(employment, gap, on)
    gap.replaced_on, gap.replaced_by = on, by
    gap.save(update_fields=["status", "replacement", "replacement_certificate", "replaced_on", "replaced_by"])
    # Names stay out of events, which are never changed: the certificate's number tells who it was.
    record(
        "departure.replaced",
        departure,
        by=by,
        at=at,
        edition=departure.edition.code,
        track=gap.track,
        certificate=gap.replacement_certificate.number,
    )
    if departure.reported_on is None:
        # Whoever replaces somebody knows that they have left.
        _report(departure, by=by, at=at)
    _settle_or_reopen(departure, by=by, at=at)
    return gap


@transaction.atomic
def take_replacement_back(gap: DepartureGap, *, by: User, at: datetime, reason: str) -> DepartureGap:
    """A replacement named by mistake. The last day stays what it was."""
    require_any(by, PARTNER_OR_VENDOR, gap.departure)
    departure = lock_departure(gap.departure)
    gap = departure.gaps.select_for_update().get(pk=gap.pk)
    reason = needed(reason, "reason")
    if gap.status != GapStatus.REPLACED:
        raise WrongState("not-replaced", gettext_noop("Nobody is named as the replacement any more."))
    _reopen_gap(departure, gap, by=by, at=at, reason=reason)
    _settle_or_reopen(departure, by=by, at=at)
    return gap


def _reopen_gap(
    departure: Departure, gap: DepartureGap, *, by: User | None, at: datetime, reason: str
) -> None:
    number = gap.replacement_certificate.number if gap.replacement_certificate else ""
    gap.status = GAP_LIFECYCLE.check("reopen", gap.status)
    gap.replacement = gap.replacement_certificate = gap.replaced_on = gap.replaced_by = gap.lapsed_on = None
    gap.save()
    record(
        "departure.gap_reopened", departure, by=by, at=at, reason=reason, track=gap.track, certificate=number
    )


def release_replacements(employment: Employment, *, by: User | None, at: datetime) -> None:
    """Whoever had left by the day on which they were named replaced nobody: those gaps are open again. Their
    cases are locked with the employment."""
    gaps = DepartureGap.objects.filter(
        status=GapStatus.REPLACED, replacement=employment, replaced_on__gte=employment.left_on
    )
    for gap in gaps.select_related("replacement_certificate").order_by("departure", "pk"):
        departure = _read(gap.departure_id)
        _reopen_gap(departure, gap, by=by, at=at, reason="")
        _settle_or_reopen(departure, by=by, at=at)


def _settle_or_reopen(departure: Departure, *, by: User | None, at: datetime) -> None:
    """The case follows its gaps: open while one of them is."""
    is_open = departure.gaps.filter(status=GapStatus.OPEN).exists()
    if is_open and departure.status == DepartureStatus.SETTLED:
        departure.status = DEPARTURE_LIFECYCLE.check("reopen", departure.status)
        departure.settled_at = None
        departure.save(update_fields=["status", "settled_at"])
        record("departure.reopened", departure, by=by, at=at, due_on=departure.replacement_due_on)
    elif not is_open and departure.status == DepartureStatus.OPEN:
        departure.status = DEPARTURE_LIFECYCLE.check("settle", departure.status)
        departure.settled_at = at
        departure.save(update_fields=["status", "settled_at"])
        record("departure.settled", departure, by=by, at=at)


# ---------------------------------------------------------------- correcting the date


@transaction.atomic
def correct_departure_date(
    departure: Departure, *, by: User, at: datetime, departed_on: date, reason: str
) -> DateCorrection:
    """Rule G6: never silently. An earlier date counts at once; a later one of the partner waits for the
    channel manager's consent, which their own correction carries in itself."""
    require_any(by, PARTNER_OR_VENDOR, departure)
    departure = lock_departure(departure)
    _check_not_withdrawn(departure)
    reason = needed(reason, "reason")
    employment, today = departure.employment, _today(departure, at)
    rules.check_departure_date(
        departed_on,
        hired_on=employment.hired_on,
        latest=today + timedelta(days=rulebook_of(departure.edition).staff.replacement_days),
        before=departure.departed_on,
    )
    _check_free_until(employment, departed_on)
    vendor = can(by, "staff.oversee")
    waits = rules.needs_consent(departed_on, departure.departed_on) and not vendor
    if waits and departure.corrections.filter(status=CorrectionStatus.ASKED).exists():
        raise RuleViolation(
            "waits", gettext_noop("A correction of this date waits for consent already."), field="departed_on"
        )
    if not waits:
        _supersede_corrections(departure, by=by, at=at)
    correction = DateCorrection.objects.create(
        departure=departure,
        before=departure.departed_on,
        after=departed_on,
        reason=reason,
        status=CorrectionStatus.ASKED if waits else CorrectionStatus.APPLIED,
        asked_by=by,
        asked_at=at,
        decided_at=None if waits else at,
    )
    if waits:
        record(
            "departure.correction_asked",
            departure,
            by=by,
            at=at,
            reason=reason,
            before_on=correction.before,
            after_on=correction.after,
        )
        _tell_correction("departure-correction-asked", correction, _managers(departure), at=at)
    else:
        _move_date(departure, departed_on, by=by, at=at, reason=reason, consented=vendor)
        told = _administrators(departure) if vendor else _managers(departure)
        _tell_correction("departure-corrected", correction, told, at=at)
    return correction


@transaction.atomic
def consent_to_correction(
    correction: DateCorrection, *, by: User, at: datetime, text: str = ""
) -> DateCorrection:
    """The channel manager lets a later date stand: both last days follow it."""
    departure, correction = _lock_asked(correction, by=by)
    _check_free_until(departure.employment, correction.after)
    _decide(correction, CorrectionStatus.APPLIED, by=by, at=at, text=text.strip())
    _move_date(departure, correction.after, by=by, at=at, reason=correction.reason, consented=True)
    _tell_correction("departure-corrected", correction, _administrators(departure), at=at)
    return correction


@transaction.atomic
def refuse_correction(correction: DateCorrection, *, by: User, at: datetime, text: str) -> DateCorrection:
    departure, correction = _lock_asked(correction, by=by)
    text = needed(text, "text")
    _decide(correction, CorrectionStatus.REFUSED, by=by, at=at, text=text)
    record("departure.correction_refused", departure, by=by, at=at, reason=text, after_on=correction.after)
    _tell_correction("departure-correction-refused", correction, _administrators(departure), at=at)
    return correction


def _tell_correction(kind: str, correction: DateCorrection, to: Iterable[User], *, at: datetime) -> None:
    _tell(
        kind,
        correction.departure,
        to,
        at=at,
        key=str(correction.pk),
        before_on=correction.before,
        after_on=correction.after,
        text=correction.decision_text or correction.reason,
    )


def _lock_asked(correction: DateCorrection, *, by: User) -> tuple[Departure, DateCorrection]:
    require(by, "staff.oversee", correction.departure)
    departure = lock_departure(correction.departure)
    _check_not_withdrawn(departure)
    correction = departure.corrections.get(pk=correction.pk)
    correction.departure = departure
    if correction.status != CorrectionStatus.ASKED:
        raise WrongState("decided", gettext_noop("This correction has been decided in the meantime."))
    return departure, correction


def _decide(correction: DateCorrection, status: str, *, by: User, at: datetime, text: str) -> None:
    correction.status, correction.decision_text = status, text
    correction.decided_by, correction.decided_at = by, at
    correction.save()


def _supersede_corrections(departure: Departure, *, by: User, at: datetime) -> None:
    """What was asked for before another date took effect is asked no more."""
    for asked in departure.corrections.filter(status=CorrectionStatus.ASKED):
        asked.status, asked.decided_at = CorrectionStatus.WITHDRAWN, at
        asked.save(update_fields=["status", "decided_at"])
        record("departure.correction_withdrawn", departure, by=by, at=at, after_on=asked.after)


def _check_free_until(employment: Employment, day: date) -> None:
    """Whoever works elsewhere by then cannot have stayed so long. Where, is not for this partner to know."""
    later = Employment.objects.filter(person=employment.person_id, hired_on__gt=employment.hired_on)
    if later.filter(hired_on__lte=day).exists():
        raise RuleViolation(
            "not-free",
            gettext_noop("By what is recorded this person had left before that day."),
            field="departed_on",
        )


def _set_last_day(employment: Employment, left_on: date | None, *, at: datetime) -> None:
    employment.left_on = left_on
    employment.left_told_on = date_in(employment.partner.country, at)
    if employment.access_until is not None:
        # An account that is still to be ended follows the last day, and stays with whoever has not left.
        employment.access_until = left_on
    try:
        with transaction.atomic():
            employment.save(update_fields=["left_on", "left_told_on", "access_until"])
    except IntegrityError as problem:
        raise RuleViolation(
            "not-free",
            gettext_noop("The employment cannot go on: another one of this person or address follows it."),
            field="still_here",
        ) from problem


def _move_date(
    departure: Departure, departed_on: date, *, by: User, at: datetime, reason: str, consented: bool
) -> None:
    """The clocks follow the date; without consent both last days move forward only."""
    before, employment = departure.departed_on, departure.employment
    was_late = departure.reported_late
    _set_last_day(employment, departed_on, at=at)
    terms = rulebook_of(departure.edition).staff
    clock_from = clock_of(employment, departed_on, terms, apart_from=[departure.pk])
    if not consented:
        clock_from = min(clock_from, departure.clock_from)
    departure.departed_on = departed_on
    _run_from(departure, clock_from)
    record(
        "departure.date_corrected",
        departure,
        by=by,
        at=at,
        reason=reason,
        before_on=before,
        after_on=departed_on,
        report_due_on=departure.report_due_on,
        replacement_due_on=departure.replacement_due_on,
    )
    if departure.reported_late and not was_late:
        _tell_reported_late(departure, at=at)
    _follow_date(departure, by=by, at=at, consented=consented)
    release_replacements(employment, by=by, at=at)
    _settle_or_reopen(departure, by=by, at=at)
    if consented:
        _lapse_again(departure, at=at)


def _run_from(departure: Departure, clock_from: date) -> None:
    clock = rules.departure_clock(clock_from, rulebook_of(departure.edition).staff)
    if clock.replacement_due_on > departure.replacement_due_on:
        departure.report_reminder = departure.replacement_reminder = departure.report_overdue_told_at = None
    departure.clock_from = clock_from
    departure.report_due_on, departure.replacement_due_on = clock.report_due_on, clock.replacement_due_on
    departure.save()


def _follow_date(
    departure: Departure, *, by: User | None, at: datetime, consented: bool
) -> list[DepartureGap]:
    """What the new date makes of the gaps. A track that the person was certified in on that day is added;
    one in which they were not falls away with consent only, or an invented date would end the case. Answers
    the tracks that have to be replaced now because of a certificate, not those whose replacement is gone."""
    gaps = {(gap.track, gap.technology_id): gap for gap in departure.gaps.select_related("replacement")}
    counted = certificates_that_counted(departure.employment.person_id, departure.departed_on)
    kept = {(one.track, one.technology_id): one for one in counted}
    added = _add_gaps(departure, [one for key, one in kept.items() if key not in gaps])
    lapse_day = rules.lapse_day(departure.replacement_due_on, departure.departed_on)
    for key, gap in gaps.items():
        gap.departure = departure
        undone = gap.status == GapStatus.LAPSED and consented and gap.lapsed_on != lapse_day
        if gap.status == GapStatus.WITHDRAWN:
            if key in kept:
                gap.status, gap.certificate = GAP_LIFECYCLE.check("restore", gap.status), kept[key]
                gap.save(update_fields=["status", "certificate"])
                added.append(gap)
        elif consented and key not in kept:
            gap.status = GAP_LIFECYCLE.check("withdraw", gap.status)
            gap.save(update_fields=["status"])
        elif undone or (gap.status == GapStatus.REPLACED and not _still_replaced(departure, gap)):
            _reopen_gap(departure, gap, by=by, at=at, reason="")
    again = consented and _today(departure, at) >= lapse_day and departure.gaps.open().exists()
    gone = departure.lapsed_on is not None and not departure.gaps.filter(status=GapStatus.LAPSED).exists()
    if gone and not again:
        departure.lapsed_on, departure.lapse_facts, departure.carried_tier = None, {}, ""
        departure.save(update_fields=["lapsed_on", "lapse_facts", "carried_tier"])
    return added


def _lapse_again(departure: Departure, *, at: datetime) -> None:
    """A lapse on the old day whose new one has passed as well: it stands, with the day and the count of the
    new one."""
    if departure.status == DepartureStatus.OPEN and departure.lapsed_on is not None:
        lapse_departures([departure.pk], at=at)
        departure.refresh_from_db()


def _still_replaced(departure: Departure, gap: DepartureGap) -> bool:
    """Whether the replacement counts after the date has moved: in time, and by rule G4."""
    try:
        rules.check_in_time_to_replace(gap.replaced_on, departure.replacement_due_on)
        rules.check_replacement(
            replacement_candidate(gap.replacement, gap, gap.replaced_on),
            departed_person_id=departure.employment.person_id,
            departed_on=departure.departed_on,
            on=gap.replaced_on,
        )
    except RuleViolation:
        return False
    return True


# ---------------------------------------------------------------- withdrawing


@transaction.atomic
def withdraw_departure(
    departure: Departure, *, by: User, at: datetime, reason: str, still_here: bool
) -> Departure:
    """A case entered by mistake ends and stays readable. A partner takes back its own, while it is open,
    because the person has not left; its clock is kept for a case that is opened for them again, until the
    vendor releases it. The vendor withdraws any, with the employment going on or not: no clock is kept."""
    require_any(by, PARTNER_OR_VENDOR, departure)
    departure = lock_departure(departure)
    vendor = can(by, "staff.oversee")
    status = DEPARTURE_LIFECYCLE.check("withdraw", departure.status)
    reason = needed(reason, "reason")
    if not vendor:
        _check_own_mistake(departure, today=_today(departure, at))
        still_here = True
    _supersede_corrections(departure, by=by, at=at)
    for gap in departure.gaps.exclude(status=GapStatus.WITHDRAWN):
        gap.status = GAP_LIFECYCLE.check("withdraw", gap.status)
        gap.save(update_fields=["status"])
    departure.status, departure.settled_at, departure.clock_released = status, at, vendor
    departure.carried_tier = ""
    departure.save(update_fields=["status", "settled_at", "clock_released", "carried_tier"])
    if vendor:
        _release(_withdrawn_cases(departure), by=by, at=at, reason=reason)
    if still_here:
        _set_last_day(departure.employment, None, at=at)
    record(
        "departure.withdrawn", departure, by=by, at=at, reason=reason, still_here=still_here, by_vendor=vendor
    )
    told = _administrators(departure) if vendor else _managers(departure)
    _tell("departure-withdrawn", departure, told, at=at, text=reason, still_here=still_here)
    return departure


def _check_own_mistake(departure: Departure, *, today: date) -> None:
    if not is_own_mistake(departure, departure.gaps.all(), today):
        raise RuleViolation(
            "not-yours",
            gettext_noop(
                "Your company can withdraw a departure that it entered itself, while nobody is replaced and "
                "the time has not run out. Ask your channel manager."
            ),
            rule="G6",
        )


# ---------------------------------------------------------------- releasing a clock


@transaction.atomic
def release_clock(departure: Departure, *, by: User, at: datetime, reason: str) -> Departure:
    """Rule G6: the channel manager's consent to a later clock. A case that the partner has withdrawn binds no
    later one any more; a case that runs on an earlier clock runs from its own day of departure. What had
    lapsed by the old last day is open again while the new one has not passed, and has lapsed by that one
    otherwise."""
    require(by, "staff.oversee", departure)
    departure = lock_departure(departure)
    reason = needed(reason, "reason")
    if not keeps_a_clock(departure):
        raise WrongState("no-clock-kept", gettext_noop("No earlier clock is kept here any more."))
    if departure.status == DepartureStatus.WITHDRAWN:
        _release(_withdrawn_cases(departure), by=by, at=at, reason=reason)
        departure.clock_released = True
        departure.save(update_fields=["clock_released"])
        standing = departure.employment.departures.exclude(status=DepartureStatus.WITHDRAWN)
        touched = [departure, *(_read(pk) for pk in standing.values_list("pk", flat=True))]
    else:
        earlier = earlier_cases(departure.employment, apart_from=[departure.pk])
        _release(earlier, by=by, at=at, reason=reason)
        touched = [departure]
    for one in touched:
        _run_anew(one, by=by, at=at, reason=reason)
    _tell("departure-clock-released", touched[-1], _administrators(departure), at=at, text=reason)
    return departure


def _withdrawn_cases(departure: Departure) -> DepartureQuerySet:
    """The other ones of the same employment."""
    found: DepartureQuerySet = departure.employment.departures.filter(
        status=DepartureStatus.WITHDRAWN, clock_released=False
    )
    return found.exclude(pk=departure.pk)


def _release(cases: DepartureQuerySet, *, by: User, at: datetime, reason: str) -> None:
    """They bind no later case any more: each says so itself. Their own last days stay."""
    for one in cases:
        one.clock_released = True
        one.save(update_fields=["clock_released"])
        record("departure.clock_released", one, by=by, at=at, reason=reason)


def _run_anew(departure: Departure, *, by: User, at: datetime, reason: str) -> None:
    """On the clock of its own day, as far as no other one is left. Nothing runs of a withdrawn case."""
    dues: dict[str, Any] = {}
    if departure.status != DepartureStatus.WITHDRAWN:
        terms = rulebook_of(departure.edition).staff
        clock_from = clock_of(departure.employment, departure.departed_on, terms, apart_from=[departure.pk])
        _run_from(departure, clock_from)
        dues = {
            "report_due_on": departure.report_due_on,
            "replacement_due_on": departure.replacement_due_on,
        }
    record("departure.clock_released", departure, by=by, at=at, reason=reason, **dues)
    if dues:
        _follow_date(departure, by=by, at=at, consented=True)
        _settle_or_reopen(departure, by=by, at=at)
        _lapse_again(departure, at=at)


# ---------------------------------------------------------------- what all of them need


def _lock(employments: Collection[int]) -> None:
    """The one order of locks about departures: first the employments, the latest entered first, then the
    cases by their number, and all that the action may write. Of an employment these are the cases of the same
    person, whose clocks hang together, and those in which it is named as the replacement. Whoever holds a
    case takes no employment any more."""
    locked = list(
        Employment.objects.filter(pk__in=employments).select_for_update(of=("self",)).order_by("-pk")
    )
    named = DepartureGap.objects.filter(replacement__in=locked)
    people = [one.person_id for one in locked]
    list(
        Departure.objects.filter(Q(employment__person__in=people) | Q(pk__in=named.values("departure")))
        .select_for_update(of=("self",))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _lock_employment(employment: Employment) -> Employment:
    _lock([employment.pk])
    return Employment.objects.select_related("partner").get(pk=employment.pk)


def lock_departure(departure: Departure) -> Departure:
    _lock([departure.employment_id])
    return _read(departure.pk)


def _read(pk: int) -> Departure:
    """As it stands now that the lock is held."""
    return Departure.objects.select_related("partner", "employment", "edition").get(pk=pk)


def _today(departure: Departure, at: datetime) -> date:
    return date_in(departure.partner.country, at)


def _check_not_withdrawn(departure: Departure) -> None:
    if departure.status == DepartureStatus.WITHDRAWN:
        raise WrongState("withdrawn", gettext_noop("This case has been withdrawn."))


def _administrators(departure: Departure) -> list[User]:
    return administrators_of([departure.partner_id])[departure.partner_id]


def _managers(departure: Departure) -> list[User]:
    return managers_of([departure.partner])[departure.partner_id]


def _tell(
    kind: str, departure: Departure, to: Iterable[User], *, at: datetime, key: str = "", **facts: Any
) -> None:
    notify(
        kind,
        to=to,
        about=departure,
        key=f"{departure.reference}:{key or at.isoformat()}",
        at=at,
        departed_on=departure.departed_on,
        report_due_on=departure.report_due_on,
        replacement_due_on=departure.replacement_due_on,
        clock_from_on=departure.clock_from,
        to_come=departure.departed_on >= _today(departure, at),
        **facts,
    )
