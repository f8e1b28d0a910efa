"""What the commands on organisations and people refuse by themselves, whoever calls them."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from partners.customers.actions import lock_identity
from partners.customers.identity import read_identity
from partners.organisations.actions import email_address, partners
from partners.organisations.actions import people as actions
from partners.organisations.actions.distributors import edit_distributor
from partners.organisations.models import Invitation, Membership, Partner
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from tests.partners.organisations.test_partners import ON, distributor_facts, facts
from tests.partners.organisations.test_people import GOOD_PASSWORD, invite, membership_of

pytestmark = pytest.mark.django_db


def test_an_invitation_that_is_sent_already_is_not_sent_again(cast):
    invitation = invite(cast.alpha, cast.alice, timezone.now())
    assert actions.send_invitation(invitation.pk, at=timezone.now())
    assert not actions.send_invitation(invitation.pk, at=timezone.now())


def test_an_invitation_to_an_account_makes_no_second_account(cast):
    invitation = invite(cast.alpha, cast.alice, timezone.now(), email=cast.bruno.email)
    with pytest.raises(WrongState) as refusal:
        actions.accept_invitation_as_new_person(
            invitation.pk, at=timezone.now(), full_name="Bruno", password=GOOD_PASSWORD
        )
    assert refusal.value.code == "account-exists"


def test_an_invitation_is_for_its_own_address(cast):
    invitation = invite(cast.alpha, cast.alice, timezone.now(), email=cast.bruno.email)
    with pytest.raises(NotAllowed):
        actions.accept_invitation(invitation.pk, by=cast.carla, at=timezone.now())


def test_who_comes_back_by_invitation_gets_the_old_membership_with_the_new_role(cast):
    Membership.objects.filter(user=cast.amir).update(is_active=False, ended_at=timezone.now())
    invitation = invite(
        cast.alpha, cast.alice, timezone.now(), email=cast.amir.email, role="partner_technical"
    )
    membership = actions.accept_invitation(invitation.pk, by=cast.again(cast.amir), at=timezone.now())
    assert (membership.role, membership.is_active, membership.ended_at) == ("partner_technical", True, None)
    assert Membership.objects.filter(user=cast.amir).count() == 1


def test_who_has_access_again_by_the_time_of_the_invitation_keeps_the_role(cast):
    """Amir was let go and invited as a technician; before he accepts, Alice gives him his access back."""
    membership = membership_of(cast.amir)
    actions.deactivate_membership(membership.pk, by=cast.alice, at=timezone.now(), reason="Left.")
    invitation = invite(
        cast.alpha, cast.alice, timezone.now(), email=cast.amir.email, role="partner_technical"
    )
    actions.reactivate_membership(membership.pk, by=cast.alice, at=timezone.now())
    kept = actions.accept_invitation(invitation.pk, by=cast.again(cast.amir), at=timezone.now())
    assert (kept, kept.role, kept.is_current) == (membership, "partner_sales", True)
    assert not Event.objects.filter(verb="membership.started").exists()
    invitation.refresh_from_db()
    assert invitation.accepted_at is not None


def test_an_invitation_that_is_over_is_neither_withdrawn_nor_sent_again(cast):
    invitation = invite(cast.alpha, cast.alice, timezone.now())
    actions.withdraw_invitation(invitation.pk, by=cast.alice, at=timezone.now())
    for again in (actions.withdraw_invitation, actions.resend_invitation):
        with pytest.raises(WrongState):
            again(invitation.pk, by=cast.alice, at=timezone.now())
    assert Invitation.objects.get().withdrawn_at is not None


def test_the_first_administrator_needs_an_address_of_their_own(cast):
    Membership.objects.filter(role="programme_admin").delete()
    with pytest.raises(RuleViolation) as refusal:
        actions.check_first_administrator(
            email=cast.alice.email.upper(), full_name="Alice", office="Head office", country="FR"
        )
    assert refusal.value.field == "email"


def test_access_that_has_ended_is_neither_changed_nor_ended_again(cast):
    membership = membership_of(cast.amir)
    with pytest.raises(RuleViolation) as refusal:
        actions.deactivate_membership(membership.pk, by=cast.alice, at=timezone.now(), reason=" ")
    assert refusal.value.field == "reason"
    actions.deactivate_membership(membership.pk, by=cast.alice, at=timezone.now(), reason="Left.")
    with pytest.raises(WrongState):
        actions.deactivate_membership(membership.pk, by=cast.alice, at=timezone.now(), reason="Left.")
    with pytest.raises(WrongState):
        actions.change_role(membership.pk, by=cast.alice, at=timezone.now(), role="partner_technical")


def test_the_same_role_again_and_a_place_that_one_has_change_nothing(cast):
    membership = membership_of(cast.amir)
    actions.change_role(membership.pk, by=cast.alice, at=timezone.now(), role=membership.role)
    assert not Event.objects.filter(verb="membership.role_changed").exists()


def test_nobody_switches_to_an_access_that_has_ended(cast):
    membership = membership_of(cast.amir)
    Membership.objects.filter(pk=membership.pk).update(is_active=False)
    with pytest.raises(WrongState):
        actions.switch_membership(cast.amir, membership)


def test_a_link_to_an_address_that_somebody_took_at_the_same_moment_is_over(cast, monkeypatch):
    monkeypatch.setattr(email_address, "account_for", lambda address: None)
    monkeypatch.setattr(email_address, "address_asked_for", lambda token, by: cast.bruno.email)
    with pytest.raises(WrongState) as refusal:
        email_address.confirm_address("token", by=cast.amir, at=timezone.now())
    assert refusal.value.code == "link-over"
    cast.amir.refresh_from_db()
    assert cast.amir.email == "amir@alpha-securite.example"


def test_only_an_equal_vat_number_is_told_as_one(cast):
    """Any other broken constraint is a mistake of ours and stays visible as one."""
    twin = Partner.objects.get(pk=cast.alpha.pk)
    twin.pk, twin._state.adding, twin.vat_number = None, True, ""
    with pytest.raises(IntegrityError):
        partners._save(twin)


def test_an_edit_that_changes_nothing_leaves_no_event(cast):
    same = distributor_facts(cast.distri_nord, city=cast.distri_nord.city, web_domain="distri-nord.example")
    events = Event.objects.about(cast.distri_nord)
    told = []
    for _ in range(2):
        edit_distributor(cast.distri_nord.pk, same, by=cast.nora, at=timezone.now(), on=ON)
        told.append(events.count())
    assert told[0] == told[1]


def test_another_of_its_distributors_becomes_the_primary(cast):
    """Bravo buys from two."""
    edited = partners.edit_partner(
        cast.bravo.pk,
        facts(
            cast,
            vat_number=cast.bravo.vat_number,
            distributors=[cast.distri_nord, cast.third],
            primary=cast.third,
        ),
        by=cast.karim,
        at=timezone.now(),
        on=ON,
    )
    assert edited.supplies.get(is_primary=True, ended_on=None).distributor == cast.third
    assert Event.objects.about(edited).filter(verb="partner.primary_changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_identity_is_locked_only_within_a_transaction():
    identity = read_identity(name="Ville de Lens", country="FR")
    with pytest.raises(transaction.TransactionManagementError):
        lock_identity(identity)
