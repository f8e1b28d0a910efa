"""The reviewer's page: a registration beside everything that it has to be weighed against."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dealreg.deals.actions import merge_customers, tell_apart
from dealreg.deals.forms.conflicts import TellApartForm
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.review import (
    Picture,
    known_purchases,
    may_review,
    may_tell_apart,
    offered_records,
    partner_record,
    picture_of,
)
from dealreg.deals.selectors import is_registrant, moves_open_to, open_conflicts, side_of, terms_of
from dealreg.deals.views.deciding import buttons_for
from dealreg.deals.views.detail import deals_to_show, money_of, next_step
from partners.customers.models import Customer
from partners.organisations.access import can
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.web import add_violation, message_of


def review_address(deal: Deal) -> str:
    return reverse("deals:review", args=[deal.reference])


@require_http_methods(["GET", "HEAD", "POST"])
def review_page(request: HttpRequest, ref: str) -> HttpResponse:
    deal = get_object_or_404(deals_to_show(request.user).select_related("customer"), reference=ref)
    if not may_review(request.user, deal):
        raise Http404
    if request.method == "POST":
        return _tell_apart(request, deal)
    return _show(request, deal, TellApartForm())


def _tell_apart(request: HttpRequest, deal: Deal) -> HttpResponse:
    if "same" in request.POST and not can(request.user, "customers.manage"):
        raise NotAllowed("not-allowed", gettext_noop("Your role does not allow this step on this deal."))
    if not may_tell_apart(request.user, deal):
        raise NotAllowed("not-allowed", gettext_noop("Your role does not allow this step on this deal."))
    form = TellApartForm(request.POST)
    if form.is_valid():
        # Whether the record exists is asked by the action, which knows what this reader is offered.
        customer = Customer(pk=form.cleaned_data["record"])
        reason = form.cleaned_data["reason"]
        try:
            if "same" in request.POST:
                return _merge(request, deal, customer.pk, reason)
            tell_apart(deal, customer, by=request.user, at=timezone.now(), reason=reason)
        except WrongState as refusal:
            messages.warning(request, message_of(refusal))
            return redirect(review_address(deal))
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("Noted. This record is not offered for this deal again."))
            return redirect(review_address(deal))
    return _show(request, deal, form, status=422)


def _merge(request: HttpRequest, deal: Deal, record: int, reason: str) -> HttpResponse:
    """The record and the deal's own are one company: the older one stays. Undone in the register."""
    own = deal.customer and (deal.customer.merged_into_id or deal.customer_id)
    records = [own, record] if own and record in offered_records(request.user, deal) else []
    found = list(Customer.objects.visible_to(request.user).current().filter(pk__in=records).order_by("pk"))
    if len(found) != 2:
        raise WrongState(
            "not-offered", gettext_noop("This record is no longer among those that may be the same.")
        )
    merge_customers(found[0], found[1], by=request.user, at=timezone.now(), reason=reason)
    messages.success(request, _("The two records are one now: %(name)s.") % {"name": found[0].name})
    return redirect(review_address(deal))


def _show(request: HttpRequest, deal: Deal, form: TellApartForm, *, status: int = 200) -> HttpResponse:
    user, at = request.user, timezone.now()
    side = side_of(user.acting_as, deal)
    picture = picture_of(user, deal, at)
    waits = deal.is_under_review and open_conflicts(deal) > 0
    moves = moves_open_to(user, deal, at)
    may_settle = can(user, "deals.settle_conflicts")
    waiting = Conflict.objects.visible_to(user).open().filter(later=deal) if waits and may_settle else []
    context = {
        "deal": deal,
        "side": side,
        "picture": picture,
        "lines": list(deal.lines.select_related("product")),
        "money": money_of(deal),
        "files": list(deal.evidence.select_related("document")),
        "facts": _facts_found(picture),
        "purchases": known_purchases(picture.history),
        "record": partner_record(user, deal, at),
        "lookback": terms_of(deal).new_business_lookback_months,
        "buttons": buttons_for(deal, moves, blocked=waits),
        "waits_for_conflict": waits,
        "next": next_step(deal, side, moves, at),
        "own_registration": is_registrant(user, deal),
        "may_settle": may_settle,
        "to_settle": waiting,
        "may_merge": can(user, "customers.manage"),
        "form": form,
        "asked_about": form.data.get("record", ""),
    }
    return render(request, "deals/review.html", context, status=status)


def _facts_found(picture: Picture) -> frozenset[str]:
    """What of this registration agrees with any other: to highlight it."""
    found: frozenset[Any] = frozenset()
    for one in picture.candidates:
        if one.deals:
            found |= one.facts
    return found
