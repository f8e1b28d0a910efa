"""Lists of deals, the queue of those who decide, and their files."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Window
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from dealreg.deals.amendments import amendments_to_decide
from dealreg.deals.bulk import MOST_AT_ONCE, bulk_actions_for
from dealreg.deals.forms.filters import DealFilter, QueueFilter
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Conflict, Deal, RevocationNotice
from dealreg.deals.registering_right import may_register_something
from dealreg.deals.revocations import heard_notices
from dealreg.deals.selectors import extensions_to_decide, queue_of, reviewing_step
from dealreg.deals.tables import DealTable
from dealreg.deals.views.remembered import query_without_blanks, remember_list
from dealreg.deals.views.wording import grounds_of_revocation, rule_of_rejection, rule_of_revocation
from partners.lists.pages import ListPage
from partners.lists.selectors import views_of
from partners.organisations.access import can, require
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES
from portal.core.exports import Money, Percent, file_response
from portal.core.formats import format_number
from portal.core.pagination import CappedPaginator, show_page_of
from portal.core.typed import typed

PER_PAGE = 25
MOST_CHOICES = 20
# Long texts that no list shows.
_TEXTS = ("engagement", "notes", "decision_text", "end_text")


def _filtered(request: HttpRequest) -> DealFilter:
    require(request.user, "deals.see")
    deals = Deal.objects.visible_to(request.user).select_related(
        "partner", "distributor", "product_group", "edition"
    )
    return DealFilter(request.GET, deals.defer(*_TEXTS).with_requests(), user=request.user)


def deals_of_query(user: User, query: QueryDict) -> QuerySet[Deal]:
    """All that the list shows for this query, in its order."""
    filters = DealFilter(query, Deal.objects.visible_to(user), user=user)
    table = DealTable(filters.qs, role=user.acting_as.role)
    if order := query.get("sort", ""):
        table.order_by = order
    return table.data.data


def _understood(query: QueryDict, user: User) -> QueryDict:
    return DealFilter(query, Deal.objects.none(), user=user).understood


def _understood_of_queue(query: QueryDict, user: User) -> QueryDict:
    return QueueFilter(query, Deal.objects.none(), user=user).understood


def queue_of_query(user: User, query: QueryDict, now: datetime) -> QuerySet[Deal]:
    return QueueFilter(query, queue_of(user, now), user=user).qs


DEALS = ListPage("deals", gettext_lazy("Deals"), "deals:list", "deals.see", _understood)
QUEUE = ListPage("queue", gettext_lazy("Queue"), "deals:queue", "deals.see_queue", _understood_of_queue)
# The same page, as the vendor knows it.
APPROVALS = ListPage(
    "approvals", gettext_lazy("Approvals"), "deals:queue", "deals.decide_as_vendor", _understood_of_queue
)


def _table(request: HttpRequest, filters: DealFilter) -> DealTable:
    return DealTable(
        filters.qs,
        role=request.user.acting_as.role,
        may_register=can(request.user, "deals.register") or can(request.user, "deals.register_on_behalf"),
        chosen=filters.form.cleaned_data.get("col") or () if filters.form.is_valid() else (),
        # A partner with one distributor needs no column for it.
        exclude=() if "distributor" in filters.filters else ("distributor",),
    )


@require_safe
def deal_list(request: HttpRequest) -> HttpResponse:
    filters = _filtered(request)
    views = views_of(request.user, DEALS, query=filters.understood, opened=request.GET.get("view", ""))
    if views.default_address and not request.GET and not request.htmx:
        return redirect(views.default_address)
    table = _table(request, filters)
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Deals")
    table.filtered, table.clear_url = filters.is_set, views.plain_address
    table.empty_state = {"title": _("No deal yet"), "icon": "briefcase", "text": _empty_text(request)}
    invited = may_register_something(request.user, timezone.localdate())
    if invited:
        table.empty_state |= {"url": "/deals/register/", "action": _("Register a deal")}
    elif can(request.user, "deals.register"):
        table.empty_state |= {
            "url": "/deals/register/",
            "action": _("What would change it"),
            "text": _("Your company cannot register deals at present."),
        }
    remember_list(request)
    query = query_without_blanks(request)
    context = {
        "filter": filters,
        "table": table,
        "query": query,
        "subtitle": _subtitle(request),
        "invited": invited,
        "views": views,
        "clear_url": views.plain_address,
        "bulk_actions": bulk_actions_for(request.user),
        "bulk_limit": MOST_AT_ONCE,
        # What the choice of columns takes along.
        "kept": [
            (name, value) for name, values in filters.understood.lists() for value in values if name != "col"
        ],
        "may_register": can(request.user, "deals.register"),
        "may_register_on_behalf": can(request.user, "deals.register_on_behalf"),
    }
    response = render(request, "deals/list.html", context)
    if request.htmx:
        response["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    return response


def _subtitle(request: HttpRequest) -> str:
    role = request.user.acting_as.role
    if role in PARTNER_ROLES:
        return _("All registrations of your company, drafts included")
    if role in DISTRIBUTOR_ROLES:
        return _("All registrations that name your company as distributor")
    return _("All registrations of the partners in your region")


def _empty_text(request: HttpRequest) -> str:
    if request.user.acting_as.role in PARTNER_ROLES:
        return _("A registered deal is protected once it is approved, and brings an additional discount.")
    return _("Registrations appear here as soon as a partner submits one.")


HEADER = (
    gettext_lazy("Number"),
    gettext_lazy("Status"),
    gettext_lazy("End customer"),
    gettext_lazy("Country"),
    gettext_lazy("Web domain"),
    gettext_lazy("VAT or company number"),
    gettext_lazy("Product group"),
    gettext_lazy("Nodes"),
    gettext_lazy("Partner number"),
    gettext_lazy("Partner"),
    gettext_lazy("Distributor"),
    gettext_lazy("Currency"),
    gettext_lazy("List price"),
    gettext_lazy("Ceiling in %"),
    gettext_lazy("Granted in %"),
    gettext_lazy("Expected closing date"),
    pgettext_lazy("date", "Submitted"),
    gettext_lazy("Decision due"),
    gettext_lazy("Protected until"),
    gettext_lazy("End customer's discount"),
    gettext_lazy("Net basis"),
    gettext_lazy("Reason of the refusal"),
    gettext_lazy("Rule"),
    gettext_lazy("Appeal possible until"),
    gettext_lazy("Ended on"),
    gettext_lazy("Distributor's order reference"),
    gettext_lazy("Order date"),
    gettext_lazy("Order amount"),
    gettext_lazy("Order confirmed by the distributor"),
    gettext_lazy("Reason of the loss"),
    gettext_lazy("Competitor"),
)


def export_rows(deals: QuerySet[Deal] | list[Deal]) -> Iterator[list[Any]]:
    for deal in deals.iterator(chunk_size=500) if isinstance(deals, QuerySet) else deals:
        yield [
            deal.reference,
            deal.get_status_display(),
            deal.customer_name,
            deal.customer_country,
            deal.web_domain,
            deal.company_number,
            str(deal.product_group or ""),
            deal.nodes,
            deal.partner.reference,
            deal.partner.trade_name,
            deal.distributor.name if deal.distributor else "",
            deal.currency,
            Money(deal.list_amount, deal.currency),
            Percent(deal.ceiling_pct),
            Percent(deal.granted_pct),
            deal.expected_close_on,
            deal.submitted_at,
            deal.decision_due_at,
            deal.protected_until,
            Money(deal.end_user_discount, deal.currency),
            Money(deal.net_amount, deal.currency),
            *_refusal_cells(deal),
            deal.ended_on,
            *_order_cells(deal),
            deal.get_loss_code_display(),
            deal.lost_to,
        ]


def _refusal_cells(deal: Deal) -> list[Any]:
    """Reason, rule and the last day for an appeal; the explanation stands on the deal's page."""
    match deal.status:
        case DealStatus.REJECTED:
            rule = rule_of_rejection(deal.rejection_code)
            return [deal.get_rejection_code_display(), rule, deal.appeal_until]
        case DealStatus.REVOKED:
            return [grounds_of_revocation(deal), rule_of_revocation(deal), deal.appeal_until]
    return ["", "", None]


def _order_cells(deal: Deal) -> list[Any]:
    """Rule E10: the order as it was reported, and what its distributor says of it."""
    if deal.status != DealStatus.WON:
        return ["", None, None, ""]
    if deal.order_confirmed_at is not None:
        confirmed = _("Confirmed")
    elif deal.order_disputed_at is not None:
        confirmed = _("Not found by the distributor")
    else:
        confirmed = _("To confirm")
    return [deal.order_reference, deal.order_date, Money(deal.order_amount, deal.currency), confirmed]


def deals_file(kind: str, deals: QuerySet[Deal] | list[Deal]) -> HttpResponseBase:
    name = f"deals-{timezone.localdate():%Y-%m-%d}"
    return file_response(kind, name, _("Deals"), HEADER, export_rows(deals))


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the list shows, all pages of it, in its order."""
    table = _table(request, _filtered(request))
    RequestConfig(request, paginate=False).configure(table)
    return deals_file(kind, table.data.data)


@require_safe
def partner_choices(request: HttpRequest) -> JsonResponse:
    """Partners for the search as one types: those that the reader sees."""
    require(request.user, "partners.list")
    wanted = typed(request)
    if len(wanted) < 2:
        return JsonResponse({"results": []})
    partners = Partner.objects.visible_to(request.user)
    found = partners.named_like(wanted) | partners.filter(reference=wanted.upper())
    results = [
        {"id": one.reference, "text": one.trade_name, "hint": f"{one.reference} · {one.city or one.country}"}
        for one in found.order_by("trade_name", "pk")[:MOST_CHOICES]
    ]
    return JsonResponse({"results": results})


def _with_facts(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    conflicts = Conflict.objects.open().filter(later=OuterRef("pk"))
    return (
        deals.select_related("partner", "distributor", "product_group", "registered_by", "edition")
        .defer(*_TEXTS)
        .annotate(
            has_conflict=Exists(conflicts),
            conflict_pk=Subquery(conflicts.order_by("pk").values("pk")[:1]),
        )
    )


def _revocations_to_decide(user: User, now: datetime) -> QuerySet[RevocationNotice] | list[RevocationNotice]:
    if not can(user, "deals.revoke"):
        return []
    heard = heard_notices(user, now).exclude(deal__registered_by=user)
    return heard.select_related("deal__partner", "announced_by").order_by("statement_until", "pk")[:PER_PAGE]


def _orders_to_confirm(user: User, step: Step | None) -> QuerySet[Deal] | list[Deal]:
    """Rule E10: what the distributor still has to say of orders; a disputed one waits for the partner."""
    if step != Step.DISTRIBUTOR:
        return []
    orders = Deal.objects.visible_to(user).orders_to_confirm().select_related("partner").defer(*_TEXTS)
    return orders.annotate(in_all=Window(Count("pk")))


PARTS_OF_QUEUE = {
    "extensions": gettext_lazy("Extensions to decide"),
    "amendments": gettext_lazy("Changes to decide"),
    "orders": gettext_lazy("Orders to confirm"),
    "revocations": gettext_lazy("Revocations to decide"),
    "overdue": gettext_lazy("Overdue at distributors"),
    "waiting": gettext_lazy("Waiting for the partner"),
}


def _parts_of_queue(to_decide: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The lists of the page that are not empty, to jump to: the lower ones are out of sight."""
    parts = [{"label": _("To decide"), "url": "#to-decide", "count": to_decide}]
    return parts + [
        {"label": label, "url": f"#{name}", "count": format_number(counts[name])}
        for name, label in PARTS_OF_QUEUE.items()
        if counts[name]
    ]


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for the reader's decision, what is due first on top. Of a conflict a distributor
    learns only that another registration came first (rule E6)."""
    step = reviewing_step(request.user)
    if step is None:
        require(request.user, "deals.see_queue")
    now = timezone.now()
    filters = QueueFilter(request.GET, queue_of(request.user, now), user=request.user)
    kept_as = APPROVALS if step == Step.VENDOR else QUEUE
    views = views_of(request.user, kept_as, query=filters.understood, opened=request.GET.get("view", ""))
    if views.default_address and not request.GET and not request.htmx:
        return redirect(views.default_address)
    visible = Deal.objects.visible_to(request.user)
    page = CappedPaginator(_with_facts(filters.qs), PER_PAGE).get_page(request.GET.get("page"))
    waiting = visible.filter(status=DealStatus.INFORMATION_REQUESTED, step=step).order_by("changed_at", "pk")
    overdue = visible.none()
    if step == Step.VENDOR:
        # Those that are open to the channel manager stand above.
        overdue = visible.to_decide(Step.DISTRIBUTOR).overdue(now).filter(vendor_may_decide_at__gt=now)
    extensions = extensions_to_decide(request.user, now).select_related(
        "deal__partner", "deal__distributor", "deal__product_group", "deal__edition", "asked_by"
    )
    amendments = amendments_to_decide(request.user, now).select_related(
        "deal__partner", "deal__product_group", "asked_by"
    )
    orders = list(_orders_to_confirm(request.user, step)[:PER_PAGE])
    lists = {
        "extensions": list(extensions[:PER_PAGE]),
        "amendments": list(amendments[:PER_PAGE]),
        "orders": orders,
        "revocations": list(_revocations_to_decide(request.user, now)),
        "overdue": list(_with_facts(overdue)[:PER_PAGE]),
        "waiting": list(_with_facts(waiting)[:PER_PAGE]),
    }
    counts = {name: len(rows) for name, rows in lists.items()}
    counts["orders"] = orders[0].in_all if orders else 0
    parts = _parts_of_queue(
        format_number(page.paginator.count) + ("+" if page.paginator.capped else ""), counts
    )
    context = lists | {
        "page": page,
        "filter": filters,
        "views": views,
        "parts": parts,
        "orders_count": counts["orders"],
        "may_confirm": can(request.user, "deals.confirm_order"),
        "is_vendor": step == Step.VENDOR,
        "may_decide": can(request.user, "deals.decide_as_distributor")
        or can(request.user, "deals.decide_as_vendor"),
        "sees_conflicts": can(request.user, "deals.see_conflicts"),
        "bulk_actions": bulk_actions_for(request.user),
        "bulk_limit": MOST_AT_ONCE,
        "query": query_without_blanks(request),
        "now": now,
    }
    return render(request, "deals/queue.html", context)
