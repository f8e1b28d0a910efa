"""Icons as inline SVG, read once from the npm package `@tabler/icons`."""

import logging
import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

logger = logging.getLogger(__name__)

_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_NAME = re.compile(r"^[a-z0-9-]+$")


class UnknownIcon(LookupError):
    """No icon of this name in the installed package."""


def icon_path(name: str, *, filled: bool = False) -> Path:
    style = "filled" if filled else "outline"
    return Path(settings.BASE_DIR, "node_modules", "@tabler", "icons", "icons", style, f"{name}.svg")


@lru_cache(maxsize=512)
def icon_body(name: str, *, filled: bool = False) -> SafeString:
    """What stands between the svg tags; raises UnknownIcon."""
    path = icon_path(name, filled=filled)
    if not _NAME.match(name) or not path.is_file():
        raise UnknownIcon(name)
    match = _BODY.search(path.read_text(encoding="utf-8"))
    if match is None:
        raise UnknownIcon(name)
    drawing = match.group(1).replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "")
    return mark_safe(re.sub(r"\s+", " ", drawing).strip())  # noqa: S308 — from the package, not from people


def icon_svg(name: str, *, label: str = "", cls: str = "", filled: bool = False) -> SafeString:
    """The icon as svg: decorative without a label. A name that does not exist is drawn as nothing in
    production (a page matters more than its decoration) and raises UnknownIcon under DEBUG."""
    try:
        body = icon_body(name, filled=filled)
    except UnknownIcon:
        if settings.DEBUG:
            raise
        logger.warning("unknown icon", extra={"icon": name})
        return mark_safe("")
    paint = (
        mark_safe('fill="currentColor"')
        if filled
        else mark_safe('fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round"')
    )
    voice = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="icon{}" width="24" height="24" viewBox="0 0 24 24" '
        '{} stroke-linejoin="round" focusable="false" {}>{}</svg>',
        f" {cls}" if cls else "",
        paint,
        voice,
        body,
    )
