"""Addresses of deals. A number that was misread or typed in lower case leads to the deal all the same."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import path, register_converter, reverse

from dealreg.deals.views import (
    amending,
    appealing,
    bulk,
    conflicts,
    copying,
    deciding,
    decision_times,
    detail,
    discounts,
    letters,
    listing,
    losses,
    moving,
    on_behalf,
    pipeline,
    registering,
    review,
    revoking,
    suggesting,
    uploading,
)
from portal.core.references import read_reference


class DealReference:
    """`DR-7K3F9Q`, forgiving case, a missing hyphen and O for 0; what cannot be a number is not found."""

    regex = "[Dd][Rr][-_ ]?[0-9A-Za-z]{6}"

    def to_python(self, value: str) -> str:
        reference = read_reference("DR", value)
        if reference is None:
            raise ValueError(value)
        return reference

    def to_url(self, value: str) -> str:
        return value


register_converter(DealReference, "deal")


class LetterCode:
    """128 bits, as the QR code of a letter holds them."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(LetterCode, "letter")


def canonical(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Sends a reader who came by another spelling to the one address of the page."""

    @wraps(view)
    def at_its_address(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        address = reverse(request.resolver_match.view_name, kwargs=kwargs)
        if request.method in ("GET", "HEAD") and request.path != address:
            query = request.META.get("QUERY_STRING", "")
            return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
        return view(request, *args, **kwargs)

    return at_its_address


app_name = "deals"
urlpatterns = [
    path("", listing.deal_list, name="list"),
    path("register/", registering.register, name="register"),
    path("on-behalf/", on_behalf.pick_partner, name="pick_partner"),
    path("on-behalf/<str:partner>/", on_behalf.register_on_behalf, name="register_on_behalf"),
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/export/<str:kind>/", pipeline.export, name="pipeline_export"),
    path("losses/", losses.losses, name="losses"),
    path("losses/export/<str:kind>/", losses.export, name="losses_export"),
    path("queue/", listing.queue, name="queue"),
    path("decision-times/", decision_times.page, name="decision_times"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("export/<str:kind>/", listing.export, name="export"),
    path("customer-choices/", suggesting.customer_choices, name="customer_choices"),
    path("partner-choices/", listing.partner_choices, name="partner_choices"),
    path("conflicts/", conflicts.conflict_list, name="conflicts"),
    path("conflicts/<int:pk>/", conflicts.conflict_page, name="conflict"),
    path("revocations/", revoking.revocation_list, name="revocations"),
    path("appeals/", appealing.appeal_list, name="appeals"),
    path("appeals/figures/", appealing.figures, name="appeal_figures"),
    path("<deal:ref>/", canonical(detail.deal_page), name="detail"),
    path("<deal:ref>/draft/<slug:step>/", canonical(registering.draft_step), name="draft"),
    path("<deal:ref>/discard/", canonical(registering.discard), name="discard"),
    path("<deal:ref>/receipt/", canonical(registering.receipt), name="receipt"),
    path("<deal:ref>/files/", canonical(uploading.upload), name="upload"),
    path("<deal:ref>/mentions/", canonical(suggesting.mention_choices), name="mentions"),
    path("<deal:ref>/copy/", canonical(copying.copy), name="copy"),
    path("<deal:ref>/comment/", canonical(detail.add_comment), name="comment"),
    path("discounts/", discounts.discount_list, name="discounts"),
    path("<deal:ref>/discount/", canonical(discounts.ask), name="ask_discount"),
    path("<deal:ref>/discount/withdraw/", canonical(discounts.withdraw), name="withdraw_discount"),
    path("<deal:ref>/discount/decide/", canonical(discounts.decide), name="decide_discount"),
    path("<deal:ref>/revocation/statement/", canonical(revoking.statement), name="state_view"),
    path("<deal:ref>/revocation/decide/", canonical(revoking.decide), name="decide_revocation"),
    path("letters/<letter:code>/", letters.verify, name="verify_letter"),
    path("<deal:ref>/letter/", canonical(letters.letter), name="letter"),
    path("<deal:ref>/appeal/", canonical(appealing.appeal), name="appeal"),
    path("<deal:ref>/appeal/decide/", canonical(appealing.judge), name="judge_appeal"),
    path("<deal:ref>/review/", canonical(review.review_page), name="review"),
    path("<deal:ref>/amend/", canonical(amending.amend), name="amend"),
    path("<deal:ref>/amendment/", canonical(amending.decide), name="amendment"),
    path("<deal:ref>/amendment/withdraw/", canonical(amending.withdraw), name="amendment_withdraw"),
    path("<deal:ref>/change-distributor/", canonical(moving.change_distributor), name="change_distributor"),
    path("<deal:ref>/<slug:move>/", canonical(deciding.make_move), name="move"),
]
