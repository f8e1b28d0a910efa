from datetime import date, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import ProductGroup
from partners.certification.certificates import WHILE_EMPLOYED, CertificateState, in_state
from partners.certification.models import Certificate, Employment, Track
from partners.certification.querysets import CertificateQuerySet
from partners.organisations.selectors import is_partner, is_vendor
from portal.accounts.models import User
from portal.core.form_fields import staying
from portal.core.formats import country_name
from portal.core.typed import tidy

WITHIN = [
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("180", _("180 days")),
]


class CertificateFilter(django_filters.FilterSet):
    """Filters of the list of certificates; the country for the vendor, who has several."""

    q = django_filters.CharFilter(label=_("Number, holder or partner"), method="search", max_length=200)
    track = django_filters.ChoiceFilter(label=_("Track"), choices=Track.choices, empty_label=_("All tracks"))
    technology = django_filters.ModelChoiceFilter(
        label=_("Technology"),
        queryset=ProductGroup.objects.filter(is_active=True),
        to_field_name="code",
        empty_label=_("All technologies"),
    )
    state = django_filters.ChoiceFilter(
        label=_("Status"), choices=CertificateState.choices, empty_label=_("All states"), method="by_state"
    )
    within = django_filters.ChoiceFilter(
        label=_("Expires within"), choices=WITHIN, empty_label=_("Any time"), method="expiring"
    )
    country = django_filters.ChoiceFilter(
        label=_("Country"), empty_label=_("All countries"), method="in_country"
    )

    class Meta:
        model = Certificate
        fields: list[str] = []

    def __init__(self, data: Any, queryset: CertificateQuerySet, *, reader: User, day: date) -> None:
        super().__init__(data, queryset)
        self.reader, self.day = reader, day
        if is_vendor(reader):
            codes = reader.acting_as.vendor_office.countries
            choices = sorted(((code, country_name(code)) for code in codes), key=lambda one: one[1])
            self.filters["country"].extra["choices"] = choices
        else:
            del self.filters["country"]
            self.filters["q"].label = _("Number or holder")

    def _employed(self) -> Any:
        return Employment.objects.visible_to(self.reader).filter(person_id=OuterRef("person_id"))

    def search(self, queryset: CertificateQuerySet, name: str, value: str) -> CertificateQuerySet:
        text = tidy(value)
        found = Q(number__icontains=text) | Q(holder_name__icontains=text) | Q(title__icontains=text)
        if "country" in self.filters:
            named = Q(partner__trade_name__icontains=text) | Q(partner__reference__iexact=text)
            found |= Q(Exists(self._employed().filter(named)))
        return queryset.filter(found) if text else queryset

    def by_state(self, queryset: CertificateQuerySet, name: str, value: str) -> CertificateQuerySet:
        known = WHILE_EMPLOYED if is_partner(self.reader) else None
        return in_state(queryset, value, self.day, known=known)

    def expiring(self, queryset: CertificateQuerySet, name: str, value: str) -> CertificateQuerySet:
        until = self.day + timedelta(days=int(value))
        return self.by_state(queryset, name, CertificateState.VALID).filter(expires_on__lte=until)

    def in_country(self, queryset: CertificateQuerySet, name: str, value: str) -> CertificateQuerySet:
        return queryset.filter(Exists(self._employed().filter(partner__country=value)))

    @property
    def is_set(self) -> bool:
        return any(self.data.get(name) for name in self.filters)


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=staying(_("The partner and the holder read it.")),
        error_messages={"required": _("Please give a reason.")},
    )
