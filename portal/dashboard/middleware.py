"""A page that exists for the person under another of their memberships says so, instead of "not found"."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from dealreg.deals.models import Conflict, Deal
from partners.organisations.models import Distributor, Partner
from portal.notifications.selectors import membership_that_sees

# What the address names, by namespace and the name of its part: the model, and its field.
SUBJECTS: dict[tuple[str, str], tuple[Any, str]] = {
    ("deals", "ref"): (Deal, "reference"),
    ("deals", "pk"): (Conflict, "pk"),
    ("partners", "reference"): (Partner, "reference"),
    ("distributors", "reference"): (Distributor, "reference"),
}


class OtherMembershipMiddleware:
    """For everybody else the answer stays what it is for a page that does not exist."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, Http404) or request.method not in ("GET", "HEAD") or request.htmx:
            return None
        user: Any = request.user
        subject = _named_by(request) if user.is_authenticated else None
        if subject is None:
            return None
        membership = membership_that_sees(user, subject)
        # Seen under the present one: then it is something else that was not found.
        if membership is None or (user.acting_as is not None and membership.pk == user.acting_as.pk):
            return None
        context = {"membership": membership, "here": request.get_full_path()}
        return render(request, "dashboard/elsewhere.html", context, status=404)


def _named_by(request: HttpRequest) -> Any:
    match = request.resolver_match
    if match is None:
        return None
    for name, value in match.kwargs.items():
        model, field = SUBJECTS.get((match.namespace, name), (None, ""))
        if model is not None:
            rows = model.objects.visible_to(request.user, any_membership=True)
            return rows.filter(**{field: value}).first()
    return None
