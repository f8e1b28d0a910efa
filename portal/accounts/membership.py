"""Pages that need a place in an organisation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

View = Callable[..., HttpResponse]


def no_membership(request: HttpRequest) -> HttpResponse:
    """Why somebody who is signed in sees nothing, and whom to ask."""
    return render(request, "accounts/no_membership.html", status=403)


def membership_required(view: View) -> View:
    """Somebody who belongs to no organisation (any more) gets a page that explains it, with 403."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and request.user.acting_as is None:
            return no_membership(request)
        return view(request, *args, **kwargs)

    return checked
