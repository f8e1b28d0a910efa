"""An announced revocation: the partner's statement, and the decision after it (rule E13)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dealreg.deals.actions import decide_revocation, state_view
from dealreg.deals.forms.revoking import DecideRevocationForm, StatementForm
from dealreg.deals.models import Deal, RevocationNotice
from dealreg.deals.revocations import is_heard, may_state_view
from dealreg.deals.rules import check_not_own_registration
from dealreg.deals.selectors import is_registrant
from partners.organisations.access import require
from portal.core.errors import RuleViolation, WrongState
from portal.core.web import add_violation, message_of
from portal.documents.models import Document


def _deal(request: HttpRequest, ref: str) -> Deal:
    return get_object_or_404(
        Deal.objects.visible_to(request.user).select_related(
            "partner", "distributor", "product_group", "edition", "registered_by"
        ),
        reference=ref,
    )


def _open_notice(request: HttpRequest, deal: Deal) -> RevocationNotice | None:
    found = RevocationNotice.objects.visible_to(request.user).open().filter(deal=deal)
    return found.select_related("deal", "announced_by", "stated_by").first()


def _nothing_changed(request: HttpRequest, deal: Deal, reason: str) -> HttpResponse:
    messages.warning(request, _("Nothing was changed: %(reason)s") % {"reason": reason})
    return redirect(deal)


@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: HttpRequest, ref: str) -> HttpResponse:
    deal, at = _deal(request, ref), timezone.now()
    require(request.user, "deals.state_view")
    notice = _open_notice(request, deal)
    if notice is None or not may_state_view(request.user, deal, notice, at):
        return _nothing_changed(request, deal, _("There is nothing to state on this deal now."))
    form = StatementForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            state_view(notice, by=request.user, at=at, text=given["text"], files=given["file"])
        except WrongState as refusal:
            return _nothing_changed(request, deal, message_of(refusal))
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("Your view was sent. The channel manager decides after reading it."))
            return redirect(notice)
    form.ask_for_files_again()
    return render(request, "deals/revocation_statement.html", {"deal": deal, "notice": notice, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    deal, at = _deal(request, ref), timezone.now()
    require(request.user, "deals.revoke", deal)
    notice = _open_notice(request, deal)
    if notice is None:
        return _nothing_changed(request, deal, _("No revocation is announced on this deal."))
    check_not_own_registration(registered_it=is_registrant(request.user, deal))
    form = DecideRevocationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = decide_revocation(notice, by=request.user, at=at, **form.arguments())
        except WrongState as refusal:
            return _nothing_changed(request, deal, message_of(refusal))
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            said = (
                _("The protection of %(reference)s is revoked. Partner and distributor have been told.")
                if done.outcome == "revoked"
                else _("Dropped: the protection of %(reference)s goes on. The partner has been told.")
            )
            messages.success(request, said % {"reference": deal.reference})
            return redirect(notice)
    context = {
        "deal": deal,
        "notice": notice,
        "form": form,
        "heard": is_heard(notice, at),
        "files": Document.objects.visible_to(request.user).about(notice),
        "evidence": notice.evidence.visible_to(request.user).select_related("document"),
    }
    return render(request, "deals/revocation_decide.html", context)
