"""A revocation is announced, the partner states its view, the vendor decides (rule E13)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import text_field
from dealreg.deals.forms.uploads import WithFiles, files_field


class StatementForm(WithFiles):
    text = text_field(
        _("Your view"),
        rows=8,
        help_text=_("Say what is right and what is not. The vendor and your distributor read it."),
    )
    file = files_field(_("What proves it. Optional."))


class DecideRevocationForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Your decision"),
        choices=[
            ("revoke", _("Revoke the protection: it ends at once, and the customer is free again")),
            ("drop", _("Drop it: the protection goes on")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the outcomes.")},
    )
    text = text_field(
        _("Your reasons, for the partner"),
        rows=6,
        help_text=_("The partner and the distributor read them. Name no other company."),
    )

    def arguments(self) -> dict[str, Any]:
        return {"revoke": self.cleaned_data["decision"] == "revoke", "text": self.cleaned_data["text"]}
