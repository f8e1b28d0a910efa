from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import Product, ProductGroup
from portal.core.form_fields import TableFile
from portal.core.whole_numbers import WholeNumberField


class CatalogueFilter(forms.Form):
    """What the reader looks for; those who see several price regions choose one."""

    q = forms.CharField(label=_("Product or article number"), required=False, max_length=100)
    group = forms.ModelChoiceField(
        label=_("Product group"),
        queryset=ProductGroup.objects.filter(is_active=True),
        to_field_name="code",
        required=False,
        empty_label=_("All product groups"),
    )

    def __init__(
        self, *args: Any, regions: list[tuple[str, str]], terms: list[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if len(regions) > 1:
            self.fields["region"] = forms.ChoiceField(
                label=_("Price region"), choices=regions, required=False
            )
        if terms:
            self.fields["term"] = forms.TypedChoiceField(
                label=_("Term"), choices=terms, coerce=int, empty_value=None, required=False
            )


class CalculatorForm(forms.Form):
    """A product, a number of nodes and a term: the list amount of a line."""

    nodes = WholeNumberField(
        label=_("Nodes"),
        min_value=1,
        max_value=10_000_000,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, terms: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on_sale = Product.objects.filter(is_active=True, group__is_active=True).select_related("group")
        groups: dict[str, list[tuple[str, str]]] = {}
        for product in on_sale:
            groups.setdefault(product.group.name, []).append((product.sku, product.name))
        field = self.fields["product"] = forms.ModelChoiceField(
            label=_("Product"),
            queryset=on_sale,
            to_field_name="sku",
            widget=forms.Select(attrs={"class": "form-select"}),
        )
        field.choices = [("", _("Choose a product")), *groups.items()]
        self.fields["months"] = forms.TypedChoiceField(
            label=_("Term"), choices=terms, coerce=int, widget=forms.Select(attrs={"class": "form-select"})
        )
        self.order_fields(["product", "nodes", "months"])


class PriceFileForm(forms.Form):
    file = TableFile(
        label=_("Price file (CSV)"),
        help_text=_("UTF-8, at most 2 MB and 50 000 lines."),
        accept=".csv,text/csv",
    )
