from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.core.form_fields import STAYS_FOR_GOOD, DayInput, staying

LONGEST_TEXT = 2_000


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        help_text=staying(_("The partner reads it.")),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ChangeForm(forms.Form):
    """Of a change that waits for its day: taken back, or upheld though its reason is gone."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            ("drop", _("Drop the change: the tier stays")),
            ("uphold", _("Uphold the change, though its reason is gone")),
        ],
        widget=forms.RadioSelect,
    )
    reason = _reason()

    def __init__(self, *args: Any, gone: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not gone:
            self.fields["decision"].choices = self.fields["decision"].choices[:1]
        self.initial["decision"] = "drop"


class DecisionForm(forms.Form):
    """Rule H5: one of three, with a reason; a recovery plan also with its measures and its last day."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            ("confirm", _("Confirm the lower tier")),
            ("keep", _("Keep the tier")),
            ("plan", _("Open a recovery plan")),
        ],
        widget=forms.RadioSelect,
    )
    reason = _reason()
    plan = forms.CharField(
        label=_("Measures of the plan"),
        help_text=STAYS_FOR_GOOD,
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    until = forms.DateField(
        label=_("Last day of the plan"),
        required=False,
        widget=DayInput(),
    )

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        if given.get("decision") == "plan":
            for name in ("plan", "until"):
                if name not in self.errors and not given.get(name):
                    self.add_error(name, _("A recovery plan needs this."))
        return given
