"""The frame of every page: what it offers to whom, and what it costs."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone

from partners.organisations.models import Membership
from partners.programme.selectors import rulebook_on
from portal.accounts.roles import Role
from portal.dashboard.context_processors import MENU, Shell


@pytest.fixture(autouse=True)
def every_address_exists(monkeypatch):
    """The menu's rule is tested here, not which pages are there."""
    monkeypatch.setattr("portal.dashboard.context_processors.existing", lambda path: path)


def shell_of(person, path="/deals/", **cookies):
    request = RequestFactory().get(path)
    request.COOKIES.update(cookies)
    request.user = person
    return Shell(request)


def labels(shell):
    return [str(entry.label) for section in shell.menu for entry in section.entries]


OFFERED = {
    "alice": "Home, Deals, Pipeline, Register a deal, Inbox, Certified team, My certificates, Courses, "
    "Sessions, Departures, Tier reviews, Certificates, Our company, Portal users, Programme, Catalogue, "
    "Decision times",
    "adam": "Home, Deals, Pipeline, Inbox, Certified team, My certificates, Courses, Sessions, Departures, "
    "Tier reviews, Certificates, Our company, Portal users, Programme, Catalogue, Decision times",
    "denise": "Home, Deals, Pipeline, Register for a partner, Queue, Inbox, Certified staff, Courses, "
    "Sessions, Partners, Portal users, Programme, Catalogue, Decision times",
    "karim": "Home, Deals, Pipeline, Approvals, Conflicts, Appeals, End customers, Inbox, Certified staff, "
    "Courses, Sessions, Departures, Tier reviews, Certificates, Partners, Distributors, Offices, "
    "Portal users, Programme, Catalogue, Decision times, Jobs",
    "august": "Home, Deals, Pipeline, Conflicts, Appeals, End customers, Inbox, Certified staff, Courses, "
    "Sessions, Departures, Tier reviews, Certificates, Partners, Distributors, Offices, "
    "Portal users, Programme, Catalogue, Decision times, Jobs",
    "stranger": "Home, Inbox",
}


@pytest.mark.parametrize("name", OFFERED)
def test_everybody_is_offered_what_their_role_may_see(cast, name):
    assert ", ".join(labels(shell_of(getattr(cast, name)))) == OFFERED[name]


def test_an_address_without_page_is_not_offered(cast, monkeypatch):
    monkeypatch.setattr(
        "portal.dashboard.context_processors.existing", lambda path: "" if path == "/catalogue/" else path
    )
    assert "Catalogue" not in labels(shell_of(cast.alice))


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", "Home"),
        ("/deals/", "Deals"),
        ("/deals/DR-7K3F9Q/", "Deals"),
        ("/deals/queue/", "Queue"),
        ("/else/", None),
    ],
)
def test_the_entry_of_the_page_is_marked(cast, path, current):
    marked = [
        str(e.label) for section in shell_of(cast.denise, path).menu for e in section.entries if e.current
    ]
    assert marked == ([current] if current else [])


@pytest.mark.parametrize("name", ["alice", "denise", "karim", "stranger"])
def test_all_figures_of_the_frame_cost_one_statement(cast, name, django_assert_num_queries):
    person = cast.again(getattr(cast, name))
    assert person.acting_as is not None or name == "stranger"
    shell = shell_of(person)
    rulebook_on(timezone.localdate())
    # Who might register is asked under which edition.
    with django_assert_num_queries(2 if name == "alice" else 1):
        assert shell.unread == 0
        assert shell.memberships == []
        assert shell.menu


def test_several_memberships_can_be_switched_between(cast):
    Membership.objects.create(user=cast.alice, partner=cast.bravo, role=Role.PARTNER_READONLY)
    offered = shell_of(cast.again(cast.alice)).memberships
    assert [(str(m["organisation"]), m["current"]) for m in offered] == [
        ("Alpha Sécurité", True),
        ("Bravo IT", False),
    ]


def test_counts_stop_at_a_cap(cast, monkeypatch):
    shell = shell_of(cast.denise)
    shell.counts = {"count_deals_queue": 1_000, "count_inbox": 3}
    counts = {str(e.label): e.count for section in shell.menu for e in section.entries}
    assert (counts["Queue"], counts["Inbox"], counts["Deals"]) == ("999+", "3", "")


def test_visitors_cost_no_statement_and_choose_their_own_appearance():
    shell = shell_of(AnonymousUser(), portal_theme="dark")  # no database in this test
    assert (shell.signed_in, shell.unread, shell.theme) == (False, 0, "dark")
    assert shell_of(AnonymousUser(), portal_theme="pink").theme == "auto"


def test_an_entry_has_one_address_for_each_role():
    entries = [entry for section in MENU for entry in section.entries]
    assert all(entry.path.startswith("/") and entry.path.endswith("/") for entry in entries)
