"""The pipeline: open deals as a board of columns and as a table, with sums by currency."""

from datetime import date
from typing import Any

import django_tables2 as tables
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from dealreg.deals.forms.pipeline import BY_CHOICES, PipelineFilter
from dealreg.deals.lifecycle import ACTIVE, DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.pipeline import BY, MOST_COLUMNS, Column, columns, deal_cards, glance, in_order, open_deals
from dealreg.deals.querysets import DealQuerySet, ends_soon
from dealreg.deals.tables import DealTable
from dealreg.deals.views.listing import HEADER, export_rows
from partners.catalogue.models import ProductGroup
from partners.lists.pages import ListPage
from partners.lists.selectors import views_of
from partners.organisations.access import require
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.accounts.roles import PARTNER_ROLES
from portal.core.calendar import date_in
from portal.core.exports import file_response
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import day

PER_PAGE = 25
_TEXTS = ("engagement", "notes", "decision_text", "end_text")


class PipelineTable(DealTable):
    expected_close_on = tables.Column(
        gettext_lazy("Expected closing date"), order_by=("expected_close_on", "pk")
    )

    class Meta:
        order_by = "expected_close_on"
        order_by_field = "sort"
        default = "–"
        sequence = (
            "reference",
            "customer_name",
            "partner",
            "distributor",
            "product_group",
            "list_amount",
            "expected_close_on",
            "deadline",
            "status",
            "...",
        )

    def render_expected_close_on(self, record: Deal) -> Any:
        return day(record.expected_close_on)


def _today(request: HttpRequest) -> date:
    return date_in(request.user.acting_as.organisation.country, timezone.now())


def _filtered(request: HttpRequest) -> PipelineFilter:
    require(request.user, "deals.see")
    deals = open_deals(Deal.objects.visible_to(request.user)).select_related(
        "partner", "distributor", "product_group", "edition"
    )
    deals = deals.defer(*_TEXTS).with_requests()
    return PipelineFilter(_query(request), deals, user=request.user, today=_today(request))


def _query(request: HttpRequest) -> QueryDict:
    """The table once stood in addresses as `view`, where a saved view stands now."""
    query = request.GET.copy()
    if query.get("view") == "table":
        del query["view"]
        query["display"] = "table"
    return query


def _understood(query: QueryDict, user: User) -> QueryDict:
    today = date_in(user.acting_as.organisation.country, timezone.now())
    return PipelineFilter(query, Deal.objects.none(), user=user, today=today).understood


PIPELINE = ListPage("pipeline", gettext_lazy("Pipeline"), "deals:pipeline", "deals.see", _understood)


def _table(request: HttpRequest, filters: PipelineFilter) -> PipelineTable:
    # Rows are chosen in the list of deals.
    hidden = ["submitted_at", "chosen"] + ([] if "distributor" in filters.filters else ["distributor"])
    return PipelineTable(filters.qs, role=request.user.acting_as.role, exclude=hidden)


@require_safe
def pipeline(request: HttpRequest) -> HttpResponse:
    filters = _filtered(request)
    query = _query(request)
    views = views_of(request.user, PIPELINE, query=filters.understood, opened=query.get("view", ""))
    if views.default_address and not request.GET and not request.htmx:
        return redirect(views.default_address)
    own = request.user.acting_as.role in PARTNER_ROLES
    by = query.get("by", "state")
    if by not in BY or (own and by == "partner"):
        by = "state"
    as_table = query.get("display") == "table"
    today = _today(request)
    found = columns(filters.qs, by)
    shown, left_out = _ordered(request, found, by)
    if not as_table:
        deal_cards(filters.qs, by, shown)
    context = {
        "filter": filters,
        "glance": glance(filters.qs, ends_soon(today, filters.ending_soon_days), today),
        "ending_soon_days": filters.ending_soon_days,
        "by": by,
        "as_table": as_table,
        "own": own,
        "today": today,
        "columns": [(column, _heading(column, by, today, shown_names(shown, by))) for column in shown],
        "left_out": left_out,
        "by_tabs": [
            {"label": label, "url": _address(query, by=code), "active": code == by}
            for code, label in BY_CHOICES
            if not (own and code == "partner")
        ],
        "view_tabs": [
            {"label": _("Board"), "url": _address(query, display=""), "active": not as_table},
            {"label": _("Table"), "url": _address(query, display="table"), "active": as_table},
        ],
        "table_address": _address(query, display="table"),
        "expiring_address": _address(query, deadline="expiring", display="table"),
        "past_address": _address(query, closing="past", display="table"),
        "query": query.urlencode(),
        "views": views,
    }
    if as_table:
        table = _table(request, filters)
        show_page_of(table, request, PER_PAGE)
        table.caption = _("Pipeline")
        table.filtered, table.clear_url = filters.is_set, views.plain_address
        table.empty_state = {"title": _("No open deal"), "icon": "layout-kanban"}
        context["table"] = table
    return render(request, "deals/pipeline.html", context)


def _address(shown: QueryDict, **changes: str) -> str:
    """This page with other settings; the filters stay, the page of the table does not."""
    query = shown.copy()
    for name, value in {"page": "", **changes}.items():
        query[name] = value
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return f"?{query.urlencode()}" if query else "?"


def _ordered(request: HttpRequest, found: list[Column], by: str) -> tuple[list[Column], int]:
    """The columns in the order of their kind, and how many are left out."""
    match by:
        case "state":
            given = {column.key: column for column in found}
            return [given.get(str(status), Column(str(status))) for status in ACTIVE], 0
        case "month":
            return in_order(found, lambda column: (column.key is None, column.key or date.max)), 0
        case "group":
            order = list(ProductGroup.objects.order_by("position").values_list("pk", flat=True))
            return in_order(found, order), 0
        case _:
            ranked = in_order(found, lambda column: (-column.deals, column.key))
            return ranked[:MOST_COLUMNS], max(0, len(ranked) - MOST_COLUMNS)


def shown_names(shown: list[Column], by: str) -> dict[Any, str]:
    """The names of what the columns stand for: one statement for all."""
    keys = [column.key for column in shown]
    if by == "group":
        return dict(ProductGroup.objects.filter(pk__in=keys).values_list("pk", "name"))
    if by == "partner":
        # The deals are the reader's own; so are the names of their partners.
        return dict(Partner.objects.filter(pk__in=keys).values_list("pk", "trade_name"))
    return {}


def _heading(column: Column, by: str, today: date, names: dict[Any, str]) -> dict[str, Any]:
    match by:
        case "state":
            return {"text": str(DealStatus(column.key).label), "status": column.key}
        case "month":
            if column.key is None:
                return {"text": _("Without a date")}
            return {
                "text": date_format(column.key, "YEAR_MONTH_FORMAT"),
                "past": column.key < today.replace(day=1),
            }
    return {"text": names.get(column.key, "")}


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the pipeline shows, all deals of it, in the order of the table."""
    table = _table(request, _filtered(request))
    RequestConfig(request, paginate=False).configure(table)
    deals: DealQuerySet = table.data.data
    return file_response(
        kind, f"pipeline-{timezone.localdate():%Y-%m-%d}", _("Pipeline"), HEADER, export_rows(deals)
    )
