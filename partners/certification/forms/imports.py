from django import forms
from django.utils.translation import gettext_lazy as _

from partners.certification.models import ImportKind
from portal.core.form_fields import TableFile


class ImportForm(forms.Form):
    kind = forms.ChoiceField(label=_("What the file holds"), choices=ImportKind.choices)
    file = TableFile(
        label=_("File (CSV or Excel)"),
        help_text=_("At most 2 MB and 2 000 lines; CSV in UTF-8."),
        accept=".csv,text/csv,.xlsx",
    )
