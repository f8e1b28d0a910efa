from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.catalogue.actions import apply_price_import, discard_price_import, keep_price_file
from partners.catalogue.forms import CalculatorForm, CatalogueFilter, PriceFileForm
from partners.catalogue.labels import region_name, term_name
from partners.catalogue.models import PriceImport, PriceList, PriceRegion, Product, ProductGroup
from partners.catalogue.price_file import COLUMNS, Problem
from partners.catalogue.selectors import (
    Quote,
    preview_of,
    price_lists_with_counts,
    price_rows,
    quote,
    read_prices,
    terms_of,
)
from partners.organisations.access import can, require
from partners.programme.rulebook import Rulebook
from partners.programme.rules import check_may_register, recommended_discount_ceiling, registration_ceiling
from partners.programme.selectors import NoEditionInForce, ReaderStanding, rulebook_on, standing_of_reader
from portal.accounts.requests import SignedInRequest
from portal.core.errors import PortalError, RuleViolation
from portal.core.exports import csv_response
from portal.core.pagination import CappedPaginator
from portal.core.web import message_of

PRODUCTS_A_PAGE = 50


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """The official price list of the reader's region, and the amount of a line."""
    require(request.user, "catalogue.see")
    today = timezone.localdate()
    regions = _regions_own_first(request)
    region = next((one for one in regions if one.code == request.GET.get("region")), None)
    if region is None and regions:
        region = regions[0]
    price_list = region.price_lists.valid_on(today).first() if region else None
    terms = [(months, term_name(months)) for months in terms_of(price_list)] if price_list else []
    form = CatalogueFilter(
        request.GET, regions=[(one.code, region_name(one)) for one in regions], terms=terms
    )
    form.is_valid()
    wanted = form.cleaned_data
    products = _products(wanted.get("q", ""), wanted.get("group"))
    page = CappedPaginator(products, PRODUCTS_A_PAGE).get_page(request.GET.get("page"))
    term = wanted.get("term") or (terms[0][0] if terms else 12)
    return render(
        request,
        "catalogue/overview.html",
        {
            "filter": form,
            "is_filtered": bool(wanted.get("q") or wanted.get("group")),
            "region": region,
            "region_label": region_name(region) if region else "",
            "may_choose_region": len(regions) > 1,
            "price_list": price_list,
            "coming": region.price_lists.filter(valid_from__gt=today).order_by("valid_from").first()
            if region
            else None,
            "page": page,
            "sections": _sections(price_list, list(page.object_list), term),
            "term_label": term_name(term),
            "may_manage": can(request.user, "catalogue.manage"),
            **_calculation(request, price_list, terms),
        },
    )


def _regions_own_first(request: SignedInRequest) -> list[PriceRegion]:
    """The price regions that the reader sees, the one of the reader's own country first."""
    country = request.user.acting_as.organisation.country
    regions = PriceRegion.objects.visible_to(request.user)
    return sorted(regions, key=lambda one: country not in one.countries)


def _products(text: str, group: ProductGroup | None) -> Any:
    products = Product.objects.on_sale().select_related("group")
    if group is not None:
        products = products.filter(group=group)
    for word in text.split():
        products = products.filter(
            Q(name__icontains=word) | Q(sku__icontains=word) | Q(group__name__icontains=word)
        )
    return products.order_by("group__position", "name", "pk")


def _sections(price_list: PriceList | None, products: Sequence[Product], term: int) -> list[dict[str, Any]]:
    """The products of a page by group, each group with the bands that its own prices use."""
    bands, rows = price_rows(price_list, products, term)
    sections: dict[int, dict[str, Any]] = {}
    for row in rows:
        group = row.product.group
        section = sections.setdefault(group.pk, {"group": group, "rows": []})
        section["rows"].append(row)
    for section in sections.values():
        used = [
            index
            for index in range(len(bands))
            if any(row.prices[index] is not None for row in section["rows"])
        ]
        section["bands"] = [bands[index] for index in used]
        section["rows"] = [
            {
                "product": row.product,
                "cells": [{"band": bands[index], "price": row.prices[index]} for index in used],
            }
            for row in section["rows"]
        ]
    return list(sections.values())


# ---------------------------------------------------------------- the calculator


@dataclass(frozen=True)
class Ceilings:
    """What may come off the list amount for one tier: the recommended ceiling, and on top of it the one
    of a registered deal (None where this tier cannot register, `refusal` says why in the reader's words)."""

    tier: str
    recommended_pct: Decimal
    recommended_amount: Decimal
    registered_pct: Decimal | None
    refusal: str = ""


def _calculation(
    request: SignedInRequest, price_list: PriceList | None, terms: list[tuple[int, str]]
) -> dict[str, Any]:
    asked = {key: request.GET[key] for key in ("product", "nodes", "months") if request.GET.get(key)}
    form = CalculatorForm(asked if "product" in asked else None, terms=terms)
    context: dict[str, Any] = {"calculator": form}
    if price_list is None or not form.is_bound or not form.is_valid():
        return context
    product, nodes = form.cleaned_data["product"], form.cleaned_data["nodes"]
    try:
        line = quote(price_list, product, nodes=nodes, term_months=form.cleaned_data["months"])
    except RuleViolation as refusal:
        return context | {"no_price": message_of(refusal)}
    today = timezone.localdate()
    context |= {
        "line": line,
        "product": product,
        "nodes": nodes,
        "months_label": term_name(form.cleaned_data["months"]),
    }
    try:
        rulebook = rulebook_on(today)
    except NoEditionInForce:
        return context
    if rulebook.line_of(product.group.code) is None:
        return context
    standing = standing_of_reader(request.user, rulebook, today)
    if standing is not None:
        return context | {"own": _own_ceilings(standing, product.group.code, line, rulebook)}
    by_tier = [_ceilings(tier, product.group.code, line, rulebook) for tier in reversed(rulebook.tiers)]
    return context | {"by_tier": by_tier}


def _ceilings(tier: str, group: str, line: Quote, rulebook: Rulebook) -> Ceilings:
    recommended = recommended_discount_ceiling(rulebook, tier, group)
    return Ceilings(
        tier,
        recommended,
        (line.amount * recommended / 100).quantize(Decimal("0.01")),
        registration_ceiling(rulebook, tier, group),
    )


def _own_ceilings(standing: ReaderStanding, group: str, line: Quote, rulebook: Rulebook) -> Ceilings:
    own = _ceilings(standing.tier, group, line, rulebook)
    try:
        check_may_register(standing.facts, group, rulebook)
    except RuleViolation as refusal:
        return Ceilings(own.tier, own.recommended_pct, own.recommended_amount, None, message_of(refusal))
    return own


# ---------------------------------------------------------------- price lists and their import


@require_safe
def price_lists(request: SignedInRequest) -> HttpResponse:
    require(request.user, "catalogue.manage")
    today = timezone.localdate()
    rows = [
        {
            "list": one,
            "region": region_name(one.region),
            "state": "coming"
            if one.valid_from > today
            else "superseded"
            if one.valid_until and one.valid_until < today
            else "in_force",
        }
        for one in price_lists_with_counts()
    ]
    waiting = PriceImport.objects.visible_to(request.user).filter(applied_at=None).defer("content")
    return render(
        request,
        "catalogue/price_lists.html",
        {"rows": rows, "waiting": waiting.select_related("uploaded_by")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    """Upload a price file: its preview follows, nothing is applied yet."""
    require(request.user, "catalogue.manage")
    form = PriceFileForm(request.POST, request.FILES) if request.method == "POST" else PriceFileForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        kept = keep_price_file(by=request.user, file_name=file.name, content=file.read())
        return redirect("catalogue:price-import", reference=kept.reference)
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/import.html", {"form": form, "columns": COLUMNS}, status=status)


@require_safe
def price_import(request: SignedInRequest, reference: Any) -> HttpResponse:
    """What a price file would do, or what is wrong with it."""
    kept = _seen_import(request, reference)
    if kept.applied_at is not None:
        return render(request, "catalogue/price_import.html", {"kept": kept})
    file = read_prices(bytes(kept.content))
    context: dict[str, Any] = {"kept": kept, "file": file}
    if file.problems:
        context["problems"] = [_shown(problem) for problem in file.problems[:200]]
    else:
        context["previews"] = [
            {"preview": one, "region": region_name(one.region)} for one in preview_of(file)
        ]
    return render(request, "catalogue/price_import.html", context)


@require_safe
def problems(request: SignedInRequest, reference: Any) -> HttpResponseBase:
    """The report of bad lines as a file."""
    kept = _seen_import(request, reference)
    rows = [
        [one["line"], one["column"], one["value"], one["reason"]]
        for one in map(_shown, read_prices(bytes(kept.content)).problems)
    ]
    header = [gettext("Line"), gettext("Column"), gettext("Found"), gettext("Reason")]
    return csv_response("price-file-problems", header, rows)


def _shown(problem: Problem) -> dict[str, Any]:
    reason = gettext(problem.message)
    return {
        "line": problem.line,
        "column": problem.column,
        "value": problem.value,
        "reason": reason % problem.params if problem.params else reason,
    }


@require_POST
def apply(request: SignedInRequest, reference: Any) -> HttpResponse:
    kept = _seen_import(request, reference)
    try:
        lists = apply_price_import(kept.pk, by=request.user, at=timezone.now())
    except PortalError as refusal:
        messages.error(request, message_of(refusal))
        return redirect("catalogue:price-import", reference=reference)
    messages.success(
        request,
        gettext("The prices are applied. New price lists: %(count)s.") % {"count": len(lists)},
    )
    return redirect("catalogue:price-lists")


@require_POST
def discard(request: SignedInRequest, reference: Any) -> HttpResponse:
    kept = _seen_import(request, reference)
    discard_price_import(kept.pk, by=request.user)
    messages.success(request, gettext("The price file is thrown away. No price has changed."))
    return redirect("catalogue:price-lists")


def _seen_import(request: SignedInRequest, reference: Any) -> PriceImport:
    require(request.user, "catalogue.manage")
    return get_object_or_404(PriceImport.objects.visible_to(request.user), reference=reference)
