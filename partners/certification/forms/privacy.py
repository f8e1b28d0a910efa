from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.form_fields import STAYS_FOR_GOOD


class ErasureForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=STAYS_FOR_GOOD,
        error_messages={"required": _("Please give a reason.")},
    )
    sure = forms.BooleanField(
        label=_("I have understood that this cannot be undone."),
        error_messages={"required": _("Please confirm.")},
    )
