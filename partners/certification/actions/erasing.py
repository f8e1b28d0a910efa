"""Erasing a person: names, addresses and functions are replaced wherever this app holds them; certificates,
departures and events stay true as figures. It cannot be undone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models.functions import Cast

from partners.certification.models import (
    Attempt,
    Booking,
    Certificate,
    DateCorrection,
    Departure,
    Employment,
    ImportedFile,
    Person,
    Transfer,
)
from partners.certification.personal_data import kept_until_passed, open_cases
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.notifications.models import Notification


@transaction.atomic
def erase_person(person_id: int, *, by: User | None, at: datetime, reason: str) -> None:
    """On request by a programme administrator, or by the sweep (`by=None`) once the period has passed.
    Refused while the person works at a partner or a case of departure is open."""
    person = Person.objects.select_for_update(of=("self",)).get(pk=person_id)
    employments = list(Employment.objects.select_related("partner").filter(person=person))
    if by is not None:
        require(by, "programme.manage")
        if not reason.strip():
            raise RuleViolation("reason", gettext_noop("Please give a reason."), field="reason")
    if person.erased_at is not None:
        raise WrongState("erased", gettext_noop("This person has been erased already."))
    for employment in employments:
        if employment.left_on is None or employment.left_on >= date_in(employment.partner.country, at):
            raise RuleViolation("employed", gettext_noop("This person still works at a partner."))
    if open_cases().filter(employment__person=person).exists():
        raise RuleViolation("case-open", gettext_noop("A case about the departure of this person is open."))
    if by is None and not kept_until_passed(at.date()).filter(pk=person.pk).exists():
        raise RuleViolation("too-early", gettext_noop("The data of this person is still needed."))
    names = _names_of(person, employments)
    _replace(person, names)
    person.user = None
    person.erased_at = at
    person.save(update_fields=["user", "erased_at"])
    # Without the reason's text where the portal does it by itself.
    record("person.erased", person, by=by, at=at, reason=reason.strip(), audience=Audience.VENDOR)


def pseudonym(person: Person) -> str:
    return f"#{person.pk}"


def _names_of(person: Person, employments: Iterable[Employment]) -> list[str]:
    """Every name and address under which the person is known, the longest first."""
    said = {employment.full_name for employment in employments}
    said |= {employment.email for employment in employments if employment.email}
    said |= set(person.certificates.values_list("holder_name", flat=True))
    return sorted(said, key=lambda text: (-len(text), text))


def _replace(person: Person, names: list[str]) -> None:
    unnamed = pseudonym(person)
    employments = Employment.objects.filter(person=person)
    certificates = Certificate.objects.filter(person=person)
    departures = Departure.objects.filter(employment__person=person)
    employments.update(full_name=unnamed, email="", job_title="")
    certificates.update(holder_name=unnamed)
    for rows, field in (
        (certificates, "withdrawal_reason"),
        (departures, "note"),
        (Transfer.objects.filter(employment__person=person), "reason"),
        (DateCorrection.objects.filter(departure__employment__person=person), "reason"),
        (DateCorrection.objects.filter(departure__employment__person=person), "decision_text"),
    ):
        _clean_texts(rows, field, names, unnamed)
    # The app of tiers stands above this one: asked through the case, not imported.
    reviewed: Any = Departure._meta.get_field("tier_reviews").related_model
    changed: Any = reviewed._meta.get_field("changes").related_model
    reviews = reviewed._default_manager.filter(departure__employment__person=person)
    changes = changed._default_manager.filter(review__departure__employment__person=person)
    for rows, field in ((reviews, "reason"), (reviews, "plan"), (changes, "reason")):
        _clean_texts(rows, field, names, unnamed)
    _clean_files(person, names, unnamed)
    for subjects in (
        reviews,
        changes,
        employments,
        certificates,
        departures,
        Booking.objects.filter(employment__person=person),
        Attempt.objects.filter(employment__person=person),
        Transfer.objects.filter(employment__person=person),
    ):
        _clean_notifications(subjects, names, unnamed)


def _cleaned(value: Any, names: list[str], unnamed: str) -> Any:
    """The same with every name and address replaced, whatever its case."""
    if isinstance(value, str):
        for name in names:
            folded, wanted = value.casefold(), name.casefold()
            while wanted and len(folded) == len(value) and (place := folded.find(wanted)) >= 0:
                value = value[:place] + unnamed + value[place + len(wanted) :]
                folded = value.casefold()
            value = value.replace(name, unnamed)
        return value
    if isinstance(value, dict):
        return {key: _cleaned(part, names, unnamed) for key, part in value.items()}
    if isinstance(value, list):
        return [_cleaned(part, names, unnamed) for part in value]
    return value


def _clean_texts(rows: models.QuerySet[Any], field: str, names: list[str], unnamed: str) -> None:
    for row in rows.exclude(**{field: ""}).only("pk", field):
        text = getattr(row, field)
        if (cleaned := _cleaned(text, names, unnamed)) != text:
            type(row)._default_manager.filter(pk=row.pk).update(**{field: cleaned})


def _clean_files(person: Person, names: list[str], unnamed: str) -> None:
    """Lines of uploaded files that name the person, at the partners where they have worked."""
    partners = set(Employment.objects.filter(person=person).values_list("partner__reference", flat=True))
    folded = {" ".join(name.split()).casefold() for name in names}
    naming = models.Q(pk__in=[])
    for name in names:
        naming |= models.Q(text__icontains=name)
    files = ImportedFile.objects.annotate(text=Cast("lines", models.TextField())).filter(naming)
    for imported in files.select_for_update(of=("self",)).order_by("pk"):
        changed = False
        for line in imported.lines:
            cells = line["cells"]
            here = cells.get("partner", "").upper() in partners
            if here and any(
                " ".join(cells.get(column, "").split()).casefold() in folded
                for column in ("name", "employee", "email")
            ):
                for column in ("name", "employee", "email"):
                    if cells.get(column):
                        cells[column] = unnamed
                changed = True
        if changed:
            imported.save(update_fields=["lines"])


def _clean_notifications(subjects: models.QuerySet[Any], names: list[str], unnamed: str) -> None:
    told = Notification.objects.filter(
        subject_type=ContentType.objects.get_for_model(subjects.model),
        subject_id__in=subjects.order_by().values("pk"),
    ).exclude(context={})
    for notification in told.only("pk", "context"):
        cleaned = _cleaned(notification.context, names, unnamed)
        if cleaned != notification.context:
            Notification.objects.filter(pk=notification.pk).update(context=cleaned)
