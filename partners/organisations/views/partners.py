from collections.abc import Iterator
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from partners.organisations.access import can, require
from partners.organisations.actions import partners as actions
from partners.organisations.forms.partners import PartnerFilter, PartnerForm
from partners.organisations.kept_views import partner_views
from partners.organisations.models import Partner, PartnerStatus, Tier
from partners.organisations.panels import partner_panels
from partners.organisations.selectors import (
    is_distributor,
    is_partner,
    is_vendor,
    names_of,
    partner_rows,
    people_of,
    supplies_seen,
    timeline_of,
)
from partners.organisations.views.people import may_manage
from portal.accounts.membership import membership_required
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation
from portal.core.exports import file_response
from portal.core.formats import country_name
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import day, status_badge, tier_badge
from portal.core.web import add_violation

PER_PAGE = 25
PEOPLE_ON_PAGE = 10
EXPORT_CHUNK = 1_000
STATUS_TONES = {
    PartnerStatus.AUTHORISED: "ok",
    PartnerStatus.ORDERS_REFUSED: "bad",
    PartnerStatus.ENDED: "neutral",
}


def partner_status_badge(partner: Partner) -> SafeString:
    return status_badge(
        partner.status, partner.get_status_display(), tone=STATUS_TONES[PartnerStatus(partner.status)]
    )


class PartnerTable(tables.Table):
    trade_name = tables.Column(
        verbose_name=gettext_lazy("Partner"),
        order_by=("trade_name", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    city = tables.Column(verbose_name=gettext_lazy("Town"), order_by=("country", "city", "pk"))
    tier = tables.Column(verbose_name=gettext_lazy("Tier"), order_by=("-tier_rank", "trade_name"))
    distributor = tables.Column(
        verbose_name=gettext_lazy("Primary distributor"), orderable=False, empty_values=()
    )
    primary = tables.Column(verbose_name=gettext_lazy("You are"), orderable=False, empty_values=())
    channel_manager = tables.Column(
        verbose_name=gettext_lazy("Channel manager"),
        accessor="channel_manager__full_name",
        order_by=("channel_manager__full_name", "pk"),
    )
    authorised_on = tables.Column(
        verbose_name=gettext_lazy("Partner since"), order_by=("authorised_on", "pk")
    )
    status = tables.Column(
        verbose_name=gettext_lazy("Status"), order_by=("status", "pk"), attrs={"td": {"class": "phone-end"}}
    )

    def render_trade_name(self, record: Partner) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary ref">{}</div>',
            reverse("partners:page", args=[record.reference]),
            record.trade_name,
            record.reference,
        )

    def render_city(self, record: Partner) -> SafeString:
        return (
            format_html("<bdi>{}</bdi>, {}", record.city, country_name(record.country))
            if record.city
            else country_name(record.country)
        )

    def render_tier(self, record: Partner) -> SafeString:
        return tier_badge(record.counting_tier)

    def render_distributor(self, record: Partner) -> str:
        return primary_of(record) or "–"

    def render_primary(self, record: Partner) -> str:
        return _("Primary distributor") if primary_of(record) else _("Further distributor")

    def render_authorised_on(self, record: Partner) -> SafeString:
        return day(record.authorised_on)

    def render_status(self, record: Partner) -> SafeString:
        return partner_status_badge(record)


def primary_of(partner: Any) -> str:
    return next((supply.distributor.name for supply in partner.running if supply.is_primary), "")


# ---------------------------------------------------------------- list and export


def _filtered(request: HttpRequest) -> PartnerFilter:
    """403 for those who hold no list of partners."""
    require(request.user, "partners.list")
    return PartnerFilter(
        request.GET, queryset=partner_rows(request.user, timezone.localdate()), reader=request.user
    )


@require_safe
@membership_required
def partner_list(request: HttpRequest) -> HttpResponse:
    """A partner has itself only: it is led to its own page."""
    if is_partner(request.user):
        return redirect("partners:page", request.user.acting_as.partner.reference)
    found = _filtered(request)
    views = partner_views(request.user, found.understood, request.GET.get("view", ""))
    if views.default_address and not request.GET and not request.htmx:
        return redirect(views.default_address)
    hidden = ("distributor", "channel_manager") if is_distributor(request.user) else ("primary",)
    table = PartnerTable(found.qs, exclude=hidden, order_by="trade_name")
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Partners")
    table.filtered, table.clear_url = found.is_set, views.plain_address
    table.empty_state = {
        "title": _("No partner yet"),
        "icon": "building-store",
        "text": _("Partners appear here as soon as they buy from you.")
        if is_distributor(request.user)
        else _("Add the first partner of your region."),
    }
    return render(
        request,
        "organisations/partners.html",
        {
            "filter": found,
            "table": table,
            "views": views,
            "query": request.GET.urlencode(),
            "may_add": can(request.user, "partners.manage"),
        },
    )


@require_safe
@membership_required
def partner_export(request: HttpRequest, kind: str) -> HttpResponse:
    """What the list shows with these filters and this order, whole."""
    rows = _filtered(request).qs
    table = PartnerTable(rows, order_by="trade_name")
    tables.RequestConfig(request, paginate=False).configure(table)
    header, read = _export_of(request)
    return file_response(kind, "partners", _("Partners"), header, _export_rows(table.data.data, read))


def _export_of(request: HttpRequest) -> tuple[list[str], Any]:
    header = [
        _("Reference"),
        _("Trade name"),
        _("Legal name"),
        _("Country"),
        _("Town"),
        _("Type"),
        _("Tier"),
        _("Status"),
        _("VAT number"),
        _("Company number"),
        _("Web domain"),
        _("Partner since"),
        _("Primary distributor"),
    ]
    with_manager = is_vendor(request.user)
    if with_manager:
        header.append(_("Channel manager"))

    def read(partner: Any) -> list[Any]:
        row = [
            partner.reference,
            partner.trade_name,
            partner.legal_name,
            country_name(partner.country),
            partner.city,
            partner.get_kind_display(),
            Tier(partner.counting_tier).label,
            partner.get_status_display(),
            partner.vat_number,
            partner.company_number,
            partner.web_domain,
            partner.authorised_on,
            primary_of(partner),
        ]
        return [*row, str(partner.channel_manager or "")] if with_manager else row

    return header, read


def _export_rows(partners: QuerySet[Partner], read: Any) -> Iterator[list[Any]]:
    for partner in partners.iterator(chunk_size=EXPORT_CHUNK):
        yield read(partner)


# ---------------------------------------------------------------- one partner


@require_safe
@membership_required
def partner_page(request: HttpRequest, reference: str) -> HttpResponse:
    partner = get_object_or_404(
        Partner.objects.visible_to(request.user)
        .with_counting_tier(timezone.localdate())
        .select_related("channel_manager"),
        reference=reference,
    )
    today = date_in(partner.country, timezone.now())
    # A distributor sees the company, not its staff.
    people = None
    if not is_distributor(request.user):
        people = list(
            people_of(partner, request.user)
            .filter(is_active=True, user__is_active=True)
            .order_by("user__full_name")[: PEOPLE_ON_PAGE + 1]
        )
    return render(
        request,
        "organisations/partner.html",
        {
            "partner": partner,
            "badge": partner_status_badge(partner),
            "is_own": is_partner(request.user),
            "supplies": list(supplies_seen(partner, request.user)),
            "countries": names_of(partner.authorised_countries),
            "people": people[:PEOPLE_ON_PAGE] if people is not None else None,
            "more_people": people is not None and len(people) > PEOPLE_ON_PAGE,
            "people_url": reverse("people:list")
            if is_partner(request.user)
            else reverse("partners:people", args=[reference]),
            # Only the empty list offers it; the page of the people does so always.
            "invite_url": reverse("partners:invite", args=[reference])
            if people == [] and may_manage(request, partner)
            else "",
            "events": timeline_of(partner, request.user),
            "may_edit": can(request.user, "partners.manage"),
            "panels": partner_panels(request.user, partner, today, aside=False),
            "aside_panels": partner_panels(request.user, partner, today, aside=True),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def partner_add(request: HttpRequest) -> HttpResponse:
    require(request.user, "partners.manage")
    form = PartnerForm(request.POST or None, reader=request.user)
    if request.method == "POST" and form.is_valid():
        facts = form.facts()
        now = timezone.now()
        try:
            partner = actions.add_partner(
                facts, by=request.user, at=now, on=date_in(facts.country, now), tier=form.cleaned_data["tier"]
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request,
                _("%(name)s is added as %(reference)s.") % {"name": partner, "reference": partner.reference},
            )
            return redirect("partners:page", partner.reference)
    return render(request, "organisations/partner_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def partner_edit(request: HttpRequest, reference: str) -> HttpResponse:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), reference=reference)
    require(request.user, "partners.manage", partner)
    form = PartnerForm(request.POST or None, reader=request.user, partner=partner)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            actions.edit_partner(
                partner.pk, form.facts(), by=request.user, at=now, on=date_in(partner.country, now)
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The details are saved."))
            return redirect("partners:page", reference)
    return render(request, "organisations/partner_form.html", {"form": form, "partner": partner})
