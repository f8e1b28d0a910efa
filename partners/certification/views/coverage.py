"""How far the partners have the certified staff that their tiers ask for."""

from collections.abc import Callable, Iterator
from typing import Any

import django_tables2 as tables
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partners.certification.coverage import Covered, coverage_by_tier_and_country, coverage_rows
from partners.certification.forms.coverage import CoverageFilterForm
from partners.certification.tables import CoverageTable
from partners.certification.taken_along import transfers_waiting
from partners.organisations.access import require
from partners.organisations.models import Tier
from partners.organisations.selectors import is_distributor, is_partner
from portal.accounts.membership import membership_required
from portal.core.charts import Chart, Segment, share_rows
from portal.core.errors import NotAllowed, gettext_noop
from portal.core.exports import file_response
from portal.core.formats import country_name
from portal.core.pagination import show_page_of

PER_PAGE = 25
# What a phone shows without an end; the list has all of them.
MOST_COUNTRIES = 12
EXPORT_CHUNK = 500


def _narrowed(request: HttpRequest) -> tuple[CoverageFilterForm, CoverageTable]:
    reader = request.user
    if is_partner(reader):
        raise NotAllowed("not-allowed", gettext_noop("Your team has a page of its own."))
    counts_only = is_distributor(reader)
    require(reader, "staff.count" if counts_only else "staff.see")
    form = CoverageFilterForm(request.GET, reader=reader)
    rows = form.narrow(coverage_rows(reader, timezone.localdate()))
    return form, CoverageTable(rows, with_teams=not counts_only)


@require_safe
@membership_required
def coverage(request: HttpRequest) -> HttpResponse:
    form, table = _narrowed(request)
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Certified staff by partner")
    table.filtered = form.is_set
    table.empty_state = {
        "title": _("No partner yet"),
        "icon": "building-store",
        "text": _("Partners appear here as soon as you see them."),
    }
    counts_only = is_distributor(request.user)
    by_tier, by_country = ([], []) if counts_only else coverage_by_tier_and_country(table.data.data)
    return render(
        request,
        "team/coverage.html",
        {
            "chart_of_tiers": _chart(
                by_tier, "tier", lambda key: str(Tier(key).label), _("Certified staff by tier")
            ),
            "chart_of_countries": _chart(
                by_country[:MOST_COUNTRIES], "country", country_name, _("Certified staff by country")
            ),
            "form": form,
            "table": table,
            "counts_only": counts_only,
            "waiting": transfers_waiting(request.user, timezone.now()).count(),
            "query": request.GET.urlencode(),
        },
    )


def _chart(figures: list[Covered], name: str, label: Callable[[str], str], title: str) -> Chart | None:
    if not figures:
        return None
    rows = [
        (
            label(one.key),
            f"?{name}={one.key}",
            [
                Segment(_("Complete"), one.complete, "ok"),
                Segment(_("Specialists missing"), one.short, "bad"),
            ],
        )
        for one in figures
    ]
    return share_rows(rows, title=title)


@require_safe
@membership_required
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the list shows with these filters and this order, whole."""
    _form, table = _narrowed(request)
    tables.RequestConfig(request, paginate=False).configure(table)
    header = [
        _("Reference"),
        _("Partner"),
        _("Country"),
        _("Tier"),
        _("Technical, required"),
        _("Technical, present"),
        _("Sales, required"),
        _("Sales, present"),
        _("Missing"),
    ]
    return file_response(kind, "certified-staff", _("Coverage"), header, _rows(table))


def _rows(table: CoverageTable) -> Iterator[list[Any]]:
    for partner in table.data.data.iterator(chunk_size=EXPORT_CHUNK):
        yield [
            partner.reference,
            partner.trade_name,
            country_name(partner.country),
            Tier(partner.tier).label,
            partner.technical_asked,
            partner.technical_there,
            partner.sales_asked,
            partner.sales_there,
            partner.missing,
        ]
