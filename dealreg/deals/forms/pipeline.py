"""Search and filters of the pipeline; they stand in its address, as those of the list do."""

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.filters import DealFilter
from dealreg.deals.lifecycle import ACTIVE, DealStatus
from dealreg.deals.querysets import DealQuerySet, ends_soon
from portal.accounts.models import User

BY_CHOICES = [
    ("state", _("State")),
    ("month", _("Month of closing")),
    ("group", _("Product group")),
    ("partner", _("Partner")),
]


class PipelineFilter(DealFilter):
    closing = django_filters.ChoiceFilter(
        label=_("Closing"),
        empty_label=_("Any closing date"),
        method="by_closing",
        choices=[
            ("past", _("Closing date has passed")),
            ("month", _("This month")),
            ("next", _("Next month")),
            ("later", _("Later")),
        ],
    )
    # Not filters: they ride along, so that filtering keeps the board or the table and its columns.
    by = django_filters.ChoiceFilter(method="as_it_is", choices=BY_CHOICES, widget=forms.HiddenInput)
    display = django_filters.ChoiceFilter(
        method="as_it_is", choices=[("table", _("Table"))], widget=forms.HiddenInput
    )

    rides_along = (*DealFilter.rides_along, "by", "display")

    def __init__(self, data: Any, queryset: DealQuerySet, *, user: User, today: date) -> None:
        self.today = today
        super().__init__(data, queryset, user=user)
        for name in ("submitted_from", "submitted_to"):
            del self.filters[name]
        # An appeal is filed against the end of a deal: it is in no pipeline.
        self.filters["pending"].extra["choices"] = [
            choice for choice in self.filters["pending"].extra["choices"] if choice[0] != "appeal"
        ]

    def _states(self) -> list[Any]:
        return [(status.value, status.label) for status in DealStatus if status in ACTIVE]

    def _deadlines(self) -> list[Any]:
        return [
            ("expiring", _("Protection ends soon")),
            ("overdue", _("Decision overdue")),
        ]

    def by_deadline(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        if value == "expiring":
            return deals.filter(ends_soon(self.today, self.ending_soon_days))
        return super().by_deadline(deals, name, value)

    def by_closing(self, deals: DealQuerySet, name: str, value: str) -> DealQuerySet:
        this, following, after = self.today.replace(day=1), _next(self.today), _next(_next(self.today))
        day = "expected_close_on"
        match value:
            case "past":
                return deals.filter(**{f"{day}__lt": self.today})
            case "month":
                return deals.filter(Q(**{f"{day}__gte": this, f"{day}__lt": following}))
            case "next":
                return deals.filter(Q(**{f"{day}__gte": following, f"{day}__lt": after}))
            case _:
                return deals.filter(**{f"{day}__gte": after})


def _next(day: date) -> date:
    """The first day of the following month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
