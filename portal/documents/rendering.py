"""Documents as PDF: a template of templates/documents, filled with data, in a language.

Whatever people have typed comes as data, never as markup: Typst reads it from JSON as plain strings. What
is made is PDF/UA-1: tagged, with title, language and a text for each picture.
"""

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import segno
import typst
from django.conf import settings
from fontTools.ttLib import TTFont

from portal.documents.fonts import FAMILIES

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "documents"


class FontsMissing(RuntimeError):
    """The checkout or image was not set up: `make set-up`."""


def render_pdf(template: str, data: dict[str, Any], *, language: str, at: datetime) -> bytes:
    """The PDF of templates/documents/<template>.typ. `data` is what JSON can hold; `at` is its date, so that
    the same data make the same file."""
    return _render(template, data, language=language, at=at, kind="pdf")


def render_png(template: str, data: dict[str, Any], *, language: str, at: datetime) -> bytes:
    """The first page as a picture."""
    return _render(template, data, language=language, at=at, kind="png")


def qr_code(text: str) -> str:
    """A QR code as SVG, for a template to show with its `alt`."""
    return segno.make(text, error="m", micro=False).svg_inline(border=0, dark="#14252b", omitsize=True)


def _render(
    template: str, data: dict[str, Any], *, language: str, at: datetime, kind: Literal["pdf", "png"]
) -> bytes:
    inputs = {"data": json.dumps(_displayable(data) | {"lang": language, "fonts": FAMILIES})}
    made: Any = typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        format=kind,
        sys_inputs=inputs,
        timestamp=int(at.timestamp()),
        pdf_standards="ua-1" if kind == "pdf" else [],
        ppi=110 if kind == "png" else None,
    )
    return made[0] if isinstance(made, list) else made


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    folder = Path(settings.FONTS_ROOT)
    if not any(folder.glob("*.ttf")):
        raise FontsMissing(f"no fonts in {folder}: run `make set-up`")
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])


@lru_cache(maxsize=1)
def _signs() -> frozenset[int]:
    """The characters that our fonts can draw."""
    signs: set[int] = set()
    for path in Path(settings.FONTS_ROOT).glob("*-Regular.ttf"):
        signs |= set(TTFont(path).getBestCmap())
    return frozenset(signs)


def _displayable(value: Any) -> Any:
    """The data with a question mark for what no font of ours can draw: PDF/UA refuses a gap."""
    if isinstance(value, str):
        known = _signs()
        return "".join(sign if ord(sign) in known or sign in "\n\t" else "?" for sign in value)
    if isinstance(value, dict):
        return {name: _displayable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_displayable(part) for part in value]
    return value
