from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from partners.catalogue.actions import seed_catalogue


class Command(BaseCommand):
    help = "Put the catalogue's groups, products and price regions into the database; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo-prices",
            action="store_true",
            help="give each region without a price list one with invented prices",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seeded = seed_catalogue(options["demo_prices"])
        self.stdout.write(
            f"Catalogue: {seeded.groups} product groups, {seeded.products} products, "
            f"{seeded.regions} price regions, {seeded.new_price_lists} new demo price lists"
        )
