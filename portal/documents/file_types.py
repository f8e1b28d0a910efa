"""Which files may be uploaded, and whether a file is what its name says. Pure: bytes in, answers out."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

HEAD = 4096
# A document of an office program holds some dozens of parts; nothing is ever unpacked here.
MOST_PARTS = 5_000

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"<iframe", b"<body", b"<head")
_EML_HEADERS = (
    b"from:", b"to:", b"subject:", b"date:", b"received:", b"return-path:", b"message-id:", b"mime-version:",
    b"delivered-to:", b"x-", b"content-type:", b"reply-to:", b"cc:", b"dkim-signature:", b"arc-",
)  # fmt: skip


@dataclass(frozen=True)
class FileType:
    """A type that may be uploaded: its media type, and a look at the file that says whether it is one."""

    media_type: str
    fits: Callable[[BinaryIO], bool]


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def _starts_with(*signatures: bytes) -> Callable[[BinaryIO], bool]:
    return lambda file: _head(file).startswith(signatures)


def _is_pdf(file: BinaryIO) -> bool:
    # Readers accept some bytes before the mark.
    return b"%PDF-" in _head(file)[:1024]


def _parts(file: BinaryIO) -> list[str]:
    """The names in a zip file; nothing when it is none, or holds too many."""
    if not _head(file).startswith(_ZIP):
        return []
    file.seek(0)
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []
    return names if len(names) <= MOST_PARTS else []


def _office(main_part: str) -> Callable[[BinaryIO], bool]:
    def fits(file: BinaryIO) -> bool:
        names = _parts(file)
        with_macros = any(name.rpartition("/")[2].lower() == "vbaproject.bin" for name in names)
        return "[Content_Types].xml" in names and main_part in names and not with_macros

    return fits


def _open_document(media_type: str) -> Callable[[BinaryIO], bool]:
    # The format wants the first part to be `mimetype`, not compressed: it can be read in place.
    mark = b"mimetype" + media_type.encode()
    return lambda file: mark in _head(file)[:200] and "content.xml" in _parts(file)


def _is_text(file: BinaryIO) -> bool:
    head = _head(file)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", errors="replace").encode()
    else:
        text = head.removeprefix(b"\xef\xbb\xbf")
    return b"\x00" not in text and not text.lstrip().lower().startswith(_MARKUP)


def _is_mail(file: BinaryIO) -> bool:
    return _is_text(file) and _head(file).removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(
        _EML_HEADERS
    )


_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
FILE_TYPES = {
    "pdf": FileType("application/pdf", _is_pdf),
    "docx": FileType(f"{_OOXML}.wordprocessingml.document", _office("word/document.xml")),
    "xlsx": FileType(f"{_OOXML}.spreadsheetml.sheet", _office("xl/workbook.xml")),
    "pptx": FileType(f"{_OOXML}.presentationml.presentation", _office("ppt/presentation.xml")),
    "odt": FileType(f"{_ODF}.text", _open_document(f"{_ODF}.text")),
    "ods": FileType(f"{_ODF}.spreadsheet", _open_document(f"{_ODF}.spreadsheet")),
    "png": FileType("image/png", _starts_with(b"\x89PNG\r\n\x1a\n")),
    "jpg": FileType("image/jpeg", _starts_with(b"\xff\xd8\xff")),
    "jpeg": FileType("image/jpeg", _starts_with(b"\xff\xd8\xff")),
    "txt": FileType("text/plain", _is_text),
    "csv": FileType("text/csv", _is_text),
    "eml": FileType("message/rfc822", _is_mail),
    "msg": FileType("application/vnd.ms-outlook", _starts_with(_OLE)),
}
EXTENSIONS_SHOWN = "PDF, DOCX, XLSX, PPTX, ODT, ODS, PNG, JPG, TXT, CSV, EML, MSG"


def extension_of(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""
