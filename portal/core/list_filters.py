"""Filters of a list that stand in its address, and what else of the address belongs to the list."""

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict


class NarrowingForm(forms.Form):
    """Filters of a list; what does not fit is left out instead of refused."""

    @property
    def is_set(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


class ListFilter(django_filters.FilterSet):
    # No filters: they ride along, so that filtering keeps the order and the view.
    sort = django_filters.CharFilter(method="as_it_is", max_length=40, widget=forms.HiddenInput)
    view = django_filters.CharFilter(method="as_it_is", max_length=20, widget=forms.HiddenInput)

    rides_along: ClassVar[tuple[str, ...]] = ("sort", "view")
    # Given more than once in an address; of the others the last one counts.
    several: ClassVar[tuple[str, ...]] = ()

    @property
    def is_set(self) -> bool:
        return any(self.form.data.get(name) for name in self.filters if name not in self.rides_along)

    @property
    def understood(self) -> QueryDict:
        """What of the query means something here, as a saved view keeps it."""
        kept = QueryDict(mutable=True)
        given = self.form.data
        if not self.is_bound or not isinstance(given, QueryDict):
            return kept
        self.form.is_valid()
        for name in sorted(self.filters):
            values = given.getlist(name)
            values = sorted({*values}) if name in self.several else values[-1:]
            if name != "view" and any(values) and name not in self.form.errors:
                kept.setlist(name, [value for value in values if value])
        return kept

    def as_it_is(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows
