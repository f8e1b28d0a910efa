from typing import Any

import django_tables2 as tables
from django.contrib import messages
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
from partners.organisations.actions import distributors as actions
from partners.organisations.forms.distributors import DistributorForm
from partners.organisations.models import Distributor
from partners.organisations.selectors import (
    distributor_rows,
    is_distributor,
    is_partner,
    is_vendor,
    names_of,
    people_of,
    timeline_of,
)
from partners.organisations.views.people import may_manage
from portal.accounts.membership import membership_required
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation
from portal.core.formats import country_name
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import status_badge
from portal.core.web import add_violation

PER_PAGE = 25
PEOPLE_ON_PAGE = 10


def distributor_badge(distributor: Distributor) -> SafeString:
    return status_badge("active" if distributor.is_active else "inactive")


class DistributorTable(tables.Table):
    name = tables.Column(
        verbose_name=gettext_lazy("Distributor"),
        order_by=("name", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    city = tables.Column(verbose_name=gettext_lazy("Town"), order_by=("country", "city", "pk"))
    countries = tables.Column(verbose_name=gettext_lazy("Countries served"), orderable=False)
    buyers = tables.Column(
        verbose_name=gettext_lazy("Partners"), attrs={"td": {"class": "num"}, "th": {"class": "num"}}
    )
    is_active = tables.Column(
        verbose_name=gettext_lazy("Status"), order_by="-is_active", attrs={"td": {"class": "phone-end"}}
    )

    def render_name(self, record: Distributor) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary ref">{}</div>',
            reverse("distributors:page", args=[record.reference]),
            record.name,
            record.reference,
        )

    def render_city(self, record: Distributor) -> Any:
        place = country_name(record.country)
        return format_html("<bdi>{}</bdi>, {}", record.city, place) if record.city else place

    def render_countries(self, record: Distributor) -> str:
        return ", ".join(names_of(record.countries))

    def render_is_active(self, record: Distributor) -> SafeString:
        return distributor_badge(record)


@require_safe
@membership_required
def distributor_list(request: HttpRequest) -> HttpResponse:
    """The vendor's list; a partner reads from whom it buys, a distributor is led to its own page."""
    if is_distributor(request.user):
        return redirect("distributors:page", request.user.acting_as.distributor.reference)
    hidden = ("buyers", "is_active") if is_partner(request.user) else ()
    table = DistributorTable(distributor_rows(request.user), exclude=hidden, order_by="name")
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Distributors")
    table.empty_state = {
        "title": _("No distributor yet"),
        "icon": "truck",
        "text": _("Distributors sell to partners and decide on their deals."),
    }
    return render(
        request,
        "organisations/distributors.html",
        {
            "table": table,
            "is_partner": is_partner(request.user),
            "may_add": can(request.user, "distributors.manage"),
        },
    )


@require_safe
@membership_required
def distributor_page(request: HttpRequest, reference: str) -> HttpResponse:
    distributor = get_object_or_404(distributor_rows(request.user), reference=reference)
    inside = not is_partner(request.user)
    people = []
    if inside:
        people = list(
            people_of(distributor, request.user)
            .filter(is_active=True, user__is_active=True)
            .order_by("user__full_name")[: PEOPLE_ON_PAGE + 1]
        )
    return render(
        request,
        "organisations/distributor.html",
        {
            "distributor": distributor,
            "badge": distributor_badge(distributor),
            "is_own": is_distributor(request.user),
            "inside": inside,
            "countries": names_of(distributor.countries),
            "people": people[:PEOPLE_ON_PAGE],
            "more_people": len(people) > PEOPLE_ON_PAGE,
            "people_url": reverse("people:list")
            if is_distributor(request.user)
            else reverse("distributors:people", args=[reference]),
            # Only the empty list offers it; the page of the people does so always.
            "invite_url": reverse("distributors:invite", args=[reference])
            if inside and not people and may_manage(request, distributor)
            else "",
            "partners_url": _partners_url(request, distributor),
            "events": timeline_of(distributor, request.user) if inside else [],
            "may_edit": can(request.user, "distributors.manage"),
        },
    )


def _partners_url(request: HttpRequest, distributor: Distributor) -> str:
    listed = reverse("partners:list")
    return f"{listed}?distributor={distributor.pk}" if is_vendor(request.user) else listed


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def distributor_add(request: HttpRequest) -> HttpResponse:
    require(request.user, "distributors.manage")
    form = DistributorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts, now = form.facts(), timezone.now()
        try:
            distributor = actions.add_distributor(
                facts, by=request.user, at=now, on=date_in(facts.country, now)
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request,
                _("%(name)s is added as %(reference)s.")
                % {"name": distributor, "reference": distributor.reference},
            )
            return redirect("distributors:page", distributor.reference)
    return render(request, "organisations/distributor_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def distributor_edit(request: HttpRequest, reference: str) -> HttpResponse:
    distributor = get_object_or_404(Distributor.objects.visible_to(request.user), reference=reference)
    require(request.user, "distributors.manage", distributor)
    form = DistributorForm(request.POST or None, distributor=distributor)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            actions.edit_distributor(
                distributor.pk, form.facts(), by=request.user, at=now, on=date_in(distributor.country, now)
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The details are saved."))
            return redirect("distributors:page", reference)
    return render(request, "organisations/distributor_form.html", {"form": form, "distributor": distributor})
