"""A small world in motion: the cast with every role twice, and deals, files, comments, conflicts,
invitations, a draft edition and a price file of several companies. Built once for many tests."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.models import Conflict, Deal
from partners.catalogue.actions import keep_price_file
from partners.catalogue.models import PriceImport
from partners.certification.actions.departures import correct_departure_date
from partners.certification.actions.exams import start_attempt
from partners.certification.actions.imports import keep_file
from partners.certification.models import (
    Attempt,
    Booking,
    Certificate,
    DateCorrection,
    Departure,
    DepartureGap,
    Employment,
    ImportedFile,
    Transfer,
)
from partners.customers.actions import Source, add_customer
from partners.customers.identity import read_identity
from partners.customers.models import Customer, CustomerChange
from partners.organisations.actions.people import invite_person, send_invitation
from partners.organisations.models import Invitation, Membership
from partners.programme.actions import import_edition
from partners.programme.edition_file import read_edition
from partners.programme.models import Edition
from partners.specialisations.models import Specialisation
from partners.tiering.models import TierReview
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.celery import app as celery
from portal.core.beat import put_schedule
from portal.documents.models import Document
from portal.notifications.models import Notification
from tests.cast import EDITION_FILE, Cast, _person, make_cast
from tests.dealreg.deals import stages
from tests.partners.certification import papers, school
from tests.partners.certification.people import certify, hire, leave
from tests.partners.certification.team import employ

ALPHA = {"alice", "amir", "tina", "adam"}
BRAVO = {"bruno", "ben", "bob", "bea"}
CHARLIE, DELTA, PLATIN = {"carla"}, {"dora"}, {"paul"}
NORD = {"denise", "didier", "olga"}
OUEST = {"eve", "emil", "elsa"}
SUED = {"dieter"}
HEADQUARTERS = {"nora", "august"}
SOUTH_OFFICE = {"karim"}
DACH_OFFICE = {"ingrid", "anna", "nils"}

PARTNER_PEOPLE = ALPHA | BRAVO | CHARLIE | DELTA | PLATIN
DISTRIBUTOR_PEOPLE = NORD | OUEST | SUED
VENDOR_PEOPLE = HEADQUARTERS | SOUTH_OFFICE | DACH_OFFICE
MEMBERS = PARTNER_PEOPLE | DISTRIBUTOR_PEOPLE | VENDOR_PEOPLE
# Dan's account is switched off, the stranger belongs to nobody, and nobody is signed in.
OUTSIDERS = {"anonymous", "dan", "stranger"}
EVERYBODY = sorted(MEMBERS | OUTSIDERS)

SOUTH = SOUTH_OFFICE | HEADQUARTERS
NORTH = DACH_OFFICE | HEADQUARTERS

MORE_PEOPLE: list[tuple[str, str, str, str]] = [
    ("ben", "Ben Colin", Role.PARTNER_SALES, "bravo"),
    ("bob", "Bob Dumas", Role.PARTNER_TECHNICAL, "bravo"),
    ("bea", "Béa Ferry", Role.PARTNER_READONLY, "bravo"),
    ("didier", "Didier Huet", Role.DISTRIBUTOR_APPROVER, "distri_nord"),
    ("emil", "Émile Joly", Role.DISTRIBUTOR_APPROVER, "third"),
    ("elsa", "Elsa Klein", Role.DISTRIBUTOR_READONLY, "third"),
    ("anna", "Anna Lund", Role.AUDITOR, "dach_office"),
    ("nils", "Nils Maier", Role.PROGRAMME_ADMIN, "dach_office"),
]


@dataclass
class World:
    """`deals["alpha"]`, `documents["bravo_third"]`, … by name; who sees what stands in the tables
    below, in words and not as the code under test says it."""

    cast: Cast
    at: datetime
    people: dict[str, User] = field(repr=False)
    deals: dict[str, Deal] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    customer_change: CustomerChange | None = None
    memberships: dict[str, Membership] = field(default_factory=dict)
    invitations: dict[str, Invitation] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    # By partner, certificates of an earlier employer: the person asked at Alpha, to be decided elsewhere.
    transfers: dict[str, Transfer] = field(default_factory=dict)
    # By partner: Alpha's Tina (certified, with an account), Bravo's and Platin's Eva.
    employments: dict[str, Employment] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    # By partner: the case of somebody certified who left ten days ago, with one open track, a later date that
    # waits for consent, and a proposal to lower the tier.
    departures: dict[str, Departure] = field(default_factory=dict)
    gaps: dict[str, DepartureGap] = field(default_factory=dict)
    corrections: dict[str, DateCorrection] = field(default_factory=dict)
    reviews: dict[str, TierReview] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    imported_file: ImportedFile | None = None
    price_import: PriceImport | None = None
    draft_edition: Edition | None = None
    _browsers: dict[str, Client] = field(default_factory=dict)

    def browser(self, who: str) -> Client:
        """One browser for each person, signed in once."""
        if who not in self._browsers:
            client = Client(raise_request_exception=False)
            if who != "anonymous":
                client.force_login(User.objects.get(pk=self.people[who].pk))
            self._browsers[who] = client
        return self._browsers[who]


DEAL_READERS = {
    "alpha": ALPHA | NORD | SOUTH,
    "alpha_draft": ALPHA,
    "alpha_asked": ALPHA | NORD | SOUTH,
    "alpha_approved": ALPHA | NORD | SOUTH,
    "alpha_enterprise": ALPHA | NORD | SOUTH,
    "bravo_nord": BRAVO | NORD | SOUTH,
    "bravo_third": BRAVO | OUEST | SOUTH,
    "bravo_draft": BRAVO,
    "charlie": CHARLIE | NORD | SOUTH,
    "platin": PLATIN | SUED | NORTH,
}
DOCUMENT_READERS = {name: DEAL_READERS[name] for name in ("alpha_draft", "bravo_third", "platin")}
CONFLICT_READERS = {
    # Bravo's registration of what Alpha has; Platin's, of another region, of the same.
    "south": SOUTH,
    "across": SOUTH | DACH_OFFICE,
}
CUSTOMER_READERS = {
    # What only partners of the south have named; what Platin has named as well.
    "south": SOUTH,
    "across": SOUTH | DACH_OFFICE,
}
CERTIFICATE_READERS = {
    "alpha": ALPHA | SOUTH,
    "bravo": BRAVO | SOUTH,
    "platin": PLATIN | NORTH,
}
# What hangs on an employee: a place in a session, an exam.
EMPLOYEE_READERS = {
    "alpha": ALPHA | SOUTH,
    "bravo": BRAVO | SOUTH,
    "platin": PLATIN | NORTH,
}
COURSE_READERS = {"open": MEMBERS, "draft": VENDOR_PEOPLE}
PARTNER_READERS = {
    "alpha": ALPHA | NORD | SOUTH,
    "bravo": BRAVO | NORD | OUEST | SOUTH,
    "charlie": CHARLIE | NORD | SOUTH,
    "delta": DELTA | NORD | SOUTH,
    "platin": PLATIN | SUED | NORTH,
}
# Who sees a partner's people and their certificates: never a distributor.
STAFF_READERS = {"alpha": ALPHA | SOUTH, "bravo": BRAVO | SOUTH, "platin": PLATIN | NORTH}
DISTRIBUTOR_READERS = {
    "distri_nord": ALPHA | BRAVO | CHARLIE | DELTA | NORD | SOUTH,
    "third": BRAVO | OUEST | SOUTH,
    "distri_sued": PLATIN | SUED | NORTH,
}
_STAFF = {
    "alpha": (ALPHA | SOUTH, "alice"),
    "bravo": (BRAVO | SOUTH, "bea"),
    "platin": (PLATIN | NORTH, "paul"),
    "distri_nord": (NORD | SOUTH, "olga"),
    "third": (OUEST | SOUTH, "emil"),
    "distri_sued": (SUED | NORTH, "dieter"),
    "headquarters": (VENDOR_PEOPLE, "august"),
    "dach_office": (VENDOR_PEOPLE, "ingrid"),
}
# By organisation: who sees its people and invitations.
PEOPLE_READERS = {name: readers for name, (readers, _person) in _STAFF.items()}
# By organisation: who may change them.
PEOPLE_MANAGERS = {
    "alpha": {"alice", "nora"},
    "bravo": {"bruno", "nora"},
    "platin": {"paul", "nora", "nils"},
    "distri_nord": {"denise", "nora"},
    "third": {"eve", "nora"},
    "distri_sued": {"nora", "nils"},
    "headquarters": {"nora", "nils"},
    "dach_office": {"nora", "nils"},
}


def evidence_file(name: str = "minutes.pdf", text: bytes = b"minutes") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.4\n" + text + b"\n%%EOF\n", "application/pdf")


def edition_text(code: str) -> str:
    """A file that may be imported as a draft."""
    kept = [
        line
        for line in EDITION_FILE.read_text("utf-8").splitlines()
        if not line.startswith(("published_on:", "in_force_from:"))
    ]
    return "\n".join(kept).replace('edition: "2017"', f'edition: "{code}"', 1)


def make_world(at: datetime | None = None) -> World:
    cast = make_cast()
    at = timezone.localtime(at)
    world = World(cast, at, people=dict(cast.people))
    put_schedule(celery)
    _hire(world)
    # Alpha may register enterprise deals too; Platin also sells in France.
    Specialisation.objects.create(
        partner=cast.alpha,
        product_group=cast.groups["anti-targeted-attack"],
        awarded_on=date(2024, 1, 15),
        valid_until=date(2099, 12, 31),
    )
    cast.platin.authorised_countries = ["DE", "FR"]
    cast.platin.save()
    _employ(world)
    _ask_for_certificates(world)
    _register(world)
    _merge(world)
    _invite(world)
    _train(world)
    _depart(world)
    _certify(world)
    reading = read_edition(edition_text("2099").encode())
    assert reading.content, reading.problems
    world.draft_edition = import_edition(reading.content, by=cast.nora)
    world.price_import = keep_price_file(by=cast.nora, file_name="prices.csv", content=b"region;sku\nx;y\n")
    for kind, reader in (
        ("deal-submitted", "alice"),
        ("deal-to-decide", "denise"),
        ("deal-conflict", "karim"),
    ):
        world.notifications[reader] = Notification.objects.filter(
            kind=kind, recipient=world.people[reader]
        ).first()
        assert world.notifications[reader], kind
    return world


def _hire(world: World) -> None:
    cast = world.cast
    for name, full_name, role, where in MORE_PEOPLE:
        organisation = getattr(cast, where)
        domain = getattr(organisation, "web_domain", "vendor.example")
        person = _person(full_name, f"{name}@{domain}")
        person.save()
        link = {"VendorOffice": "vendor_office"}.get(
            type(organisation).__name__, type(organisation).__name__.lower()
        )
        Membership.objects.create(user=person, role=role, is_current=True, **{link: organisation})
        world.people[name] = person
    for organisation, (_readers, name) in _STAFF.items():
        world.memberships[organisation] = Membership.objects.get(user=world.people[name])


def _employ(world: World) -> None:
    people = (
        ("alpha", "Tina Faure", "tina", "technical"),
        ("bravo", "Eva Lind", None, "sales"),
        ("platin", "Eva Brandt", None, "technical"),
    )
    for name, full_name, account, track in people:
        employment = employ(
            getattr(world.cast, name), full_name, user=world.people[account] if account else None
        )
        certify(employment, track)
        world.employments[name] = employment


CONSENT_TOKEN = "t" * 43


def _ask_for_certificates(world: World) -> None:
    for name, by in (("alpha", "alice"), ("bravo", "bruno"), ("platin", "paul")):
        asked = name == "alpha"
        world.transfers[name] = Transfer.objects.create(
            employment=world.employments[name],
            certificate_number="KC-NOTHERE0",
            status="consent_asked" if asked else "to_decide",
            asked_by=world.people[by],
            asked_at=world.at,
            token_hash=hashlib.sha256((CONSENT_TOKEN if asked else name).encode()).hexdigest(),
            token_expires_at=timezone.now() + timedelta(days=14),
            sent_at=world.at,
            consented_at=None if asked else world.at,
        )


def _register(world: World) -> None:
    cast, at = world.cast, world.at
    deals = world.deals

    def new(name: str, by: User, customer: str, make: Any = stages.submitted, **more: Any) -> Deal:
        deals[name] = make(cast, by, at=at, customer_name=customer, **more)
        return deals[name]

    new("alpha", cast.amir, "Hôpital Saint-Roch", web_domain="saint-roch.fr")
    draft = new("alpha_draft", cast.amir, "Mairie de Lambersart", stages.draft)
    asked = new("alpha_asked", cast.amir, "Transports Lorrain")
    actions.request_information(
        asked, by=cast.denise, at=at, text="How many sites?", fields=["nodes", "lines", "evidence", "contact"]
    )
    approved = new("alpha_approved", cast.alice, "Verrerie du Nord")
    deals["alpha_approved"] = actions.approve_deal(
        approved, by=cast.denise, at=at, granted_pct=Decimal("3.5")
    )
    new("alpha_enterprise", cast.alice, "Métropole Énergie", enterprise=True)
    new("bravo_nord", cast.bruno, "Hôp. St Roch", web_domain="saint-roch.fr")
    third = new("bravo_third", cast.bruno, "Port de Sète", distributor=cast.third)
    new("bravo_draft", cast.bruno, "Cave des Vignerons", stages.draft)
    new("charlie", cast.carla, "Brouwerij De Roos")
    platin = new(
        "platin", cast.paul, "Saint Roch Hospital", customer_country="FR", web_domain="saint-roch.fr"
    )
    for deal in deals.values():
        deal.refresh_from_db()
    # A draft takes files from its partner; the two others had theirs when they were drafts.
    for name, deal, by in (
        ("alpha_draft", draft, cast.amir),
        ("bravo_third", third, cast.bruno),
        ("platin", platin, cast.paul),
    ):
        world.documents[name] = _attach(deal, by, at)
    for name, by, internal in (
        ("alpha", cast.denise, True),
        ("alpha", cast.alice, False),
        ("bravo_third", cast.eve, True),
        ("platin", cast.dieter, True),
    ):
        actions.add_comment(deals[name], by=by, at=at, text="Seen and noted.", is_internal=internal)
    world.conflicts = {
        "south": Conflict.objects.get(later=deals["bravo_nord"], earlier=deals["alpha"]),
        "across": Conflict.objects.get(later=platin, earlier=deals["alpha"]),
    }


def _merge(world: World) -> None:
    """Two records of one mill have been merged; the others are as they came in."""
    world.customers = {
        "south": world.deals["bravo_third"].customer,
        "across": world.deals["platin"].customer,
    }
    mills = [
        add_customer(
            read_identity(name=name, country="FR"), Source(world.at, world.deals["alpha"].reference, "FR")
        )
        for name in ("Moulin de la Vesle", "Minoterie Champenoise")
    ]
    world.customer_change = actions.merge_customers(
        *mills, by=world.cast.karim, at=world.at, reason="One owner, one address."
    )


def _certify(world: World) -> None:
    for name, holder in (("alpha", "Théo Marchand"), ("bravo", "Agnès Robin"), ("platin", "Jens Vogt")):
        employed = employ(getattr(world.cast, name), holder, hired_on=date(2024, 1, 1))
        world.certificates[name] = papers.certificate(
            employed, f"KC-{name.upper()}", expires_on=world.at.date() + timedelta(days=41)
        )
    world.imported_file = keep_file(
        kind="certificates",
        name="held.csv",
        content=b"partner;name;track;issued_on;expires_on\nP-000001;Inconnue;sales;2025-06-01;2027-06-01\n"
        b"P-000001;;sales;2025-06-01;2027-06-01\n",
        by=world.cast.karim,
        at=world.at,
    )


def _attach(deal: Deal, by: User, at: datetime) -> Document:
    from dealreg.deals.models import Evidence
    from portal.documents.actions import store_document

    document = store_document(deal, evidence_file(), by=by)
    Evidence.objects.create(deal=deal, document=document, kind="meeting", dated_on=at.date())
    return document


def _train(world: World) -> None:
    """A course on the list with a session, one that is not on it, and one with an exam that somebody of
    each partner is taking. Nobody of them has an account; Tina, who has one, is taking the exam as well."""
    cast, at = world.cast, world.at
    courses = {
        "open": school.course("EPS-1"),
        "draft": school.course("EPS-2", is_published=False),
        "exam": school.online("EX-1"),
    }
    session = school.session(courses["open"], seats=1, starts_at=at + timedelta(days=30))
    bookings, attempts = {}, {}
    for number, (name, by) in enumerate((("alpha", "alice"), ("bravo", "bruno"), ("platin", "paul"))):
        employment = employ(getattr(cast, name), f"Trainee of {name}")
        bookings[name] = Booking.objects.create(
            session=session,
            employment=employment,
            status="waiting" if number else "booked",
            booked_by=world.people[by],
            booked_at=at,
        )
        attempts[name] = Attempt.objects.create(
            course=courses["exam"], employment=employment, started_at=at, ends_at=at + timedelta(hours=2)
        )
    world.training = {
        "courses": courses,
        "session": session,
        "bookings": bookings,
        "attempts": attempts,
        "own_attempt": start_attempt(courses["exam"], by=world.people["tina"], at=at),
        "question": courses["exam"].questions.first(),
    }


def _depart(world: World) -> None:
    for name, by in (("alpha", "alice"), ("bravo", "bruno"), ("platin", "paul")):
        partner, person, left_on = (
            getattr(world.cast, name),
            world.people[by],
            world.at.date() - timedelta(10),
        )
        employment = hire(partner, f"Leaver of {name}")
        certify(employment)
        case = leave(employment, left_on, by=person, at=world.at, reported_on=world.at.date())
        assert case is not None
        world.departures[name], world.gaps[name] = case, case.gaps.get()
        world.corrections[name] = correct_departure_date(
            case, by=person, at=world.at, departed_on=left_on + timedelta(2), reason="Her last day was later."
        )
        world.reviews[name] = TierReview.objects.create(
            partner=partner,
            edition=case.edition,
            current_tier=partner.tier,
            proposed_tier="bronze",
            facts={"tracks": [{"track": "technical", "required": 2, "present": 1, "missing": 1}]},
            opened_at=world.at,
        )


def _invite(world: World) -> None:
    inviters = {
        "alpha": ("alice", Role.PARTNER_SALES),
        "bravo": ("bruno", Role.PARTNER_SALES),
        "platin": ("paul", Role.PARTNER_SALES),
        "distri_nord": ("denise", Role.DISTRIBUTOR_READONLY),
        "third": ("eve", Role.DISTRIBUTOR_READONLY),
        "distri_sued": ("nora", Role.DISTRIBUTOR_READONLY),
        "headquarters": ("nora", Role.AUDITOR),
        "dach_office": ("nora", Role.AUDITOR),
    }
    for organisation, (by, role) in inviters.items():
        invitation = invite_person(
            getattr(world.cast, organisation),
            by=world.people[by],
            at=world.at,
            email=f"new@{organisation.replace('_', '-')}.example",
            full_name="Noa Nouvel",
            role=role,
        )
        world.invitations[organisation] = invitation
    before = len(mail.outbox) if hasattr(mail, "outbox") else 0
    for organisation in ("alpha", "third"):
        send_invitation(world.invitations[organisation].pk, at=world.at + timedelta(seconds=1))
        letter = mail.outbox[before]
        before += 1
        world.tokens[organisation] = letter.body.partition("/accounts/invitation/")[2].split("/")[0]


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no trace in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# Written by looking alone: when somebody last signed in, and that a message was opened.
_NOT_BUSINESS = {"django_session", "django_content_type", "auth_permission"}


def fingerprint(*, without: tuple[str, ...] = ()) -> str:
    """A sum over every row of every table: equal before and after means that nothing was written."""
    tables = sorted(
        {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
        - _NOT_BUSINESS
        - set(without)
    )
    parts = " UNION ALL ".join(
        f"SELECT '{table}' AS name, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS sum "  # noqa: S608
        f'FROM "{table}" t'
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg(name || sum, ',' ORDER BY name) FROM ({parts}) rows")  # noqa: S608
        return cursor.fetchone()[0]
