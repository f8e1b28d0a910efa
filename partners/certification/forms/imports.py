from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.certification.import_lines import MAX_BYTES
from partners.certification.models import ImportKind


class ImportForm(forms.Form):
    kind = forms.ChoiceField(label=_("What the file holds"), choices=ImportKind.choices)
    file = forms.FileField(
        label=_("File (CSV or Excel)"),
        help_text=_("At most 2 MB and 2 000 lines; CSV in UTF-8."),
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,text/csv,.xlsx", "data-max-bytes": str(MAX_BYTES)}
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        return file
