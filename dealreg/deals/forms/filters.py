"""Search and filters of the list of deals; they stand in its address."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import F, QuerySet, Value
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from dealreg.deals.columns import COLUMN_CHOICES
from dealreg.deals.lifecycle import ACTIVE, ENDED, UNDER_REVIEW, DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.querysets import MOST_PARTNERS, DealQuerySet, ends_soon
from dealreg.deals.searching import deals_matching, partners_registering
from partners.catalogue.models import ProductGroup
from partners.organisations.models import Distributor
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES
from portal.core.form_fields import DayInput, OneLine
from portal.core.list_filters import ListFilter

DUE_SOON = timedelta(hours=24)
GROUPS_OF_STATES: dict[str, Sequence[str]] = {"open": ACTIVE, "under_review": UNDER_REVIEW, "ended": ENDED}
# Rule E10: won, while the distributor has not confirmed the order.
TO_CONFIRM = "to_confirm"


def _start_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class SearchFilter(django_filters.CharFilter):
    field_class = OneLine


class DealFilter(ListFilter):
    q = SearchFilter(label=_("Customer or number"), method="search", max_length=200)
    status = django_filters.ChoiceFilter(label=_("Status"), empty_label=_("All states"), method="in_state")
    product_group = django_filters.ChoiceFilter(
        label=_("Product group"), field_name="product_group__code", empty_label=_("All product groups")
    )
    deadline = django_filters.ChoiceFilter(
        label=_("Deadline"),
        empty_label=_("Any deadline"),
        method="by_deadline",
    )
    pending = django_filters.ChoiceFilter(
        label=_("Request"),
        empty_label=_("All requests"),
        method="with_request",
        choices=[
            ("any", _("With a request that waits")),
            ("extension", _("Extension asked for")),
            ("amendment", _("Change asked for")),
            ("appeal", _("Appeal filed")),
        ],
    )
    distributor = django_filters.ChoiceFilter(
        label=_("Distributor"), field_name="distributor__reference", empty_label=_("All distributors")
    )
    partner = SearchFilter(
        label=_("Partner"),
        method="of_partner",
        max_length=200,
        widget=forms.TextInput(
            attrs={"data-combobox": reverse_lazy("deals:partner_choices"), "placeholder": _("Name or number")}
        ),
    )
    submitted_from = django_filters.DateFilter(
        label=_("Submitted from"), method="from_day", widget=DayInput()
    )
    submitted_to = django_filters.DateFilter(label=_("Submitted to"), method="to_day", widget=DayInput())

    # Rides along as well.
    col = django_filters.MultipleChoiceFilter(
        method="as_it_is", choices=COLUMN_CHOICES, widget=forms.MultipleHiddenInput
    )

    rides_along = (*ListFilter.rides_along, "col")
    several = ("col",)

    class Meta:
        model = Deal
        fields: list[str] = []

    def __init__(self, data: Any, queryset: DealQuerySet, *, user: User) -> None:
        self.user = user
        self.role = user.acting_as.role if user.acting_as else ""
        super().__init__(data, queryset)
        self.filters["status"].extra["choices"] = self._states()
        self.filters["deadline"].extra["choices"] = self._deadlines()
        groups, sellers = self._groups_and_sellers()
        self.filters["product_group"].extra["choices"] = groups
        self.sees_partners = self.role not in PARTNER_ROLES
        if not self.sees_partners:
            del self.filters["partner"]
        else:
            self.filters["q"].label = _("Customer, partner or number")
        if len(sellers) > 1:
            self.filters["distributor"].extra["choices"] = sellers
        else:
            del self.filters["distributor"]

    @cached_property
    def ending_soon_days(self) -> int:
        """Read where it is asked for: the list as such costs no statement more."""
        return rulebook_on(timezone.localdate()).deal_registration.ending_soon_days

    def _groups_and_sellers(self) -> tuple[list[Any], list[Any]]:
        """Product groups, and the distributors that a reader may choose among, in one statement."""
        sellers = Distributor.objects.none()
        if self.role not in DISTRIBUTOR_ROLES:
            sellers = Distributor.objects.visible_to(self.user)
        columns = ("kind", "place", "code", "name")
        found = (
            ProductGroup.objects.order_by()
            .annotate(kind=Value("group"), place=F("position"))
            .values_list(*columns)
            .union(
                sellers.order_by()
                .annotate(kind=Value("seller"), place=Value(0), code=F("reference"))
                .values_list(*columns),
                all=True,
            )
        )
        rows = sorted(found)
        groups = [(code, name) for kind, _place, code, name in rows if kind == "group"]
        return groups, sorted(
            ((code, name) for kind, _place, code, name in rows if kind == "seller"), key=lambda one: one[1]
        )

    def _states(self) -> list[Any]:
        single = [
            (status.value, status.label)
            for status in DealStatus
            if status != DealStatus.DRAFT or self.role in (*PARTNER_ROLES, *DISTRIBUTOR_ROLES)
        ]
        return [
            ("open", _("Open")),
            ("under_review", _("Under review")),
            (TO_CONFIRM, _("Order to confirm")),
            ("ended", _("Ended")),
            (_("One state"), single),
        ]

    def _deadlines(self) -> list[Any]:
        overdue: list[Any] = [("overdue", _("Decision overdue"))]
        if self.role in DISTRIBUTOR_ROLES:
            # What it owes itself is what its home page counts; the rest is not its turn.
            overdue = [
                ("overdue", _("Your decision overdue")),
                ("overdue_vendor", _("Channel manager's decision overdue")),
            ]
        return [
            ("due_soon", _("Decision due within 24 hours")),
            *overdue,
            ("expiring", _("Protection ends soon")),
        ]

    def search(self, deals: DealQuerySet, name: str, text: str) -> DealQuerySet:
        return deals_matching(self.user, text, deals)

    def in_state(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        if value == TO_CONFIRM:
            return deals.filter(status=DealStatus.WON, order_confirmed_at=None)
        return deals.filter(status__in=GROUPS_OF_STATES.get(value, [value]))

    def by_deadline(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        now = timezone.now()
        match value:
            case "overdue" if self.role in DISTRIBUTOR_ROLES:
                return deals.overdue(now).filter(step=Step.DISTRIBUTOR)
            case "overdue_vendor":
                return deals.overdue(now).filter(step=Step.VENDOR)
            case "overdue":
                return deals.overdue(now)
            case "due_soon":
                return deals.filter(
                    status=DealStatus.SUBMITTED, decision_due_at__gte=now, decision_due_at__lte=now + DUE_SOON
                )
            case _:
                today = timezone.localdate()
                return deals.filter(ends_soon(today, self.ending_soon_days))

    def with_request(self, deals: DealQuerySet, name: str, kind: str) -> DealQuerySet:
        return deals.with_request(kind)

    def of_partner(self, deals: DealQuerySet, name: str, text: str) -> QuerySet[Deal]:
        seen = partners_registering(self.user)
        found = seen.filter(reference=text.upper()) | seen.named_like(text)
        return deals.filter(
            partner_id__in=list(found.order_by().values_list("pk", flat=True)[:MOST_PARTNERS])
        )

    def from_day(self, deals: DealQuerySet, name: str, day: Any) -> DealQuerySet:
        return deals.filter(submitted_at__gte=_start_of(day))

    def to_day(self, deals: DealQuerySet, name: str, day: Any) -> DealQuerySet:
        # Midnight of the next day, put so that the last day of the calendar has one too.
        return deals.filter(submitted_at__lte=timezone.make_aware(datetime.combine(day, time.max)))


class QueueFilter(DealFilter):
    """Of what waits for the reader's decision; the order is the queue's own."""

    def __init__(self, data: Any, queryset: DealQuerySet, *, user: User) -> None:
        super().__init__(data, queryset, user=user)
        for name in ("status", "pending", "submitted_from", "submitted_to", "sort", "col"):
            del self.filters[name]

    def _deadlines(self) -> list[Any]:
        return [("due_soon", _("Decision due within 24 hours")), ("overdue", _("Decision overdue"))]

    def by_deadline(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        if value == "overdue":
            # Whatever the half: what is listed here is the reader's to decide.
            return deals.overdue(timezone.now())
        return super().by_deadline(deals, name, value)
