"""Certificates of an earlier employer: asked for, agreed to, decided."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.certification import team
from partners.certification.actions import transfers as actions
from partners.certification.forms.staff import RefusalForm, TransferForm
from partners.certification.lifecycle import TransferStatus
from partners.certification.models import Employment, Transfer
from partners.certification.taken_along import asked_for
from partners.certification.views.staff import employee_page
from partners.organisations.access import can, require
from partners.organisations.selectors import is_vendor
from portal.accounts.membership import membership_required
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_of

PER_PAGE = 25


@require_POST
@membership_required
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Employment.objects.visible_to(request.user).select_related("partner", "person__user")
    employment = get_object_or_404(rows, pk=pk)
    require(request.user, "staff.manage", employment)
    form = TransferForm(request.POST)
    if form.is_valid():
        try:
            actions.ask_transfer(pk, by=request.user, at=timezone.now(), number=form.cleaned_data["number"])
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request,
                _("%(name)s is asked by mail. Once they agree, the channel manager decides.")
                % {"name": employment},
            )
            return redirect("team:page", pk)
    return employee_page(request, employment, transfer_form=form)


@require_POST
@membership_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    transfer = _transfer(request, pk)
    try:
        actions.withdraw_transfer(pk, by=request.user, at=timezone.now())
    except WrongState as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("The request is withdrawn."))
    return redirect("team:page", transfer.employment_id)


def _transfer(request: HttpRequest, pk: int) -> Transfer:
    rows = Transfer.objects.visible_to(request.user)
    return get_object_or_404(
        rows.select_related("employment__partner", "employment__person", "asked_by", "decided_by"), pk=pk
    )


# ---------------------------------------------------------------- the vendor


@require_safe
@membership_required
def waiting(request: HttpRequest) -> HttpResponse:
    """For the vendor: what is to be decided, or everything with ?show=all."""
    if not is_vendor(request.user):
        raise NotAllowed("not-allowed", gettext_noop("Only the vendor decides on certificates."))
    show_all = request.GET.get("show") == "all"
    rows = Transfer.objects.visible_to(request.user).select_related("employment__partner")
    rows = rows.order_by("-asked_at", "-pk") if show_all else rows.to_decide().order_by("consented_at", "pk")
    pages = CappedPaginator(rows, PER_PAGE)
    return render(
        request,
        "team/transfers.html",
        {
            "page_obj": pages.get_page(request.GET.get("page")),
            "show_all": show_all,
            "tabs": [
                {"label": _("To decide"), "url": "?", "active": not show_all},
                {"label": _("All"), "url": "?show=all", "active": show_all},
            ],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The partner is led to its employee; the vendor sees what is asked for and decides."""
    transfer = _transfer(request, pk)
    if not is_vendor(request.user):
        if request.method == "POST":
            require(request.user, "staff.oversee", transfer)
        return redirect("team:page", transfer.employment_id)
    form = RefusalForm(request.POST if request.POST.get("action") == "refuse" else None)
    refused: Any = ""
    if request.method == "POST":
        require(request.user, "staff.oversee", transfer)
        try:
            if request.POST.get("action") == "grant":
                actions.grant_transfer(pk, by=request.user, at=timezone.now())
                messages.success(request, _("The certificates are taken along."))
                return redirect("team:decide_transfer", pk)
            if form.is_valid():
                actions.refuse_transfer(
                    pk, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
                )
                messages.success(request, _("The request is refused, and the partner is told."))
                return redirect("team:decide_transfer", pk)
        except RuleViolation as refusal:
            if refusal.code in ("left-later", "started-later"):
                form = _with_advice(refusal)
            else:
                refused = message_of(refusal)
    is_open = transfer.status == TransferStatus.TO_DECIDE
    asked = asked_for(transfer, request.user)
    return render(
        request,
        "team/transfer.html",
        {
            "transfer": transfer,
            "employment": transfer.employment,
            "partner": transfer.employment.partner,
            "asked": asked,
            "subject": team.subject_of(asked.certificate) if asked.certificate else "",
            "may_decide": is_open and can(request.user, "staff.oversee"),
            "form": form,
            "refused": refused,
        },
    )


def _with_advice(refusal: RuleViolation) -> RefusalForm:
    """Why it cannot be granted, on the field of the refusal, with a reason proposed: it tells the partner
    what to do, and nothing of the other employer."""
    advice = _(
        "The first day that you have entered does not fit what we know of this person. Please check it with "
        "the person, correct it on the employee’s page, and ask again."
    )
    form = RefusalForm({"reason": advice})
    add_violation(form, refusal)
    return form


# ---------------------------------------------------------------- the person, by the secret link


@sensitive_variables("token")
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever holds the link, signed in or not. Says nothing about the certificate but its number."""
    transfer = actions.transfer_of(token)
    if transfer is None:
        return _consent_page(request, None, "unknown", 404)
    at = timezone.now()
    try:
        match request.POST.get("answer", ""):
            case "yes":
                actions.agree_to_transfer(transfer.pk, at=at)
                return _consent_page(request, transfer, "agreed")
            case "no":
                actions.decline_transfer(transfer.pk, at=at)
                return _consent_page(request, transfer, "declined")
    except WrongState:
        return _consent_page(request, transfer, "over", 410)
    if transfer.status != TransferStatus.CONSENT_ASKED or transfer.token_expires_at <= at:
        return _consent_page(request, transfer, "over", 410)
    return _consent_page(request, transfer, "asked")


def _consent_page(
    request: HttpRequest, transfer: Transfer | None, state: str, status: int = 200
) -> HttpResponse:
    context = {"transfer": transfer, "state": state}
    return render(request, "team/consent.html", context, status=status)
