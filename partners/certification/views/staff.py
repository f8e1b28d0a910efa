"""The team of a partner: its list, one employee, and a departure told in one step."""

from collections.abc import Iterator
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partners.certification import team
from partners.certification.actions import staff as actions
from partners.certification.forms.staff import EmployeeForm, LeaverForm, TeamFilterForm, TransferForm
from partners.certification.lifecycle import DepartureStatus
from partners.certification.models import Employment
from partners.certification.rules import check_departure_date, latest_to_tell
from partners.certification.strength import sentences, strength_of
from partners.certification.tables import TeamTable, counts_for, works_badge
from partners.certification.taken_along import transfers_of
from partners.organisations.access import can, require
from partners.organisations.models import Partner
from partners.organisations.selectors import is_partner
from portal.accounts.membership import membership_required
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.exports import file_response
from portal.core.pagination import show_page_of
from portal.core.web import add_violation

PER_PAGE = 25
EXPORT_CHUNK = 500


def _today(partner: Partner) -> Any:
    return date_in(partner.country, timezone.now())


# ---------------------------------------------------------------- the list


@require_safe
@membership_required
def own_team(request: HttpRequest) -> HttpResponse:
    """One's own company; who has none is led to the figures of all."""
    if not is_partner(request.user):
        return redirect("team:coverage")
    return _team_page(request, request.user.acting_as.partner)


@require_safe
@membership_required
def team_of(request: HttpRequest, reference: str) -> HttpResponse:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), reference=reference)
    require(request.user, "staff.see")
    if is_partner(request.user):
        return redirect("team:list")
    return _team_page(request, partner)


def _narrowed(request: HttpRequest, partner: Partner) -> tuple[TeamFilterForm, TeamTable]:
    require(request.user, "staff.see")
    today = _today(partner)
    form = TeamFilterForm(request.GET)
    rows = form.narrow(team.employees_of(request.user, partner, today), request.user, today)
    return form, TeamTable(rows, day=today)


def _team_page(request: HttpRequest, partner: Partner) -> HttpResponse:
    form, table = _narrowed(request, partner)
    show_page_of(table, request, PER_PAGE)
    table.accounts = team.accounts_of(row.record for row in table.page.object_list)
    table.caption = _("Certified team")
    table.filtered = form.is_set
    own = is_partner(request.user)
    manages = own and can(request.user, "staff.manage")
    table.empty_state = {
        "title": _("Nobody entered yet"),
        "icon": "users-group",
        "text": _("Certificates count for your tier as soon as the people who hold them are entered here.")
        if own
        else _("This partner has entered nobody yet."),
        **({"url": reverse("team:add"), "action": _("Add an employee")} if manages else {}),
    }
    strength = strength_of(partner, table.day)
    return render(
        request,
        "team/list.html",
        {
            "partner": partner,
            "own": own,
            "manages": manages,
            "form": form,
            "table": table,
            "strength": strength,
            "sentences": sentences(strength, own=own) if strength else [],
            "query": request.GET.urlencode(),
        },
    )


@require_safe
@membership_required
def export_own(request: HttpRequest, kind: str) -> HttpResponseBase:
    require(request.user, "staff.see")
    if not is_partner(request.user):
        raise NotAllowed("not-allowed", gettext_noop("Only a partner has a team of its own."))
    return _export(request, request.user.acting_as.partner, kind)


@require_safe
@membership_required
def export_of(request: HttpRequest, reference: str, kind: str) -> HttpResponseBase:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), reference=reference)
    return _export(request, partner, kind)


def _export(request: HttpRequest, partner: Partner, kind: str) -> HttpResponseBase:
    """What the list shows with these filters and this order, whole."""
    _form, table = _narrowed(request, partner)
    tables.RequestConfig(request, paginate=False).configure(table)
    header = [
        _("Name"),
        _("E-mail"),
        _("Function"),
        _("Works here since"),
        _("Last day"),
        _("Counts for"),
        _("Certificates"),
        _("Next expiry"),
        _("Portal account"),
    ]
    return file_response(kind, "team", _("Certified team"), header, _rows(table))


def _rows(table: TeamTable) -> Iterator[list[Any]]:
    chunk: list[Employment] = []
    for employment in table.data.data.iterator(chunk_size=EXPORT_CHUNK):
        chunk.append(employment)
        if len(chunk) == EXPORT_CHUNK:
            yield from _cells(chunk, table)
            chunk = []
    yield from _cells(chunk, table)


def _cells(chunk: list[Employment], table: TeamTable) -> Iterator[list[Any]]:
    accounts = team.accounts_of(chunk)
    for employment in chunk:
        held = employment.person.counting
        yield [
            employment.full_name,
            employment.email,
            employment.job_title,
            employment.hired_on,
            employment.left_on,
            ", ".join(counts_for(employment, table.day)),
            ", ".join(f"{team.subject_of(one)} {one.number}" for one in held),
            employment.next_expiry,
            _("Yes") if employment.pk in accounts else _("No"),
        ]


# ---------------------------------------------------------------- one employee


def _employment(request: HttpRequest, pk: int) -> Employment:
    rows = Employment.objects.visible_to(request.user).select_related("partner", "person__user")
    return get_object_or_404(rows, pk=pk)


@require_safe
@membership_required
def employee(request: HttpRequest, pk: int) -> HttpResponse:
    employment = _employment(request, pk)
    return employee_page(request, employment)


def employee_page(request: HttpRequest, employment: Employment, **context: Any) -> HttpResponse:
    user, today = request.user, _today(employment.partner)
    certificates = [
        {
            "certificate": certificate,
            "subject": team.subject_of(certificate),
            "state": team.certificate_state(certificate, today),
        }
        for certificate in team.certificates_seen(employment, user)
    ]
    manages = is_partner(user) and can(user, "staff.manage")
    transfers = transfers_of(employment, user)
    access = team.account_of(employment)
    departures = team.departures_of(employment, user)
    return render(
        request,
        "team/employee.html",
        {
            "employment": employment,
            "partner": employment.partner,
            "own": is_partner(user),
            "manages": manages,
            "hands_out": can(user, "programme.manage") or (is_partner(user) and can(user, "staff.manage")),
            "today": today,
            "badge": works_badge(employment, today),
            "has_left": employment.left_on is not None,
            "certificates": certificates,
            "access": access,
            "departures": departures,
            # Again after one that was withdrawn: the partner may have been wrong about that.
            "may_open_case": can(user, "staff.oversee")
            and all(one.status == DepartureStatus.WITHDRAWN for one in departures),
            "may_tell": access is None
            and bool(employment.email)
            and employment.person.erased_at is None
            and (manages or can(user, "staff.oversee")),
            "transfers": transfers,
            "transfer_form": TransferForm(),
            # One at a time; a refused one is shown with its reason.
            "may_ask": manages
            and employment.left_on is None
            and ("transfer_form" in context or not any(transfer.is_open for transfer in transfers)),
            "history": team.timeline_of_employee(employment),
            "team_url": _team_url(request, employment.partner),
        }
        | context,
    )


def _team_url(request: HttpRequest, partner: Partner) -> str:
    return reverse("team:list") if is_partner(request.user) else reverse("team:of", args=[partner.reference])


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def add(request: HttpRequest) -> HttpResponse:
    require(request.user, "staff.manage")
    partner = request.user.acting_as.partner
    form = EmployeeForm(request.POST or None, partner=partner)
    if request.method == "POST" and form.is_valid():
        try:
            employment = actions.add_employee(
                partner,
                form.facts(),
                by=request.user,
                at=timezone.now(),
                account=form.cleaned_data["account"],
            )
        except (RuleViolation, WrongState) as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("%(name)s is on your team.") % {"name": employment})
            return redirect("team:page", employment.pk)
    return render(request, "team/employee_form.html", {"form": form, "partner": partner})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    employment = _employment(request, pk)
    require(request.user, "staff.manage", employment)
    linkable = not actions.has_left(employment, _today(employment.partner))
    form = EmployeeForm(
        request.POST or None, partner=employment.partner, employment=employment, linkable=linkable
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_employee(
                pk,
                form.facts(),
                by=request.user,
                at=timezone.now(),
                account=form.cleaned_data.get("account"),
            )
        except (RuleViolation, WrongState) as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The details are saved."))
            return redirect("team:page", pk)
    return render(
        request,
        "team/employee_form.html",
        {"form": form, "partner": employment.partner, "employment": employment},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def rehire(request: HttpRequest, pk: int) -> HttpResponse:
    employment = _employment(request, pk)
    require(request.user, "staff.manage", employment)
    form = EmployeeForm(
        request.POST or None, partner=employment.partner, employment=employment, again=True, linkable=False
    )
    if request.method == "POST" and form.is_valid():
        try:
            back = actions.rehire(pk, by=request.user, at=timezone.now(), facts=form.facts())
        except (RuleViolation, WrongState) as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("%(name)s is on your team again.") % {"name": back})
            return redirect("team:page", back.pk)
    return render(
        request,
        "team/employee_form.html",
        {"form": form, "partner": employment.partner, "employment": employment, "again": True},
    )


@require_safe
@membership_required
def my_certificates(request: HttpRequest) -> HttpResponse:
    """What a person has and is booked on, for the person itself."""
    if not is_partner(request.user):
        raise NotAllowed("not-allowed", gettext_noop("Only the people of a partner have certificates."))
    partner, at = request.user.acting_as.partner, timezone.now()
    today = date_in(partner.country, at)
    employment = team.my_employment(request.user)
    certificates = team.my_certificates(employment) if employment else []
    employed = employment is not None and employment.counts_on(today)
    valid = {
        team.subject_of(one): one
        for one in reversed(certificates)
        if team.certificate_state(one, today)[0] in ("valid", "ending")
    }
    strength = strength_of(partner, today)
    return render(
        request,
        "team/me.html",
        {
            "partner": partner,
            "employment": employment,
            "certificates": [
                {
                    "certificate": one,
                    "subject": team.subject_of(one),
                    "state": team.certificate_state(one, today),
                }
                for one in certificates
            ],
            "counts": list(valid) if employed else [],
            "tracks": [track for track in strength.tracks if track.label in valid] if strength else [],
            "bookings": team.my_bookings(employment, at) if employment else [],
        },
    )


# ---------------------------------------------------------------- a departure


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked first, then shown with what will happen, then done; once done the page is its receipt."""
    employment = _employment(request, pk)
    require(request.user, "staff.manage", employment)
    if employment.left_on is not None:
        return _receipt(request, employment)
    form = LeaverForm(request.POST or None, employment=employment)
    leaving = fate = None
    if request.method == "POST" and form.is_valid():
        given, action = form.cleaned_data, request.POST.get("action")
        today = _today(employment.partner)
        try:
            check_departure_date(
                given["departed_on"], hired_on=employment.hired_on, latest=latest_to_tell(today)
            )
            if action == "report":
                actions.report_leaver(pk, by=request.user, at=timezone.now(), **given)
                messages.success(request, _("The departure is reported."))
                return redirect("team:leave", pk)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            leaving = team.leaving_of(employment, request.user, given["departed_on"], today)
        if action != "check":
            leaving = None
        if leaving:
            fate = actions.account_fate(
                team.account_of(employment),
                by=request.user,
                departed_on=leaving.departed_on,
                on=today,
                followed=given.get("administrator") is not None,
            )
    return render(
        request,
        "team/leave.html",
        {
            "form": form,
            "employment": employment,
            "leaving": leaving,
            "fate": fate,
            "late": bool(leaving and leaving.clock and leaving.clock.report_due_on < today),
            "successor": form.cleaned_data.get("successor") if leaving else None,
            "administrator": form.cleaned_data.get("administrator") if leaving else None,
            "subjects": [team.subject_of(one) for one in leaving.certificates] if leaving else [],
        },
    )


def _receipt(request: HttpRequest, employment: Employment) -> HttpResponse:
    return render(
        request,
        "team/left.html",
        {
            "employment": employment,
            "today": _today(employment.partner),
            "receipt": team.receipt_of(employment),
            "departures": team.departures_of(employment, request.user),
        },
    )
