"""Several deals at once: chosen on a list, looked at on a page of their own, then done one by one."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dealreg.deals.bulk import BULK_ACTIONS, MOST_AT_ONCE, BulkAction, bulk_actions_for, run_on_each
from dealreg.deals.competitors import known_competitors
from dealreg.deals.forms.bulk import FORMS
from dealreg.deals.models import Deal
from dealreg.deals.views.listing import deals_file, deals_of_query, queue_of_query
from partners.organisations.access import require
from portal.core.references import read_reference

_FILES = {"export-csv": "csv", "export-xlsx": "xlsx"}
# Where the choice was made, and where one returns to.
_ORIGINS = {"list": "deals:list", "queue": "deals:queue"}


@require_POST
def bulk(request: HttpRequest) -> HttpResponseBase:
    require(request.user, "deals.see")
    name = request.POST.get("action", "")
    if name in _FILES and (whole := _whole_list(request)) is not None:
        return deals_file(_FILES[name], whole)
    deals, more = _chosen(request)
    if not deals:
        messages.warning(request, _("No deal is selected."))
        return redirect(_way_back(request))
    if name in _FILES:
        return deals_file(_FILES[name], deals)
    action = BULK_ACTIONS.get(name)
    if action is None:
        messages.warning(request, _("Choose what to do with the selected deals."))
        return redirect(_way_back(request))
    if action not in bulk_actions_for(request.user):
        require(request.user, action.capabilities[0])
    confirmed = "confirmed" in request.POST
    form = FORMS[name](request.POST if confirmed else None)
    if not confirmed or not form.is_valid():
        return render(
            request, "deals/bulk.html", _context(request, action, deals) | {"form": form, "more": more}
        )
    outcome = run_on_each(action, deals, by=request.user, at=timezone.now(), **form.cleaned_data)
    if outcome.done:
        done = len(outcome.done)
        text = ngettext("Done for %(count)d deal.", "Done for %(count)d deals.", done) % {"count": done}
        messages.success(request, text)
    if not outcome.failed:
        return redirect(_way_back(request))
    return render(
        request, "deals/bulk_failed.html", _context(request, action, deals) | {"failed": outcome.failed}
    )


_RELATED = ("partner", "distributor", "product_group", "edition", "registered_by")


def _whole_list(request: HttpRequest) -> QuerySet[Deal] | None:
    """All that the list shows, where all of it is chosen: a file holds it whole, as that of the list does."""
    if request.POST.get("scope") != "all":
        return None
    query = QueryDict(request.POST.get("query", "")[:4_000])
    if request.POST.get("origin") == "queue":
        found = queue_of_query(request.user, query, timezone.now())
    else:
        found = deals_of_query(request.user, query)
    return found.select_related(*_RELATED)


def _chosen(request: HttpRequest) -> tuple[list[Deal], bool]:
    """Those of the chosen deals that the reader sees, in the order of the list, at most so many; what is
    not theirs is passed over without a word. And whether there were more."""
    if (found := _whole_list(request)) is not None:
        rows = list(found[: MOST_AT_ONCE + 1])
        return rows[:MOST_AT_ONCE], len(rows) > MOST_AT_ONCE
    given = [read_reference("DR", text) for text in request.POST.getlist("deal")[: MOST_AT_ONCE + 1]]
    references = list(dict.fromkeys(one for one in given if one))
    kept = references[:MOST_AT_ONCE]
    seen = Deal.objects.visible_to(request.user).filter(reference__in=kept).select_related(*_RELATED)
    order = {reference: place for place, reference in enumerate(kept)}
    return sorted(seen, key=lambda deal: order[deal.reference]), len(references) > MOST_AT_ONCE


def _way_back(request: HttpRequest) -> str:
    """The list as it was: its filters, order and page."""
    address = reverse(_ORIGINS.get(request.POST.get("origin", ""), "deals:list"))
    query = QueryDict(request.POST.get("query", "")[:4_000]).urlencode()
    return f"{address}?{query}" if query else address


def _context(request: HttpRequest, action: BulkAction, deals: list[Deal]) -> dict[str, Any]:
    return {
        "action": action,
        "deals": deals,
        "limit": MOST_AT_ONCE,
        "back": _way_back(request),
        "origin": request.POST.get("origin", ""),
        "query": request.POST.get("query", "")[:4_000],
        "shows_ceiling": action.name == "approve",
        "competitors": known_competitors() if action.name == "report_lost" else (),
    }
