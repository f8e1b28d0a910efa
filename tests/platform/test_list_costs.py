"""Lists and pages cost the same number of queries with 2 and with 20 rows. The lists of deals, conflicts,
partners, people, the inbox, the catalogue and the home pages are counted beside their own tests."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dealreg.deals import actions
from partners.organisations.actions.people import invite_person
from partners.organisations.models import Distributor


def cost(browser, place: str) -> int:
    browser.get(place)  # what is read once and kept
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(place).status_code == 200
    return len(seen)


def more_distributors(world, number: int) -> None:
    Distributor.objects.bulk_create(
        Distributor(
            reference=f"D-9{number}{place:02}",
            name=f"Distri {number} {place}",
            legal_name="x",
            country="FR",
            countries=["FR", "BE"],
        )
        for place in range(number)
    )


def more_invitations(world, number: int) -> None:
    for place in range(number):
        invite_person(
            world.cast.alpha,
            by=world.people["alice"],
            at=timezone.now(),
            email=f"n{number}-{place}@x.example",
            full_name="N",
            role="partner_sales",
        )


def more_comments(world, number: int) -> None:
    for place in range(number):
        by = world.people["denise" if place % 2 else "alice"]
        actions.add_comment(world.deals["alpha"], by=by, at=timezone.now(), text=f"{place}")


@pytest.mark.parametrize(
    ("who", "place", "more"),
    [
        ("karim", "/distributors/", more_distributors),
        ("karim", "/partners/add/", more_distributors),
        ("alice", "/people/", more_invitations),
        ("alice", "/partners/P-000001/", more_invitations),
        ("alice", "/deals/{alpha}/", more_comments),
        ("denise", "/deals/{alpha}/", more_comments),
        ("karim", "/deals/{alpha}/", more_comments),
    ],
)
def test_a_page_costs_the_same_with_two_rows_and_with_twenty(world, who, place, more):
    place = place.format(alpha=world.deals["alpha"].reference)
    more(world, 2)
    few = cost(world.browser(who), place)
    more(world, 18)
    assert cost(world.browser(who), place) == few
    assert few <= 25
