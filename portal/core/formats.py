"""Amounts, dates and names of countries as the reader's language writes them (Babel's data)."""

import re
import unicodedata
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent
from babel.units import format_unit
from django.utils import timezone, translation

Number = int | float | Decimal

DASH = "–"
_GLUED = re.compile(r"[A-Z]{3}\d")
FIRST_OF_MONTH = re.compile(r"\b1 (?=\D)")


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    # English of the territory: 23 Nov 2026 and 14:05, where "en" alone would mean the United States.
    return Locale.parse("en_GB" if language == "en" else language, sep="-" if "-" in language else "_")


def babel_locale() -> Locale:
    """The locale of the active language."""
    return _locale(translation.get_language() or "en")


def format_number(value: Number) -> str:
    return format_decimal(value, locale=babel_locale())


def format_money(value: Number, currency: str) -> str:
    return _apart(format_currency(value, currency, locale=babel_locale()), currency)


def _apart(amount: str, currency: str) -> str:
    """CHF 1,234.50: letters stand apart from the figures, where Babel's English glues them together, and the
    line does not break between the two."""
    return amount.replace(currency, f"{currency}\N{NO-BREAK SPACE}") if _GLUED.search(amount) else amount


def format_money_short(value: Number, currency: str) -> str:
    """1840000 → €1.84M; below a million the whole amount without cents."""
    locale = babel_locale()
    amount = Decimal(str(value))
    if abs(amount) < 1_000_000:
        whole = amount.quantize(Decimal(1), ROUND_HALF_EVEN)
        shape = locale.currency_formats["standard"].pattern.replace(".00", "")
        short = format_currency(whole, currency, format=shape, locale=locale, currency_digits=False)
    else:
        short = format_compact_currency(amount, currency, locale=locale, fraction_digits=2)
    return _apart(short, currency)


def format_pct(value: Number) -> str:
    """`value` in percent: 12.5 → 12.5%."""
    percent = Decimal(str(value))
    shape = "#,##0.#" if percent == percent.quantize(Decimal("0.1")) else "#,##0.##"
    locale = babel_locale()
    sign = locale.percent_formats[None].pattern.replace("#,##0", shape, 1)
    return format_percent(percent / 100, format=sign, locale=locale)


def format_day(value: date, style: str = "medium") -> str:
    """The day; an instant is taken in the reader's time zone. `style`: short, medium, long, full."""
    if isinstance(value, datetime):
        value = local_moment(value).date()
    return _day(value, style)


def _day(value: date, style: str) -> str:
    locale = babel_locale()
    text = babel_date(value, style, locale=locale)
    if locale.language == "fr" and style != "short":
        # French writes the first of a month as an ordinal; Babel's patterns do not.
        text = FIRST_OF_MONTH.sub("1er ", text)
    return text


def format_moment(value: datetime, *, zone: bool = False) -> str:
    """Day and time to the minute in the reader's time zone; `zone` adds the zone's name."""
    local = local_moment(value)
    text = f"{_day(local, 'medium')}, {babel_time(local, 'short', locale=babel_locale())}"
    if zone:
        name = local.tzname() or ""
        offset = local.strftime("%z")
        text = f"{text} {name if name.isalpha() else f'UTC{offset[:3]}:{offset[3:]}'}"
    return text


def local_moment(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def labelled(label: object, text: object) -> str:
    """`Country: France`, with the colon as the reader's language sets it."""
    return translation.gettext("%(label)s: %(text)s") % {"label": label, "text": text}


def alphabetical(text: str) -> tuple[str, str]:
    """A key to sort names by: Suède before Suisse, whatever the accents."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return bare.casefold(), text


def country_name(code: str) -> str:
    """The country's name; the code itself where Babel knows none."""
    return babel_locale().territories.get(code.upper(), code)


def language_name(code: str) -> str:
    """The language's name as it begins a line; the code itself where Babel knows none."""
    name = babel_locale().languages.get(code.lower(), code)
    return name[:1].upper() + name[1:]


def format_file_size(size: int) -> str:
    """The size of a file (bytes) in kB, MB or GB, in powers of 1 000 as file managers do; at least 1 kB."""
    amount = max(Decimal(size) / 1000, Decimal(1))
    unit, shape = "kilobyte", "0"
    for larger in ("megabyte", "gigabyte"):
        if amount >= 1000:
            amount, unit, shape = amount / 1000, larger, "0.0"
    return format_unit(amount, f"digital-{unit}", length="short", format=shape, locale=babel_locale())
