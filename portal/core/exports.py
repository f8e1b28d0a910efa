"""Lists as CSV and Excel files: typed cells, nothing that a spreadsheet would run as a formula."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
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

Row = Sequence[Any]


def defused(text: str) -> str:
    """Text that no spreadsheet runs; an apostrophe in front makes it plain text."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{clean}" if clean.startswith(FORMULA_STARTS) else clean


def cell_value(value: Any) -> Any:
    """Numbers, dates and yes/no keep their type; instants are in the reader's time zone, to the second;
    all else is defused text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        local = timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
        return local.replace(microsecond=0)
    if isinstance(value, bool | int | float | Decimal | date):
        return value
    return defused(str(value))


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


def xlsx_response(filename: str, header: Iterable[str | Promise], rows: Iterable[Row]) -> FileResponse:
    """An Excel workbook with one sheet, written row by row to a temporary file."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(title="1")
    sheet.freeze_panes = "A2"
    titles = [str(title) for title in header]
    for number, title in enumerate(titles, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = max(12, min(40, len(title) + 6))
    bold = Font(bold=True)
    sheet.append([_xlsx_cell(sheet, title, font=bold) for title in titles])
    for row in rows:
        sheet.append([_xlsx_cell(sheet, value) for value in row])
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the response closes it
    workbook.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{filename}.xlsx", content_type=XLSX_TYPE)


def _xlsx_cell(sheet: Any, value: Any, font: Font | None = None) -> Any:
    value = cell_value(value)
    layout = _layout(value)
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
