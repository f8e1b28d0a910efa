"""The steps of a registration. A draft keeps what can be read; what cannot stays on the screen as typed."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from dealreg.deals import rules
from dealreg.deals.forms.uploads import FILE_AGAIN, FilesField, drop_attributes, limits_in_words
from dealreg.deals.models import MAX_NODES, Deal, DealLine, EvidenceKind
from dealreg.deals.selectors import GroupEligibility, PriceTable
from partners.catalogue.models import Product, ProductGroup
from partners.customers.identity import name_key
from partners.organisations.models import Distributor
from partners.programme.models import Line
from partners.programme.selectors import rulebook_on
from portal.core.company_numbers import read_company_number
from portal.core.errors import RuleViolation
from portal.core.form_fields import DayInput, OneLine, Paragraphs
from portal.core.formats import alphabetical, country_name, format_pct
from portal.core.web import message_of
from portal.core.web_domains import registrable_domain
from portal.core.whole_numbers import WholeNumberField

MAX_LINES = 20
DEFAULT_TERM = 12


class DraftForm(forms.Form):
    """A form whose readable fields are kept although others are empty or wrong."""

    def changes(self) -> dict[str, Any]:
        """What can be saved: the fields that could be read, and those that were emptied."""
        emptied = {
            name: self._empty(field)
            for name, field in self.fields.items()
            if name in self.errors and not self._typed(name)
        }
        return {**self.cleaned_data, **emptied}

    def unreadable(self) -> list[str]:
        """Labels of the fields that hold something that cannot be saved."""
        wrong = [name for name in self.errors if name in self.fields and self._typed(name)]
        return [str(self.fields[name].label) for name in wrong]

    def _typed(self, name: str) -> bool:
        return bool(str(self[name].data or "").strip())

    @staticmethod
    def _empty(field: forms.Field) -> Any:
        if isinstance(field, forms.TypedChoiceField):
            return field.empty_value
        return "" if isinstance(field, forms.CharField) else None


class CustomerForm(DraftForm):
    """The first screen: at most eight inputs."""

    customer_name = OneLine(
        label=_("Customer name"),
        max_length=200,
        help_text=_("The company as it stands in the register."),
        # The partner's own earlier customers: see dealreg.deals.suggestions.
        widget=forms.TextInput(attrs={"data-combobox": reverse_lazy("deals:customer_choices")}),
    )
    # Filled in with an earlier customer.
    customer_city = OneLine(max_length=120, required=False, widget=forms.HiddenInput)
    customer_country = forms.ChoiceField(label=_("Country"))
    web_domain = OneLine(
        label=_("Web domain"),
        max_length=253,
        required=False,
        help_text=_("For instance example.com. A free-mail host such as gmail.com identifies no company."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
    )
    company_number = OneLine(
        label=_("VAT or company number"),
        max_length=40,
        required=False,
        help_text=_("Optional. It tells companies with like names apart."),
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    product_group = forms.TypedChoiceField(label=_("Product group"), empty_value=None)
    nodes = WholeNumberField(label=_("Nodes"), min_value=1, max_value=MAX_NODES)
    expected_close_on = forms.DateField(label=_("Expected closing date"), widget=DayInput())
    engagement = Paragraphs(
        label=_("Engagement so far"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What you have done with the customer: meetings, demonstration, offer, with dates."),
    )
    distributor = forms.TypedChoiceField(
        label=_("Distributor"), empty_value=None, help_text=_("Decides on this registration.")
    )

    def __init__(
        self,
        data: Any = None,
        *,
        countries: Sequence[str],
        groups: Sequence[GroupEligibility],
        distributors: Sequence[Distributor],
        today: date,
        deal: Deal | None = None,
        check: bool = False,
    ) -> None:
        self.today = today
        initial = self._initial(countries, distributors, deal)
        # A look at what is still missing: the kept values, bound as if they had been sent.
        super().__init__(initial if check and data is None else data, initial=initial)
        self._offer_countries(countries, deal)
        self._offer_groups([one for one in groups if one.allowed], deal)
        self._offer_distributors(distributors, deal)

    @staticmethod
    def _initial(
        countries: Sequence[str], distributors: Sequence[Distributor], deal: Deal | None
    ) -> dict[str, Any]:
        if deal is None:
            return {
                "customer_country": countries[0] if countries else "",
                "distributor": distributors[0].reference if distributors else "",
            }
        initial = {name: getattr(deal, name) for name in CustomerForm.base_fields}
        initial["product_group"] = deal.product_group.code if deal.product_group else ""
        initial["distributor"] = deal.distributor.reference if deal.distributor else ""
        return initial

    def _offer_countries(self, countries: Sequence[str], deal: Deal | None) -> None:
        offered = set(countries) | ({deal.customer_country} if deal and deal.customer_country else set())
        if len(offered) > 1:
            named = sorted(
                ((country_name(code), code) for code in offered), key=lambda one: alphabetical(one[0])
            )
            self.fields["customer_country"].choices = [(code, name) for name, code in named]
        else:
            self.only_country = next(iter(offered), "")
            del self.fields["customer_country"]

    def _offer_groups(self, allowed: Sequence[GroupEligibility], deal: Deal | None) -> None:
        offered: dict[str, ProductGroup] = {one.group.code: one.group for one in allowed}
        ceilings: dict[str, Decimal | None] = {one.group.code: one.ceiling_pct for one in allowed}
        if deal and deal.product_group:
            offered.setdefault(deal.product_group.code, deal.product_group)
        choices: list[Any] = [("", _("Choose a product group"))]
        for line in Line:
            names = [(code, group.name) for code, group in offered.items() if group.line == line]
            tops = {ceilings.get(code) for code, _name in names} - {None}
            if not names:
                continue
            label: Any = line.label
            if len(tops) == 1:
                label = _("%(line)s, up to %(percent)s") % {"line": label, "percent": format_pct(tops.pop())}
            choices.append((label, names))
        field = self.fields["product_group"]
        field.choices = choices
        field.coerce = lambda code: offered[code]

    def _offer_distributors(self, distributors: Sequence[Distributor], deal: Deal | None) -> None:
        offered = {distributor.reference: distributor for distributor in distributors}
        if deal and deal.distributor:
            offered.setdefault(deal.distributor.reference, deal.distributor)
        self.only_distributor = next(iter(offered.values()), None)
        if len(offered) > 1:
            field = self.fields["distributor"]
            field.choices = [(reference, one.name) for reference, one in offered.items()]
            field.coerce = lambda reference: offered[reference]
        else:
            del self.fields["distributor"]

    def clean_customer_name(self) -> str:
        name = self.cleaned_data["customer_name"]
        if not name_key(name):
            raise ValidationError(_("Enter the name of a company."))
        return name

    def clean_web_domain(self) -> str:
        typed = self.cleaned_data["web_domain"]
        if not typed:
            return ""
        try:
            registrable_domain(typed)
        except RuleViolation as violation:
            raise ValidationError(message_of(violation)) from violation
        host = typed.lower().partition("://")[2] or typed.lower()
        return host.rpartition("@")[2].partition("/")[0].partition("?")[0]

    def clean_expected_close_on(self) -> date:
        day = self.cleaned_data["expected_close_on"]
        try:
            rules.check_closing_date(day, self.today, rulebook_on(self.today).deal_registration)
        except RuleViolation as violation:
            raise ValidationError(message_of(violation)) from violation
        return day

    def clean(self) -> dict[str, Any]:
        kept = super().clean() or self.cleaned_data
        country = kept.get("customer_country") or getattr(self, "only_country", "")
        if kept.get("company_number") and country:
            try:
                read_company_number(country, kept["company_number"])
            except RuleViolation as violation:
                self.add_error("company_number", message_of(violation))
        return kept

    def changes(self) -> dict[str, Any]:
        changes = super().changes()
        if "customer_country" not in self.fields:
            changes["customer_country"] = self.only_country
        if "distributor" not in self.fields:
            changes["distributor"] = self.only_distributor
        return changes

    def has_anything(self) -> bool:
        """Whether the person typed something worth a draft."""
        given = ("customer_country", "distributor")
        return any(value for name, value in self.changes().items() if name not in given)


class LineForm(forms.Form):
    product = forms.TypedChoiceField(label=_("Product"), empty_value=None)
    nodes = WholeNumberField(label=_("Nodes"), min_value=1, max_value=MAX_NODES)
    term_months = forms.TypedChoiceField(label=_("Term"), coerce=int, empty_value=None)

    def __init__(self, *args: Any, table: PriceTable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        products: dict[str, Product] = {str(product.pk): product for product in table.products}
        product = self.fields["product"]
        product.choices = [
            ("", _("Choose a product")),
            *((pk, one.name) for pk, one in products.items()),
        ]
        product.coerce = lambda pk: products[pk]
        self.fields["term_months"].choices = [
            (term, ngettext("%(count)d month", "%(count)d months", term) % {"count": term})
            for term in table.terms
        ]
        for field in self.fields.values():
            field.widget.attrs["class"] = (
                "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            )

    def has_changed(self) -> bool:
        # Nodes and term come filled in: a row counts from its product on.
        return bool(str(self["product"].data or "").strip())

    def clean(self) -> dict[str, Any]:
        kept = super().clean() or self.cleaned_data
        product, term = kept.get("product"), kept.get("term_months")
        if product and term and not self.table.has(product, term):
            self.add_error("term_months", _("The price list does not have this product for this term."))
        return kept


class BaseLines(forms.BaseFormSet):
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "empty_permitted": True}

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """No further fields: rows are taken out by their own button."""


Lines = forms.formset_factory(
    LineForm, formset=BaseLines, extra=0, max_num=MAX_LINES, validate_max=True, absolute_max=MAX_LINES + 1
)

LineRow = dict[str, Any]
ROW_FIELDS = ("product", "nodes", "term_months")


def rows_typed(data: Any) -> list[LineRow]:
    """The rows as they were sent, whatever stands in them."""
    try:
        total = int(data.get("form-TOTAL_FORMS", 0))
    except ValueError:
        total = 0
    return [
        {name: data.get(f"form-{number}-{name}", "") for name in ROW_FIELDS}
        for number in range(max(0, min(total, MAX_LINES + 1)))
    ]


def bound_lines(rows: Sequence[LineRow], table: PriceTable) -> forms.BaseFormSet:
    data: dict[str, Any] = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"form-{number}-{name}": row[name] for name in ROW_FIELDS}
    return Lines(data, form_kwargs={"table": table})


def kept_rows(lines: Sequence[DealLine]) -> list[LineRow]:
    return [
        {"product": line.product_id, "nodes": line.nodes, "term_months": line.term_months} for line in lines
    ]


def blank_row(nodes: int | None, table: PriceTable, *, only_product: bool = False) -> LineRow:
    """A new row with the nodes of the first screen; with the product where there is but one."""
    product = table.products[0].pk if only_product and len(table.products) == 1 else ""
    term = DEFAULT_TERM if DEFAULT_TERM in table.terms else next(iter(table.terms), "")
    return {"product": product, "nodes": nodes or "", "term_months": term}


class ContactForm(DraftForm):
    contact_name = OneLine(label=_("Name"), max_length=120, required=False)
    contact_role = OneLine(label=_("Function"), max_length=120, required=False)
    contact_email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    contact_phone = OneLine(
        label=_("Telephone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    notes = Paragraphs(
        label=_("Notes"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whatever helps the reviewers. They see these notes with the registration."),
    )

    def __init__(self, data: Any = None, *, deal: Deal) -> None:
        super().__init__(data, initial={name: getattr(deal, name) for name in self.base_fields})


def describe_as_other(kept: dict[str, Any], errors: Any, today: date) -> None:
    """Without type or date a file is kept all the same: no browser fills it in again."""
    for name, plain in (("kind", EvidenceKind.OTHER), ("dated_on", today)):
        if name not in errors and not kept.get(name):
            kept[name] = plain


class EvidenceForm(forms.Form):
    file = FilesField(label=_("Files"), required=False)
    kind = forms.ChoiceField(
        label=_("Type"),
        required=False,
        choices=[("", _("Choose a type")), *EvidenceKind.choices],
        help_text=_("Left empty, the files are kept as “Other”."),
    )
    dated_on = forms.DateField(label=_("Date"), required=False, widget=DayInput())

    def __init__(self, *args: Any, today: date, places: int = 1, address: str = "", **kwargs: Any) -> None:
        """`places`: how many more files the deal takes; `address`: where a script sends them one by one."""
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["dated_on"].initial = today
        field = self.fields["file"]
        field.widget.attrs |= drop_attributes(places)
        if address:
            field.widget.attrs["data-upload"] = address
        field.help_text = limits_in_words(places)

    def clean(self) -> dict[str, Any]:
        kept = super().clean() or self.cleaned_data
        if kept.get("file"):
            describe_as_other(kept, self.errors, self.today)
            if self.errors and "file" not in self.errors:
                self.add_error("file", FILE_AGAIN)
        return kept
