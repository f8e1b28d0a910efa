from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from portal.core.whole_numbers import WholeNumberField
from portal.jobs.selectors import hour_of, period_of

UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600}


def reason_field(**more: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It stays in the history of this job."),
        **more,
    )


class PeriodForm(forms.Form):
    every = WholeNumberField(label=_("Every"), min_value=1, max_value=86_400)
    unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[("seconds", _("seconds")), ("minutes", _("minutes")), ("hours", _("hours"))],
    )
    reason = reason_field()

    def __init__(self, *args: Any, task: PeriodicTask, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seconds = round(period_of(task).total_seconds())
        unit = next(unit for unit in ("hours", "minutes", "seconds") if seconds % UNITS[unit] == 0)
        self.initial.update(every=seconds // UNITS[unit], unit=unit)

    def period(self) -> timedelta:
        return timedelta(seconds=self.cleaned_data["every"] * UNITS[self.cleaned_data["unit"]])


class NightForm(forms.Form):
    hour = forms.TimeField(
        label=_("Hour in this time zone"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    reason = reason_field()

    def __init__(self, *args: Any, task: PeriodicTask, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(hour=hour_of(task))


class PauseForm(forms.Form):
    reason = reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It stands on a page with another form's reason.
        super().__init__(*args, auto_id="pause_%s", **kwargs)
