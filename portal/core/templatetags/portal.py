"""Tags and filters of every page, built into the template engine.

Documented for those who build pages in templates/components/README.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext

from portal.core import formats
from portal.core.charts import Chart
from portal.core.formats import DASH
from portal.core.icons import icon_svg

register = template.Library()

SEEN_WITHOUT_TEXT = re.compile(r"<(?:svg|img|input|progress|form)\b")
TONES = frozenset({"ok", "info", "warn", "bad", "neutral"})

# Tone and wording of the states that several apps share; a page can pass its own label.
STATUSES: dict[str, tuple[str, Promise]] = {
    "draft": ("neutral", gettext_lazy("Draft")),
    "submitted": ("info", gettext_lazy("Submitted")),
    "in_review": ("warn", gettext_lazy("Under review")),
    "information_requested": ("warn", gettext_lazy("Information requested")),
    "info_requested": ("warn", gettext_lazy("Information requested")),
    "escalated": ("warn", gettext_lazy("Escalated")),
    "approved": ("ok", gettext_lazy("Approved")),
    "protected": ("ok", gettext_lazy("Protected")),
    "won": ("ok", gettext_lazy("Won")),
    "rejected": ("bad", gettext_lazy("Rejected")),
    "revoked": ("bad", gettext_lazy("Revoked")),
    "withdrawn": ("neutral", gettext_lazy("Withdrawn")),
    "lost": ("neutral", gettext_lazy("Lost")),
    "expired": ("neutral", gettext_lazy("Expired")),
    "authorised": ("ok", gettext_lazy("Authorised")),
    "orders_refused": ("bad", gettext_lazy("Orders refused")),
    "active": ("ok", gettext_lazy("Active")),
    "invited": ("info", gettext_lazy("Invited")),
    "pending": ("warn", gettext_lazy("Pending")),
    "suspended": ("warn", gettext_lazy("Suspended")),
    "inactive": ("neutral", gettext_lazy("Inactive")),
    "deactivated": ("neutral", gettext_lazy("Deactivated")),
    "ended": ("neutral", gettext_lazy("Ended")),
    "terminated": ("bad", gettext_lazy("Ended")),
    "published": ("ok", gettext_lazy("Published")),
    "in_force": ("ok", gettext_lazy("In force")),
    "coming": ("info", gettext_lazy("Coming")),
    "superseded": ("neutral", gettext_lazy("Superseded")),
    "open": ("warn", gettext_lazy("Open")),
    "closed": ("neutral", gettext_lazy("Closed")),
}

# The programme's tiers keep their English names in every language.
TIERS = {
    "platinum": "Platinum",
    "gold": "Gold",
    "silver": "Silver",
    "bronze": "Bronze",
    "registered": "Registered",
}


# ---------------------------------------------------------------- icons and small marks


@register.simple_tag
def icon(name: str, label: str = "", cls: str = "", filled: bool = False) -> SafeString:
    return icon_svg(name, label=label, cls=cls, filled=filled)


@register.simple_tag
def status_badge(status: Any, label: str = "", tone: str = "") -> SafeString:
    value = str(getattr(status, "value", status) or "").lower().replace("-", "_")
    known_tone, known_label = STATUSES.get(value, ("neutral", None))
    text = label or getattr(status, "label", "") or known_label or value.replace("_", " ").capitalize()
    return format_html(
        '<span class="st st-{}"><span class="st-dot" aria-hidden="true"></span>{}</span>',
        tone if tone in TONES else known_tone,
        text,
    )


def tier_key(tier: Any) -> str:
    """The css key of a tier given as text, choice or object; "registered" where the programme has no such."""
    for candidate in (
        getattr(tier, "code", None),
        getattr(tier, "value", None),
        getattr(tier, "name", None),
        tier,
    ):
        key = str(candidate or "").lower()
        if key in TIERS:
            return key
    return "registered"


@register.simple_tag
def tier_badge(tier: Any, size: str = "") -> SafeString | str:
    if not tier:
        return DASH
    key = tier_key(tier)
    return format_html(
        '<span class="tier tier-{}{}">{}{}</span>',
        key,
        " tier-lg" if size == "lg" else "",
        icon_svg("award"),
        TIERS[key],
    )


@register.simple_tag
def count_badge(count: int | str, label: str = "", tone: str = "neutral") -> SafeString:
    if label:
        return format_html(
            '<span class="count-badge count-{}"><span aria-hidden="true">{}</span>'
            '<span class="visually-hidden">{}</span></span>',
            tone,
            count,
            label,
        )
    return format_html('<span class="count-badge count-{}">{}</span>', tone, count)


def days_until(due: date | datetime, on: date | None = None) -> int:
    """Whole days from `on` (the reader's today) to `due`; negative when late."""
    day = formats.local_moment(due).date() if isinstance(due, datetime) else due
    return (day - (on or timezone.localdate())).days


def deadline_words(days: int) -> str:
    if days < 0:
        return ngettext("%(days)d day late", "%(days)d days late", -days) % {"days": -days}
    if days == 0:
        return gettext("Today")
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def deadline_tone(days: int) -> str:
    return "bad" if days <= 7 else "warn" if days <= 30 else "neutral"


@register.simple_tag
def deadline_badge(due: date | datetime | None, on: date | None = None, tone: str = "") -> SafeString | str:
    if not due:
        return DASH
    days = days_until(due, on)
    if isinstance(due, datetime):
        shown, stamp = (
            formats.format_moment(due, zone=True),
            formats.local_moment(due).isoformat(timespec="minutes"),
        )
        if on is None and timezone.is_aware(due) and due < timezone.now() and days == 0:
            return format_html(
                '<time class="dl-badge dl-bad" datetime="{}" title="{}">{}</time>',
                stamp,
                shown,
                gettext("Late today"),
            )
    else:
        shown, stamp = formats.format_day(due), due.isoformat()
    return format_html(
        '<time class="dl-badge dl-{}" datetime="{}" title="{}">{}</time>',
        tone or deadline_tone(days),
        stamp,
        shown,
        deadline_words(days),
    )


@register.inclusion_tag("components/deadline_item.html")
def deadline_item(
    title: str,
    day: date | datetime,
    kind: str = "",
    url: str = "",
    icon: str = "calendar-due",
    on: date | None = None,
    tone: str = "",
    badge: str = "",
) -> dict[str, Any]:
    return {
        "title": title,
        "day": day,
        "kind": kind,
        "url": url,
        "icon": icon,
        "on": on,
        "tone": tone or deadline_tone(days_until(day, on)),
        "badge": badge,
    }


# ---------------------------------------------------------------- page furniture


@register.simple_tag
def crumb(label: str, target: str = "", *args: Any) -> SafeString:
    if not target:
        return format_html('<li class="breadcrumb-item active" aria-current="page"><bdi>{}</bdi></li>', label)
    try:
        url = reverse(target, args=args)
    except NoReverseMatch:
        if "/" not in target:
            raise
        url = target
    return format_html('<li class="breadcrumb-item"><a href="{}"><bdi>{}</bdi></a></li>', url, label)


@register.simple_block_tag
def page_header(content: str, title: Any, subtitle: Any = "", badge: Any = "", back: str = "") -> str:
    return render_to_string(
        "components/page_header.html",
        {"title": title, "subtitle": subtitle, "badge": badge, "back": back, "actions": _inner(content)},
    )


@register.simple_block_tag
def card(
    content: str,
    title: Any = "",
    icon: str = "",
    subtitle: Any = "",
    flush: bool = False,
    level: int = 2,
    id: str = "",
    extra: str = "",
    actions_url: str = "",
    actions_label: str = "",
) -> str:
    return render_to_string(
        "components/card.html",
        {
            "title": title,
            "icon": icon,
            "subtitle": subtitle,
            "flush": flush,
            "level": level,
            "id": id,
            "extra": extra,
            "actions_url": actions_url,
            "actions_label": actions_label,
            "body": _inner(content),
        },
    )


@register.inclusion_tag("components/kpi.html")
def kpi(
    label: Any,
    value: Any,
    hint: Any = "",
    href: str = "",
    icon: str = "",
    trend: str = "",
    trend_text: Any = "",
    trend_good: bool = True,
    tone: str = "",
    col: str = "col-6 col-lg-3",
) -> dict[str, Any]:
    rising = trend == "up"
    return {
        "label": label,
        "value": value,
        "hint": hint,
        "href": href,
        "icon": icon,
        "trend": trend,
        "trend_text": trend_text,
        "trend_tone": "ok" if rising == bool(trend_good) else "bad",
        "tone": tone if tone in TONES else "",
        "col": col,
    }


@register.inclusion_tag("components/meter.html")
def meter(label: Any, value: Any, max: Any = 100, text: Any = "", tone: str = "") -> dict[str, Any]:
    top = Decimal(str(max or 0))
    reached = min(Decimal(str(value or 0)), top) if top else Decimal(0)
    share = int(100 * reached / top) if top else 0
    return {"label": label, "share": share, "text": text, "tone": tone if tone in TONES else ""}


@register.simple_block_tag
def tier_card(content: str, tier: Any, title: Any = "", subtitle: Any = "", href: str = "") -> str:
    key = tier_key(tier)
    return render_to_string(
        "components/tier_card.html",
        {
            "key": key,
            "name": TIERS[key],
            "title": title,
            "subtitle": subtitle,
            "href": href,
            "body": _inner(content),
        },
    )


@register.simple_block_tag
def facts(content: str, columns: int = 1) -> SafeString:
    return format_html('<dl class="facts{}">{}</dl>', " facts-2" if columns == 2 else "", content)


@register.simple_block_tag
def fact(content: str, label: Any, wide: bool = False) -> SafeString:
    empty = strip_tags(content).strip() in ("", "None") and not SEEN_WITHOUT_TEXT.search(content)
    return format_html(
        '<div class="fact{}"><dt>{}</dt><dd>{}</dd></div>',
        " fact-wide" if wide else "",
        label,
        DASH if empty else content,
    )


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Iterable[Any], label: str = "") -> dict[str, Any]:
    return {"entries": list(entries), "label": label}


@register.inclusion_tag("components/stepper.html")
def stepper(steps: Sequence[Any], current: int = 1) -> dict[str, Any]:
    shown = []
    for number, step in enumerate(steps, start=1):
        named = step if isinstance(step, Mapping) else {"label": step}
        state = "done" if number < current else "now" if number == current else "todo"
        shown.append({"number": number, "label": named["label"], "url": named.get("url", ""), "state": state})
    now = next((step for step in shown if step["state"] == "now"), None)
    return {"steps": shown, "now": now, "total": len(shown)}


@register.simple_block_tag
def empty_state(content: str, title: Any, icon: str = "inbox", text: Any = "", clear_url: str = "") -> str:
    return render_to_string(
        "components/empty_state.html",
        {"title": title, "icon": icon, "text": text, "clear_url": clear_url, "actions": _inner(content)},
    )


@register.simple_block_tag
def alert(content: str, tone: str = "info", title: Any = "", role: str = "") -> str:
    return render_to_string(
        "components/alert.html", {"tone": tone, "title": title, "role": role, "body": _inner(content)}
    )


@register.inclusion_tag("components/tabs.html")
def tabs(items: Iterable[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    return {"items": list(items), "label": label}


@register.inclusion_tag("components/export_buttons.html")
def export_buttons(view: str, query: str = "", *args: Any) -> dict[str, Any]:
    """`view`: takes `args` and at last the kind of file."""
    rest = f"?{query}" if query else ""
    return {kind: reverse(view, args=[*args, kind]) + rest for kind in ("xlsx", "csv")}


@register.inclusion_tag("components/comment.html")
def comment_box(comment: Any, internal_label: str = "", text: Any = "") -> dict[str, Any]:
    return {"comment": comment, "internal_label": internal_label, "text": text}


@register.inclusion_tag("components/chart.html")
def chart(chart: Chart) -> dict[str, Any]:
    return {"chart": chart}


# ---------------------------------------------------------------- forms and lists


@register.inclusion_tag("components/form_errors.html")
def form_errors(*forms: Any) -> dict[str, Any]:
    """Errors of forms and formsets, each with the id of its field (none for those of a whole form)."""
    found: list[dict[str, Any]] = []
    for form in _single_forms(forms):
        if hasattr(form, "non_form_errors"):
            found += [{"id": "", "label": "", "text": text} for text in form.non_form_errors()]
            continue
        found += [{"id": "", "label": "", "text": text} for text in form.non_field_errors()]
        for bound in form:
            target = bound.id_for_label or bound.auto_id
            if bound.is_hidden:
                target = ""
            found += [{"id": target, "label": bound.label, "text": text} for text in bound.errors]
    return {"errors": found}


def _single_forms(forms: Iterable[Any]) -> Iterable[Any]:
    for form in forms:
        if not form or not form.is_bound:
            continue
        yield form
        if hasattr(form, "forms"):
            yield from form.forms


@register.inclusion_tag("components/required_note.html")
def required_note() -> dict[str, Any]:
    return {}


@register.simple_block_tag
def form_footer(content: str, sticky: bool = True) -> SafeString:
    return format_html('<div class="form-footer-bar{}">{}</div>', " is-sticky" if sticky else "", content)


@register.inclusion_tag("components/filters.html", takes_context=True)
def filters_bar(
    context: template.Context,
    form: Any,
    target: str = "#results",
    search: str = "",
    label: str = "",
    clear_url: str = "",
) -> dict[str, Any]:
    visible = list(form.visible_fields())
    search_field = next(
        (
            field
            for field in visible
            if (
                field.name == search
                if search
                else getattr(field.field.widget, "input_type", "") in ("text", "search")
            )
        ),
        None,
    )
    others = [field for field in visible if field is not search_field]
    for field in others:
        widget = field.field.widget
        css = "form-select" if getattr(widget, "input_type", "") == "select" else "form-control"
        if getattr(widget, "input_type", "") == "checkbox":
            css = "form-check-input"
        widget.attrs["class"] = css
        widget.attrs.pop("aria-describedby", None)
    if search_field is not None:
        search_field.field.widget.attrs.update(
            {
                "class": "form-control",
                "type": "search",
                "placeholder": search_field.field.widget.attrs.get("placeholder", search_field.label),
                "autocomplete": "off",
            }
        )
    given = [field for field in visible if form.is_bound and form.data.get(form.add_prefix(field.name))]
    request = context.get("request")
    return {
        "form": form,
        "search_field": search_field,
        "others": others,
        "hidden": form.hidden_fields(),
        "target": target,
        "path": request.path if request else "",
        "clear_url": clear_url or (request.path if request else ""),
        "is_set": bool(given),
        "set_count": sum(field in others for field in given),
        "unreadable": [field.label for field in visible if form.is_bound and field.errors],
        "label": label,
    }


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Any, param: str = "page", target: str = "") -> dict[str, Any]:
    request = context.get("request")
    paginator = page.paginator
    capped = bool(getattr(paginator, "capped", False))
    last = max(paginator.num_pages, page.number)
    near = {1, page.number - 1, page.number, page.number + 1}
    if not capped:
        near.add(last)
    numbers: list[int | None] = []
    for number in sorted(n for n in near if 1 <= n <= last):
        if numbers and numbers[-1] is not None and number - numbers[-1] > 1:
            numbers.append(number - 1 if number - numbers[-1] == 2 else None)
        numbers.append(number)
    if capped and page.has_next():
        numbers.append(None)

    def address(number: int) -> str:
        params = request.GET.copy() if request else {}
        params[param] = str(number)
        return "?" + (params.urlencode() if hasattr(params, "urlencode") else urlencode(params))

    return {
        "page": page,
        "capped": capped,
        "total": formats.format_number(paginator.count) + ("+" if capped else ""),
        "start": formats.format_number(page.start_index()),
        "end": formats.format_number(page.end_index()),
        "many": page.has_other_pages(),
        "links": [
            {"number": n, "url": address(n) if n else "", "current": n == page.number} for n in numbers
        ],
        "previous": address(page.number - 1) if page.has_previous() else "",
        "next": address(page.number + 1) if page.has_next() else "",
        "target": target,
    }


@register.filter
def sort_state(column: Any) -> str:
    """aria-sort of a django-tables2 column."""
    alias = column.order_by_alias
    if not column.is_ordered:
        return "none"
    return "descending" if alias.is_descending else "ascending"


# ---------------------------------------------------------------- filters


@register.filter
def money(value: Any, currency: Any = "") -> str:
    amount, code = _amount(value, currency)
    return DASH if amount is None else formats.format_money(amount, code)


@register.filter
def money_short(value: Any, currency: Any = "") -> str:
    amount, code = _amount(value, currency)
    return DASH if amount is None else formats.format_money_short(amount, code)


def _amount(value: Any, currency: Any) -> tuple[Decimal | None, str]:
    code = str(currency or getattr(value, "currency", "") or "EUR")
    number = getattr(value, "amount", value)
    if number is None or number == "":
        return None, code
    try:
        return Decimal(str(number)), code
    except InvalidOperation:
        return None, code


@register.filter
def pct(value: Any) -> str:
    return DASH if value is None or value == "" else formats.format_pct(value)


@register.filter
def number(value: Any) -> str:
    return DASH if value is None or value == "" else formats.format_number(value)


@register.filter
def day(value: date | datetime | None, style: str = "medium") -> SafeString | str:
    if not value:
        return DASH
    stamp = formats.local_moment(value).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', stamp.isoformat(), formats.format_day(stamp, style))


@register.filter
def moment(value: datetime | None, option: str = "") -> SafeString | str:
    if not value:
        return DASH
    if not isinstance(value, datetime):
        return day(value)
    return format_html(
        '<time datetime="{}">{}</time>',
        formats.local_moment(value).isoformat(timespec="minutes"),
        formats.format_moment(value, zone=option == "zone"),
    )


@register.filter
def country_name(code: Any) -> str:
    return formats.country_name(str(code)) if code else DASH


@register.filter
def file_size(size: int | None) -> str:
    return DASH if size is None else formats.format_file_size(size)


@register.filter
def initials(person: Any) -> str:
    name = person if isinstance(person, str) else ""
    if not name and hasattr(person, "get_full_name"):
        name = person.get_full_name() or getattr(person, "email", "")
    words = [
        word for word in str(name or person).split("@")[0].replace(".", " ").replace("-", " ").split() if word
    ]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _inner(content: str) -> str:
    """A block's content (safe, as the engine rendered it), or nothing where only blanks stand in it."""
    return content if content.strip() else ""
