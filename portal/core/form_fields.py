"""Fields that forms of several apps share."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

# Under every text that an event keeps, since nobody can take it out of there.
STAYS_FOR_GOOD = _("It stays in the record for good: no names, and nothing about health or private matters.")


def staying(help_text: str | Promise) -> str | Promise:
    """What is said of a field whose text stays for good, after who reads it."""
    return format_lazy("{} {}", help_text, STAYS_FOR_GOOD)


class OneLine(forms.CharField):
    """Text on one line: blanks collapsed, no control or invisible signs."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class Paragraphs(forms.CharField):
    """Some lines of text: no control or invisible signs."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        return "".join(sign for sign in text if sign in "\n\t" or sign.isprintable()).strip()


class TableFile(forms.FileField):
    """A file with lines for a table, of 2 MB at most; the browser refuses a larger one before it is sent."""

    MAX_BYTES = 2_000_000
    default_error_messages = {"too_large": _("The file is larger than 2 MB.")}

    def __init__(self, *, accept: str, **options: Any) -> None:
        limits = {"accept": accept, "data-max-bytes": str(self.MAX_BYTES)}
        super().__init__(widget=forms.ClearableFileInput(attrs=limits), **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and file.size > self.MAX_BYTES:
            raise forms.ValidationError(self.error_messages["too_large"], code="too_large")
        return file


class DayInput(forms.DateInput):
    """The browser's own date picker, which wants ISO dates whatever the language."""

    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")
