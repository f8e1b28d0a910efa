"""Odd words and odd amounts are planted in what belongs to some; nobody else ever finds one, on a page,
in a file, in a mail or in the answer to a search (promise S2). And a partner cannot tell from anything
whether a customer is taken (rule E6)."""

import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin, urlsplit

import openpyxl
import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.actions.looking import look_at_due
from dealreg.deals.models import Conflict, Deal, Evidence
from partners.certification.actions.imports import keep_file
from partners.certification.models import Employment, ImportedFile, Question, Transfer
from partners.organisations.actions.people import invite_person
from partners.programme.models import Edition
from partners.tiering.actions import keep_tier
from portal.audit.models import Event
from portal.core.calendar import date_in
from portal.documents.actions import store_document
from portal.notifications.actions import deliver_due
from portal.notifications.models import Notification
from tests.dealreg.deals import stages
from tests.partners.certification.people import certify
from tests.partners.certification.team import employ
from tests.world import (
    ALPHA,
    BRAVO,
    DISTRIBUTOR_READERS,
    MEMBERS,
    NORD,
    OUEST,
    PARTNER_READERS,
    SOUTH,
    World,
    evidence_file,
    undone,
)

PROGRAMME_ADMINS = {"nora", "nils"}
# Word -> who may read it. Typed into the records by `plant`.
WORDS: dict[str, set[str]] = {
    "Zorbexdeal": BRAVO | OUEST | SOUTH,
    "Zorbexfile": BRAVO | OUEST | SOUTH,
    "Zorbexshared": BRAVO | OUEST | SOUTH,
    "Zorbexinternal": OUEST | SOUTH,
    "Zorbexwon": BRAVO | NORD | SOUTH,
    "Zorbexdraft": BRAVO,
    "Zorbexlater": ALPHA | NORD | SOUTH,
    "Zorbexreason": SOUTH,
    "Zorbexstaff": BRAVO | SOUTH,
    "Zorbexguest": BRAVO | SOUTH,
    "Zorbexeva": BRAVO | SOUTH,
    "Zorbexwaits": BRAVO | SOUTH,
    "Zorbexseller": OUEST | SOUTH,
    "Zorbexlegal": DISTRIBUTOR_READERS["third"],
    "Zorbexnumber": PARTNER_READERS["bravo"],
    "Zorbexedition": PROGRAMME_ADMINS,
    "Zorbexprices": PROGRAMME_ADMINS,
    "Zorbextrainee": BRAVO | SOUTH,
    "Zorbexgone": BRAVO | SOUTH,
    "Zorbexkept": BRAVO | SOUTH,
    "Zorbexquestion": PROGRAMME_ADMINS | {"karim", "ingrid"},
}
# Amounts as digits, however they are grouped: 7 919 nodes at list price, and an order.
AMOUNTS: dict[str, set[str]] = {"380112": BRAVO | OUEST | SOUTH, "431957": BRAVO | NORD | SOUTH}
ALLOWED = WORDS | AMOUNTS

READERS = [
    "anonymous", "alice", "bruno", "bea", "dora", "paul", "denise", "eve", "dieter", "karim", "ingrid",
    "nora",
]  # fmt: skip


def plant(world: World) -> None:
    cast, at = world.cast, world.at
    bruno, eve, amir = world.people["bruno"], world.people["eve"], world.people["amir"]

    deal = stages.draft(
        cast,
        bruno,
        at=at,
        distributor=cast.third,
        customer_name="Zorbexdeal Logistique",
        customer_city="Zorbexdeal-sur-Mer",
        web_domain="zorbexdeal.fr",
        company_number="FR31523456788",
        engagement="Zorbexdeal visited twice.",
        contact_name="Madame Zorbexdeal",
        contact_email="zorbexdeal@zorbexdeal.fr",
        notes="Zorbexdeal notes",
        nodes=7919,
    )
    actions.set_lines(deal, by=bruno, lines=[LineInput(cast.products["EPS-ADV"], 7919, 12)], at=at)
    document = store_document(deal, evidence_file("Zorbexfile.pdf", b"Zorbexfile"), by=bruno)
    Evidence.objects.create(deal=deal, document=document, kind="offer", dated_on=at.date())
    deal = stages.looked_at(actions.submit_deal(deal, by=bruno, at=at), at=at)
    assert deal.list_amount == Decimal(380112)
    actions.add_comment(deal, by=eve, at=at, text="Zorbexinternal thoughts", is_internal=True)
    actions.add_comment(deal, by=eve, at=at, text="Zorbexshared words")
    # Alpha registers the same customer with its own words, and loses; the reason stays with the vendor.
    later = stages.submitted(
        cast,
        amir,
        at=at + timedelta(minutes=1),
        customer_name="Zorbexlater SA",
        company_number="FR 31 523456788",
    )
    conflict = Conflict.objects.get(later=later)
    actions.settle_conflict(
        conflict,
        by=world.people["karim"],
        at=at + timedelta(minutes=2),
        outcome="earlier_stands",
        reason="Zorbexreason: the other was first",
        message="This opportunity cannot be registered.",
    )
    won = stages.submitted(cast, bruno, at=at, customer_name="Zorbexwon Industrie")
    actions.approve_deal(won, by=world.people["denise"], at=at, granted_pct=Decimal("2.5"))
    actions.report_won(
        won,
        by=bruno,
        at=at,
        order_reference="Zorbexwon-77",
        order_date=date_in("FR", at),
        order_amount=Decimal("4319.57"),
    )
    stages.draft(cast, bruno, at=at, customer_name="Zorbexdraft SARL")

    for name, word in (("bea", "Zorbexstaff"), ("elsa", "Zorbexseller")):
        person = world.people[name]
        person.full_name, person.phone = f"{name.title()} {word}", "+33 1 23 45 67 89"
        person.email = f"{word.lower()}@{person.email.partition('@')[2]}"
        person.save()
    invite_person(
        cast.bravo,
        by=bruno,
        at=at,
        email="zorbexguest@bravo-it.example",
        full_name="Zorbexguest",
        role="partner_sales",
    )
    eva = employ(
        cast.bravo, "Zorbexeva Lind", email="zorbexeva@bravo-it.example", job_title="Zorbexeva's own"
    )
    certify(eva)
    Transfer.objects.filter(pk=world.transfers["bravo"].pk).update(certificate_number="ZORBEXWAITS")
    booking = world.training["bookings"]["bravo"]
    Employment.objects.filter(pk=booking.employment_id).update(full_name="Zora Zorbextrainee")
    Question.objects.create(
        course=world.training["courses"]["draft"],
        text="Zorbexquestion?",
        answers=["Zorbexquestion right", "Zorbexquestion wrong"],
        right=[0],
    )
    keep_file(
        kind="questions",
        name="questions.csv",
        content=b"course;question;right;answer_1;answer_2\nEPS-2;Zorbexquestion again?;1;Yes;No\n",
        by=world.people["karim"],
        at=at,
    )
    gone = world.departures["bravo"].employment
    Employment.objects.filter(pk=gone.pk).update(full_name="Gaston Zorbexgone")
    keep_tier(world.reviews["bravo"], by=world.people["karim"], at=at, reason="Zorbexkept until spring.")
    cast.third.legal_name = "Zorbexlegal SARL"
    cast.third.save()
    cast.bravo.company_number = "Zorbexnumber"
    cast.bravo.save()
    Edition.objects.filter(pk=world.draft_edition.pk).update(title="Zorbexedition")
    world.price_import.file_name = "Zorbexprices.csv"
    world.price_import.save()


@pytest.fixture
def planted(world):
    plant(world)
    return world


def readable(answer: Any) -> str:
    """Everything that the answer says: a page, the cells of a file, its headers."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    if "spreadsheetml" in answer.headers.get("Content-Type", ""):
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
        return headers + "\n" + "\n".join(cells)
    return headers + "\n" + content.decode("utf-8", "replace")


def found_in(text: str) -> set[str]:
    words = {word for word in WORDS if re.search(word, text, re.IGNORECASE)}
    # 380,112.00, 380 112,00, 380.112: signs between digits do not hide an amount.
    digits = re.sub(r"(?<=\d)[\s.,\u00a0\u202f'’]+(?=\d)", "", text)
    return words | {amount for amount in AMOUNTS if re.search(rf"(?<!\d){amount}(00)?(?!\d)", digits)}


LINK = re.compile(r"""(?:href|action|hx-get|src)=["']([^"'#]+)""")
# Searches for the beginning of every planted word: an echo of what was typed is none of them.
SEARCHES = [
    "/deals/?q=zorbex",
    "/deals/?status=ended",
    "/deals/?partner=zorbex",
    "/deals/export/csv/",
    "/deals/export/xlsx/",
    "/deals/export/csv/?q=zorbex",
    "/deals/partner-choices/?q=bravo",
    "/deals/conflicts/?show=all",
    "/partners/?q=zorbex",
    "/partners/partners.csv",
    "/partners/partners.xlsx",
    "/people/?q=zorbex",
    "/inbox/?q=DR-",
    "/team/?q=zorbex&state=all",
    "/team/team.csv",
    "/team/of/P-000002/",
    "/team/of/P-000002/team.csv",
    "/team/coverage/?q=bravo",
    "/team/coverage.csv",
    "/team/transfers/",
    "/distributors/?sort=city",
    "/status/?q=zorbex",
    "/status/?q=bravo",
    "/catalogue/?q=zorbex",
    "/programme/compare/?from=2017&to=2099",
    "/training/?q=zorbex",
    "/training/sessions/?q=zorbex",
    "/training/EPS-2/questions/",
]


def addresses_of_others(world: World) -> list[str]:
    """Asked for outright, whoever asks: what is not theirs answers with an error page."""
    places = [f"/documents/{document.pk}/" for document in [*world.documents.values(), *_zorbex_files()]]
    for deal in Deal.objects.filter(customer_name__istartswith="zorbex"):
        places += [
            f"/deals/{deal.reference}/",
            f"/deals/{deal.reference}/approve/",
            f"/deals/{deal.reference}/receipt/",
        ]
    places += [f"/deals/conflicts/{pk}/" for pk in Conflict.objects.values_list("pk", flat=True)]
    places += ["/partners/P-000002/", "/partners/P-000002/people/", "/distributors/D-003/"]
    places += ["/programme/editions/2099/", "/programme/editions/2099/grid.csv", "/no/such/page/"]
    places += [f"/team/{pk}/" for pk in Employment.objects.values_list("pk", flat=True)]
    places += [f"/team/transfers/{transfer.pk}/" for transfer in world.transfers.values()]
    places += [world.training["session"].get_absolute_url()]
    places += [
        f"{world.training['session'].get_absolute_url()}participants.{kind}" for kind in ("csv", "xlsx")
    ]
    places += [attempt.get_absolute_url() for attempt in world.training["attempts"].values()]
    places += [case.get_absolute_url() for case in world.departures.values()]
    places += [review.get_absolute_url() for review in world.reviews.values()]
    places += [file.get_absolute_url() for file in ImportedFile.objects.all()]
    places += [f"/people/{world.memberships[name].pk}/" for name in ("bravo", "third")]
    return places


def _zorbex_files() -> list[Any]:
    from portal.documents.models import Document

    return list(Document.objects.filter(name__startswith="Zorbex"))


# Whose words must be met as well, so that the search itself is known to find: they walk further.
FINDERS = ("bruno", "eve", "karim", "nora")


def walk(browser: Any, first: list[str], most: int) -> Any:
    """Every page that can be reached by following links, each path once."""
    waiting, seen = list(first), set()
    while waiting and len(seen) < most:
        place = waiting.pop(0)
        if place in seen:
            continue
        seen.add(place)
        answer = browser.get(place)
        text = readable(answer)
        yield place, answer, text
        if "text/html" not in answer.headers.get("Content-Type", ""):
            if answer.status_code in (301, 302):
                waiting.append(answer.headers["Location"])
            continue
        for link in LINK.findall(text):
            target = urlsplit(urljoin(place, link))
            if target.netloc or target.path.startswith(("/static/", "/accounts/", "/inbox/")):
                continue
            if target.path not in seen:
                waiting.append(target.path)


@pytest.mark.parametrize("who", READERS)
def test_nobody_finds_a_word_or_amount_that_is_not_for_them(planted, who):
    world, leaks, met = planted, [], set()
    if who in MEMBERS:
        world.browser(who).get("/")
    first = [
        "/",
        "/deals/",
        *SEARCHES,
        "/inbox/",
        "/catalogue/import/",
        "/catalogue/price-lists/",
        *addresses_of_others(world),
    ]
    pages = 0
    for place, answer, text in walk(world.browser(who), first, most=150 if who in FINDERS else 90):
        pages += 1
        found = found_in(text)
        met |= found
        leaks += [f"{word} on {place} ({answer.status_code})" for word in found if who not in ALLOWED[word]]
        assert answer.status_code < 500, place
    assert leaks == []
    # The other way round: the words are where their owners look for them.
    unseen = {word for word, readers in ALLOWED.items() if who in readers} - met
    if who in FINDERS:
        assert unseen <= UNLISTED.get(who, set()), f"planted, but not met in {pages} pages"


# An invited person is shown to those who manage people.
UNLISTED: dict[str, set[str]] = {"karim": {"Zorbexguest"}}


def test_mails_and_inbox_lines_carry_nothing_foreign(planted):
    world = planted
    name_of = {person.email: name for name, person in world.people.items()}
    before = len(mail.outbox)
    done = deliver_due(at=timezone.now() + timedelta(minutes=5), most=1_000)
    assert done["failed"] == 0 and done["mailed"] > 30, done
    leaks, seen = [], set()
    for letter in mail.outbox[before:]:
        who = name_of[re.search(r"<([^>]+)>", letter.to[0]).group(1)]
        parts = [letter.subject, letter.body, *(text for text, _kind in letter.alternatives)]
        found = found_in("\n".join([*parts, *map(str, letter.extra_headers.values())]))
        seen |= found
        leaks += [f"{word} to {who}: {letter.subject}" for word in found if who not in ALLOWED[word]]
    assert leaks == []
    assert {"Zorbexdeal", "Zorbexwon", "Zorbexlater", "Zorbexinternal", "Zorbexshared"} <= seen
    # What is kept for the inbox, too: nothing is stored for somebody who may not read it.
    for row in Notification.objects.select_related("recipient"):
        who = name_of[row.recipient.email]
        found = found_in(str(row.context))
        assert not [word for word in found if who not in ALLOWED[word]], (who, row.kind, row.context)


def test_events_that_partners_may_read_name_no_rival(planted):
    for event in Event.objects.filter(audience="everybody"):
        if isinstance(event.subject, Deal) and event.subject.partner_id == planted.cast.alpha.pk:
            kept = f"{event.reason} {event.data}"
            assert found_in(kept) <= {"Zorbexlater"}, (event.verb, kept)


# --- rule E6: the duplicate check is no oracle ------------------------------------------------------


def _said(answer: Any, deal: Deal) -> str:
    """A page without what names this one deal: its number, its instants, tokens."""
    text = readable(answer)
    text = text.replace(deal.reference, "DR-NUMBER")
    text = re.sub(r"[A-Za-z0-9]{64}|[0-9a-f]{32}", "", text)
    text = re.sub(r'name="draft" value="[^"]*"', "", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r"chart-[0-9a-f]+", "chart", text)
    text = re.sub(r"sessionid=[^;]+|messages=[^;]+|Content-Length: \d+", "", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z-]+|\b\d{1,2}:\d\d(:\d\d)?( [AP]M)?\b", "TIME", text)


def _register(world: World, who: str, **customer: str) -> tuple[list[tuple[str, int, str]], list[Any]]:
    """From the first screen to the inbox, as the browser does it; what was answered and what was told."""
    browser, steps = world.browser(who), []
    form = {
        "customer_name": "Clinique du Parc",
        "web_domain": "clinique-parc.fr",
        "company_number": "",
        "product_group": "endpoint-security",
        "nodes": "100",
        "expected_close_on": (world.at + timedelta(days=60)).date().isoformat(),
        "engagement": "Two meetings.",
        "distributor": "D-001",
        "action": "continue",
    } | customer
    token = browser.get("/deals/register/").context["token"]
    answers = [("first screen", browser.post("/deals/register/", form | {"draft": token}))]
    deal = Deal.objects.order_by("-pk").first()
    place = f"/deals/{deal.reference}/"
    rows = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "0",
        "form-0-product": world.cast.products["EPS-ADV"].pk,
        "form-0-nodes": "100",
        "form-0-term_months": "12",
        "action": "continue",
    }
    answers += [
        ("lines", browser.post(f"{place}draft/lines/", rows)),
        ("contact", browser.post(f"{place}draft/contact/", {"action": "continue"})),
        ("review", browser.get(f"{place}draft/review/")),
        ("submit", browser.post(f"{place}draft/review/", {"action": "submit"})),
        ("receipt", browser.get(f"{place}receipt/")),
        ("deal", browser.get(place)),
        ("list", browser.get("/deals/")),
        ("export", browser.get("/deals/export/csv/")),
        ("inbox", browser.get("/inbox/")),
        ("home", browser.get("/")),
        ("file of the deal", browser.get(f"{place}approve/")),
    ]
    deal.refresh_from_db()
    assert deal.status == "submitted"
    for step, answer in answers:
        steps.append((step, answer.status_code, _said(answer, deal)))
    before = len(mail.outbox)
    deliver_due(at=timezone.now() + timedelta(minutes=5), most=1_000)
    partner_people = {person.email for name, person in world.people.items() if name in BRAVO | ALPHA}
    letters = [
        (letter.to, re.sub(deal.reference, "DR-NUMBER", letter.subject))
        for letter in mail.outbox[before:]
        if any(address in letter.to[0] for address in partner_people)
    ]
    return steps, letters


@pytest.mark.parametrize(
    "taken",
    [
        {"web_domain": "www.clinique-parc.fr", "customer_name": "Clinique du parc SAS"},
        {"web_domain": "", "customer_name": "CLINIQUE DU PARC"},
    ],
    ids=["same domain", "same name"],
)
def test_a_partner_gets_the_same_answer_whether_a_customer_is_taken_or_not(world, taken):
    # At one and the same instant: else a minute that ends between the two would make a difference.
    with time_machine.travel(timezone.now(), tick=False):
        deliver_due(at=timezone.now() + timedelta(minutes=5), most=1_000)
        with undone():
            free, free_letters = _register(world, "bruno")
            look_at_due(at=timezone.now() + timedelta(minutes=1))
            assert not Conflict.objects.filter(later__customer_name="Clinique du Parc").exists()
        rival = stages.submitted(world.cast, world.people["amir"], at=world.at, **taken)
        deliver_due(at=timezone.now() + timedelta(minutes=5), most=1_000)
        with undone():
            second, second_letters = _register(world, "bruno")
            look_at_due(at=timezone.now() + timedelta(minutes=1))
            assert Conflict.objects.filter(earlier=rival, later__customer_name="Clinique du Parc").exists()

    for (step, status, said), (_step, other_status, other_said) in zip(free, second, strict=True):
        assert status == other_status, step
        assert said.splitlines() == other_said.splitlines(), f"the page tells it: {step}"
    assert len(free_letters) >= 1
    assert free_letters == second_letters


def test_the_partner_who_came_first_is_told_nothing_either(world):
    """Alpha's deal stays as it was on every page and in every mail when Bravo registers its customer."""
    with time_machine.travel(timezone.now(), tick=False):
        browser, first = world.browser("alice"), world.deals["alpha_approved"]
        pages = [f"/deals/{first.reference}/", "/deals/", "/inbox/", "/"]
        before = [_said(browser.get(place), first).splitlines() for place in pages]
        told = Notification.objects.filter(recipient=world.people["alice"]).count()
        second = stages.submitted(
            world.cast, world.people["bruno"], at=timezone.now(), customer_name="Verrerie du Nord"
        )
        assert Conflict.objects.filter(earlier=first, later=second).exists()
        assert [_said(browser.get(place), first).splitlines() for place in pages] == before
        assert Notification.objects.filter(recipient=world.people["alice"]).count() == told
