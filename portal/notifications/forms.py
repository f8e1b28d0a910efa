from django import forms
from django.utils.translation import gettext_lazy as _

from portal.notifications.kinds import KINDS


class InboxFilter(forms.Form):
    """What the list is narrowed to; whatever cannot be read narrows nothing."""

    q = forms.CharField(label=_("Deal number"), max_length=40, required=False, strip=True)
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=lambda: [("", _("All kinds")), *((kind.code, kind.label) for kind in KINDS.values())],
    )
    show = forms.ChoiceField(
        required=False, choices=[("unread", ""), ("action", "")], widget=forms.HiddenInput
    )


class MarkForm(forms.Form):
    """Read or unread, as a button of the list says."""

    state = forms.ChoiceField(choices=[("read", ""), ("unread", "")])
