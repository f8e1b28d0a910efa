from urllib.parse import urlencode

import django_tables2 as tables
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from partners.organisations.access import can, require
from partners.organisations.actions import offices as actions
from partners.organisations.forms.offices import OfficeForm
from partners.organisations.models import VendorOffice
from partners.organisations.selectors import (
    names_of,
    office_rows,
    partners_of_others,
    people_of,
    timeline_of,
    uncovered_countries,
)
from portal.accounts.membership import membership_required
from portal.core.errors import RuleViolation
from portal.core.formats import country_name
from portal.core.pagination import show_page_of
from portal.core.web import add_violation

PER_PAGE = 25
PEOPLE_ON_PAGE = 10


class OfficeTable(tables.Table):
    name = tables.Column(
        verbose_name=gettext_lazy("Office"), order_by=("name", "pk"), attrs={"td": {"class": "phone-title"}}
    )
    country = tables.Column(verbose_name=gettext_lazy("Country"), order_by=("country", "name"))
    countries = tables.Column(verbose_name=gettext_lazy("Countries looked after"), orderable=False)
    people = tables.Column(
        verbose_name=gettext_lazy("Portal users"),
        order_by=("people", "name"),
        attrs={"td": {"class": "num"}, "th": {"class": "num"}},
    )

    def render_name(self, record: VendorOffice) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a>', reverse("offices:page", args=[record.pk]), record.name
        )

    def render_country(self, value: str) -> str:
        return country_name(value)

    def render_countries(self, value: list[str]) -> str:
        return ", ".join(names_of(value))


@require_safe
@membership_required
def office_list(request: HttpRequest) -> HttpResponse:
    require(request.user, "offices.see")
    table = OfficeTable(office_rows(request.user), order_by="name")
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Offices")
    return render(
        request,
        "organisations/offices.html",
        {
            "table": table,
            "uncovered": names_of(uncovered_countries(timezone.localdate())),
            "may_add": can(request.user, "offices.manage"),
        },
    )


@require_safe
@membership_required
def office_page(request: HttpRequest, pk: int) -> HttpResponse:
    office = get_object_or_404(VendorOffice.objects.visible_to(request.user), pk=pk)
    people = list(
        people_of(office, request.user)
        .filter(is_active=True, user__is_active=True)
        .order_by("user__full_name", "pk")[: PEOPLE_ON_PAGE + 1]
    )
    return render(
        request,
        "organisations/office.html",
        {
            "office": office,
            "countries": names_of(office.countries),
            "people": people[:PEOPLE_ON_PAGE],
            "more_people": len(people) > PEOPLE_ON_PAGE,
            "people_url": f"{reverse('people:list')}?{urlencode({'office': office.pk})}",
            "invite_url": f"{reverse('people:invite')}?{urlencode({'office': office.pk})}",
            "events": timeline_of(office, request.user),
            "may_edit": can(request.user, "offices.manage"),
            "may_invite": can(request.user, "people.manage"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def office_add(request: HttpRequest) -> HttpResponse:
    require(request.user, "offices.manage")
    form = OfficeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            office = actions.add_office(
                form.facts(), by=request.user, at=timezone.now(), on=timezone.localdate()
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request, _("%(name)s is added. Invite the people who work there.") % {"name": office}
            )
            return redirect("offices:page", office.pk)
    return render(request, "organisations/office_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def office_edit(request: HttpRequest, pk: int) -> HttpResponse:
    office = get_object_or_404(VendorOffice.objects.visible_to(request.user), pk=pk)
    require(request.user, "offices.manage", office)
    form = OfficeForm(request.POST or None, office=office)
    if request.method == "POST" and form.is_valid():
        try:
            edited = actions.edit_office(
                pk, form.facts(), by=request.user, at=timezone.now(), on=timezone.localdate()
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The details are saved."))
            _warn_of_managers(request, edited)
            return redirect("offices:page", pk)
    return render(request, "organisations/office_form.html", {"form": form, "office": office})


def _warn_of_managers(request: HttpRequest, office: VendorOffice) -> None:
    if count := partners_of_others(office):
        messages.warning(
            request,
            ngettext(
                "%(count)d partner outside these countries has a channel manager of this office, who no "
                "longer sees it. Choose another one on the partner's page.",
                "%(count)d partners outside these countries have a channel manager of this office, who no "
                "longer sees them. Choose another one on the partners' pages.",
                count,
            )
            % {"count": count},
        )
