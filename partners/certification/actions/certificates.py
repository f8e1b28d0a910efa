"""Certificates of competence: issued after a passed exam, withdrawn with a reason (rules G1, G2)."""

from datetime import date, datetime
from secrets import token_hex

from django.db import transaction

from partners.certification.actions.departures import count_late_certificates
from partners.certification.certificates import people_to_tell
from partners.certification.models import Attempt, Certificate, Course, Employment, Person
from partners.certification.rules import check_issuable, check_withdrawable, last_valid_day
from partners.organisations.access import require
from partners.organisations.models import Partner
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, gettext_noop
from portal.core.references import new_reference
from portal.notifications.actions import notify


def new_code() -> str:
    """128 random bits: nobody guesses the address of a certificate's public page."""
    return token_hex(16)


def new_number() -> str:
    while Certificate.objects.filter(number=(number := new_reference("KC", 8))).exists():
        pass
    return number


@transaction.atomic
def issue_certificate(
    employment: Employment,
    *,
    course: Course,
    issued_on: date,
    by: User | None,
    at: datetime,
    attempt: Attempt | None = None,
) -> Certificate:
    """One certificate. Of whoever has left since, its track has to be replaced."""
    certificate = enter_certificate(
        employment, course=course, issued_on=issued_on, by=by, at=at, attempt=attempt
    )
    count_late_certificates([(employment, certificate)], by=by, at=at)
    return certificate


@transaction.atomic
def enter_certificate(
    employment: Employment,
    *,
    course: Course,
    issued_on: date,
    by: User | None,
    at: datetime,
    attempt: Attempt | None = None,
) -> Certificate:
    """Rule G1: after a passed exam, or where the vendor says so without one. It expires by the course's
    validity or the edition's; a new one beside an old one is fine, since people are counted. Whoever enters
    many asks once for all of them what they make of departures."""
    if attempt is None:
        require(by, "training.manage", employment)
    elif not attempt.passed or attempt.employment_id != employment.pk or attempt.course_id != course.pk:
        raise RuleViolation("not-passed", gettext_noop("This exam has not been passed."), rule="G1")
    # One after the other for each person: two clicks make one certificate.
    person = Person.objects.select_for_update(of=("self",)).get(pk=employment.person_id)
    rulebook = rulebook_on(issued_on)
    check_issuable(
        issued_on,
        today=date_in(employment.partner.country, at),
        left_on=employment.left_on,
        taken_on=attempt.taken_on if attempt else None,
        taken=Certificate.objects.in_track(course.track, course.technology_id)
        .filter(person=person, issued_on=issued_on, withdrawn_on=None)
        .exists(),
    )
    certificate = Certificate.objects.create(
        number=new_number(),
        person=person,
        holder_name=employment.full_name,
        course=course,
        attempt=attempt,
        title=course.title,
        track=course.track,
        technology=course.technology,
        issued_on=issued_on,
        expires_on=last_valid_day(issued_on, course.validity_months, rulebook.staff),
        code=new_code(),
        issued_by=by,
    )
    record(
        "certificate.issued",
        certificate,
        by=by,
        at=at,
        edition=rulebook.edition,
        issued_on=issued_on,
        expires_on=certificate.expires_on,
        track=certificate.track,
    )
    notify(
        "certificate-issued",
        to=people_to_tell(certificate, [employment.partner]),
        about=certificate,
        key=certificate.number,
        at=at,
    )
    return certificate


@transaction.atomic
def withdraw_certificate(certificate: Certificate, *, by: User, at: datetime, reason: str) -> Certificate:
    """It counts no more from this day on, by the date of the partner where the person works (or has
    worked last). The certificate stays, with its reason."""
    certificate = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
    require(by, "training.manage", certificate)
    if not reason.strip():
        raise RuleViolation("reason", gettext_noop("Please give a reason."), field="reason")
    employer = (
        Employment.objects.filter(person_id=certificate.person_id)
        .select_related("partner")
        .order_by("hired_on")
        .last()
    )
    today = date_in(employer.partner.country if employer else "", at)
    check_withdrawable(certificate.expires_on, certificate.withdrawn_on, today)
    certificate.withdrawn_on = today
    certificate.withdrawn_by = by
    certificate.withdrawal_reason = reason.strip()
    certificate.save(update_fields=["withdrawn_on", "withdrawn_by", "withdrawal_reason"])
    record("certificate.withdrawn", certificate, by=by, at=at, reason=reason.strip(), track=certificate.track)
    working = Employment.objects.on(today).filter(person_id=certificate.person_id)
    notify(
        "certificate-withdrawn",
        to=people_to_tell(certificate, Partner.objects.filter(pk__in=working.values("partner"))),
        about=certificate,
        key=certificate.number,
        at=at,
    )
    return certificate
