from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from partners.catalogue.models import Price, PriceList, Product
from portal.core.errors import RuleViolation, gettext_noop


@dataclass(frozen=True)
class Quote:
    """List price of a line: per node and in all, before any discount (rule E15: never a resale price)."""

    currency: str
    per_node: Decimal
    amount: Decimal


def quote(price_list: PriceList, product: Product, *, nodes: int, term_months: int) -> Quote:
    """The price of the largest band that the number of nodes reaches; RuleViolation when the list
    has no price for this product, term and quantity."""
    price = (
        Price.objects.filter(
            price_list=price_list, product=product, term_months=term_months, nodes_from__lte=nodes
        )
        .order_by("-nodes_from")
        .first()
    )
    if price is None:
        raise RuleViolation(
            "no-price",
            gettext_noop("The price list has no price for this product, term and number of nodes."),
            field="product",
            rule="B14",
        )
    return Quote(price_list.currency, price.per_node, price.per_node * nodes)


def price_list_for(country: str, on: date) -> PriceList | None:
    return PriceList.objects.for_country(country, on)
