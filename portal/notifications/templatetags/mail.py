"""Building blocks of mails: each makes its HTML or its text, as the mail is rendered in."""

import re
import textwrap
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString

from portal.core import formats

register = template.Library()

_TABLE = SafeString('<table role="presentation" cellpadding="0" cellspacing="0" border="0"')

TEXT_WIDTH = 76
# A number such as DR-7K3F9Q or an address stays in one piece.
_WRAP = {"break_long_words": False, "break_on_hyphens": False}

# Mail programs drop style sheets as they like: what matters stands on the element itself. The classes
# are for the dark colours in emails/base.html.
_PARA = "margin:0 0 16px;font-size:16px;line-height:1.55;color:#14252b"
_RULE = "vertical-align:top;border-bottom:1px solid #e8edef"
_LABEL = f"padding:9px 16px 9px 0;font-size:14px;color:#56666d;{_RULE}"
_VALUE = f"padding:9px 0;font-size:14px;font-weight:600;color:#14252b;{_RULE}"
_QUOTE = (
    "margin:0 0 20px;padding:12px 16px;border-left:3px solid #00a88e;background:#f4f7f7;"
    "border-radius:0 6px 6px 0;font-size:15px;line-height:1.5;color:#14252b"
)
_BUTTON = (
    "display:inline-block;padding:13px 26px;font-size:16px;font-weight:600;line-height:1.25;color:#ffffff;"
    "text-decoration:none"
)


@register.simple_block_tag(takes_context=True)
def mail_para(context: template.Context, content: str) -> str:
    if context["in_html"]:
        return format_html('<p class="ink" style="{}">{}</p>', _PARA, SafeString(content.strip()))
    return "\n" + textwrap.fill(re.sub(r"[ \t\n]+", " ", content).strip(), TEXT_WIDTH, **_WRAP) + "\n"


@register.simple_block_tag(takes_context=True)
def mail_facts(context: template.Context, content: str) -> str:
    if context["in_html"]:
        return format_html(
            '{} width="100%" style="margin:4px 0 22px;border-collapse:collapse">{}</table>',
            _TABLE,
            SafeString(content.strip()),
        )
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    return "\n" + "\n".join(lines) + "\n"


@register.simple_tag(takes_context=True)
def mail_fact(context: template.Context, label: Any, value: Any) -> str:
    """A line of mail_facts; nothing where there is no value."""
    if value is None or value == "":
        return ""
    if context["in_html"]:
        return format_html(
            '<tr><td class="muted rule" width="38%" style="{}">{}</td>'
            '<td class="ink rule" style="{}">{}</td></tr>',
            _LABEL,
            label,
            _VALUE,
            value,
        )
    return formats.labelled(label, value)


@register.simple_tag(takes_context=True)
def mail_quote(context: template.Context, text: Any) -> str:
    """What a person wrote, in their words."""
    words = str(text or "").strip()
    if not words:
        return ""
    if context["in_html"]:
        inner = SafeString(linebreaks(words, autoescape=True).replace("<p>", '<p style="margin:0">'))
        return format_html('<div class="quote ink" style="{}">{}</div>', _QUOTE, inner)
    lines = []
    for line in words.splitlines():
        lines += textwrap.wrap(line, TEXT_WIDTH - 2, **_WRAP) or [""]
    return "\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n"


@register.simple_tag(takes_context=True)
def mail_button(context: template.Context, label: Any) -> str:
    """The one thing to do: opens the record."""
    url = context["open_url"]
    if context["in_html"]:
        return format_html(
            '{} style="margin:4px 0 8px"><tr>'
            '<td class="button" bgcolor="#007a68" style="border-radius:6px;background:#007a68">'
            '<a href="{}" style="{}">{}</a></td></tr></table>',
            _TABLE,
            url,
            _BUTTON,
            label,
        )
    ending = formats.labelled(label, "").rstrip()
    return f"\n{ending}\n{url}\n"


@register.simple_tag(takes_context=True)
def mail_links(context: template.Context, *pairs: Any) -> str:
    """Further things to do, each with the page below the record's own that it is done on:
    `{% mail_links _("Report as won") "report-won" … %}`. A link only opens a page; it changes nothing."""
    links = [
        (label, f"{context['open_url']}?go={door}")
        for label, door in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    if context["in_html"]:
        items = format_html_join(
            SafeString(' <span class="muted" style="color:#56666d">·</span> '),
            '<a href="{}" style="font-weight:600">{}</a>',
            ((url, label) for label, url in links),
        )
        return format_html('<p class="ink" style="{}">{}</p>', _PARA, items)
    return "\n" + "\n".join(f"{formats.labelled(label, '').rstrip()}\n{url}\n" for label, url in links)


@register.filter
def plain_day(value: date | datetime | None) -> str:
    return formats.format_day(value, "full") if value else ""


@register.filter
def plain_date(value: date | datetime | None) -> str:
    return formats.format_day(value) if value else ""


@register.filter
def plain_moment(value: datetime | None) -> str:
    """Weekday, day and hour, with the name of the time zone: for what has to be done by then."""
    if not value:
        return ""
    return formats.format_day(value, "full") + formats.format_moment(value, zone=True).removeprefix(
        formats.format_day(value)
    )


@register.filter
def plain_pct(value: Any) -> str:
    return "" if value is None or value == "" else formats.format_pct(value)


@register.filter
def plain_money(value: Any, currency: str) -> str:
    return "" if value is None or value == "" else formats.format_money(value, currency or "EUR")
