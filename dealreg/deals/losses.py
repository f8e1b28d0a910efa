"""Why deals are lost: for the partner its own, for a distributor those that name it, for the vendor those of
the region."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Upper

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.querysets import DealQuerySet

MOST_COMPETITORS = 10


@dataclass
class Loss:
    """What was lost for one reason, or to one competitor; amounts by currency."""

    key: str
    deals: int
    amounts: list[tuple[str, Decimal]]


@dataclass(frozen=True)
class LossFigures:
    lost: int
    won: int
    to_try_again: int
    reasons: list[Loss]
    competitors: list[Loss]

    @property
    def share_pct(self) -> int | None:
        """Lost among those that were won or lost, in per cent."""
        closed = self.lost + self.won
        return round(100 * self.lost / closed) if closed else None


def lost_deals(deals: DealQuerySet, since: date | None) -> DealQuerySet:
    lost = deals.filter(status=DealStatus.LOST)
    return lost.filter(ended_on__gt=since) if since else lost


def since_days(today: date, days: int | None) -> date | None:
    return today - timedelta(days=days) if days else None


def loss_figures(deals: DealQuerySet, since: date | None) -> LossFigures:
    """Three statements, however many deals."""
    ended = Q(ended_on__gt=since) if since else Q()
    counted = deals.order_by().aggregate(
        won=Count("pk", filter=ended & Q(status=DealStatus.WON)),
        to_try_again=Count(
            "pk", filter=ended & Q(status=DealStatus.LOST, retry_on__isnull=False, retry_told_at=None)
        ),
    )
    lost = lost_deals(deals, since).order_by()
    reasons = _losses(
        lost.values("loss_code", "currency")
        .annotate(deals=Count("pk"), amount=Sum("list_amount"))
        .values_list("loss_code", "deals", "currency", "amount")
    )
    competitors = _losses(
        lost.exclude(lost_to="")
        .annotate(folded=Upper("lost_to"))
        .values("folded", "currency")
        .annotate(name=Min("lost_to"), deals=Count("pk"), amount=Sum("list_amount"))
        .values_list("name", "deals", "currency", "amount")
    )
    return LossFigures(
        lost=sum(loss.deals for loss in reasons),
        reasons=reasons,
        competitors=competitors[:MOST_COMPETITORS],
        **counted,
    )


def _losses(rows: object) -> list[Loss]:
    found: dict[str, Loss] = {}
    for key, deals, currency, amount in rows:  # type: ignore[attr-defined]
        # One competitor in two currencies may be written in two ways.
        loss = found.setdefault(key.upper(), Loss(key, 0, []))
        loss.deals += deals
        loss.amounts.append((currency, amount))
    for loss in found.values():
        loss.amounts.sort(key=lambda one: (-one[1], one[0]))
    return sorted(found.values(), key=lambda loss: (-loss.deals, loss.key))
