"""Certificates: the list, a page for each with its document, and the public answer behind the QR code."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import django_tables2 as tables
from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from partners.certification.actions.certificates import withdraw_certificate
from partners.certification.certificate_paper import address_of, paper_data
from partners.certification.certificates import (
    TONES,
    CertificateState,
    as_known,
    public_state,
    state_on,
    today_of,
    warning_days,
    with_employer,
)
from partners.certification.forms.certificates import CertificateFilter, WithdrawalForm
from partners.certification.models import Certificate
from partners.certification.tables import expiry_badge
from partners.organisations.access import can, require
from partners.organisations.selectors import is_partner, is_vendor
from portal.accounts.membership import membership_required
from portal.accounts.requests import SignedInRequest
from portal.audit.models import Audience
from portal.audit.selectors import Entry, timeline
from portal.core.calendar import date_in
from portal.core.errors import PortalError
from portal.core.exports import file_response
from portal.core.formats import country_name
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import day as shown_day
from portal.core.templatetags.portal import status_badge
from portal.core.throttle import within_limit
from portal.core.web import add_violation
from portal.documents.papers import language_asked, paper_languages, pdf_response
from portal.documents.rendering import render_pdf

PER_PAGE = 25
CHECKS = 30
IN_SECONDS = 60
_CODE = re.compile("[0-9a-f]{32}")


def state_badge(certificate: Certificate, on: date) -> SafeString:
    state = state_on(certificate, on)
    return status_badge(state, str(state.label), tone=TONES[state])


# ---------------------------------------------------------------- list and export


class CertificateTable(tables.Table):
    number = tables.Column(
        gettext_lazy("Number"), order_by=("number", "pk"), attrs={"td": {"class": "phone-title text-nowrap"}}
    )
    holder_name = tables.Column(gettext_lazy("Holder"), order_by=("holder_name", "pk"))
    employer = tables.Column(
        gettext_lazy("Partner"), accessor="employer_name", order_by=("employer_name", "pk")
    )
    title = tables.Column(gettext_lazy("Certificate"), order_by=("title", "pk"))
    issued_on = tables.Column(gettext_lazy("Issued on"), order_by=("issued_on", "pk"))
    expires_on = tables.Column(gettext_lazy("Valid until"), order_by=("expires_on", "pk"))
    state = tables.Column(
        gettext_lazy("Status"), orderable=False, empty_values=(), attrs={"td": {"class": "phone-end"}}
    )

    class Meta:
        order_by = "-expires_on"
        order_by_field = "sort"
        default = "–"

    def __init__(self, *args: Any, day: date, of_vendor: bool, **kwargs: Any) -> None:
        # Before that a certificate's last day is a mere fact.
        self.of_vendor = of_vendor
        self.day, self.warned = day, warning_days(day)
        super().__init__(*args, exclude=() if of_vendor else ("employer",), **kwargs)

    def known(self, certificate: Any) -> Any:
        return certificate if self.of_vendor else as_known(certificate, certificate.left_on)

    def render_number(self, record: Any) -> SafeString:
        return format_html('<a href="{}"><bdi>{}</bdi></a>', record.get_absolute_url(), record.number)

    def render_holder_name(self, record: Any) -> SafeString:
        return format_html("<bdi>{}</bdi>", record.holder_name)

    def render_employer(self, record: Any) -> SafeString:
        return format_html(
            '<bdi>{}</bdi><div class="text-secondary ref">{}</div>',
            record.employer_name,
            record.employer_reference,
        )

    def render_title(self, record: Any) -> SafeString:
        return format_html(
            '<bdi>{}</bdi><div class="text-secondary">{}</div>', record.title, record.track_label
        )

    def render_issued_on(self, record: Any) -> SafeString | str:
        return shown_day(record.issued_on)

    def render_expires_on(self, record: Any) -> SafeString | str:
        shown = shown_day(record.expires_on)
        valid = state_on(self.known(record), self.day) == CertificateState.VALID
        if valid and (record.expires_on - self.day).days <= max(self.warned, default=0):
            return format_html("{} {}", shown, expiry_badge(record, self.day, self.warned))
        return shown

    def render_state(self, record: Any) -> SafeString:
        return state_badge(self.known(record), self.day)


def _filtered(request: SignedInRequest) -> tuple[CertificateFilter, CertificateTable]:
    require(request.user, "staff.see")
    day = today_of(request.user, timezone.now())
    found = CertificateFilter(request.GET, with_employer(request.user), reader=request.user, day=day)
    return found, CertificateTable(found.qs, day=day, of_vendor=is_vendor(request.user))


@require_safe
@membership_required
def certificate_list(request: SignedInRequest) -> HttpResponse:
    found, table = _filtered(request)
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Certificates")
    table.filtered = found.is_set
    table.empty_state = {
        "title": _("No certificate yet"),
        "icon": "certificate",
        "text": _("Certificates appear here as soon as somebody has passed an exam."),
    }
    return render(
        request,
        "certificates/list.html",
        {
            "filter": found,
            "table": table,
            "query": request.GET.urlencode(),
            "of_vendor": table.columns.names().count("employer") > 0,
            "may_import": can(request.user, "training.manage"),
        },
    )


@require_safe
@membership_required
def certificate_export(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """What the list shows with these filters and this order, whole; never the code of the public page."""
    _found, table = _filtered(request)
    tables.RequestConfig(request, paginate=False).configure(table)
    header = [
        _("Number"),
        _("Holder"),
        _("Partner number"),
        _("Partner"),
        _("Country"),
        _("Certificate"),
        _("Track"),
        _("Technology"),
        _("Issued on"),
        _("Valid until"),
        _("Status"),
        _("Withdrawn on"),
    ]
    return file_response(kind, "certificates", _("Certificates"), header, _rows(table))


def _rows(table: CertificateTable) -> Iterator[list[Any]]:
    for one in map(table.known, table.data.data.iterator(chunk_size=500)):
        yield [
            one.number,
            one.holder_name,
            one.employer_reference,
            one.employer_name,
            country_name(one.employer_country) if one.employer_country else "",
            one.title,
            one.get_track_display(),
            str(one.technology or ""),
            one.issued_on,
            one.expires_on,
            str(state_on(one, table.day).label),
            one.withdrawn_on,
        ]


# ---------------------------------------------------------------- one certificate


def _seen(request: SignedInRequest, number: str) -> Any:
    certificate = get_object_or_404(with_employer(request.user), number=number)
    return as_known(certificate, certificate.left_on) if is_partner(request.user) else certificate


def _day_of(certificate: Any) -> date:
    return date_in(certificate.employer_country or "", timezone.now())


def _knows_the_end(request: SignedInRequest, certificate: Any) -> bool:
    """What became of a certificate after somebody had left is no longer their former employer's affair."""
    return (
        is_vendor(request.user) or certificate.left_on is None or certificate.left_on >= _day_of(certificate)
    )


def _history(request: SignedInRequest, certificate: Any) -> list[Entry]:
    audiences = [str(Audience.EVERYBODY)]
    if is_vendor(request.user):
        audiences += [str(Audience.REVIEWERS), str(Audience.VENDOR)]
    entries = timeline(certificate, audiences)
    if _knows_the_end(request, certificate):
        return entries
    return [
        entry for entry in entries if date_in(certificate.employer_country, entry.at) <= certificate.left_on
    ]


def _hands_out(request: SignedInRequest, certificate: Any, state: CertificateState) -> bool:
    """None of what has been withdrawn, which a former employer does not know: it gets none at all."""
    return state != CertificateState.WITHDRAWN and _knows_the_end(request, certificate)


@require_safe
@membership_required
def certificate_page(request: SignedInRequest, number: str) -> HttpResponse:
    certificate = _seen(request, number)
    on = _day_of(certificate)
    state = state_on(certificate, on)
    may_withdraw = can(request.user, "training.manage") and state == CertificateState.VALID
    return render(
        request,
        "certificates/page.html",
        {
            "certificate": certificate,
            "state": state,
            "badge": state_badge(certificate, on),
            "expiry": expiry_badge(certificate, on, warning_days(on))
            if state == CertificateState.VALID
            else "",
            "counts": state == CertificateState.VALID
            and (certificate.left_on is None or certificate.left_on > on),
            "own": is_partner(request.user),
            "timeline": _history(request, certificate),
            "public_address": address_of(certificate) if _knows_the_end(request, certificate) else "",
            "may_withdraw": may_withdraw,
            "languages": paper_languages() if _hands_out(request, certificate, state) else [],
        },
    )


@require_safe
@membership_required
def certificate_pdf(request: SignedInRequest, number: str) -> HttpResponse:
    """The document, in the reader's language or the one asked for."""
    certificate = _seen(request, number)
    on = _day_of(certificate)
    if not _hands_out(request, certificate, state_on(certificate, on)):
        raise Http404
    language = language_asked(request)
    with translation.override(language):
        content = render_pdf("certificate", paper_data(certificate, on), language=language, at=timezone.now())
    return pdf_response(content, f"{certificate.number}-{language}")


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def certificate_withdraw(request: SignedInRequest, number: str) -> HttpResponse:
    certificate = _seen(request, number)
    require(request.user, "training.manage")
    form = WithdrawalForm(request.POST or None)
    if form.is_valid():
        try:
            withdraw_certificate(
                certificate, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except PortalError as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request, _("Certificate %(number)s is withdrawn.") % {"number": certificate.number}
            )
            return redirect(certificate)
    status = 422 if form.is_bound else 200
    context = {"certificate": certificate, "form": form}
    return render(request, "certificates/withdraw.html", context, status=status)


# ---------------------------------------------------------------- for everybody


@login_not_required
@require_safe
@never_cache
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Whoever holds the document asks whether it counts: valid, expired, withdrawn or unknown, and no word
    more. The answer to a wrong code costs the same query and has the same shape."""
    context: dict[str, Any] = {}
    if within_limit("verify", get_adapter().get_client_ip(request), most=CHECKS, seconds=IN_SECONDS):
        state = public_state(code if _CODE.fullmatch(code) else "-", timezone.now())
        tone = TONES[state] if state else "warn"
        context = {"label": state.label if state else _("Unknown"), "tone": tone}
        response = render(request, "certificates/verify.html", context)
    else:
        response = render(request, "certificates/verify.html", {"too_many": True}, status=429)
        response["Retry-After"] = str(IN_SECONDS)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
