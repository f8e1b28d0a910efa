from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from partners.organisations.forms.partners import country_choices
from partners.organisations.models import Partner, Tier
from partners.organisations.selectors import search_partners
from portal.accounts.models import User
from portal.core.list_filters import NarrowingForm


class CoverageFilterForm(NarrowingForm):
    q = forms.CharField(label=_("Name, reference or domain"), max_length=100, required=False)
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    state = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", _("All")),
            ("missing", _("Specialists missing")),
            ("exact", _("Exactly as many as asked")),
            ("asked", _("Tier asks for specialists")),
        ],
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        acting_as = reader.acting_as
        place = acting_as.vendor_office or acting_as.distributor
        self.fields["country"].choices = country_choices(place.countries, _("All countries"))
        self.fields["tier"].choices = [("", _("All tiers")), *reversed(Tier.choices)]

    def narrow(self, partners: QuerySet[Partner]) -> QuerySet[Partner]:
        self.is_valid()
        wanted = self.cleaned_data
        partners = search_partners(partners, wanted.get("q", "").replace("\x00", ""))
        if wanted.get("tier"):
            partners = partners.filter(tier=wanted["tier"])
        if wanted.get("country"):
            partners = partners.filter(country=wanted["country"])
        match wanted.get("state"):
            case "missing":
                return partners.filter(missing__gt=0)
            case "exact":
                return partners.filter(
                    Q(technical_asked=F("technical_there")) | Q(sales_asked=F("sales_there")), missing=0
                )
            case "asked":
                return partners.filter(Q(technical_asked__gt=0) | Q(sales_asked__gt=0))
        return partners
