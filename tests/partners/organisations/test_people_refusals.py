"""What the commands on people refuse by themselves, whichever page, task or command asks."""

import pytest
from django.db import transaction
from django.utils import timezone

from partners.customers.actions import lock_identity
from partners.customers.identity import read_identity
from partners.organisations.actions import people as actions
from partners.organisations.models import Invitation, Membership
from portal.core.errors import NotAllowed, RuleViolation, WrongState
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


@pytest.mark.django_db(transaction=True)
def test_an_identity_is_locked_only_within_a_transaction():
    identity = read_identity(name="Ville de Lens", country="FR")
    with pytest.raises(transaction.TransactionManagementError):
        lock_identity(identity)
