"""Files of exam results, of existing certificates and of questions: kept for a preview, applied line by line
in one transaction. The same file, or the same line, twice changes nothing."""

from collections import Counter
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from partners.certification.actions.certificates import new_code, new_number
from partners.certification.actions.departures import count_late_certificates
from partners.certification.actions.exams import add_question, enter_result
from partners.certification.import_lines import (
    GOOD,
    NEW,
    Judged,
    courses_named,
    judge,
    lines_of,
    partners_named,
    read_lines,
)
from partners.certification.models import (
    Certificate,
    Course,
    Employment,
    ImportedFile,
    ImportKind,
    Person,
)
from partners.organisations.access import require
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.core.uploaded_tables import Unreadable


@transaction.atomic
def keep_file(*, kind: str, name: str, content: bytes, by: User, at: datetime) -> ImportedFile:
    """Read a file and keep what its lines would do; nothing is applied yet. RuleViolation on `file` when
    it cannot be read. A file that waits already is not kept twice."""
    require(by, "training.manage")
    try:
        lines = read_lines(kind, content)
    except Unreadable as wrong:
        raise RuleViolation("unreadable", wrong.message, field="file", **wrong.params) from wrong
    digest = sha256(content).hexdigest()
    waiting = ImportedFile.objects.visible_to(by).filter(kind=kind, sha256=digest, applied_at=None).first()
    if waiting is not None:
        return waiting
    return ImportedFile.objects.create(
        kind=kind,
        name=name.replace("\x00", "")[-200:],
        sha256=digest,
        uploaded_by=by,
        uploaded_at=at,
        lines=[one.stored() for one in judge(kind, lines, reader=by, at=at)],
    )


@transaction.atomic
def apply_file(import_id: int, *, by: User, at: datetime) -> dict[str, int]:
    """Enter what is good; bad lines stay outside and can be downloaded. All or nothing where something
    unforeseen happens. Returns how many lines had which outcome; WrongState when it was applied before."""
    imported = _waiting(import_id, by)
    lines = lines_of(imported)
    # One file after the other for each partner, or course: what is judged is still so when it is written.
    if imported.kind == ImportKind.QUESTIONS:
        banks = [course.pk for course in courses_named(lines, by).values()]
        list(Course.objects.select_for_update(of=("self",)).filter(pk__in=banks).order_by("pk"))
    named = [partner.pk for partner in partners_named(lines, by).values()]
    list(Partner.objects.select_for_update(of=("self",)).filter(pk__in=named).order_by("pk"))
    judged = judge(imported.kind, lines, reader=by, at=at)
    entered: dict[Any, Employment] = {}
    certified: list[tuple[Employment, Certificate]] = []
    for one in judged:
        if one.outcome not in (GOOD, NEW):
            continue
        if imported.kind == ImportKind.RESULTS:
            _attempt, certificate = enter_result(
                one.course, one.employment, by=by, at=at, taken_on=one.day, score_pct=one.score_pct
            )
            if certificate is not None:
                certified.append((one.employment, certificate))
        elif imported.kind == ImportKind.QUESTIONS:
            add_question(
                one.course, by=by, at=at, text=one.question, answers=one.answers, right=one.right,
                in_use=one.in_use,
            )  # fmt: skip
        else:
            certified.append(_enter_certificate(one, entered, by, at))
    if certified:
        count_late_certificates(certified, by=by, at=at)
    imported.lines = [one.stored() for one in judged]
    imported.applied_at = at
    imported.save(update_fields=["lines", "applied_at"])
    counts = Counter(one.outcome for one in judged)
    record(
        "import.applied",
        imported,
        by=by,
        at=at,
        audience=Audience.VENDOR,
        good=counts["good"] + counts["new"],
        known=counts["known"],
        bad=counts["bad"],
    )
    return dict(counts)


@transaction.atomic
def discard_file(import_id: int, *, by: User, at: datetime) -> None:
    """Throw a file away that has not been applied."""
    imported = _waiting(import_id, by)
    record("import.discarded", imported, by=by, at=at, audience=Audience.VENDOR)
    imported.delete()


def _waiting(import_id: int, by: User) -> ImportedFile:
    imported = ImportedFile.objects.select_for_update(of=("self",)).get(pk=import_id)
    require(by, "training.manage", imported)
    if imported.applied_at is not None:
        raise WrongState("import-applied", gettext_noop("This file has been applied already."))
    return imported


def _enter_certificate(
    one: Judged, entered: dict[Any, Employment], by: User, at: datetime
) -> tuple[Employment, Certificate]:
    employment = one.employment or entered.get(one.holder)
    if employment is None:
        employment = entered[one.holder] = Employment.objects.create(
            person=Person.objects.create(),
            partner=one.partner,
            full_name=one.cells["name"],
            email=one.cells.get("email", "").lower(),
            hired_on=one.day,
            entered_by=by,
            entered_at=at,
        )
        record("employment.added", employment, by=by, at=at)
    certificate = Certificate.objects.create(
        number=one.certificate_number or new_number(),
        person_id=employment.person_id,
        holder_name=employment.full_name,
        course=one.course,
        title=one.title,
        track=one.track,
        technology=one.technology,
        issued_on=one.day,
        expires_on=one.expires_on,
        code=new_code(),
        issued_by=by,
    )
    record(
        "certificate.imported",
        certificate,
        by=by,
        at=at,
        issued_on=certificate.issued_on,
        expires_on=certificate.expires_on,
        track=certificate.track,
    )
    return employment, certificate
