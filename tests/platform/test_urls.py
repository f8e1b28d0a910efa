"""The table of URL x role (promise S1): every address of the portal, asked for by everybody, for the
objects of every organisation, with every method. An address that is not in the table fails."""

import re
import uuid
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver
from django_celery_beat.models import PeriodicTask

from partners.lists.models import SavedView
from portal.core.references import read_reference
from tests.world import (
    CERTIFICATE_READERS,
    CONFLICT_READERS,
    CONSENT_TOKEN,
    COURSE_READERS,
    CUSTOMER_READERS,
    DEAL_READERS,
    DISTRIBUTOR_PEOPLE,
    DISTRIBUTOR_READERS,
    DOCUMENT_READERS,
    EMPLOYEE_READERS,
    EVERYBODY,
    MEMBERS,
    PARTNER_PEOPLE,
    PARTNER_READERS,
    PEOPLE_MANAGERS,
    PEOPLE_READERS,
    STAFF_READERS,
    VENDOR_PEOPLE,
    World,
    fingerprint,
    undone,
)

# --- who may do what, in words ----------------------------------------------------------------------

REGISTRANTS = {"alice", "amir", "bruno", "ben", "carla", "dora", "paul"}
REVIEWERS = {"denise", "didier", "eve", "emil", "dieter"}
AUDITORS = {"august", "anna"}
PROGRAMME_ADMINS = {"nora", "nils"}
CHANNEL = {"karim", "ingrid"} | PROGRAMME_ADMINS
ADMINISTRATORS = {"alice", "bruno", "carla", "dora", "paul", "denise", "eve"} | PROGRAMME_ADMINS
STAFF_MANAGERS = {"alice", "bruno", "carla", "dora", "paul"}
BOOKERS = STAFF_MANAGERS | {"amir", "ben", "tina", "bob"}
COMMENTERS = REGISTRANTS | {"tina", "bob"} | REVIEWERS | CHANNEL

# What a form answers to whoever may send it: done and led on, or shown again with what is wrong.
ANSWERED = frozenset({200, 302, 409, 422})
LED_ON = frozenset({302})

Expected = int | frozenset[int]
Rule = Expected | Callable[[str, str], Expected]


AT = datetime(2026, 11, 23, tzinfo=UTC)
MISSING = "∅"  # an object that does not exist


def only(group: Iterable[str], then: Expected = 200, otherwise: Expected = 403) -> Rule:
    """Asked before any object is looked for: who may not, learns nothing about it."""
    return lambda who, thing: otherwise if who not in group else 404 if thing == MISSING else then


def seen(readers: dict[str, set[str]], then: Rule = 200) -> Rule:
    """404 for whom the object does not exist."""

    def rule(who: str, thing: str) -> Expected:
        if who not in readers.get(thing, ()):
            return 404
        return then(who, thing) if callable(then) else then

    return rule


def managers(then: Expected) -> Rule:
    return lambda who, thing: then if who in PEOPLE_MANAGERS[thing] else 403


def people_pages(of: dict[str, set[str]], then: Rule) -> Rule:
    """The vendor sees the people of the organisations it sees, everybody else their own colleagues."""

    def rule(who: str, thing: str) -> Expected:
        if thing == MISSING:
            return 404
        inside = who in VENDOR_PEOPLE and who in of[thing]
        if not inside and who not in (PEOPLE_READERS.get(thing) or _staff_of(thing)):
            return 404
        return then(who, thing) if callable(then) else then

    return rule


def _staff_of(thing: str) -> set[str]:
    return {"charlie": {"carla"}, "delta": {"dora"}}[thing]


def _manages(who: str, thing: str) -> bool:
    also = {"charlie": {"carla", "nora"}, "delta": {"dora", "nora"}}
    return who in (PEOPLE_MANAGERS.get(thing) or also[thing])


DRAFTS = {"alpha_draft", "bravo_draft"}


@dataclass(frozen=True)
class Page:
    """An address: what it answers to GET and to POST, by person and object. Visitors are sent to sign
    in, and whoever belongs to no organisation is refused, where nothing else is said."""

    get: Rule
    post: Rule = 405
    things: str = ""
    anonymous: Expected = 302
    stranger: Expected | None = 403
    # What a look may leave behind: tables that are not compared.
    leaves: tuple[str, ...] = ()


def public(get: Rule, post: Rule = 405, **more: Any) -> Page:
    """For everybody, signed in or not."""
    return Page(get, post, anonymous=None, stranger=None, **more)  # type: ignore[arg-type]


def of_register(then: Rule) -> Rule:
    """Nobody but the vendor learns whether a customer is known (rule E6); the vendor by its region."""

    def rule(who: str, thing: str) -> Expected:
        if who not in VENDOR_PEOPLE:
            return 403
        if who not in CUSTOMER_READERS.get(thing, ()):
            return 404
        return then(who, thing) if callable(then) else then

    return rule


def editions_seen(manager: Expected, others: Expected) -> Rule:
    """Everybody sees what is published; a draft only those who make it."""

    def rule(who: str, thing: str) -> Expected:
        if thing == MISSING or (thing == "draft" and who not in PROGRAMME_ADMINS):
            return 404
        return manager if who in PROGRAMME_ADMINS else others

    return rule


def office_form(then: Expected) -> Rule:
    """All of the vendor see an office, the programme administrators change it."""
    return lambda who, thing: (
        404 if who not in VENDOR_PEOPLE or thing == MISSING else then if who in PROGRAMME_ADMINS else 403
    )


def job_changed(then: Expected) -> Rule:
    """All of the vendor see the jobs, the programme administrators change them."""

    def rule(who: str, thing: str) -> Expected:
        if who not in VENDOR_PEOPLE:
            return 403
        return 404 if thing == MISSING else then if who in PROGRAMME_ADMINS else 403

    return rule


def step_of_draft(review: bool) -> Rule:
    def rule(who: str, thing: str) -> Expected:
        if who not in REGISTRANTS and not review:
            return 403
        return 200 if thing in DRAFTS else 302

    return seen(DEAL_READERS, rule)


def decide(who: str, thing: str) -> Expected:
    """GET and POST of the move `approve`."""
    if thing == "alpha_approved":  # decided by Denise
        return LED_ON if who in REVIEWERS else 403
    if thing in ("alpha_enterprise", "platin") or thing in DRAFTS:
        return 403 if thing != "platin" else only(REVIEWERS, 200)(who, thing)  # type: ignore[operator]
    if thing == "alpha_asked":
        return LED_ON if who in REVIEWERS else 403
    return 200 if who in REVIEWERS else 403


def post_of(rule: Rule) -> Rule:
    """Where a look shows the form, a POST gets an answer."""

    def asked(who: str, thing: str) -> Expected:
        status = rule(who, thing) if callable(rule) else rule
        return ANSWERED if status in (200, LED_ON) else status

    return asked


def supplied(then: Expected) -> Rule:
    """A distributor registers for the partners that it sees."""

    def rule(who: str, thing: str) -> Expected:
        if who not in REVIEWERS:
            return 403
        return then if who in PARTNER_READERS.get(thing, ()) else 404

    return rule


def move_on(who: str, thing: str) -> Expected:
    """To another distributor: only before it is decided."""
    return 403 if who not in REGISTRANTS else 302 if thing in DRAFTS else 200


def team_of(who: str, thing: str) -> Expected:
    return 403 if who in DISTRIBUTOR_PEOPLE else 200


SESSION_READERS = {"coming": MEMBERS}


def course_page(then: Rule) -> Rule:
    return seen(COURSE_READERS, then)


def session_page(then: Rule) -> Rule:
    return seen(SESSION_READERS, then)


def of_uploader(then: Expected) -> Rule:
    return lambda who, thing: 403 if who not in CHANNEL else then if who == thing else 404


EMPLOYERS = {"alice", "bruno", "paul"}


def personal_data(employers: set[str]) -> Rule:
    return seen(CERTIFICATE_READERS, only(employers | PROGRAMME_ADMINS))


OUT = {"anonymous", "dan"}

TABLE: dict[str, Page] = {
    "healthz": public(200),
    "readyz": public(frozenset({200, 503})),
    "home": Page(200),
    "search": Page(200),
    "search_suggestions": Page(200),
    "choose_language": public(405, LED_ON),
    "choose_theme": public(405, LED_ON),
    "settings": Page(200, ANSWERED, stranger=None),
    "partner_status": public(200),
    # People
    "people:list": Page(200),
    "people:invite": Page(only(ADMINISTRATORS), post_of(only(ADMINISTRATORS))),
    "people:page": Page(seen(PEOPLE_READERS), seen(PEOPLE_READERS, managers(ANSWERED)), things="memberships"),
    "people:deactivate": Page(405, seen(PEOPLE_READERS, managers(ANSWERED)), things="memberships"),
    "people:reactivate": Page(405, seen(PEOPLE_READERS, managers(LED_ON)), things="memberships"),
    "people:resend": Page(405, seen(PEOPLE_READERS, managers(LED_ON)), things="invitations"),
    "people:withdraw": Page(405, seen(PEOPLE_READERS, managers(LED_ON)), things="invitations"),
    "email_address": Page(200, ANSWERED, stranger=None),
    "confirm_email_address": Page(410, 410, things="tokens", stranger=None),
    "switch_organisation": Page(405, only(set(), 302, 404), stranger=404),
    "accept_invitation": public(200, 200, things="tokens"),
    # Partners
    "partners:list": Page(only(PARTNER_PEOPLE, 302, 200)),
    "partners:export": Page(only(PARTNER_PEOPLE, 403, 200), things="file_kinds"),
    "partners:add": Page(only(CHANNEL), post_of(only(CHANNEL))),
    "partners:page": Page(seen(PARTNER_READERS), things="partners"),
    "partners:edit": Page(
        seen(PARTNER_READERS, only(CHANNEL)), seen(PARTNER_READERS, post_of(only(CHANNEL))), things="partners"
    ),
    "partners:people": Page(people_pages(PARTNER_READERS, 200), things="partners"),
    "partners:invite": Page(
        people_pages(PARTNER_READERS, lambda who, thing: 200 if _manages(who, thing) else 403),
        people_pages(PARTNER_READERS, lambda who, thing: ANSWERED if _manages(who, thing) else 403),
        things="partners",
    ),
    # Distributors
    "distributors:list": Page(only(DISTRIBUTOR_PEOPLE, 302, 200)),
    "distributors:add": Page(only(PROGRAMME_ADMINS), post_of(only(PROGRAMME_ADMINS))),
    "distributors:page": Page(seen(DISTRIBUTOR_READERS), things="distributors"),
    "distributors:edit": Page(
        seen(DISTRIBUTOR_READERS, only(PROGRAMME_ADMINS)),
        seen(DISTRIBUTOR_READERS, post_of(only(PROGRAMME_ADMINS))),
        things="distributors",
    ),
    "distributors:people": Page(people_pages(DISTRIBUTOR_READERS, 200), things="distributors"),
    "distributors:invite": Page(
        people_pages(DISTRIBUTOR_READERS, lambda who, thing: 200 if _manages(who, thing) else 403),
        people_pages(DISTRIBUTOR_READERS, lambda who, thing: ANSWERED if _manages(who, thing) else 403),
        things="distributors",
    ),
    # The vendor's offices
    "offices:list": Page(only(VENDOR_PEOPLE)),
    "offices:add": Page(only(PROGRAMME_ADMINS), post_of(only(PROGRAMME_ADMINS))),
    "offices:page": Page(only(VENDOR_PEOPLE, otherwise=404), things="offices"),
    "offices:edit": Page(office_form(200), office_form(ANSWERED), things="offices"),
    # Deals
    "deals:list": Page(200),
    "deals:register": Page(only(REGISTRANTS), post_of(only(REGISTRANTS))),
    "deals:decision_times": Page(only(PARTNER_PEOPLE | DISTRIBUTOR_PEOPLE | VENDOR_PEOPLE)),
    "deals:queue": Page(only(DISTRIBUTOR_PEOPLE | CHANNEL)),
    "deals:export": Page(200, things="file_kinds"),
    "deals:bulk": Page(405, ANSWERED),
    "deals:customer_choices": Page(200),
    "deals:partner_choices": Page(only(PARTNER_PEOPLE, 403, 200)),
    "deals:pipeline": Page(200),
    "deals:pipeline_export": Page(200, things="file_kinds"),
    "deals:losses": Page(200),
    "deals:losses_export": Page(200, things="file_kinds"),
    "deals:pick_partner": Page(only(REVIEWERS)),
    "deals:register_on_behalf": Page(supplied(200), supplied(ANSWERED), things="partners"),
    # Nothing in this world is to be changed, moved or begun again but what is named here.
    "deals:amend": Page(
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        things="some_deals",
        stranger=404,
    ),
    "deals:amendment": Page(
        seen(DEAL_READERS, only(REVIEWERS | CHANNEL, LED_ON)),
        seen(DEAL_READERS, only(REVIEWERS | CHANNEL, LED_ON)),
        things="some_deals",
        stranger=404,
    ),
    "deals:amendment_withdraw": Page(
        405, seen(DEAL_READERS, only(REGISTRANTS, LED_ON)), things="some_deals", stranger=404
    ),
    "deals:change_distributor": Page(
        seen(DEAL_READERS, move_on), seen(DEAL_READERS, post_of(move_on)), things="some_deals", stranger=404
    ),
    "deals:conflicts": Page(only(VENDOR_PEOPLE)),
    "deals:conflict": Page(
        seen(CONFLICT_READERS), seen(CONFLICT_READERS, only(CHANNEL, ANSWERED)), things="conflicts"
    ),
    # The register of end customers. Two numbers in one address are the same here: led back to the record.
    "customers:list": Page(only(VENDOR_PEOPLE)),
    "customers:page": Page(of_register(200), things="customers"),
    "customers:merge_choice": Page(of_register(only(CHANNEL, 302)), things="customers"),
    "customers:merge": Page(
        of_register(only(CHANNEL, 302)), of_register(only(CHANNEL, ANSWERED)), things="customers"
    ),
    "customers:split": Page(
        of_register(only(CHANNEL)), of_register(only(CHANNEL, ANSWERED)), things="customers"
    ),
    "customers:undo": Page(
        of_register(only(CHANNEL)), of_register(only(CHANNEL, ANSWERED)), things="customer_changes"
    ),
    "deals:appeals": Page(only(VENDOR_PEOPLE)),
    "deals:revocations": Page(only(VENDOR_PEOPLE)),
    "deals:appeal_figures": Page(only(VENDOR_PEOPLE)),
    "deals:discounts": Page(only(VENDOR_PEOPLE)),
    # No revocation is announced in this world: whoever may is led back to the deal.
    "deals:state_view": Page(
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        things="some_deals",
        stranger=404,
    ),
    "deals:decide_revocation": Page(
        seen(DEAL_READERS, only(CHANNEL, LED_ON)),
        seen(DEAL_READERS, only(CHANNEL, LED_ON)),
        things="some_deals",
        stranger=404,
    ),
    "deals:ask_discount": Page(
        seen(
            DEAL_READERS,
            lambda who, thing: 403 if who not in REGISTRANTS else 302 if thing in DRAFTS else 200,
        ),
        seen(DEAL_READERS, only(REGISTRANTS, ANSWERED)),
        things="some_deals",
        stranger=404,
    ),
    "deals:withdraw_discount": Page(
        405, seen(DEAL_READERS, only(REGISTRANTS, LED_ON)), things="some_deals", stranger=404
    ),
    # Nothing is asked for in this world.
    "deals:decide_discount": Page(
        seen(DEAL_READERS, only(CHANNEL, LED_ON)),
        seen(DEAL_READERS, only(CHANNEL, LED_ON)),
        things="some_deals",
        stranger=404,
    ),
    # Of these only one is approved, which has a table of its own in tests/dealreg/deals.
    "deals:letter": Page(404, things="some_deals", stranger=404),
    "deals:verify_letter": Page(
        seen({"alpha_approved": DEAL_READERS["alpha_approved"]}), things="letters", stranger=404
    ),
    # Nothing in this world is rejected: whoever may appeal is led back to the deal.
    "deals:appeal": Page(
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        things="some_deals",
    ),
    "deals:judge_appeal": Page(
        seen(DEAL_READERS, only(CHANNEL, 404)), seen(DEAL_READERS, only(CHANNEL, 404)), things="some_deals"
    ),
    "deals:detail": Page(
        seen(DEAL_READERS, lambda who, thing: 302 if thing in DRAFTS and who in REGISTRANTS else 200),
        things="deals",
    ),
    "deals:draft": Page(
        step_of_draft(review=False), post_of(step_of_draft(review=False)), things="some_deals"
    ),
    "deals:draft/review": Page(
        step_of_draft(review=True), post_of(step_of_draft(review=False)), things="some_deals"
    ),
    "deals:discard": Page(
        405,
        seen(
            DEAL_READERS, lambda who, thing: (302 if thing in DRAFTS else 409) if who in REGISTRANTS else 403
        ),
        things="some_deals",
    ),
    "deals:receipt": Page(
        seen(DEAL_READERS, lambda who, thing: 200 if thing not in DRAFTS and who in PARTNER_PEOPLE else 302),
        things="some_deals",
    ),
    "deals:mentions": Page(seen(DEAL_READERS, only(COMMENTERS)), things="some_deals"),
    "deals:upload": Page(405, seen(DEAL_READERS, only(REGISTRANTS, ANSWERED)), things="some_deals"),
    "deals:copy": Page(
        seen(DEAL_READERS, only(REGISTRANTS)),
        seen(DEAL_READERS, only(REGISTRANTS, LED_ON)),
        things="some_deals",
    ),
    "deals:review": Page(
        seen(DEAL_READERS, lambda who, thing: 404 if who in PARTNER_PEOPLE else 200),
        seen(
            DEAL_READERS,
            lambda who, thing: (
                404 if who in PARTNER_PEOPLE else ANSWERED if who in REVIEWERS | CHANNEL else 403
            ),
        ),
        things="some_deals",
        stranger=404,
    ),
    "deals:comment": Page(405, seen(DEAL_READERS, only(COMMENTERS, ANSWERED)), things="some_deals"),
    "deals:move": Page(seen(DEAL_READERS, decide), seen(DEAL_READERS, post_of(decide)), things="some_deals"),
    "documents:download": Page(seen(DOCUMENT_READERS), things="documents"),
    # Certificates: distributors see figures only, never a person. None of a person for visitors.
    "certificates:list": Page(only(PARTNER_PEOPLE | VENDOR_PEOPLE)),
    "certificates:export": Page(only(PARTNER_PEOPLE | VENDOR_PEOPLE), things="file_kinds"),
    "certificates:page": Page(seen(CERTIFICATE_READERS), things="certificates"),
    "certificates:pdf": Page(seen(CERTIFICATE_READERS), things="certificates"),
    "certificates:withdraw": Page(
        seen(CERTIFICATE_READERS, only(CHANNEL)),
        seen(CERTIFICATE_READERS, only(CHANNEL, ANSWERED)),
        things="certificates",
    ),
    # So many questions from one address are more than the portal answers.
    "certificates:imports": Page(only(CHANNEL)),
    "certificates:import_new": Page(only(CHANNEL), post_of(only(CHANNEL))),
    "certificates:import_template": Page(only(CHANNEL), things="import_kinds"),
    # A file is for whoever has uploaded it.
    "certificates:import": Page(of_uploader(200), things="imported_files"),
    "certificates:import_bad_lines": Page(of_uploader(200), things="imported_files"),
    "certificates:import_apply": Page(405, of_uploader(LED_ON), things="imported_files"),
    "certificates:import_discard": Page(405, of_uploader(LED_ON), things="imported_files"),
    # Personal data: one's own, that of one's employees, and for programme administrators that of all.
    "privacy:overview": Page(200),
    "privacy:me": Page(only({"tina"}, 200, 404)),
    "privacy:me_file": Page(only({"tina"}, 200, 404)),
    "privacy:employee": Page(personal_data(EMPLOYERS), things="holders"),
    "privacy:employee_file": Page(personal_data(EMPLOYERS), things="holders"),
    "privacy:tell": Page(
        405,
        seen(CERTIFICATE_READERS, only(EMPLOYERS | CHANNEL, LED_ON)),
        things="holders",
    ),
    # A table of its own in tests/partners/certification/test_held_data.py
    "privacy:held": public(404, things="no_calendar"),
    "privacy:held_file": public(404, things="no_calendar"),
    "privacy:erase": Page(personal_data(set()), post_of(personal_data(set())), things="holders"),
    "verify_certificate": public(frozenset({200, 429}), things="certificate_codes"),
    # Programme and catalogue
    "programme:overview": Page(200),
    "programme:compare": Page(200),
    "programme:import": Page(only(PROGRAMME_ADMINS), post_of(only(PROGRAMME_ADMINS))),
    "programme:editions": Page(200),
    "programme:edition": Page(editions_seen(200, 200), things="editions"),
    "programme:export": Page(editions_seen(200, 200), things="editions"),
    "programme:edition-file": Page(only(PROGRAMME_ADMINS), things="editions"),
    "programme:publish": Page(
        405,
        editions_seen(LED_ON, 403),
        things="editions",
        stranger=404,
    ),
    "programme:discard": Page(
        405,
        editions_seen(frozenset({302, 409}), 403),
        things="editions",
        stranger=404,
    ),
    "catalogue:overview": Page(200),
    "catalogue:price-lists": Page(only(PROGRAMME_ADMINS)),
    "catalogue:import": Page(only(PROGRAMME_ADMINS), post_of(only(PROGRAMME_ADMINS))),
    "catalogue:price-import": Page(only(PROGRAMME_ADMINS), things="price_imports"),
    "catalogue:problems": Page(only(PROGRAMME_ADMINS), things="price_imports"),
    "catalogue:apply": Page(405, only(PROGRAMME_ADMINS, LED_ON), things="price_imports"),
    "catalogue:discard": Page(405, only(PROGRAMME_ADMINS, LED_ON), things="price_imports"),
    # Training
    "training:list": Page(200),
    "training:export": Page(200, things="file_kinds"),
    "training:calendar": Page(200),
    "training:sessions": Page(200),
    "training:add": Page(only(CHANNEL), post_of(only(CHANNEL))),
    "training:page": Page(course_page(200), things="courses"),
    "training:edit": Page(course_page(only(CHANNEL)), course_page(only(CHANNEL, ANSWERED)), things="courses"),
    "training:publish": Page(405, course_page(only(CHANNEL, LED_ON)), things="courses"),
    "training:withdraw": Page(405, course_page(only(CHANNEL, LED_ON)), things="courses"),
    # Nobody learns and takes exams for others. Tina alone is an employee with an account; she is led back
    # from courses that take place on site.
    "training:progress": Page(405, course_page(only({"tina"}, LED_ON)), things="courses"),
    "training:start_exam": Page(405, course_page(only({"tina"}, LED_ON)), things="courses"),
    "training:results": Page(
        course_page(only(CHANNEL)), course_page(only(CHANNEL, ANSWERED)), things="courses"
    ),
    "training:questions": Page(only(CHANNEL), things="courses"),
    "training:questions_export": Page(only(CHANNEL), things="courses"),
    "training:question_add": Page(only(CHANNEL), post_of(only(CHANNEL)), things="courses"),
    "training:question": Page(only(CHANNEL), post_of(only(CHANNEL)), things="questions"),
    "training:question_switch": Page(405, only(CHANNEL, LED_ON), things="questions"),
    "training:session": Page(session_page(200), things="sessions"),
    "training:session_add": Page(
        course_page(only(CHANNEL)), course_page(only(CHANNEL, ANSWERED)), things="courses"
    ),
    "training:session_edit": Page(
        session_page(only(CHANNEL)), session_page(only(CHANNEL, ANSWERED)), things="sessions"
    ),
    "training:session_cancel": Page(
        session_page(only(CHANNEL)), session_page(only(CHANNEL, ANSWERED)), things="sessions"
    ),
    "training:book": Page(405, session_page(only(BOOKERS)), things="sessions"),
    "training:attendance": Page(405, session_page(only(CHANNEL, LED_ON)), things="sessions"),
    "training:participants": Page(session_page(only(CHANNEL)), things="sessions"),
    "training:give_back": Page(
        405, seen(EMPLOYEE_READERS, only(STAFF_MANAGERS | CHANNEL, LED_ON)), things="bookings"
    ),
    "training:exam": Page(
        seen(EMPLOYEE_READERS, only(STAFF_MANAGERS | VENDOR_PEOPLE)),
        seen(EMPLOYEE_READERS, 403),
        things="attempts",
    ),
    "training:grant_exam": Page(405, seen(EMPLOYEE_READERS, only(CHANNEL, LED_ON)), things="attempts"),
    # Saved views: everybody's own
    "lists:manage": Page(200, things="lists", stranger=frozenset({403, 404})),
    "lists:save": Page(405, ANSWERED, things="lists", stranger=frozenset({403, 404})),
    "lists:open": Page(lambda who, thing: 302 if who == thing else 404, things="saved_views", stranger=404),
    "lists:change": Page(
        405, lambda who, thing: LED_ON if who == thing else 404, things="saved_views", stranger=404
    ),
    # Teams: a distributor sees figures and never a person
    "team:list": Page(only(PARTNER_PEOPLE, 200, 302)),
    "team:export": Page(only(PARTNER_PEOPLE), things="file_kinds"),
    "team:add": Page(only(STAFF_MANAGERS), post_of(only(STAFF_MANAGERS))),
    "team:me": Page(only(PARTNER_PEOPLE)),
    "team:coverage": Page(only(PARTNER_PEOPLE, 403, 200)),
    "team:coverage_export": Page(only(PARTNER_PEOPLE, 403, 200), things="file_kinds"),
    "team:of": Page(
        seen(PARTNER_READERS, lambda who, thing: 302 if who in PARTNER_PEOPLE else team_of(who, thing)),
        things="partners",
        stranger=403,
    ),
    "team:export_of": Page(seen(PARTNER_READERS, lambda who, thing: team_of(who, thing)), things="partners"),
    "team:page": Page(seen(STAFF_READERS), things="employments", stranger=403),
    "team:edit": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS)),
        seen(STAFF_READERS, post_of(only(STAFF_MANAGERS))),
        things="employments",
    ),
    # Nobody in this world has left: whoever may is told so on the form.
    "team:rehire": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS)),
        seen(STAFF_READERS, post_of(only(STAFF_MANAGERS))),
        things="employments",
    ),
    "team:leave": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS)),
        seen(STAFF_READERS, post_of(only(STAFF_MANAGERS))),
        things="employments",
    ),
    # Departures and tiers: never a distributor
    "departures:list": Page(only(PARTNER_PEOPLE | VENDOR_PEOPLE)),
    "departures:export": Page(only(PARTNER_PEOPLE | VENDOR_PEOPLE), things="file_kinds"),
    "departures:remind": Page(405, only(CHANNEL, LED_ON)),
    "departures:open": Page(
        lambda who, thing: seen(STAFF_READERS)(who, thing) if who in CHANNEL else 403,
        lambda who, thing: seen(STAFF_READERS, ANSWERED)(who, thing) if who in CHANNEL else 403,
        things="employments",
    ),
    "departures:case": Page(seen(STAFF_READERS), things="departures", stranger=404),
    # All of them are reported already.
    "departures:report": Page(
        405, seen(STAFF_READERS, only(STAFF_MANAGERS, 409)), things="departures", stranger=404
    ),
    "departures:replace": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS)),
        seen(STAFF_READERS, only(STAFF_MANAGERS, ANSWERED)),
        things="gaps",
        stranger=404,
    ),
    "departures:take_back": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS | CHANNEL)),
        seen(STAFF_READERS, only(STAFF_MANAGERS | CHANNEL, ANSWERED)),
        things="gaps",
        stranger=404,
    ),
    "departures:correct": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS | CHANNEL)),
        seen(STAFF_READERS, only(STAFF_MANAGERS | CHANNEL, ANSWERED)),
        things="departures",
        stranger=404,
    ),
    "departures:decide_correction": Page(
        seen(STAFF_READERS, only(CHANNEL)),
        seen(STAFF_READERS, only(CHANNEL, ANSWERED)),
        things="corrections",
        stranger=404,
    ),
    "departures:withdraw": Page(
        seen(STAFF_READERS, only(STAFF_MANAGERS | CHANNEL)),
        seen(STAFF_READERS, only(STAFF_MANAGERS | CHANNEL, ANSWERED)),
        things="departures",
        stranger=404,
    ),
    "departures:release": Page(
        seen(STAFF_READERS, only(CHANNEL)),
        seen(STAFF_READERS, only(CHANNEL, ANSWERED)),
        things="departures",
        stranger=404,
    ),
    "tiering:list": Page(only(PARTNER_PEOPLE | VENDOR_PEOPLE)),
    "tiering:review": Page(
        seen(STAFF_READERS), seen(STAFF_READERS, only(CHANNEL, ANSWERED)), things="reviews", stranger=404
    ),
    "team:ask_transfer": Page(405, seen(STAFF_READERS, only(STAFF_MANAGERS, ANSWERED)), things="employments"),
    "team:transfers": Page(only(VENDOR_PEOPLE)),
    "team:decide_transfer": Page(
        seen(STAFF_READERS, lambda who, thing: 302 if who in PARTNER_PEOPLE else 200),
        seen(STAFF_READERS, only(CHANNEL, ANSWERED)),
        things="transfers",
    ),
    "team:withdraw_transfer": Page(
        405, seen(STAFF_READERS, only(STAFF_MANAGERS, LED_ON)), things="transfers"
    ),
    "team:consent": public(
        lambda who, thing: 404 if thing == MISSING else 200,
        lambda who, thing: 404 if thing == MISSING else 200,
        things="consents",
    ),
    # One's own calendar: a table of its own in tests/portal/calendars
    "calendars:address": Page(200, 200, stranger=None),
    "calendars:revoke": Page(405, LED_ON, stranger=None),
    "calendars:feed": public(404, things="no_calendar"),
    # What runs by itself
    "jobs:board": Page(only(VENDOR_PEOPLE)),
    "jobs:send_again": Page(405, only(PROGRAMME_ADMINS, LED_ON)),
    "jobs:sweep": Page(only(VENDOR_PEOPLE), things="sweeps"),
    "jobs:run_sweep": Page(405, job_changed(LED_ON), things="sweeps"),
    "jobs:task": Page(only(VENDOR_PEOPLE), job_changed(ANSWERED), things="scheduled_tasks"),
    "jobs:run_task": Page(405, job_changed(LED_ON), things="scheduled_tasks"),
    "jobs:pause": Page(405, job_changed(ANSWERED), things="scheduled_tasks"),
    "jobs:resume": Page(405, job_changed(ANSWERED), things="scheduled_tasks"),
    # Inbox: everybody's own
    "inbox:list": Page(200, stranger=200),
    "inbox:mark_all": Page(405, LED_ON, stranger=LED_ON),
    "inbox:open": Page(
        lambda who, thing: 302 if who == thing else 404,
        things="notifications",
        leaves=("notifications_notification",),
    ),
    "inbox:mark": Page(
        405,
        lambda who, thing: frozenset({302, 400}) if who == thing else 404,
        things="notifications",
    ),
    # Only in the demo
    "demo_mail:list": public(404),
    "demo_mail:read": public(404),
    "demo_mail:html": public(404),
}
# An object that a person does not see, and one that a person without company asks for: 404, not 403.
for _name in (
    "deals:conflict", "deals:detail", "deals:draft", "deals:draft/review", "deals:discard", "deals:receipt",
    "deals:comment", "deals:move", "documents:download", "inbox:open", "inbox:mark", "deals:appeal",
    "deals:judge_appeal", "deals:copy", "deals:mentions", "deals:upload",
):  # fmt: skip
    TABLE[_name] = Page(**{**vars(TABLE[_name]), "stranger": 404})


# Pages of allauth: nobody needs a company for them, and what they show is one's own account. Some ask
# for the password again first (302), some have nothing to show (404).
OWN = frozenset({200, 302, 404, 405})
TABLE |= {
    "account_login": public(only(OUT, 200, 302), only(OUT, 200, 302)),
    "account_logout": public(only(OUT, 302, 200), 302),
    "account_inactive": public(200, 405),
    "account_signup": public(only(OUT, 200, OWN), OWN),
    "account_email_verification_sent": public(200, 405),
    "account_reset_password": public(200, OWN),
    "account_confirm_login_code": public(302, 302),
    "account_confirm_email": public(200, OWN),
    "account_reset_password_from_key_done": public(200, 405),
    "account_reset_password_from_key": public(200, 200),
    "account_reset_password_done": public(200, 405),
    "mfa_authenticate": public(302, 302),
    **dict.fromkeys(
        [
            "account_reauthenticate", "account_email", "account_change_password", "account_set_password",
            "mfa_index", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
            "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
        ],
        # A first look at them notes one's address among those of allauth.
        Page(OWN, OWN, stranger=None, leaves=("account_emailaddress",)),
    ),
}  # fmt: skip


# --- the crawl --------------------------------------------------------------------------------------


def patterns() -> dict[str, str]:
    """Every address of the portal: its name and its route."""

    def walk(entries: Iterable[Any], route: str, namespaces: tuple[str, ...]) -> Any:
        for entry in entries:
            here = route + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield ":".join([*namespaces, entry.name or here]), here
            else:
                inside = (*namespaces, entry.namespace) if entry.namespace else namespaces
                yield from walk(entry.url_patterns, here, inside)

    return dict(walk(get_resolver().url_patterns, "/", ()))


def test_every_address_is_in_the_table():
    named = set(patterns())
    listed = {name.partition("/")[0] for name in TABLE}
    assert named - listed == set(), "these addresses have no row in the table"
    assert listed - named == set(), "these rows have no address any more"


# Companies of each kind, in two regions.
SOME = ("alpha", "platin", "third", "headquarters")


def addresses(world: World, name: str) -> dict[str, str]:
    """The address of each object of the page; under MISSING that of one which does not exist."""
    deals = {key: deal.reference for key, deal in world.deals.items()} | {MISSING: _free_number()}
    match TABLE[name].things:
        case "":
            things: dict[str, Any] = {"": ""}
        case "deals":
            things = deals
        case "some_deals":
            # Every state x move x role has a table of its own beside the deals.
            things = {key: deals[key] for key in ("alpha", "alpha_draft", "bravo_third", "platin", MISSING)}
        case "letters":
            things = {"alpha_approved": world.deals["alpha_approved"].letter_code, MISSING: "0" * 32}
        case "certificates":
            things = {key: row.number for key, row in world.certificates.items()} | {
                MISSING: _free_number("KC")
            }
        case "import_kinds":
            things = {"results": "results", "certificates": "certificates"}
        case "imported_files":
            things = {"karim": world.imported_file.pk, MISSING: 999_999_999}
        case "holders":
            things = {key: row.person.employments.get().pk for key, row in world.certificates.items()} | {
                MISSING: 999_999_999
            }
        case "certificate_codes":
            things = {key: row.code for key, row in world.certificates.items()} | {"unknown": "f" * 32}
        case "documents":
            things = {key: row.pk for key, row in world.documents.items()} | {MISSING: uuid.UUID(int=7)}
        case "conflicts":
            things = {key: row.pk for key, row in world.conflicts.items()} | {MISSING: 999_999_999}
        case "customers":
            things = {key: row.reference for key, row in world.customers.items()} | {
                MISSING: _free_number("C")
            }
        case "customer_changes":
            things = {"south": world.customer_change.pk, MISSING: 999_999_999}
        case "memberships":
            kept = (
                world.memberships if name in ASKED_BY_ALL else {key: world.memberships[key] for key in SOME}
            )
            things = {key: row.pk for key, row in kept.items()} | {MISSING: 999_999_999}
        case "transfers":
            things = {key: row.pk for key, row in world.transfers.items()} | {MISSING: 999_999_999}
        case "consents":
            things = {"alpha": CONSENT_TOKEN, MISSING: "u" * 43}
        case "employments":
            things = {key: row.pk for key, row in world.employments.items()} | {MISSING: 999_999_999}
        case "invitations":
            things = {key: world.invitations[key].pk for key in SOME} | {MISSING: 999_999_999}
        case "tokens":
            things = dict(world.tokens)
        case "partners":
            things = {key: getattr(world.cast, key).reference for key in PARTNER_READERS} | {
                MISSING: "P-999999"
            }
        case "distributors":
            things = {key: getattr(world.cast, key).reference for key in DISTRIBUTOR_READERS} | {
                MISSING: "D-999"
            }
        case "offices":
            things = {"dach": world.cast.dach_office.pk, MISSING: 999_999_999}
        case "editions":
            things = {"published": "2017", "draft": "2099", MISSING: "1999"}
        case "price_imports":
            things = {"kept": world.price_import.reference, MISSING: uuid.UUID(int=7)}
        case "notifications":
            things = {key: row.pk for key, row in world.notifications.items()} | {MISSING: uuid.UUID(int=7)}
        case "lists":
            things = {"deals": "deals", MISSING: "nonsense"}
        case "saved_views":
            things = {who: _view_of(world, who).pk for who in ("alice", "denise", "karim")} | {
                MISSING: 999_999_999
            }
        case "departures":
            things = {key: row.reference for key, row in world.departures.items()} | {
                MISSING: _free_number("DP")
            }
        case "gaps" | "corrections" as kind:
            # Two values in one address: the case, and what belongs to it.
            things = {
                key: (world.departures[key].reference, row.pk) for key, row in getattr(world, kind).items()
            } | {MISSING: (_free_number("DP"), 999_999_999)}
        case "reviews":
            things = {key: row.pk for key, row in world.reviews.items()} | {MISSING: 999_999_999}
        case "courses":
            things = {"open": "EPS-1", "draft": "EPS-2", MISSING: "NONE-1"}
        case "sessions":
            things = {"coming": world.training["session"].pk, MISSING: 999_999_999}
        case "questions":
            things = {"asked": world.training["question"].pk, MISSING: 999_999_999}
        case "bookings" | "attempts" as kind:
            things = {key: row.pk for key, row in world.training[kind].items()} | {MISSING: 999_999_999}
        case "no_calendar":
            things = {MISSING: "x" * 43}
        case "sweeps":
            things = {"decisions": "deals.decisions", MISSING: "no.such"}
        case "scheduled_tasks":
            things = {"sweeps": PeriodicTask.objects.get(name="run-sweeps").pk, MISSING: 999_999_999}
        case "file_kinds":
            things = {"csv": "csv", "xlsx": "xlsx"}
    return {key: _address(name, value) for key, value in things.items()}


def _view_of(world: World, who: str) -> SavedView:
    membership = world.people[who].memberships.get()
    return SavedView.objects.get_or_create(
        membership=membership, page="deals", name="Own", defaults={"query": "", "created_at": AT}
    )[0]


def _free_number(prefix: str = "DR") -> str:
    """A number that no record has, the same for a whole run, with a check character that is right."""
    return f"{prefix}-" + next(
        number
        for number in (f"22222{last}" for last in "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        if read_reference(prefix, f"{prefix}-{number}")
    )


def _address(name: str, value: Any) -> str:
    # Read from the route and not by reverse(): a test of addresses should not trust what makes them.
    route = patterns()[name.partition("/")[0]]
    fixed = {
        "<slug:step>": name.partition("/")[2] or "customer",
        "<slug:move>": "approve",
        "<slug:extension>": "csv",
        "^partners\\.(?P<kind>csv|xlsx)$": "partners.<kind>",
        "^team\\.(?P<kind>csv|xlsx)$": "team.<kind>",
        "^coverage\\.(?P<kind>csv|xlsx)$": "coverage.<kind>",
        "^of/(?P<reference>[-\\w]+)/team\\.(?P<kind>csv|xlsx)$": "of/<reference>/team.csv",
        "^courses\\.(?P<kind>csv|xlsx)$": "courses.<kind>",
        "^sessions/(?P<pk>\\d+)/participants\\.(?P<kind>csv|xlsx)$": "sessions/<pk>/participants.csv",
        "^(?P<code>[-\\w]+)/questions\\.(?P<kind>csv|xlsx)$": "<code>/questions.csv",
        "<slug:code>/questions/<int:pk>": "EX-1/questions/<pk>",
        "^(?P<name>[0-9T]{21}-[0-9a-f]{16})/$": "20261123T130000000000-0123456789abcdef/",
        "^(?P<name>[0-9T]{21}-[0-9a-f]{16})/html/$": "20261123T130000000000-0123456789abcdef/html/",
        "^confirm-email/(?P<key>[-:\\w]+)/$": "confirm-email/nokey/",
        "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-nokey/",
    }
    for part, filled in fixed.items():
        route = route.replace(part, filled)
    for one in value if isinstance(value, tuple) else ():
        route = re.sub(r"<[^>]*>", str(one), route, count=1)
    return re.sub(r"<[^>]*>", str(value), route)


def body_of(answer: Any) -> str:
    """What was answered, without what changes from one request to the next."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode("utf-8", "replace")
    text = re.sub(r"[A-Za-z0-9]{64}", "", text)  # the token against forged forms
    return re.sub(r"[0-9a-f]{32}", "", text)  # the number of the request


def plausible(world: World) -> dict[str, Any]:
    """What would be accepted from somebody who may: every field of every form at once."""
    cast = world.cast
    return {
        "customer_name": "Foreign hand", "customer_country": "FR", "product_group": "endpoint-security",
        "nodes": "7", "expected_close_on": "2027-03-01", "engagement": "None.", "action": "submit",
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-product": cast.products["EPS-ADV"].pk,
        "form-0-nodes": "7", "form-0-term_months": "12", "contact_name": "Foreign", "notes": "Foreign",
        "granted_pct": "1", "comment-text": "Foreign", "comment-is_internal": "on", "text": "Foreign",
        "code": "other", "reason": "Foreign", "outcome": "earlier_stands", "message": "Not possible.",
        "role": "partner_admin", "email": "foreign@hand.example", "full_name": "Foreign Hand",
        "language": "en", "theme": "dark", "state": "read", "next": "/",
        "membership": world.memberships["bravo"].pk,
        "trade_name": "Foreign", "legal_name": "Foreign SA", "name": "Foreign", "kind": "reseller",
        "tier": "gold", "country": "FR", "city": "Lyon", "distributors": [cast.distri_nord.pk],
        "primary": cast.distri_nord.pk, "countries": ["FR"], "is_active": "on", "hired_on": "2026-01-05",
        "departed_on": "2026-11-20", "decision": "consent", "still_here": "yes",
        "replacement": world.employments["bravo"].pk, "case": world.departures["bravo"].reference,
    }  # fmt: skip


def expected(page: Page, rule: Rule, who: str, thing: str) -> frozenset[int]:
    if who in ("anonymous", "dan") and page.anonymous is not None:
        wanted: Any = page.anonymous
    elif rule == 405:
        wanted = 405
    elif who == "stranger" and page.stranger is not None:
        wanted = page.stranger
    elif callable(rule):
        wanted = rule(who, thing)
    else:
        wanted = 404 if thing == MISSING else rule
    return wanted if isinstance(wanted, frozenset) else frozenset({wanted})


def worth_asking(page: Page, rule: Rule, who: str, places: dict[str, str]) -> list[str]:
    """What somebody may see or do is asked for all of it, and what does not exist. Of what is refused each
    person asks for a third, and each third of the people for another: every object meets outsiders of
    every kind."""
    turn = EVERYBODY.index(who)
    refused = frozenset({403, 404})
    return [
        thing
        for place, thing in enumerate(places)
        if thing == MISSING or not expected(page, rule, who, thing) <= refused or (place + turn) % 3 == 0
    ]


# One person for each role: enough where the address names no object.
ONE_OF_EACH = [
    "anonymous", "stranger", "alice", "amir", "tina", "adam", "denise", "didier", "olga", "nora", "karim",
    "august",
]  # fmt: skip
# Where it names one: people of other companies and regions too, and everybody where it matters most.
SOME_OF_EACH = [*ONE_OF_EACH, "bruno", "paul", "eve", "ingrid"]
ASKED_BY_ALL = {
    "deals:detail", "deals:comment", "deals:move", "deals:conflict", "documents:download", "people:page",
    "partners:page", "distributors:page", "inbox:open", "training:exam", "training:give_back",
}  # fmt: skip
# Methods that no page takes are refused before anybody looks at the person.
FEW = {"anonymous", "alice", "karim"}


@pytest.mark.parametrize("name", TABLE)
def test_everybody_gets_what_the_table_says(world, name):
    page, places, wrong = TABLE[name], addresses(world, name), []
    before = fingerprint(without=page.leaves)

    def ask(who: str, method: str, thing: str, rule: Rule, *body: Any) -> Any:
        wanted = expected(page, rule, who, thing)
        browser = world.browser(who)
        cookies = browser.cookies.copy()
        answer = getattr(browser, method.lower())(places[thing], *body)
        # Signed in as before, and without what was said about this for the next page.
        browser.cookies = cookies
        if answer.status_code not in wanted:
            wrong.append(f"{who} {method} {thing}: {answer.status_code}, not {sorted(wanted)}")
        return answer

    people = EVERYBODY if name in ASKED_BY_ALL else SOME_OF_EACH if page.things else ONE_OF_EACH
    for who in people:
        nowhere = ""
        for thing in sorted(places, key=lambda one: one != MISSING):
            if page.get == 405 and who not in FEW:
                break
            if thing not in worth_asking(page, page.get, who, places):
                continue
            with undone() if page.leaves else nullcontext():
                answer = ask(who, "GET", thing, page.get)
            if answer.status_code == 404:
                # Not yours and not existing: the same answer, to the letter.
                said = body_of(answer).replace(places[thing], "")
                nowhere = nowhere or said
                if said != nowhere:
                    wrong.append(f"{who} GET {thing}: tells it apart from one that does not exist")
        if page.post != 405 or who in FEW:
            for thing in worth_asking(page, page.post, who, places):
                refused = min(expected(page, page.post, who, thing)) >= 400
                if refused:
                    ask(who, "POST", thing, page.post, plausible(world))
                else:
                    with undone():
                        ask(who, "POST", thing, page.post, plausible(world))
        if who in FEW:
            thing = next(iter(places))
            with undone():
                ask(who, "HEAD", thing, page.get)
                ask(who, "POST", thing, page.post, {})
            for method in ("PUT", "DELETE", "PATCH"):
                status = world.browser(who).generic(method, places[thing], b"{}").status_code
                # allauth shows its form again instead of refusing the method.
                if status >= 500 or (status < 300 and ":" in name):
                    wrong.append(f"{who} {method} {thing}: {status}")
    assert not wrong, "\n".join([f"{len(wrong)} cells:", *wrong[:30]])
    assert fingerprint(without=page.leaves) == before, "something was written by a look or a refused request"
