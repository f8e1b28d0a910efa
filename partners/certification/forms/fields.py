"""Days and times in the forms of training."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.core.form_fields import DayInput

_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")
FIRST_YEAR, LAST_YEAR = 2000, 2099


class DayField(forms.DateField):
    widget = DayInput

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class LocalMomentField(forms.Field):
    """A day and time as a clock on the wall shows it; the form knows in which time zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {"invalid": _("Enter a day and a time.")}

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        for layout in _FORMATS:
            try:
                moment = datetime.strptime(str(value).strip(), layout)  # noqa: DTZ007 - a wall clock's
            except ValueError:
                continue
            if FIRST_YEAR <= moment.year <= LAST_YEAR:
                return moment
        raise ValidationError(self.error_messages["invalid"], code="invalid")
