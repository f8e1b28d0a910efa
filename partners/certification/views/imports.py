"""Files of results, certificates and questions: upload, preview, apply, and a report with what was wrong."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.certification.actions.imports import apply_file, discard_file, keep_file
from partners.certification.forms.imports import ImportForm
from partners.certification.import_lines import BAD, COLUMNS, GOOD, KNOWN, NEW, REASON
from partners.certification.models import ImportedFile, ImportKind
from partners.organisations.access import require
from portal.accounts.membership import membership_required
from portal.accounts.requests import SignedInRequest
from portal.core.errors import PortalError
from portal.core.exports import csv_response, xlsx_response
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_of

PER_PAGE = 25
LINES_A_PAGE = 50
OUTCOMES = {
    BAD: (pgettext_lazy("line", "Bad"), "bad"),
    NEW: (gettext_lazy("New, with a new employee"), "info"),
    GOOD: (pgettext_lazy("line", "New"), "ok"),
    KNOWN: (pgettext_lazy("line", "Known already"), "neutral"),
}
# What a filled-in line looks like, by kind, in the order of the columns.
EXAMPLES = {
    ImportKind.RESULTS: ["P-000123", "anna.keller@example.com", "KL-002", "2027-01-31", "84", "yes"],
    ImportKind.CERTIFICATES: [
        "P-000123", "Anna Keller", "2026-05-31", "anna.keller@example.com", "technical", "", "", "",
        "2028-05-31",
    ],
    ImportKind.QUESTIONS: [
        "KL-001", "What does the acronym EDR stand for?", "1",
        "Endpoint Detection and Response", "Emergency Data Recovery", "Encrypted Disk Reader", "", "", "",
        "yes",
    ],
}  # fmt: skip


def _imports(request: SignedInRequest) -> QuerySet[ImportedFile]:
    require(request.user, "training.manage")
    return ImportedFile.objects.visible_to(request.user)


@require_safe
@membership_required
def import_list(request: SignedInRequest) -> HttpResponse:
    page = CappedPaginator(_imports(request).defer("lines").order_by("-uploaded_at", "-pk"), PER_PAGE)
    return render(request, "certificates/imports.html", {"page": page.get_page(request.GET.get("page"))})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def import_new(request: SignedInRequest) -> HttpResponse:
    require(request.user, "training.manage")
    bound = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if bound else ImportForm(initial=request.GET.dict())
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = keep_file(
                kind=form.cleaned_data["kind"],
                name=file.name,
                content=file.read(),
                by=request.user,
                at=timezone.now(),
            )
        except PortalError as refusal:
            add_violation(form, refusal)
        else:
            return redirect(kept)
    columns = [
        {
            "kind": kind,
            "label": ImportKind(kind).label,
            "required": required,
            "optional": optional,
        }
        for kind, (required, optional) in COLUMNS.items()
    ]
    status = 422 if form.is_bound else 200
    return render(request, "certificates/import_new.html", {"form": form, "columns": columns}, status=status)


@require_safe
@membership_required
def import_template(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """An empty file with the columns and one line as an example."""
    require(request.user, "training.manage")
    if kind not in COLUMNS:
        raise Http404
    required, optional = COLUMNS[kind]
    name, title = f"{kind}-template", ImportKind(kind).label
    return xlsx_response(name, [*required, *optional], [EXAMPLES[ImportKind(kind)]], title=title)


@require_safe
@membership_required
def import_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the file would do, or what it has done."""
    kept = get_object_or_404(_imports(request), pk=pk)
    counts = dict.fromkeys(OUTCOMES, 0)
    for line in kept.lines:
        counts[line["outcome"]] += 1
    show = request.GET.get("show", "")
    rows = [line for line in kept.lines if not show or line["outcome"] == show]
    page = CappedPaginator(rows, LINES_A_PAGE).get_page(request.GET.get("page"))
    required, optional = COLUMNS[kept.kind]
    columns = [
        name for name in (*required, *optional) if any(line["cells"].get(name) for line in page.object_list)
    ]
    return render(
        request,
        "certificates/import_page.html",
        {
            "kept": kept,
            "page": page,
            "columns": columns,
            "rows": [_shown(line, columns) for line in page.object_list],
            "counts": counts,
            "entering": counts[GOOD] + counts[NEW],
            "tabs": _tabs(show, counts),
        },
    )


def _tabs(show: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    tabs = [{"label": _("All lines"), "url": "?", "active": not show, "count": sum(counts.values())}]
    return tabs + [
        {"label": label, "url": f"?show={outcome}", "active": show == outcome, "count": counts[outcome]}
        for outcome, (label, _tone) in OUTCOMES.items()
        if counts[outcome]
    ]


def _reason(line: dict[str, Any]) -> str:
    if not line["problem"]:
        return ""
    said = _(line["problem"])
    return said % line["params"] if line.get("params") else said


def _shown(line: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    label, tone = OUTCOMES[line["outcome"]]
    return {
        "line": line["line"],
        "cells": [(name, line["cells"].get(name, "")) for name in columns],
        "label": label,
        "tone": tone,
        "reason": _reason(line),
    }


@require_safe
@membership_required
def import_bad_lines(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """The bad lines as they came, with the reason, to be mended and uploaded again."""
    kept = get_object_or_404(_imports(request), pk=pk)
    required, optional = COLUMNS[kept.kind]
    columns = [*required, *optional]
    rows = [
        [*(line["cells"].get(name, "") for name in columns), _reason(line)]
        for line in kept.lines
        if line["outcome"] == BAD
    ]
    return csv_response(f"bad-lines-{kept.pk}", [*columns, REASON], rows)


@require_POST
@membership_required
def import_apply(request: SignedInRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(_imports(request), pk=pk)
    try:
        counts = apply_file(kept.pk, by=request.user, at=timezone.now())
    except PortalError as refusal:
        messages.error(request, message_of(refusal))
        return redirect(kept)
    entered = counts.get(GOOD, 0) + counts.get(NEW, 0)
    messages.success(
        request, ngettext("%(n)s line entered.", "%(n)s lines entered.", entered) % {"n": entered}
    )
    return redirect(kept)


@require_POST
@membership_required
def import_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(_imports(request), pk=pk)
    try:
        discard_file(kept.pk, by=request.user, at=timezone.now())
    except PortalError as refusal:
        messages.error(request, message_of(refusal))
        return redirect(kept)
    messages.success(request, _("The file is thrown away. Nothing has changed."))
    return redirect(reverse("certificates:imports"))
