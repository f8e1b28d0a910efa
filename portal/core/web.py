"""How refusals reach the browser: on the form's field, or as a page of their own."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext

from portal.core.errors import NotAllowed, PortalError, WrongState
from portal.core.formats import format_number


def message_of(refusal: PortalError) -> str:
    """The refusal in the reader's language."""
    translated = gettext(refusal.message)
    if not refusal.params:
        return translated
    return translated % {key: _spoken(said) for key, said in refusal.params.items()}


def _spoken(said: Any) -> Any:
    """A date or a figure as the reader's language writes it."""
    if isinstance(said, date):
        return date_format(said)
    return format_number(said) if isinstance(said, Decimal) else said


def message_with_rule(refusal: PortalError) -> str:
    """The refusal with the number of the rule behind it, where it rests on one."""
    message = message_of(refusal)
    if not refusal.rule:
        return message
    return gettext("%(message)s (Rule %(rule)s)") % {"message": message, "rule": refusal.rule}


def add_violation(form: BaseForm, refusal: PortalError) -> None:
    """Put a refusal on the field it is about, or above the form when the form has no such field."""
    known = refusal.field if refusal.field in form.fields else None
    form.add_error(known, message_with_rule(refusal))


class RefusalMiddleware:
    """Answers NotAllowed with 403, and a refusal that a view did not put on a form with 409 (somebody
    was faster) or 422: never a server error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if isinstance(problem, NotAllowed):
            return render(
                request, "403.html", {"message": message_of(problem), "exception": problem}, status=403
            )
        if isinstance(problem, PortalError):
            status = 409 if isinstance(problem, WrongState) else 422
            context = {"message": message_of(problem), "rule": problem.rule}
            return render(request, "refused.html", context, status=status)
        return None
