"""Merging customers at the same moment as somebody else merges or registers: one result, nothing lost,
with real threads on the real database."""

import os
from datetime import timedelta

import pytest

from dealreg.deals import actions
from dealreg.deals.models import Conflict, Deal
from partners.customers.models import ChangeKind, Customer, CustomerChange
from portal.core.errors import PortalError, WrongState
from tests.at_once import at_once
from tests.cast import make_cast
from tests.dealreg.deals.stages import LATER, MONDAY, draft
from tests.dealreg.deals.test_customers import REASON, SOON, registered

ROUNDS = int(os.environ.get("PORTAL_RACES", "2"))

pytestmark = pytest.mark.django_db(transaction=True)


def merging(kept, absorbed, by):
    return lambda: actions.merge_customers(kept, absorbed, by=by, at=SOON, reason=REASON)


def undoing(change, by):
    return lambda: actions.undo_customer_change(change, by=by, at=SOON, reason="Two after all.")


def pair(cast, turn) -> tuple[Deal, Deal]:
    first, second = (
        registered(cast, by, f"{name} {turn}", at=MONDAY + timedelta(hours=turn))
        for by, name in ((cast.amir, "Hôpital Saint-Roch"), (cast.bruno, "Fondation Belle Rive"))
    )
    return first, second


def test_two_who_merge_the_same_records_at_once_make_one_merge():
    cast = make_cast()
    for turn in range(ROUNDS):
        first, second = pair(cast, turn)
        one, other = first.customer, second.customer
        answers = at_once(merging(one, other, cast.karim), merging(other, one, cast.nora))
        assert sum(isinstance(answer, WrongState) for answer in answers) == 1
        (change,) = [answer for answer in answers if isinstance(answer, CustomerChange)]
        assert CustomerChange.objects.standing().filter(kept__in=[one, other]).get() == change
        assert set(Deal.objects.filter(pk__in=[first.pk, second.pk]).values_list("customer", flat=True)) == {
            change.kept_id
        }
        assert Conflict.objects.open().filter(later=second, earlier=first).count() == 1


def test_two_who_undo_a_merge_at_once_undo_it_once():
    cast = make_cast()
    first, second = pair(cast, 0)
    change = merging(first.customer, second.customer, cast.karim)()
    answers = at_once(undoing(change, cast.karim), undoing(change, cast.nora))
    assert sum(isinstance(answer, CustomerChange) for answer in answers) == 1
    assert sum(isinstance(answer, WrongState) for answer in answers) == 1
    second.refresh_from_db()
    assert second.customer_id == change.other_id


def test_a_chain_of_merges_at_once_leaves_every_record_with_the_one_that_counts():
    cast = make_cast()
    first, second = pair(cast, 0)
    third = registered(cast, cast.alice, "Clinique du Parc Monceau", at=LATER)
    answers = at_once(
        merging(first.customer, second.customer, cast.karim),
        merging(third.customer, first.customer, cast.nora),
    )
    merged = [answer for answer in answers if isinstance(answer, CustomerChange)]
    assert merged and all(isinstance(answer, CustomerChange | PortalError) for answer in answers)
    current = set(Customer.objects.current().values_list("pk", flat=True))
    assert len(current) == 3 - len(merged)
    for customer in Customer.objects.exclude(merged_into=None):
        assert customer.merged_into_id in current
    assert set(Deal.objects.values_list("customer", flat=True)) <= current
    assert CustomerChange.objects.filter(kind=ChangeKind.MERGE).count() == len(merged)


def test_who_registers_while_the_customer_is_merged_meets_both_others():
    cast = make_cast()
    for turn in range(ROUNDS):
        first, second = pair(cast, turn)
        third = draft(cast, cast.alice, customer_name=f"Fondation Belle Rive {turn}")

        def register(third=third):
            deal = actions.submit_deal(third, by=cast.alice, at=LATER)
            actions.look_for_conflicts(deal, at=LATER)
            return deal

        answers = at_once(merging(first.customer, second.customer, cast.karim), register)
        assert [type(answer) for answer in answers] == [CustomerChange, Deal], answers
        actions.look_at_due(at=SOON)
        third.refresh_from_db()
        assert Customer.objects.get(pk=third.customer_id).merged_into_id is None
        assert third.customer_id == first.customer_id
        # Whoever came first: the merge moved the registration along, or the registration met the merged.
        pairs = {
            frozenset((one.later_id, one.earlier_id))
            for one in Conflict.objects.filter(later__in=[second, third])
        }
        assert pairs == {
            frozenset((first.pk, second.pk)),
            frozenset((first.pk, third.pk)),
            frozenset((second.pk, third.pk)),
        }
