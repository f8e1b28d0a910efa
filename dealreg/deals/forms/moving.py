"""Which distributor a registration goes to."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.organisations.models import Distributor


class ChangeDistributorForm(forms.Form):
    distributor = forms.TypedChoiceField(
        label=_("New distributor"),
        empty_value=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a distributor.")},
    )

    def __init__(self, *args: Any, distributors: Sequence[Distributor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {one.reference: one for one in distributors}
        field = self.fields["distributor"]
        field.choices = [(reference, one.name) for reference, one in offered.items()]
        field.coerce = lambda reference: offered[reference]
