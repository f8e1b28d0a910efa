"""Announced revocations: who is heard, who decides, and what waits (rule E13)."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from dealreg.deals.lifecycle import EXAMINED
from dealreg.deals.models import Deal, RevocationNotice, RevocationOutcome
from dealreg.deals.selectors import is_registrant, side_of
from partners.organisations.access import can
from portal.accounts.models import User


def notices_of(user: User, deal: Deal) -> list[RevocationNotice]:
    """Those that the reader sees, the latest first."""
    seen = RevocationNotice.objects.visible_to(user).filter(deal=deal)
    found = seen.select_related("announced_by", "stated_by", "decided_by")
    return list(found.order_by("-announced_at", "-pk"))


def is_heard(notice: RevocationNotice, at: datetime) -> bool:
    return notice.stated_at is not None or at > notice.statement_until


def may_state_view(user: User, deal: Deal, notice: RevocationNotice, at: datetime) -> bool:
    return (
        notice.is_open
        and deal.status in EXAMINED
        and notice.stated_at is None
        and at <= notice.statement_until
        and side_of(user.acting_as, deal) == "partner"
        and can(user, "deals.state_view")
    )


def may_decide_revocation(user: User, deal: Deal, notice: RevocationNotice) -> bool:
    return (
        notice.is_open
        and deal.status in EXAMINED
        and side_of(user.acting_as, deal) == "vendor"
        and can(user, "deals.revoke")
        and not is_registrant(user, deal)
    )


# A deal that was won, lost or taken back leaves nothing to decide, whether or not the sweep has closed its
# announcement; one that has expired does.
IS_OPEN = Q(outcome=RevocationOutcome.OPEN, deal__status__in=EXAMINED)


def once_heard(at: datetime) -> Q:
    return Q(stated_at__isnull=False) | Q(statement_until__lt=at)


def heard_notices(user: User, at: datetime) -> Any:
    """Those on which the partner has spoken, or has let its time pass: a decision is due."""
    return RevocationNotice.objects.visible_to(user).filter(IS_OPEN & once_heard(at))
