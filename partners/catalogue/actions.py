from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from partners.catalogue.models import (
    Price,
    PriceImport,
    PriceList,
    PriceRegion,
    Product,
    ProductGroup,
)
from partners.catalogue.price_file import PriceFile
from partners.catalogue.selectors import read_prices
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import RuleViolation, WrongState, gettext_noop

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
            Product(sku=sku, name=name, group=groups[code], is_add_on=sku in facts["add_ons"])
            for code, group in facts["groups"].items()
            for sku, name in group["products"].items()
        ),
        update_conflicts=True,
        unique_fields=["sku"],
        update_fields=["name", "group", "is_add_on"],
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


# ---------------------------------------------------------------- price files


@transaction.atomic
def keep_price_file(*, by: User, file_name: str, content: bytes) -> PriceImport:
    """Keep an uploaded price file for its preview; nothing is applied yet."""
    require(by, "catalogue.manage")
    kept = PriceImport.objects.create(file_name=file_name[:200], content=content, uploaded_by=by)
    record("prices.uploaded", kept, by=by, audience=Audience.VENDOR, file=kept.file_name)
    return kept


@transaction.atomic
def apply_price_import(import_id: int, *, by: User, at: datetime) -> list[PriceList]:
    """Apply an uploaded price file. All or nothing: RuleViolation while a single line is bad; WrongState
    when it has been applied before."""
    kept = PriceImport.objects.select_for_update(of=("self",)).get(pk=import_id)
    require(by, "catalogue.manage", kept)
    if kept.applied_at is not None:
        raise WrongState("prices-applied", gettext_noop("These prices have already been applied."))
    lists = import_prices(bytes(kept.content), by=by)
    kept.applied_at = at
    kept.save(update_fields=["applied_at"])
    record("prices.applied", kept, by=by, at=at, audience=Audience.VENDOR, lists=[str(one) for one in lists])
    return lists


@transaction.atomic
def discard_price_import(import_id: int, *, by: User) -> None:
    """Throw an uploaded price file away. WrongState when it has been applied."""
    kept = PriceImport.objects.select_for_update(of=("self",)).get(pk=import_id)
    require(by, "catalogue.manage", kept)
    if kept.applied_at is not None:
        raise WrongState("prices-applied", gettext_noop("These prices have already been applied."))
    record("prices.discarded", kept, by=by, audience=Audience.VENDOR, file=kept.file_name)
    kept.delete()


@transaction.atomic
def import_prices(content: bytes, *, by: User | None) -> list[PriceList]:
    """Put the price lists of a CSV file into tables, all or nothing. The list of a region that is valid
    on a new one's first day ends the day before. `by=None` is the command line."""
    if by is not None:
        require(by, "catalogue.manage")
    # One import at a time: the check against the lists that are there must still hold when writing.
    regions = {region.code: region for region in PriceRegion.objects.select_for_update().order_by("pk")}
    file = read_prices(content)
    if file.problems:
        raise RuleViolation(
            "prices-bad-lines",
            gettext_noop("The file has problems: nothing was imported. Correct it and upload it again."),
            field="file",
        )
    for one in file.lists:
        current = regions[one.key.region].price_lists.valid_on(one.key.valid_from)
        current.update(valid_until=one.key.valid_from - timedelta(days=1))
    lists = PriceList.objects.bulk_create(
        PriceList(
            region=regions[one.key.region],
            currency=one.currency,
            valid_from=one.key.valid_from,
            valid_until=one.valid_until,
        )
        for one in file.lists
    )
    _store_prices(file, lists)
    for price_list in lists:
        record(
            "price_list.imported",
            price_list,
            by=by,
            region=price_list.region.code,
            currency=price_list.currency,
            valid_from=price_list.valid_from,
        )
    return lists


def _store_prices(file: PriceFile, lists: list[PriceList]) -> None:
    wanted = {price.sku for one in file.lists for price in one.prices}
    products = Product.objects.in_bulk(wanted, field_name="sku")
    Price.objects.bulk_create(
        (
            Price(
                price_list=price_list,
                product=products[price.sku],
                term_months=price.term_months,
                nodes_from=price.nodes_from,
                per_node=price.per_node,
            )
            for price_list, one in zip(lists, file.lists, strict=True)
            for price in one.prices
        ),
        batch_size=5_000,
    )
