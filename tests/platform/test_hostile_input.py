"""Bad input gets an answer (promise S7): every form of the portal with hostile values and files. Never a
server error, never slow, nothing half-saved, and no value comes back as markup."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django_celery_beat.models import PeriodicTask

from dealreg.deals.models import Deal
from portal.core.calendar import date_in
from portal.documents.models import Document
from tests.world import CONSENT_TOKEN, World, edition_text, evidence_file, fingerprint, undone

SLOWEST = 5.0  # seconds of the processor
ALONE = 23  # of so many values, one is tried alone in each field
MARKUP = "<img src=x onerror=alert(1)>"

VALUES: list[Any] = [
    "", " ", "\x00", "a\x00b", "x" * 5_000, "x" * 100_000, "\u202egnp.exe", "\u200b\u200d\ufeff", "🦊" * 40,
    "\x07\x1b[31m", "\r\nSet-Cookie: a=b", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "-1", "0", "00", "007", "1e999", "NaN", "Infinity", "-0.0", "9" * 40, "2147483648",
    "9223372036854775808",
    "0.0000000001", "1,5", "١٢٣", "0x10", "0001-01-01", "9999-12-31", "2027-02-31", "31.02.2027",
    "10000-01-01",
    MARKUP, "'\"><script>alert(1)</script>", "{{ 7*7 }}{% load x %}", "' OR 1=1 --", "\\'; DROP TABLE x; --",
    "../../../../etc/passwd", "=HYPERLINK(\"http://x\")", "%s%n%(name)s %", "a@b", "http://[::1",
    "xn--\u00df.",
    "None", "true", "[]", ["a", "b"], ["1", "1"],
]  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A form: where it is, who may fill it in, and what would be right."""

    who: str
    place: Callable[[World], str]
    right: Callable[[World], dict[str, Any]]
    method: str = "post"
    # Fields whose every value leads to something else than the form: left as they are.
    fixed: frozenset[str] = field(default_factory=frozenset)


def deal_page(name: str, page: str) -> Callable[[World], str]:
    return lambda world: f"/deals/{world.deals[name].reference}/{page}"


def soon(world: World, days: int = 60) -> str:
    return (date_in("FR", world.at) + timedelta(days=days)).isoformat()


def lines(world: World) -> dict[str, Any]:
    return {
        "form-TOTAL_FORMS": "2",
        "form-INITIAL_FORMS": "0",
        "form-0-product": str(world.cast.products["EPS-ADV"].pk),
        "form-0-nodes": "100",
        "form-0-term_months": "12",
        "form-1-product": "",
        "form-1-nodes": "",
        "form-1-term_months": "12",
        "action": "continue",
    }


def customer(world: World) -> dict[str, Any]:
    return {
        "customer_name": "Verger du Sud",
        "customer_country": "FR",
        "web_domain": "verger.fr",
        "company_number": "",
        "product_group": "endpoint-security",
        "nodes": "10",
        "expected_close_on": soon(world),
        "engagement": "Two calls.",
        "distributor": "D-001",
        "action": "continue",
        "draft": "",
    }


def partner(world: World) -> dict[str, Any]:
    nord = str(world.cast.distri_nord.pk)
    return {
        "trade_name": "Foxtrot", "legal_name": "Foxtrot SAS", "kind": "reseller", "tier": "bronze",
        "country": "FR", "city": "Lyon", "vat_number": "", "company_number": "", "web_domain": "foxtrot.fr",
        "distributors": [nord], "primary": nord, "channel_manager": "", "authorised_countries": ["FR"],
    }  # fmt: skip


def distributor(world: World) -> dict[str, Any]:
    return {
        "name": "Distri Est", "legal_name": "Distri Est SA", "country": "FR", "city": "Metz",
        "vat_number": "", "web_domain": "distri-est.fr", "countries": ["FR"], "is_active": "on",
    }  # fmt: skip


def invitation(role: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"email": "n@n.example", "full_name": "Nina", "role": role, "language": "fr"}


def answer(world: World) -> dict[str, Any]:
    product = str(world.cast.products["EPS-ADV"].pk)
    return {
        "answer": "Twelve.", "nodes": "120", "contact_name": "Jean", "contact_role": "", "contact_email": "",
        "contact_phone": "", "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "1", "lines-0-product": product,
        "lines-0-nodes": "120", "lines-0-term_months": "12", "evidence-TOTAL_FORMS": "1",
        "evidence-INITIAL_FORMS": "0", "evidence-0-kind": "", "evidence-0-dated_on": "",
    }  # fmt: skip


def employee(world: World) -> dict[str, Any]:
    return {
        "full_name": "Eva Berg",
        "email": "eva@berg.example",
        "job_title": "Engineer",
        "hired_on": soon(world, -100),
        "account": "",
    }


def case_page(page: str) -> Callable[[World], str]:
    return lambda world: f"/departures/{world.departures['alpha'].reference}/{page}"


FORMS: dict[str, Form] = {
    "registration": Form("amir", lambda world: "/deals/register/", customer),
    "registration: customer": Form("amir", deal_page("alpha_draft", "draft/customer/"), customer),
    "registration: lines": Form("amir", deal_page("alpha_draft", "draft/lines/"), lines),
    "registration: contact": Form(
        "amir",
        deal_page("alpha_draft", "draft/contact/"),
        lambda world: {
            "contact_name": "J",
            "contact_role": "",
            "contact_email": "j@j.fr",
            "contact_phone": "+33 1 22",
            "notes": "n",
            "kind": "",
            "dated_on": "",
            "action": "continue",
        },
    ),
    "registration: submit": Form(
        "amir", deal_page("alpha_draft", "draft/review/"), lambda world: {"action": "submit"}
    ),
    "withdrawal of a certificate": Form(
        "karim",
        lambda world: f"/certificates/{world.certificates['alpha'].number}/withdraw/",
        lambda world: {"reason": "Copied answers."},
    ),
    "erasing a person": Form(
        "nora",
        lambda world: f"/privacy/employees/{world.certificates['alpha'].person.employments.get().pk}/erase/",
        lambda world: {"reason": "On request.", "sure": "on"},
    ),
    "question": Form(
        "denise",
        deal_page("alpha", "request-information/"),
        lambda world: {"text": "Which?", "fields_asked": ["nodes"]},
    ),
    "answer": Form("amir", deal_page("alpha_asked", "answer/"), answer),
    "approval": Form("denise", deal_page("charlie", "approve/"), lambda world: {"granted_pct": "2.5"}),
    "endorsement": Form(
        "denise", deal_page("alpha_enterprise", "endorse/"), lambda world: {"granted_pct": "2"}
    ),
    "rejection": Form(
        "denise", deal_page("charlie", "reject/"), lambda world: {"code": "other", "text": "No."}
    ),
    "withdrawal": Form("amir", deal_page("alpha", "withdraw/"), lambda world: {"reason": "Gone."}),
    "won": Form(
        "amir",
        deal_page("alpha_approved", "report-won/"),
        lambda world: {
            "order_reference": "A-1",
            "order_date": soon(world, 0),
            "order_amount": "1 234,50",
        },
    ),
    "lost": Form(
        "amir",
        deal_page("alpha_approved", "report-lost/"),
        lambda world: {"code": "price", "text": "", "lost_to": "Acme", "retry_on": soon(world, 90)},
    ),
    "change": Form(
        "amir",
        deal_page("alpha_approved", "amend/"),
        lambda world: {
            "lines-TOTAL_FORMS": "1",
            "lines-INITIAL_FORMS": "1",
            "lines-0-product": str(world.cast.products["EPS-ADV"].pk),
            "lines-0-nodes": "110",
            "lines-0-term_months": "12",
            "nodes": "110",
            "expected_close_on": soon(world, 30),
            "reason": "x",
        },
    ),
    "another distributor": Form(
        "bruno", deal_page("bravo_nord", "change-distributor/"), lambda world: {"distributor": "D-003"}
    ),
    "on behalf": Form(
        "denise",
        lambda world: "/deals/on-behalf/P-000001/",
        lambda world: {
            "draft": "",
            "action": "continue",
            "customer_name": "Port de Sète",
            "web_domain": "",
            "company_number": "",
            "product_group": "endpoint-security",
            "nodes": "100",
            "expected_close_on": soon(world, 30),
            "engagement": "x",
        },
    ),
    "extension": Form(
        "amir",
        deal_page("alpha_approved", "extend/"),
        lambda world: {
            "days": "30",
            "expected_close_on": soon(world, 30),
            "on_1": soon(world, 0),
            "text_1": "Met the head of IT.",
            "on_2": "",
            "text_2": "",
            "on_3": "",
            "text_3": "",
        },
    ),
    "revocation": Form(
        "karim",
        deal_page("alpha_approved", "revoke/"),
        lambda world: {"code": "customer_choice", "text": "x"},
    ),
    "comment": Form(
        "denise",
        deal_page("alpha", "comment/"),
        lambda world: {"comment-text": "x", "comment-is_internal": "on"},
    ),
    "settlement": Form(
        "karim",
        lambda world: f"/deals/conflicts/{world.conflicts['south'].pk}/",
        lambda world: {"outcome": "earlier_stands", "reason": "x", "message": "Not possible."},
    ),
    "merge of customers": Form(
        "karim",
        lambda world: (
            f"/customers/{world.customers['south'].reference}/merge/{world.customers['across'].reference}/"
        ),
        lambda world: {"reason": "One company."},
    ),
    "split of a customer": Form(
        "karim",
        lambda world: f"/customers/{world.customer_change.kept.reference}/split/",
        lambda world: {
            "observations": str(world.customer_change.moved["observations"][0]),
            "reason": "Two companies.",
        },
    ),
    "undoing a merge": Form(
        "karim",
        lambda world: f"/customers/changes/{world.customer_change.pk}/undo/",
        lambda world: {"reason": "Two companies."},
    ),
    "another company": Form(
        "karim", deal_page("alpha", "review/"), lambda world: {"record": "1", "reason": "Another town."}
    ),
    "invitation": Form("alice", lambda world: "/people/invite/", invitation("partner_sales")),
    "invitation of the vendor": Form(
        "nora",
        lambda world: "/people/invite/",
        lambda world: invitation("auditor")(world) | {"office": str(world.cast.dach_office.pk)},
    ),
    "role": Form(
        "alice",
        lambda world: f"/people/{world.memberships['alpha'].pk}/",
        lambda world: {"role": "partner_sales"},
    ),
    "end of access": Form(
        "bruno",
        lambda world: f"/people/{world.memberships['bravo'].pk}/deactivate/",
        lambda world: {"reason": "Left."},
    ),
    "membership": Form(
        "alice", lambda world: "/settings/membership/", lambda world: {"membership": "1", "next": "/"}
    ),
    "acceptance": Form(
        "anonymous",
        lambda world: f"/accounts/invitation/{world.tokens['alpha']}/",
        lambda world: {
            "full_name": "Noa",
            "password1": "neun-Bäume-am-Fluss",
            "password2": "neun-Bäume-am-Fluss",
        },
    ),
    "partner added": Form("karim", lambda world: "/partners/add/", partner),
    "partner edited": Form("karim", lambda world: "/partners/P-000003/edit/", partner),
    "distributor added": Form("nora", lambda world: "/distributors/add/", distributor),
    "distributor edited": Form("nora", lambda world: "/distributors/D-003/edit/", distributor),
    "employee": Form("alice", lambda world: "/team/add/", employee),
    "employee edited": Form("alice", lambda world: f"/team/{world.employments['alpha'].pk}/edit/", employee),
    "employee hired again": Form(
        "alice", lambda world: f"/team/{world.employments['alpha'].pk}/rehire/", employee
    ),
    "departure": Form(
        "alice",
        lambda world: f"/team/{world.employments['alpha'].pk}/leave/",
        lambda world: {
            "departed_on": soon(world, -3),
            "successor": str(world.memberships["alpha"].pk),
            "note": "Moved.",
            "action": "report",
        },
    ),
    "certificates of an earlier employer": Form(
        "paul",
        lambda world: f"/team/{world.employments['platin'].pk}/transfer/",
        lambda world: {"number": "KC-1234"},
    ),
    "certificates decided": Form(
        "karim",
        lambda world: f"/team/transfers/{world.transfers['bravo'].pk}/",
        lambda world: {"action": "refuse", "reason": "Another person."},
    ),
    "agreement of the person": Form(
        "anonymous", lambda world: f"/team/consent/{CONSENT_TOKEN}/", lambda world: {"answer": "yes"}
    ),
    "period of a job": Form(
        "nora",
        lambda world: f"/jobs/schedule/{PeriodicTask.objects.get(name='run-sweeps').pk}/",
        lambda world: {"every": "20", "unit": "minutes", "reason": "Less to do."},
    ),
    "hour of a night": Form(
        "nora",
        lambda world: f"/jobs/schedule/{PeriodicTask.objects.get(name='night:Europe/London').pk}/",
        lambda world: {"hour": "01:00", "reason": "Less to do."},
    ),
    "pause of a job": Form(
        "nora",
        lambda world: f"/jobs/schedule/{PeriodicTask.objects.get(name='run-sweeps').pk}/pause/",
        lambda world: {"reason": "Less to do."},
    ),
    "settings": Form(
        "alice",
        lambda world: "/settings/",
        lambda world: {
            "full_name": "Alice M",
            "phone": "",
            "language": "fr",
            "time_zone": "Europe/Paris",
            "theme": "auto",
        },
    ),
    "language": Form(
        "alice", lambda world: "/preferences/language/", lambda world: {"language": "fr", "next": "/"}
    ),
    "appearance": Form(
        "alice", lambda world: "/preferences/theme/", lambda world: {"theme": "dark", "next": "/"}
    ),
    "inbox mark": Form(
        "alice",
        lambda world: f"/inbox/{world.notifications['alice'].pk}/mark/",
        lambda world: {"state": "read", "next": "/"},
    ),
    "signing in": Form(
        "anonymous", lambda world: "/accounts/login/", lambda world: {"login": "a@b.c", "password": "x"}
    ),
    "password reset": Form(
        "anonymous", lambda world: "/accounts/password/reset/", lambda world: {"email": "a@b.c"}
    ),
    # Filters in the address
    "team": Form(
        "alice",
        lambda world: "/team/",
        lambda world: {"q": "a", "state": "all", "certified": "technical", "sort": "-works", "page": "1"},
        "get",
    ),
    "export of the team": Form(
        "alice", lambda world: "/team/team.csv", lambda world: {"q": "a", "sort": "name"}, "get"
    ),
    "certified staff": Form(
        "karim",
        lambda world: "/team/coverage/",
        lambda world: {
            "q": "a",
            "tier": "gold",
            "country": "FR",
            "state": "missing",
            "sort": "tier",
            "page": "1",
        },
        "get",
    ),
    "certificates to decide": Form(
        "karim", lambda world: "/team/transfers/", lambda world: {"show": "all", "page": "1"}, "get"
    ),
    "list of deals": Form(
        "karim",
        lambda world: "/deals/",
        lambda world: {
            "q": "hôpital",
            "status": "submitted",
            "product_group": "xsp",
            "deadline": "overdue",
            "partner": "a",
            "distributor": "D-001",
            "submitted_from": "2026-01-01",
            "submitted_to": "2027-01-01",
            "sort": "-status",
            "page": "1",
        },
        "get",
    ),
    "export of deals": Form(
        "karim",
        lambda world: "/deals/export/csv/",
        lambda world: {"q": "x", "status": "ended", "sort": "q"},
        "get",
    ),
    "search of partners": Form(
        "karim", lambda world: "/deals/partner-choices/", lambda world: {"q": "al"}, "get"
    ),
    "bulk": Form(
        "denise",
        lambda world: "/deals/bulk/",
        lambda world: {
            "action": "reject",
            "origin": "list",
            "query": "status=open&sort=customer_name",
            "scope": "all",
            "deal": [world.deals["alpha"].reference, world.deals["charlie"].reference],
        },
    ),
    "bulk, confirmed": Form(
        "denise",
        lambda world: "/deals/bulk/",
        lambda world: {
            "action": "reject",
            "origin": "queue",
            "query": "page=1",
            "deal": [world.deals["alpha"].reference],
            "code": "other",
            "text": "One call.",
            "confirmed": "1",
        },
    ),
    "saved view": Form(
        "alice",
        lambda world: "/views/deals/save/",
        lambda world: {"name": "Clinics", "query": "status=open&col=status&sort=-list_amount"},
    ),
    "search": Form("karim", lambda world: "/search/", lambda world: {"q": "roch"}, "get"),
    "queue": Form("denise", lambda world: "/deals/queue/", lambda world: {"page": "1"}, "get"),
    "conflicts": Form(
        "karim", lambda world: "/deals/conflicts/", lambda world: {"show": "all", "page": "1"}, "get"
    ),
    "customers": Form(
        "karim",
        lambda world: "/customers/",
        lambda world: {"q": "roch", "country": "FR", "sort": "name", "page": "1"},
        "get",
    ),
    "the other customer": Form(
        "karim",
        lambda world: f"/customers/{world.customers['south'].reference}/merge/",
        lambda world: {"other": world.customers["across"].reference},
        "get",
    ),
    "partners": Form(
        "karim",
        lambda world: "/partners/",
        lambda world: {
            "q": "a",
            "tier": "gold",
            "country": "FR",
            "status": "ended",
            "distributor": "1",
            "sort": "tier",
            "page": "1",
        },
        "get",
    ),
    "export of partners": Form(
        "karim", lambda world: "/partners/partners.csv", lambda world: {"q": "a", "sort": "tier"}, "get"
    ),
    "distributors": Form(
        "karim", lambda world: "/distributors/", lambda world: {"sort": "name", "page": "1"}, "get"
    ),
    "people": Form(
        "nora",
        lambda world: "/people/",
        lambda world: {
            "q": "a",
            "role": "auditor",
            "status": "active",
            "office": "1",
            "sort": "role",
            "page": "1",
        },
        "get",
    ),
    "inbox": Form(
        "alice",
        lambda world: "/inbox/",
        lambda world: {"q": "DR", "kind": "deal-approved", "show": "unread", "page": "1"},
        "get",
    ),
    "catalogue": Form(
        "alice",
        lambda world: "/catalogue/",
        lambda world: {
            "q": "end",
            "group": "xsp",
            "region": "euro",
            "term": "12",
            "product": "EPS-ADV",
            "nodes": "10",
            "months": "12",
            "page": "1",
        },
        "get",
    ),
    "programme": Form("alice", lambda world: "/programme/", lambda world: {"tier": "gold"}, "get"),
    "comparison": Form(
        "nora", lambda world: "/programme/compare/", lambda world: {"from": "2017", "to": "2099"}, "get"
    ),
    "look-up": Form("anonymous", lambda world: "/status/", lambda world: {"q": "alpha"}, "get"),
    "demo mails": Form(
        "anonymous", lambda world: "/demo/mail/", lambda world: {"to": "a@b.c", "page": "1"}, "get"
    ),
    "replacement": Form(
        "alice",
        lambda world: case_page(f"replace/{world.gaps['alpha'].pk}/")(world),
        lambda world: {"replacement": world.employments["alpha"].pk},
    ),
    "replacement chosen": Form(
        "alice",
        lambda world: case_page(f"replace/{world.gaps['alpha'].pk}/")(world),
        lambda world: {"employee": world.employments["alpha"].pk},
        "get",
    ),
    "date of a departure": Form(
        "alice", case_page("date/"), lambda world: {"departed_on": "2026-11-01", "reason": "Typed wrongly."}
    ),
    "consent to a date": Form(
        "karim",
        lambda world: case_page(f"date/{world.corrections['alpha'].pk}/")(world),
        lambda world: {"decision": "refuse", "text": "The letter says so."},
    ),
    "withdrawal of a case": Form(
        "karim", case_page("withdraw/"), lambda world: {"reason": "Mistake.", "still_here": "yes"}
    ),
    "release of a clock": Form("karim", case_page("clock/"), lambda world: {"reason": "She came back."}),
    "departure found": Form(
        "karim",
        lambda world: f"/departures/open/{world.employments['alpha'].pk}/",
        lambda world: {"departed_on": "2026-11-02", "reason": "Mail comes back."},
    ),
    "reminder by hand": Form(
        "karim",
        lambda world: "/departures/remind/",
        lambda world: {"case": world.departures["alpha"].reference},
    ),
    "list of departures": Form(
        "karim",
        lambda world: "/departures/",
        lambda world: {"q": "a", "status": "all", "deadline": "overdue", "country": "FR", "tier": "gold"},
        "get",
    ),
    "tier review": Form(
        "karim",
        lambda world: f"/tier-reviews/{world.reviews['alpha'].pk}/",
        lambda world: {"decision": "plan", "reason": "r", "plan": "p", "until": "2027-02-01"},
    ),
}


def bodies(right: dict[str, Any], offset: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Bad values in all fields at once: half of the values in each, the other half in the next field and
    form; then each field alone, all others right, so that the refusal of one hides no other's."""
    names = list(right)
    for turn in range(0, len(VALUES), 2):
        yield (
            f"all fields, turn {turn}",
            {name: VALUES[(turn + 7 * place + offset) % len(VALUES)] for place, name in enumerate(names)},
        )
    for place, name in enumerate(names):
        for number in range((offset + place) % ALONE, len(VALUES), ALONE):
            yield f"{name}={str(VALUES[number])[:40]!r}", right | {name: VALUES[number]}


@pytest.mark.filterwarnings("ignore:Use '__' to separate path components:DeprecationWarning")
@pytest.mark.parametrize("name", FORMS)
def test_no_value_brings_a_form_down(world, name):
    form = FORMS[name]
    place, right = form.place(world), form.right(world)
    browser = world.browser(form.who)
    wrong = []
    for told, body in bodies(right, list(FORMS).index(name)):
        cookies = browser.cookies.copy()
        with undone():
            began = time.process_time()
            page = getattr(browser, form.method)(place, body)
            content = b"".join(page.streaming_content) if page.streaming else page.content
            took = time.process_time() - began
            if page.status_code >= 500:
                wrong.append(f"{told}: {page.status_code}")
            if took > SLOWEST:
                wrong.append(f"{told}: {took:.1f} s")
            if "text/html" in page.headers.get("Content-Type", "") and MARKUP.encode() in content:
                wrong.append(f"{told}: comes back as markup")
            if "\r" in page.headers.get("Location", "") or "//evil" in page.headers.get("Location", ""):
                wrong.append(f"{told}: led astray")
        browser.cookies = cookies
        cache.clear()
    assert not wrong, "\n".join([f"{len(wrong)} of {name}:", *wrong[:25]])


@pytest.mark.parametrize(
    "name",
    ["approval", "rejection", "question", "won", "settlement", "answer", "partner edited", "invitation"],
)
def test_what_is_refused_leaves_nothing_behind(world, name):
    """One field wrong, all others right: an answer with the form again, and not a row changed."""
    form = FORMS[name]
    place, right = form.place(world), form.right(world)
    browser, before = world.browser(form.who), fingerprint()
    required = [key for key in right if right[key] not in ("", []) and not key.endswith("_FORMS")]
    # Optional ones, and the tier, which is no field of a partner that is edited.
    optional = {
        "language", "web_domain", "fields_asked", "contact_name", "message", "authorised_countries", "tier",
    }  # fmt: skip
    for key in [key for key in required if key not in optional]:
        for value in ("\x00", "x" * 5_000, "\U0001f98a" if key in ("code", "role", "primary") else "\x00x"):
            page = browser.post(place, right | {key: value})
            assert page.status_code in (200, 422), (key, value[:20], page.status_code)
    assert fingerprint() == before


def test_requests_that_are_no_forms_are_answered(world):
    browser = world.browser("amir")
    before = fingerprint()
    place = FORMS["registration"].place(world)
    many = "&".join(f"f{number}=1" for number in range(3_000))
    for body, kind in (
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"customer_name=%FF%FE%00", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"<x/>", "text/xml"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=" + "\u00e9"),
        (many.encode(), "application/x-www-form-urlencoded"),
        (b"customer_name=" + b"x" * 6_000_000, "application/x-www-form-urlencoded"),
    ):
        page = browser.generic("POST", place, body, content_type=kind)
        assert page.status_code < 500, kind
    for query in (
        "%00",
        "%ff%fe",
        "q=%00&q=%ff",
        "a" * 20_000,
        "page=1&page=2",
        "q[]=1",
        "sort=-sort",
        "=&&=;",
    ):
        for place in ("/deals/", "/people/", "/inbox/", "/catalogue/", "/status/"):
            page = browser.generic("GET", place, QUERY_STRING=query)
            assert page.status_code < 500, (place, query[:20])
    for path in (
        "/deals/DR-%00/", "/deals/%F0%9F%A6%8A/", "/deals/../../etc/passwd", "/documents/x/", "/people/0/",
        f"/people/{10**30}/", f"/deals/conflicts/{10**30}/", "/partners/%00/", "/partners/P-%27/edit/",
        "/programme/editions/%00/", "/accounts/invitation/%00/", f"/accounts/invitation/{'x' * 3000}/",
        "/deals/export/%00/", "/distributors/%2e%2e/", "//evil.example/", "/\\evil.example/",
    ):  # fmt: skip
        page = browser.get(path)
        assert page.status_code < 500, path
        assert "evil" not in page.headers.get("Location", ""), path
    assert fingerprint() == before


# --- files ------------------------------------------------------------------------------------------


def zipped(*entries: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return packed.getvalue()


BOMB = zipped(("[Content_Types].xml", b"<Types/>"), ("xl/worksheets/sheet1.xml", b"0" * 30_000_000))
PNG = b"\x89PNG\r\n\x1a\n"
EVIL = b"<script>alert(1)</script>"

EVIDENCE: dict[str, tuple[str, bytes]] = {
    "empty": ("a.pdf", b""),
    "no name": (".pdf", b"%PDF-1.4\n%%EOF"),
    "huge name": ("x" * 5_000 + ".pdf", b"%PDF-1.4\n%%EOF"),
    "path in the name": ("../../../etc/cron.d/x.pdf", b"%PDF-1.4\n%%EOF"),
    "text turned round": ("invoice\u202efdp.exe", b"MZ"),
    "wrong content": ("a.pdf", b"MZ\x90\x00" * 50),
    "page as picture": ("a.png", EVIL),
    "picture with a page behind": ("a.html", PNG + EVIL),
    "drawing with a script": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    "bomb": ("a.xlsx", BOMB),
    "archive that is none": ("a.docx", b"PK\x03\x04" + b"\x00" * 40),
    "macros": ("a.docx", zipped(("word/document.xml", b"<x/>"), ("word/vbaProject.bin", b"x"))),
    "outside entities": (
        "a.docx", zipped(("word/document.xml", b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///'>]>"))
    ),
    "programme": ("a.exe", b"MZ"),
}  # fmt: skip
# Of these some may be kept: harmless under the name they get.
MAY_BE_KEPT = {"huge name", "path in the name", "outside entities"}


@pytest.mark.parametrize("kind", EVIDENCE)
def test_hostile_files_as_evidence(world, kind):
    name, content = EVIDENCE[kind]
    deal = world.deals["alpha_draft"]
    before = Document.objects.count()
    began = time.process_time()
    page = world.browser("amir").post(
        f"/deals/{deal.reference}/draft/contact/",
        {
            "file": SimpleUploadedFile(name, content, "application/pdf"),
            "kind": "meeting",
            "dated_on": world.at.date().isoformat(),
            "action": "upload",
        },
    )
    assert page.status_code in (200, 302)
    assert time.process_time() - began < SLOWEST
    kept = Document.objects.count() - before
    assert kept == deal.evidence.count() - 1
    if kind not in MAY_BE_KEPT:
        assert kept == 0
    for document in Document.objects.order_by("-uploaded_at")[:kept]:
        assert len(document.name) <= 120 and "/" not in document.name and ".." not in document.file.name
        served = world.browser("amir").get(f"/documents/{document.pk}/")
        assert served["Content-Disposition"].startswith("attachment")
        assert served["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in served["Content-Security-Policy"]


def prices() -> str:
    return "region;currency;valid_from;sku;term_months;nodes_from;per_node\n"


TABLES: dict[str, bytes] = {
    "empty": b"",
    "only a byte order mark": b"\xef\xbb\xbf",
    "utf-16": (prices() + "euro;EUR;2027-01-01;EPS-ADV;12;1;10\n").encode("utf-16"),
    "nul": prices().encode() + b"euro;EUR;2027-01-01;EPS\x00ADV;12;1;10\n",
    "latin-1": prices().encode() + "euro;EUR;2027-01-01;é;12;1;10\n".encode("latin-1"),
    "header only": prices().encode(),
    "a hundred thousand columns": b";".join([b"x"] * 100_000) + b"\n",
    "one endless line": b"x" * 1_900_000,
    "quote that never ends": prices().encode() + b'"euro;EUR\n' * 5_000,
    "hostile numbers": prices().encode()
    + b"".join(
        f"euro;EUR;2027-01-01;EPS-ADV;{value};{value};{value}\n".encode()
        for value in ("NaN", "1e999", "-1", "0x1", "9" * 40, "=1+1", "Infinity", "")
    ),
    "hostile dates": prices().encode()
    + b"".join(
        f"euro;EUR;{value};EPS-ADV;12;1;10\n".encode()
        for value in ("0001-01-01", "9999-12-31", "2027-02-31", "10000-01-01", "x")
    ),
    "workbook": BOMB,
    "too big": b"x;" * 1_100_000,
}


@pytest.mark.parametrize("kind", TABLES)
def test_hostile_price_files(world, kind):
    browser = world.browser("nora")
    # The file is kept as evidence of what was tried; prices stay as they are.
    kept = ("catalogue_priceimport", "audit_event")
    before = fingerprint(without=kept)
    began = time.process_time()
    page = browser.post(
        "/catalogue/import/", {"file": SimpleUploadedFile("prices.csv", TABLES[kind], "text/csv")}
    )
    assert page.status_code in (302, 422)
    if page.status_code == 302:
        assert browser.get(page["Location"]).status_code == 200
        assert browser.get(f"{page['Location']}problems.csv").status_code == 200
        applied = browser.post(f"{page['Location']}apply/")
        assert applied.status_code == 302
        assert browser.get(applied["Location"]).status_code == 200
    assert time.process_time() - began < SLOWEST
    assert fingerprint(without=kept) == before


EDITIONS: dict[str, bytes] = {
    "empty": b"",
    "utf-16": edition_text("2100").encode("utf-16"),
    "nul": edition_text("2100").encode() + b"\x00",
    "laughing": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n".encode()
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "object": b"!!python/object/apply:os.system ['true']",
    "deep": b"[" * 5_000,
    "deep mapping": b"".join(b" " * depth + b"a:\n" for depth in range(2_000)),
    "list": b"- 1\n- 2\n",
    "number": b"42",
    "twice": edition_text("2100").encode() * 2,
    "hostile numbers": edition_text("2100").replace("30", ".nan").replace("90", "1e999").encode(),
    "published already": edition_text("2017").encode(),
    "odd code": edition_text("../../x").encode(),
    "too big": b"# " + b"x" * 300_000,
}


@pytest.mark.parametrize("kind", EDITIONS)
def test_hostile_edition_files(world, kind):
    browser, before = world.browser("nora"), fingerprint()
    began = time.process_time()
    page = browser.post(
        "/programme/import/", {"file": SimpleUploadedFile("edition.yaml", EDITIONS[kind], "text/yaml")}
    )
    assert page.status_code == 422
    assert time.process_time() - began < SLOWEST
    assert fingerprint() == before


def test_many_files_at_once_stop_at_the_limit(world):
    deal = world.deals["alpha_draft"]
    page = world.browser("amir").post(
        f"/deals/{deal.reference}/draft/contact/",
        {
            "file": [evidence_file(f"{number}.pdf") for number in range(25)],
            "kind": "meeting",
            "dated_on": world.at.date().isoformat(),
            "action": "upload",
        },
    )
    assert page.status_code in (200, 302)
    assert Deal.objects.get(pk=deal.pk).evidence.count() <= 10
