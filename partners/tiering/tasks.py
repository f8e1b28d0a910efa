"""What happens to tiers by date: proposals from lapses, recovery plans that end, changes that take effect."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from partners.tiering.actions import (
    apply_change,
    drop_reviews_without_ground,
    note_undone_lapses,
    open_tier_reviews,
    resume_reviews,
    watch_ground,
)
from partners.tiering.lifecycle import ReviewStatus
from partners.tiering.models import TierChange, TierReview
from partners.tiering.selectors import lapses_to_review
from portal.core.calendar import countries_by_date
from portal.core.errors import gettext_noop
from portal.core.sweeps import note_touched, sweep

OPENED = gettext_noop("tier reviews opened")
DROPPED = gettext_noop("tier reviews no longer needed")
RESUMED = gettext_noop("recovery plans ended")
UNFOUNDED = gettext_noop("tier changes whose reason is gone")
APPLIED = gettext_noop("tier changes in effect")
BATCH = 500


@sweep("tiering.reviews", _("Tier reviews: opened, dropped, resumed"), nightly=True)
def watch_reviews(at: datetime) -> dict[str, int]:
    """Rules G5, H5: lapses with an effect become proposals; proposals without ground fall away; plans end."""
    done = dict.fromkeys((OPENED, DROPPED, RESUMED), 0)
    note_undone_lapses()
    ids = list(lapses_to_review().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        for review in open_tier_reviews(ids[start : start + BATCH], at=at):
            note_touched(OPENED, review.departure.reference)
            done[OPENED] += 1
    undecided = TierReview.objects.filter(status__in=[ReviewStatus.OPEN, ReviewStatus.PLAN])
    ids = list(undecided.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        done[DROPPED] += len(drop_reviews_without_ground(ids[start : start + BATCH], at=at))
    plans = TierReview.objects.filter(status=ReviewStatus.PLAN)
    countries = plans.order_by().values_list("partner__country", flat=True).distinct()
    for today, sharing in countries_by_date(at, list(countries)).items():
        over = plans.filter(partner__country__in=sharing, plan_until__lt=today)
        done[RESUMED] += len(resume_reviews(list(over.values_list("pk", flat=True)), at=at))
    return done


@sweep("tiering.changes", _("Tier changes on their day"), nightly=True)
def watch_changes(at: datetime) -> dict[str, int]:
    """Rule H3: what was scheduled takes effect on its day in the partner's country; before that, whoever
    decided hears when its reason is gone."""
    applied = unfounded = 0
    scheduled = TierChange.objects.scheduled()
    countries = scheduled.order_by().values_list("partner__country", flat=True).distinct()
    for today, sharing in countries_by_date(at, list(countries)).items():
        due = scheduled.filter(partner__country__in=sharing, effective_on__lte=today)
        for change in due.order_by("pk").iterator(chunk_size=500):
            applied += apply_change(change, at=at)
    ids = list(scheduled.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        unfounded += len(watch_ground(ids[start : start + BATCH], at=at))
    return {APPLIED: applied, UNFOUNDED: unfounded}
