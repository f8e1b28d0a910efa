"""What an approved deal is changed to, and what is said about it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import LineFormSet, MoveForm, text_field
from dealreg.deals.models import MAX_NODES
from portal.core.errors import PortalError
from portal.core.form_fields import DayInput
from portal.core.web import add_violation, message_of
from portal.core.whole_numbers import WholeNumberField


class AmendForm(MoveForm):
    nodes = WholeNumberField(label=_("Nodes"), min_value=1, max_value=MAX_NODES)
    expected_close_on = forms.DateField(
        label=_("Expected closing date"),
        widget=DayInput(),
    )
    reason = text_field(
        _("Why does it change?"), rows=3, help_text=_("Your distributor and the vendor read it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("nodes", self.deal.nodes)
        self.initial.setdefault("expected_close_on", self.deal.expected_close_on)
        self.lines = LineFormSet(
            self.data if self.is_bound else None, prefix="lines", deal=self.deal, at=self.at
        )

    def is_valid(self) -> bool:
        parts = [super().is_valid(), self.lines.is_valid()]
        return all(parts)

    def arguments(self) -> dict[str, Any]:
        return {**self.cleaned_data, "lines": self.lines.lines()}

    def refuse(self, refusal: PortalError) -> None:
        if refusal.field in ("lines", "product"):
            self.lines.forms[0].add_error(None, message_of(refusal))
        else:
            add_violation(self, refusal)


class DecideAmendmentForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Your decision"),
        choices=[("approve", _("Approve the change")), ("refuse", _("Refuse the change"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the two.")},
    )
    text = text_field(
        _("Your reasons, for the partner"),
        required=False,
        help_text=_("Needed for a refusal. Name no other company."),
    )

    def clean(self) -> dict[str, Any]:
        kept = super().clean() or self.cleaned_data
        if kept.get("decision") == "refuse" and not kept.get("text", "").strip():
            raise ValidationError({"text": _("Say why, so that the partner knows what to do.")})
        return kept
