from typing import Any

import django_filters
from django import forms
from django.db.models import Case, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from partners.customers.models import Customer
from partners.customers.selectors import Seen, find_records
from portal.core.formats import alphabetical, country_name, format_day, labelled
from portal.core.list_filters import ListFilter
from portal.core.references import read_reference

TEXT_LENGTH = 4000


def country_choices(countries: list[str]) -> list[tuple[str, str]]:
    return sorted(((code, country_name(code)) for code in countries), key=lambda one: alphabetical(one[1]))


class CustomerFilter(ListFilter):
    q = django_filters.CharFilter(
        method="search",
        label=_("Search customers"),
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": _("Name, company number, web domain or deal number"),
                "maxlength": 200,
            }
        ),
    )
    country = django_filters.ChoiceFilter(
        field_name="country", label=_("Country"), empty_label=_("All countries")
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def __init__(self, *args: Any, countries: list[str], deals: DealQuerySet, **kwargs: Any) -> None:
        """`deals`: those that the reader sees, by whose number a record is found, too."""
        super().__init__(*args, **kwargs)
        self.deals = deals
        self.filters["country"].extra["choices"] = country_choices(countries)

    def search(self, rows: QuerySet[Customer], name: str, text: str) -> QuerySet[Customer]:
        found = self._of_deal(text) or find_records(text)
        # What fits best on top, unless the reader chooses another order.
        order = Case(*(When(pk=pk, then=place) for place, pk in enumerate(found)), default=len(found))
        return rows.filter(pk__in=found).order_by(order, "pk")

    def _of_deal(self, text: str) -> list[int]:
        """The record of the deal with this number, or the one into which it was merged."""
        number = read_reference("DR", text)
        if number is None:
            return []
        record = Coalesce("customer__merged_into", "customer")
        deals = self.deals.filter(reference=number, customer__isnull=False).order_by()
        return list(deals.values_list(record, flat=True))


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason, for the record"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Read by the vendor only. It stays with both records."),
    )


class SplitForm(ReasonForm):
    """What goes to the new record."""

    observations = forms.TypedMultipleChoiceField(
        label=_("Observed"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one name for the new record.")},
    )
    deals = forms.TypedMultipleChoiceField(
        label=_("Deals"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ("observations", "deals", "reason")

    def __init__(
        self, *args: Any, observed: dict[str, list[Seen]], deals: list[Deal], own: set[int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "name": _("Name"),
            "number": _("Company number"),
            "domain": _("Web domain"),
            "place": _("Town"),
        }
        self.fields["observations"].choices = [
            (
                one.pk,
                labelled(labels[kind], f"{one.value} ({country_name(one.country)}, {format_day(one.since)})"),
            )
            for kind, found in observed.items()
            for one in found
            if one.pk in own
        ]
        self.fields["deals"].choices = [
            (
                deal.pk,
                labelled(deal.reference, f"{deal.partner}, {deal.product_group}, {deal.customer_name}"),
            )
            for deal in deals
        ]
        if not deals:
            del self.fields["deals"]
