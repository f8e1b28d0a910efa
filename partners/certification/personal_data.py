"""What the portal keeps of employees, why, how long and who sees it; and everything about one person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partners.certification.certificates import as_known
from partners.certification.lifecycle import DepartureStatus
from partners.certification.models import (
    Attempt,
    Booking,
    Certificate,
    CourseProgress,
    DateCorrection,
    Departure,
    DepartureGap,
    Employment,
    Person,
    Transfer,
)
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.core.calendar import months_before

Text = str | Promise


@dataclass(frozen=True)
class Kept:
    """One line of the page: fields, purpose, readers and period."""

    what: Text
    why: Text
    who: Text
    how_long: Text


_RETENTION = _("Until it is erased after the last day at a partner, see below")
KEPT = (
    Kept(
        _("Name, function, first and last day at a partner"),
        _("So that the partner and the vendor know whom the tier depends on (rules G2 to G5)."),
        _("The partner where the person works or has worked, and the vendor's office of its country."),
        _RETENTION,
    ),
    Kept(
        _("E-mail address"),
        _("To tell people of the same name apart, to link the portal account, and to ask for consent."),
        _("The partner that has entered it, and the vendor's office of its country."),
        _RETENTION,
    ),
    Kept(
        _("Link to the portal account"),
        _("So that people see their own certificates, book courses and take exams."),
        _("The partner, the vendor's office and the person."),
        _RETENTION,
    ),
    Kept(
        _("Certificates: number, name of the holder, track, days of issue, end and withdrawal"),
        _("They prove the competence that the tier asks for (rules G1, G2)."),
        _("The partner, the vendor's office and the person. The public page behind the code tells no name."),
        _("The name as above; number and days stay, without a name."),
    ),
    Kept(
        _("Bookings, progress in courses, results of exams"),
        _("To hold courses and to issue certificates."),
        _("The partner, the vendor's office and the person."),
        _("They stay as figures, without a name."),
    ),
    Kept(
        _("Departures and replacements"),
        _("The terms for reporting and replacing run from the day of departure (rules G3 to G6)."),
        _("The partner and the vendor's office of its country. Distributors see figures only."),
        _("They stay as cases, without a name."),
    ),
    Kept(
        _("Uploaded files of results and certificates"),
        _("So that it can be shown what was entered from which line."),
        _("Whoever has uploaded the file."),
        _("Names and addresses in them are erased with the person."),
    ),
    Kept(
        _(
            "Texts that people write: the note of a departure and how it was found, reasons of corrections, "
            "withdrawals, refusals and decisions on a tier, the measures of a recovery plan"
        ),
        _("So that it can be followed later why something was decided."),
        _("Whoever sees the employee, the case, the certificate or the tier review."),
        _(
            "For good. Erasing replaces the person's name and e-mail address in them; the history keeps each "
            "text word for word."
        ),
    ),
    Kept(
        _("Events: what was done, when and by whom"),
        _(
            "So that decisions can be followed later. Apart from the texts above they hold numbers and no "
            "names of employees."
        ),
        _("Whoever sees the record."),
        _("For good: they cannot be changed."),
    ),
)


def retention_months() -> int:
    return settings.STAFF_RETENTION_MONTHS


def kept_until_passed(today: date) -> QuerySet[Person]:
    """People whose data is no longer needed: they have worked nowhere for so many months, hold no valid
    certificate and no case about them is open. The earliest first."""
    before = months_before(today, retention_months())
    employments = Employment.objects.filter(person=OuterRef("pk"))
    return (
        Person.objects.filter(Exists(employments), erased_at=None)
        .exclude(Exists(employments.filter(Q(left_on=None) | Q(left_on__gte=before))))
        .exclude(Exists(Certificate.objects.valid_on(today).filter(person=OuterRef("pk"))))
        .exclude(Exists(open_cases().filter(employment__person=OuterRef("pk"))))
        .order_by("pk")
    )


def open_cases() -> QuerySet[Departure]:
    return Departure.objects.filter(status=DepartureStatus.OPEN)


def person_of(user: Any) -> Person | None:
    return Person.objects.filter(user=user, erased_at=None).first()


def has_moved_on(employment: Employment) -> bool:
    """Whether the person has worked for another partner since."""
    later = Employment.objects.filter(person=employment.person_id, hired_on__gt=employment.hired_on)
    return later.exclude(partner=employment.partner_id).exists()


def own_data_of(person: Person, reader: User) -> dict[str, Any]:
    """For the person: everything. Under the account of an employer that they have left for another, what
    that employer knows: the account may be in its hands."""
    partner = reader.acting_as.partner
    here = Employment.objects.filter(person=person, partner=partner).order_by("-hired_on").first()
    return data_of(person, partner=partner if here is not None and has_moved_on(here) else None)


def data_of(person: Person, *, partner: Partner | None = None) -> dict[str, Any]:
    """Everything about a person, ready for JSON; with `partner`, what this partner knows: what belongs to
    its own employments, and certificates issued before the person had left."""
    employments = Employment.objects.filter(person=person).select_related("partner").order_by("hired_on")
    if partner is not None:
        employments = employments.filter(partner=partner)
    known = list(employments)
    return {
        "person": person.pk,
        "account": _account(person, partner),
        "employments": [_employment(one) for one in known],
        "certificates": [_certificate(one) for one in _certificates(person, known if partner else None)],
        "exams": [
            {
                "course": attempt.course.code,
                "taken_on": attempt.taken_on,
                "score_pct": attempt.score_pct,
                "passed": attempt.passed,
            }
            for attempt in Attempt.objects.filter(employment__in=known)
            .select_related("course")
            .order_by("started_at")
        ],
        "courses": [
            {"course": one.course.code, "percent": one.percent, "started_at": one.started_at}
            for one in CourseProgress.objects.filter(employment__in=known)
            .select_related("course")
            .order_by("pk")
        ],
        "bookings": [
            {
                "session": str(one.session),
                "starts_at": one.session.starts_at,
                "status": one.status,
                "booked_at": one.booked_at,
            }
            for one in Booking.objects.filter(employment__in=known)
            .select_related("session__course")
            .order_by("booked_at")
        ],
        "departures": [
            {
                "reference": one.reference,
                "departed_on": one.departed_on,
                "reported_on": one.reported_on,
                "status": one.status,
                "note": one.note,
            }
            for one in Departure.objects.filter(employment__in=known).order_by("departed_on")
        ],
        "corrections": [
            {
                "reference": one.departure.reference,
                "before": one.before,
                "after": one.after,
                "reason": one.reason,
                "status": one.status,
                "answer": one.decision_text,
                "asked_at": one.asked_at,
            }
            for one in DateCorrection.objects.filter(departure__employment__in=known)
            .select_related("departure")
            .order_by("asked_at", "pk")
        ],
        "replacements": [
            # The case by its number alone: whom the person follows is somebody else's data.
            {
                "reference": one.departure.reference,
                "track": one.track,
                "replaced_on": one.replaced_on,
                "certificate_number": one.replacement_certificate.number,
            }
            for one in DepartureGap.objects.filter(replacement__in=known)
            .select_related("departure", "replacement_certificate")
            .order_by("replaced_on", "pk")
        ],
        "transfers": [
            {
                "certificate_number": one.certificate_number,
                "status": one.status,
                "asked_at": one.asked_at,
                "consented_at": one.consented_at,
                "reason": one.reason,
            }
            for one in Transfer.objects.filter(employment__in=known).order_by("asked_at")
        ],
    }


def _account(person: Person, partner: Partner | None) -> list[dict[str, Any]]:
    """The account that is linked; a partner knows of one that has been its own."""
    user = person.user
    if user is None or (partner is not None and not user.memberships.filter(partner=partner).exists()):
        return []
    return [{"name": user.full_name, "email": user.email}]


def _employment(one: Employment) -> dict[str, Any]:
    return {
        "partner": one.partner.trade_name,
        "partner_number": one.partner.reference,
        "name": one.full_name,
        "email": one.email,
        "function": one.job_title,
        "hired_on": one.hired_on,
        "left_on": one.left_on,
        "entered_at": one.entered_at,
    }


def _certificates(person: Person, known: Iterable[Employment] | None) -> list[Certificate]:
    certificates = list(
        Certificate.objects.filter(person=person).select_related("technology").order_by("issued_on", "pk")
    )
    if known is None:
        return certificates
    known = list(known)
    ends = [one.left_on or date.max for one in known]
    return [
        as_known(certificate, max(ends))
        for certificate in certificates
        if any(end >= certificate.issued_on for end in ends)
    ]


def _certificate(one: Certificate) -> dict[str, Any]:
    return {
        "number": one.number,
        "holder": one.holder_name,
        "title": one.title,
        "track": one.track,
        "technology": str(one.technology or ""),
        "issued_on": one.issued_on,
        "expires_on": one.expires_on,
        "withdrawn_on": one.withdrawn_on,
        "withdrawal_reason": one.withdrawal_reason,
    }
