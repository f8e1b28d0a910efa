from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from partners.programme.selectors import editions_read_once


class EditionMiddleware:
    """A request reads the edition of a day once, however many of its parts ask."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with editions_read_once():
            return self.get_response(request)
