"""Lists as CSV and Excel files: typed cells, nothing that a spreadsheet would run as a formula."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.functional import Promise
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_AT_ONCE = 500
IN_MEMORY_BYTES = 5_000_000
# What a spreadsheet takes for the beginning of a formula (promise S2, OWASP's list).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_CURRENCY = re.compile("[A-Z]{3}")
_NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
# Rows that are looked at for the widths of the columns.
ROWS_MEASURED = 200

Row = Sequence[Any]


@dataclass(frozen=True)
class Money:
    """An amount with its currency: a number everywhere, and in a workbook shown with the currency."""

    amount: Decimal | None
    currency: str


@dataclass(frozen=True)
class Percent:
    """So many per cent: the figure in a CSV file, a true percentage in a workbook."""

    value: Decimal | None


def defused(text: str) -> str:
    """Text that no spreadsheet runs; an apostrophe in front makes it plain text."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{clean}" if clean.startswith(FORMULA_STARTS) else clean


def cell_value(value: Any) -> Any:
    """Numbers, dates and yes/no keep their type; instants are in the reader's time zone, to the second;
    all else is defused text."""
    if isinstance(value, Money):
        value = value.amount
    elif isinstance(value, Percent):
        value = value.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        local = timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
        return local.replace(microsecond=0)
    if isinstance(value, bool | int | float | Decimal | date):
        return value
    return defused(str(value))


def file_response(
    kind: str, filename: str, title: str | Promise, header: Iterable[str | Promise], rows: Iterable[Row]
) -> StreamingHttpResponse | FileResponse:
    """The list as a file of this kind, `csv` or `xlsx`; `title` says in a workbook what is inside."""
    if kind == "csv":
        return csv_response(filename, header, rows)
    if kind == "xlsx":
        return xlsx_response(filename, header, rows, title=title)
    raise Http404


def csv_response(
    filename: str, header: Iterable[str | Promise], rows: Iterable[Row]
) -> StreamingHttpResponse:
    """A CSV file, written while it is sent: its length costs no memory."""
    response = StreamingHttpResponse(
        _csv_lines(list(header), iter(rows), translation.get_language(), timezone.get_current_timezone()),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = _attachment(filename, "csv")
    return response


def _csv_lines(header: Row, rows: Iterator[Row], language: str | None, zone: Any) -> Iterator[str]:
    # The middleware has put the reader's language and time zone away when this runs.
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(
        [cell_value(title) for title in _in(language, zone, lambda: [str(t) for t in header])]
    )
    while chunk := _in(language, zone, lambda: [_csv_row(row) for row in islice(rows, ROWS_AT_ONCE)]):
        yield "".join(writer.writerow(row) for row in chunk)


def _in(language: str | None, zone: Any, read: Any) -> Any:
    with translation.override(language), timezone.override(zone):
        return read()


def _csv_row(row: Row) -> list[Any]:
    return [
        value.isoformat(" ", "minutes") if isinstance(value, datetime) else value
        for value in (cell_value(cell) for cell in row)
    ]


class _Echo:
    """csv.writer wants a file; this one hands each line back."""

    def write(self, line: str) -> str:
        return line


def xlsx_response(
    filename: str, header: Iterable[str | Promise], rows: Iterable[Row], *, title: str | Promise = ""
) -> FileResponse:
    """An Excel workbook with one sheet, written row by row to a temporary file: the heading stays in
    sight and filters, columns are as wide as what stands in them."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(title=sheet_name(str(title) or filename))
    sheet.freeze_panes = "A2"
    titles = [str(title) for title in header]
    coming = iter(rows)
    first = list(islice(coming, ROWS_MEASURED))
    for number, title in enumerate(titles):
        widest = max((_length(row[number]) for row in first if number < len(row)), default=0)
        column = sheet.column_dimensions[get_column_letter(number + 1)]
        # The button of the filter stands beside the title.
        column.width = max(8, min(48, max(widest + 2, len(title) + 5)))
    bold = Font(bold=True)
    sheet.append([_xlsx_cell(sheet, title, font=bold) for title in titles])
    last = 1
    for row in chain(first, coming):
        sheet.append([_xlsx_cell(sheet, value) for value in row])
        last += 1
    if titles:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(titles))}{last}"
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the response closes it
    workbook.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{filename}.xlsx", content_type=XLSX_TYPE)


def sheet_name(title: str) -> str:
    """What a workbook takes as the name of a sheet: 31 characters, some of them forbidden."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", title).translate(_NOT_IN_SHEET_NAMES)
    return clean.strip("' ")[:31].rstrip("' ") or "1"


def _length(value: Any) -> int:
    if isinstance(value, Money):
        return len(f"{value.amount or 0:,.2f} {value.currency}")
    if isinstance(value, datetime):
        return len("2026-11-23 12:00")
    return len(str(cell_value(value)))


def _xlsx_cell(sheet: Any, given: Any, font: Font | None = None) -> Any:
    value = cell_value(given)
    layout = _layout(value)
    if isinstance(given, Money) and layout is not None and _CURRENCY.fullmatch(given.currency):
        layout = f"{layout} [${given.currency}]"
    elif isinstance(given, Percent) and layout is not None:
        value, layout = value / 100, "0.00%"
    if font is None and layout is None and not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    if layout is not None:
        cell.number_format = layout
    if isinstance(value, str):
        cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell


def _layout(value: Any) -> str | None:
    """How a spreadsheet shows the value; it puts its reader's own separators for , and point."""
    if isinstance(value, datetime):
        return "yyyy-mm-dd hh:mm"
    if isinstance(value, date):
        return "yyyy-mm-dd"
    if isinstance(value, Decimal):
        return "#,##0.00"
    if isinstance(value, int) and not isinstance(value, bool):
        return "#,##0"
    return None


def _attachment(filename: str, extension: str) -> str:
    return f'attachment; filename="{filename}.{extension}"'
