"""The moves: each has a small page of its own, which works without scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dealreg.deals import actions
from dealreg.deals.competitors import known_competitors
from dealreg.deals.forms import deciding as forms
from dealreg.deals.forms import extending
from dealreg.deals.forms.uploads import WithFiles
from dealreg.deals.lifecycle import ExtensionStatus, Step
from dealreg.deals.models import Deal, Extension, RejectionCode, RevocationNotice
from dealreg.deals.rules import check_may_reopen, discount_amount, discount_choices
from dealreg.deals.selectors import (
    extension_refusal,
    last_word,
    open_conflicts,
    pending_extension,
    reopen_until,
    require_move,
    same_order,
    steps_in,
    terms_of,
    won_refusal,
)
from dealreg.deals.views.seen import seen_deal
from dealreg.deals.views.wording import rejection_advice, rule_of_rejection
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState
from portal.core.formats import format_day, format_moment, format_pct
from portal.core.web import add_violation, message_of


@dataclass(frozen=True)
class MovePage:
    """How a move looks: on its button, on its page, and in the receipt afterwards."""

    button: str | Promise
    icon: str
    title: str | Promise
    lead: str | Promise
    form: type[forms.MoveForm]
    act: Callable[..., Any]
    receipt: Callable[[Deal], str]
    template: str = "deals/move.html"
    destructive: bool = False
    # Asked before a destructive move is made.
    confirm: str | Promise = ""
    # Never done while another registration of the customer stands before it (rule E5).
    waits_for_conflict: bool = False
    # Why it cannot be done now, although the state would allow it: shown instead of the form.
    refusal: Callable[[Deal, datetime], RuleViolation | None] = lambda deal, at: None
    # Where it leads afterwards: the deal's page, or another by this name.
    leads_to: str = "deals:detail"


def _received_approval(deal: Deal) -> str:
    return gettext(
        "Approved: %(reference)s gets %(granted)s additional discount and is protected until %(until)s. "
        "The partner has been told."
    ) % {
        "reference": deal.reference,
        "granted": format_pct(deal.granted_pct),
        "until": format_day(deal.protected_until),
    }


def _with_reference(message: str | Promise) -> Callable[[Deal], str]:
    return lambda deal: str(message) % {"reference": deal.reference}


def _received_extension(extension: Extension) -> str:
    return gettext(
        "%(reference)s: your request for an extension was sent. The protection holds until it is decided."
    ) % {"reference": extension.deal.reference}


def _decided_extension(extension: Extension) -> str:
    if extension.status == ExtensionStatus.REFUSED:
        return gettext("The extension of %(reference)s is refused. The partner has been told.") % {
            "reference": extension.deal.reference
        }
    return gettext("Extended: %(reference)s is protected until %(until)s. The partner has been told.") % {
        "reference": extension.deal.reference,
        "until": format_day(extension.until_after),
    }


def _no_reopening(deal: Deal, at: datetime) -> RuleViolation | None:
    if (examined := won_refusal(deal)) is not None:
        return examined
    try:
        check_may_reopen(date_in(deal.partner.country, at), reopen_until(deal))
    except RuleViolation as violation:
        return violation
    return None


def _announced(notice: RevocationNotice) -> str:
    if not notice.is_open:
        said = gettext("The protection of %(reference)s is revoked. Partner and distributor have been told.")
        return said % {"reference": notice.deal.reference}
    return gettext(
        "The revocation is announced: the partner may state its view on %(reference)s until %(until)s. "
        "Then you decide."
    ) % {"reference": notice.deal.reference, "until": format_moment(notice.statement_until, zone=True)}


PAGES: dict[str, MovePage] = {
    "grant_extension": MovePage(
        _("Grant the extension"),
        "calendar-check",
        _("Grant the extension"),
        _("The customer and product group stay protected for this partner."),
        extending.GrantExtensionForm,
        actions.grant_extension,
        _decided_extension,
        template="deals/move_extension.html",
    ),
    "approve": MovePage(
        _("Approve"),
        "circle-check",
        _("Approve this deal"),
        _("The customer and product group are then protected for this partner."),
        forms.ApproveForm,
        actions.approve_deal,
        _received_approval,
        template="deals/move_grant.html",
        waits_for_conflict=True,
    ),
    "endorse": MovePage(
        _("Endorse"),
        "rubber-stamp",
        _("Endorse this enterprise deal"),
        _("You fix the discount; the channel manager decides under the same due date."),
        forms.GrantForm,
        actions.endorse_deal,
        lambda deal: (
            gettext("Endorsed with %(granted)s: %(reference)s is now with the channel manager.")
            % {"reference": deal.reference, "granted": format_pct(deal.proposed_pct)}
        ),
        template="deals/move_grant.html",
        waits_for_conflict=True,
    ),
    "answer": MovePage(
        _("Answer"),
        "message-reply",
        _("Answer the question"),
        _("The deal keeps its place in the queue, and the time to decide goes on with what was left of it."),
        forms.AnswerForm,
        actions.answer_request,
        _with_reference(_("Your answer to %(reference)s was sent. The reviewer has been told.")),
        template="deals/answer.html",
    ),
    "report_won": MovePage(
        _("Report as won"),
        "trophy",
        _("Report this deal as won"),
        _("Name the order at your distributor, which then confirms it."),
        forms.ReportWonForm,
        actions.report_won,
        lambda deal: (
            gettext("Congratulations! %(distributor)s has been asked to confirm order %(order)s.")
            % {"distributor": deal.distributor, "order": deal.order_reference}
        ),
        refusal=won_refusal,
    ),
    "extend": MovePage(
        _("Ask for an extension"),
        "calendar-plus",
        _("Ask for an extension"),
        _("Once for a protection, before it ends (rule E8). It holds until the request is decided."),
        extending.ExtendForm,
        actions.ask_extension,
        _received_extension,
        template="deals/move_extend.html",
        refusal=extension_refusal,
    ),
    "reopen": MovePage(
        _("Re-open"),
        "rotate-clockwise",
        _("Re-open this deal"),
        _("It goes back under review as a registration of today, under its old number (rule E8)."),
        extending.ReopenForm,
        actions.reopen_deal,
        _with_reference(_("%(reference)s is registered again.")),
        template="deals/move_reopen.html",
        refusal=_no_reopening,
        leads_to="deals:receipt",
    ),
    "confirm_order": MovePage(
        _("Confirm the order"),
        "checks",
        _("Confirm the order"),
        _("You confirm that this order exists at your company."),
        forms.MoveForm,
        actions.confirm_order,
        lambda deal: (
            gettext("Order %(order)s is confirmed. The partner has been told.")
            % {"order": deal.order_reference}
        ),
        template="deals/move_confirm_order.html",
        refusal=won_refusal,
    ),
    "correct_order": MovePage(
        _("Correct the order"),
        "pencil",
        _("Correct the order"),
        _("Your distributor is asked again to confirm it."),
        forms.CorrectOrderForm,
        actions.correct_order,
        lambda deal: (
            gettext("Corrected: %(distributor)s has been asked to confirm order %(order)s.")
            % {"distributor": deal.distributor, "order": deal.order_reference}
        ),
        template="deals/move_correct_order.html",
    ),
    "dispute_order": MovePage(
        _("Order not found"),
        "zoom-question",
        _("The order is not as reported"),
        _("The partner reads what you write and corrects the order. Nothing is confirmed until then."),
        forms.DisputeOrderForm,
        actions.dispute_order,
        _with_reference(_("The partner of %(reference)s has been asked to correct the order.")),
        template="deals/move_dispute_order.html",
    ),
    "request_information": MovePage(
        _("Ask for information"),
        "help-circle",
        _("Ask the partner for information"),
        _("The time to decide stands still until the answer, and the deal keeps its place in the queue."),
        forms.RequestInformationForm,
        actions.request_information,
        lambda question: (
            gettext(
                "Your question on %(reference)s was sent. The time to decide stands still until the answer."
            )
            % {"reference": question.deal.reference}
        ),
        template="deals/move_ask.html",
    ),
    "report_lost": MovePage(
        _("Report as lost"),
        "mood-sad",
        _("Report this deal as lost"),
        _("The protection ends. Your company may register the customer anew."),
        forms.ReportLostForm,
        actions.report_lost,
        _with_reference(_("%(reference)s is closed as lost. Thank you for telling why.")),
        template="deals/move_lost.html",
        destructive=True,
        confirm=_("The protection ends at once. This cannot be taken back."),
    ),
    "take_back_win": MovePage(
        _("Take the win back"),
        "arrow-back-up",
        _("This deal is not won after all"),
        _(
            "It goes back under review at its place in time. Approved again, it is protected until the same "
            "day as before."
        ),
        forms.TakeBackWinForm,
        actions.take_back_win,
        lambda deal: (
            gettext("%(reference)s is under review again. The decision is due by %(due)s.")
            % {"reference": deal.reference, "due": format_moment(deal.decision_due_at, zone=True)}
        ),
        destructive=True,
        confirm=_(
            "The order that you reported is forgotten, and the protection rests until the decision. The "
            "distributor is told."
        ),
    ),
    "withdraw": MovePage(
        _("Withdraw"),
        "arrow-back-up",
        _("Withdraw this registration"),
        _("The reviewers stop working on it. Your company may register the customer anew."),
        forms.WithdrawForm,
        actions.withdraw_deal,
        _with_reference(_("%(reference)s is withdrawn. You can register the customer again at any time.")),
        destructive=True,
        confirm=_("This cannot be taken back: a new registration starts at the end of the queue."),
    ),
    "reject": MovePage(
        _("Reject"),
        "circle-x",
        _("Reject this registration"),
        _("The partner reads your reason and your explanation."),
        forms.RejectForm,
        actions.reject_deal,
        _with_reference(_("%(reference)s is rejected. The partner has been told, with your explanation.")),
        template="deals/move_reject.html",
        destructive=True,
        confirm=_("The partner is told at once. This cannot be taken back."),
    ),
    "refuse_extension": MovePage(
        _("Refuse the extension"),
        "calendar-x",
        _("Refuse the extension"),
        _("The protection keeps its old end. Where that has passed, it ends at once."),
        extending.RefuseExtensionForm,
        actions.refuse_extension,
        _decided_extension,
        template="deals/move_extension.html",
        destructive=True,
        confirm=_("The partner is told at once. This cannot be taken back."),
    ),
    "revoke": MovePage(
        _("Announce the revocation"),
        "shield-off",
        _("Announce the revocation"),
        _("The partner is heard before anything is decided; the protection goes on meanwhile (rule E13)."),
        forms.RevokeForm,
        actions.announce_revocation,
        _announced,
        template="deals/move_revoke.html",
        destructive=True,
        confirm=_("Partner and distributor are told at once."),
    ),
}


@dataclass(frozen=True)
class Button:
    move: str
    label: str | Promise
    icon: str
    url: str
    destructive: bool = False
    blocked: bool = False


def buttons_for(deal: Deal, moves: list[str], *, blocked: bool) -> list[Button]:
    """The buttons of the page, in the order of PAGES: what brings the deal forward comes first."""
    return [
        Button(
            move,
            page.button,
            page.icon,
            move_address(deal, move),
            destructive=page.destructive,
            blocked=blocked and page.waits_for_conflict,
        )
        for move, page in PAGES.items()
        if move in moves
    ]


def move_address(deal: Deal, move: str) -> str:
    return reverse("deals:move", args=[deal.reference, move.replace("_", "-")])


@require_http_methods(["GET", "HEAD", "POST"])
def make_move(request: HttpRequest, ref: str, move: str) -> HttpResponse:
    name = move.replace("-", "_")
    page = PAGES.get(name)
    if page is None:
        raise Http404
    at = timezone.now()
    deal = seen_deal(request, ref)
    try:
        require_move(request.user, deal, name, at)
        form = _form(request, page, name, deal, at)
        asked_for_preview = "preview" in request.POST
        if request.method == "POST" and not asked_for_preview and form.is_valid():
            try:
                done = page.act(deal, by=request.user, at=at, **form.arguments())
            except RuleViolation as refusal:
                _show(form, refusal)
            else:
                messages.success(request, page.receipt(done))
                return redirect(page.leads_to, ref=deal.reference)
    except WrongState:
        return _moved_on(request, deal)
    if isinstance(form, WithFiles):
        form.ask_for_files_again()
    return render(request, page.template, _context(page, name, deal, form, at, request.user))


def _form(request: HttpRequest, page: MovePage, name: str, deal: Deal, at: datetime) -> forms.MoveForm:
    more: dict[str, Any] = {}
    if name == "answer":
        # Answered between our look at the state and here: the same as a state that has moved on.
        question = deal.questions.filter(answered_at=None).select_related("asked_by").first()
        if question is None:
            raise WrongState("wrong-state", "The question has been answered.")
        more["question"] = question
    if request.method != "POST":
        return page.form(deal=deal, at=at, **more)
    return page.form(request.POST, request.FILES, deal=deal, at=at, **more)


def _show(form: forms.MoveForm, refusal: RuleViolation) -> None:
    """On the field it is about; on the formset for lines and files, which are no fields of the form."""
    if isinstance(form, forms.AnswerForm) and form.refuse(refusal):
        return
    add_violation(form, refusal)


def _moved_on(request: HttpRequest, deal: Deal) -> HttpResponse:
    deal.refresh_from_db(fields=["status"])
    messages.warning(
        request,
        gettext("Nothing was changed: the deal has moved on in the meantime. It is now “%(status)s”.")
        % {"status": deal.get_status_display()},
    )
    return redirect(deal)


def _decider(deal: Deal) -> str:
    """Who decides on more protection for a deal of this kind."""
    if last_word(deal) == Step.VENDOR:
        return gettext("The channel manager")
    return str(deal.distributor)


def _context(
    page: MovePage, name: str, deal: Deal, form: forms.MoveForm, at: datetime, user: User
) -> dict[str, Any]:
    refusal = page.refusal(deal, at)
    context: dict[str, Any] = {
        "deal": deal,
        "page": page,
        "move": name,
        "form": form,
        "blocked": refusal is not None or (page.waits_for_conflict and open_conflicts(deal) > 0),
        "refusal": message_of(refusal) if refusal else "",
        "in_place": name in ("approve", "reject", "request_information") and steps_in(user, deal, at),
        "terms": terms_of(deal),
        "decider": _decider(deal),
    }
    if page.template == "deals/move_extension.html":
        extension = pending_extension(deal)
        context |= {
            "extension": extension,
            "progress": extension.progress.all() if extension else [],
            "in_place": extension is not None and steps_in(user, extension, at),
        }
    if name == "confirm_order":
        context["same_order"] = same_order(user, deal)
    if page.template == "deals/move_grant.html":
        context |= {
            "choices": [
                (pct, discount_amount(deal.list_amount, pct))
                for pct in discount_choices(deal.ceiling_pct, terms_of(deal).discount_step_pct)
            ],
            "ceiling_amount": discount_amount(deal.list_amount, deal.ceiling_pct),
            "proposed_amount": discount_amount(deal.list_amount, deal.proposed_pct),
            "at_vendor": deal.step == Step.VENDOR,
        }
    if isinstance(form, forms.ReportLostForm):
        context["competitors"] = known_competitors()
    if isinstance(form, forms.RejectForm):
        code = form["code"].value() or ""
        context |= {
            "preview_reason": dict(RejectionCode.choices).get(code, ""),
            "preview_text": form["text"].value() or "",
            "preview_rule": rule_of_rejection(code),
            "preview_advice": rejection_advice(code, terms_of(deal)),
        }
    if isinstance(form, forms.AnswerForm):
        context["asked"] = [forms.unlockable_label(field) for field in form.question.fields]
        context["files"] = deal.evidence.select_related("document") if form.evidence is not None else []
    return context
