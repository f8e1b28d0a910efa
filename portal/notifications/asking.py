"""Whether what a notification asks for is still to be done is for its subject to say: the apps above
register, by kind, which subjects still wait for a person."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from portal.accounts.models import User

ReadWaiting = Callable[[User, datetime], QuerySet[Any]]

_WAITING: dict[str, ReadWaiting] = {}


def register_waiting_subjects(*kinds: str, read: ReadWaiting) -> None:
    """`read(person, at)` gives the subjects that wait for this person, as they act now; it asks
    visible_to(person) itself. A kind without one asks for action until it is read."""
    for kind in kinds:
        _WAITING[kind] = read


def waiting_subjects(kind: str) -> ReadWaiting | None:
    return _WAITING.get(kind)
