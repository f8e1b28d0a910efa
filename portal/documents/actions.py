import re
import unicodedata
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import models, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.core.errors import RuleViolation, gettext_noop
from portal.documents.file_types import EXTENSIONS_SHOWN, FILE_TYPES, extension_of
from portal.documents.models import Document

LONGEST_NAME = 120
_UNWANTED = re.compile(r'[<>:"|?*\\/]')


def clean_file_name(given: str) -> str:
    """The name as people may see and save it: no folder, no control or invisible characters, no leading
    dot, at most 120 characters with the extension kept."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    # Cc, Cf, Cs, Zl, Zp: line breaks, text-direction overrides and what else could disguise a name.
    name = "".join(
        " " if unicodedata.category(sign) in ("Zl", "Zp", "Zs") else sign
        for sign in name
        if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    name = re.sub(r"\s+", " ", _UNWANTED.sub("_", name)).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if dot and len(name) > LONGEST_NAME:
        return f"{stem[: LONGEST_NAME - len(extension) - 1].rstrip(' .')}.{extension}"
    return name[:LONGEST_NAME]


def check_upload(upload: "File[Any]") -> tuple[str, str]:
    """The clean name and the media type of a file that may be stored; raises RuleViolation on `file`."""
    name = clean_file_name(upload.name or "")
    extension = extension_of(name)
    if extension not in FILE_TYPES:
        raise RuleViolation(
            "file-type",
            gettext_noop("Files of this type cannot be uploaded. Allowed are: %(types)s."),
            field="file",
            types=EXTENSIONS_SHOWN,
        )
    if not upload.size:
        raise RuleViolation("file-empty", gettext_noop("The file is empty."), field="file")
    if upload.size > settings.UPLOAD_MAX_BYTES:
        raise RuleViolation(
            "file-too-big",
            gettext_noop("The file is too big: at most %(megabytes)s MB."),
            field="file",
            megabytes=settings.UPLOAD_MAX_BYTES // 1_000_000,
        )
    content: Any = upload.file
    if not FILE_TYPES[extension].fits(content):
        raise RuleViolation(
            "file-content",
            gettext_noop(
                "The content of the file does not fit its name (.%(extension)s), or it holds macros. "
                "Save it anew, for instance as PDF."
            ),
            field="file",
            extension=extension,
        )
    return name, FILE_TYPES[extension].media_type


def _check_amount(subject: models.Model, by: User) -> None:
    if Document.objects.about(subject).count() >= settings.UPLOAD_MAX_FILES:
        raise RuleViolation(
            "file-count",
            gettext_noop("There are already %(count)s files, the most that is possible."),
            field="file",
            count=settings.UPLOAD_MAX_FILES,
        )
    lately = Document.objects.filter(uploaded_by=by, uploaded_at__gt=timezone.now() - timedelta(hours=1))
    if lately.count() >= settings.UPLOADS_PER_HOUR:
        raise RuleViolation(
            "file-rate",
            gettext_noop("You have uploaded very many files in the last hour. Please try again later."),
            field="file",
        )


@transaction.atomic
def store_document(subject: models.Model, upload: "File[Any]", *, by: User) -> Document:
    """Keep an uploaded file with a record; whoever may see the record may then open it. Whether the
    person may add files is for the caller to ask. Raises RuleViolation on `file`."""
    name, media_type = check_upload(upload)
    _check_amount(subject, by)
    digest = sha256()
    upload.seek(0)
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    document = Document(
        subject=subject,
        name=name,
        content_type=media_type,
        size=upload.size,
        sha256=digest.hexdigest(),
        uploaded_by=by,
    )
    document.file.save(name, upload, save=False)
    document.save()
    return document
