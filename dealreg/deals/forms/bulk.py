"""What is asked once for several deals."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import AmountField, text_field
from dealreg.deals.models import LossCode, RejectionCode


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
    text = text_field(_("What happened (optional)"), required=False, rows=3)


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
