"""Two at the same moment get one result (promise S4)."""

import pytest
from django.utils import timezone

from partners.organisations.actions import people as actions
from partners.organisations.models import Invitation, Membership
from portal.accounts.models import User
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes_of(*steps) -> list[str]:
    """What became of each: "done" or the refusal's code."""
    return sorted(outcome.code if isinstance(outcome, Exception) else "done" for outcome in at_once(*steps))


def test_of_two_administrators_who_let_each_other_go_one_stays(cast):
    now = timezone.now()
    one, other = Membership.objects.get(user=cast.alice), Membership.objects.get(user=cast.amir)
    actions.change_role(other.pk, by=cast.alice, at=now, role="partner_admin")
    outcomes = outcomes_of(
        lambda: actions.deactivate_membership(
            other.pk, by=User.objects.get(pk=cast.alice.pk), at=now, reason="x"
        ),
        lambda: actions.deactivate_membership(
            one.pk, by=User.objects.get(pk=cast.amir.pk), at=now, reason="x"
        ),
    )
    assert outcomes in (["done", "last-administrator"], ["done", "not-allowed"])
    assert actions.administrators_of(cast.alpha).count() == 1


def test_an_invitation_sent_or_accepted_by_two_at_once_is_one(cast):
    now = timezone.now()

    def invite() -> None:
        actions.invite_person(
            cast.alpha,
            by=User.objects.get(pk=cast.alice.pk),
            at=now,
            email="n@x.example",
            full_name="N",
            role="partner_sales",
        )

    assert outcomes_of(invite, invite, invite) == ["already-invited", "already-invited", "done"]
    invitation = Invitation.objects.get()

    def accept() -> None:
        actions.accept_invitation_as_new_person(
            invitation.pk, at=now, full_name="N", password="a long enough pass phrase"
        )

    assert outcomes_of(accept, accept, accept) == ["done", "invitation-over", "invitation-over"]
    assert Membership.objects.filter(user__email="n@x.example").count() == 1
