"""An announced revocation: the partner's statement, and the decision after it (rule E13)."""

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from dealreg.deals.actions import decide_revocation, state_view
from dealreg.deals.forms.revoking import DecideRevocationForm, StatementForm
from dealreg.deals.lifecycle import EXAMINED, DealStatus
from dealreg.deals.models import Deal, RevocationNotice
from dealreg.deals.revocations import IS_OPEN, is_heard, may_state_view, once_heard
from dealreg.deals.rules import check_not_own_registration
from dealreg.deals.selectors import is_registrant
from dealreg.deals.views.seen import seen_deal
from partners.organisations.access import can, require
from portal.core.errors import RuleViolation, WrongState
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_of
from portal.documents.models import Document

PER_PAGE = 25


def _open_notice(request: HttpRequest, deal: Deal) -> RevocationNotice | None:
    found = RevocationNotice.objects.visible_to(request.user).open().filter(deal=deal)
    return found.select_related("deal", "announced_by", "stated_by").first()


def _nothing_changed(request: HttpRequest, deal: Deal, reason: str) -> HttpResponse:
    messages.warning(request, _("Nothing was changed: %(reason)s") % {"reason": reason})
    return redirect(deal)


@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: HttpRequest, ref: str) -> HttpResponse:
    deal, at = seen_deal(request, ref), timezone.now()
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
    deal, at = seen_deal(request, ref), timezone.now()
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
                else _("Dropped: the partner of %(reference)s may report an order of the protected time.")
                if deal.status == DealStatus.EXPIRED
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


@require_safe
def revocation_list(request: HttpRequest) -> HttpResponse:
    """For the vendor: those on which a decision is due, those whose partner may still speak, and what
    became of the others."""
    require(request.user, "deals.see_appeals")
    at = timezone.now()
    shown = {
        "due": IS_OPEN & once_heard(at),
        "waiting": IS_OPEN & ~once_heard(at),
        "closed": ~IS_OPEN,
        "all": Q(),
    }
    show = request.GET.get("show", "due")
    if show not in shown:
        show = "due"
    seen = RevocationNotice.objects.visible_to(request.user)
    counts = seen.aggregate(**{key: Count("pk", filter=shown[key]) for key in ("due", "waiting", "closed")})
    order = ["statement_until", "pk"]
    if show in ("closed", "all"):
        order = [F("decided_at").desc(nulls_first=True), *order]
    chosen = seen.filter(shown[show]).select_related("deal__partner", "announced_by")
    page = CappedPaginator(chosen.order_by(*order), PER_PAGE).get_page(request.GET.get("page"))
    labels = {
        "due": _("To decide"),
        "waiting": _("The partner may state its view"),
        "closed": pgettext("several revocations", "Closed"),
        "all": pgettext("several revocations", "All"),
    }
    may_revoke = can(request.user, "deals.revoke")
    context = {
        "page_obj": page,
        "show": show,
        "rows": [
            {
                "notice": notice,
                "heard": is_heard(notice, at),
                # A second membership (rule E11) is asked about on the page of the decision.
                "yours": may_revoke
                and notice.is_open
                and notice.deal.status in EXAMINED
                and is_heard(notice, at)
                and notice.deal.registered_by_id != request.user.pk,
            }
            for notice in page
        ],
        "tabs": [
            {"label": labels[key], "url": f"?show={key}", "active": key == show, "count": counts.get(key)}
            for key in shown
        ],
    }
    return render(request, "deals/revocations.html", context)
