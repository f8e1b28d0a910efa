"""The portal's addresses and pages that only the tests of the frame need."""

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from portal.core.errors import NotAllowed, WrongState
from portal.core.styleguide import styleguide
from portal.urls import urlpatterns as of_the_portal


@login_not_required
def broken(request: HttpRequest) -> NoReturn:
    raise RuntimeError("meant")


def forbidden(request: HttpRequest) -> NoReturn:
    raise PermissionDenied


def not_allowed(request: HttpRequest) -> NoReturn:
    raise NotAllowed("not-allowed", "Your role does not allow this. Ask your account administrator.")


def too_late(request: HttpRequest) -> NoReturn:
    raise WrongState("wrong-state", "This step is no longer possible.")


@login_not_required
def unreadable(request: HttpRequest) -> HttpResponse:
    return render(request, "400.html", status=400)


@login_not_required
def stale(request: HttpRequest) -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


urlpatterns = [
    *of_the_portal,
    path("styleguide/", styleguide),
    path("face/broken/", broken),
    path("face/forbidden/", forbidden),
    path("face/not-allowed/", not_allowed),
    path("face/too-late/", too_late),
    path("face/unreadable/", unreadable),
    path("face/stale/", stale),
]
