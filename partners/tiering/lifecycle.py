"""States of a proposal to change a partner's tier, and of a decided change."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.lifecycle import Lifecycle, Move


class ReviewStatus(models.TextChoices):
    """A tier is lowered by a person only (rule H5)."""

    OPEN = "open", _("To be decided")
    CONFIRMED = "confirmed", _("Confirmed")
    KEPT = "kept", _("Tier kept")
    PLAN = "plan", _("Recovery plan")
    DROPPED = "dropped", _("No longer needed")


REVIEW_LIFECYCLE = Lifecycle(
    [
        Move("confirm", (ReviewStatus.OPEN,), ReviewStatus.CONFIRMED),
        Move("keep", (ReviewStatus.OPEN,), ReviewStatus.KEPT),
        Move("plan", (ReviewStatus.OPEN,), ReviewStatus.PLAN),
        # The plan's last day has passed: a person decides again.
        Move("resume", (ReviewStatus.PLAN,), ReviewStatus.OPEN),
        Move("drop", (ReviewStatus.OPEN, ReviewStatus.PLAN), ReviewStatus.DROPPED),
    ]
)


class ChangeStatus(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    APPLIED = "applied", _("In effect")
    DROPPED = "dropped", _("Dropped")


CHANGE_LIFECYCLE = Lifecycle(
    [
        Move("apply", (ChangeStatus.SCHEDULED,), ChangeStatus.APPLIED),
        Move("drop", (ChangeStatus.SCHEDULED,), ChangeStatus.DROPPED),
    ]
)
