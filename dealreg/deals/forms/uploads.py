"""Fields for files, and what static/js/uploads.js is told of one: limits, and the words for what breaks
them. The server looks at every file again."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.documents.file_types import EXTENSIONS_SHOWN, FILE_TYPES

FILE_AGAIN = gettext_lazy("Please choose the file again.")


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        # What may be stored is for the documents to say: here only that they are files.
        return [upload for upload in given if upload and getattr(upload, "name", "")]


def files_field(help_text: Any, *, label: Any = "") -> FilesField:
    return FilesField(
        label=label or gettext_lazy("Files"),
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


def drop_attributes(places: int) -> dict[str, Any]:
    limits = {
        "types": EXTENSIONS_SHOWN,
        "megabytes": settings.UPLOAD_MAX_BYTES // 1_000_000,
        "count": places,
    }
    return {
        "accept": ",".join(f".{extension}" for extension in FILE_TYPES),
        "data-max-bytes": settings.UPLOAD_MAX_BYTES,
        "data-max-files": places,
        "data-drop-hint": _("Drop files here or choose them."),
        "data-wrong-type": _("Files of this type cannot be uploaded. Allowed are: %(types)s.") % limits,
        "data-is-empty": _("The file is empty."),
        "data-too-big": _("The file is too big: at most %(megabytes)s MB.") % limits,
        "data-too-many": _("There is no place for more files: at most %(count)s here.") % limits,
        "data-failed": _("The file could not be sent. Try again."),
        "data-sent": _("{name} was added."),
        "data-remove": _("Remove {name}"),
    }


def limits_in_words(places: int | None = None) -> str:
    """For everybody to read before choosing."""
    limits = {"types": EXTENSIONS_SHOWN, "megabytes": settings.UPLOAD_MAX_BYTES // 1_000_000, "count": places}
    if places is None:
        return _("%(types)s; at most %(megabytes)s MB.") % limits
    return _("%(types)s; at most %(megabytes)s MB each, %(count)s more for this deal.") % limits
