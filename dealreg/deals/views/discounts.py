"""Discounts for end customers: asked for on the deal's page, decided by the vendor (rule E14)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dealreg.deals.actions import ask_discount, decide_discount, withdraw_discount_request
from dealreg.deals.discounts import askable, open_requests
from dealreg.deals.forms.discounts import AskDiscountForm, DecideDiscountForm
from dealreg.deals.models import Deal, DiscountOutcome, DiscountRequest
from dealreg.deals.rules import check_not_own_registration
from dealreg.deals.selectors import is_registrant
from dealreg.deals.views.seen import seen_deal
from partners.organisations.access import can, require
from portal.core.errors import RuleViolation, WrongState
from portal.core.formats import format_moment, format_money
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_of

PER_PAGE = 25


def _nothing_changed(request: HttpRequest, deal: Deal, refusal: WrongState) -> HttpResponse:
    messages.warning(request, _("Nothing was changed: %(reason)s") % {"reason": message_of(refusal)})
    return redirect(deal)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, ref: str) -> HttpResponse:
    deal = seen_deal(request, ref)
    require(request.user, "deals.ask_discounts")
    lines = list(deal.lines.select_related("product"))
    form = AskDiscountForm(request.POST or None, deal=deal, lines=lines)
    requests = DiscountRequest.objects.visible_to(request.user).filter(deal=deal)
    try:
        if request.method == "POST" and form.is_valid():
            asked = ask_discount(deal, by=request.user, at=timezone.now(), **form.arguments())
            messages.success(
                request,
                _("Your request for %(amount)s was sent. It is decided by %(due)s.")
                % {
                    "amount": format_money(asked.asked_amount, asked.currency),
                    "due": format_moment(asked.due_at, zone=True),
                },
            )
            return redirect(asked)
    except WrongState as refusal:
        return _nothing_changed(request, deal, refusal)
    except RuleViolation as refusal:
        add_violation(form, refusal)
    if not askable(deal) or requests.open().exists():
        return redirect(f"{deal.get_absolute_url()}#end-user-discount")
    return render(request, "deals/discount_ask.html", {"deal": deal, "form": form, "lines": lines})


@require_POST
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    deal = seen_deal(request, ref)
    require(request.user, "deals.ask_discounts")
    asked = DiscountRequest.objects.visible_to(request.user).open().filter(deal=deal).first()
    if asked is not None:
        try:
            withdraw_discount_request(asked, by=request.user, at=timezone.now())
        except WrongState as refusal:
            return _nothing_changed(request, deal, refusal)
        messages.success(request, _("The request is withdrawn."))
    return redirect(f"{deal.get_absolute_url()}#end-user-discount")


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    deal = seen_deal(request, ref)
    require(request.user, "deals.grant_discounts", deal)
    asked = (
        DiscountRequest.objects.visible_to(request.user)
        .open()
        .filter(deal=deal)
        .select_related("asked_by", "deal")
        .prefetch_related("lines__product")
        .first()
    )
    if asked is None or not askable(deal):
        messages.warning(request, _("There is no open request on this deal."))
        return redirect(deal)
    check_not_own_registration(registered_it=is_registrant(request.user, deal))
    form = DecideDiscountForm(request.POST or None, request=asked)
    if request.method == "POST" and form.is_valid():
        try:
            done = decide_discount(asked, by=request.user, at=timezone.now(), **form.arguments())
        except WrongState as refusal:
            return _nothing_changed(request, deal, refusal)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            if done.outcome == DiscountOutcome.REFUSED:
                said = _("Refused. Partner and distributor have been told.")
            else:
                said = _("Granted: %(amount)s. Partner and distributor have been told.") % {
                    "amount": format_money(done.granted_amount, done.currency)
                }
            messages.success(request, said)
            return redirect(done)
    context = {"deal": deal, "asked": asked, "form": form, "has_earlier": deal.end_user_discount > 0}
    return render(request, "deals/discount_decide.html", context)


@require_safe
def discount_list(request: HttpRequest) -> HttpResponse:
    """What waits for a channel manager's decision, what is due first on top."""
    require(request.user, "deals.see_appeals")
    waiting = open_requests(request.user).select_related(
        "deal__partner", "deal__edition", "deal__product_group", "asked_by", "deal__registered_by"
    )
    may_decide = can(request.user, "deals.grant_discounts")
    page = CappedPaginator(waiting, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "rows": [
            {
                "asked": asked,
                "yours": may_decide and request.user.pk not in (asked.asked_by_id, asked.registered_by_id),
            }
            for asked in page
        ],
    }
    return render(request, "deals/discounts.html", context)
