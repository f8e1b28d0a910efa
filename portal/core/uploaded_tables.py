"""Tables that people upload, as CSV or as an Excel workbook: bounded in size, lines and length of a cell,
read as plain text. No database, no clock; what is wrong is said and never thrown at the reader."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.core.errors import gettext_noop

MAX_COLUMNS = 50
MAX_CELL = 400
# A workbook of a few thousand lines holds some dozens of parts and unpacks to a few megabytes.
MAX_PARTS = 500
MAX_UNPACKED = 40_000_000
# Whatever a made-up workbook brings the libraries to: it is none. SyntaxError is the parser's, RuntimeError
# that of an archive with a password.
NO_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, ValueError, LookupError, TypeError, AttributeError, OSError, EOFError,
    SyntaxError, ArithmeticError, RuntimeError, InvalidFileException,
)  # fmt: skip
_ZIP = b"PK\x03\x04"


class Unreadable(Exception):
    """Why a whole file cannot be read: an English message with named parameters, and where."""

    def __init__(self, message: str, line: int | None = None, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.params = params


@dataclass(frozen=True)
class Line:
    """A line below the header: its number in the file (the header is line 1) and its cells by column."""

    number: int
    cells: dict[str, str]


def decoded(data: bytes, max_bytes: int) -> str:
    """The text of a CSV file."""
    if len(data) > max_bytes:
        raise Unreadable(gettext_noop("The file is larger than %(limit)s MB."), limit=max_bytes // 1_000_000)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(gettext_noop("The file is not written in UTF-8: save it as “CSV UTF-8”.")) from None
    if "\0" in text:
        raise Unreadable(gettext_noop("This is not a text file."))
    return text


def csv_reader(text: str) -> Any:
    """The lines of a CSV text with `,` or `;` between the cells, whichever the header has more of."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def read_table(
    data: bytes,
    *,
    required: Sequence[str],
    optional: Sequence[str],
    max_bytes: int,
    max_lines: int,
    max_cell: int = MAX_CELL,
) -> list[Line]:
    """The lines of an uploaded table; raises Unreadable when it is none, lacks a column or is too long."""
    if len(data) > max_bytes:
        raise Unreadable(gettext_noop("The file is larger than %(limit)s MB."), limit=max_bytes // 1_000_000)
    raw = _workbook_rows(data, max_lines) if data.startswith(_ZIP) else _csv_rows(data, max_bytes)
    rows = ((number, [_plain(cell, max_cell) for cell in cells]) for number, cells in raw)
    numbered = ((number, cells) for number, cells in rows if any(cell for cell in cells))
    first = next(numbered, None)
    if first is None:
        raise Unreadable(gettext_noop("The file is empty."))
    names = _header([cell.lower() for cell in first[1]], required, optional)
    lines: list[Line] = []
    for number, cells in numbered:
        if len(lines) == max_lines:
            raise Unreadable(gettext_noop("The file has more than %(limit)s lines."), limit=max_lines)
        lines.append(Line(number, _by_name(names, cells)))
    if not lines:
        raise Unreadable(gettext_noop("The file has no lines below the header."))
    return lines


def _header(names: list[str], required: Sequence[str], optional: Sequence[str]) -> list[str]:
    while names and not names[-1]:
        names.pop()
    for column in required:
        if column not in names:
            raise Unreadable(gettext_noop("The column “%(column)s” is missing."), column=column)
    for name in names[:MAX_COLUMNS]:
        if name not in (*required, *optional):
            raise Unreadable(
                gettext_noop("The portal does not know the column “%(column)s”."), column=name[:60]
            )
        if names.count(name) > 1:
            raise Unreadable(gettext_noop("The column “%(column)s” is there twice."), column=name)
    return names


def _by_name(names: list[str], cells: list[str]) -> dict[str, str]:
    return {name: cells[place] if place < len(cells) else "" for place, name in enumerate(names)}


def _plain(text: str, max_cell: int) -> str:
    """One line of text, cut to a bounded length; longer cells are told by whoever checks them."""
    return " ".join(text.replace("\x00", "").split())[: max_cell + 1]


def _csv_rows(data: bytes, max_bytes: int) -> Iterator[tuple[int, list[str]]]:
    lines = csv_reader(decoded(data, max_bytes))
    try:
        for cells in lines:
            if len(cells) > MAX_COLUMNS:
                raise Unreadable(gettext_noop("The file has too many columns."))
            yield lines.line_num, cells
    except csv.Error as error:
        raise Unreadable(
            gettext_noop("This is not CSV: %(reason)s."), lines.line_num or None, reason=str(error)
        ) from None


def _workbook_rows(data: bytes, max_lines: int) -> Iterator[tuple[int, list[str]]]:
    _check_archive(data)
    not_readable = gettext_noop("This Excel file cannot be read.")
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet: Any = workbook.worksheets[0]
        # What the sheet says of its size is not believed.
        sheet.reset_dimensions()
        rows: Iterable[Any] = sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)
        for number, cells in enumerate(rows, start=1):
            if number > 10 * max_lines:
                raise Unreadable(gettext_noop("The file has more than %(limit)s lines."), limit=max_lines)
            yield number, [_as_text(cell) for cell in cells]
    except NO_WORKBOOK:
        raise Unreadable(not_readable) from None


def _check_archive(data: bytes) -> None:
    """An archive that unpacks to more than a table is not opened, nor one that declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise Unreadable(gettext_noop("This Excel file is too large."))
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as content:
                        if b"<!DOCTYPE" in content.read(4_096):
                            raise Unreadable(gettext_noop("This Excel file cannot be read."))
    except NO_WORKBOOK:
        raise Unreadable(gettext_noop("This Excel file cannot be read.")) from None


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
