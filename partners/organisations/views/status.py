from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partners.organisations.selectors import (
    LOOKUP_CHARACTERS,
    LOOKUP_RESULTS,
    letters_and_digits,
    look_up_status,
)
from portal.core.throttle import within_limit
from portal.core.typed import typed

SEARCHES = 30
IN_SECONDS = 60


@login_not_required
@require_safe
def partner_status(request: HttpRequest) -> HttpResponse:
    """Rule A5: anybody may look up the status of an authorised partner."""
    text = typed(request)
    context = {"text": text, "characters": LOOKUP_CHARACTERS, "most": LOOKUP_RESULTS}
    if text and not within_limit(
        "status", get_adapter().get_client_ip(request), most=SEARCHES, seconds=IN_SECONDS
    ):
        response = render(request, "organisations/status.html", context | {"too_many": True}, status=429)
        response["Retry-After"] = str(IN_SECONDS)
        return response
    if text:
        context["too_short"] = letters_and_digits(text) < LOOKUP_CHARACTERS
        context["found"] = look_up_status(text, timezone.localdate())
    return render(request, "organisations/status.html", context)
