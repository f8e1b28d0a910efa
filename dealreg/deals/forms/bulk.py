"""What is asked once for several deals."""

from datetime import date
from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import AmountField, text_field
from dealreg.deals.models import LossCode, RejectionCode
from dealreg.deals.rules import check_retry_day
from partners.programme.selectors import rulebook_on
from portal.core.errors import RuleViolation
from portal.core.form_fields import DayInput, OneLine
from portal.core.web import message_of


class ApproveForm(forms.Form):
    granted_pct = AmountField(
        label=_("Additional discount granted, in %"),
        max_digits=5,
        decimal_places=2,
        min_value=Decimal(0),
        max_value=Decimal(100),
        help_text=_("For each of them. Where it lies above a deal's ceiling, the ceiling is granted."),
    )


class AskForm(forms.Form):
    text = text_field(
        _("Your question"),
        rows=5,
        help_text=_("Each partner reads it as you write it. Name no company in it."),
    )


class RejectForm(forms.Form):
    code = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose a reason")), *RejectionCode.choices],
        error_messages={"required": _("Choose a reason.")},
    )
    text = text_field(
        _("Explanation for the partner"),
        rows=5,
        help_text=_("Each partner reads it. Say what was missing or does not fit. Name no company."),
    )


class WithdrawForm(forms.Form):
    reason = text_field(
        _("Reason (optional)"), required=False, rows=3, help_text=_("The distributor reads it.")
    )


class ReportLostForm(forms.Form):
    code = forms.ChoiceField(
        label=_("Why were they lost?"),
        choices=[("", _("Choose a reason")), *LossCode.choices],
        error_messages={"required": _("Choose a reason.")},
    )
    lost_to = OneLine(
        label=_("Competitor"),
        max_length=120,
        required=False,
        help_text=_("Whose product the customer chose, as far as you know. Optional."),
        widget=forms.TextInput(attrs={"list": "competitors", "autocomplete": "off"}),
    )
    retry_on = forms.DateField(
        label=_("Try again on"),
        required=False,
        help_text=_("For instance when the contract that was signed runs out. You are reminded on that day."),
        widget=DayInput(),
    )
    text = text_field(_("What happened (optional)"), required=False, rows=3)

    def clean_retry_on(self) -> date | None:
        """Said on the field once, not in each deal's refusal."""
        retry_on: date | None = self.cleaned_data["retry_on"]
        today = timezone.localdate()
        try:
            check_retry_day(retry_on, today, rulebook_on(today).deal_registration)
        except RuleViolation as refusal:
            raise forms.ValidationError(message_of(refusal)) from refusal
        return retry_on


class DiscardForm(forms.Form):
    """Nothing to fill in."""


FORMS: dict[str, type[forms.Form]] = {
    "approve": ApproveForm,
    "ask": AskForm,
    "reject": RejectForm,
    "withdraw": WithdrawForm,
    "report_lost": ReportLostForm,
    "discard": DiscardForm,
}
