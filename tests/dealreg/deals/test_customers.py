"""Merging and splitting customers with the deals that hang on them, and taking it back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.forms.models import model_to_dict

from dealreg.deals import actions
from dealreg.deals.actions import customers as customer_actions
from dealreg.deals.actions.conflicts import flag_conflict
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, ConflictOutcome, Deal
from dealreg.deals.selectors import open_conflicts
from partners.customers.actions import Source, add_customer, observe
from partners.customers.identity import read_identity
from partners.customers.models import Customer, CustomerChange, Observation
from partners.customers.selectors import observed_of
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, MONDAY, submitted

pytestmark = pytest.mark.django_db
SOON = LATER + timedelta(days=1)
REASON = "Their registers show one company."


def registered(cast, by, name, *, at=MONDAY, approve=False, **customer) -> Deal:
    deal = submitted(cast, by, at=at, customer_name=name, **customer)
    if approve:
        deal = actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal("3"))
    deal.refresh_from_db()
    return deal


def two_customers(cast, *, approve=(False, False)) -> tuple[Deal, Deal]:
    """Alpha's and Bravo's registrations of what nobody has recognised as one customer."""
    return (
        registered(cast, cast.amir, "Hôpital Saint-Roch", approve=approve[0]),
        registered(
            cast, cast.bruno, "Fondation Belle Rive", at=MONDAY + timedelta(hours=1), approve=approve[1]
        ),
    )


def merge(cast, kept: Deal, absorbed: Deal, by=None, **facts) -> CustomerChange:
    return actions.merge_customers(
        kept.customer,
        absorbed.customer,
        **{"by": by or cast.karim, "at": SOON, "reason": REASON} | facts,
    )


def everything() -> dict[str, list[dict]]:
    """Customers, what was observed of them, and on which one each deal hangs."""
    return {
        "customers": [model_to_dict(one) for one in Customer.objects.order_by("pk")],
        "observations": [model_to_dict(one) for one in Observation.objects.order_by("pk")],
        "deals": list(Deal.objects.order_by("pk").values("pk", "customer", "status")),
    }


def told(kind: str) -> set[str]:
    return {str(row.recipient) for row in Notification.objects.filter(kind=kind)}


# --- merging ------------------------------------------------------------------------------------------


def test_after_a_merge_deals_and_observations_stand_with_one_record_and_a_conflict_opens(cast):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    second.refresh_from_db()
    assert second.customer == first.customer
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later, conflict.reasons) == (first, second, ["record"])
    assert open_conflicts(second) == 1
    assert told("deal-conflict") == {"Karim Benali"}
    assert set(first.customer.observations.filter(kind="name").values_list("value", flat=True)) == {
        "Hôpital Saint-Roch",
        "Fondation Belle Rive",
    }
    for record in (change.kept, change.other):
        event = Event.objects.about(record).get(verb="customer.merged")
        assert (event.actor, event.reason, event.audience) == (cast.karim, REASON, "vendor")


def test_the_next_registration_under_either_name_meets_both(cast):
    first, second = two_customers(cast)
    merge(cast, first, second)
    third = registered(cast, cast.alice, "Fondation Belle Rive SA", at=SOON)
    assert third.customer == first.customer
    assert Conflict.objects.filter(later=third).count() == 2


def test_two_protected_deals_keep_their_protection_and_the_manager_is_told(cast):
    first, second = two_customers(cast, approve=(True, True))
    merge(cast, first, second)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (DealStatus.APPROVED, DealStatus.APPROVED)
    # The database keeps one protected deal a customer: the second stays on the record that was absorbed.
    assert second.customer_id != first.customer_id
    assert second.customer.merged_into == first.customer
    assert Conflict.objects.get().outcome == ""
    assert told("deal-both-protected") == {"Karim Benali"}
    assert told("deal-conflict") == set()
    third = registered(cast, cast.alice, "Fondation Belle Rive", at=SOON)
    assert {conflict.earlier for conflict in Conflict.objects.filter(later=third)} == {first, second}


@pytest.mark.parametrize("outcome", ["earlier_stands", "later_prevails", "different"])
def test_once_their_conflict_is_settled_what_stays_protected_stands_with_the_record_that_counts(
    cast, outcome
):
    first, second = two_customers(cast, approve=(True, True))
    merge(cast, second, first)
    conflict = Conflict.objects.get()
    actions.settle_conflict(
        conflict, by=cast.karim, at=SOON, outcome=outcome, reason="Heard both.", message="We looked again."
    )
    first.refresh_from_db()
    second.refresh_from_db()
    protected = [deal for deal in (first, second) if deal.status == DealStatus.APPROVED]
    counts = Customer.objects.current()
    if outcome == ConflictOutcome.DIFFERENT:
        assert len({deal.customer_id for deal in protected}) == 2
    else:
        assert len(protected) == 1
    assert all(deal.customer in counts for deal in protected)


def test_a_split_does_not_put_two_protected_deals_on_the_new_record(cast):
    first, second = two_customers(cast, approve=(True, True))
    merge(cast, first, second)
    names = Observation.objects.filter(customer=first.customer, value="Fondation Belle Rive", kind="name")
    with pytest.raises(RuleViolation) as refusal:
        actions.split_customer(
            first.customer,
            by=cast.karim,
            at=SOON,
            reason=REASON,
            observations=list(names.values_list("pk", flat=True)),
            deals=[first.pk, second.pk],
        )
    assert (refusal.value.code, refusal.value.field) == ("both-protected", "deals")
    assert not CustomerChange.objects.filter(kind="split").exists()


def test_when_the_other_protection_runs_out_the_deal_comes_home(cast):
    first, second = two_customers(cast, approve=(True, True))
    merge(cast, first, second)
    Deal.objects.filter(pk=second.pk).update(protected_until=LATER.date() + timedelta(days=120))
    assert actions.expire_deal(Deal.objects.get(pk=first.pk), at=LATER + timedelta(days=92))
    second.refresh_from_db()
    assert second.customer_id == first.customer_id


def test_it_stays_where_it_is_while_the_other_is_protected(cast):
    first, second = two_customers(cast, approve=(True, True))
    merge(cast, first, second)
    third = registered(cast, cast.alice, "Fondation Belle Rive", at=SOON)
    actions.withdraw_deal(third, by=cast.alice, at=SOON)
    actions.look_at_due(at=SOON)
    second.refresh_from_db()
    assert second.customer_id != first.customer_id


def test_of_merges_of_merges_the_last_record_counts(cast):
    first, second = two_customers(cast, approve=(True, True))
    third = registered(cast, cast.alice, "Clinique du Parc Monceau", at=LATER)
    merge(cast, first, second)
    change = merge(cast, third, first)
    assert {one.merged_into_id for one in Customer.objects.exclude(pk=third.customer_id)} == {
        third.customer_id
    }
    assert Conflict.objects.open().count() == 3
    assert Deal.objects.filter(customer=third.customer_id, status="approved").count() == 1
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    assert Customer.objects.get(pk=second.customer_id).merged_into_id == first.customer_id
    assert Conflict.objects.open().count() == 1


def test_a_purchase_of_the_other_record_speaks_against_new_business(cast):
    first, second = two_customers(cast, approve=(True, False))
    actions.report_won(
        Deal.objects.get(pk=first.pk),
        by=cast.amir,
        at=SOON,
        order_reference="DN-1",
        order_date=SOON.date(),
        order_amount=Decimal("100"),
    )
    merge(cast, second, first)
    assert Conflict.objects.get().later == second


def test_other_product_groups_and_ended_registrations_are_in_no_conflict(cast):
    first, second = two_customers(cast)
    actions.withdraw_deal(first, by=cast.amir, at=LATER)
    merge(cast, first, second)
    assert not Conflict.objects.exists()


def test_what_was_told_apart_is_to_be_settled_again_when_the_customers_are_one(cast):
    first = registered(cast, cast.amir, "Hôpital Saint-Roch")
    second = registered(cast, cast.bruno, "Hôpital Saint-Roch", at=MONDAY + timedelta(hours=1))
    conflict = Conflict.objects.get()
    actions.settle_conflict(conflict, by=cast.karim, at=LATER, outcome="different", reason="Two sites.")
    before = model_to_dict(Conflict.objects.get())
    second.refresh_from_db()
    change = merge(cast, first, second)
    conflict.refresh_from_db()
    assert (conflict.outcome, conflict.settled_before[0]["outcome"]) == ("", "different")
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    assert model_to_dict(Conflict.objects.get()) == before


def test_the_record_that_stays_learns_what_it_lacked_and_forgets_it_again(cast):
    first = registered(cast, cast.amir, "Hôpital Saint-Roch", web_domain="saint-roch.fr")
    second = registered(
        cast,
        cast.bruno,
        "Fondation Belle Rive",
        company_number="552100554",
        web_domain="belle-rive.fr",
        customer_city="Lille",
    )
    change = merge(cast, first, second)
    record = Customer.objects.get(pk=first.customer_id)
    assert (record.company_number, record.domain, record.city) == ("552100554", "saint-roch.fr", "Lille")
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    record.refresh_from_db()
    assert (record.company_number, record.domain, record.city) == ("", "saint-roch.fr", "")


def test_a_branch_abroad_gives_the_record_neither_number_nor_town(cast):
    first, _second = two_customers(cast)
    abroad = add_customer(
        read_identity(name="Belle Rive Gent", country="BE", city="Gent"), Source(MONDAY, market="FR")
    )
    actions.merge_customers(first.customer, abroad, by=cast.karim, at=SOON, reason=REASON)
    record = Customer.objects.get(pk=first.customer_id)
    assert (record.city, record.markets) == ("", ["BE", "FR"])


def test_two_that_are_in_conflict_already_are_told_of_once(cast):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    flag_conflict(first, second, ["number"], at=SOON, anew=True)
    Notification.objects.all().delete()
    again = merge(cast, first, second)
    assert Conflict.objects.get().outcome == ""
    assert again.carried["conflicts"] == {}
    assert told("deal-conflict") == set()


# --- taking it back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("approve", [(False, False), (True, False), (True, True)])
def test_undoing_a_merge_restores_everything(cast, approve):
    first, second = two_customers(cast, approve=approve)
    observe(first.customer, second.identity(), Source(LATER, first.reference, "FR"))
    for deal in (first, second):
        seen = Source(deal.submitted_at, deal.reference, "FR")
        observe(deal.customer, read_identity(name=deal.customer_name, country="FR", city="Lille"), seen)
    before = everything()
    change = merge(cast, first, second)
    assert everything() != before
    # What both had observed is told once, since the first day.
    (town,) = observed_of(first.customer)["place"]
    assert (town.since, town.first_source) == (MONDAY, first.reference)
    assert town.until == second.submitted_at
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    assert everything() == before
    assert Conflict.objects.get().outcome == ConflictOutcome.PARTED
    assert Event.objects.about(first.customer).filter(verb="customer.merge_undone").count() == 1


def test_undoing_a_split_restores_everything(cast):
    first, second = two_customers(cast)
    merge(cast, first, second)
    Notification.objects.all().delete()
    going = first.customer.observations.filter(first_source=second.reference)
    before = everything()
    change = actions.split_customer(
        first.customer,
        by=cast.karim,
        at=SOON,
        reason=REASON,
        observations=[one.pk for one in going],
        deals=[second.pk],
    )
    second.refresh_from_db()
    assert second.customer == change.other and change.other.name == "Fondation Belle Rive"
    assert Conflict.objects.get().outcome == ConflictOutcome.PARTED
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="One after all.")
    after = everything()
    after["customers"] = [one for one in after["customers"] if one["id"] != change.other_id]
    assert after == before
    assert Conflict.objects.get().outcome == ""


def test_undoing_a_split_brings_back_what_came_in_since_but_nothing_twice(cast):
    first, second = two_customers(cast)
    merge(cast, first, second)
    going = first.customer.observations.filter(first_source=second.reference)
    change = actions.split_customer(
        first.customer,
        by=cast.karim,
        at=SOON,
        reason=REASON,
        observations=[one.pk for one in going],
        deals=[second.pk],
    )
    source = Source(SOON, second.reference, "FR")
    observe(change.kept, read_identity(name="Hôpital Saint-Roch", country="FR", city="Lille"), source)
    observe(change.other, read_identity(name="Fondation Belle Rive", country="FR", city="Lille"), source)
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="One after all.")
    assert first.customer.observations.filter(kind="place").count() == 1
    assert Customer.objects.get(pk=first.customer_id).city == "Lille"


def test_what_came_in_since_stays_where_it_came_in(cast):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    third = registered(cast, cast.alice, "Fondation Belle Rive", at=SOON, web_domain="belle-rive.example")
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    third.refresh_from_db()
    assert third.customer_id == first.customer_id
    assert Customer.objects.get(pk=first.customer_id).domain == "belle-rive.example"


def test_a_decision_taken_in_the_meantime_stays_decided(cast):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    actions.settle_conflict(
        Conflict.objects.get(),
        by=cast.karim,
        at=SOON,
        outcome="earlier_stands",
        reason="First.",
        message="We looked again.",
    )
    actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="Two after all.")
    assert Conflict.objects.get().outcome == ConflictOutcome.EARLIER_STANDS
    assert Deal.objects.get(pk=second.pk).status == DealStatus.REJECTED


def test_the_latest_change_is_undone_first_and_once(cast):
    first, second = two_customers(cast)
    third = registered(cast, cast.alice, "Clinique du Parc Monceau", at=LATER)
    change = merge(cast, first, second)
    later = merge(cast, first, third)
    undo = {"by": cast.karim, "at": SOON, "reason": "Two after all."}
    with pytest.raises(WrongState, match="later change"):
        actions.undo_customer_change(change, **undo)
    actions.undo_customer_change(later, **undo)
    with pytest.raises(WrongState, match="in the meantime"):
        actions.undo_customer_change(later, **undo)
    actions.undo_customer_change(change, **undo)
    assert Customer.objects.current().count() == 3


# --- who may, and what is refused -----------------------------------------------------------------------


def test_only_managers_of_the_region_and_the_programme_merge(cast):
    first, second = two_customers(cast)
    for person in (cast.amir, cast.denise, cast.august, cast.ingrid, cast.stranger):
        with pytest.raises(NotAllowed):
            merge(cast, first, second, by=person)
        with pytest.raises(NotAllowed):
            actions.split_customer(first.customer, by=person, at=SOON, reason=REASON, observations=[])
    change = merge(cast, first, second, by=cast.nora)
    for person in (cast.amir, cast.denise, cast.august, cast.ingrid, cast.stranger):
        with pytest.raises(NotAllowed):
            actions.undo_customer_change(change, by=person, at=SOON, reason=REASON)


def test_each_change_has_a_reason(cast):
    first, second = two_customers(cast)
    with pytest.raises(RuleViolation) as refused:
        merge(cast, first, second, reason=" ")
    assert refused.value.field == "reason"
    change = merge(cast, first, second)
    with pytest.raises(RuleViolation):
        actions.undo_customer_change(change, by=cast.karim, at=SOON, reason="")
    with pytest.raises(RuleViolation):
        actions.split_customer(first.customer, by=cast.karim, at=SOON, reason="", observations=[])


def test_a_record_is_not_merged_with_itself_nor_twice(cast):
    first, second = two_customers(cast)
    with pytest.raises(RuleViolation, match="another record"):
        merge(cast, first, first)
    merge(cast, first, second)
    with pytest.raises(WrongState, match="merged into another"):
        actions.merge_customers(
            Customer.objects.get(pk=second.customer_id),
            first.customer,
            by=cast.karim,
            at=SOON,
            reason=REASON,
        )


def test_a_split_takes_what_the_record_holds_and_leaves_it_a_name(cast):
    first, second = two_customers(cast)
    merge(cast, first, second)
    names = list(first.customer.observations.filter(kind="name").values_list("pk", flat=True))
    others = list(first.customer.observations.exclude(kind="name").values_list("pk", flat=True))
    split = {"by": cast.karim, "at": SOON, "reason": REASON}
    for chosen, message in (
        (others, "one name for the new"),
        (names, "one name stays"),
        ([0], "what this record holds"),
    ):
        with pytest.raises(RuleViolation, match=message):
            actions.split_customer(first.customer, observations=chosen, **split)
    with pytest.raises(RuleViolation, match="what this record holds"):
        actions.split_customer(first.customer, observations=names[:1], deals=[0], **split)
    assert CustomerChange.objects.count() == 1


def test_records_that_never_stand_still_are_left_alone(cast, monkeypatch):
    first, second = two_customers(cast)
    monkeypatch.setattr(customer_actions, "_deals_of", lambda ids: Deal.objects.none())

    class Restless:
        def __init__(self, ids):
            pass

        def select_for_update(self, **how):
            return []

        def values_list(self, *names, **how):
            return [1]

    monkeypatch.setattr(customer_actions, "_deals_of", Restless)
    with pytest.raises(WrongState, match="Try again"):
        merge(cast, first, second)


# --- late discoveries ----------------------------------------------------------------------------------


def test_a_number_that_makes_two_protected_deals_one_customers_is_told(cast):
    """Neither name nor domain connected them; a third registration tells the number of one under the name
    of the other."""
    first = registered(cast, cast.amir, "Hôpital Saint-Roch", approve=True)
    second = registered(cast, cast.bruno, "Fondation Belle Rive", approve=True, company_number="552100554")
    assert not Conflict.objects.exists()
    type(cast.platin).objects.filter(pk=cast.platin.pk).update(authorised_countries=["DE", "FR"])
    third = registered(
        cast, cast.paul, "Hôpital Saint-Roch", at=SOON, customer_country="FR", company_number="552100554"
    )
    pair = Conflict.objects.get(later__in=[first, second], earlier__in=[first, second])
    assert pair.outcome == ""
    assert told("deal-both-protected") == {"Karim Benali"}
    assert Conflict.objects.filter(later=third).count() == 2


def test_two_companies_of_one_name_with_numbers_of_their_own_stay_two(cast):
    first = registered(cast, cast.amir, "Zorblatt", approve=True, company_number="552100554")
    second = registered(cast, cast.bruno, "Zorblatt", approve=True, company_number="732829320")
    type(cast.platin).objects.filter(pk=cast.platin.pk).update(authorised_countries=["DE", "FR"])
    third = registered(cast, cast.paul, "Zorblatt", at=SOON, customer_country="FR", web_domain="zorblatt.fr")
    assert first.customer != second.customer
    assert {conflict.earlier for conflict in Conflict.objects.filter(later=third)} == {first, second}
    assert Conflict.objects.count() == 2
    assert told("deal-both-protected") == set()


def test_what_is_only_perhaps_the_same_links_and_blocks_nobody(cast):
    first = registered(cast, cast.amir, "Hôpital Saint-Roch", web_domain="saint-roch.fr")
    second = registered(cast, cast.bruno, "Vauquelard", web_domain="saint-roch.fr")
    assert first.customer != second.customer
    assert not Conflict.objects.exists()
    assert open_conflicts(second) == 0


def test_a_name_alone_that_two_companies_share_makes_nobody_one(cast):
    first = registered(cast, cast.amir, "Zorblatt", company_number="552100554")
    second = registered(cast, cast.bruno, "Zorblatt", company_number="732829320")
    type(cast.platin).objects.filter(pk=cast.platin.pk).update(authorised_countries=["DE", "FR"])
    third = registered(cast, cast.paul, "Zorblatt", at=SOON, customer_country="FR")
    assert {conflict.earlier for conflict in Conflict.objects.filter(later=third)} == {first, second}
    assert Conflict.objects.count() == 2


def test_other_product_groups_of_the_two_are_in_no_conflict(cast):
    first = registered(
        cast, cast.amir, "Hôpital Saint-Roch", approve=True, product_group=cast.groups["endpoint-security"]
    )
    Deal.objects.filter(pk=first.pk).update(product_group=cast.groups["total-security"])
    second = registered(cast, cast.bruno, "Fondation Belle Rive", approve=True, company_number="552100554")
    type(cast.platin).objects.filter(pk=cast.platin.pk).update(authorised_countries=["DE", "FR"])
    registered(
        cast, cast.paul, "Hôpital Saint-Roch", at=SOON, customer_country="FR", company_number="552100554"
    )
    assert not Conflict.objects.filter(later__in=[first, second], earlier__in=[first, second]).exists()
    assert told("deal-both-protected") == set()
