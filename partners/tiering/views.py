from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from partners.organisations.access import can, require
from partners.organisations.selectors import is_vendor
from partners.programme.selectors import rulebook_on
from partners.programme.tier_moves import next_opening, reachable_tier
from partners.tiering import actions
from partners.tiering.forms import ChangeForm, DecisionForm
from partners.tiering.lifecycle import ReviewStatus
from partners.tiering.models import TierChange, TierReview
from partners.tiering.selectors import carried_now, changes_without_ground, reviews_without_ground
from portal.audit.models import Audience
from portal.audit.selectors import timeline
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_of

PER_PAGE = 25
SHOWN = {
    "open": Q(status=ReviewStatus.OPEN),
    "plan": Q(status=ReviewStatus.PLAN),
    "decided": Q(status__in=[ReviewStatus.CONFIRMED, ReviewStatus.KEPT]),
    "all": Q(),
}


@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """For the vendor the lapses to decide; a partner sees its own."""
    require(request.user, "tiers.see")
    show = request.GET.get("show", "open")
    if show not in SHOWN:
        show = "open"
    seen = TierReview.objects.visible_to(request.user)
    counts = seen.aggregate(**{name: Count("pk", filter=SHOWN[name]) for name in ("open", "plan", "decided")})
    chosen = seen.filter(SHOWN[show]).select_related("partner", "departure", "decided_by")
    page = CappedPaginator(chosen.order_by("opened_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    labels = {
        "open": _("To be decided"),
        "plan": _("Recovery plan"),
        "decided": pgettext("several reviews", "Decided"),
        "all": _("All"),
    }
    context = {
        "page_obj": page,
        "show": show,
        "is_vendor": is_vendor(request.user),
        "may_decide": can(request.user, "tiers.decide"),
        "scheduled": TierChange.objects.visible_to(request.user)
        .scheduled()
        .select_related("partner")
        .order_by("effective_on", "pk")[:PER_PAGE],
        "tabs": [
            {"label": labels[key], "url": f"?show={key}", "active": key == show, "count": counts.get(key)}
            for key in SHOWN
        ],
    }
    return render(request, "tiering/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def review_page(request: HttpRequest, pk: int) -> HttpResponse:
    review = get_object_or_404(
        TierReview.objects.visible_to(request.user).select_related(
            "partner", "departure__employment", "edition", "decided_by"
        ),
        pk=pk,
    )
    require(request.user, "tiers.see")
    at = timezone.now()
    may_decide = can(request.user, "tiers.decide")
    if request.method == "POST":
        require(request.user, "tiers.decide", review)
    waiting = review.changes.scheduled().select_related("partner", "edition", "review__departure").first()
    unfounded = waiting is not None and bool(changes_without_ground([waiting], at))
    form: DecisionForm | ChangeForm | None = None
    if may_decide:
        form = (
            ChangeForm(request.POST or None, gone=unfounded)
            if waiting is not None
            else DecisionForm(request.POST or None)
        )
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            said = (
                _decide(review, request, form.cleaned_data, at)
                if waiting is None
                else _decide_change(waiting, request, form.cleaned_data, at)
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except WrongState as refusal:
            messages.warning(request, message_of(refusal))
            return redirect(review)
        else:
            messages.success(request, said)
            return redirect(review)
    of_vendor = is_vendor(request.user)
    is_open = review.status == ReviewStatus.OPEN
    context = {
        "review": review,
        "form": form if is_open or waiting is not None else None,
        "waiting": waiting,
        "unfounded": unfounded,
        "is_vendor": of_vendor,
        "tracks": review.facts.get("tracks", []),
        "effect": _effect(review, at) if is_open else None,
        "holds": not reviews_without_ground([review], at) if is_open else True,
        "changes": review.changes.order_by("effective_on", "pk"),
        "timeline": timeline(review, list(Audience) if of_vendor else [Audience.EVERYBODY]),
    }
    return render(request, "tiering/review.html", context)


def _decide(review: TierReview, request: HttpRequest, given: dict[str, Any], at: datetime) -> str:
    by, reason = request.user, given["reason"]
    match given["decision"]:
        case "confirm":
            actions.confirm_review(review, by=by, at=at, reason=reason)
            return _("The lower tier is confirmed. The partner has been told.")
        case "keep":
            actions.keep_tier(review, by=by, at=at, reason=reason)
            return _("The tier is kept. The partner has been told.")
    actions.open_recovery_plan(review, by=by, at=at, reason=reason, plan=given["plan"], until=given["until"])
    return _("The recovery plan is open. The partner has been told.")


def _decide_change(change: TierChange, request: HttpRequest, given: dict[str, Any], at: datetime) -> str:
    by, reason = request.user, given["reason"]
    if given["decision"] == "drop":
        actions.drop_change(change, by=by, at=at, reason=reason)
        return _("The change is dropped: the tier stays. The partner has been told.")
    actions.uphold_change(change, by=by, at=at, reason=reason)
    return _("The change is upheld. The partner has been told.")


def _effect(review: TierReview, at: datetime) -> dict[str, Any]:
    """Rule H3: what a confirmation would do today, and what would wait."""
    on = date_in(review.partner.country, at)
    rulebook = rulebook_on(on)
    target = max(review.proposed_tier, carried_now(review, at), key=rulebook.rank)
    reached = reachable_tier(review.partner.tier, target, on, rulebook)
    return {
        "reached": reached,
        "at_once": reached != review.partner.tier,
        "waits_until": next_opening(on) if reached != target else None,
        "limited_to": target if target != review.proposed_tier else "",
    }
