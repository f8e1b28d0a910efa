from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from partners.catalogue.models import Price, PriceList, PriceRegion, Product, ProductGroup

CATALOGUE = Path(__file__).resolve().parent / "data" / "products.yaml"

CENT = Decimal("0.01")


@dataclass(frozen=True)
class SeededCatalogue:
    """How much is in the catalogue's file, and how many price lists were made of its demo prices."""

    groups: int
    products: int
    regions: int
    new_price_lists: int


@transaction.atomic
def seed_catalogue(demo_prices: bool) -> SeededCatalogue:
    """Put the product groups, products and price regions of the catalogue's file into tables; what is
    there is brought up to date. With `demo_prices`, a region without any price list receives one of
    invented prices that says so (is_demo). Safe to repeat."""
    facts = yaml.safe_load(CATALOGUE.read_text("utf-8"))
    ProductGroup.objects.bulk_create(
        (
            ProductGroup(code=code, name=group["name"], line=group["line"], position=position)
            for position, (code, group) in enumerate(facts["groups"].items())
        ),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "line", "position"],
    )
    groups = ProductGroup.objects.in_bulk(facts["groups"], field_name="code")
    Product.objects.bulk_create(
        (
            Product(sku=sku, name=name, group=groups[code])
            for code, group in facts["groups"].items()
            for sku, name in group["products"].items()
        ),
        update_conflicts=True,
        unique_fields=["sku"],
        update_fields=["name", "group"],
    )
    PriceRegion.objects.bulk_create(
        (
            PriceRegion(code=code, name=region["name"], countries=region["countries"])
            for code, region in facts["regions"].items()
        ),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "countries"],
    )
    return SeededCatalogue(
        groups=len(groups),
        products=sum(len(group["products"]) for group in facts["groups"].values()),
        regions=len(facts["regions"]),
        new_price_lists=_seed_demo_prices(facts) if demo_prices else 0,
    )


def _seed_demo_prices(facts: dict[str, Any]) -> int:
    demo = facts["demo_prices"]
    regions = PriceRegion.objects.filter(code__in=facts["regions"], price_lists=None)
    lists = PriceList.objects.bulk_create(
        PriceList(
            region=region,
            currency=facts["regions"][region.code]["currency"],
            valid_from=demo["valid_from"],
            is_demo=True,
        )
        for region in regions
    )
    products = Product.objects.select_related("group").in_bulk(demo["base"], field_name="sku")
    Price.objects.bulk_create(
        [
            Price(
                price_list=price_list,
                product=products[sku],
                term_months=term,
                nodes_from=nodes,
                per_node=_demo_price(base, term_factor, band_factor, demo["regions"][price_list.region.code]),
            )
            for price_list in lists
            for sku, base in demo["base"].items()
            for term, term_factor in demo["terms"].items()
            for nodes, band_factor in demo["bands"][products[sku].group.line].items()
        ],
        batch_size=2000,
    )
    return len(lists)


def _demo_price(*factors: str) -> Decimal:
    price = Decimal(1)
    for factor in factors:
        price *= Decimal(factor)
    return price.quantize(CENT, ROUND_HALF_UP)
