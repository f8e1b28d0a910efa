"""The moves: each has a small page of its own, which works without scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dealreg.deals import actions
from dealreg.deals.forms import deciding as forms
from dealreg.deals.lifecycle import Step
from dealreg.deals.models import Deal, RejectionCode
from dealreg.deals.rules import discount_amount, discount_choices
from dealreg.deals.selectors import open_conflicts, require_move, terms_of
from dealreg.deals.views.wording import rejection_advice, rule_of_rejection
from portal.core.errors import RuleViolation, WrongState
from portal.core.formats import format_day, format_pct
from portal.core.web import add_violation


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


PAGES: dict[str, MovePage] = {
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
        destructive=True,
        confirm=_("The protection ends at once. This cannot be taken back."),
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
    "revoke": MovePage(
        _("Revoke the protection"),
        "shield-off",
        _("Revoke the protection"),
        _("The protection ends at once (rule E13). This registration protects the customer no longer."),
        forms.RevokeForm,
        actions.revoke_deal,
        _with_reference(
            _("The protection of %(reference)s is revoked. Partner and distributor have been told.")
        ),
        destructive=True,
        confirm=_("The protection ends at once. This cannot be taken back."),
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
    deal = get_object_or_404(
        Deal.objects.visible_to(request.user).select_related(
            "partner", "distributor", "product_group", "edition", "registered_by"
        ),
        reference=ref,
    )
    try:
        require_move(request.user, deal, name)
        form = _form(request, page, name, deal, at)
        asked_for_preview = "preview" in request.POST
        if request.method == "POST" and not asked_for_preview and form.is_valid():
            try:
                done = page.act(deal, by=request.user, at=at, **form.arguments())
            except RuleViolation as refusal:
                _show(form, refusal)
            else:
                messages.success(request, page.receipt(done))
                return redirect(deal)
    except WrongState:
        return _moved_on(request, deal)
    return render(request, page.template, _context(page, name, deal, form))


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


def _context(page: MovePage, name: str, deal: Deal, form: forms.MoveForm) -> dict[str, Any]:
    context: dict[str, Any] = {
        "deal": deal,
        "page": page,
        "move": name,
        "form": form,
        "blocked": page.waits_for_conflict and open_conflicts(deal) > 0,
    }
    if page.template == "deals/move_grant.html":
        context |= {
            "choices": [
                (pct, discount_amount(deal.list_amount, pct))
                for pct in discount_choices(deal.ceiling_pct, terms_of(deal).discount_step_pct)
            ],
            "terms": terms_of(deal),
            "ceiling_amount": discount_amount(deal.list_amount, deal.ceiling_pct),
            "proposed_amount": discount_amount(deal.list_amount, deal.proposed_pct),
            "at_vendor": deal.step == Step.VENDOR,
        }
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
