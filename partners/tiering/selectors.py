"""Whether a proposal still holds, and the reviews that wait for a person."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from partners.certification.departures import bound_by_sales
from partners.certification.rules import carried_tier
from partners.certification.selectors import specialists_on
from partners.organisations.access import can
from partners.programme.rulebook import Rulebook
from partners.programme.selectors import rulebook_of
from partners.tiering.models import TierReview
from partners.tiering.querysets import TierReviewQuerySet
from portal.accounts.models import User
from portal.core.calendar import date_in


def reviews_without_ground(reviews: Collection[TierReview], at: datetime) -> list[TierReview]:
    """Those whose proposal no longer holds: the lapse behind it was undone, the tier has come down to it, or
    the specialists that are there now carry the tier. A few queries for each edition and date."""
    groups: dict[tuple[int, date], list[TierReview]] = defaultdict(list)
    for review in reviews:
        groups[review.edition_id, date_in(review.partner.country, at)].append(review)
    gone = []
    for (_edition, today), group in groups.items():
        rulebook = rulebook_of(group[0].edition)
        partners = {one.partner_id for one in group}
        present, bound = specialists_on(partners, today), bound_by_sales(partners, rulebook, today)
        gone += [
            one
            for one in group
            if not _holds(one, rulebook, present.get(one.partner_id, {}), one.partner_id in bound)
        ]
    return gone


def _holds(review: TierReview, rulebook: Rulebook, present: dict[str, int], sales_binds: bool) -> bool:
    tier = review.partner.tier
    if review.departure is not None and not review.departure.carried_tier:
        return False
    if rulebook.rank(tier) <= rulebook.rank(review.proposed_tier):
        return False
    return carried_tier(rulebook, tier, present, sales_binds=sales_binds) != tier


def reviews_to_decide(user: User, at: datetime) -> TierReviewQuerySet:
    """What the inbox lists as asking for action, and the home page counts."""
    reviews: TierReviewQuerySet = TierReview.objects.visible_to(user).open()
    return reviews if can(user, "tiers.decide") else reviews.none()
