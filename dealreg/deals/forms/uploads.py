"""What static/js/uploads.js is told of a field for files: limits, and the words for what breaks them. The
server looks at every file again."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from portal.documents.file_types import EXTENSIONS_SHOWN, FILE_TYPES


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
