"""The cast: the people, companies and price lists that the tests speak of by name."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.test import Client

from partners.catalogue.models import Price, PriceList, PriceRegion, Product, ProductGroup
from partners.organisations.models import Distributor, Membership, Partner, Supply, Tier, VendorOffice
from partners.programme import actions as programme_actions
from partners.programme.models import Edition
from partners.specialisations.models import Specialisation
from portal.accounts.actions import note_proven_addresses
from portal.accounts.models import User
from portal.accounts.roles import Role

PASSWORD = "demo-portal"
EDITION_FILE = Path(programme_actions.__file__).parent / "data" / "2017.yaml"
SINCE = date(2024, 1, 15)

PRODUCT_GROUPS = [
    ("small-office-security", "Small Office Security", "standard"),
    ("endpoint-security", "Endpoint Security", "standard"),
    ("targeted-security", "Targeted Security", "standard"),
    ("total-security", "Total Security", "standard"),
    ("xsp", "xSP", "standard"),
    ("anti-targeted-attack", "Anti Targeted Attack Platform", "enterprise"),
    ("industrial-cybersecurity", "Industrial CyberSecurity", "enterprise"),
    ("private-security-network", "Private Security Network", "enterprise"),
]
# Article number, name, product group, price per node for 12 months.
PRODUCTS = [
    ("SOS-01", "Small Office Security", "small-office-security", "28.00"),
    ("EPS-SEL", "Endpoint Security Select", "endpoint-security", "40.00"),
    ("EPS-ADV", "Endpoint Security Advanced", "endpoint-security", "60.00"),
    ("TRG-MAIL", "Security for Mail Server", "targeted-security", "22.00"),
    ("TOT-01", "Total Security for Business", "total-security", "80.00"),
    ("XSP-01", "Security for xSP", "xsp", "3.00"),
    ("ATA-01", "Anti Targeted Attack Platform", "anti-targeted-attack", "120.00"),
    ("ICS-NODE", "Industrial CyberSecurity for Nodes", "industrial-cybersecurity", "150.00"),
    ("PSN-01", "Private Security Network", "private-security-network", "35.00"),
]
# Factor on the price of 12 months, and on the price of a single node.
TERMS = [(12, Decimal("1")), (24, Decimal("1.6")), (36, Decimal("2.1"))]
BANDS = [(1, Decimal("1")), (50, Decimal("0.9")), (250, Decimal("0.8"))]
REGIONS = [
    (
        "euro",
        "Euro countries",
        "EUR",
        Decimal("1"),
        ["FR", "BE", "NL", "LU", "DE", "AT", "IT", "MT", "ES", "PT", "IE", "FI", "DZ", "MA", "TN"],
    ),
    ("gb", "United Kingdom", "GBP", Decimal("0.85"), ["GB"]),
    ("ch", "Switzerland", "CHF", Decimal("1.1"), ["CH"]),
]


@lru_cache
def edition_facts() -> dict[str, Any]:
    return yaml.safe_load(EDITION_FILE.read_text("utf-8"))


@lru_cache
def _hashed_password() -> str:
    return make_password(PASSWORD)


def _person(full_name: str, email: str, **extra: Any) -> User:
    return User(email=email, full_name=full_name, password=_hashed_password(), **extra)


def _people() -> dict[str, User]:
    return {
        "nora": _person("Nora Lindqvist", "nora@vendor.example"),
        "karim": _person("Karim Benali", "karim@vendor.example", language="fr"),
        "ingrid": _person("Ingrid Solberg", "ingrid@vendor.example"),
        "august": _person("August Berg", "august@vendor.example"),
        "denise": _person("Denise Carlier", "denise@distri-nord.example", language="fr"),
        "olga": _person("Olga Petit", "olga@distri-nord.example"),
        "dieter": _person("Dieter Krause", "dieter@distri-sued.example"),
        "eve": _person("Eve Marchand", "eve@distri-ouest.example"),
        "alice": _person("Alice Moreau", "alice@alpha-securite.example", language="fr"),
        "amir": _person("Amir Haddad", "amir@alpha-securite.example"),
        "adam": _person("Adam Leroy", "adam@alpha-securite.example"),
        "tina": _person("Tina Faure", "tina@alpha-securite.example"),
        "dan": _person("Dan Roux", "dan@alpha-securite.example", is_active=False),
        "bruno": _person("Bruno Girard", "bruno@bravo-it.example"),
        "carla": _person("Carla Peeters", "carla@charlie-systems.example"),
        "dora": _person("Dora Blanc", "dora@delta-reseller.example"),
        "paul": _person("Paul Weber", "paul@platin-gmbh.example"),
        "stranger": _person("Sam Stranger", "stranger@nowhere.example"),
    }


@dataclass
class Cast:
    """Alice (account administrator), Amir (sales), Tina (technical), Adam (read-only) and Dan (switched
    off) work for Alpha; Bruno, Carla, Dora and Paul run Bravo, Charlie, Delta and Platin. Denise and
    Olga (read-only) are of Distri Nord, Dieter of Distri Süd, Eve of Distri Ouest. Nora runs the
    programme, August audits it, Karim and Ingrid manage the channel in their regions. Stranger belongs
    to nobody. Bravo buys from Distri Nord and from Distri Ouest, all others from one distributor."""

    edition: Edition
    offices: dict[str, VendorOffice]
    groups: dict[str, ProductGroup]
    products: dict[str, Product]
    price_lists: dict[str, PriceList]
    people: dict[str, User] = field(repr=False)
    nora: User
    karim: User
    ingrid: User
    august: User
    denise: User
    olga: User
    dieter: User
    eve: User
    alice: User
    amir: User
    adam: User
    tina: User
    dan: User
    bruno: User
    carla: User
    dora: User
    paul: User
    stranger: User
    headquarters: VendorOffice
    france_office: VendorOffice
    dach_office: VendorOffice
    distri_nord: Distributor
    distri_sued: Distributor
    third: Distributor
    alpha: Partner
    bravo: Partner
    charlie: Partner
    delta: Partner
    platin: Partner

    def again(self, person: User) -> User:
        """The person as a new request would read them."""
        return User.objects.get(pk=person.pk)


def make_cast() -> Cast:
    edition, _ = programme_actions.seed_edition(edition_facts())
    people = _people()
    User.objects.bulk_create(people.values())
    note_proven_addresses(list(people.values()))

    headquarters = VendorOffice(name="Head office", country="GB", countries=edition_facts()["territory"])
    france_office = VendorOffice(
        name="France, Maghreb & Benelux",
        country="FR",
        countries=["FR", "DZ", "MA", "TN", "BE", "NL", "LU"],
    )
    dach_office = VendorOffice(
        name="DACH & Nordics", country="DE", countries=["DE", "AT", "CH", "DK", "SE", "NO", "FI", "IS"]
    )
    offices = [headquarters, france_office, dach_office]
    VendorOffice.objects.bulk_create(offices)

    distri_nord = Distributor(
        reference="D-001",
        name="Distri Nord",
        legal_name="Distri Nord SAS",
        country="FR",
        city="Lille",
        countries=["FR", "BE", "LU"],
        web_domain="distri-nord.example",
    )
    distri_sued = Distributor(
        reference="D-002",
        name="Distri Süd",
        legal_name="Distri Süd GmbH",
        country="DE",
        city="München",
        countries=["DE", "AT", "CH"],
        web_domain="distri-sued.example",
    )
    third = Distributor(
        reference="D-003",
        name="Distri Ouest",
        legal_name="Distri Ouest SARL",
        country="FR",
        city="Nantes",
        countries=["FR"],
        web_domain="distri-ouest.example",
    )
    Distributor.objects.bulk_create([distri_nord, distri_sued, third])

    alpha = _partner(
        "P-000001",
        "Alpha Sécurité",
        "SAS",
        "FR",
        "Paris",
        Tier.GOLD,
        "FR19812345676",
        "alpha-securite",
        people["karim"],
    )
    bravo = _partner(
        "P-000002",
        "Bravo IT",
        "SARL",
        "FR",
        "Lyon",
        Tier.SILVER,
        "FR31523456788",
        "bravo-it",
        people["karim"],
    )
    charlie = _partner(
        "P-000003",
        "Charlie Systems",
        "SRL",
        "BE",
        "Gent",
        Tier.BRONZE,
        "BE0876543270",
        "charlie-systems",
        None,
    )
    delta = _partner(
        "P-000004",
        "Delta Reseller",
        "SARL",
        "FR",
        "Nice",
        Tier.REGISTERED,
        "FR54793456716",
        "delta-reseller",
        None,
    )
    platin = _partner(
        "P-000005",
        "Platin",
        "GmbH",
        "DE",
        "Köln",
        Tier.PLATINUM,
        "DE298765435",
        "platin-gmbh",
        people["ingrid"],
    )
    Partner.objects.bulk_create([alpha, bravo, charlie, delta, platin])
    Supply.objects.bulk_create(
        Supply(partner=partner, distributor=distributor, is_primary=is_primary, started_on=SINCE)
        for partner, distributor, is_primary in [
            (alpha, distri_nord, True),
            (bravo, distri_nord, True),
            (bravo, third, False),
            (charlie, distri_nord, True),
            (delta, distri_nord, True),
            (platin, distri_sued, True),
        ]
    )
    Membership.objects.bulk_create(
        [
            *(
                Membership(user=people[name], role=role, vendor_office=office, is_current=True)
                for name, role, office in [
                    ("nora", Role.PROGRAMME_ADMIN, headquarters),
                    ("august", Role.AUDITOR, headquarters),
                    ("karim", Role.CHANNEL_MANAGER, france_office),
                    ("ingrid", Role.CHANNEL_MANAGER, dach_office),
                ]
            ),
            *(
                Membership(user=people[name], role=role, distributor=distributor, is_current=True)
                for name, role, distributor in [
                    ("denise", Role.DISTRIBUTOR_ADMIN, distri_nord),
                    ("olga", Role.DISTRIBUTOR_READONLY, distri_nord),
                    ("dieter", Role.DISTRIBUTOR_APPROVER, distri_sued),
                    ("eve", Role.DISTRIBUTOR_ADMIN, third),
                ]
            ),
            *(
                Membership(user=people[name], role=role, partner=partner, is_current=True)
                for name, role, partner in [
                    ("alice", Role.PARTNER_ADMIN, alpha),
                    ("amir", Role.PARTNER_SALES, alpha),
                    ("adam", Role.PARTNER_READONLY, alpha),
                    ("tina", Role.PARTNER_TECHNICAL, alpha),
                    ("dan", Role.PARTNER_SALES, alpha),
                    ("bruno", Role.PARTNER_ADMIN, bravo),
                    ("carla", Role.PARTNER_ADMIN, charlie),
                    ("dora", Role.PARTNER_ADMIN, delta),
                    ("paul", Role.PARTNER_ADMIN, platin),
                ]
            ),
        ]
    )

    groups, products, price_lists = _catalogue()
    Specialisation.objects.create(
        partner=platin,
        product_group=groups["anti-targeted-attack"],
        awarded_on=SINCE,
        valid_until=date(2099, 12, 31),
    )
    return Cast(
        edition=edition,
        offices={office.name: office for office in offices},
        groups=groups,
        products=products,
        price_lists=price_lists,
        people=people,
        headquarters=headquarters,
        france_office=france_office,
        dach_office=dach_office,
        distri_nord=distri_nord,
        distri_sued=distri_sued,
        third=third,
        alpha=alpha,
        bravo=bravo,
        charlie=charlie,
        delta=delta,
        platin=platin,
        **people,
    )


def _partner(
    reference: str,
    name: str,
    form: str,
    country: str,
    city: str,
    tier: str,
    vat: str,
    domain: str,
    manager: User | None,
) -> Partner:
    return Partner(
        reference=reference,
        legal_name=f"{name} {form}",
        trade_name=name,
        tier=tier,
        country=country,
        city=city,
        vat_number=vat,
        web_domain=f"{domain}.example",
        authorised_countries=[country],
        authorised_on=SINCE,
        channel_manager=manager,
    )


def _catalogue() -> tuple[dict[str, ProductGroup], dict[str, Product], dict[str, PriceList]]:
    groups = {
        code: ProductGroup(code=code, name=name, line=line, position=position)
        for position, (code, name, line) in enumerate(PRODUCT_GROUPS)
    }
    ProductGroup.objects.bulk_create(groups.values())
    products = {sku: Product(sku=sku, name=name, group=groups[code]) for sku, name, code, _ in PRODUCTS}
    Product.objects.bulk_create(products.values())
    regions = [
        PriceRegion(code=code, name=name, countries=countries) for code, name, *_, countries in REGIONS
    ]
    PriceRegion.objects.bulk_create(regions)
    price_lists = {
        region.code: PriceList(
            region=region, currency=currency, valid_from=date(2017, 1, 1), valid_until=None, is_demo=True
        )
        for region, (_, _, currency, _, _) in zip(regions, REGIONS, strict=True)
    }
    PriceList.objects.bulk_create(price_lists.values())
    Price.objects.bulk_create(
        Price(
            price_list=price_lists[code],
            product=products[sku],
            term_months=term,
            nodes_from=nodes_from,
            per_node=(Decimal(base) * level * by_term * by_band).quantize(Decimal("0.01")),
        )
        for code, _, _, level, _ in REGIONS
        for sku, _, _, base in PRODUCTS
        for term, by_term in TERMS
        for nodes_from, by_band in BANDS
    )
    return groups, products, price_lists


KEEPS_ITS_CAST = pytest.StashKey[bool]()


def note_kept_casts(items: list[pytest.Item]) -> None:
    """Marks the files in which every test of the database asks for the cast, within one transaction each:
    they share one."""
    files: dict[pytest.Module, list[pytest.Item]] = {}
    for item in items:
        if (file := item.getparent(pytest.Module)) is not None:
            files.setdefault(file, []).append(item)
    for file, tests in files.items():
        asked = any("cast" in getattr(test, "fixturenames", ()) for test in tests)
        file.stash[KEEPS_ITS_CAST] = asked and all(_shares(test) for test in tests)


def _shares(test: pytest.Item) -> bool:
    names, marker = set(getattr(test, "fixturenames", ())), test.get_closest_marker("django_db")
    if (marker and marker.kwargs) or names & {"transactional_db", "live_server", "world"}:
        return False
    return "cast" in names or not (marker or "db" in names)


@pytest.fixture(scope="module", autouse=True)
def kept_cast(request: pytest.FixtureRequest) -> Iterator[Cast | None]:
    """The cast of a whole file, in a transaction that is undone behind it."""
    if not request.node.stash.get(KEEPS_ITS_CAST, False):
        yield None
        return
    request.getfixturevalue("django_db_setup")
    with request.getfixturevalue("django_db_blocker").unblock(), transaction.atomic():
        yield make_cast()
        transaction.set_rollback(True)


@pytest.fixture
def cast(db: None, kept_cast: Cast | None) -> Cast:
    """A test may change what it gets: what it writes is undone, and its objects are its own."""
    return make_cast() if kept_cast is None else deepcopy(kept_cast)


@pytest.fixture
def sign_in(db: None):
    """`sign_in(cast.alice)` is a browser of its own in which Alice is signed in."""

    def browser(person: User | None = None) -> Client:
        client = Client()
        if person is not None:
            client.force_login(User.objects.get(pk=person.pk))
        return client

    return browser
