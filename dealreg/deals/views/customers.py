"""The register of end customers, for the vendor alone (rule E6): who is who, merged and split."""

from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.db.models import Count, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from dealreg.deals.actions import merge_customers, split_customer, undo_customer_change
from dealreg.deals.forms.customers import CustomerFilter, ReasonForm, SplitForm
from dealreg.deals.lifecycle import ACTIVE
from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from partners.customers.matching import Verdict, compare
from partners.customers.models import ChangeKind, Customer, CustomerChange, ObservationKind
from partners.customers.selectors import changes_of, observed_of, possible_duplicates, word_weights
from partners.customers.wording import finding_words
from partners.lists.pages import ListPage
from partners.lists.selectors import views_of
from partners.organisations.access import can, require
from portal.accounts.models import User
from portal.audit.models import Audience
from portal.audit.selectors import timeline
from portal.core.errors import RuleViolation, WrongState
from portal.core.formats import country_name
from portal.core.pagination import show_page_of
from portal.core.references import read_reference
from portal.core.web import add_violation, message_with_rule

PER_PAGE = 25
MOST_DEALS = 200
KIND_LABELS = {
    ObservationKind.NAME: gettext_lazy("Names"),
    ObservationKind.NUMBER: gettext_lazy("Company numbers"),
    ObservationKind.DOMAIN: gettext_lazy("Web domains"),
    ObservationKind.PLACE: gettext_lazy("Towns"),
}


class CustomerTable(tables.Table):
    name = tables.Column(
        verbose_name=gettext_lazy("End customer"),
        order_by=("name_key", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    city = tables.Column(
        verbose_name=gettext_lazy("Town"), order_by=("country", "name_key", "pk"), empty_values=()
    )
    company_number = tables.Column(verbose_name=gettext_lazy("Company number"), orderable=False)
    domain = tables.Column(verbose_name=gettext_lazy("Web domain"), orderable=False)
    registrations = tables.Column(
        verbose_name=gettext_lazy("Deals"),
        orderable=False,
        attrs={"td": {"class": "num"}, "th": {"class": "num"}},
    )
    active = tables.Column(
        verbose_name=pgettext_lazy("several deals", "Active"),
        orderable=False,
        attrs={"td": {"class": "num phone-end"}, "th": {"class": "num"}},
    )

    def render_name(self, record: Customer) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary ref">{}</div>',
            record.get_absolute_url(),
            record.name,
            record.reference,
        )

    def render_city(self, record: Customer) -> Any:
        place = country_name(record.country)
        return format_html("<bdi>{}</bdi>, {}", record.city, place) if record.city else place

    def render_company_number(self, value: str) -> SafeString:
        return format_html("<bdi>{}</bdi>", value)

    def render_domain(self, value: str) -> SafeString:
        return format_html("<bdi>{}</bdi>", value)


def _counted(deals: DealQuerySet) -> Combinable:
    """Of the record, and of those merged into it: a deal that was protected on the day of the merge may
    have stayed where it was (decision record 0013). Two sums, for an OR over both would read every deal."""
    return _of_record(deals, "customer") + _of_record(deals, "customer__merged_into")


def _of_record(deals: DealQuerySet, field: str) -> Coalesce:
    of_record = deals.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Coalesce(Subquery(of_record.annotate(number=Count("pk")).values("number")), 0)


def _understood(query: QueryDict, user: User) -> QueryDict:
    countries = user.acting_as.vendor_office.countries
    return CustomerFilter(
        query, Customer.objects.none(), countries=countries, deals=Deal.objects.none()
    ).understood


CUSTOMERS = ListPage(
    "customers", gettext_lazy("End customers"), "customers:list", "customers.see", _understood
)


@require_safe
def customer_list(request: HttpRequest) -> HttpResponse:
    membership = require(request.user, "customers.see")
    seen = Deal.objects.visible_to(request.user)
    rows = (
        Customer.objects.visible_to(request.user)
        .current()
        .annotate(registrations=_counted(seen), active=_counted(seen.filter(status__in=ACTIVE)))
    )
    chosen = CustomerFilter(request.GET, rows, countries=membership.vendor_office.countries, deals=seen)
    views = views_of(request.user, CUSTOMERS, query=chosen.understood, opened=request.GET.get("view", ""))
    if views.default_address and not request.GET and not request.htmx:
        return redirect(views.default_address)
    searched = chosen.form.is_valid() and bool(chosen.form.cleaned_data["q"])
    table = CustomerTable(chosen.qs, **({} if searched else {"order_by": "name"}))
    show_page_of(table, request, PER_PAGE)
    table.caption = _("End customers")
    table.empty_state = (
        {
            "title": _("No customer matches"),
            "icon": "filter-off",
            "text": _("Try another spelling, a company number, a web domain or the number of a deal."),
            "clear_url": views.plain_address,
        }
        if chosen.is_set
        else {
            "title": _("No end customer yet"),
            "icon": "building-community",
            "text": _("Each registration makes its customer known here, or is recognised as a known one."),
        }
    )
    return render(request, "deals/customers.html", {"table": table, "filter": chosen, "views": views})


def _customer(request: HttpRequest, ref: str) -> Customer:
    require(request.user, "customers.see")
    rows = Customer.objects.visible_to(request.user).select_related("merged_into")
    return get_object_or_404(rows, reference=ref)


def _deals_of(request: HttpRequest, customer: Customer) -> list[Deal]:
    seen = Deal.objects.visible_to(request.user).of_customers([customer.pk])
    rows = seen.select_related("partner", "distributor", "product_group", "customer")
    return list(rows.order_by("-submitted_at", "-pk")[:MOST_DEALS])


@require_safe
def customer_page(request: HttpRequest, ref: str) -> HttpResponse:
    customer = _customer(request, ref)
    manages = can(request.user, "customers.manage")
    deals = _deals_of(request, customer)
    known_deals = {deal.reference for deal in deals}
    observed = observed_of(customer)
    duplicates = [] if customer.merged_into else possible_duplicates(customer)
    changes = changes_of(customer)
    wanted = {one.customer.pk for one in duplicates} | {change.kept_id for change in changes}
    wanted |= {change.other_id for change in changes}
    split_from = {
        change.other_id if change.kept_id == customer.pk else change.kept_id: change
        for change in reversed(changes)
        if change.kind == ChangeKind.SPLIT and change.undone_at is None
    }
    visible = set(
        Customer.objects.visible_to(request.user).filter(pk__in=wanted).values_list("pk", flat=True)
    )
    context = {
        "customer": customer,
        "observed": [
            {"kind": kind, "label": KIND_LABELS[ObservationKind(kind)], "seen": seen}
            for kind, seen in observed.items()
            if seen
        ],
        "known_deals": known_deals,
        "deals": deals,
        "duplicates": [
            {
                "customer": one.customer,
                "split": split_from.get(one.customer.pk),
                "words": finding_words(one.comparison.findings),
                "is_same": one.comparison.verdict == Verdict.SAME,
            }
            for one in duplicates
            if one.customer.pk in visible
        ],
        "changes": [
            {
                "change": change,
                "is_merge": change.kind == ChangeKind.MERGE,
                "partner": change.other if change.kept_id == customer.pk else change.kept,
                "may_undo": manages
                and change.undone_at is None
                and {change.kept_id, change.other_id} <= visible,
            }
            for change in changes
        ],
        "events": timeline(customer, list(Audience)),
        "manages": manages and customer.merged_into is None,
        "may_split": len(observed[ObservationKind.NAME]) > 1,
    }
    return render(request, "deals/customer.html", context)


@require_safe
def merge_choice(request: HttpRequest, ref: str) -> HttpResponse:
    """The number of the other record, typed on the page of the one: leads to both side by side."""
    customer = _customer(request, ref)
    require(request.user, "customers.manage", customer)
    other = read_reference("C", request.GET.get("other", ""))
    rows = Customer.objects.visible_to(request.user).current()
    if other is None or other == customer.reference or not rows.filter(reference=other).exists():
        messages.error(request, _("There is no other customer with this number."))
        return redirect(customer)
    return redirect("customers:merge", customer.reference, other)


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, ref: str, other_ref: str) -> HttpResponse:
    kept, absorbed = _customer(request, ref), _customer(request, other_ref)
    require(request.user, "customers.manage", kept)
    form = ReasonForm(request.POST or None)
    if kept == absorbed:
        return redirect(kept)
    if request.method == "POST" and form.is_valid():
        try:
            merge_customers(
                kept, absorbed, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except WrongState as refusal:
            messages.warning(request, message_with_rule(refusal))
        else:
            messages.success(
                request,
                _("Merged: %(other)s is part of %(kept)s now. You can undo it below.")
                % {"other": absorbed.reference, "kept": kept.reference},
            )
        return redirect(kept)
    if kept.merged_into or absorbed.merged_into:
        return redirect(kept)
    comparison = compare(kept.identity, absorbed.identity, word_weights())
    sides = [_side(request, kept), _side(request, absorbed)]
    context = {
        "kept": kept,
        "absorbed": absorbed,
        "sides": sides,
        "words": finding_words(one for one in comparison.findings if not one.is_against),
        "against": finding_words(one for one in comparison.findings if one.is_against),
        "both": _in_both(sides),
        "form": form,
    }
    return render(request, "deals/customer_merge.html", context)


def _side(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    observed = observed_of(customer)
    return {
        "customer": customer,
        "observed": [
            {"kind": kind, "label": KIND_LABELS[ObservationKind(kind)], "seen": seen}
            for kind, seen in observed.items()
        ],
        "keys": {(kind, one.value) for kind, seen in observed.items() for one in seen},
        "deals": _deals_of(request, customer),
    }


def _in_both(sides: list[dict[str, Any]]) -> dict[str, Any]:
    """What both records have: facts to highlight, and product groups for which a conflict will open."""
    groups = [{deal.product_group for deal in side["deals"] if deal.status in ACTIVE} for side in sides]
    return {
        "values": {value for _kind, value in sides[0]["keys"] & sides[1]["keys"]},
        "groups": sorted(str(group) for group in groups[0] & groups[1]),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def split(request: HttpRequest, ref: str) -> HttpResponse:
    customer = _customer(request, ref)
    require(request.user, "customers.manage", customer)
    if customer.merged_into:
        return redirect(customer)
    form = SplitForm(
        request.POST or None,
        observed=observed_of(customer),
        deals=_deals_of(request, customer),
        own=set(customer.observations.values_list("pk", flat=True)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            change = split_customer(
                customer,
                by=request.user,
                at=timezone.now(),
                reason=form.cleaned_data["reason"],
                observations=form.cleaned_data["observations"],
                deals=form.cleaned_data.get("deals", []),
            )
        except WrongState as refusal:
            messages.warning(request, message_with_rule(refusal))
            return redirect(customer)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request,
                _("Split: the new record is %(new)s. You can undo it below.")
                % {"new": change.other.reference},
            )
            return redirect(customer)
    return render(request, "deals/customer_split.html", {"customer": customer, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    require(request.user, "customers.see")
    rows = CustomerChange.objects.visible_to(request.user).select_related("kept", "other", "by")
    change = get_object_or_404(rows, pk=pk)
    for customer in (change.kept, change.other):
        require(request.user, "customers.manage", customer)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            undo_customer_change(
                change, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except WrongState as refusal:
            messages.warning(request, message_with_rule(refusal))
        else:
            messages.success(request, _("Undone: both records are as they were."))
        return redirect(change)
    if change.undone_at is not None:
        messages.info(request, _("This change has been undone already."))
        return redirect(change)
    context = {
        "change": change,
        "form": form,
        "is_merge": change.kind == ChangeKind.MERGE,
        "deals": ngettext("%(number)d deal goes back", "%(number)d deals go back", _moved(change))
        % {"number": _moved(change)},
    }
    return render(request, "deals/customer_undo.html", context)


def _moved(change: CustomerChange) -> int:
    return len(change.carried.get("deals", {}))
