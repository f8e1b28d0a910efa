"""Small answers while one types."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dealreg.deals.suggestions import customers_typed
from partners.organisations.access import require


def typed(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "").replace("\0", "").split())[:200]


@require_safe
def customer_choices(request: HttpRequest) -> JsonResponse:
    require(request.user, "deals.see")
    wanted = typed(request)
    if len(wanted) < 2:
        return JsonResponse({"results": []})
    partner = request.GET.get("partner", "").replace("\0", "")[:20]
    return JsonResponse({"results": customers_typed(request.user, wanted, partner=partner)})
