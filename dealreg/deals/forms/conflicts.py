from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dealreg.deals.models import BY_ITSELF, ConflictOutcome

TEXT_LENGTH = 4000


class SettleForm(forms.Form):
    """A channel manager's decision between two registrations (rule E5)."""

    outcome = forms.ChoiceField(
        label=_("Your decision"),
        choices=[choice for choice in ConflictOutcome.choices if choice[0] not in BY_ITSELF],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the outcomes.")},
    )
    reason = forms.CharField(
        label=_("Reason, for the record"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Read by the vendor only. It stays with both deals."),
    )
    message = forms.CharField(
        label=_("Message to the partner whose registration ends"),
        required=False,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "The partner reads this message, the rule and the edition, and until when it may appeal; its "
            "distributor reads the same. Neither reads your reason above, nor who else registered, when, "
            "with which distributor or for how much: name none of it. Left as it is, the message goes out in "
            "the language of the person who registered the deal that ends. Not sent when both go on."
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("outcome") == ConflictOutcome.DIFFERENT:
            data["message"] = ""
        return data


class TellApartForm(forms.Form):
    """A record that may be the deal's customer is another company."""

    record = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31)
    reason = forms.CharField(
        label=_("How do you know?"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
