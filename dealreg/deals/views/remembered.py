"""The list of deals as each reader left it, so that the way back from a deal leads there."""

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse

LONGEST = 1_000
KEPT_FOR = 12 * 3600


def _key(request: HttpRequest) -> str:
    # Hangs on the session: gone with it, and no row is written for each search.
    return f"deals-list:{request.session.session_key}"


def query_without_blanks(request: HttpRequest) -> str:
    """The address' query without the filters that are not set."""
    query = request.GET.copy()
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return query.urlencode()


def remember_list(request: HttpRequest) -> None:
    query = query_without_blanks(request)
    if len(query) <= LONGEST and request.session.session_key:
        cache.set(_key(request), query, KEPT_FOR)


def list_address(request: HttpRequest) -> str:
    query = cache.get(_key(request)) if request.session.session_key else ""
    address = reverse("deals:list")
    return f"{address}?{query}" if query else address
