from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.organisations.actions.offices import OfficeFacts
from partners.organisations.forms.partners import CountriesField, country_choices
from partners.organisations.models import VendorOffice
from partners.organisations.territory import territory_on
from portal.core.calendar import COUNTRY_TIME_ZONES


class OfficeForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    country = forms.ChoiceField(
        label=_("Country"), help_text=_("Where the office is: its hours and its language follow from it.")
    )
    countries = CountriesField(
        label=_("Countries looked after"),
        help_text=_("The people of the office see the partners, distributors and deals of these countries."),
    )

    def __init__(self, *args, office: VendorOffice | None = None, **kwargs):
        initial = {name: getattr(office, name) for name in self.base_fields} if office else {}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["country"].choices = country_choices(COUNTRY_TIME_ZONES, _("Choose a country"))
        self.fields["country"].widget.attrs["data-combobox"] = ""
        kept = set(office.countries) if office else set()
        self.fields["countries"].choices = country_choices(territory_on(timezone.localdate()) | kept)

    def facts(self) -> OfficeFacts:
        return OfficeFacts(**self.cleaned_data)
