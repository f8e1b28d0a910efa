from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.programme.edition_file import MAX_BYTES, Problem, Reading, read_edition
from partners.programme.models import Edition


class EditionFileForm(forms.Form):
    """A YAML file with a new edition; `reading` holds its content after a clean validation."""

    file = forms.FileField(
        label=_("Edition file (YAML)"),
        help_text=_("At most 200 kB. Start from the file of the edition in force."),
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml", "data-max-bytes": str(MAX_BYTES)}),
    )

    reading: Reading | None = None

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 200 kB."))
        self.reading = read_edition(file.read(MAX_BYTES + 1))
        if self.reading.problems:
            raise forms.ValidationError(
                _("The file has problems; they are listed below. Nothing was imported.")
            )
        return file

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.reading.problems if self.reading else ()


class CompareForm(forms.Form):
    """Two editions that the reader sees, by code."""

    def __init__(self, *args: Any, editions: list[Edition], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(edition.code, edition.title) for edition in editions]
        for name, label in (("from", _("From edition")), ("to", _("To edition"))):
            self.fields[name] = forms.ChoiceField(
                label=label, choices=choices, widget=forms.Select(attrs={"class": "form-select"})
            )
