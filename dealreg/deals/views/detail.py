"""The deal's page: the whole story at a glance, and what this reader may do now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from dealreg.deals import actions
from dealreg.deals.amendments import may_amend, may_decide
from dealreg.deals.appeals import appeal_of, may_appeal, may_judge
from dealreg.deals.discounts import askable, may_ask, may_grant, may_withdraw, requests_of
from dealreg.deals.forms.deciding import CommentForm, unlockable_label
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import (
    Amendment,
    Appeal,
    Conflict,
    Deal,
    DiscountRequest,
    Extension,
    Question,
    RevocationNotice,
)
from dealreg.deals.querysets import DealQuerySet
from dealreg.deals.registering_right import may_register_something
from dealreg.deals.review import may_review
from dealreg.deals.revocations import is_heard, may_decide_revocation, may_state_view, notices_of
from dealreg.deals.rules import discount_amount, urgency
from dealreg.deals.selectors import (
    conflicts_around,
    distributor_change_refusal,
    distributors_of,
    holds_up,
    is_silent,
    moves_open_to,
    open_conflicts,
    partner_summary,
    pending_extension,
    registers,
    registrant_facts,
    reopen_until,
    side_of,
    terms_of,
    waiting_for,
)
from dealreg.deals.time_left import time_left_words
from dealreg.deals.views.amending import amendments_of
from dealreg.deals.views.deciding import Button, buttons_for
from dealreg.deals.views.wording import refusal_of
from partners.organisations.access import can
from partners.programme.rules import recommended_discount_ceiling
from partners.programme.selectors import rulebook_of, rulebook_on
from portal.accounts.models import User
from portal.audit.models import Audience
from portal.audit.selectors import Entry, timeline
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState
from portal.core.formats import format_day, format_moment, format_pct
from portal.core.web import add_violation
from portal.documents.models import Document

# In the statement that reads the comments: the names, as they stand in the text.
MENTIONED = ArrayAgg("mentions__name", filter=Q(mentions__isnull=False), default=Value([]))
# Who may read which events: a partner never what concerns other registrations (rule E6).
AUDIENCES: dict[str, tuple[Audience, ...]] = {
    "partner": (Audience.EVERYBODY,),
    "distributor": (Audience.EVERYBODY, Audience.REVIEWERS),
    "vendor": (Audience.EVERYBODY, Audience.REVIEWERS, Audience.VENDOR),
}


# How near the end of the protection is, as a colour.
TONES = {"": "ok", "soon": "warn", "now": "bad"}

# What few deals have: the statement that reads the deal says whether to look.
SELDOM: dict[str, Any] = {
    "has_amendments": Amendment,
    "has_appeal": Appeal,
    "has_discount_requests": DiscountRequest,
    "has_extensions": Extension,
    "has_notices": RevocationNotice,
    "has_questions": Question,
}


def deals_to_show(user: User) -> DealQuerySet:
    return Deal.objects.visible_to(user).select_related(
        "partner__channel_manager",
        "distributor",
        "product_group",
        "edition",
        "registered_by",
        "handled_by",
        "endorsed_by",
        "decided_by",
        "order_confirmed_by",
    )


@require_safe
def deal_page(request: HttpRequest, ref: str) -> HttpResponse:
    deal = _deal_to_show(request.user, ref)
    if deal.status == DealStatus.DRAFT and registers(request.user, deal):
        return redirect("deals:draft", ref=deal.reference, step="customer")
    return _show(request, deal, comment_form=_comment_form(request, deal))


@require_POST
def add_comment(request: HttpRequest, ref: str) -> HttpResponse:
    deal = _deal_to_show(request.user, ref)
    form = _comment_form(request, deal)
    if form.is_valid():
        internal = form.cleaned_data.get("is_internal", False)
        try:
            actions.add_comment(
                deal,
                by=request.user,
                at=timezone.now(),
                text=form.cleaned_data["text"],
                is_internal=internal,
            )
        except WrongState:
            return redirect(deal)
        except RuleViolation as violation:
            add_violation(form, violation)
            return _show(request, deal, comment_form=form)
        receipt = _("Your internal comment is on the page.") if internal else _("Your comment was sent.")
        messages.success(request, receipt)
        return redirect(f"{deal.get_absolute_url()}#comments")
    if not can(request.user, "deals.comment"):
        # An empty text must not turn a refusal into a form to correct.
        actions.add_comment(deal, by=request.user, at=timezone.now(), text="")
    return _show(request, deal, comment_form=form)


def _deal_to_show(user: User, ref: str) -> Any:
    """The deal, with what is in SELDOM beside its own fields."""
    seldom = {
        name: Exists(model.objects.filter(deal=OuterRef("pk")).order_by()) for name, model in SELDOM.items()
    }
    return get_object_or_404(deals_to_show(user).annotate(**seldom), reference=ref)


def _comment_form(request: HttpRequest, deal: Deal) -> CommentForm:
    form = CommentForm(
        request.POST if request.method == "POST" else None,
        internal_allowed=can(request.user, "deals.comment_internally"),
        prefix="comment",
    )
    form.fields["text"].widget.attrs |= {
        "data-mentions": reverse("deals:mentions", args=[deal.reference]),
        "data-mentions-label": _("People"),
    }
    form.fields["text"].help_text = (
        _("With @ and a name you tell a person of it; with your distributor's name, those who decide there.")
        if request.user.acting_as.partner_id
        else _("With @ and a name you tell a person of it.")
    )
    return form


def _show(request: HttpRequest, deal: Any, *, comment_form: CommentForm) -> HttpResponse:
    user, at = request.user, timezone.now()
    side = side_of(user.acting_as, deal)
    if deal.status == DealStatus.DRAFT:
        context = {"deal": deal, "lines": deal.lines.select_related("product")}
        return render(request, "deals/detail_draft.html", context)

    notices = notices_of(user, deal) if deal.has_notices else []
    moves = _moves_of(user, deal, notices, at)
    conflicts = conflicts_around(user, deal) if side == "vendor" else []
    waits = _waits_for_conflict(deal, side, conflicts)
    context = {
        "deal": deal,
        "side": side,
        "is_reviewer": side in ("distributor", "vendor"),
        "may_review": may_review(user, deal),
        "may_register": side == "partner" and may_register_something(user, date_in(deal.partner.country, at)),
        "next": next_step(deal, side, moves, at),
        **_buttons_of(user, deal, moves, at, blocked=waits),
        "lines": list(deal.lines.select_related("product")),
        "money": money_of(deal),
        "protection": protection_of(deal, at),
        "extensions": extensions_of(user, deal) if deal.has_extensions else [],
        "silence": silence_of(deal, side, at),
        "reopen_until": reopen_until(deal) if "reopen" in moves else None,
        "may_report_late": deal.status == DealStatus.EXPIRED and "report_won" in moves,
        "outcome": outcome_of(deal),
        **_amendments_of(user, deal, side, at),
        **_revocations_of(user, deal, notices, at),
        **_appeal_of(user, deal, at),
        **_discounts_of(user, deal),
        **_talk_about(user, deal),
        "comment_form": comment_form if can(user, "deals.comment") else None,
        "files": list(deal.evidence.select_related("document")),
        "timeline": story_of(
            deal,
            AUDIENCES.get(side, ()),
            since=deal.distributor_since if side == "distributor" else None,
        ),
        "waits_for_conflict": waits,
        "open_conflicts": [conflict for conflict in conflicts if not conflict.outcome],
        "settled_conflicts": [conflict for conflict in conflicts if conflict.outcome],
        "may_settle": can(user, "deals.settle_conflicts"),
        "partner_summary": partner_summary(deal.partner, _today(deal, at)) if side == "vendor" else None,
        "partner_tier": _tier_that_counts(deal, at) if side == "vendor" else "",
    }
    return render(request, "deals/detail.html", context)


def _moves_of(user: User, deal: Deal, notices: Collection[RevocationNotice], at: datetime) -> Collection[str]:
    moves = moves_open_to(user, deal, at)
    if any(notice.is_open for notice in notices):
        # Announced already: its own card leads on, and nothing is won until that is decided.
        return [move for move in moves if move not in ("revoke", "report_won", "reopen", "confirm_order")]
    return moves


def _waits_for_conflict(deal: Deal, side: str, conflicts: Collection[Conflict]) -> bool:
    """Rule E5: the vendor has read every conflict of the deal already, a distributor reads none.
    Registrants are not even asked about: their page costs and says the same with and without (rule E6)."""
    registered = side == "partner" or (side == "distributor" and deal.on_behalf)
    if registered or not deal.is_under_review:
        return False
    if side == "vendor":
        return any(holds_up(conflict, deal) for conflict in conflicts)
    return open_conflicts(deal) > 0


def _buttons_of(
    user: User, deal: Deal, moves: Collection[str], at: datetime, *, blocked: bool
) -> dict[str, Any]:
    buttons = buttons_for(deal, moves, blocked=blocked)
    forward = [button for button in buttons if not button.destructive]
    return {
        "primary": forward[0] if forward else None,
        "secondary": [*forward[1:], *further_steps(user, deal, at)],
        "destructive": [button for button in buttons if button.destructive],
    }


def _amendments_of(user: User, deal: Any, side: str, at: datetime) -> dict[str, Any]:
    amendments = amendments_of(user, deal) if deal.has_amendments else []
    for shown in amendments:
        shown["amendment"].deal = deal
    return {
        "amendments": amendments,
        "may_decide_amendment": any(may_decide(user, shown["amendment"], at) for shown in amendments),
        "may_withdraw_amendment": side == "partner" and can(user, "deals.register"),
    }


def _revocations_of(
    user: User, deal: Deal, notices: Collection[RevocationNotice], at: datetime
) -> dict[str, Any]:
    return {
        "notices": [_notice_entry(user, deal, notice, at) for notice in notices],
        "view_due": next((one for one in notices if may_state_view(user, deal, one, at)), None),
    }


def _appeal_of(user: User, deal: Any, at: datetime) -> dict[str, Any]:
    appeal = appeal_of(user, deal) if deal.has_appeal else None
    return {
        "appeal": appeal,
        "appeal_files": list(Document.objects.about(appeal)) if appeal else [],
        "may_appeal": may_appeal(user, deal, at, has_appealed=appeal is not None),
        "may_judge": appeal is not None and may_judge(user, deal, appeal),
    }


def _discounts_of(user: User, deal: Any) -> dict[str, Any]:
    requests = requests_of(user, deal) if deal.has_discount_requests else []
    return {
        "discount_requests": requests,
        "may_ask_discount": may_ask(user, deal, requests),
        "may_withdraw_discount": may_withdraw(user, deal),
        "may_grant_discount": may_grant(user, deal),
        "shows_discount": bool(requests) or askable(deal),
    }


def _notice_entry(user: User, deal: Deal, notice: RevocationNotice, at: datetime) -> dict[str, Any]:
    return {
        "notice": notice,
        "heard": is_heard(notice, at),
        "may_state": may_state_view(user, deal, notice, at),
        "may_decide": may_decide_revocation(user, deal, notice),
        "files": list(Document.objects.about(notice)) if notice.stated_at else [],
        "evidence": list(notice.evidence.visible_to(user).select_related("document")),
    }


def _talk_about(user: User, deal: Any) -> dict[str, Any]:
    """What was asked and answered, and said beside it."""
    asked = deal.questions.visible_to(user).select_related("asked_by", "answered_by")
    comments = deal.comments.visible_to(user).select_related("author").annotate(mentioned=MENTIONED)
    return {
        "questions": [
            {"question": question, "asked": [unlockable_label(name) for name in question.fields]}
            for question in (asked if deal.has_questions else ())
        ],
        "comments": list(comments),
    }


def further_steps(user: User, deal: Deal, at: datetime) -> list[Button]:
    """What the partner may do with the deal besides its moves, each on a page of its own."""
    steps = []
    if may_amend(user, deal, at):
        steps.append(Button("amend", _("Change the deal"), "file-diff", _step(deal, "amend")))
    if (
        deal.is_under_review
        and not deal.on_behalf
        and side_of(user.acting_as, deal) == "partner"
        and can(user, "deals.register")
        and any(one.pk != deal.distributor_id for one in distributors_of(deal.partner))
        and distributor_change_refusal(deal) is None
    ):
        label = _("Change the distributor")
        steps.append(Button("change_distributor", label, "truck", _step(deal, "change_distributor")))
    return steps


def _step(deal: Deal, name: str) -> str:
    return reverse(f"deals:{name}", args=[deal.reference])


def _today(deal: Deal, at: datetime) -> date:
    return date_in(deal.partner.country, at)


def _tier_that_counts(deal: Deal, at: datetime) -> str:
    on = _today(deal, at)
    return registrant_facts(deal.partner, on, rulebook_on(on)).tier


# --- who must act next, and until when -------------------------------------------------------------


@dataclass(frozen=True)
class NextStep:
    """`kind` says what is waited for: decide, decide_vendor, decide_extension, answer, close, confirm,
    correct."""

    kind: str
    yours: bool
    until: datetime | date | None
    words: str
    late: bool
    tone: str


# The moves with which a reader does what the deal waits for.
_ANSWERED_BY = {
    "decide": {"approve", "endorse"},
    "decide_vendor": {"approve"},
    "decide_extension": {"grant_extension"},
    "answer": {"answer"},
    "close": {"report_won"},
    "confirm": {"confirm_order"},
    "correct": {"correct_order"},
}


def next_step(deal: Deal, side: str, moves: Collection[str], at: datetime) -> NextStep | None:
    waiting = waiting_for(deal)
    if waiting is None:
        return None
    words, late, tone = "", False, "info"
    match deal.status:
        case DealStatus.SUBMITTED:
            kind = "decide_vendor" if deal.step == Step.VENDOR else "decide"
            late = at > deal.decision_due_at
            words = time_left_words(deal, at)
            tone = "bad" if late else "warn" if deal.half_time_at <= at else "info"
        case DealStatus.INFORMATION_REQUESTED:
            kind, tone = "answer", "warn"
        case DealStatus.APPROVED if deal.protection_held:
            extension = pending_extension(deal)
            kind = "decide_extension"
            until = extension.decision_due_at
            late = at > until
            words = time_left_words(deal, at, until)
            tone = "bad" if late else "warn" if extension.half_time_at <= at else "info"
            yours = bool(_ANSWERED_BY[kind] & set(moves))
            return NextStep(kind, yours, until, words, late, tone)
        case DealStatus.APPROVED:
            kind = "close"
            days = (deal.protected_until - date_in(deal.partner.country, at)).days
            words = day_words(days)
            late = days < 0
            tone = TONES[urgency(days, terms_of(deal))]
        case _ if deal.order_disputed_at is not None:
            kind, tone = "correct", "warn"
        case _:
            kind = "confirm"
            late = waiting.until is not None and at > waiting.until
            tone = "bad" if late else "info"
    yours = bool(_ANSWERED_BY[kind] & set(moves))
    return NextStep(kind, yours, waiting.until, words, late, tone)


def day_words(days: int) -> str:
    if days < 0:
        return _("over")
    if days == 0:
        return _("last day")
    return ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}


# --- money, protection, outcome --------------------------------------------------------------------


def money_of(deal: Deal) -> dict[str, Any]:
    """Ceiling and grant on the list price: never a resale price (rule E15)."""
    rulebook = rulebook_of(deal.edition)
    return {
        "ceiling": discount_amount(deal.list_amount, deal.ceiling_pct),
        "granted": discount_amount(deal.list_amount, deal.granted_pct),
        "granted_text": ""
        if deal.granted_pct is None
        else f"{format_pct(deal.granted_pct)} / {format_pct(deal.ceiling_pct)}",
        "proposed": discount_amount(deal.list_amount, deal.proposed_pct),
        "recommended_pct": recommended_discount_ceiling(rulebook, deal.tier, deal.product_group.code),
        "rule": "B4" if rulebook.line_of(deal.product_group.code) == "enterprise" else "B2",
    }


def protection_of(deal: Deal, at: datetime) -> dict[str, Any] | None:
    if deal.protected_until is None:
        if not deal.is_under_review:
            return None
        return {
            "days": terms_of(deal).protection_days,
            "kept": deal.protection_kept_until,
            "running": False,
        }
    total = (deal.protected_until - deal.protected_from).days
    left = (deal.protected_until - date_in(deal.partner.country, at)).days
    running = deal.status == DealStatus.APPROVED and left >= 0
    return {
        "running": running,
        "held": deal.protection_held,
        "days": total,
        "left": max(0, left),
        "words": day_words(left),
        "tone": TONES[urgency(left, terms_of(deal))],
        "after": terms_of(deal).reopen_days,
    }


def extensions_of(user: User, deal: Deal) -> list[Extension]:
    """What was asked for and decided, with the progress told."""
    seen = Extension.objects.visible_to(user).filter(deal=deal)
    return list(seen.select_related("asked_by", "decided_by").prefetch_related("progress"))


def silence_of(deal: Deal, side: str, at: datetime) -> dict[str, Any] | None:
    """Rule E7, for reviewers: since when or from when on the channel manager may decide."""
    if side == "partner" or deal.status != DealStatus.SUBMITTED or at <= deal.decision_due_at:
        return None
    if deal.vendor_may_decide_at is None:
        return None
    return {"at": deal.vendor_may_decide_at, "open": is_silent(deal, at)}


def outcome_of(deal: Deal) -> dict[str, Any] | None:
    """How it ended: reason, text, rule, and what the partner can do next."""
    match deal.status:
        case DealStatus.REJECTED | DealStatus.REVOKED:
            return vars(refusal_of(deal))
        case DealStatus.LOST:
            return {
                "kind": "lost",
                "code": deal.get_loss_code_display(),
                "text": deal.end_text,
                "lost_to": deal.lost_to,
                "retry_on": deal.retry_on,
            }
        case DealStatus.WITHDRAWN | DealStatus.EXPIRED | DealStatus.WON:
            return {"kind": deal.status, "text": deal.end_text, "rule": "E8"}
    return None


# --- the story -------------------------------------------------------------------------------------


def story_of(
    deal: Deal, audiences: Collection[str], *, since: datetime | None = None
) -> list[Entry | dict[str, Any]]:
    """What happened, what the deal waits for now, and what comes after that. A distributor that got it from
    another reads from then on, and when it was submitted."""
    happened = timeline(deal, audiences, since=since, always=("deal.submitted",))
    return [*happened, *_still_to_come(deal)]


def _still_to_come(deal: Deal) -> list[dict[str, Any]]:
    decision = {"title": _("Decision of the distributor")}
    vendor = {"title": _("Decision of the channel manager")}
    protection = {
        "title": ngettext(
            "Protected for %(days)d day", "Protected for %(days)d days", terms_of(deal).protection_days
        )
        % {"days": terms_of(deal).protection_days}
    }
    if deal.protection_kept_until is not None:
        protection = {"title": _("Protected until %(day)s") % {"day": format_day(deal.protection_kept_until)}}
    closing = {"title": _("Won, lost or expired")}
    confirmation = {"title": _("Order confirmed by the distributor")}
    correction = {"title": _("Order corrected by the partner")}
    decisions = (
        [vendor] if deal.step == Step.VENDOR else [decision, vendor] if deal.needs_vendor else [decision]
    )
    match deal.status:
        case DealStatus.SUBMITTED:
            due = _("Due %(moment)s") % {"moment": format_moment(deal.decision_due_at, zone=True)}
            steps = [{**decisions[0], "body": due}, *decisions[1:], protection, closing]
        case DealStatus.INFORMATION_REQUESTED:
            steps = [{"title": _("Answer of the partner")}, *decisions, protection, closing]
        case DealStatus.APPROVED if deal.protection_held:
            steps = [{"title": _("Decision on the extension")}, closing]
        case DealStatus.APPROVED:
            until = _("Protected until %(day)s") % {"day": format_day(deal.protected_until)}
            steps = [{**closing, "body": until}]
        case DealStatus.WON if deal.order_disputed_at is not None:
            steps = [correction, confirmation]
        case DealStatus.WON if deal.order_confirmed_at is None:
            steps = [confirmation]
        case _:
            steps = []
    return [{**step, "state": "now" if number == 0 else "todo"} for number, step in enumerate(steps)]
