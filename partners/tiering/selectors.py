"""Whether a proposal still holds, and the reviews that wait for a person."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Exists, OuterRef

from partners.certification.lifecycle import DepartureStatus
from partners.certification.models import Departure
from partners.certification.querysets import DepartureQuerySet
from partners.certification.rules import carried_tier
from partners.certification.selectors import bound_by_sales, specialists_on
from partners.organisations.access import can
from partners.programme.rulebook import Rulebook
from partners.programme.selectors import rulebook_of
from partners.tiering.models import TierChange, TierReview
from partners.tiering.querysets import TierChangeQuerySet, TierReviewQuerySet
from portal.accounts.models import User
from portal.core.calendar import date_in

Row = TypeVar("Row", TierReview, TierChange)


def reviews_without_ground(reviews: Collection[TierReview], at: datetime) -> list[TierReview]:
    """Those whose proposal no longer holds: the lapse behind it was undone, the tier has come down to it, or
    the specialists that are there now carry the tier. A few queries for each edition and date."""
    return [
        one
        for one, rulebook, carried in _with_carried_tiers(reviews, at)
        if _lapse_undone(one)
        or rulebook.rank(one.partner.tier) <= rulebook.rank(one.proposed_tier)
        or carried == one.partner.tier
    ]


def changes_without_ground(changes: Collection[TierChange], at: datetime) -> list[TierChange]:
    """Of decided changes that wait for their day those whose reason is gone: the lapse behind them was
    undone, or the specialists that are there now carry the present tier."""
    return [
        one
        for one, _rulebook, carried in _with_carried_tiers(changes, at)
        if (one.review is not None and _lapse_undone(one.review)) or carried == one.partner.tier
    ]


def carried_now(row: Row, at: datetime) -> str:
    """The tier that today's specialists carry, at most the present one: no decision goes below it."""
    return next(carried for _one, _rulebook, carried in _with_carried_tiers([row], at))


def _lapse_undone(review: TierReview) -> bool:
    return review.departure is not None and not review.departure.carried_tier


def _with_carried_tiers(rows: Collection[Row], at: datetime) -> Iterator[tuple[Row, Rulebook, str]]:
    """Each with its edition's rules and the tier that today's specialists carry, at most the present one."""
    groups: dict[tuple[int, date], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.edition_id, date_in(row.partner.country, at)].append(row)
    for (_edition, today), group in groups.items():
        rulebook = rulebook_of(group[0].edition)
        partners = {one.partner_id for one in group}
        present, bound = specialists_on(partners, today), bound_by_sales(partners, rulebook, today)
        for one in group:
            yield (
                one,
                rulebook,
                carried_tier(
                    rulebook,
                    one.partner.tier,
                    present.get(one.partner_id, {}),
                    sales_binds=one.partner_id in bound,
                ),
            )


def lapses_to_review() -> DepartureQuerySet:
    """Lapses with an effect on the tier for which there is no proposal yet."""
    reviewed = TierReview.objects.filter(departure=OuterRef("pk"), lapse_undone=False)
    lapsed: DepartureQuerySet = Departure.objects.filter(status=DepartureStatus.SETTLED)
    return lapsed.exclude(carried_tier="").filter(~Exists(reviewed))


def reviews_to_decide(user: User, at: datetime) -> TierReviewQuerySet:
    """What the inbox lists as asking for action, and the home page counts."""
    reviews: TierReviewQuerySet = TierReview.objects.visible_to(user).open()
    return reviews if can(user, "tiers.decide") else reviews.none()


def changes_to_decide(user: User, at: datetime) -> TierChangeQuerySet:
    """Decided changes whose reason is gone, and which nobody has upheld."""
    changes: TierChangeQuerySet = TierChange.objects.visible_to(user).scheduled()
    return (
        changes.filter(ground_gone_at__isnull=False, upheld_at=None)
        if can(user, "tiers.decide")
        else changes.none()
    )
