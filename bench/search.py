"""Milliseconds of the search by customer (P2), for a partner, a distributor and the vendor.

    python -m bench.search --turns 20

On a database filled by `bench.generate` with DATABASE_URL pointing at it. Each search is what the list of
deals asks: the first page and the count up to its cap. With `--plan WORDS` the plans of
that search are printed as well.
"""

import argparse
import os
import statistics
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")
django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402

from bench.generate import COUNTRIES  # noqa: E402
from dealreg.deals.models import Deal  # noqa: E402
from dealreg.deals.searching import deals_matching  # noqa: E402
from partners.organisations.models import Distributor, Membership, VendorOffice  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.core.pagination import COUNT_CAP  # noqa: E402

SEARCHES = ["clinique", "stadtwerke", "groupe", "bank tel", "klin", "zzyzx", "maschinenbau gmbh"]


def ask(user: User, text: str) -> int:
    found = deals_matching(user, text)
    rows = list(found.order_by("-submitted_at", "-pk")[:26])
    found.order_by()[: COUNT_CAP + 1].count()
    return len(rows)


def measure(who: str, user: User, turns: int) -> None:
    for text in SEARCHES:
        ask(user, text)
        took = []
        for _turn in range(turns):
            started = time.perf_counter()
            ask(user, text)
            took.append((time.perf_counter() - started) * 1000)
        p95 = sorted(took)[int(len(took) * 0.95) - 1]
        print(f"{who:14} {text:20} p50 {statistics.median(took):8.1f} ms   p95 {p95:8.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--plan", default="", help="print the plan of one search for the vendor")
    options = parser.parse_args()
    print(f"{Deal.objects.count()} deals")
    largest = Distributor.objects.annotate(held=Count("deals")).order_by("-held").first()
    office, _ = VendorOffice.objects.get_or_create(
        name="Bench office", defaults={"country": "FR", "countries": sorted(COUNTRIES)}
    )
    people = {
        "partner": User.objects.filter(email="bench-partner-0@bench.example").first(),
        "heavy partner": User.objects.filter(email="bench-heavy@bench.example").first(),
        "distributor": _reader("distributor_approver", "distributor", largest),
        "vendor": _reader("channel_manager", "vendor_office", office),
    }
    for who, user in people.items():
        if user is None:
            print(f"{who}: nobody")
            continue
        measure(who, user, options.turns)
        if options.plan:
            print(
                deals_matching(user, options.plan).order_by("-submitted_at", "-pk")[:26].explain(analyze=True)
            )
    connection.close()


def _reader(role: str, link: str, organisation: Any) -> User:
    """Somebody of this organisation, made where the generator made nobody."""
    user, _ = User.objects.get_or_create(email=f"{role}@bench.example", defaults={"full_name": role})
    place = {"role": role, link: organisation}
    Membership.objects.get_or_create(user=user, **place, defaults={"is_current": True})
    return user


if __name__ == "__main__":
    main()
