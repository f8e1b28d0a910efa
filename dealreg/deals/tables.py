"""The columns of the list of deals."""

from collections.abc import Sequence
from typing import Any

import django_tables2 as tables
from django.db.models import Case, DateTimeField, F, QuerySet, When
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dealreg.deals.columns import COLUMN_CHOICES
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.templatetags.deals import deal_deadline, pending_requests
from portal.accounts.roles import PARTNER_ROLES, VENDOR_ROLES
from portal.core.formats import country_name
from portal.core.templatetags.portal import day, money, status_badge

NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}
NEXT_DATE = Case(
    When(status=DealStatus.SUBMITTED, then=F("decision_due_at")),
    When(status=DealStatus.APPROVED, then=Cast("protected_until", DateTimeField())),
)


class DealTable(tables.Table):
    chosen = tables.Column(
        gettext_lazy("Select"),
        empty_values=(),
        orderable=False,
        attrs={"td": {"class": "select-cell"}, "th": {"class": "select-head"}},
    )
    reference = tables.Column(gettext_lazy("Number"), attrs={"td": {"class": "phone-title text-nowrap"}})
    customer_name = tables.Column(
        gettext_lazy("End customer"),
        order_by=("customer_name", "pk"),
        attrs={"td": {"class": "deal-customer"}},
    )
    partner = tables.Column(gettext_lazy("Partner"), order_by=("partner__trade_name", "pk"))
    distributor = tables.Column(gettext_lazy("Distributor"), order_by=("distributor__name", "pk"))
    product_group = tables.Column(gettext_lazy("Product group"), order_by=("product_group__position", "pk"))
    list_amount = tables.Column(gettext_lazy("List price"), order_by=("list_amount", "pk"), attrs=NUMBER)
    submitted_at = tables.Column(pgettext_lazy("date", "Submitted"), order_by=("submitted_at", "pk"))
    deadline = tables.Column(
        gettext_lazy("Deadline"), empty_values=(), attrs={"td": {"class": "deal-deadline"}}
    )
    status = tables.Column(
        gettext_lazy("Status"), order_by=("status", "pk"), attrs={"td": {"class": "phone-end"}}
    )

    class Meta:
        order_by = "-submitted_at"
        order_by_field = "sort"
        default = "–"

    def __init__(
        self, *args: Any, role: str, may_register: bool = False, chosen: Sequence[str] = (), **kwargs: Any
    ) -> None:
        self.own = role in PARTNER_ROLES
        self.of_vendor = role in VENDOR_ROLES
        self.may_register = may_register
        hidden = {"partner"} if self.own else {"distributor"}
        hidden |= set(kwargs.pop("exclude", ()))
        self.column_choices = [
            {"name": name, "label": label, "shown": not chosen or name in chosen}
            for name, label in COLUMN_CHOICES
            if name not in hidden
        ]
        put_away = {choice["name"] for choice in self.column_choices if not choice["shown"]}
        super().__init__(*args, exclude=hidden | put_away, **kwargs)
        if self.of_vendor and "partner" in self.columns.names():
            self.columns["partner"].column.verbose_name = gettext_lazy("Partner and distributor")

    def render_chosen(self, record: Deal) -> SafeString:
        return format_html(
            '<input class="form-check-input" type="checkbox" name="deal" form="bulk" value="{}" '
            'aria-label="{}">',
            record.reference,
            _("Select %(number)s") % {"number": record.reference},
        )

    def render_reference(self, record: Deal) -> SafeString:
        url = record.get_absolute_url()
        if record.status == DealStatus.DRAFT:
            step = "customer" if self.may_register else "review"
            url = reverse("deals:draft", kwargs={"ref": record.reference, "step": step})
        return format_html('<a href="{}"><bdi class="ref">{}</bdi></a>', url, record.reference)

    def render_customer_name(self, record: Deal) -> SafeString:
        return format_html(
            '<span><bdi>{}</bdi><small class="cell-note">{}</small></span>',
            record.customer_name,
            country_name(record.customer_country) if record.customer_country else "",
        )

    def render_partner(self, record: Deal) -> SafeString:
        if not self.of_vendor:
            return format_html("<bdi>{}</bdi>", record.partner)
        return format_html(
            '<span><bdi>{}</bdi><small class="cell-note"><bdi>{}</bdi></small></span>',
            record.partner,
            record.distributor,
        )

    def render_distributor(self, record: Deal) -> SafeString:
        return format_html("<bdi>{}</bdi>", record.distributor)

    def render_list_amount(self, record: Deal) -> str:
        return money(record.list_amount, record.currency) if record.list_amount else "–"

    def render_submitted_at(self, record: Deal) -> SafeString:
        return format_html('<span class="text-nowrap">{}</span>', day(record.submitted_at))

    def render_deadline(self, record: Deal) -> SafeString:
        if record.status == DealStatus.DRAFT and self.may_register:
            url = reverse("deals:draft", kwargs={"ref": record.reference, "step": "customer"})
            return format_html('<a class="btn btn-sm" href="{}">{}</a>', url, _("Continue"))
        if record.status == DealStatus.SUBMITTED and not self.own:
            turn = _("Channel manager decides") if record.step == Step.VENDOR else _("Distributor decides")
            return format_html(
                '<span>{}<small class="cell-note">{}</small></span>', deal_deadline(record), turn
            )
        pending = pending_requests(record)
        if not pending:
            return deal_deadline(record, own=self.own)
        nothing = record.status == DealStatus.REJECTED
        return format_html(
            "<span>{}{}</span>", "" if nothing else deal_deadline(record, own=self.own), pending
        )

    def render_status(self, record: Deal) -> SafeString:
        return status_badge(record.status, record.get_status_display())

    def order_deadline(self, deals: QuerySet[Deal], is_descending: bool) -> tuple[QuerySet[Deal], bool]:
        deals = deals.alias(next_date=NEXT_DATE)
        first = F("next_date").desc(nulls_last=True) if is_descending else F("next_date").asc(nulls_last=True)
        return deals.order_by(first, "-pk"), True
