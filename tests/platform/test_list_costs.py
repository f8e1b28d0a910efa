"""Lists and pages cost the same number of queries with 2 and with 20 rows. The lists of deals, conflicts,
partners, people, the inbox, the catalogue and the home pages are counted beside their own tests."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dealreg.deals import actions
from partners.certification.models import Transfer
from partners.organisations.actions.people import invite_person
from partners.organisations.models import Distributor, Partner, Supply
from partners.tiering.models import TierReview
from tests.costs import cost
from tests.partners.certification import papers
from tests.partners.certification.people import certify, hire, leave
from tests.partners.certification.team import employ


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


def more_employees(world, number: int) -> None:
    for place in range(number):
        employment = employ(world.cast.alpha, f"N{number} {place:02}", email=f"n{number}-{place}@x.example")
        certify(employment, "sales" if place % 2 else "technical")


def more_partners(world, number: int) -> None:
    for place in range(number):
        partner = Partner.objects.create(
            reference=f"P-9{number:02}{place:03}",
            trade_name=f"N{number} {place}",
            legal_name="x",
            country="FR",
            tier="gold",
            authorised_on=world.at.date(),
        )
        Supply.objects.create(
            partner=partner,
            distributor=world.cast.distri_nord,
            is_primary=True,
            started_on=world.at.date(),
        )
        certify(employ(partner))


def more_transfers(world, number: int) -> None:
    for place in range(number):
        Transfer.objects.create(
            employment=employ(world.cast.alpha, f"T{number} {place:02}"),
            certificate_number="KC-1",
            status="to_decide",
            asked_by=world.people["alice"],
            asked_at=world.at,
            token_hash=f"{number}-{place}",
            token_expires_at=world.at,
            consented_at=world.at,
        )


def more_departures(world, number: int) -> None:
    for place in range(number):
        person = hire(world.cast.alpha, f"Gone {number} {place}")
        certify(person)
        leave(person, timezone.localdate() - timedelta(days=place + 1), by=world.people["alice"])


def more_reviews(world, number: int) -> None:
    first = world.reviews["alpha"]
    TierReview.objects.bulk_create(
        TierReview(
            partner=first.partner,
            edition=first.edition,
            current_tier="gold",
            proposed_tier="bronze",
            opened_at=timezone.now(),
        )
        for _place in range(number)
    )


def more_candidates(world, number: int) -> None:
    for place in range(number):
        person = hire(world.cast.alpha, f"New {number} {place}", timezone.localdate())
        certify(person)


def more_certificates(world, number: int) -> None:
    for place in range(number):
        papers.certificate(employ(world.cast.alpha, f"N {place}"), f"KC-{number}-{place}")


@pytest.mark.parametrize(
    ("who", "place", "more"),
    [
        ("alice", "/team/", more_employees),
        ("karim", "/team/of/P-000001/", more_employees),
        ("denise", "/team/coverage/", more_partners),
        ("karim", "/team/coverage/", more_partners),
        ("karim", "/team/transfers/", more_transfers),
        ("alice", "/departures/", more_departures),
        ("karim", "/departures/", more_departures),
        ("karim", "/departures/export/csv/", more_departures),
        ("alice", "/departures/{case}/", more_candidates),
        ("karim", "/departures/{case}/", more_candidates),
        ("karim", "/tier-reviews/", more_reviews),
        ("alice", "/certificates/", more_certificates),
        ("karim", "/certificates/", more_certificates),
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
    place = place.format(alpha=world.deals["alpha"].reference, case=world.departures["alpha"].reference)
    more(world, 2)
    few = cost(world.browser(who), place)
    more(world, 18)
    assert cost(world.browser(who), place) == few
    assert few <= 25
