"""Who opens which page about people and companies: every address, every role."""

import pytest
from django.urls import reverse
from django.utils import timezone

from partners.organisations.actions.people import invite_person
from partners.organisations.models import Invitation, Membership
from portal.accounts.models import User

EVERYBODY = [
    "nora",
    "karim",
    "ingrid",
    "august",
    "denise",
    "olga",
    "dieter",
    "eve",
    "alice",
    "amir",
    "adam",
    "tina",
    "bruno",
    "carla",
    "dora",
    "paul",
    "stranger",
    "visitor",
]
VENDOR = {"nora", "karim", "ingrid", "august"}
OUTSIDE = {"stranger": 403, "visitor": 302}


def table(default: int, **answers: int) -> dict[str, int]:
    return {name: OUTSIDE.get(name, answers.get(name, default)) for name in EVERYBODY}


# Address → the answer to each. 404 for what is not seen, 403 for what is seen but not allowed.
PAGES = {
    "/people/": table(200),
    "/people/invite/": table(
        403, nora=200, alice=200, denise=200, eve=200, bruno=200, carla=200, dora=200, paul=200
    ),
    "/partners/": table(
        200, alice=302, amir=302, adam=302, tina=302, bruno=302, carla=302, dora=302, paul=302
    ),
    "/partners/partners.csv": table(
        403, nora=200, karim=200, ingrid=200, august=200, denise=200, olga=200, dieter=200, eve=200
    ),
    "/partners/partners.xlsx": table(
        403, nora=200, karim=200, ingrid=200, august=200, denise=200, olga=200, dieter=200, eve=200
    ),
    "/partners/add/": table(403, nora=200, karim=200, ingrid=200),
    "/partners/P-000001/": table(
        404, nora=200, karim=200, august=200, denise=200, olga=200, alice=200, amir=200, adam=200, tina=200
    ),
    "/partners/P-000001/edit/": table(
        404, nora=200, karim=200, august=403, denise=403, olga=403, alice=403, amir=403, adam=403, tina=403
    ),
    "/partners/P-000001/people/": table(
        404, nora=200, karim=200, august=200, alice=200, amir=200, adam=200, tina=200
    ),
    "/partners/P-000001/people/invite/": table(
        404, nora=200, karim=403, august=403, alice=200, amir=403, adam=403, tina=403
    ),
    "/partners/P-999999/": table(404),
    "/distributors/": table(200, denise=302, olga=302, dieter=302, eve=302),
    "/distributors/add/": table(403, nora=200),
    "/distributors/D-002/": table(404, nora=200, august=200, ingrid=200, dieter=200, paul=200),
    "/distributors/D-002/edit/": table(404, nora=200, august=403, ingrid=403, dieter=403, paul=403),
    "/distributors/D-002/people/": table(404, nora=200, august=200, ingrid=200, dieter=200),
    "/distributors/D-002/people/invite/": table(404, nora=200, august=403, ingrid=403, dieter=403),
    "/status/": {**table(200), "stranger": 200, "visitor": 200},
    "/status/?q=alpha": {**table(200), "stranger": 200, "visitor": 200},
    "/settings/": {**table(200), "stranger": 200},
}


@pytest.mark.parametrize("address", PAGES)
def test_each_page_answers_each_role_as_the_table_says(cast, sign_in, address):
    answers = {name: sign_in(cast.people.get(name)).get(address).status_code for name in EVERYBODY}
    assert answers == PAGES[address]


def test_a_persons_page_opens_for_colleagues_and_the_vendor_of_the_region(cast, sign_in):
    page = reverse("people:page", args=[Membership.objects.get(user=cast.amir).pk])
    answers = {name: sign_in(cast.people.get(name)).get(page).status_code for name in EVERYBODY}
    assert answers == table(404, nora=200, karim=200, august=200, alice=200, amir=200, adam=200, tina=200)


@pytest.mark.parametrize("verb", ["deactivate", "reactivate"])
def test_people_are_let_go_by_their_administrators_only(cast, sign_in, verb):
    page = reverse(f"people:{verb}", args=[Membership.objects.get(user=cast.amir).pk])
    answers = {}
    for name in EVERYBODY:
        if name not in ("nora", "alice"):
            answers[name] = sign_in(cast.people.get(name)).post(page, {"reason": "x"}).status_code
    expected = table(404, karim=403, august=403, amir=403, adam=403, tina=403)
    assert answers == {name: expected[name] for name in answers}
    assert Membership.objects.get(user=cast.amir).is_active


@pytest.mark.parametrize("verb", ["resend", "withdraw"])
def test_invitations_are_in_their_administrators_hands_only(cast, sign_in, verb):
    invitation = invite_person(
        cast.alpha,
        by=cast.alice,
        at=timezone.now(),
        email="new@alpha.example",
        full_name="New",
        role="partner_sales",
    )
    page = reverse(f"people:{verb}", args=[invitation.pk])
    answers = {
        name: sign_in(cast.people.get(name)).post(page).status_code
        for name in EVERYBODY
        if name not in ("nora", "alice")
    }
    expected = table(404, karim=403, august=403, amir=403, adam=403, tina=403)
    assert answers == {name: expected[name] for name in answers}
    assert Invitation.objects.get(pk=invitation.pk).withdrawn_at is None


def test_a_distributor_reads_nothing_of_another_distributor_on_a_partners_page(cast, sign_in):
    for page in ("/partners/P-000002/", "/partners/", "/partners/partners.csv"):
        answer = sign_in(cast.denise).get(page)
        body = answer.getvalue().decode() if answer.streaming else answer.content.decode()
        assert "Bravo IT" in body and "Distri Ouest" not in body
        assert "Bruno" not in body
    assert "Distri Ouest" in sign_in(cast.bruno).get("/partners/P-000002/").content.decode()
    assert "Distri Ouest" in sign_in(cast.karim).get("/partners/P-000002/").content.decode()


def test_a_company_without_people_offers_to_invite_those_who_may(cast, sign_in):
    Membership.objects.filter(partner=cast.charlie).update(is_active=False)
    User.objects.update(language="en")
    address = f"/partners/{cast.charlie.reference}/"
    link = f'href="{address}people/invite/"'
    assert link in sign_in(cast.nora).get(address).content.decode()
    page = sign_in(cast.karim).get(address).content.decode()
    assert "Nobody has access yet." in page
    assert link not in page
