"""Fill an empty, migrated database with a large and skewed portal, by COPY.

    python -m bench.generate --partners 2000 --deals 100000 --customers 20000 --seed 7

Names are made of words with a realistic skew (few common, many rare). One partner in a hundred holds
a third of all deals. Everybody's password is `demo-portal`; `bench-partner-0@bench.example` has the
average number of deals, `bench-heavy@bench.example` the most.
"""

import argparse
import io
import os
import random
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from dealreg.deals.models import Deal  # noqa: E402
from partners.catalogue.actions import seed_catalogue  # noqa: E402
from partners.catalogue.models import Product, ProductGroup  # noqa: E402
from partners.customers.actions import count_words  # noqa: E402
from partners.customers.keys import READING, search_keys  # noqa: E402
from partners.customers.names import name_key  # noqa: E402
from partners.organisations.models import Distributor, Membership, Partner  # noqa: E402
from partners.programme.models import Edition  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.core.references import ALPHABET, luhn  # noqa: E402

COUNTRIES = ["FR", "DE", "GB", "IT", "ES", "NL", "BE", "SE", "DK", "AT", "CH", "PT", "FI", "NO", "IE"]
FORMS = {"FR": "SARL", "DE": "GmbH", "GB": "Ltd", "IT": "Srl", "ES": "SL", "NL": "BV", "BE": "NV", "SE": "AB"}
HEADS = [
    "Clinique",
    "Hôpital",
    "Mairie",
    "Lycée",
    "Banque",
    "Atelier",
    "Groupe",
    "Transports",
    "Stadtwerke",
    "Klinikum",
    "Autohaus",
    "Spedition",
    "Kanzlei",
    "Gemeinde",
    "Maschinenbau",
    "Officina",
    "Studio",
    "Cantina",
    "Ferretería",
    "Talleres",
    "Colegio",
    "Bakkerij",
    "Drukkerij",
    "Gemeente",
    "Rederi",
    "Bygg",
    "Fastighets",
    "Council",
    "Holdings",
    "Logistics",
    "Foods",
    "Engineering",
]
STATES = [
    ("approved", 20),
    ("expired", 20),
    ("won", 18),
    ("lost", 12),
    ("rejected", 10),
    ("submitted", 8),
    ("withdrawn", 6),
    ("information_requested", 3),
    ("draft", 2),
    ("revoked", 1),
]


def copy(cursor, table: str, columns: list[str], rows) -> None:
    buffer = io.StringIO()
    for row in rows:
        buffer.write("\t".join(r"\N" if value is None else str(value) for value in row) + "\n")
    buffer.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)


def reference(number: int, prefix: str = "DR") -> str:
    body = "".join(ALPHABET[(number >> shift) & 31] for shift in (20, 15, 10, 5, 0))
    return f"{prefix}-{body}{luhn.calc_check_digit(body, alphabet=ALPHABET)}"


def defaults_of(model, columns: list[str]) -> dict[str, object]:
    """What COPY must say of the columns that are not listed and may not be empty."""
    fields = [field for field in model._meta.concrete_fields if not field.null and not field.primary_key]
    return {
        field.column: value if not isinstance(value := field.get_default(), list) else "{}"
        for field in fields
        if field.column not in columns
    }


@transaction.atomic
def fill(partners: int, deals: int, customers: int, seed: int) -> None:
    rng = random.Random(seed)
    now = datetime.now(UTC)
    syllables = [
        "mar",
        "tel",
        "vin",
        "ro",
        "bel",
        "stra",
        "gor",
        "len",
        "dy",
        "kas",
        "ber",
        "non",
        "tis",
        "al",
        "ve",
    ]
    words = ["".join(rng.choices(syllables, k=rng.choice((2, 2, 3)))).capitalize() for _ in range(12_000)]
    weights = [1 / (rank + 8) for rank in range(len(words))]

    def company(country: str) -> str:
        parts = [rng.choice(HEADS), *rng.choices(words, weights, k=rng.choice((1, 1, 2)))]
        return " ".join([*parts, FORMS.get(country, "")]).strip()

    edition = Edition.objects.published().latest("in_force_from")
    groups = list(ProductGroup.objects.all())
    products = {group.pk: Product.objects.filter(group=group).first() for group in groups}
    password = make_password("demo-portal")
    with connection.cursor() as cursor:
        distributors = Distributor.objects.bulk_create(
            Distributor(
                reference=f"D-9{n:02}", name=f"Bench {n}", legal_name=f"Bench {n}", country=c, countries=[c]
            )
            for n, c in enumerate(COUNTRIES)
        )
        by_country = {d.country: d for d in distributors}
        rows = [
            Partner(
                reference=f"P-{900_000 + n}",
                legal_name=(name := f"{company(country)} {n}")[:200],
                trade_name=name[:200],
                tier=rng.choice(["bronze", "silver", "gold", "platinum"]),
                country=country,
                authorised_countries=[country],
                authorised_on=now.date() - timedelta(days=900),
            )
            for n in range(partners)
            for country in [rng.choice(COUNTRIES)]
        ]
        Partner.objects.bulk_create(rows, batch_size=5_000)
        users = User.objects.bulk_create(
            [
                User(email=f"bench-partner-{n}@bench.example", full_name=f"Bench {n}", password=password)
                for n in range(8)
            ]
            + [User(email="bench-heavy@bench.example", full_name="Bench Heavy", password=password)]
            + [User(email=f"bench-registrant-{n}@bench.example", full_name=f"R {n}") for n in range(50)]
        )
        heavy = rows[0]
        Membership.objects.bulk_create(
            [
                Membership(user=users[n], role="partner_sales", partner=rows[n + 1], is_current=True)
                for n in range(8)
            ]
            + [Membership(user=users[8], role="partner_sales", partner=heavy, is_current=True)]
        )
        first = Membership.objects.count() and _next_id(cursor, "customers_customer")
        names = []
        start = rng.randrange(1 << 20)

        def customer_rows():
            for n in range(customers):
                country = rng.choice(COUNTRIES)
                name = company(country)
                names.append((name, country))
                yield (
                    first + n,
                    reference(start + n, "C"),
                    name,
                    country,
                    "",
                    "",
                    "",
                    f"c{n}.example",
                    name_key(name),
                    f"{{{country}}}",
                    now.isoformat(),
                )

        def observed_rows():
            for n, (name, country) in enumerate(names):
                seen = (now.isoformat(), "", now.isoformat(), "")
                keys = "{" + ",".join(f'"{key}"' for key in search_keys(name)) + "}"
                yield (first + n, "name", name, name_key(name), country, keys, READING, country, *seen)
                domain = f"c{n}.example"
                yield (first + n, "domain", domain, domain, country, "{}", 0, country, *seen)

        copy(
            cursor,
            "customers_customer",
            [
                "id",
                "reference",
                "name",
                "country",
                "city",
                "company_number",
                "number_key",
                "domain",
                "name_key",
                "markets",
                "created_at",
            ],
            customer_rows(),
        )
        copy(
            cursor,
            "customers_observation",
            [
                "customer_id",
                "kind",
                "value",
                "key",
                "country",
                "keys",
                "reading",
                "market",
                "first_seen_at",
                "first_source",
                "last_seen_at",
                "last_source",
            ],
            observed_rows(),
        )
        count_words(at=now)
        states, state_weights = zip(*STATES, strict=True)
        heavy_partners = rows[: max(1, partners // 100)]
        first_deal = _next_id(cursor, "deals_deal")
        taken: set[tuple[int, int]] = set()
        lines = []

        def deal_rows():
            for n in range(deals):
                # The first partners of ordinary size get 80 deals each, as the comparison asks.
                if n < 8 * 80:
                    partner = rows[1 + n // 80]
                else:
                    partner = rng.choice(heavy_partners) if rng.random() < 0.33 else rng.choice(rows)
                status = rng.choices(states, state_weights)[0]
                customer = rng.randrange(customers)
                group = rng.choice(groups)
                if status == "approved":
                    if (customer, group.pk) in taken:
                        status = "expired"
                    taken.add((customer, group.pk))
                submitted = now - timedelta(minutes=rng.randrange(20, 780_000))
                decided = submitted + timedelta(days=2)
                nodes = rng.choice((10, 25, 50, 100, 250, 1000))
                amount = nodes * 40
                is_decided = status in ("approved", "expired", "won", "lost", "revoked")
                lines.append((first_deal + n, 0, products[group.pk].pk, nodes, 12, 40, amount))
                name, country = names[customer]
                is_draft = status == "draft"
                yield (
                    first_deal + n,
                    reference(start + n),
                    status,
                    "distributor",
                    partner.pk,
                    by_country[partner.country].pk,
                    users[9 + n % 50].pk,
                    "f",
                    name,
                    country,
                    "",
                    f"c{customer}.example",
                    "",
                    None if is_draft else first + customer,
                    group.pk,
                    nodes,
                    (submitted + timedelta(days=90)).date(),
                    "Two meetings with the head of IT.",
                    "",
                    "",
                    "",
                    "",
                    "",
                    "EUR",
                    amount,
                    submitted.isoformat(),
                    submitted.isoformat(),
                    None if is_draft else submitted.isoformat(),
                    None if is_draft else edition.pk,
                    partner.tier,
                    None if is_draft else 5,
                    "f",
                    (now + timedelta(hours=rng.randrange(-50, 50))).isoformat()
                    if status == "submitted"
                    else None,
                    now.isoformat() if status == "submitted" else None,
                    decided.isoformat() if is_decided else None,
                    3 if is_decided else None,
                    decided.date() if is_decided else None,
                    (now + timedelta(days=rng.randrange(1, 90))).date()
                    if status == "approved"
                    else ((decided + timedelta(days=90)).date() if is_decided else None),
                    users[8].pk if is_decided else None,
                    "01:00:00" if status == "information_requested" else None,
                    "other" if status == "rejected" else "",
                    "Too little engagement." if status == "rejected" else "",
                    f"N-{n}" if status == "won" else "",
                    decided.date() if status == "won" else None,
                    amount if status == "won" else None,
                    "price" if status == "lost" else "",
                    "customer_choice" if status == "revoked" else "",
                    "By letter." if status == "revoked" else "",
                )

        columns = [
            "id",
            "reference",
            "status",
            "step",
            "partner_id",
            "distributor_id",
            "registered_by_id",
            "on_behalf",
            "customer_name",
            "customer_country",
            "customer_city",
            "web_domain",
            "company_number",
            "customer_id",
            "product_group_id",
            "nodes",
            "expected_close_on",
            "engagement",
            "contact_name",
            "contact_role",
            "contact_email",
            "contact_phone",
            "notes",
            "currency",
            "list_amount",
            "created_at",
            "changed_at",
            "submitted_at",
            "edition_id",
            "tier",
            "ceiling_pct",
            "needs_vendor",
            "decision_due_at",
            "half_time_at",
            "decided_at",
            "granted_pct",
            "protected_from",
            "protected_until",
            "decided_by_id",
            "clock_left",
            "rejection_code",
            "decision_text",
            "order_reference",
            "order_date",
            "order_amount",
            "loss_code",
            "revocation_code",
            "end_text",
        ]
        rest = defaults_of(Deal, columns)
        copy(cursor, "deals_deal", [*columns, *rest], (row + tuple(rest.values()) for row in deal_rows()))
        copy(
            cursor,
            "deals_dealline",
            ["deal_id", "position", "product_id", "nodes", "term_months", "per_node", "list_amount"],
            lines,
        )
        for table in ("customers_customer", "deals_deal"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            )


def _next_id(cursor, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608
    return cursor.fetchone()[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--partners", type=int, default=2_000)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    from django.core.management import call_command

    call_command("seed_programme")
    seed_catalogue(demo_prices=True)
    started = datetime.now(UTC)
    fill(options.partners, options.deals, options.customers, options.seed)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"{Deal.objects.count()} deals in {(datetime.now(UTC) - started).total_seconds():.1f} s")


if __name__ == "__main__":
    main()
