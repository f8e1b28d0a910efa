"""The pictures of the home pages, from figures of selectors.py."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _

from dealreg.deals.lifecycle import DealStatus
from partners.organisations.models import Tier
from portal.core.charts import Chart, Segment, donut, month_bars, stacked_bar
from portal.dashboard import links
from portal.dashboard.selectors import StateFigures

_STATE_TONES = {
    DealStatus.SUBMITTED: "info",
    DealStatus.INFORMATION_REQUESTED: "warn",
    DealStatus.APPROVED: "brand",
    DealStatus.WON: "ok",
    DealStatus.LOST: "s4",
    DealStatus.EXPIRED: "neutral",
    DealStatus.REJECTED: "bad",
    DealStatus.WITHDRAWN: "s5",
    DealStatus.REVOKED: "s6",
}


def deals_by_state(states: StateFigures) -> Chart:
    segments = [
        Segment(str(DealStatus(status).label), states.count(status), tone, links.deals(status=status))
        for status, tone in _STATE_TONES.items()
    ]
    return stacked_bar(
        [segment for segment in segments if segment.value], title=_("Deals by state"), value_header=_("Deals")
    )


def registered_by_month(months: Sequence[tuple[date, int]]) -> Chart:
    return month_bars(months, title=_("Registered deals, month by month"), series=_("Registered deals"))


def decided_by_month(months: Sequence[tuple[date, int]]) -> Chart:
    return month_bars(months, title=_("Decisions, month by month"), series=_("Decisions"))


def partners_by_tier(by_tier: Mapping[str, int]) -> Chart:
    segments = [
        Segment(str(tier.label), by_tier.get(tier, 0), str(tier), links.partners(tier=tier))
        for tier in reversed(Tier)
    ]
    total = sum(by_tier.values())
    return donut(
        segments,
        title=_("Partners by tier"),
        centre=str(total),
        centre_label=_("partners"),
        value_header=_("Partners"),
    )


def on_time(on_time: int, late: int, pct: str) -> Chart:
    return donut(
        [Segment(_("On time"), on_time, "brand"), Segment(_("Late"), late, "bad")],
        title=_("Decisions of the last 30 days"),
        centre=pct,
        centre_label=_("on time"),
        value_header=_("Decisions"),
    )
