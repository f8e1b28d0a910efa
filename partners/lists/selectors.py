from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from partners.lists.models import SavedView
from partners.lists.pages import ListPage
from portal.accounts.models import User

# Opens a list as it is, whatever its default.
ALL = "all"


@dataclass(frozen=True)
class Views:
    """A list's saved views as its page shows them: which is open, and whether the list has moved on."""

    page: ListPage
    rows: tuple[SavedView, ...]
    current: SavedView | None
    query: str

    @property
    def default(self) -> SavedView | None:
        return next((view for view in self.rows if view.is_default), None)

    @property
    def default_address(self) -> str:
        return address_of(self.default, self.page) if self.default else ""

    @property
    def is_changed(self) -> bool:
        return self.current is not None and self.query != self.current.query

    @property
    def plain_address(self) -> str:
        """The list without any view: past the default, where there is one."""
        return f"{self.page.address}?view={ALL}" if self.default else self.page.address

    @property
    def tabs(self) -> list[Mapping[str, Any]]:
        return [
            {"label": view.name, "url": address_of(view, self.page), "active": view == self.current}
            for view in self.rows
        ]


def address_of(view: SavedView, page: ListPage) -> str:
    query = f"{view.query}&view={view.pk}" if view.query else f"view={view.pk}"
    return f"{page.address}?{query}"


def views_of(user: User, page: ListPage, *, query: QueryDict, opened: str) -> Views:
    """`query`: what the list shows, as it is kept; `opened`: what its address says of a view."""
    rows = tuple(SavedView.objects.visible_to(user).of_page(page.name))
    current = next((view for view in rows if str(view.pk) == opened), None)
    return Views(page, rows, current, query.urlencode())
