"""What a partner and the vendor write about a rejection (rule E9)."""

from django import forms
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import text_field
from dealreg.deals.forms.uploads import WithFiles, files_field
from dealreg.deals.models import AppealOutcome


class AppealForm(WithFiles):
    text = text_field(
        _("Why is the decision wrong?"),
        rows=8,
        help_text=_("Say which fact or rule you mean. The vendor and your distributor read it."),
    )
    file = files_field(_("What proves it: minutes, a tender, the customer's letter. Optional."))


class JudgeForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=AppealOutcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the outcomes.")},
    )
    text = text_field(
        _("Your reasons, for the partner"),
        rows=6,
        help_text=_("The partner and the distributor read them. Name no other company."),
    )
