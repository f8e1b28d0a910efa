from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_tables2 import RequestConfig

from partners.certification.actions import departures as actions
from partners.certification.actions.departure_deadlines import remind_by_hand
from partners.certification.departure_tables import DepartureTable, departure_badge, tracks_of
from partners.certification.departures import (
    candidates_for,
    is_own_mistake,
    keeps_a_clock,
    reminders_sent,
    without_the_person,
)
from partners.certification.forms.departures import (
    ConsentForm,
    CorrectionForm,
    DepartureFilter,
    OpeningForm,
    ReasonForm,
    ReplacementForm,
    WithdrawalForm,
)
from partners.certification.lifecycle import DEPARTURE_LIFECYCLE, DepartureStatus, GapStatus
from partners.certification.models import (
    CorrectionStatus,
    DateCorrection,
    Departure,
    DepartureGap,
    Employment,
)
from partners.certification.team import account_of
from partners.organisations.access import can, require, require_any
from partners.organisations.selectors import is_vendor
from portal.audit.models import Audience
from portal.audit.selectors import timeline
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState
from portal.core.exports import file_response
from portal.core.formats import country_name
from portal.core.pagination import show_page_of
from portal.core.references import read_reference
from portal.core.web import add_violation, message_of, message_with_rule

PER_PAGE = 25
MOST_AT_ONCE = 500
GET_AND_POST = ["GET", "HEAD", "POST"]


def _today(departure: Departure, at: datetime) -> date:
    return date_in(departure.partner.country, at)


# ---------------------------------------------------------------- list, export, reminders


def _table(request: HttpRequest) -> tuple[DepartureFilter, DepartureTable]:
    require(request.user, "staff.see")
    at = timezone.now()
    rows = (
        Departure.objects.visible_to(request.user)
        .select_related("partner", "employment", "edition")
        .prefetch_related(Prefetch("gaps", DepartureGap.objects.select_related("technology")))
    )
    found = DepartureFilter(request.GET, rows, user=request.user, at=at)
    hidden = () if is_vendor(request.user) else ("chosen", "partner")
    if is_vendor(request.user) and not can(request.user, "staff.oversee"):
        hidden = ("chosen",)
    return found, DepartureTable(found.qs, at=at, exclude=hidden, order_by="replacement_due_on")


@require_safe
def departure_list(request: HttpRequest) -> HttpResponse:
    found, table = _table(request)
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Departures")
    table.filtered = found.is_set
    table.empty_state = {
        "title": _("No open case"),
        "icon": "users",
        "text": _("When a certified employee leaves, the case appears here with its two last days."),
    }
    context = {
        "filter": found,
        "table": table,
        "query": request.GET.urlencode(),
        "is_vendor": is_vendor(request.user),
        "may_remind": can(request.user, "staff.oversee"),
    }
    return render(request, "departures/list.html", context)


HEADER = (
    gettext_lazy("Number"),
    gettext_lazy("Status"),
    gettext_lazy("Partner number"),
    gettext_lazy("Partner"),
    gettext_lazy("Country"),
    gettext_lazy("Tier"),
    gettext_lazy("Employee"),
    gettext_lazy("Certified for"),
    pgettext_lazy("date", "Departure"),
    gettext_lazy("Report by"),
    gettext_lazy("Reported on"),
    gettext_lazy("Replace by"),
    gettext_lazy("Lapsed on"),
)


def _export_rows(rows: Any) -> Iterator[list[Any]]:
    for one in rows.iterator(chunk_size=500):
        yield [
            one.reference,
            one.get_status_display(),
            one.partner.reference,
            one.partner.trade_name,
            country_name(one.partner.country),
            one.partner.get_tier_display(),
            one.employment.full_name,
            tracks_of(one),
            one.departed_on,
            one.report_due_on,
            one.reported_on,
            one.replacement_due_on,
            one.lapsed_on,
        ]


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the list shows, all pages of it, in its order."""
    _found, table = _table(request)
    RequestConfig(request, paginate=False).configure(table)
    name = f"departures-{timezone.localdate():%Y-%m-%d}"
    return file_response(kind, name, _("Departures"), HEADER, _export_rows(table.data.data))


@require_POST
def remind(request: HttpRequest) -> HttpResponse:
    """The vendor reminds of the chosen cases; what is not theirs is passed over without a word."""
    require(request.user, "staff.oversee")
    given = [read_reference("DP", text) for text in request.POST.getlist("case")[:MOST_AT_ONCE]]
    seen = Departure.objects.visible_to(request.user).filter(reference__in=[one for one in given if one])
    ids = list(seen.values_list("pk", flat=True))
    if not ids:
        messages.warning(request, _("No case is selected."))
        return redirect("departures:list")
    try:
        reminded = remind_by_hand(ids, by=request.user, at=timezone.now())
    except RuleViolation as refusal:
        messages.warning(request, message_of(refusal))
        return redirect("departures:list")
    said = ngettext(
        "The account administrators of %(count)d case have been reminded.",
        "The account administrators of %(count)d cases have been reminded.",
        len(reminded),
    )
    messages.success(request, said % {"count": len(reminded)})
    if len(reminded) < len(ids):
        messages.info(request, _("Cases that are settled or were reminded of today were passed over."))
    return redirect("departures:list")


# ---------------------------------------------------------------- one case


def _case(request: HttpRequest, ref: str) -> Departure:
    return get_object_or_404(
        Departure.objects.visible_to(request.user).select_related("partner", "employment", "edition"),
        reference=ref,
    )


@require_safe
def case(request: HttpRequest, ref: str) -> HttpResponse:
    departure, at = _case(request, ref), timezone.now()
    require(request.user, "staff.see")
    today = _today(departure, at)
    manages, oversees = can(request.user, "staff.manage"), can(request.user, "staff.oversee")
    gaps = list(
        departure.gaps.select_related("certificate", "technology", "replacement", "replacement_certificate")
    )
    for gap in gaps:
        gap.departure = departure
    is_open, in_time = departure.status == DepartureStatus.OPEN, today <= departure.replacement_due_on
    asked = departure.corrections.filter(status=CorrectionStatus.ASKED).first()
    moves = DEPARTURE_LIFECYCLE.moves_from(departure.status)
    may_report = manages and departure.reported_on is None and "withdraw" in moves
    context = {
        "departure": departure,
        "badge": departure_badge(departure),
        "today": today,
        "is_vendor": is_vendor(request.user),
        "gaps": gaps,
        "standing": without_the_person(departure, today) if is_open else None,
        "candidates": [
            candidates_for(gap, today) for gap in gaps if gap.status == GapStatus.OPEN and in_time
        ],
        "reminders": reminders_sent(departure),
        "corrections": departure.corrections.select_related("asked_by", "decided_by"),
        "asked": asked,
        "review": _review_of(request, departure),
        "timeline": timeline(departure, list(Audience) if is_vendor(request.user) else [Audience.EVERYBODY]),
        "may_report": may_report,
        "ends_account": may_report and account_of(departure.employment) is not None,
        "may_replace": manages and in_time,
        "may_take_back": manages or oversees,
        "may_correct": (manages or oversees) and "withdraw" in moves,
        "may_consent": oversees and asked is not None,
        "may_withdraw": (oversees and "withdraw" in moves)
        or (manages and is_own_mistake(departure, gaps, today)),
        "keeps_a_clock": keeps_a_clock(departure),
        "may_release": oversees and keeps_a_clock(departure),
        "may_remind": oversees and is_open,
    }
    return render(request, "departures/case.html", context)


def _review_of(request: HttpRequest, departure: Departure) -> Any:
    # The app of tiers stands above this one: asked through the case, not imported.
    reviews = Departure._meta.get_field("tier_reviews").related_model._default_manager
    return reviews.visible_to(request.user).filter(departure=departure).order_by("-pk").first()


@require_POST
def report(request: HttpRequest, ref: str) -> HttpResponse:
    departure = _case(request, ref)
    departure = actions.report_departure(departure, by=request.user, at=timezone.now())
    if departure.reported_late:
        messages.warning(request, _("The departure is reported. It was late, and that is recorded."))
    else:
        messages.success(request, _("The departure is reported."))
    return redirect(departure)


def _gap(departure: Departure, pk: int) -> DepartureGap:
    gap = get_object_or_404(departure.gaps.select_related("technology", "certificate"), pk=pk)
    gap.departure = departure
    return gap


@require_http_methods(GET_AND_POST)
def replace(request: HttpRequest, ref: str, gap: int) -> HttpResponse:
    """The partner names who takes the place; whoever does not count is refused with the reason."""
    departure, at = _case(request, ref), timezone.now()
    require(request.user, "staff.manage")
    found, today = _gap(departure, gap), _today(departure, at)
    chosen = {"replacement": request.GET.get("employee", "")[:20]}
    form = ReplacementForm(request.POST or None, gap=found, on=today, initial=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            actions.name_replacement(
                found, by=request.user, at=at, employment=form.cleaned_data["replacement"]
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            return _turned_away(request, departure, refusal)
        else:
            messages.success(request, _("The replacement is named and counts."))
            return redirect(departure)
    context = {"form": form, "gap": found, "candidates": candidates_for(found, today)}
    return _step(request, departure, "replace", _("Name the replacement"), **context)


@require_http_methods(GET_AND_POST)
def take_back(request: HttpRequest, ref: str, gap: int) -> HttpResponse:
    departure, at = _case(request, ref), timezone.now()
    found = _gap(departure, gap)
    require_any(request.user, actions.PARTNER_OR_VENDOR)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.take_replacement_back(found, by=request.user, at=at, **form.cleaned_data)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            return _turned_away(request, departure, refusal)
        else:
            messages.success(request, _("The replacement is taken back. The last day stays what it was."))
            return redirect(departure)
    return _step(request, departure, "take-back", _("Take the replacement back"), form=form, gap=found)


@require_http_methods(GET_AND_POST)
def correct(request: HttpRequest, ref: str) -> HttpResponse:
    departure, at = _case(request, ref), timezone.now()
    require_any(request.user, actions.PARTNER_OR_VENDOR)
    form = CorrectionForm(request.POST or None, initial={"departed_on": departure.departed_on})
    if request.method == "POST" and form.is_valid():
        try:
            correction = actions.correct_departure_date(
                departure, by=request.user, at=at, **form.cleaned_data
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            return _turned_away(request, departure, refusal)
        else:
            if correction.status == CorrectionStatus.ASKED:
                messages.info(request, _("A later date waits for the channel manager's consent."))
            else:
                messages.success(request, _("The date is corrected, and both last days follow it."))
            return redirect(departure)
    return _step(request, departure, "correct", _("Correct the date of departure"), form=form)


@require_http_methods(GET_AND_POST)
def decide_correction(request: HttpRequest, ref: str, correction: int) -> HttpResponse:
    departure, at = _case(request, ref), timezone.now()
    require(request.user, "staff.oversee")
    asked = get_object_or_404(
        DateCorrection.objects.visible_to(request.user).select_related("asked_by"),
        pk=correction,
        departure=departure,
    )
    if asked.status != CorrectionStatus.ASKED:
        messages.warning(request, _("Nothing was changed: this correction has been decided in the meantime."))
        return redirect(departure)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        decide = (
            actions.consent_to_correction if given["decision"] == "consent" else actions.refuse_correction
        )
        try:
            decide(asked, by=request.user, at=at, text=given["text"])
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            return _turned_away(request, departure, refusal)
        else:
            messages.success(request, _("Decided. The partner has been told."))
            return redirect(departure)
    return _step(request, departure, "consent", _("Decide on the later date"), form=form, asked=asked)


@require_http_methods(GET_AND_POST)
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    departure, at = _case(request, ref), timezone.now()
    require_any(request.user, actions.PARTNER_OR_VENDOR)
    form = WithdrawalForm(request.POST or None, may_choose=can(request.user, "staff.oversee"))
    if request.method == "POST" and form.is_valid():
        given = {"still_here": True} | form.cleaned_data
        try:
            actions.withdraw_departure(departure, by=request.user, at=at, **given)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            return _turned_away(request, departure, refusal)
        else:
            messages.success(request, _("The case is withdrawn. It stays readable."))
            return redirect(departure)
    return _step(request, departure, "withdraw", _("Withdraw the case"), form=form)


@require_http_methods(GET_AND_POST)
def release(request: HttpRequest, ref: str) -> HttpResponse:
    """The vendor lets an earlier clock go (rule G6)."""
    departure, at = _case(request, ref), timezone.now()
    require(request.user, "staff.oversee")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.release_clock(departure, by=request.user, at=at, **form.cleaned_data)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            return _turned_away(request, departure, refusal)
        else:
            messages.success(request, _("The earlier clock is released. The partner has been told."))
            return redirect(departure)
    return _step(request, departure, "release", _("Release the earlier clock"), form=form)


def _turned_away(request: HttpRequest, departure: Departure, refusal: WrongState) -> HttpResponse:
    messages.warning(request, message_with_rule(refusal))
    return redirect(departure)


def _step(request: HttpRequest, departure: Departure, step: str, title: str, **context: Any) -> HttpResponse:
    context |= {
        "departure": departure,
        "step": step,
        "title": title,
        "today": _today(departure, timezone.now()),
        "is_vendor": is_vendor(request.user),
    }
    return render(request, "departures/step.html", context)


@require_http_methods(GET_AND_POST)
def open_case(request: HttpRequest, employee: int) -> HttpResponse:
    """Rule G6: the vendor enters a departure that it has found, with its true date."""
    require(request.user, "staff.oversee")
    employment = get_object_or_404(
        Employment.objects.visible_to(request.user).select_related("partner"), pk=employee
    )
    form = OpeningForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            departure = actions.open_case_as_vendor(
                employment, by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            messages.warning(request, message_of(refusal))
            return redirect("departures:list")
        else:
            messages.success(request, _("The case is open. The partner has been told and has to confirm it."))
            return redirect(departure)
    return render(request, "departures/open.html", {"form": form, "employment": employment})
