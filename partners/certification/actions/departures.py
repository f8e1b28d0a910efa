"""What is done about certified people who leave (rules G3 to G6)."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from partners.certification import rules
from partners.certification.lifecycle import DepartureStatus
from partners.certification.models import Certificate, Departure, DepartureGap, Employment
from partners.programme.rulebook import StaffTerms
from partners.programme.selectors import edition_on, rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.references import new_reference


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
    run from the true day of departure, however late that is told. None when no certificate of the person was
    valid on that day: nobody has to be replaced. Asked twice, the same case is answered."""
    employment = Employment.objects.select_for_update(of=("self",)).get(pk=employment.pk)
    existing = employment.departures.exclude(status=DepartureStatus.WITHDRAWN).first()
    if existing is not None:
        return existing
    certificates = certificates_that_counted(employment.person_id, employment.left_on)
    if not certificates:
        return None
    # A case keeps the edition of the day on which it is opened (rule D2): the day of departure may lie
    # before the first.
    edition = edition_on(date_in(employment.partner.country, at))
    terms = rulebook_of(edition).staff
    clock_from = clock_of(employment, employment.left_on, terms)
    clock = rules.departure_clock(clock_from, terms)
    departure = Departure.objects.create(
        reference=new_reference("DP"),
        partner=employment.partner,
        employment=employment,
        origin=origin,
        edition=edition,
        departed_on=employment.left_on,
        clock_from=clock_from,
        report_due_on=clock.report_due_on,
        replacement_due_on=clock.replacement_due_on,
        reported_on=reported_on,
        opened_by=by,
        opened_at=at,
        note=note.strip(),
    )
    DepartureGap.objects.bulk_create(
        DepartureGap(
            departure=departure,
            track=certificate.track,
            technology_id=certificate.technology_id,
            certificate=certificate,
        )
        for certificate in certificates
    )
    record(
        "departure.opened",
        departure,
        by=by,
        at=at,
        reason=departure.note,
        edition=edition.code,
        departed_on=departure.departed_on,
        report_due_on=departure.report_due_on,
        replacement_due_on=departure.replacement_due_on,
        late=departure.reported_late,
    )
    return departure


def certificates_that_counted(person_id: int, day: date) -> list[Certificate]:
    """The certificates of a person that were valid on a day: of each track and technology the one that
    runs longest."""
    longest: dict[tuple[str, int | None], Certificate] = {}
    valid = Certificate.objects.valid_on(day).filter(person_id=person_id)
    for certificate in valid.order_by("expires_on", "pk"):
        longest[certificate.track, certificate.technology_id] = certificate
    return [longest[key] for key in sorted(longest, key=lambda key: (key[0], key[1] or 0))]


def clock_of(
    employment: Employment, departed_on: date, terms: StaffTerms, *, apart_from: Iterable[int] = ()
) -> date:
    """The day that the clocks run from: that of an earlier departure of the same person, if they have come
    back for no longer than the time for a replacement. A case that the partner itself has withdrawn counts
    as an earlier one (nobody was away in between); one that the vendor has withdrawn does not."""
    earlier = (
        Departure.objects.filter(partner_id=employment.partner_id, employment__person=employment.person_id)
        .exclude(Q(status=DepartureStatus.WITHDRAWN, clock_released=True) | Q(pk__in=apart_from))
        .filter(employment__hired_on__lte=employment.hired_on)
    )
    return min(
        (
            rules.clock_start(departed_on, one.clock_from, max(employment.hired_on, one.departed_on), terms)
            for one in earlier.select_related("employment")
        ),
        default=departed_on,
    )
