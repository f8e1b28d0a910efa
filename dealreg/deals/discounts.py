"""Discounts for end customers: who may ask, who grants, and what waits (rule E14)."""

from typing import Any

from dealreg.deals.lifecycle import ACTIVE
from dealreg.deals.models import Deal, DiscountRequest
from dealreg.deals.selectors import is_registrant, side_of
from partners.organisations.access import can
from portal.accounts.models import User


def askable(deal: Deal) -> bool:
    """Under review or protected: before there is nothing to discount, afterwards it is too late."""
    return deal.status in ACTIVE


def requests_of(user: User, deal: Deal) -> list[DiscountRequest]:
    """Those that the reader sees, the latest first, with their lines."""
    seen = DiscountRequest.objects.visible_to(user).filter(deal=deal)
    found = seen.select_related("asked_by", "decided_by").prefetch_related("lines__product")
    return list(found.order_by("-asked_at", "-pk"))


def may_ask(user: User, deal: Deal, requests: list[DiscountRequest]) -> bool:
    return (
        askable(deal)
        and not any(request.is_open for request in requests)
        and side_of(user.acting_as, deal) == "partner"
        and can(user, "deals.ask_discounts")
    )


def may_withdraw(user: User, deal: Deal) -> bool:
    return side_of(user.acting_as, deal) == "partner" and can(user, "deals.ask_discounts")


def may_grant(user: User, deal: Deal) -> bool:
    return (
        askable(deal)
        and side_of(user.acting_as, deal) == "vendor"
        and can(user, "deals.grant_discounts")
        and not is_registrant(user, deal)
    )


def open_requests(user: User) -> Any:
    """Those of deals that have not ended, what is due first on top."""
    seen = DiscountRequest.objects.visible_to(user).open().filter(deal__status__in=ACTIVE)
    return seen.order_by("due_at", "pk")
