"""A new draft from an earlier deal."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dealreg.deals.actions.copying import copy_deal
from dealreg.deals.lifecycle import ENDED
from dealreg.deals.models import Deal
from partners.organisations.access import require


@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, ref: str) -> HttpResponse:
    deal = get_object_or_404(
        Deal.objects.visible_to(request.user).select_related("partner", "distributor", "product_group"),
        reference=ref,
    )
    require(request.user, "deals.register", deal)
    again = deal.status in ENDED
    if request.method != "POST":
        return render(request, "deals/copy.html", {"deal": deal, "again": again})
    draft = copy_deal(deal, by=request.user, at=timezone.now())
    copied = {"number": deal.reference}
    messages.success(request, _("Filled in from %(number)s. Look through it before you submit.") % copied)
    if draft.lines.count() < deal.lines.count():
        messages.warning(request, _("Some products have no price today and were left out."))
    return redirect("deals:draft", ref=draft.reference, step="customer")
