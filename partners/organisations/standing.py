"""The tier that counts: the earned one, or the higher one that a specialisation carries (rule H7). Edition
and specialisations stand above this app: they say here how to ask."""

from collections.abc import Callable
from datetime import date

from django.db.models.expressions import Combinable

TierOn = Callable[[date], Combinable]

_read: list[TierOn] = []


def read_counting_tier_with(read: TierOn) -> None:
    _read[:] = [read]


def counting_tier_on(day: date) -> Combinable:
    """For a queryset of partners: the tier of each that counts on a day."""
    return _read[0](day)
