"""Several deals at once: each goes by itself through the action that its own page calls, in a transaction
of its own, with the same rights. What one refuses stops no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dealreg.deals import actions
from dealreg.deals.lifecycle import Step
from dealreg.deals.models import Deal
from partners.organisations.access import can
from portal.accounts.models import User
from portal.core.errors import PortalError, WrongState
from portal.core.web import message_of

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class BulkAction:
    name: str
    label: str | Promise
    icon: str
    # Any of these opens the action; whether it is open on a deal is for the action itself to say.
    capabilities: tuple[str, ...]
    act: Callable[..., Any]
    destructive: bool = False


@dataclass(frozen=True)
class Failure:
    deal: Deal
    reason: str


@dataclass(frozen=True)
class Outcome:
    done: list[Deal]
    failed: list[Failure]


def _approve(deal: Deal, *, by: User, at: datetime, granted_pct: Any) -> None:
    """Where the figure lies above a deal's ceiling, the ceiling is granted. Of an enterprise deal the
    distributor gives its half."""
    granted = granted_pct if deal.ceiling_pct is None else min(granted_pct, deal.ceiling_pct)
    first_half = deal.needs_vendor and deal.step == Step.DISTRIBUTOR
    if first_half and by.acting_as.distributor_id is not None:
        actions.endorse_deal(deal, by=by, at=at, granted_pct=granted)
    else:
        actions.approve_deal(deal, by=by, at=at, granted_pct=granted)


def _ask(deal: Deal, *, by: User, at: datetime, text: str) -> None:
    actions.request_information(deal, by=by, at=at, text=text, fields=[])


def _discard(deal: Deal, *, by: User, at: datetime) -> None:
    actions.discard_draft(deal, by=by)


_REVIEWS = ("deals.decide_as_distributor", "deals.decide_as_vendor")
BULK_ACTIONS = {
    one.name: one
    for one in (
        BulkAction("approve", _("Approve"), "circle-check", _REVIEWS, _approve),
        BulkAction("ask", _("Ask for information"), "help-circle", _REVIEWS, _ask),
        BulkAction("reject", _("Reject"), "circle-x", _REVIEWS, actions.reject_deal, destructive=True),
        BulkAction(
            "withdraw",
            _("Withdraw"),
            "arrow-back-up",
            ("deals.register",),
            actions.withdraw_deal,
            destructive=True,
        ),
        BulkAction(
            "report_lost",
            _("Report as lost"),
            "mood-sad",
            ("deals.close",),
            actions.report_lost,
            destructive=True,
        ),
        BulkAction("discard", _("Discard drafts"), "trash", ("deals.register",), _discard, destructive=True),
    )
}


def bulk_actions_for(user: User) -> list[BulkAction]:
    return [action for action in BULK_ACTIONS.values() if any(can(user, one) for one in action.capabilities)]


def run_on_each(
    action: BulkAction, deals: Iterable[Deal], *, by: User, at: datetime, **given: Any
) -> Outcome:
    outcome = Outcome([], [])
    for deal in deals:
        try:
            action.act(deal, by=by, at=at, **given)
        except WrongState as refusal:
            outcome.failed.append(Failure(deal, _not_from_here(deal, refusal)))
        except PortalError as refusal:
            outcome.failed.append(Failure(deal, message_of(refusal)))
        else:
            outcome.done.append(deal)
    return outcome


def _not_from_here(deal: Deal, refusal: WrongState) -> str:
    """Which state stands in the way; what an action says in words of its own stays."""
    if refusal.code != "wrong-state":
        return message_of(refusal)
    now = Deal.objects.only("status").get(pk=deal.pk).get_status_display()
    return gettext("Not possible: the deal is in the state “%(status)s”.") % {"status": now}
