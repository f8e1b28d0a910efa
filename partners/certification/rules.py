"""Section G as pure functions: the two clocks of a departure, who replaces whom, and which tier the
specialists that are left carry."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from partners.programme.rulebook import Rulebook, StaffTerms
from portal.core.calendar import months_after
from portal.core.errors import RuleViolation, gettext_noop

# A track, with the technology of a specialisation where it is one.
TrackKey = tuple[str, int | None]

SALES = "sales"
TECHNICAL = "technical"
# Rows of the grid C with the number of specialists that each track asks for.
CONDITION_OF = {TECHNICAL: "certified_technical", SALES: "certified_sales"}


@dataclass(frozen=True)
class DepartureClock:
    """The last good days of a departure, both included, in the partner's country (rule G3)."""

    report_due_on: date
    replacement_due_on: date


def departure_clock(clock_from: date, terms: StaffTerms) -> DepartureClock:
    """Rule G3, guide §5: told within 30 calendar days of the departure date, replaced within 90."""
    return DepartureClock(
        report_due_on=clock_from + timedelta(days=terms.notice_of_departure_days),
        replacement_due_on=clock_from + timedelta(days=terms.replacement_days),
    )


def clock_start(departed_on: date, earlier_clock_from: date, came_back_on: date, terms: StaffTerms) -> date:
    """The day that the clocks of a departure run from. Whoever had left before, came back and leaves again
    within the time for a replacement, leaves on the old clock: entering somebody anew restarts nothing.
    `came_back_on`: not before the day on which the return was entered."""
    if (departed_on - came_back_on).days > terms.replacement_days:
        return departed_on
    return min(earlier_clock_from, departed_on)


def keeps_running(lost: Collection[TrackKey], earned_since: Collection[TrackKey]) -> bool:
    """Rule G6: whether the clock of a departure that the partner has withdrawn goes on when the same person
    is told again, on whatever day; until the vendor releases it. Whoever has been certified anew in each of
    the tracks since was still there: what is lost then is another certificate."""
    return not set(lost) <= set(earned_since)


def was_employed(hired_on: date, left_on: date | None, told_on: date | None, day: date) -> bool:
    """Rule G4: whether somebody worked here on a day by what was on record then. A last day that was told
    only later took nobody out of the count before."""
    if day < hired_on or left_on is None:
        return hired_on <= day
    return day <= max(left_on, told_on or left_on)


def lapse_day(replacement_due_on: date, departed_on: date) -> date:
    """Rules G3, G5: the day after the last one. On the clock of an earlier departure that one may lie before
    the present day of departure: nobody lapses before they have left."""
    return max(replacement_due_on, departed_on) + timedelta(days=1)


# Further ahead than this a date is a slip of the hand, not a plan; before it nobody was hired who works.
PLANNED_AHEAD = timedelta(days=366)
EARLIEST_HIRE = date(1950, 1, 1)


def check_name(name: str) -> None:
    """A name is no formula for a spreadsheet: it starts with a letter, as ’t Hooft does after its mark."""
    if not name.lstrip("'’ʼ")[:1].isalpha():
        raise RuleViolation(
            "no-name", gettext_noop("Enter a name: it starts with a letter."), field="full_name"
        )


def check_hired_on(hired_on: date, *, on: date) -> None:
    """Whoever is entered works here, or is to start within a year."""
    if not EARLIEST_HIRE <= hired_on <= on + PLANNED_AHEAD:
        raise RuleViolation(
            "implausible-date",
            gettext_noop("Enter a day between 1950 and one year ahead."),
            field="hired_on",
        )


def latest_to_tell(on: date) -> date:
    """A departure is told at most a year ahead."""
    return on + PLANNED_AHEAD


def check_departure_date(
    departed_on: date, *, hired_on: date, latest: date, before: date | None = None
) -> None:
    """Rule G3: the true day of departure, past or to come, lies in the employment and not in a far future; a
    correction changes the one that was told `before`."""
    if departed_on < hired_on:
        raise RuleViolation(
            "before-hired",
            gettext_noop("This person was hired on %(hired_on)s: the last day cannot lie before it."),
            field="departed_on",
            hired_on=hired_on,
        )
    if departed_on > latest:
        raise RuleViolation(
            "too-far",
            gettext_noop("The last day lies too far ahead: enter %(latest)s at the latest."),
            field="departed_on",
            latest=latest,
        )
    if departed_on == before:
        raise RuleViolation(
            "no-change", gettext_noop("This is the date that is recorded already."), field="departed_on"
        )


@dataclass(frozen=True)
class Candidate:
    """An employee of the same partner with the certificate that would count in the track."""

    person_id: int
    hired_on: date
    left_on: date | None
    certified_on: date | None
    certificate_expires_on: date | None
    # Already the replacement of somebody else in this track.
    replaces_another: bool = False
    # Worked here on the day of departure, by what was on record then (`was_employed`).
    was_there: bool = False


def held_since(
    certificates: Iterable[tuple[date, date]], departed_on: date, on: date
) -> tuple[date, date] | tuple[None, None]:
    """Rule G4: since when a candidate is certified, and until when, from the first and last good days of
    all their certificates in the track. Whoever held a valid one on the day of departure counted then:
    renewing it makes nobody new."""
    spans = sorted(certificates, key=lambda span: (span[1], span[0]))
    if not spans:
        return None, None
    valid = [span for span in spans if span[0] <= on <= span[1]]
    longest = valid[-1] if valid else spans[-1]
    counted = [since for since, until in spans if since <= departed_on <= until]
    return min([*counted, longest[0]]), longest[1]


def check_in_time_to_replace(on: date, replacement_due_on: date) -> None:
    """Rule G3: day 90 is the last; from day 91 on the lapse stands, whether or not the sweep has run."""
    if on > replacement_due_on:
        raise RuleViolation(
            "too-late",
            gettext_noop("The time for a replacement ended on %(due)s."),
            field="replacement",
            rule="G3",
            due=replacement_due_on,
        )


def needs_consent(departed_on: date, before: date) -> bool:
    """Rule G6: an earlier date brings the last days forward and counts at once; a later one could put them
    off, and waits for the channel manager."""
    return departed_on > before


def check_replacement(candidate: Candidate, *, departed_person_id: int, departed_on: date, on: date) -> None:
    """Rule G4: an employee of the partner whose valid certificate in the track was obtained after the day of
    departure, or who was hired after it; one person for one person. Raises RuleViolation on `replacement`
    that says why the person does not count."""
    if candidate.hired_on > on or (candidate.left_on is not None and candidate.left_on <= on):
        raise _does_not_count("not-employed", gettext_noop("This person does not work for you on that day."))
    if candidate.person_id == departed_person_id and candidate.hired_on <= departed_on:
        raise _does_not_count("same-person", gettext_noop("Nobody replaces themselves."))
    if candidate.certified_on is None or candidate.certificate_expires_on is None:
        raise _does_not_count(
            "no-certificate", gettext_noop("This person holds no valid certificate in this track.")
        )
    if candidate.certified_on > on or candidate.certificate_expires_on < on:
        raise _does_not_count(
            "certificate-not-valid",
            gettext_noop("This person's certificate is not valid on the day of the replacement."),
        )
    if candidate.certified_on <= departed_on and (candidate.was_there or candidate.hired_on <= departed_on):
        raise _does_not_count(
            "counted-before",
            gettext_noop(
                "This person worked for you and was certified before the departure: they counted "
                "already, and so replace nobody."
            ),
        )
    if candidate.replaces_another:
        raise _does_not_count(
            "replaces-another", gettext_noop("This person already replaces somebody in this track.")
        )


def _does_not_count(code: str, message: str) -> RuleViolation:
    return RuleViolation(code, message, field="replacement", rule="G4")


@dataclass(frozen=True)
class TrackStanding:
    """Of one track: how many specialists the tier asks for (None: recommended or not asked) and how many
    hold a valid certificate."""

    track: str
    required: int | None
    present: int

    @property
    def missing(self) -> int:
        return max(0, (self.required or 0) - self.present)


def required_specialists(rulebook: Rulebook, tier: str, *, sales_binds: bool) -> dict[str, int]:
    """Rules C8 to C10: the number by track that a tier requires. `sales_binds`: the partner holds or has
    applied for an enterprise specialisation (the footnote C10)."""
    asked: dict[str, Decimal | None] = {
        track: rulebook.asked(condition, tier) for track, condition in CONDITION_OF.items()
    }
    if not sales_binds:
        asked[SALES] = None
    return {track: int(number) for track, number in asked.items() if number}


def standings(
    rulebook: Rulebook, tier: str, present: Mapping[str, int], *, sales_binds: bool
) -> list[TrackStanding]:
    """Each track of the tiers with what is required and what is there."""
    required = required_specialists(rulebook, tier, sales_binds=sales_binds)
    return [TrackStanding(track, required.get(track), present.get(track, 0)) for track in CONDITION_OF]


def carried_tier(rulebook: Rulebook, tier: str, present: Mapping[str, int], *, sales_binds: bool) -> str:
    """Rule G5: the highest tier, not above the present one, whose required specialists are there. The same
    tier when the departed person was not needed."""
    carried = rulebook.tiers[0]
    for lower in rulebook.tiers[: rulebook.rank(tier) + 1]:
        required = required_specialists(rulebook, lower, sales_binds=sales_binds)
        if all(present.get(track, 0) >= number for track, number in required.items()):
            carried = lower
    return carried


def next_reminder(due_on: date, on: date, steps: Iterable[int], last: int | None) -> int | None:
    """Rule G7: the reminder that is due on a day, as its number of days before the due date; None when there
    is none or it has been sent. Late, only the nearest of those that have been missed is sent."""
    left = (due_on - on).days
    due = [days for days in steps if days >= left]
    if left < 0 or not due:
        return None
    nearest = min(due)
    return nearest if last is None or nearest < last else None


# ---------------------------------------------------------------- certificates


def last_valid_day(issued_on: date, course_months: int | None, terms: StaffTerms) -> date:
    """Rule G2: the same day of the month after the course's validity, or the edition's where the course
    says nothing; the last day is included."""
    return months_after(issued_on, course_months or terms.certificate_validity_months)


def check_issuable(
    issued_on: date, *, today: date, left_on: date | None, taken_on: date | None, taken: bool
) -> None:
    """Rules G1, G2: not before its day has come, not for a day after the person had left, not before the
    exam it rests on, and never twice in one track on one day. Raises RuleViolation on `issued_on`."""
    if issued_on > today:
        raise _not_issued("future-date", gettext_noop("This day has not come yet."))
    if left_on is not None and issued_on > left_on:
        raise _not_issued("had-left", gettext_noop("The person had left the partner by then."))
    if taken_on is not None and issued_on < taken_on:
        raise _not_issued("before-exam", gettext_noop("The exam was taken later than that."))
    if taken:
        raise _not_issued(
            "once-a-day",
            gettext_noop("The person holds a certificate of this track with the same date already."),
        )


def _not_issued(code: str, message: str) -> RuleViolation:
    return RuleViolation(code, message, field="issued_on", rule="G2")


def check_withdrawable(expires_on: date, withdrawn_on: date | None, today: date) -> None:
    """Only what would count today, or later, is withdrawn, and once."""
    if withdrawn_on is not None:
        raise RuleViolation("withdrawn", gettext_noop("This certificate has been withdrawn already."))
    if expires_on < today:
        raise RuleViolation("expired", gettext_noop("This certificate has expired: it counts no more."))
