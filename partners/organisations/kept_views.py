"""Views of the list of partners that readers keep: the app that keeps them stands above this one and
says here how they are read."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from portal.accounts.models import User

# Of a reader, of what the filters understand and of which view the address opens.
ReadViews = Callable[[User, QueryDict, str], Any]

_readers: list[ReadViews] = []


def register_partner_views(read: ReadViews) -> None:
    _readers[:] = [read]


def partner_views(reader: User, understood: QueryDict, opened: str) -> Any:
    return _readers[0](reader, understood, opened)
