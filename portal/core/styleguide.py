"""All components on one page, for those who build pages; served under DEBUG and in tests only."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import django_tables2 as tables
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html

from portal.core import charts
from portal.core.formats import DASH
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import STATUSES, money, status_badge

CUSTOMERS = (
    "Hôpital Saint-Roch",
    "École Centrale Nord",
    "TransAlpes Logistique",
    "Banque du Rhône",
    "Port de Sète",
)
STATES = ("won", "approved", "information_requested", "submitted", "rejected", "expired")


class ExampleFilter(forms.Form):
    q = forms.CharField(label="Customer or number", required=False)
    status = forms.ChoiceField(label="Status", choices=[("", "All states"), ("won", "Won")], required=False)
    country = forms.ChoiceField(
        label="Country", choices=[("", "All countries"), ("FR", "France")], required=False
    )


class ExampleForm(forms.Form):
    name = forms.CharField(label="End customer", help_text="As in the company register.")
    country = forms.ChoiceField(
        label="Country",
        choices=[("", "Choose a country"), ("FR", "France"), ("DE", "Germany"), ("BE", "Belgium")],
        widget=forms.Select(attrs={"data-combobox": ""}),
    )
    nodes = forms.IntegerField(label="Nodes", min_value=1)
    closes_on = forms.DateField(label="Expected closing date", widget=forms.DateInput(attrs={"type": "date"}))
    engagement = forms.CharField(
        label="Engagement so far", widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    kind = forms.ChoiceField(
        label="Type", choices=[("a", "Reseller"), ("b", "Service provider")], widget=forms.RadioSelect
    )
    evidence = forms.FileField(label="Evidence", required=False, help_text="PDF or picture, 10 MB at most.")
    informed = forms.BooleanField(label="The customer knows of this registration")


class ExampleTable(tables.Table):
    reference = tables.Column("Number", attrs={"td": {"class": "phone-title"}}, linkify=lambda: "#")
    customer = tables.Column("End customer")
    amount = tables.Column("List price", attrs={"td": {"class": "num"}, "th": {"class": "num"}})
    closes_on = tables.DateColumn(verbose_name="Closing")
    status = tables.Column("Status", attrs={"td": {"class": "phone-end"}})

    class Meta:
        default = DASH

    def render_amount(self, value: Decimal) -> str:
        return money(value, "EUR")

    def render_status(self, value: str) -> str:
        return status_badge(value)

    def render_customer(self, value: str) -> str:
        return format_html("<bdi>{}</bdi>", value)


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    today, now = timezone.localdate(), timezone.now()
    context = {
        "statuses": list(STATUSES),
        "tiers": ("registered", "bronze", "silver", "gold", "platinum"),
        "days": [today + timedelta(days=days) for days in (-3, 0, 1, 6, 14, 52)],
        "due": now + timedelta(days=2),
        "now": now,
        "day": date(2026, 11, 23),
        "amount": Decimal("16900"),
        "table": _table(request, today),
        "filter_form": ExampleFilter({"q": "", "status": "won"}),
        "form": ExampleForm({"name": "", "nodes": "0", "kind": "a"}, auto_id="deal_%s"),
        **_charts(today),
        "entries": _story(now),
        "steps": [{"label": "Customer", "url": "#"}, "Opportunity", "Documents", "Check"],
        "tab_items": [
            {"label": "All", "url": "#", "active": True, "count": 240},
            {"label": "Mine", "url": "#", "count": 12},
            {"label": "Drafts", "url": "#"},
        ],
        **_comments(now),
    }
    return render(request, "components/styleguide.html", context)


def _table(request: HttpRequest, today: date) -> ExampleTable:
    rows = [
        {
            "reference": f"DR-7K3F{index:02d}",
            "customer": CUSTOMERS[index % len(CUSTOMERS)],
            "amount": Decimal(16_900 + 7_350 * index),
            "closes_on": today + timedelta(days=3 * index) if index != 1 else None,
            "status": STATES[index % len(STATES)],
        }
        for index in range(240)
    ]
    table = ExampleTable(rows, order_by="reference")
    show_page_of(table, request, 6)
    table.caption = "Deals"
    return table


def _charts(today: date) -> dict[str, charts.Chart]:
    values = (182, 201, 175, 240, 264, 221, 298, 310, 277, 325, 341, 363)
    months = charts.last_months(today)
    segments = [
        charts.Segment("Approved", 46, "ok", "#"),
        charts.Segment("Submitted", 21, "info", "#"),
        charts.Segment("Information requested", 8, "warn", "#"),
        charts.Segment("Rejected", 9, "bad", "#"),
        charts.Segment("Expired", 14, "neutral", "#"),
    ]
    return {
        "bars": charts.month_bars(
            list(zip(months, values, strict=True)),
            title="Sales and target, 12 months",
            series="Sales (kEUR)",
            targets=[190 + 10 * index for index in range(12)],
            target_series="Target",
        ),
        "stack": charts.stacked_bar(segments, title="Deals by state"),
        "donut": charts.donut(segments, title="Deals by state", centre="41 %", centre_label="won"),
    }


def _story(now: datetime) -> list[dict[str, object]]:
    return [
        {"title": "Submitted", "by": "Alice Martin", "at": now - timedelta(days=2), "state": "done"},
        {"title": "Under review", "body": "Decision due by Tuesday, 14:00.", "state": "now"},
        {"title": "Approved", "body": "Protection of 90 days begins.", "state": "todo"},
    ]


def _comments(now: datetime) -> dict[str, SimpleNamespace]:
    return {
        "comment": SimpleNamespace(
            author="Denise Lambert",
            at=now,
            text="Please add the date of the demonstration.",
            organisation="Distri Nord",
        ),
        "internal": SimpleNamespace(
            author="Karim Haddad",
            at=now,
            text="Same customer as last spring?",
            organisation="Vendor",
            internal=True,
        ),
    }
