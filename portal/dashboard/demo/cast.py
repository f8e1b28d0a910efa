"""The offices, distributors, companies and people that the demonstration speaks of by name."""

from dataclasses import dataclass

from partners.organisations.models import Tier
from portal.accounts.roles import Role

PASSWORD = "demo-portal"  # noqa: S105 — the demo's, shown on its sign-in page


@dataclass(frozen=True)
class Person:
    """`key` is how stories call the person; nothing else depends on it."""

    key: str
    full_name: str
    email: str
    role: str
    language: str = ""


@dataclass(frozen=True)
class OfficeFacts:
    name: str
    country: str
    countries: tuple[str, ...]
    people: tuple[Person, ...]


@dataclass(frozen=True)
class DistributorFacts:
    key: str
    reference: str
    name: str
    legal_name: str
    country: str
    city: str
    countries: tuple[str, ...]
    domain: str
    people: tuple[Person, ...]


@dataclass(frozen=True)
class CompanyFacts:
    """A partner. `buys_from`: keys of distributors, the primary first."""

    key: str
    name: str
    legal_form: str
    country: str
    city: str
    tier: str
    domain: str
    buys_from: tuple[str, ...]
    people: tuple[Person, ...]
    since: int
    kind: str = "reseller"
    vat: str = ""
    also_in: tuple[str, ...] = ()
    specialisations: tuple[str, ...] = ()
    manager: str = ""
    status: str = "authorised"


TERRITORY = (
    *("GB", "IE", "BE", "NL", "LU", "DK", "SE", "NO", "FI", "IS", "FR"),
    *("DZ", "MA", "TN", "DE", "AT", "CH", "IT", "MT", "ES", "PT", "IL"),
)

OFFICES = (
    OfficeFacts(
        "Headquarters",
        "GB",
        TERRITORY,
        (
            Person("nora", "Nora Lindqvist", "nora@vendor.example", Role.PROGRAMME_ADMIN, "en"),
            Person("august", "August Berg", "august@vendor.example", Role.AUDITOR, "en"),
        ),
    ),
    OfficeFacts(
        "France, Maghreb & Benelux",
        "FR",
        ("FR", "DZ", "MA", "TN", "BE", "NL", "LU"),
        (Person("karim", "Karim Benali", "karim@vendor.example", Role.CHANNEL_MANAGER, "fr"),),
    ),
    OfficeFacts(
        "DACH & Nordics",
        "DE",
        ("DE", "AT", "CH", "DK", "SE", "NO", "FI", "IS"),
        (Person("ingrid", "Ingrid Solberg", "ingrid@vendor.example", Role.CHANNEL_MANAGER, "en"),),
    ),
    OfficeFacts(
        "UK, Ireland, South & Israel",
        "GB",
        ("GB", "IE", "ES", "PT", "IT", "MT", "IL"),
        (Person("marta", "Marta Oliveira", "marta@vendor.example", Role.CHANNEL_MANAGER, "en"),),
    ),
)

DISTRIBUTORS = (
    DistributorFacts(
        "nord",
        "D-001",
        "Distri Nord",
        "Distri Nord SAS",
        "FR",
        "Lille",
        ("FR", "BE", "LU"),
        "distri-nord.example",
        (
            Person("denise", "Denise Carlier", "denise@distri-nord.example", Role.DISTRIBUTOR_ADMIN, "fr"),
            Person(
                "mathieu", "Mathieu Delvaux", "mathieu@distri-nord.example", Role.DISTRIBUTOR_APPROVER, "fr"
            ),
            Person("olga", "Olga Petit", "olga@distri-nord.example", Role.DISTRIBUTOR_READONLY, "fr"),
        ),
    ),
    DistributorFacts(
        "sued",
        "D-002",
        "Distri Süd",
        "Distri Süd GmbH",
        "DE",
        "München",
        ("DE", "AT", "CH"),
        "distri-sued.example",
        (
            Person("dieter", "Dieter Krause", "dieter@distri-sued.example", Role.DISTRIBUTOR_APPROVER, "en"),
            Person("petra", "Petra Hofer", "petra@distri-sued.example", Role.DISTRIBUTOR_ADMIN, "en"),
        ),
    ),
    DistributorFacts(
        "norden",
        "D-003",
        "Distri Norden",
        "Distri Norden AB",
        "SE",
        "Stockholm",
        ("SE", "NO", "DK", "FI", "IS"),
        "distri-norden.example",
        (
            Person("sven", "Sven Hallberg", "sven@distri-norden.example", Role.DISTRIBUTOR_ADMIN, "en"),
            Person("maja", "Maja Rønning", "maja@distri-norden.example", Role.DISTRIBUTOR_APPROVER, "en"),
        ),
    ),
    DistributorFacts(
        "oceanic",
        "D-004",
        "Distri Oceanic",
        "Distri Oceanic Ltd",
        "GB",
        "Bristol",
        ("GB", "IE", "NL", "ES", "PT", "IT", "MT", "IL", "DZ", "MA", "TN"),
        "distri-oceanic.example",
        (
            Person("fiona", "Fiona Ashworth", "fiona@distri-oceanic.example", Role.DISTRIBUTOR_ADMIN, "en"),
            Person("pablo", "Pablo Reyes", "pablo@distri-oceanic.example", Role.DISTRIBUTOR_APPROVER, "en"),
        ),
    ),
)

CAST_PARTNERS = (
    CompanyFacts(
        "alpha",
        "Alpha Sécurité",
        "SAS",
        "FR",
        "Paris",
        Tier.GOLD,
        "alpha-securite.example",
        ("nord",),
        (
            Person("alice", "Alice Moreau", "alice@alpha-securite.example", Role.PARTNER_ADMIN, "fr"),
            Person("amir", "Amir Haddad", "amir@alpha-securite.example", Role.PARTNER_SALES, "fr"),
            Person("chloe", "Chloé Lambert", "chloe@alpha-securite.example", Role.PARTNER_SALES, "fr"),
            Person("tina", "Tina Faure", "tina@alpha-securite.example", Role.PARTNER_TECHNICAL, "fr"),
            Person("adam", "Adam Leroy", "adam@alpha-securite.example", Role.PARTNER_READONLY, "fr"),
        ),
        2016,
        vat="FR19812345676",
        also_in=("BE", "LU"),
        manager="karim",
    ),
    CompanyFacts(
        "bravo",
        "Bravo IT",
        "SARL",
        "FR",
        "Lyon",
        Tier.SILVER,
        "bravo-it.example",
        ("nord",),
        (
            Person("bruno", "Bruno Girard", "bruno@bravo-it.example", Role.PARTNER_ADMIN, "fr"),
            Person("lea", "Léa Chevallier", "lea@bravo-it.example", Role.PARTNER_SALES, "fr"),
        ),
        2019,
        vat="FR31523456788",
    ),
    CompanyFacts(
        "charlie",
        "Charlie Systems",
        "SRL",
        "BE",
        "Gent",
        Tier.BRONZE,
        "charlie-systems.example",
        ("nord",),
        (
            Person("carla", "Carla Peeters", "carla@charlie-systems.example", Role.PARTNER_ADMIN, "en"),
            Person("joris", "Joris Maes", "joris@charlie-systems.example", Role.PARTNER_SALES, "en"),
        ),
        2021,
        vat="BE0876543270",
    ),
    CompanyFacts(
        "delta",
        "Delta Reseller",
        "SARL",
        "FR",
        "Nice",
        Tier.REGISTERED,
        "delta-reseller.example",
        ("nord",),
        (Person("dora", "Dora Blanc", "dora@delta-reseller.example", Role.PARTNER_ADMIN, "fr"),),
        2025,
        vat="FR54793456716",
    ),
    CompanyFacts(
        "platin",
        "Platin",
        "GmbH",
        "DE",
        "Köln",
        Tier.PLATINUM,
        "platin-gmbh.example",
        ("sued",),
        (
            Person("paul", "Paul Weber", "paul@platin-gmbh.example", Role.PARTNER_ADMIN, "en"),
            Person("katrin", "Katrin Vogel", "katrin@platin-gmbh.example", Role.PARTNER_SALES, "en"),
        ),
        2014,
        vat="DE298765435",
        also_in=("AT", "BE", "LU"),
        specialisations=("anti-targeted-attack", "industrial-cybersecurity"),
        manager="ingrid",
    ),
)

# A consultant who works for two partners, with a membership in each: (partner, role), the current one first.
CONSULTANT = Person("samira", "Samira Ouali", "samira@conseil-zenith.example", "", "fr")
CONSULTANT_WORKS_FOR = (("alpha", Role.PARTNER_TECHNICAL), ("charlie", Role.PARTNER_READONLY))
