"""What pages about deals share: the way back to the list, deadlines in words."""

import re
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealreg.deals.lifecycle import UNDER_REVIEW, DealStatus, Step
from dealreg.deals.models import AppealOutcome, Clocked, Deal, Extension, RevocationCode
from dealreg.deals.rules import protected_until, urgency
from dealreg.deals.selectors import terms_of
from dealreg.deals.time_left import time_left_words, words_for
from dealreg.deals.views import wording
from dealreg.deals.views.remembered import list_address
from dealreg.deals.views.wording import Refusal, refusal_of
from partners.customers.identity import is_free_mail
from partners.programme.rulebook import DealRegistrationTerms
from portal.core import formats
from portal.core.calendar import date_in
from portal.core.formats import DASH
from portal.core.templatetags.portal import days_until

register = template.Library()


@register.simple_tag(takes_context=True)
def deals_crumb(context: template.Context) -> SafeString:
    """Back to the list of deals as the reader left it: with its search, filters and page."""
    return format_html(
        '<li class="breadcrumb-item"><a href="{}">{}</a></li>', list_address(context["request"]), _("Deals")
    )


@register.simple_tag
def nodes_difference(deal: Deal, lines: Any = None) -> SafeString | str:
    """Where the lines add up to another number of nodes than was announced: both figures. An add-on
    stands on nodes that another line counts."""
    lines = deal.lines.select_related("product") if lines is None else lines
    in_lines = sum(line.nodes for line in lines if not line.product.is_add_on)
    if not in_lines or deal.nodes is None or in_lines == deal.nodes:
        return ""
    words = ngettext(
        "%(announced)s node announced, %(in_lines)s in the lines",
        "%(announced)s nodes announced, %(in_lines)s in the lines",
        deal.nodes,
    ) % {"announced": formats.format_number(deal.nodes), "in_lines": formats.format_number(in_lines)}
    return format_html('<span class="text-warn nodes-difference">{}</span>', words)


@register.simple_tag
def closing_hint(deal: Deal, terms: DealRegistrationTerms | None = None) -> SafeString | str:
    """Rule E8: the closing date that is expected lies after the protection; nothing where it does not, nor
    where the protection is over or held. `terms`: those of the day for a draft; a deal keeps its own."""
    running = deal.status == DealStatus.APPROVED and not deal.protection_held
    if deal.expected_close_on is None or not (running or deal.status in (DealStatus.DRAFT, *UNDER_REVIEW)):
        return ""
    if running:
        until = deal.protected_until
        words = _("The protection ends on %(day)s, before the expected closing date (rule E8).")
    else:
        today = date_in(deal.partner.country, timezone.now())
        until = protected_until(today, terms or terms_of(deal), kept=deal.protection_kept_until)
        words = _("Approved today it is protected until %(day)s: the closing date lies later (rule E8).")
    if deal.expected_close_on <= until:
        return ""
    return format_html(
        '<span class="text-warn closing-hint">{}</span>', words % {"day": formats.format_day(until)}
    )


@register.filter
def whole_words(text: str) -> SafeString:
    """Words with a hyphen, such as numbers, do not break in it."""
    return mark_safe(  # noqa: S308 - each word is escaped
        " ".join(
            format_html('<span class="whole">{}</span>', word) if "-" in word else escape(word)
            for word in str(text).split(" ")
        )
    )


@register.filter
def is_free_mail_host(domain: str) -> bool:
    return bool(domain) and is_free_mail(domain.lower().removeprefix("www."))


def _badge(tone: str, moment: Any, title: str, words: str) -> SafeString:
    return format_html(
        '<time class="dl-badge dl-{}" datetime="{}" title="{}">{}</time>', tone, moment, title, words
    )


@register.simple_tag
def decision_badge(owed: Deal | Extension) -> SafeString:
    """When the decision on a deal or an extension is due, in words; red when late, amber in the second
    half of the time."""
    due = owed.decision_due_at
    deal = owed.deal if isinstance(owed, Extension) else owed
    if due is None:
        return format_html("{}", DASH)
    now = timezone.now()
    tone = "neutral"
    if due < now:
        tone = "bad"
    elif owed.half_time_at and owed.half_time_at <= now:
        tone = "warn"
    stamp = formats.local_moment(due).isoformat(timespec="minutes")
    return _badge(tone, stamp, formats.format_moment(due, zone=True), time_left_words(deal, now, due))


@register.simple_tag
def clock_badge(owed: Clocked) -> SafeString:
    """The same for an appeal or a request: what is left of its time in business days of the partner's
    country."""
    now = timezone.now()
    tone = "bad" if owed.due_at < now else "warn" if owed.half_time_at <= now else "neutral"
    stamp = formats.local_moment(owed.due_at).isoformat(timespec="minutes")
    deal: Deal = owed.deal
    words = words_for(owed.due_at, deal.partner.country, terms_of(deal), now)
    return _badge(tone, stamp, formats.format_moment(owed.due_at, zone=True), words)


@register.simple_tag
def deal_deadline(deal: Deal, own: bool = False) -> SafeString:
    """The date that counts now: of the decision, of the protection's end; or who is waited for. `own`
    for a reader on the partner's side."""
    match deal.status:
        case DealStatus.SUBMITTED:
            return decision_badge(deal)
        case DealStatus.INFORMATION_REQUESTED:
            words = _("Waits for your answer") if own else _("Waits for the partner")
            return format_html('<span class="dl-badge dl-warn">{}</span>', words)
        case DealStatus.APPROVED if deal.protection_held:
            day = formats.format_day(deal.protected_until)
            title = _("Protected until the extension is decided; the last day was to be %s") % day
            return format_html(
                '<span class="dl-badge dl-neutral" title="{}">{}</span>', title, _("Extension asked for")
            )
        case DealStatus.APPROVED:
            days = days_until(deal.protected_until)
            day = formats.format_day(deal.protected_until)
            if days < 0:
                words = _("Protection over")
            elif days == 0:
                words = _("Protected until today")
            else:
                words = ngettext(
                    "Until %(day)s (%(n)d day)",
                    "Until %(day)s (%(n)d days)",
                    days,
                ) % {
                    "day": day,
                    "n": days,
                }
            # No line ends between the number and what is counted.
            words = words.replace(f"({days} ", f"({days}\N{NO-BREAK SPACE}")
            tone = {"": "neutral", "soon": "warn", "now": "bad"}[urgency(days, terms_of(deal))]
            return _badge(tone, deal.protected_until.isoformat(), _("Protected until %s") % day, words)
        case DealStatus.WON if deal.order_confirmed_at is None:
            return format_html('<span class="dl-badge dl-neutral">{}</span>', _("Order to confirm"))
    return format_html('<span class="text-secondary">{}</span>', DASH)


@register.simple_tag
def pending_requests(deal: Deal) -> SafeString:
    """What was asked beside the state of the deal, and who has to act on it; of a deal that was read
    `with_requests()`. That an extension is asked for stands in its deadline."""
    asked = []
    if step := getattr(deal, "extension_step", ""):
        asked.append(("", step))
    if step := getattr(deal, "amendment_step", ""):
        asked.append((_("Change asked for"), step))
    if getattr(deal, "appeal_open", False):
        asked.append((_("Appeal filed"), Step.VENDOR))
    turns = {Step.VENDOR: _("Channel manager decides"), Step.DISTRIBUTOR: _("Distributor decides")}
    return format_html_join(
        "",
        '<span class="pending-request">{}<small class="cell-note">{}</small></span>',
        (
            (format_html('<span class="dl-badge dl-warn">{}</span>', what) if what else "", turns[Step(step)])
            for what, step in asked
        ),
    )


@register.simple_tag
def refusal(deal: Deal) -> Refusal | None:
    """Why it was refused, for pages and mails; nothing for another deal."""
    return refusal_of(deal)


@register.simple_tag
def rule_and_edition(rule: str, deal: Deal) -> str:
    """What a "no" rests on: the rule, and the edition that the deal keeps (rule D2)."""
    return wording.rule_and_edition(rule, deal.edition.code)


@register.filter
def appeal_outcome(code: str) -> str:
    return str(dict(AppealOutcome.choices).get(code, code))


@register.filter
def revocation_code(code: str) -> str:
    return str(dict(RevocationCode.choices).get(code, code))


@register.filter
def with_mentions(comment: Any) -> SafeString:
    """The text of a comment with the people whom it names marked."""
    names = sorted({name for name in getattr(comment, "mentioned", ()) if name}, key=len, reverse=True)
    if not names:
        return conditional_escape(comment.text)
    place = re.compile("@(" + "|".join(re.escape(name) for name in names) + r")(?!\w)")
    parts, end = [], 0
    for match in place.finditer(comment.text):
        parts += [escape(comment.text[end : match.start()])]
        parts += [format_html('<span class="mention">@<bdi>{}</bdi></span>', match.group(1))]
        end = match.end()
    return mark_safe("".join([*parts, escape(comment.text[end:])]))  # noqa: S308 - each part is escaped
