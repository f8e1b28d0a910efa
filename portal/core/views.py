"""Pages and small answers that belong to no app."""

from contextlib import suppress

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.core.preferences import keep_language, keep_theme


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(wanted if safe else "/")


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """An unknown language changes nothing: the buttons offer only known ones."""
    response = _back(request)
    with suppress(ValueError):
        keep_language(request, response, request.POST.get("language", ""))
    return response


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    response = _back(request)
    with suppress(ValueError):
        keep_theme(request, response, request.POST.get("theme", ""))
    return response
