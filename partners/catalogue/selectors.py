from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count

from partners.catalogue.models import Price, PriceList, PriceRegion, Product
from partners.catalogue.price_file import NewList, PriceFile, Problem, read_price_file
from portal.core.errors import RuleViolation, gettext_noop


@dataclass(frozen=True)
class Quote:
    """List price of a line: per node and in all, before any discount (rule E15: never a resale price)."""

    currency: str
    per_node: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Wanted:
    """So many nodes of a product for so many months."""

    product: Product
    nodes: int
    term_months: int


def quote(price_list: PriceList, product: Product, *, nodes: int, term_months: int) -> Quote:
    """The price of the largest band that the number of nodes reaches; RuleViolation when the list
    has no price for this product, term and quantity."""
    return quotes(price_list, [Wanted(product, nodes, term_months)])[0]


def quotes(price_list: PriceList, wanted: Sequence[Wanted]) -> list[Quote]:
    """A quote for each. One query."""
    prices = Price.objects.filter(
        price_list=price_list,
        product__in={one.product.pk for one in wanted},
        term_months__in={one.term_months for one in wanted},
    )
    bands: dict[tuple[int, int], list[Price]] = {}
    for price in prices.order_by("nodes_from"):
        bands.setdefault((price.product_id, price.term_months), []).append(price)
    return [_quote(price_list, bands.get((one.product.pk, one.term_months), []), one.nodes) for one in wanted]


def _quote(price_list: PriceList, bands: list[Price], nodes: int) -> Quote:
    reached = [price for price in bands if price.nodes_from <= nodes]
    if not reached:
        raise RuleViolation(
            "no-price",
            gettext_noop("The price list has no price for this product, term and number of nodes."),
            field="product",
            rule="B14",
        )
    per_node = reached[-1].per_node
    return Quote(price_list.currency, per_node, per_node * nodes)


def price_list_for(country: str, on: date) -> PriceList | None:
    return PriceList.objects.for_country(country, on)


# ---------------------------------------------------------------- the catalogue's page


@dataclass(frozen=True)
class PriceRow:
    """A product with its prices for one term, in the order of the bands; None where there is none."""

    product: Product
    prices: tuple[Decimal | None, ...]


def terms_of(price_list: PriceList) -> list[int]:
    """The terms in months for which the list has prices."""
    terms = price_list.prices.order_by("term_months").values_list("term_months", flat=True)
    return list(terms.distinct())


def price_rows(
    price_list: PriceList | None, products: Iterable[Product], term_months: int
) -> tuple[list[int], list[PriceRow]]:
    """The bands (number of nodes from which they hold) that these products use for a term, and their
    prices per node. One query."""
    products = list(products)
    found: dict[tuple[int, int], Decimal] = {}
    if price_list is not None:
        prices = Price.objects.filter(price_list=price_list, product__in=products, term_months=term_months)
        found = {
            (product, band): price
            for product, band, price in prices.values_list("product_id", "nodes_from", "per_node")
        }
    bands = sorted({band for _, band in found})
    return bands, [
        PriceRow(product, tuple(found.get((product.pk, band)) for band in bands)) for product in products
    ]


# ---------------------------------------------------------------- price files


def read_prices(content: bytes) -> PriceFile:
    """A price file checked against itself, the catalogue and the price lists that are there."""
    file = read_price_file(
        content,
        regions=set(PriceRegion.objects.values_list("code", flat=True)),
        skus=set(Product.objects.values_list("sku", flat=True)),
    )
    clashes = _clashes(file.lists)
    if not clashes:
        return file
    return replace(file, problems=file.problems + tuple(clashes))


def _clashes(lists: Iterable[NewList]) -> list[Problem]:
    """A new list may end the one that is valid on its first day, never one that begins later."""
    lists = list(lists)
    later = PriceList.objects.filter(region__code__in={one.key.region for one in lists})
    starts: dict[str, list[date]] = {}
    for region, valid_from in later.order_by("valid_from").values_list("region__code", "valid_from"):
        starts.setdefault(region, []).append(valid_from)
    problems = []
    for one in lists:
        for start in starts.get(one.key.region, []):
            if one.key.valid_from <= start and (one.valid_until is None or start <= one.valid_until):
                problems.append(
                    Problem(
                        one.line,
                        gettext_noop("A price list of this region is already there from %(day)s on."),
                        "valid_from",
                        one.key.valid_from.isoformat(),
                        {"day": start.isoformat()},
                    )
                )
                break
    return problems


@dataclass(frozen=True)
class ListPreview:
    """What a list of the file would do: `closes` is the list that it ends, with the day."""

    new: NewList
    region: PriceRegion
    prices: int
    products: int
    closes: PriceList | None
    closes_on: date
    dearer: int
    cheaper: int
    unchanged: int
    added: int
    dropped: int


def preview_of(file: PriceFile) -> list[ListPreview]:
    """Each list of a sound file against the one that it would end. Two queries a list."""
    regions = PriceRegion.objects.in_bulk({one.key.region for one in file.lists}, field_name="code")
    previews = []
    for one in file.lists:
        region = regions[one.key.region]
        current = region.price_lists.valid_on(one.key.valid_from).first()
        before: dict[tuple[str, int, int], Decimal] = {}
        if current is not None:
            old = current.prices.values_list("product__sku", "term_months", "nodes_from", "per_node")
            before = {(sku, term, nodes): price for sku, term, nodes, price in old}
        after = {(price.sku, price.term_months, price.nodes_from): price.per_node for price in one.prices}
        both = [(before[key], after[key]) for key in after.keys() & before.keys()]
        # Amounts in two currencies say nothing about each other.
        same_currency = current is not None and current.currency == one.currency
        previews.append(
            ListPreview(
                new=one,
                region=region,
                prices=len(after),
                products=len({sku for sku, _, _ in after}),
                closes=current,
                closes_on=one.key.valid_from - timedelta(days=1),
                dearer=sum(new > old for old, new in both) if same_currency else 0,
                cheaper=sum(new < old for old, new in both) if same_currency else 0,
                unchanged=sum(new == old for old, new in both) if same_currency else 0,
                added=len(after.keys() - before.keys()),
                dropped=len(before.keys() - after.keys()),
            )
        )
    return previews


def price_lists_with_counts() -> list[PriceList]:
    """All price lists with the number of their prices. One query."""
    lists = PriceList.objects.select_related("region").annotate(price_count=Count("prices"))
    return list(lists.order_by("region__name", "-valid_from"))
