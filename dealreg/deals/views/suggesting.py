"""Small answers while one types."""

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from dealreg.deals.mentions import suggestions
from dealreg.deals.models import Deal
from dealreg.deals.suggestions import customers_typed
from partners.organisations.access import require
from portal.core.typed import typed


@require_safe
def customer_choices(request: HttpRequest) -> JsonResponse:
    require(request.user, "deals.see")
    wanted = typed(request)
    if len(wanted) < 2:
        return JsonResponse({"results": []})
    partner = request.GET.get("partner", "").replace("\0", "")[:20]
    return JsonResponse({"results": customers_typed(request.user, wanted, partner=partner)})


@require_safe
def mention_choices(request: HttpRequest, ref: str) -> JsonResponse:
    """People who read a comment on this deal, as they are typed after the @."""
    deal = get_object_or_404(
        Deal.objects.visible_to(request.user).select_related("partner", "distributor"), reference=ref
    )
    internal = bool(request.GET.get("internal"))
    require(request.user, "deals.comment_internally" if internal else "deals.comment", deal)
    return JsonResponse({"results": suggestions(deal, typed(request), by=request.user, internal=internal)})
