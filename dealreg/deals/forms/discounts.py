"""A discount for the end customer: asked for by the partner, decided by the vendor (rule E14)."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import AmountField, text_field
from dealreg.deals.models import Deal, DealLine, DiscountRequest


class AskDiscountForm(forms.Form):
    unit = forms.ChoiceField(label=_("Said as"), widget=forms.RadioSelect)
    whole = AmountField(
        label=_("For the whole deal"),
        max_digits=14,
        decimal_places=2,
        required=False,
        help_text=_("Spread over the products in proportion to their list price."),
    )
    reason = text_field(
        _("Why does the customer need it?"),
        rows=5,
        help_text=_("What you know of the project and its budget. Your own resale price is not asked for."),
    )
    competitor = forms.CharField(
        label=_("Competing product (optional)"),
        max_length=120,
        required=False,
        help_text=_("The manufacturer and its product; no other partner and none of its prices."),
    )

    def __init__(self, *args: Any, deal: Deal, lines: list[DealLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.fields["unit"].choices = [
            ("amount", _("Amount in %(currency)s") % {"currency": deal.currency}),
            ("pct", _("Per cent of the list price")),
        ]
        self.initial.setdefault("unit", "amount")
        for position, line in enumerate(lines):
            self.fields[f"line_{position}"] = AmountField(
                label=line.product.name, max_digits=14, decimal_places=2, required=False
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{"line": line, "field": self[f"line_{n}"]} for n, line in enumerate(self.lines)]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("whole") is not None and any(value is not None for value in self._by_line()):
            self.add_error("whole", _("Fill in either the whole deal or its products."))
        return data

    def _by_line(self) -> list[Decimal | None]:
        return [self.cleaned_data.get(f"line_{position}") for position in range(len(self.lines))]

    def arguments(self) -> dict[str, Any]:
        asked = {name: self.cleaned_data[name] for name in ("unit", "whole", "reason", "competitor")}
        return asked | {"by_line": self._by_line()}


class DecideDiscountForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Your decision"),
        choices=[("all", _("Grant all of it")), ("part", _("Grant a part")), ("none", _("Refuse it"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the outcomes.")},
    )
    amount = AmountField(
        label=_("Amount granted, if a part"),
        max_digits=14,
        decimal_places=2,
        required=False,
        help_text=_("For the whole deal; spread over the products as it was asked for."),
    )
    text = text_field(
        _("Your reasons, for the partner"),
        rows=5,
        help_text=_("The partner and the distributor read them. Name no other company."),
    )

    def __init__(self, *args: Any, request: DiscountRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = request.asked_amount

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("decision") == "part" and not data.get("amount") and "amount" not in self.errors:
            self.add_error("amount", _("Enter an amount above zero."))
        return data

    def arguments(self) -> dict[str, Any]:
        amounts = {"all": self.asked, "none": Decimal(0), "part": self.cleaned_data["amount"]}
        return {"amount": amounts[self.cleaned_data["decision"]], "text": self.cleaned_data["text"]}
