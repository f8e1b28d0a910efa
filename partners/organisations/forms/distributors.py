from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.organisations.actions.distributors import DistributorFacts
from partners.organisations.forms.partners import CountriesField, country_choices
from partners.organisations.models import Distributor
from partners.organisations.territory import territory_on


class DistributorForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    legal_name = forms.CharField(label=_("Legal name"), max_length=200, help_text=_("With the legal form."))
    country = forms.ChoiceField(label=_("Country"))
    city = forms.CharField(label=_("Town"), max_length=120)
    vat_number = forms.CharField(label=_("VAT number"), max_length=30, required=False)
    web_domain = forms.CharField(
        label=_("Web domain"), max_length=253, required=False, help_text=_("Such as example.com.")
    )
    countries = CountriesField(label=_("Countries served"))
    is_active = forms.BooleanField(
        label=_("Active"),
        required=False,
        initial=True,
        help_text=_("Only active distributors get new partners."),
    )

    def __init__(self, *args, distributor: Distributor | None = None, **kwargs):
        super().__init__(*args, initial=_initial_of(distributor) if distributor else {}, **kwargs)
        choices = country_choices(territory_on(timezone.localdate()))
        self.fields["country"].choices = choices if distributor else [("", _("Choose a country")), *choices]
        self.fields["country"].widget.attrs["data-combobox"] = ""
        self.fields["countries"].choices = choices
        if distributor is None:
            del self.fields["is_active"]

    def facts(self) -> DistributorFacts:
        return DistributorFacts(**self.cleaned_data)


def _initial_of(distributor: Distributor) -> dict[str, object]:
    return {name: getattr(distributor, name) for name in DistributorForm.base_fields}
