"""Who sees which people, companies and invitations: each queryset x each of the cast (promise S1)."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from partners.organisations.actions.people import invite_person
from partners.organisations.models import Distributor, Invitation, Membership, Partner
from tests.factories import MembershipFactory

ALPHA = {"alice", "amir", "adam", "tina", "dan"}
SOUTH = {"alpha", "bravo", "charlie", "delta"}
EVERY_PARTNER = SOUTH | {"platin"}
VENDOR = {"nora", "karim", "ingrid", "august"}
NORD = {"denise", "olga"}
OTHERS = {"bruno", "carla", "dora"}

PARTNERS = {
    "nora": EVERY_PARTNER,
    "august": EVERY_PARTNER,
    "karim": SOUTH,
    "ingrid": {"platin"},
    "denise": SOUTH,
    "olga": SOUTH,
    "dieter": {"platin"},
    "eve": {"bravo"},
    **{key: {"alpha"} for key in ["alice", "amir", "adam", "tina"]},
    "bruno": {"bravo"},
    "carla": {"charlie"},
    "dora": {"delta"},
    "paul": {"platin"},
    "dan": set(),
    "stranger": set(),
}
DISTRIBUTORS = {
    "nora": {"distri_nord", "distri_sued", "third"},
    "august": {"distri_nord", "distri_sued", "third"},
    "karim": {"distri_nord", "third"},
    "ingrid": {"distri_sued"},
    "denise": {"distri_nord"},
    "olga": {"distri_nord"},
    "dieter": {"distri_sued"},
    "eve": {"third"},
    **{key: {"distri_nord"} for key in ["alice", "amir", "adam", "tina", "carla", "dora"]},
    "bruno": {"distri_nord", "third"},
    "paul": {"distri_sued"},
    "dan": set(),
    "stranger": set(),
}
EVERYBODY = VENDOR | NORD | ALPHA | OTHERS | {"dieter", "eve", "paul"}
MEMBERSHIPS = {
    "nora": EVERYBODY,
    "august": EVERYBODY,
    "karim": VENDOR | NORD | ALPHA | OTHERS | {"eve"},
    "ingrid": VENDOR | {"dieter", "paul"},
    "denise": NORD,
    "olga": NORD,
    "dieter": {"dieter"},
    "eve": {"eve"},
    **dict.fromkeys(["alice", "amir", "adam", "tina"], ALPHA),
    "bruno": {"bruno"},
    "carla": {"carla"},
    "dora": {"dora"},
    "paul": {"paul"},
    "dan": set(),
    "stranger": set(),
}


def test_the_tables_name_everybody(cast):
    assert set(PARTNERS) == set(DISTRIBUTORS) == set(MEMBERSHIPS) == set(cast.people)


def test_partners_are_seen_as_the_table_says(cast):
    names = {partner.pk: name for name in EVERY_PARTNER if (partner := getattr(cast, name))}
    seen = {
        name: {names[partner.pk] for partner in Partner.objects.visible_to(person)}
        for name, person in cast.people.items()
    }
    assert seen == PARTNERS


def test_distributors_are_seen_as_the_table_says(cast):
    names = {getattr(cast, name).pk: name for name in ("distri_nord", "distri_sued", "third")}
    seen = {
        name: {names[distributor.pk] for distributor in Distributor.objects.visible_to(person)}
        for name, person in cast.people.items()
    }
    assert seen == DISTRIBUTORS


def test_memberships_are_seen_as_the_table_says(cast):
    names = {person.pk: name for name, person in cast.people.items()}
    seen = {
        name: {names[membership.user_id] for membership in Membership.objects.visible_to(person)}
        for name, person in cast.people.items()
    }
    assert seen == MEMBERSHIPS


@pytest.mark.parametrize(
    ("organisation", "by", "role", "readers"),
    [
        ("alpha", "alice", "partner_sales", ALPHA - {"dan"} | {"nora", "august", "karim"}),
        ("platin", "paul", "partner_sales", {"paul", "nora", "august", "ingrid"}),
        ("distri_nord", "denise", "distributor_readonly", NORD | {"nora", "august", "karim"}),
        ("dach_office", "nora", "auditor", VENDOR),
    ],
)
def test_invitations_are_seen_by_the_company_and_its_region(cast, organisation, by, role, readers):
    invite_person(
        getattr(cast, organisation),
        by=cast.people[by],
        at=timezone.now(),
        email="n@x.example",
        full_name="N",
        role=role,
    )
    seen = {name for name, person in cast.people.items() if Invitation.objects.visible_to(person).exists()}
    assert seen == readers


@pytest.mark.parametrize("model", [Partner, Distributor, Membership, Invitation])
def test_a_visitor_sees_nothing(cast, model):
    assert not model.objects.visible_to(AnonymousUser()).exists()


def test_only_the_membership_one_acts_under_opens_pages_and_all_of_them_mails(cast):
    MembershipFactory(user=cast.amir, partner=cast.platin, role="partner_sales")
    amir = cast.again(cast.amir)
    assert set(Partner.objects.visible_to(amir)) == {cast.alpha}
    assert set(Partner.objects.visible_to(amir, any_membership=True)) == {cast.alpha, cast.platin}


def test_a_supply_that_ended_hides_partner_and_distributor_from_each_other(cast):
    cast.bravo.supplies.filter(distributor=cast.third).update(ended_on=timezone.localdate())
    assert not Partner.objects.visible_to(cast.eve).exists()
    assert set(Distributor.objects.visible_to(cast.bruno)) == {cast.distri_nord}
