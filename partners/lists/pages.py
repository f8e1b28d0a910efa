"""The lists of which people keep views. The apps above register theirs: what a view may hold is for the
list's own filters to say."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise

from portal.accounts.models import User


@dataclass(frozen=True)
class ListPage:
    name: str
    label: str | Promise
    url_name: str
    capability: str
    # What of a query means something to this person on this list; the rest is dropped.
    understood: Callable[[QueryDict, User], QueryDict]

    @property
    def address(self) -> str:
        return reverse(self.url_name)


_PAGES: dict[str, ListPage] = {}


def register_list_page(page: ListPage) -> None:
    _PAGES[page.name] = page


def list_page(name: str) -> ListPage | None:
    return _PAGES.get(name)
