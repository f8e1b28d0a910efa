"""A registration goes to another distributor of the partner's before it is decided."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dealreg.deals import actions
from dealreg.deals.forms.moving import ChangeDistributorForm
from dealreg.deals.lifecycle import DEAL_LIFECYCLE
from dealreg.deals.selectors import distributor_change_refusal, distributors_of, side_of, terms_of
from dealreg.deals.views.seen import seen_deal
from partners.organisations.access import require
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.core.formats import format_moment
from portal.core.web import add_violation, message_of


@require_http_methods(["GET", "HEAD", "POST"])
def change_distributor(request: HttpRequest, ref: str) -> HttpResponse:
    deal = seen_deal(request, ref)
    require(request.user, "deals.register", deal)
    if side_of(request.user.acting_as, deal) != "partner" or deal.on_behalf:
        raise NotAllowed("not-allowed", "Your role does not allow this step on this deal.")
    others = [one for one in distributors_of(deal.partner) if one.pk != deal.distributor_id]
    form = ChangeDistributorForm(request.POST if request.method == "POST" else None, distributors=others)
    try:
        # First of all: a draft has no edition yet, whose limit could be asked.
        DEAL_LIFECYCLE.check("change_distributor", deal.status)
        refusal = distributor_change_refusal(deal)
        if request.method == "POST" and form.is_valid():
            try:
                moved = actions.change_distributor(
                    deal, by=request.user, at=timezone.now(), distributor=form.cleaned_data["distributor"]
                )
            except RuleViolation as problem:
                add_violation(form, problem)
            else:
                messages.success(
                    request,
                    _("%(reference)s is with %(distributor)s now, which decides by %(due)s.")
                    % {
                        "reference": moved.reference,
                        "distributor": moved.distributor,
                        "due": format_moment(moved.decision_due_at, zone=True),
                    },
                )
                return redirect(moved)
    except WrongState:
        messages.warning(
            request,
            _("Nothing was changed: the deal has moved on in the meantime. It is now “%(status)s”.")
            % {"status": deal.get_status_display()},
        )
        return redirect(deal)
    context = {
        "deal": deal,
        "form": form,
        "others": others,
        "refusal": refusal and message_of(refusal),
        "terms": terms_of(deal),
    }
    return render(request, "deals/change_distributor.html", context)
