"""Merging and splitting customers with the deals that hang on them (decision record 0013)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from django.db import transaction
from django.db.models import Q

from dealreg.deals.actions.conflicts import bring_home, flag_conflict, lapse_conflict
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, ConflictOutcome, Deal
from dealreg.deals.querysets import DealQuerySet
from dealreg.deals.selectors import takes
from partners.customers import actions as customers
from partners.customers.models import ChangeKind, Customer, CustomerChange
from portal.accounts.models import User
from portal.core.errors import RuleViolation, WrongState, gettext_noop

# Somebody registers the customers while their deals are being locked: then they are locked again.
MOST_TRIES = 5
# What a conflict is recognised by when a channel manager has made two records one.
RECORD = "record"


class _Moved(Exception):
    """A deal has come to one of the customers after its deals were locked."""


def _with_deals_locked(
    records: Sequence[Customer], change: Callable[[list[Deal]], CustomerChange]
) -> CustomerChange:
    """Make a change of customers under the locks of their deals and their own, in this order. A deal that
    comes in between is not locked behind the customers, which might wait for ever: all is begun again."""
    ids = [record.pk for record in records]
    for _try in range(MOST_TRIES):
        try:
            with transaction.atomic():
                deals = list(_deals_of(ids).select_for_update(of=("self",), no_key=True))
                customers.lock_customers(records)
                if {deal.pk for deal in deals} != set(_deals_of(ids).values_list("pk", flat=True)):
                    raise _Moved
                return change(deals)
        except _Moved:
            continue
    raise WrongState(
        "customer-moving", gettext_noop("This customer's record is being changed. Try again in a moment.")
    )


def _deals_of(ids: Iterable[int]) -> DealQuerySet:
    return Deal.objects.of_customers(ids).select_related("partner", "edition", "customer").order_by("pk")


@transaction.atomic
def merge_customers(
    kept: Customer, absorbed: Customer, *, by: User, at: datetime, reason: str
) -> CustomerChange:
    """Two records are one customer. Their deals come together; where both have a registration that takes
    the same product group, a conflict opens (rule E5). Of two protected ones each keeps its protection, and
    the absorbed record's stays where it is, until a channel manager has settled their conflict."""

    def merge(deals: list[Deal]) -> CustomerChange:
        theirs = [deal for deal in deals if deal.customer_id != kept.pk and not _is_held_at(deal, kept)]
        own = [deal for deal in deals if deal not in theirs]
        change = customers.merge_customers(kept, absorbed, by=by, at=at, reason=reason)
        _carry(change, theirs, kept, others=own, at=at)
        return change

    return _with_deals_locked([kept, absorbed], merge)


def _is_held_at(deal: Deal, kept: Customer) -> bool:
    return deal.customer.merged_into_id == kept.pk


def _carry(
    change: CustomerChange, moving: list[Deal], to: Customer, *, others: list[Deal], at: datetime
) -> None:
    """Move deals to a record and note in the change what is needed to take it back."""
    protected = {deal.product_group_id for deal in others if deal.status == DealStatus.APPROVED}
    # First those of the record itself, then those that a merge before had left elsewhere.
    for deal in sorted(moving, key=lambda deal: (deal.customer_id != change.other_id, deal.pk)):
        if deal.status == DealStatus.APPROVED:
            if deal.product_group_id in protected:
                continue
            protected.add(deal.product_group_id)
        Deal.objects.filter(pk=deal.pk).update(customer=to)
    change.carried |= {
        "deals": {str(deal.pk): deal.customer_id for deal in moving},
        "conflicts": _flag_between(moving, others, at=at),
    }
    change.save(update_fields=["carried"])


def _flag_between(ones: list[Deal], others: list[Deal], *, at: datetime) -> dict[str, Any]:
    """The conflicts between two customers' registrations that are open now, with what each was before."""
    noted = {}
    for one, other in product(ones, others):
        if one.product_group_id != other.product_group_id or not (takes(one, other) or takes(other, one)):
            continue
        before = Conflict.objects.filter(later__in=[one, other], earlier__in=[one, other]).first()
        was = {name: _in_json(getattr(before, name)) for name in _AS_SETTLED} if before else None
        conflict, is_open_now = flag_conflict(one, other, [RECORD], at=at, anew=True, told_apart_too=True)
        if is_open_now:
            noted[str(conflict.pk)] = was
    return noted


def _in_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


_AS_SETTLED = ("outcome", "reason", "settled_by_id", "settled_at", "found_at", "reasons", "settled_before")


@transaction.atomic
def split_customer(
    customer: Customer,
    *,
    by: User,
    at: datetime,
    reason: str,
    observations: Sequence[int],
    deals: Sequence[int] = (),
) -> CustomerChange:
    """Some of what was observed, and the chosen deals, belong to another company. Open conflicts between
    what goes and what stays settle by themselves."""

    def split(every: list[Deal]) -> CustomerChange:
        going = [deal for deal in every if deal.pk in set(deals)]
        if len(going) != len(set(deals)):
            raise RuleViolation(
                "not-of-record", gettext_noop("Choose from what this record holds."), field="deals"
            )
        change = customers.split_customer(customer, by=by, at=at, reason=reason, observations=observations)
        groups = [deal.product_group_id for deal in going if deal.status == DealStatus.APPROVED]
        if len(groups) != len(set(groups)):
            raise RuleViolation(
                "both-protected",
                gettext_noop(
                    "Two of these deals are protected for the same product group, and one record holds one "
                    "of them. Settle their conflict first."
                ),
                field="deals",
                rule="E5",
            )
        Deal.objects.filter(pk__in=[deal.pk for deal in going]).update(customer=change.other)
        staying = [deal for deal in every if deal not in going]
        between = Q(later__in=going, earlier__in=staying) | Q(later__in=staying, earlier__in=going)
        lapsed = []
        for conflict in Conflict.objects.open().filter(between).select_related(*_SIDES):
            lapse_conflict(conflict, at=at, outcome=ConflictOutcome.PARTED)
            lapsed.append(conflict.pk)
        change.carried = {"deals": {str(deal.pk): deal.customer_id for deal in going}, "lapsed": lapsed}
        change.save(update_fields=["carried"])
        bring_home([customer.pk])
        return change

    return _with_deals_locked([customer], split)


_SIDES = ("later__partner", "later__distributor", "earlier__partner", "earlier__distributor")


@transaction.atomic
def undo_customer_change(change: CustomerChange, *, by: User, at: datetime, reason: str) -> CustomerChange:
    """The records and their deals are as they were. What a channel manager has decided in the meantime
    stays decided; what came in since stays with the record where it came in."""

    def undo(deals: list[Deal]) -> CustomerChange:
        undone = customers.undo_change(change, by=by, at=at, reason=reason)
        carried = undone.carried.get("deals", {})
        if undone.kind == ChangeKind.MERGE:
            for deal in deals:
                before = carried.get(str(deal.pk))
                if before is not None and deal.customer_id == undone.kept_id:
                    Deal.objects.filter(pk=deal.pk).update(customer=before)
            _close_again(undone, at=at)
        else:
            returning = [deal for deal in deals if deal.customer_id == undone.other_id]
            staying = [deal for deal in deals if deal not in returning]
            _carry(undone, returning, undone.kept, others=staying, at=at)
        return undone

    return _with_deals_locked([change.kept, change.other], undo)


def _close_again(change: CustomerChange, *, at: datetime) -> None:
    """What the merge had opened and nobody has settled is as it was, or is none."""
    noted = change.carried.get("conflicts", {})
    still_open = Conflict.objects.open().filter(pk__in=noted).select_related(*_SIDES)
    for conflict in still_open.order_by("pk"):
        was = noted[str(conflict.pk)]
        if was is None:
            lapse_conflict(conflict, at=at, outcome=ConflictOutcome.PARTED)
        else:
            Conflict.objects.filter(pk=conflict.pk).update(**was)
