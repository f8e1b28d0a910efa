from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from dealreg.deals.models import Deal


def seen_deal(request: HttpRequest, ref: str) -> Deal:
    """The deal of an address, with what its forms and actions read; 404 when the reader does not see it."""
    return get_object_or_404(
        Deal.objects.visible_to(request.user).select_related(
            "partner", "distributor", "product_group", "edition", "registered_by"
        ),
        reference=ref,
    )
