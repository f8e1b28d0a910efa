"""How many of the protections that ended were won: one definition for every page."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.querysets import DealQuerySet

# What a customer did not buy under protection: told as lost, or never told.
NOT_WON = (DealStatus.LOST, DealStatus.EXPIRED)
ENOUGH_TO_COMPARE = 5


@dataclass(frozen=True)
class WinRate:
    """Won among the closed protections of twelve months and of the twelve before, in per cent."""

    won: int
    closed: int
    won_before: int
    closed_before: int

    @property
    def pct(self) -> int | None:
        return round(100 * self.won / self.closed) if self.closed else None

    @property
    def change(self) -> int | None:
        """In points against the year before; None where either year closed too little to compare."""
        if self.pct is None or self.closed_before < ENOUGH_TO_COMPARE:
            return None
        return self.pct - round(100 * self.won_before / self.closed_before)


def _year_before(day: date) -> date:
    return day - timedelta(days=365)


def win_counts(on: date) -> dict[str, Count]:
    """What a WinRate is made of, to be counted in one statement with other figures."""
    since, before = _year_before(on), _year_before(_year_before(on))
    closed = Q(status__in=[DealStatus.WON, *NOT_WON])
    won = Q(status=DealStatus.WON)
    this_year = Q(ended_on__gt=since, ended_on__lte=on)
    last_year = Q(ended_on__gt=before, ended_on__lte=since)
    return {
        "won": Count("pk", filter=won & this_year),
        "closed": Count("pk", filter=closed & this_year),
        "won_before": Count("pk", filter=won & last_year),
        "closed_before": Count("pk", filter=closed & last_year),
    }


def win_rate(deals: DealQuerySet, on: date) -> WinRate:
    return WinRate(**deals.order_by().aggregate(**win_counts(on)))
