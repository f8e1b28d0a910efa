"""A distributor registers for one of its partners (rule E12): it picks the partner, then the steps are the
same as the partner's own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dealreg.deals.views.registering import Registrant, begin
from partners.organisations.access import require
from partners.organisations.models import Partner, PartnerStatus
from portal.core.typed import typed

MOST_SHOWN = 25


@require_safe
def pick_partner(request: HttpRequest) -> HttpResponse:
    """Search as you type, or, without scripts, by the button."""
    require(request.user, "deals.register_on_behalf")
    text = typed(request, "partner")
    seen = Partner.objects.visible_to(request.user)
    exact = seen.filter(reference=text.upper()).first() if text else None
    if exact is not None:
        return redirect("deals:register_on_behalf", partner=exact.reference)
    found = seen.named_like(text) if text else seen
    found = found.filter(status=PartnerStatus.AUTHORISED).order_by("trade_name", "pk")
    partners = list(found[: MOST_SHOWN + 1])
    context = {
        "text": text,
        "partners": partners[:MOST_SHOWN],
        "more": len(partners) > MOST_SHOWN,
        "placeholder": _("Name or number"),
    }
    return render(request, "deals/pick_partner.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register_on_behalf(request: HttpRequest, partner: str) -> HttpResponse:
    membership = require(request.user, "deals.register_on_behalf")
    chosen = get_object_or_404(Partner.objects.visible_to(request.user), reference=partner)
    return begin(request, Registrant(chosen, on_behalf_by=membership.distributor))
