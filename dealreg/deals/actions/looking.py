"""Recognising the customer of a registration and finding what else takes it, after the answer to the
partner: the answer waits for nothing that depends on other registrations, so that its time tells nothing
(rule E6, promise S3). What is due stands on the deal; nothing is lost with a worker or the broker."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import IntegrityError, transaction

from dealreg.deals import rules
from dealreg.deals.actions.conflicts import lapse_conflicts, note_conflicts
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.probing import report_probing
from dealreg.deals.lifecycle import ACTIVE, DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from dealreg.deals.selectors import identity_of, reviewers_of
from partners.customers.actions import Source, add_customer, lock_identity, lock_matching, observe
from partners.customers.selectors import Candidate
from portal.celery import app as celery
from portal.notifications.actions import notify

log = logging.getLogger(__name__)

# The rest waits for the next run, which is never far.
MOST_LOOKS = 500


def ask_for_look(deal: Deal, *, at: datetime) -> None:
    """Have the portal look, right after the commit, at what this deal and others take. For every step of a
    partner that can make, change or end a conflict. The caller saves the deal."""
    deal.look_due_at = at
    transaction.on_commit(_look_soon, robust=True)


def _look_soon() -> None:
    # The deal says what is due: with Redis away beat's run looks later, the request goes on.
    # A moment later, so that the look does not take the processor from the rest of the answer.
    celery.send_task("dealreg.deals.tasks.look_at_registrations", retry=False, countdown=1)


@transaction.atomic
def look_for_conflicts(deal: Deal, *, at: datetime, anew: bool = False) -> bool:
    """Rules E2, E5: recognise the customer, note the conflicts of a deal or let those of an ended one
    lapse, and tell those who decide. `anew`: what was settled does not hold any more. Safe to repeat:
    returns whether it looked now."""
    deal = lock_deal(deal)
    if deal.look_due_at is None:
        return False
    reopened = deal.look_due_at in (deal.reopened_at, deal.win_taken_back_at)
    is_new = deal.customer_id is None or reopened
    matches = settle_identity(deal)
    deal.look_due_at = None
    deal.save(update_fields=["customer", "look_due_at"])
    if deal.status in (*ACTIVE, DealStatus.WON):
        again = anew or reopened or deal.status == DealStatus.WON
        waits = note_conflicts(deal, matches, at=at, anew=again)
        if is_new and deal.status == DealStatus.SUBMITTED:
            tell_reviewers(deal, at=at, conflict=waits)
    else:
        lapse_conflicts(deal, at=at)
    report_probing(deal, at=at)
    return True


def look_at_due(*, at: datetime, most: int = MOST_LOOKS) -> int:
    """Look at every registration that waits for it, the earliest first. Returns at how many."""
    return _look_at(Deal.objects.look_due()[:most], at)


def _look_at(deals: DealQuerySet, at: datetime) -> int:
    looked = 0
    for deal in deals.only("pk"):
        try:
            looked += look_for_conflicts(deal, at=at)
        except Exception:
            # Whatever is wrong with one registration, the others are looked at.
            log.exception("look failed", extra={"deal": deal.pk})
    return looked


def settle_identity(deal: Deal) -> list[Candidate]:
    """Recognise the customer under lock: two simultaneous looks at one customer come one after the
    other, and the second finds the first (promise S4). Returns the records that are this company; the
    deal hangs on one of them. What is only perhaps the same is left alone."""
    # Also of old ones whose number cannot be read: a look that fails would hold up the decisions after it.
    identity = identity_of(deal)
    lock_identity(identity)
    matches = lock_matching(identity)
    source = Source(deal.submitted_at, deal.reference, deal.partner.country)
    if matches:
        # A corrected spelling does not undo that a channel manager told two opportunities apart.
        held = [match.customer for match in matches if match.customer.pk == deal.customer_id]
        deal.customer = (held or [matches[0].customer])[0]
        observe(deal.customer, identity, source)
    else:
        deal.customer = add_customer(identity, source)
    return matches


def telling_key(deal: Deal) -> str:
    """What people are told once about a registration. One that was re-opened or reinstated, whose win was
    taken back or that another distributor has got, is a new one."""
    key = deal.reference
    begun = [deal.reopened_at, deal.win_taken_back_at, deal.distributor_since]
    if any(begun):
        key += f":{max(filter(None, begun)).isoformat()}"
    # Once more after an appeal brought it back.
    return f"{key}:again" if deal.reinstated_at else key


def tell_reviewers(deal: Deal, *, at: datetime, conflict: bool) -> None:
    notify(
        "deal-to-decide",
        to=reviewers_of(deal),
        about=deal,
        key=f"{telling_key(deal)}:{deal.step}",
        at=at,
        step=deal.step,
        due_at=deal.decision_due_at,
        conflict=conflict,
    )


# Deciding: never before the portal has looked at this registration and at those that came before it.

_Decision = TypeVar("_Decision", bound=Callable[..., Any])


def _to_look_at_before(deal: Deal) -> DealQuerySet:
    return Deal.objects.look_due().filter(
        product_group_id=deal.product_group_id, submitted_at__lte=deal.submitted_at
    )


def after_looking(decide: _Decision) -> _Decision:
    """For decisions. The looks have transactions of their own, before that of the decision: each locks a
    deal and then customers, and a second deal after customers would turn the order of locks around."""

    @wraps(decide)
    def decide_after_looking(deal: Deal, *, at: datetime, **decision: Any) -> Any:
        now = Deal.objects.only("product_group_id", "submitted_at").get(pk=deal.pk)
        if now.submitted_at is not None:
            _look_at(_to_look_at_before(now)[:MOST_LOOKS], at)
        return decide(deal, at=at, **decision)

    return cast(_Decision, decide_after_looking)


def conflict_when_protected(approve: _Decision) -> _Decision:
    """The last resort of rule E5: whatever the portal has overlooked, the database keeps one protected deal
    for a customer and product group. Running into that becomes a conflict for the channel manager."""

    @wraps(approve)
    def approve_or_note(deal: Deal, *, at: datetime, **decision: Any) -> Any:
        try:
            return approve(deal, at=at, **decision)
        except IntegrityError as problem:
            if "deal_one_protected" not in str(problem):
                raise
            _look_again(deal, at=at)
            return rules.check_free_of_conflict(1)

    return cast(_Decision, approve_or_note)


@transaction.atomic
def _look_again(deal: Deal, *, at: datetime) -> None:
    deal = lock_deal(deal)
    ask_for_look(deal, at=at)
    deal.save(update_fields=["look_due_at"])
    # Settled for this one, perhaps, and then the other's win was taken back.
    look_for_conflicts(deal, at=at, anew=True)


def check_looked_at(deal: Deal) -> None:
    """Rule E5, once the deal is locked: an earlier registration may have come in since the looks."""
    rules.check_looked_at(still_due=_to_look_at_before(deal).exists())
