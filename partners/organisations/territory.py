"""The countries of the programme (rule A7). The edition in force names them, and the programme stands
above this app: it says here how to ask."""

from collections.abc import Callable
from datetime import date

_read: list[Callable[[date], frozenset[str]]] = []


def read_territory_with(read: Callable[[date], frozenset[str]]) -> None:
    _read[:] = [read]


def territory_on(day: date) -> frozenset[str]:
    """ISO codes of the countries in which the programme runs on a day."""
    return _read[0](day)
