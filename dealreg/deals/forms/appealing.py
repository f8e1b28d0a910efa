"""What a partner and the vendor write about a rejection (rule E9)."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dealreg.deals.forms.deciding import text_field
from dealreg.deals.forms.registering import FILE_AGAIN, FilesField, SeveralFiles
from dealreg.deals.models import AppealOutcome
from portal.documents.file_types import FILE_TYPES


def files_field(help_text: Any) -> FilesField:
    return FilesField(
        label=_("Files"),
        required=False,
        help_text=help_text,
        widget=SeveralFiles(
            attrs={
                "data-max-bytes": settings.UPLOAD_MAX_BYTES,
                "accept": ",".join(f".{extension}" for extension in FILE_TYPES),
            }
        ),
    )


class WithFiles(forms.Form):
    """No browser keeps a chosen file on a page that comes back: it is asked for again."""

    def ask_for_files_again(self) -> None:
        if self.files.get("file") and "file" not in self.errors:
            self.add_error("file", FILE_AGAIN)


class AppealForm(WithFiles):
    text = text_field(
        _("Why is the decision wrong?"),
        rows=8,
        help_text=_("Say which fact or rule you mean. The vendor and your distributor read it."),
    )
    file = files_field(_("What proves it: minutes, a tender, the customer's letter. Optional."))


class JudgeForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=AppealOutcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the outcomes.")},
    )
    text = text_field(
        _("Your reasons, for the partner"),
        rows=6,
        help_text=_("The partner and the distributor read them. Name no other company."),
    )
