"""Personal data of employees: what is kept, everything about one person, and erasing."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.certification.actions.erasing import erase_person
from partners.certification.actions.telling import ask_to_tell, told_employment
from partners.certification.forms.privacy import ErasureForm
from partners.certification.lifecycle import BookingStatus, DepartureStatus, TransferStatus
from partners.certification.models import CorrectionStatus, Employment, Person, Track
from partners.certification.personal_data import KEPT, data_of, own_data_of, person_of, retention_months
from partners.organisations.access import can, require
from partners.organisations.models import Partner
from partners.organisations.selectors import is_partner
from portal.accounts.membership import membership_required
from portal.accounts.requests import SignedInRequest
from portal.core.errors import PortalError, RuleViolation, WrongState
from portal.core.formats import format_day, format_moment
from portal.core.web import add_violation, message_of

SECTIONS = {
    "account": gettext_lazy("Portal account"),
    "employments": gettext_lazy("Employments"),
    "certificates": gettext_lazy("Certificates"),
    "exams": gettext_lazy("Exams"),
    "courses": gettext_lazy("Online courses"),
    "bookings": gettext_lazy("Bookings"),
    "departures": gettext_lazy("Departures"),
    "corrections": gettext_lazy("Corrections of the date"),
    "replacements": gettext_lazy("Named as replacement in a case"),
    "transfers": gettext_lazy("Certificates taken along"),
}
COLUMNS = {
    "partner": gettext_lazy("Partner"),
    "partner_number": gettext_lazy("Partner number"),
    "name": gettext_lazy("Name"),
    "email": gettext_lazy("E-mail"),
    "function": gettext_lazy("Function"),
    "hired_on": gettext_lazy("First day"),
    "left_on": gettext_lazy("Last day"),
    "entered_at": gettext_lazy("Entered"),
    "number": gettext_lazy("Number"),
    "holder": gettext_lazy("Holder"),
    "title": gettext_lazy("Title"),
    "track": gettext_lazy("Track"),
    "technology": gettext_lazy("Technology"),
    "issued_on": gettext_lazy("Issued on"),
    "expires_on": gettext_lazy("Valid until"),
    "withdrawn_on": gettext_lazy("Withdrawn on"),
    "withdrawal_reason": gettext_lazy("Reason"),
    "course": gettext_lazy("Course"),
    "taken_on": gettext_lazy("Exam taken on"),
    "score_pct": gettext_lazy("Score in %"),
    "passed": gettext_lazy("Passed"),
    "percent": gettext_lazy("Progress in %"),
    "started_at": gettext_lazy("Begun"),
    "session": gettext_lazy("Session"),
    "starts_at": gettext_lazy("Starts"),
    "status": gettext_lazy("Status"),
    "booked_at": gettext_lazy("Booked"),
    "reference": gettext_lazy("Number"),
    "departed_on": gettext_lazy("Departure"),
    "reported_on": gettext_lazy("Reported on"),
    "note": gettext_lazy("Note"),
    "before": gettext_lazy("Earlier value"),
    "after": gettext_lazy("New value"),
    "reason": gettext_lazy("Reason"),
    "answer": gettext_lazy("Answer"),
    "replaced_on": gettext_lazy("Replaced on"),
    "certificate_number": gettext_lazy("Number of the certificate"),
    "asked_at": gettext_lazy("Asked for"),
    "consented_at": gettext_lazy("Consent given"),
}
CODES = {
    ("certificates", "track"): Track,
    ("bookings", "status"): BookingStatus,
    ("departures", "status"): DepartureStatus,
    ("corrections", "status"): CorrectionStatus,
    ("replacements", "track"): Track,
    ("transfers", "status"): TransferStatus,
}


@require_safe
@membership_required
def overview(request: SignedInRequest) -> HttpResponse:
    return render(
        request,
        "privacy/overview.html",
        {"kept": KEPT, "months": retention_months(), "own": person_of(request.user) is not None},
    )


def _sections(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "columns": [COLUMNS[name] for name in data[key][0]] if data[key] else [],
            "rows": [[_said(key, name, value) for name, value in row.items()] for row in data[key]],
        }
        for key, title in SECTIONS.items()
    ]


def _said(section: str, column: str, value: Any) -> Any:
    """As the reader says it; the file for machines keeps codes and ISO dates."""
    if value and (choices := CODES.get((section, column))):
        return choices(value).label
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return format_moment(value, zone=True)
    return format_day(value) if isinstance(value, date) else value


def _file(data: dict[str, Any]) -> JsonResponse:
    answer = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="person-{data["person"]}.json"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _oneself(request: HttpRequest) -> Person:
    person = person_of(request.user)
    if person is None:
        raise Http404
    return person


@require_safe
@membership_required
def own_data(request: SignedInRequest) -> HttpResponse:
    """Everything about oneself, at whichever partner."""
    data = own_data_of(_oneself(request), request.user)
    return render(request, "privacy/data.html", {"sections": _sections(data), "oneself": True})


@require_safe
@membership_required
def own_file(request: SignedInRequest) -> HttpResponse:
    return _file(own_data_of(_oneself(request), request.user))


def _asked(request: SignedInRequest, pk: int) -> tuple[Employment, Partner | None]:
    """The employee, and for a partner the partner whose knowledge is told. A programme administrator sees
    everything about the person."""
    employment = get_object_or_404(
        Employment.objects.visible_to(request.user).select_related("partner", "person"), pk=pk
    )
    if is_partner(request.user):
        require(request.user, "staff.manage", employment)
        return employment, employment.partner
    require(request.user, "programme.manage")
    return employment, None


@require_safe
@membership_required
def employee_data(request: SignedInRequest, pk: int) -> HttpResponse:
    employment, partner = _asked(request, pk)
    return render(
        request,
        "privacy/data.html",
        {
            "employment": employment,
            "sections": _sections(data_of(employment.person, partner=partner)),
            "may_erase": can(request.user, "programme.manage") and employment.person.erased_at is None,
        },
    )


@require_safe
@membership_required
def employee_file(request: SignedInRequest, pk: int) -> HttpResponse:
    employment, partner = _asked(request, pk)
    return _file(data_of(employment.person, partner=partner))


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def erase(request: SignedInRequest, pk: int) -> HttpResponse:
    employment, _partner = _asked(request, pk)
    require(request.user, "programme.manage")
    form = ErasureForm(request.POST or None)
    if form.is_valid():
        try:
            erase_person(
                employment.person_id, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except PortalError as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The personal data is erased."))
            return redirect("privacy:employee", pk=employment.pk)
    status = 422 if form.is_bound else 200
    return render(request, "privacy/erase.html", {"employment": employment, "form": form}, status=status)


# ---------------------------------------------------------------- people without an account


@require_POST
@membership_required
def tell(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send somebody without an account the link to what is held about them."""
    employment = get_object_or_404(Employment.objects.visible_to(request.user), pk=pk)
    try:
        ask_to_tell(employment.pk, by=request.user, at=timezone.now())
    except (RuleViolation, WrongState) as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("The link is on its way to the person’s e-mail address."))
    return redirect(employment)


@sensitive_variables("token")
@never_cache
@login_not_required
@require_safe
def held(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever holds the link, signed in or not: what the employer that is named knows."""
    employment = told_employment(token)
    if employment is None:
        return render(request, "privacy/held.html", {"employment": None}, status=404)
    sections = _sections(data_of(employment.person, partner=employment.partner))
    context = {
        "employment": employment,
        "sections": [
            {
                "title": section["title"],
                "rows": [list(zip(section["columns"], row, strict=True)) for row in section["rows"]],
            }
            for section in sections
            if section["rows"]
        ],
        "kept": KEPT,
        "file_url": reverse("privacy:held_file", args=[token]),
    }
    return render(request, "privacy/held.html", context)


@sensitive_variables("token")
@never_cache
@login_not_required
@require_safe
def held_file(request: HttpRequest, token: str) -> HttpResponse:
    employment = told_employment(token)
    if employment is None:
        raise Http404
    return _file(data_of(employment.person, partner=employment.partner))
