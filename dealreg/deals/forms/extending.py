"""The forms of more time: an extension asked for and decided on, and the re-opening of an expired deal."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import MoveForm, text_field
from dealreg.deals.models import ExtensionRefusal
from dealreg.deals.rules import ExtensionAsked, Happened
from dealreg.deals.selectors import pending_extension, terms_of
from portal.core.form_fields import DayInput
from portal.core.formats import format_day
from portal.core.whole_numbers import WholeNumberField

ROWS = (1, 2, 3)


def day_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=DayInput(),
    )


class ExtendForm(MoveForm):
    """What has happened, on up to three dates; the new closing date; for how many days."""

    days = WholeNumberField(label=_("Days asked for"), min_value=1)
    expected_close_on = day_field(_("New expected closing date"))
    on_1 = day_field(_("Date"))
    text_1 = text_field(_("What happened"), rows=2)
    on_2 = day_field(_("Date"), required=False)
    text_2 = text_field(_("What happened"), required=False, rows=2)
    on_3 = day_field(_("Date"), required=False)
    text_3 = text_field(_("What happened"), required=False, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = terms_of(self.deal).extension_days
        days = self.fields["days"]
        days.max_value = most
        days.widget.attrs |= {"min": 1, "max": most}
        days.help_text = gettext("Up to %(most)s days, counted from %(until)s.") % {
            "most": most,
            "until": format_day(self.deal.protected_until),
        }
        self.initial.setdefault("days", most)
        self.fields["expected_close_on"].widget.attrs["min"] = self.today.isoformat()
        self.fields["expected_close_on"].widget.attrs["max"] = (
            self.deal.protected_until + timedelta(days=most)
        ).isoformat()
        for number in ROWS:
            self.fields[f"text_{number}"].max_length = 1000
            self.fields[f"on_{number}"].widget.attrs |= {
                "min": self.deal.protected_from.isoformat(),
                "max": self.today.isoformat(),
            }

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"on_{number}"], self[f"text_{number}"]) for number in ROWS]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        for number in ROWS[1:]:
            for one, other in ((f"on_{number}", f"text_{number}"), (f"text_{number}", f"on_{number}")):
                if data.get(one) and not data.get(other) and other not in self.errors:
                    self.add_error(other, _("This information is needed."))
        return data

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "asked": ExtensionAsked(
                data["days"],
                data["expected_close_on"],
                tuple(
                    Happened(data[f"on_{number}"], data[f"text_{number}"], number)
                    for number in ROWS
                    if data.get(f"on_{number}")
                ),
            )
        }


class GrantExtensionForm(MoveForm):
    days_granted = WholeNumberField(label=_("Days granted"), min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        extension = pending_extension(self.deal)
        if extension is None:
            return
        field = self.fields["days_granted"]
        field.widget.attrs |= {"min": 1, "max": extension.days_asked}
        field.help_text = gettext(
            "Up to the %(days)s days asked for, counted from the old end on %(until)s."
        ) % {"days": extension.days_asked, "until": format_day(extension.until_before)}
        self.initial.setdefault("days_granted", extension.days_asked)


class RefuseExtensionForm(MoveForm):
    code = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose a reason")), *ExtensionRefusal.choices],
        error_messages={"required": _("Choose a reason.")},
    )
    text = text_field(
        _("Explanation for the partner"),
        help_text=_("What was missing or does not fit. Name no other company."),
    )


class ReopenForm(MoveForm):
    expected_close_on = day_field(_("New expected closing date"))
    note = text_field(
        _("What has changed (optional)"), required=False, rows=3, help_text=_("The reviewers read it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expected_close_on"].widget.attrs["min"] = self.today.isoformat()
        if self.deal.expected_close_on and self.deal.expected_close_on >= self.today:
            self.initial.setdefault("expected_close_on", self.deal.expected_close_on)
