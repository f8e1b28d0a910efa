"""Open deals as one looks ahead: by state, month of closing, product group or partner. Amounts are list
prices in their own currency, never added across currencies; nothing is weighted by a guess."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import RowNumber, TruncMonth

from dealreg.deals.lifecycle import ACTIVE
from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet

MOST_CARDS = 8
# What the columns are made of: the name in the address and the expression behind it.
BY: dict[str, Any] = {
    "state": F("status"),
    "month": TruncMonth("expected_close_on"),
    "group": F("product_group"),
    "partner": F("partner"),
}
# Partners are many: the columns are those with the most deals.
MOST_COLUMNS = 12


@dataclass(frozen=True)
class Money:
    """A sum in one currency, of so many deals."""

    currency: str
    amount: Decimal
    deals: int


@dataclass
class Column:
    key: Any
    deals: int = 0
    sums: list[Money] = field(default_factory=list)
    cards: list[Deal] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.deals - len(self.cards)


@dataclass(frozen=True)
class Glance:
    """The figures on top, each by currency."""

    deals: int
    sums: list[Money]
    expiring: int
    expiring_sums: list[Money]
    past_closing: int


def open_deals(deals: DealQuerySet) -> DealQuerySet:
    return deals.filter(status__in=ACTIVE)


def glance(deals: DealQuerySet, ends: Q, today: date) -> Glance:
    """`ends`: which protections count as ending soon. One statement."""
    rows = (
        deals.order_by()
        .values("currency")
        .annotate(
            deals=Count("pk"),
            amount=Sum("list_amount"),
            expiring=Count("pk", filter=ends),
            expiring_amount=Sum("list_amount", filter=ends),
            past=Count("pk", filter=Q(expected_close_on__lt=today)),
        )
        .order_by("-amount", "currency")
    )
    found = list(rows)
    return Glance(
        deals=sum(row["deals"] for row in found),
        sums=[Money(row["currency"], row["amount"], row["deals"]) for row in found],
        expiring=sum(row["expiring"] for row in found),
        expiring_sums=[
            Money(row["currency"], row["expiring_amount"], row["expiring"])
            for row in found
            if row["expiring"]
        ],
        past_closing=sum(row["past"] for row in found),
    )


def columns(deals: DealQuerySet, by: str) -> list[Column]:
    """The columns with their sums: one statement, however many deals."""
    rows = (
        deals.order_by()
        .values(column=BY[by], money=F("currency"))
        .annotate(deals=Count("pk"), amount=Sum("list_amount"))
        .order_by("-amount", "money")
    )
    found: dict[Any, Column] = {}
    for row in rows:
        column = found.setdefault(row["column"], Column(row["column"]))
        column.deals += row["deals"]
        column.sums.append(Money(row["money"], row["amount"], row["deals"]))
    return list(found.values())


def in_order(found: list[Column], order: Sequence[Any] | Callable[[Column], Any]) -> list[Column]:
    """By a list of keys, or by what a function says of each column."""
    if callable(order):
        return sorted(found, key=order)
    places = {key: place for place, key in enumerate(order)}
    return sorted(found, key=lambda column: places.get(column.key, len(places)))


def deal_cards(deals: DealQuerySet, by: str, shown: list[Column]) -> None:
    """Put the first deals of each column on it, what is to be closed first on top: one statement."""
    wanted = {column.key: column for column in shown}
    ranked = deals.annotate(
        column=BY[by],
        place=Window(
            RowNumber(), partition_by=[BY[by]], order_by=[F("expected_close_on").asc(), F("pk").asc()]
        ),
    ).filter(place__lte=MOST_CARDS)
    for deal in ranked.order_by("expected_close_on", "pk"):
        if deal.column in wanted:
            wanted[deal.column].cards.append(deal)
