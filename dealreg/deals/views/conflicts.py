"""Conflicts between registrations: seen and settled by the vendor alone (rules E5, E6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import format_time
from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from dealreg.deals.actions import settle_conflict
from dealreg.deals.forms.conflicts import SettleForm
from dealreg.deals.lifecycle import ACTIVE
from dealreg.deals.models import Conflict, ConflictOutcome, Deal
from dealreg.deals.selectors import identity_of, is_registrant, pair_of, rejected_before_by
from partners.customers.matching import compare
from partners.customers.selectors import word_weights
from partners.customers.wording import code_of, reason_words
from partners.organisations.access import can, require
from portal.core import formats
from portal.core.errors import RuleViolation, WrongState
from portal.core.languages import language_of
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation

PER_PAGE = 25
SHOWN = {"open": Q(outcome=""), "settled": ~Q(outcome=""), "all": Q()}
# Which typed facts a reason is about.
FACTS_OF_REASON = {
    "number": "company_number",
    "domain": "web_domain",
    "name": "customer_name",
    "name_alike": "customer_name",
    "place": "customer_city",
}


@require_safe
def conflict_list(request: HttpRequest) -> HttpResponse:
    require(request.user, "deals.see_conflicts")
    show = request.GET.get("show", "open")
    if show not in SHOWN:
        show = "open"
    seen = Conflict.objects.visible_to(request.user)
    counts = seen.aggregate(
        open=Count("pk", filter=SHOWN["open"]), settled=Count("pk", filter=SHOWN["settled"])
    )
    chosen = seen.filter(SHOWN[show]).select_related(
        "later__partner",
        "later__product_group",
        "later__distributor",
        "earlier__partner",
        "earlier__distributor",
    )
    # Open ones first, the longest waiting on top; of the settled ones the latest.
    latest_settled = F("settled_at").desc(nulls_first=True)
    order = ["found_at", "pk"] if show == "open" else [latest_settled, "-found_at", "-pk"]
    page = CappedPaginator(chosen.order_by(*order), PER_PAGE).get_page(request.GET.get("page"))
    labels = {"open": _("Open"), "settled": pgettext("several conflicts", "Settled"), "all": _("All")}
    context = {
        "page_obj": page,
        "rows": [{"conflict": conflict, "reasons": reason_words(conflict.reasons)} for conflict in page],
        "show": show,
        "tabs": [
            {
                "label": labels[key],
                "url": f"?show={key}",
                "active": key == show,
                "count": counts.get(key),
            }
            for key in SHOWN
        ],
    }
    return render(request, "deals/conflicts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def conflict_page(request: HttpRequest, pk: int) -> HttpResponse:
    conflict = get_object_or_404(
        Conflict.objects.visible_to(request.user).select_related("settled_by"), pk=pk
    )
    earlier, later = pair_of(conflict)
    if request.method == "POST":
        require(request.user, "deals.settle_conflicts", conflict)
        form = SettleForm(request.POST)
        if form.is_valid():
            decision = form.cleaned_data | {"message": _message_sent(form.cleaned_data, earlier, later)}
            try:
                settle_conflict(conflict, by=request.user, at=timezone.now(), **decision)
            except WrongState:
                messages.warning(
                    request, _("Nothing was changed: this conflict has been settled in the meantime.")
                )
                return redirect(conflict)
            except RuleViolation as refusal:
                add_violation(form, refusal)
            else:
                conflict.refresh_from_db(fields=["outcome"])
                messages.success(request, _receipt(conflict, earlier, later))
                return redirect(conflict)
    else:
        form = SettleForm(initial={"message": neutral_message(later)})
    seen = set(
        Deal.objects.visible_to(request.user)
        .filter(pk__in=[earlier.pk, later.pk])
        .values_list("pk", flat=True)
    )
    matching = matching_facts(earlier, later, conflict)
    own = [deal for deal in (earlier, later) if is_registrant(request.user, deal)]
    overturned = request.user.pk in (rejected_before_by(earlier), rejected_before_by(later))
    context = {
        "conflict": conflict,
        "settled_before": [_as_settled(one) for one in conflict.settled_before],
        "reasons": reason_words(conflict.reasons),
        "sides": [
            _side(deal, role, seen, matching, conflict)
            for deal, role in ((earlier, "earlier"), (later, "later"))
        ],
        "form": form
        if can(request.user, "deals.settle_conflicts") and not conflict.outcome and not own and not overturned
        else None,
        "own_registration": own and not conflict.outcome,
        "overturned": overturned and not conflict.outcome,
        "earlier_goes_on": earlier.status in ACTIVE,
        "later_goes_on": later.status in ACTIVE,
    }
    return render(request, "deals/conflict.html", context)


def _as_settled(one: dict[str, str]) -> dict[str, Any]:
    """How it was settled before it was opened anew, in the reader's words."""
    outcome = dict(ConflictOutcome.choices).get(one["outcome"], one["outcome"])
    return one | {"outcome": outcome, "at": datetime.fromisoformat(one["at"])}


def _receipt(conflict: Conflict, earlier: Deal, later: Deal) -> str:
    """What the settlement did to the two as they were before it."""
    if conflict.outcome == ConflictOutcome.DIFFERENT:
        return _("Settled: both registrations go on.")
    loser = later if conflict.outcome == ConflictOutcome.EARLIER_STANDS else earlier
    text = (
        _("Settled: %(outcome)s. The partner whose registration ends has been told.")
        if loser.status in ACTIVE
        else _("Settled: %(outcome)s. The other one is closed already and stays as it is.")
    )
    return text % {"outcome": conflict.get_outcome_display()}


@dataclass(frozen=True)
class Side:
    deal: Deal
    role: str
    is_seen: bool
    matching: frozenset[str]
    submitted: str
    files: list[Any]
    prevailed: bool


def _side(deal: Deal, role: str, seen: set[int], matching: frozenset[str], conflict: Conflict) -> Side:
    winner = {"earlier_stands": "earlier", "later_prevails": "later"}.get(conflict.outcome, "")
    return Side(
        deal,
        role,
        deal.pk in seen,
        matching,
        to_the_second(deal.submitted_at),
        list(deal.evidence.select_related("document")),
        winner == role,
    )


def to_the_second(at: datetime) -> str:
    """Who came first may hang on seconds."""
    local = formats.local_moment(at)
    time = format_time(local, "medium", locale=formats.babel_locale())
    return f"{formats.format_day(at)}, {time} {local.tzname()}"


def matching_facts(earlier: Deal, later: Deal, conflict: Conflict) -> frozenset[str]:
    """The typed facts to highlight. Where the two were recognised through what the portal had learnt
    from others, the typed ones alone may not match: then the reasons noted at the time stand."""
    comparison = compare(identity_of(earlier), identity_of(later), word_weights())
    codes = [finding.code for finding in comparison.findings]
    codes = codes or [code_of(reason) for reason in conflict.reasons]
    return frozenset(FACTS_OF_REASON[code] for code in codes if code in FACTS_OF_REASON)


def _message_sent(decision: dict[str, Any], earlier: Deal, later: Deal) -> str:
    """What the manager wrote; the text to start from, left as it was, in the language of whose
    registration ends."""
    message = decision["message"]
    if message.strip() not in (neutral_message(earlier), neutral_message(later)):
        return message
    return neutral_message(earlier if decision["outcome"] == ConflictOutcome.LATER_PREVAILS else later)


def neutral_message(deal: Deal) -> str:
    """To start from, in the language of the partner's person who registered; it names
    neither the other company nor any number, for it may go to either of the two."""
    language = deal.registered_by.language or language_of(deal.partner.country)
    with translation.override(language):
        return _(
            "We have examined your registration once more. This opportunity cannot be protected for your "
            "company. You can go on selling to this customer at your tier's recommended discount."
        )
