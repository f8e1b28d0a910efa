"""What an approved deal may be changed to, who decides on it, and how much was approved last (rule E4)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dealreg.deals.lifecycle import AmendmentStatus, DealStatus, Step
from dealreg.deals.models import Amendment, Deal, DealLine
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    is_registrant,
    is_silent,
    reviewing_step,
    side_of,
)
from partners.organisations.access import can
from portal.accounts.models import User
from portal.core.calendar import date_in


def snapshot_of(deal: Deal, lines: list[DealLine]) -> dict[str, Any]:
    """What an amendment may change, as data."""
    return {
        "nodes": deal.nodes,
        "expected_close_on": deal.expected_close_on,
        "currency": deal.currency,
        "list_amount": sum((line.list_amount for line in lines), Decimal(0)),
        "lines": [
            {
                "product": line.product_id,
                "sku": line.product.sku,
                "name": line.product.name,
                "nodes": line.nodes,
                "term_months": line.term_months,
                "per_node": line.per_node,
                "list_amount": line.list_amount,
            }
            for line in lines
        ],
    }


def lines_in(snapshot: dict[str, Any], deal: Deal) -> list[DealLine]:
    """The lines of a snapshot again, at the prices that stand in it."""
    return [
        DealLine(
            deal=deal,
            position=position,
            product_id=line["product"],
            nodes=line["nodes"],
            term_months=line["term_months"],
            per_node=Decimal(line["per_node"]),
            list_amount=Decimal(line["list_amount"]),
        )
        for position, line in enumerate(snapshot["lines"])
    ]


def approved_amount(deal: Deal) -> tuple[Decimal, str]:
    """What was approved last, with its currency: with the deal, or with an amendment since. What took
    effect by itself does not count, or five small steps would slip through."""
    since = deal.amendments.filter(asked_at__gte=deal.decided_at)
    decided = since.filter(status=AmendmentStatus.APPROVED).last()
    if decided is not None:
        return decided.amount_after, decided.currency
    first = since.filter(status=AmendmentStatus.EFFECTIVE).first()
    if first is not None:
        return first.amount_before, first.before["currency"]
    return deal.list_amount, deal.currency


def deciders_of(amendment: Amendment) -> list[User]:
    if amendment.step == Step.VENDOR:
        return channel_managers_of(amendment.deal.partner)
    return distributor_reviewers(amendment.deal)


def may_amend(user: User, deal: Deal, at: datetime) -> bool:
    """Whether this person may ask for a change now, one that is open apart."""
    return (
        deal.status == DealStatus.APPROVED
        and side_of(user.acting_as, deal) == "partner"
        and can(user, "deals.register")
        and is_running(deal, at)
    )


def is_running(deal: Deal, at: datetime) -> bool:
    return deal.protection_held or deal.protected_until >= date_in(deal.partner.country, at)


def may_decide(user: User, amendment: Amendment, at: datetime) -> bool:
    """Rules E7, E11: at its step; the channel manager also in place of a distributor that kept silent;
    never on what one's own organisation registered or one asked for oneself."""
    deal = amendment.deal
    if not amendment.is_open or user.pk == amendment.asked_by_id:
        return False
    side = side_of(user.acting_as, deal)
    at_step = (
        side == "distributor"
        and amendment.step == Step.DISTRIBUTOR
        and can(user, "deals.decide_as_distributor")
    )
    as_vendor = (
        side == "vendor"
        and (amendment.step == Step.VENDOR or is_silent(amendment, at))
        and can(user, "deals.decide_as_vendor")
    )
    return (at_step or as_vendor) and not is_registrant(user, deal)


def amendments_to_decide(user: User, at: datetime) -> Any:
    """The open ones that this person's side decides on, what is due first on top."""
    step = reviewing_step(user)
    if step is None:
        return Amendment.objects.none()
    return Amendment.objects.visible_to(user).open_to(step, at)


# Before and after, side by side.


@dataclass(frozen=True)
class Difference:
    """One line of the comparison: `kind` is added, removed, changed or same."""

    kind: str
    name: str
    sku: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """The lines by product and term, each with what it was and what it is to be."""
    rest = list(after["lines"])
    found = []
    for old in before["lines"]:
        new = next((line for line in rest if _key(line) == _key(old)), None)
        if new is not None:
            rest.remove(new)
        kind = "removed" if new is None else "same" if _worth(new) == _worth(old) else "changed"
        found.append(Difference(kind, old["name"], old["sku"], read_line(old), new and read_line(new)))
    return [*found, *(Difference("added", new["name"], new["sku"], None, read_line(new)) for new in rest)]


def _key(line: dict[str, Any]) -> tuple[int, int]:
    return line["product"], line["term_months"]


def _worth(line: dict[str, Any]) -> tuple[int, Decimal]:
    return line["nodes"], Decimal(line["list_amount"])


def read_line(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"list_amount": Decimal(line["list_amount"]), "per_node": Decimal(line["per_node"])}


def read_day(text: Any) -> date | None:
    """A closing date of a snapshot: a date before it is stored, text afterwards."""
    return date.fromisoformat(text) if isinstance(text, str) else text
