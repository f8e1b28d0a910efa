import django_filters
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.organisations.actions.partners import PartnerFacts
from partners.organisations.models import Distributor, Partner, PartnerKind, PartnerStatus, Tier
from partners.organisations.selectors import channel_managers, channel_managers_of, search_partners
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.core.formats import alphabetical, country_name
from portal.core.list_filters import ListFilter


def country_choices(countries, empty: object = None) -> list[tuple[str, object]]:
    named = sorted(
        ((code, country_name(code)) for code in countries), key=lambda choice: alphabetical(choice[1])
    )
    return named if empty is None else [("", empty), *named]


class CountriesField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class PartnerForm(forms.Form):
    """A partner's details. Tier only when it is added; later it changes by its own decisions."""

    trade_name = forms.CharField(label=_("Trade name"), max_length=200)
    legal_name = forms.CharField(label=_("Legal name"), max_length=200, help_text=_("With the legal form."))
    kind = forms.ChoiceField(label=_("Type"), choices=PartnerKind.choices, initial=PartnerKind.RESELLER)
    tier = forms.ChoiceField(
        label=_("Tier"), choices=list(reversed(Tier.choices)), initial=Tier.REGISTERED.value
    )
    country = forms.ChoiceField(label=_("Country"))
    city = forms.CharField(label=_("Town"), max_length=120)
    vat_number = forms.CharField(label=_("VAT number"), max_length=30, required=False)
    company_number = forms.CharField(
        label=_("Company number"),
        max_length=40,
        required=False,
        help_text=_("In the register of the country."),
    )
    web_domain = forms.CharField(
        label=_("Web domain"), max_length=253, required=False, help_text=_("Such as example.com.")
    )
    distributors = forms.ModelMultipleChoiceField(
        Distributor.objects.none(), label=_("Buys from"), widget=forms.CheckboxSelectMultiple
    )
    primary = forms.ModelChoiceField(
        Distributor.objects.none(), label=_("Primary distributor"), empty_label=_("Choose one")
    )
    channel_manager = forms.ModelChoiceField(
        User.objects.none(), label=_("Channel manager"), required=False, empty_label=_("None")
    )
    authorised_countries = CountriesField(
        label=_("Authorised in further countries"),
        required=False,
        help_text=_("The partner's own country needs no tick."),
    )

    def __init__(self, *args, reader: User, partner: Partner | None = None, **kwargs):
        initial = _initial_of(partner) if partner else {}
        super().__init__(*args, initial=initial, **kwargs)
        territory = territory_on(timezone.localdate())
        own = territory & set(reader.acting_as.vendor_office.countries)
        kept = set(partner.authorised_countries) if partner else set()
        self.fields["country"].choices = country_choices(own | ({partner.country} if partner else set()))
        if partner is None:
            self.fields["country"].choices = [("", _("Choose a country")), *self.fields["country"].choices]
        else:
            del self.fields["tier"]
        self.fields["authorised_countries"].choices = country_choices(own | kept)
        sellers = Distributor.objects.visible_to(reader).filter(is_active=True)
        managers = channel_managers()
        if partner:
            # What is so today can stay, wherever it lies.
            sellers = Distributor.objects.filter(
                Q(pk__in=sellers.values("pk")) | Q(pk__in=[*initial["distributors"]])
            )
            managers = channel_managers_of(partner.country) | managers.filter(pk=partner.channel_manager_id)
        for name in ("distributors", "primary"):
            self.fields[name].queryset = sellers
        self.fields["distributors"].label_from_instance = _with_countries
        self.fields["channel_manager"].queryset = managers
        self.fields["country"].widget.attrs["data-combobox"] = ""

    def facts(self) -> PartnerFacts:
        given = self.cleaned_data
        return PartnerFacts(**{name: given[name] for name in given if name != "tier"})


def _initial_of(partner: Partner) -> dict[str, object]:
    running = list(partner.supplies.filter(ended_on=None))
    names = (
        "trade_name",
        "legal_name",
        "kind",
        "country",
        "city",
        "vat_number",
        "company_number",
        "web_domain",
    )
    return {name: getattr(partner, name) for name in names} | {
        "authorised_countries": partner.authorised_countries,
        "channel_manager": partner.channel_manager_id,
        "distributors": [supply.distributor_id for supply in running],
        "primary": next((supply.distributor_id for supply in running if supply.is_primary), None),
    }


def _with_countries(distributor: Distributor) -> str:
    return f"{distributor.name} ({', '.join(distributor.countries)})"


class PartnerFilter(ListFilter):
    """Filters of the list of partners; a distributor has no filter by distributor."""

    q = django_filters.CharFilter(label=_("Name, reference or domain"), method="search")
    tier = django_filters.ChoiceFilter(
        label=_("Tier"),
        field_name="counting_tier",
        choices=list(reversed(Tier.choices)),
        empty_label=_("All tiers"),
    )
    country = django_filters.ChoiceFilter(label=_("Country"), empty_label=_("All countries"))
    status = django_filters.ChoiceFilter(
        label=_("Status"), choices=PartnerStatus.choices, empty_label=_("All states")
    )
    distributor = django_filters.ModelChoiceFilter(
        label=_("Distributor"),
        empty_label=_("All distributors"),
        method="buys_from",
        queryset=Distributor.objects.none(),
    )

    class Meta:
        model = Partner
        fields = ["q", "tier", "country", "status", "distributor"]

    def __init__(self, *args, reader: User, **kwargs):
        super().__init__(*args, **kwargs)
        acting_as = reader.acting_as
        office = acting_as.vendor_office
        countries = office.countries if office else acting_as.distributor.countries
        self.filters["country"].extra["choices"] = country_choices(countries)
        if office:
            self.filters["distributor"].queryset = Distributor.objects.visible_to(reader)
        else:
            del self.filters["distributor"]

    def search(self, queryset, name, value):
        return search_partners(queryset, value[:200].replace("\x00", ""))

    def buys_from(self, queryset, name, value):
        return queryset.filter(pk__in=value.supplies.filter(ended_on=None).values("partner_id"))
