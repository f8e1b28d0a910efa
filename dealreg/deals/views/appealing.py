"""Appeals against decisions: filed by partners, decided by the vendor, counted for the vendor (rule E9)."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_safe

from dealreg.deals.actions import decide_appeal, file_appeal
from dealreg.deals.appeals import appeals_to_judge, overturn_figures
from dealreg.deals.forms.appealing import AppealForm, JudgeForm
from dealreg.deals.lifecycle import DEAL_LIFECYCLE
from dealreg.deals.models import APPEALABLE, Appeal, AppealOutcome, Deal
from dealreg.deals.rules import check_in_time_to_appeal, check_judges_another, check_not_own_registration
from dealreg.deals.selectors import Rival, is_registrant, rivals
from dealreg.deals.views.conflicts import FACTS_OF_REASON, Side, to_the_second
from dealreg.deals.views.seen import seen_deal
from dealreg.deals.views.wording import why_appealed
from partners.organisations.access import require
from partners.programme.selectors import rulebook_on
from portal.core.calendar import date_in
from portal.core.errors import PortalError, RuleViolation, WrongState
from portal.core.formats import country_name, format_moment
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_with_rule
from portal.documents.models import Document

PER_PAGE = 25
SHOWN = {"open": Q(outcome=""), "decided": ~Q(outcome=""), "all": Q()}
# Days back, by the name in the address.
PERIODS = {"90": 90, "365": 365, "all": None}


@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: HttpRequest, ref: str) -> HttpResponse:
    """The partner writes its one appeal; late or twice is told on the deal's page."""
    deal, at = seen_deal(request, ref), timezone.now()
    require(request.user, "deals.appeal")
    form = AppealForm(request.POST or None, request.FILES or None)
    try:
        DEAL_LIFECYCLE.check("reinstate", deal.status)
        if request.method == "POST" and form.is_valid():
            filed = file_appeal(
                deal,
                by=request.user,
                at=at,
                text=form.cleaned_data["text"],
                files=form.cleaned_data["file"],
            )
            messages.success(
                request,
                _("Your appeal on %(reference)s was sent. It is decided by %(due)s.")
                % {"reference": deal.reference, "due": format_moment(filed.due_at, zone=True)},
            )
            return redirect(filed)
        check_in_time_to_appeal(
            date_in(deal.partner.country, at),
            deal.appeal_until,
            has_appealed=Appeal.objects.visible_to(request.user).filter(deal=deal).exists(),
        )
    except RuleViolation as refusal:
        if refusal.field is None:
            return _turned_away(request, deal, refusal)
        add_violation(form, refusal)
    except WrongState as refusal:
        return _turned_away(request, deal, refusal)
    form.ask_for_files_again()
    return render(request, "deals/appeal.html", {"deal": deal, "form": form})


def _turned_away(request: HttpRequest, deal: Deal, refusal: PortalError) -> HttpResponse:
    messages.warning(request, message_with_rule(refusal))
    return redirect(deal)


@require_http_methods(["GET", "HEAD", "POST"])
def judge(request: HttpRequest, ref: str) -> HttpResponse:
    """A channel manager who did not decide before decides now, with all that belongs to it in view."""
    deal = seen_deal(request, ref)
    require(request.user, "deals.decide_appeals", deal)
    filed = get_object_or_404(
        Appeal.objects.visible_to(request.user).select_related("filed_by", "rejected_by", "deal"), deal=deal
    )
    if filed.outcome:
        messages.warning(request, _("Nothing was changed: this appeal has been decided in the meantime."))
        return redirect(filed)
    try:
        check_judges_another(rejected_it=request.user.pk == filed.rejected_by_id)
        check_not_own_registration(registered_it=is_registrant(request.user, deal))
    except RuleViolation as refusal:
        return _turned_away(request, deal, refusal)
    form = JudgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            decide_appeal(filed, by=request.user, at=timezone.now(), **form.cleaned_data)
        except WrongState:
            messages.warning(request, _("Nothing was changed: this appeal has been decided in the meantime."))
            return redirect(filed)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            said = (
                _("Decided: the first decision on %(reference)s stands. The partner has been told.")
                if form.cleaned_data["outcome"] == AppealOutcome.UPHELD
                else _("Decided: %(reference)s is under review again. The partner has been told.")
            )
            messages.success(request, said % {"reference": deal.reference})
            return redirect(filed)
    found = rivals(deal)
    context = {
        "deal": deal,
        "appeal": filed,
        "appeal_files": Document.objects.visible_to(request.user).about(filed),
        "why": why_appealed(filed),
        "form": form,
        "rivals": found,
        "sides": _side_by_side(request, deal, found) if found else [],
    }
    return render(request, "deals/appeal_judge.html", context)


def _side_by_side(request: HttpRequest, deal: Deal, found: list[Rival]) -> list[Side]:
    """This registration, and beside it what has been registered for the same since."""
    seen = Deal.objects.visible_to(request.user).filter(pk__in=[rival.deal.pk for rival in found])
    shown = {deal.pk, *seen.values_list("pk", flat=True)}
    first = min([deal, *(rival.deal for rival in found)], key=lambda one: (one.submitted_at, one.pk))
    return [
        Side(
            one,
            "earlier" if one == first else "later",
            one.pk in shown,
            frozenset(FACTS_OF_REASON[reason] for reason in reasons if reason in FACTS_OF_REASON),
            to_the_second(one.submitted_at),
            list(one.evidence.select_related("document")),
            False,
        )
        for one, reasons in [(deal, found[0].reasons), *((rival.deal, rival.reasons) for rival in found)]
    ]


@require_safe
def appeal_list(request: HttpRequest) -> HttpResponse:
    """For the vendor: open appeals first, what is due first on top."""
    require(request.user, "deals.see_appeals")
    show = request.GET.get("show", "open")
    if show not in SHOWN:
        show = "open"
    seen = Appeal.objects.visible_to(request.user)
    counts = seen.aggregate(
        open=Count("pk", filter=SHOWN["open"]), decided=Count("pk", filter=SHOWN["decided"])
    )
    order = ["due_at", "pk"] if show == "open" else [F("decided_at").desc(nulls_first=True), "due_at", "pk"]
    chosen = seen.filter(SHOWN[show]).select_related("deal__partner", "deal__edition", "rejected_by")
    page = CappedPaginator(chosen.order_by(*order), PER_PAGE).get_page(request.GET.get("page"))
    labels = {"open": _("Open"), "decided": pgettext("several appeals", "Decided"), "all": _("All")}
    context = {
        "page_obj": page,
        "show": show,
        "yours": set(appeals_to_judge(request.user).order_by().values_list("pk", flat=True)),
        "tabs": [
            {"label": labels[key], "url": f"?show={key}", "active": key == show, "count": counts.get(key)}
            for key in SHOWN
        ],
    }
    return render(request, "deals/appeals.html", context)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The overturn rate by reason, country and outcome, for the vendor alone."""
    require(request.user, "deals.see_appeals")
    period = request.GET.get("period", "365")
    if period not in PERIODS:
        period = "365"
    days = PERIODS[period]
    at = timezone.now()
    fewest = rulebook_on(timezone.localdate(at)).deal_registration.appeals_to_publish
    found = overturn_figures(request.user, at - timedelta(days=days) if days else None, fewest=fewest)
    labels = {"90": _("90 days"), "365": _("12 months"), "all": pgettext("period", "Always")}
    reasons, outcomes = dict(APPEALABLE), dict(AppealOutcome.choices)
    context = {
        "figures": found,
        "appeals_url": reverse("deals:appeals"),
        "few_hint": ngettext(
            "No rate under %(n)d appeal", "No rate under %(n)d appeals: nobody is singled out", fewest
        )
        % {"n": fewest},
        "overturned_hint": ngettext("%(n)d overturned", "%(n)d overturned", found.total.overturned)
        % {"n": found.total.overturned},
        "tabs": [{"label": labels[key], "url": f"?period={key}", "active": key == period} for key in PERIODS],
        "tables": [
            _table(
                _("By reason of the decision"),
                "circle-x",
                _("Reason"),
                [_row(reasons.get(rate.key, rate.key), rate.decided, rate.pct) for rate in found.by_code],
            ),
            _table(
                _("By country"),
                "map-pin",
                _("Country"),
                [_row(country_name(rate.key), rate.decided, rate.pct) for rate in found.by_country],
            ),
            _table(
                _("By outcome"),
                "gavel",
                _("Outcome"),
                [_row(outcomes.get(code, code), count) for code, count in found.by_outcome],
                rates=False,
            ),
        ],
    }
    return render(request, "deals/appeal_figures.html", context)


def _table(
    title: str, icon: str, column: str, rows: list[dict[str, Any]], *, rates: bool = True
) -> dict[str, Any]:
    return {"title": title, "icon": icon, "column": column, "rows": rows, "rates": rates}


def _row(label: Any, decided: int, pct: int | None = None) -> dict[str, Any]:
    return {"label": label, "decided": decided, "pct": pct}
