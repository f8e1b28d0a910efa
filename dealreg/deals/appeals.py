"""Who is heard, who judges, and how often an appeal succeeds (rule E9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import OVERTURNED, Appeal, Deal
from dealreg.deals.selectors import channel_managers_of, is_registrant, side_of
from partners.organisations.access import can
from partners.organisations.models import Membership, Partner
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.core.calendar import date_in


def appeal_of(user: User, deal: Deal) -> Appeal | None:
    """As far as this reader sees it."""
    seen = Appeal.objects.visible_to(user).filter(deal=deal)
    return seen.select_related("filed_by", "rejected_by", "decided_by").first()


def may_appeal(user: User, deal: Deal, at: datetime, *, has_appealed: bool) -> bool:
    """Whether this person may file the appeal now: the button of the page."""
    return (
        (deal.status == DealStatus.REJECTED or deal.was_overruled)
        and deal.appeal_until is not None
        and not has_appealed
        and date_in(deal.partner.country, at) <= deal.appeal_until
        and side_of(user.acting_as, deal) == "partner"
        and can(user, "deals.appeal")
    )


def may_judge(user: User, deal: Deal, appeal: Appeal) -> bool:
    """Rules E9, E11: a channel manager or programme administrator of the region who neither rejected nor
    registered."""
    return (
        not appeal.outcome
        and side_of(user.acting_as, deal) == "vendor"
        and can(user, "deals.decide_appeals")
        and user.pk not in (appeal.rejected_by_id, appeal.filed_by_id)
        and not is_registrant(user, deal)
    )


def judges_of(appeal: Appeal) -> list[User]:
    """Those who manage the partner's channel, unless they took the decision; where nobody is left the
    programme administrators."""
    return channel_managers_of(appeal.deal.partner, not_by=appeal.rejected_by_id)


def programme_admins_of(partner: Partner, *, not_by: int | None = None) -> list[User]:
    region = Membership.objects.active().filter(
        vendor_office__countries__contains=[partner.country], role=Role.PROGRAMME_ADMIN
    )
    if not_by is not None:
        region = region.exclude(user_id=not_by)
    return [membership.user for membership in region.order_by("pk")]


def appeals_to_judge(user: User) -> Any:
    """The open appeals that this person may decide on, what is due first on top."""
    if not can(user, "deals.decide_appeals"):
        return Appeal.objects.none()
    seen = Appeal.objects.visible_to(user).open()
    return seen.exclude(Q(rejected_by=user) | Q(registered_by=user) | Q(filed_by=user)).order_by(
        "due_at", "pk"
    )


# How often the first decision did not stand.


@dataclass(frozen=True)
class OverturnRate:
    """Appeals that were decided, and those of them that overturned the first decision. `pct` is None where
    there are fewer than `fewest`: nobody can be singled out."""

    key: str
    decided: int
    overturned: int
    fewest: int

    @property
    def told(self) -> bool:
        return self.decided >= self.fewest

    @property
    def pct(self) -> int | None:
        return round(100 * self.overturned / self.decided) if self.told else None


@dataclass(frozen=True)
class OverturnFigures:
    total: OverturnRate
    open: int
    by_code: list[OverturnRate]
    by_country: list[OverturnRate]
    by_outcome: list[tuple[str, int]]


def overturn_figures(user: User, since: datetime | None, *, fewest: int) -> OverturnFigures:
    """Over the appeals that the reader sees, decided since then. Two statements."""
    seen = Appeal.objects.visible_to(user)
    decided = seen.exclude(outcome="")
    if since is not None:
        decided = decided.filter(decided_at__gte=since)
    rows = list(decided.order_by().values_list("rejection_code", "deal__partner__country", "outcome"))
    outcomes: dict[str, int] = {}
    for *_rest, outcome in rows:
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return OverturnFigures(
        total=OverturnRate("", len(rows), sum(row[2] in OVERTURNED for row in rows), fewest),
        open=seen.open().count(),
        by_code=_rates(((code, outcome) for code, _country, outcome in rows), fewest),
        by_country=_rates(((country, outcome) for _code, country, outcome in rows), fewest),
        by_outcome=sorted(outcomes.items(), key=lambda one: (-one[1], one[0])),
    )


def _rates(pairs: Iterable[tuple[str, str]], fewest: int) -> list[OverturnRate]:
    counted: dict[str, list[int]] = {}
    for key, outcome in pairs:
        count = counted.setdefault(key, [0, 0])
        count[0] += 1
        count[1] += outcome in OVERTURNED
    rates = [OverturnRate(key, decided, overturned, fewest) for key, (decided, overturned) in counted.items()]
    return sorted(rates, key=lambda rate: (-rate.decided, rate.key))
