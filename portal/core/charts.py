"""Charts drawn on the server as SVG, coloured by css classes, with a table for those who do not see them.

Each function returns a `Chart` for the template tag `{% chart %}`. Coordinates are ready-made strings, so
that no language's decimal comma gets into an attribute.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import uuid4

from babel.dates import format_date

from portal.core.formats import babel_locale, format_number, labelled

Number = int | float | Decimal

STATE_TONES = ("ok", "info", "warn", "bad", "neutral", "brand")
SERIES_TONES = ("s1", "s2", "s3", "s4", "s5", "s6")
TIER_TONES = ("platinum", "gold", "silver", "bronze", "registered")
TONES = frozenset({*STATE_TONES, *SERIES_TONES, *TIER_TONES})


@dataclass(frozen=True)
class Segment:
    """One part of a whole: its label, its value, its tone (TONES) and the page behind it."""

    label: str
    value: Number
    tone: str = "brand"
    url: str = ""

    def __post_init__(self) -> None:
        if self.tone not in TONES:
            raise ValueError(f"unknown tone: {self.tone}")
        if self.value < 0:
            raise ValueError("a part of a whole is never negative")


@dataclass(frozen=True)
class Text:
    x: str
    y: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Bar:
    path: str
    cls: str
    title: str


@dataclass(frozen=True)
class Drawing:
    """One picture of a bar chart; there is a wide one and one for phones."""

    name: str
    width: int
    height: int
    grid: tuple[tuple[str, str, str], ...]
    texts: tuple[Text, ...]
    bars: tuple[Bar, ...]
    target: str


@dataclass(frozen=True)
class Arc:
    tone: str
    length: str
    offset: str
    title: str


@dataclass(frozen=True)
class Slice:
    tone: str
    x: str
    width: str
    title: str


@dataclass(frozen=True)
class ShareRow:
    """One bar of `share_rows`: its label, its parts, and the figures as text."""

    label: str
    slices: tuple[Slice, ...]
    text: str
    url: str = ""


@dataclass(frozen=True)
class LegendEntry:
    label: str
    tone: str
    value: str = ""
    url: str = ""
    line: bool = False


@dataclass(frozen=True)
class Chart:
    """What `{% chart %}` prints: `kind` chooses the drawing, `header` and `rows` are the hidden table."""

    kind: str
    title: str
    description: str
    legend: tuple[LegendEntry, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    drawings: tuple[Drawing, ...] = ()
    slices: tuple[Slice, ...] = ()
    share_rows: tuple[ShareRow, ...] = ()
    arcs: tuple[Arc, ...] = ()
    centre: str = ""
    centre_label: str = ""
    empty: bool = False
    uid: str = field(default_factory=lambda: f"chart-{uuid4().hex[:8]}")


def nice_ceiling(value: Number, steps: int = 4) -> tuple[float, float]:
    """The end of an axis at or above `value` and the distance of its lines, both round numbers.

    Whole steps for small counts: an axis of deals never shows half a deal.
    """
    if value <= 0:
        return float(steps), 1.0
    raw = float(value) / steps
    magnitude = 10 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if raw <= m * magnitude + 1e-9)
    if step < 1 or step == 2.5:
        step = math.ceil(step) if value >= 1 else step
    return step * math.ceil(float(value) / step - 1e-9), step


def month_bars(
    points: Sequence[tuple[date, Number]],
    *,
    title: str,
    series: str,
    description: str = "",
    targets: Sequence[Number] | None = None,
    target_series: str = "",
    value_format: Callable[[Number], str] | None = None,
) -> Chart:
    """Bars month by month (`points`: first day of the month and value), optionally with a dashed target line.

    A bar below its target is paler; the table names both figures. Raises ValueError where `targets` is not as
    long as `points`.
    """
    if targets is not None and len(targets) != len(points):
        raise ValueError("one target for each month")
    say = value_format or format_number
    locale = babel_locale()
    labels = [format_date(month, "MMM yy", locale) for month, _value in points]
    values = [value for _month, value in points]
    highest = max([*values, *(targets or [])], default=0)
    top, step = nice_ceiling(highest)
    legend = [LegendEntry(series, "brand")]
    if targets is not None:
        legend.append(LegendEntry(target_series, "target", line=True))
    header = (series,) if targets is None else (series, target_series)
    rows = tuple(
        (label, say(value)) if targets is None else (label, say(value), say(targets[index]))
        for index, (label, value) in enumerate(zip(labels, values, strict=True))
    )
    frames = (("wide", 720, 260), ("narrow", 340, 230))
    return Chart(
        kind="bars",
        title=title,
        description=description,
        legend=tuple(legend),
        header=header,
        rows=rows,
        drawings=tuple(
            _bars(name, width, height, labels, values, targets, top, step, say)
            for name, width, height in frames
        ),
        empty=not any(values),
    )


def stacked_bar(
    segments: Sequence[Segment],
    *,
    title: str,
    description: str = "",
    value_header: str = "",
    value_format: Callable[[Number], str] | None = None,
) -> Chart:
    """One horizontal bar cut into shares, the legend below it names each with its figure."""
    say = value_format or format_number
    return Chart(
        kind="stack",
        title=title,
        description=description,
        legend=_legend(segments, say),
        header=(value_header or title,),
        rows=tuple((segment.label, say(segment.value)) for segment in segments),
        slices=_slices(segments, say),
        empty=not any(segment.value for segment in segments),
    )


def _slices(segments: Sequence[Segment], say: Callable[[Number], str]) -> tuple[Slice, ...]:
    total = sum(Decimal(str(segment.value)) for segment in segments)
    slices = []
    shown = [segment for segment in segments if segment.value]
    gap = Decimal("0.4")
    usable = 100 - gap * max(len(shown) - 1, 0)
    x = Decimal(0)
    for segment in shown:
        width = usable * Decimal(str(segment.value)) / total
        slices.append(Slice(segment.tone, _n(x), _n(width), labelled(segment.label, say(segment.value))))
        x += width + gap
    return tuple(slices)


def share_rows(
    rows: Sequence[tuple[str, str, Sequence[Segment]]],
    *,
    title: str,
    description: str = "",
    value_format: Callable[[Number], str] | None = None,
) -> Chart:
    """A bar for each row (label, address behind it, parts), all of one length: shares are compared, and the
    figures stand beside them. Every row has the same parts."""
    say = value_format or format_number
    parts = rows[0][2] if rows else ()
    sums = [sum(Decimal(str(row[2][number].value)) for row in rows) for number in range(len(parts))]
    return Chart(
        kind="rows",
        title=title,
        description=description,
        legend=tuple(
            LegendEntry(part.label, part.tone, value=say(total))
            for part, total in zip(parts, sums, strict=True)
        ),
        header=tuple(part.label for part in parts),
        rows=tuple((label, *(say(part.value) for part in segments)) for label, _url, segments in rows),
        share_rows=tuple(
            ShareRow(label, _slices(segments, say), " / ".join(say(part.value) for part in segments), url)
            for label, url, segments in rows
        ),
        empty=not any(sums),
    )


def donut(
    segments: Sequence[Segment],
    *,
    title: str,
    description: str = "",
    centre: str = "",
    centre_label: str = "",
    value_header: str = "",
    value_format: Callable[[Number], str] | None = None,
) -> Chart:
    """A ring of shares with a figure in the middle."""
    say = value_format or format_number
    total = sum(Decimal(str(segment.value)) for segment in segments)
    shown = [segment for segment in segments if segment.value]
    gap = Decimal("1") if len(shown) > 1 else Decimal(0)
    arcs = []
    start = Decimal(0)
    for segment in shown:
        length = 100 * Decimal(str(segment.value)) / total
        drawn = max(length - gap, Decimal("0.3"))
        arcs.append(
            Arc(
                segment.tone,
                f"{_n(drawn)} {_n(100 - drawn)}",
                _n(-start),
                labelled(segment.label, say(segment.value)),
            )
        )
        start += length
    return Chart(
        kind="donut",
        title=title,
        description=description,
        legend=_legend(segments, say),
        header=(value_header or title,),
        rows=tuple((segment.label, say(segment.value)) for segment in segments),
        arcs=tuple(arcs),
        centre=centre,
        centre_label=centre_label,
        empty=not total,
    )


def _legend(segments: Sequence[Segment], say: Callable[[Number], str]) -> tuple[LegendEntry, ...]:
    return tuple(
        LegendEntry(segment.label, segment.tone, value=say(segment.value), url=segment.url)
        for segment in segments
    )


def _bars(
    name: str,
    width: int,
    height: int,
    labels: Sequence[str],
    values: Sequence[Number],
    targets: Sequence[Number] | None,
    top: float,
    step: float,
    say: Callable[[Number], str],
) -> Drawing:
    lines = [index * step for index in range(round(top / step) + 1)]
    axis = [say(int(line) if float(line).is_integer() else line) for line in lines]
    left = 14 + 6.3 * max((len(text) for text in axis), default=1)
    base, ceiling = height - 26, 12

    def y(value: Number) -> float:
        return base - (base - ceiling) * max(float(value), 0.0) / top

    slot = (width - left - 4) / max(len(values), 1)
    thick = min(slot * 0.62, 40.0)
    room = 46.0 if name == "wide" else 44.0
    every = max(1, math.ceil(room / slot))
    grid = tuple((_n(left), _n(width - 2), _n(y(line))) for line in lines)
    texts = [Text(_n(left - 8), _n(y(line) + 4), text, "end") for line, text in zip(lines, axis, strict=True)]
    bars = []
    middles = []
    last = len(values) - 1
    for index, value in enumerate(values):
        middle = left + slot * (index + 0.5)
        middles.append(middle)
        missed = targets is not None and float(value) < float(targets[index])
        heading = labelled(labels[index], say(value))
        bars.append(
            Bar(
                _bar_path(middle - thick / 2, y(value), thick, base),
                "bar miss" if missed else "bar",
                heading,
            )
        )
        # Labels are counted from the newest month, which always has one.
        if (last - index) % every == 0:
            texts.append(Text(_n(middle), _n(height - 8), labels[index]))
    target = ""
    if targets is not None and len(targets) > 1:
        target = " ".join(f"{_n(x)},{_n(y(goal))}" for x, goal in zip(middles, targets, strict=True))
    return Drawing(name, width, height, grid, tuple(texts), tuple(bars), target)


def _bar_path(x: float, top: float, thick: float, base: float) -> str:
    """A bar with two round corners; a bar of no height is a path of nothing."""
    tall = base - top
    if tall < 0.5:
        return ""
    r = min(3.0, tall, thick / 2)
    return (
        f"M{_n(x)} {_n(base)}V{_n(top + r)}Q{_n(x)} {_n(top)} {_n(x + r)} {_n(top)}"
        f"H{_n(x + thick - r)}Q{_n(x + thick)} {_n(top)} {_n(x + thick)} {_n(top + r)}V{_n(base)}Z"
    )


def _n(value: Number) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def last_months(day: date, count: int = 12) -> list[date]:
    """The first days of the `count` months that end with the month of `day`, oldest first."""
    months = []
    year, month = day.year, day.month
    for _index in range(count):
        months.append(date(year, month, 1))
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return sorted(months)
