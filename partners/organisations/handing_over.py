"""The open work that a person of a partner leaves behind: the apps above this one say what they hold and
how a colleague takes it over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from partners.organisations.models import Partner
from portal.accounts.models import User

CountWork = Callable[[Partner, User], int]
# (partner, of=…, to=…, by=…, at=…) → how many have changed hands.
TakeOver = Callable[..., int]


@dataclass(frozen=True)
class Work:
    name: str
    label: Any
    count: CountWork
    reassign: TakeOver


@dataclass(frozen=True)
class OpenWork:
    name: str
    label: Any
    count: int


_WORK: dict[str, Work] = {}


def register_hand_over(name: str, label: Any, *, count: CountWork, reassign: TakeOver) -> None:
    _WORK[name] = Work(name, label, count, reassign)


def open_work_of(partner: Partner, person: User | None) -> list[OpenWork]:
    """What the person still has in hand at this partner; nothing without a portal account."""
    if person is None:
        return []
    counted = [OpenWork(work.name, work.label, work.count(partner, person)) for work in _WORK.values()]
    return [work for work in counted if work.count]


def hand_over(partner: Partner, *, of: User, to: User, by: User, at: datetime) -> dict[str, int]:
    """Everything of one person goes to a colleague; how much of each kind."""
    return {work.name: work.reassign(partner, of=of, to=to, by=by, at=at) for work in _WORK.values()}
