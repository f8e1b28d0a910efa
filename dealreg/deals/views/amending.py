"""Changes of approved deals: asked for by the partner, decided where the amount grows by much (rule E4)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dealreg.deals import actions
from dealreg.deals.actions.amending import draw_up
from dealreg.deals.amendments import differences, is_running, may_decide, read_day
from dealreg.deals.forms.amending import AmendForm, DecideAmendmentForm
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, AmendmentStatus
from dealreg.deals.models import Amendment, Deal
from dealreg.deals.rules import growth_pct
from dealreg.deals.selectors import side_of, terms_of
from dealreg.deals.views.seen import seen_deal
from partners.organisations.access import can, require
from portal.accounts.models import User
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.core.formats import format_moment
from portal.core.web import add_violation, message_of


def amendment_shown(amendment: Amendment) -> dict[str, Any]:
    """What a page says of a change: both sides, line by line, and by how much it grows."""
    before, after = amendment.before, amendment.after
    return {
        "amendment": amendment,
        "lines": differences(before, after),
        "nodes": (before["nodes"], after["nodes"]),
        "days": (read_day(before["expected_close_on"]), read_day(after["expected_close_on"])),
        "currency_before": before["currency"],
        "growth": growth_pct(amendment.amount_approved, amendment.amount_after)
        if before["currency"] == after["currency"]
        else None,
    }


def amendments_of(user: User, deal: Deal) -> list[dict[str, Any]]:
    """The changes of a deal, the latest first; there is none before it is decided."""
    if deal.decided_at is None:
        return []
    found = Amendment.objects.visible_to(user).filter(deal=deal).select_related("asked_by", "decided_by")
    return [amendment_shown(amendment) for amendment in found.order_by("-asked_at", "-pk")]


@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: HttpRequest, ref: str) -> HttpResponse:
    """The partner changes products, nodes or closing date; sees first what it comes to."""
    deal, at = seen_deal(request, ref), timezone.now()
    require(request.user, "deals.register", deal)
    if side_of(request.user.acting_as, deal) != "partner":
        raise NotAllowed("not-allowed", "Your role does not allow this step on this deal.")
    bound = (request.POST,) if request.method == "POST" else ()
    drawn: Amendment | None = None
    try:
        DEAL_LIFECYCLE.check("amend", deal.status)
        if not is_running(deal, at):
            raise WrongState("wrong-state", "The protection has ended.")
        if Amendment.objects.visible_to(request.user).open().filter(deal=deal).exists():
            raise WrongState("one-open", "A change of this deal waits for a decision already.")
        form = AmendForm(*bound, deal=deal, at=at)
        if request.method == "POST" and form.is_valid():
            try:
                if "preview" in request.POST:
                    drawn = draw_up(deal, by=request.user, at=at, **form.arguments())
                else:
                    done = actions.ask_amendment(deal, by=request.user, at=at, **form.arguments())
                    messages.success(request, _receipt(done))
                    return redirect(done)
            except RuleViolation as refusal:
                form.refuse(refusal)
    except WrongState as refusal:
        messages.warning(request, _("Nothing was changed: %(reason)s") % {"reason": message_of(refusal)})
        return redirect(deal)
    context = {
        "deal": deal,
        "form": form,
        "terms": terms_of(deal),
        "drawn": amendment_shown(drawn) if drawn is not None else None,
        "needs_approval": drawn is not None and drawn.status == AmendmentStatus.OPEN,
    }
    return render(request, "deals/amend.html", context)


def _receipt(amendment: Amendment) -> str:
    deal = amendment.deal
    if amendment.status == AmendmentStatus.EFFECTIVE:
        return _("%(reference)s is changed. Your distributor has been told.") % {"reference": deal.reference}
    return _(
        "Your change of %(reference)s is decided by %(due)s. Until then the deal stays as it was approved."
    ) % {"reference": deal.reference, "due": format_moment(amendment.due_at, zone=True)}


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    """Whoever decides deals of this kind compares and decides on the change that is open."""
    deal, at = seen_deal(request, ref), timezone.now()
    if not (can(request.user, "deals.decide_as_distributor") or can(request.user, "deals.decide_as_vendor")):
        require(request.user, "deals.decide_as_distributor")
    opened = Amendment.objects.visible_to(request.user).open().filter(deal=deal)
    amendment = opened.select_related("asked_by").first()
    if amendment is None:
        messages.warning(request, _("Nothing was changed: no change of this deal waits for a decision."))
        return redirect(deal)
    amendment.deal = deal
    if not may_decide(request.user, amendment, at):
        raise NotAllowed("not-allowed", "Your role does not allow this step on this deal.")
    form = DecideAmendmentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        approves = form.cleaned_data["decision"] == "approve"
        act = actions.approve_amendment if approves else actions.refuse_amendment
        try:
            act(amendment, by=request.user, at=at, text=form.cleaned_data["text"])
        except WrongState as refusal:
            messages.warning(request, _("Nothing was changed: %(reason)s") % {"reason": message_of(refusal)})
            return redirect(deal)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            said = (
                _("The change of %(reference)s is approved and in effect. The partner has been told.")
                if approves
                else _("The change of %(reference)s is refused. The partner has been told.")
            )
            messages.success(request, said % {"reference": deal.reference})
            return redirect(amendment)
    context = {"deal": deal, "form": form, "shown": amendment_shown(amendment), "terms": terms_of(deal)}
    return render(request, "deals/amendment_decide.html", context)


@require_POST
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    deal = seen_deal(request, ref)
    require(request.user, "deals.register", deal)
    amendment = Amendment.objects.visible_to(request.user).open().filter(deal=deal).first()
    if amendment is None:
        messages.warning(request, _("Nothing was changed: no change of this deal waits for a decision."))
        return redirect(deal)
    try:
        actions.withdraw_amendment(amendment, by=request.user, at=timezone.now())
    except WrongState:
        messages.warning(request, _("Nothing was changed: no change of this deal waits for a decision."))
        return redirect(deal)
    messages.success(request, _("Your change is taken back. The deal stays as it was approved."))
    return redirect(deal)
