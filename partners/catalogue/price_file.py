"""Reads a price list from a CSV file and checks every cell of it: no database, no clock. A problem names
its line (the header is line 1), its column and the value found."""

import csv
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from babel.numbers import list_currencies

from portal.core.errors import gettext_noop
from portal.core.uploaded_tables import MAX_COLUMNS, Unreadable, csv_reader, decoded

MAX_BYTES = 2_000_000
MAX_LINES = 50_000
MAX_PROBLEMS = 1_000
MAX_PRICE = Decimal("9999999999.99")

COLUMNS = (
    "region",
    "currency",
    "valid_from",
    "valid_until",
    "sku",
    "term_months",
    "nodes_from",
    "per_node",
)
CURRENCIES = frozenset(list_currencies())

_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EUROPEAN_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,12}([.,][0-9]+)?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<group>[.,])[0-9]{3})(?:(?P=group)[0-9]{3})*(?!(?P=group))[.,][0-9]+")
# Blanks that spreadsheets put between thousands: plain, no-break, narrow no-break, thin; Swiss apostrophes.
_GROUP_MARKS = re.compile("[ \u00a0\u202f\u2009'’]")


@dataclass(frozen=True)
class Problem:
    """One bad cell or line: an English message with named parameters, translated where it is shown."""

    line: int | None
    message: str
    column: str = ""
    value: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = ", ".join(
            [*([f"line {self.line}"] if self.line else []), *([self.column] if self.column else [])]
        )
        found = f" (found: {self.value})" if self.value else ""
        text = self.message % self.params if self.params else self.message
        return f"{where}: {text}{found}" if where else f"{text}{found}"


@dataclass(frozen=True, order=True)
class ListKey:
    """Which price list a line belongs to: of a region, from its first day on."""

    region: str
    valid_from: date


@dataclass(frozen=True)
class PriceLine:
    sku: str
    term_months: int
    nodes_from: int
    per_node: Decimal


@dataclass
class NewList:
    """A price list of the file; `line` is where it begins there."""

    key: ListKey
    currency: str
    valid_until: date | None
    line: int
    prices: list[PriceLine] = field(default_factory=list)


@dataclass(frozen=True)
class PriceFile:
    """What the file says, and what is wrong with it; it is applied as a whole or not at all."""

    lists: tuple[NewList, ...]
    problems: tuple[Problem, ...]
    lines: int = 0
    has_more_problems: bool = False


class Wrong(Exception):
    """A checker's remark on one value; it never leaves this module."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


# ---------------------------------------------------------------- single values


def read_day(text: str) -> date:
    """2027-01-31, 31/01/2027 or 31.01.2027."""
    match = _ISO_DAY.fullmatch(text)
    parts = match.groups() if match else ()
    if not match and (match := _EUROPEAN_DAY.fullmatch(text)):
        parts = tuple(reversed(match.groups()))
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        raise Wrong(gettext_noop("A date is needed, such as 2027-01-31 or 31/01/2027.")) from None


def read_price(text: str) -> Decimal:
    """12.50, 12,50, 1 234,50, 1.234,50 or 1,234.50. A single mark is the decimal mark."""
    plain = _GROUP_MARKS.sub("", text)
    grouped = _GROUPED.fullmatch(plain)
    if grouped:
        plain = plain.replace(grouped["group"], "")
    if not plain.isascii() or not (grouped or _DECIMAL.fullmatch(plain)):
        raise Wrong(gettext_noop("A price is needed, such as 12.50 or 12,50."))
    price = Decimal(plain.replace(",", "."))
    # Zeros count too: 1.000 may be one, or a thousand.
    if Decimal(price).as_tuple().exponent not in (0, -1, -2):
        raise Wrong(gettext_noop("A price has at most two decimals."))
    if price > MAX_PRICE:
        raise Wrong(gettext_noop("This price is too large."))
    return price.quantize(Decimal("0.01"))


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        plain = _GROUP_MARKS.sub("", text)
        if not _WHOLE.fullmatch(plain) or not low <= int(plain) <= high:
            raise Wrong(
                gettext_noop("A whole number from %(low)s to %(high)s is needed."), low=low, high=high
            )
        return int(plain)

    return read


def _currency(text: str) -> str:
    if text not in CURRENCIES:
        raise Wrong(gettext_noop("A currency code of three capital letters is needed, such as EUR."))
    return text


def _known(codes: Collection[str], message: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in codes:
            raise Wrong(message)
        return text

    return read


# ---------------------------------------------------------------- the file


def read_price_file(data: bytes, *, regions: Collection[str], skus: Collection[str]) -> PriceFile:
    """The price lists of a CSV file (columns in any order, `,` or `;` between them, UTF-8), checked
    against the codes of regions and the article numbers that the catalogue knows."""
    try:
        text = decoded(data, MAX_BYTES)
    except Unreadable as wrong:
        return _refused(wrong.message, **wrong.params)
    lines = csv_reader(text)
    try:
        return _Reader(regions, skus).read(lines)
    except csv.Error as error:
        return PriceFile(
            (),
            (
                Problem(
                    lines.line_num or None,
                    gettext_noop("This is not CSV: %(reason)s."),
                    params={"reason": error},
                ),
            ),
        )


def _refused(message: str, **params: Any) -> PriceFile:
    return PriceFile((), (Problem(None, message, params=params),))


class _Reader:
    def __init__(self, regions: Collection[str], skus: Collection[str]) -> None:
        self.checks: dict[str, Callable[[str], Any]] = {
            "region": _known(regions, gettext_noop("No such price region.")),
            "currency": _currency,
            "valid_from": read_day,
            "valid_until": lambda text: read_day(text) if text else None,
            "sku": _known(skus, gettext_noop("No product has this article number.")),
            "term_months": _whole(1, 120),
            "nodes_from": _whole(1, 10_000_000),
            "per_node": read_price,
        }
        # The same few regions, dates and terms come again on every line.
        self.seen: dict[tuple[str, str], Any] = {}
        self.lists: dict[ListKey, NewList] = {}
        self.prices: dict[tuple[ListKey, str, int, int], int] = {}
        self.problems: list[Problem] = []

    def read(self, lines: Any) -> PriceFile:
        header = next((cells for cells in lines if any(cell.strip() for cell in cells)), None)
        if header is None:
            return _refused(gettext_noop("The file is empty."))
        if len(header) > MAX_COLUMNS:
            return _refused(gettext_noop("The file has too many columns."))
        names = [name.strip().lower() for name in header]
        self.check_header(names, lines.line_num)
        if self.problems:
            return PriceFile((), tuple(self.problems))
        count = 0
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_LINES:
                self.say(
                    lines.line_num, gettext_noop("The file has more than %(limit)s lines."), limit=MAX_LINES
                )
                break
            self.read_line(lines.line_num, names, cells)
            if len(self.problems) >= MAX_PROBLEMS:
                return PriceFile((), tuple(self.problems[:MAX_PROBLEMS]), count, has_more_problems=True)
        if not count:
            self.say(None, gettext_noop("The file has no lines below the header."))
        self.check_overlaps()
        lists = () if self.problems else tuple(sorted(self.lists.values(), key=lambda one: one.key))
        return PriceFile(lists, tuple(self.problems), count)

    def say(self, line: int | None, message: str, column: str = "", value: str = "", **params: Any) -> None:
        shown = value if len(value) <= 60 else value[:57] + "…"
        self.problems.append(Problem(line, message, column, shown, params))

    def check_header(self, names: list[str], line: int) -> None:
        for column in COLUMNS:
            if column not in names:
                self.say(line, gettext_noop("This column is missing."), column)
            elif names.count(column) > 1:
                self.say(line, gettext_noop("This column is there twice."), column)
        for name in names:
            if name not in COLUMNS:
                self.say(line, gettext_noop("The portal does not know this column."), value=name)

    def read_line(self, line: int, names: list[str], cells: list[str]) -> None:
        if len(cells) != len(names):
            self.say(
                line,
                gettext_noop("The line has %(found)s cells, the header has %(wanted)s."),
                found=len(cells),
                wanted=len(names),
            )
            return
        before = len(self.problems)
        row = {name: self.value(line, name, cell.strip()) for name, cell in zip(names, cells, strict=True)}
        if len(self.problems) == before:
            self.keep(line, row)

    def value(self, line: int, column: str, text: str) -> Any:
        if (column, text) in self.seen:
            return self.seen[column, text]
        try:
            value = self.checks[column](text)
        except Wrong as wrong:
            self.say(line, wrong.message, column, text, **wrong.params)
            return None
        self.seen[column, text] = value
        return value

    def keep(self, line: int, row: dict[str, Any]) -> None:
        key = ListKey(row["region"], row["valid_from"])
        its_list = self.lists.get(key)
        if its_list is None:
            if row["valid_until"] is not None and row["valid_until"] < row["valid_from"]:
                self.say(
                    line,
                    gettext_noop("The last day lies before the first."),
                    "valid_until",
                    str(row["valid_until"]),
                )
                return
            its_list = self.lists[key] = NewList(key, row["currency"], row["valid_until"], line)
        for column, common in (("currency", its_list.currency), ("valid_until", its_list.valid_until)):
            if row[column] != common:
                self.say(
                    line,
                    gettext_noop("The list that begins in line %(first)s says otherwise: %(common)s."),
                    column,
                    str(row[column] or ""),
                    first=its_list.line,
                    common=common or "–",
                )
                return
        price = (key, row["sku"], row["term_months"], row["nodes_from"])
        if price in self.prices:
            self.say(
                line,
                gettext_noop(
                    "Line %(first)s already has a price for this product, term and number of nodes."
                ),
                "sku",
                row["sku"],
                first=self.prices[price],
            )
            return
        self.prices[price] = line
        its_list.prices.append(PriceLine(row["sku"], row["term_months"], row["nodes_from"], row["per_node"]))

    def check_overlaps(self) -> None:
        for former, latter in pairwise(sorted(self.lists.values(), key=lambda one: one.key)):
            if former.key.region != latter.key.region:
                continue
            if former.valid_until is None or former.valid_until >= latter.key.valid_from:
                self.say(
                    latter.line,
                    gettext_noop(
                        "The list of this region that begins in line %(first)s is still valid then."
                    ),
                    "valid_from",
                    latter.key.valid_from.isoformat(),
                    first=former.line,
                )
