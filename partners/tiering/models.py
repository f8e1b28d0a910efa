import pgtrigger
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from partners.certification.models import Departure
from partners.organisations.models import Partner, Tier
from partners.programme.models import Edition
from partners.tiering.lifecycle import CHANGE_LIFECYCLE, REVIEW_LIFECYCLE, ChangeStatus, ReviewStatus
from partners.tiering.querysets import TierChangeQuerySet, TierReviewQuerySet


class TierReview(models.Model):
    """A proposal to lower a partner's tier, for a person to decide (rules G5, H5)."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="tier_reviews", verbose_name=_("partner")
    )
    # What it rests on: a departed person who was not replaced in time.
    departure = models.ForeignKey(Departure, null=True, on_delete=models.PROTECT, related_name="tier_reviews")
    # The lapse did not stand: should the case lapse again, that is another proposal.
    lapse_undone = models.BooleanField(default=False)
    status = models.CharField(_("status"), max_length=12, choices=ReviewStatus, default=ReviewStatus.OPEN)
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    current_tier = models.CharField(_("present tier"), max_length=16, choices=Tier)
    proposed_tier = models.CharField(_("proposed tier"), max_length=16, choices=Tier)
    # Required and present specialists by track, as they were counted.
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    opened_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(_("reason"), blank=True)
    # Of a recovery plan: what is to be done, and its last day in the partner's country.
    plan = models.TextField(_("measures"), blank=True)
    plan_until = models.DateField(_("until"), null=True)

    objects = TierReviewQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        indexes = [models.Index(fields=["status", "opened_at"], name="tier_review_status")]
        constraints = [
            models.CheckConstraint(
                name="tier_review_decided_with_reason",
                condition=Q(status__in=["open", "dropped"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="tier_review_plan_has_an_end",
                condition=~Q(status="plan") | (Q(plan_until__isnull=False) & ~Q(plan="")),
            ),
            models.UniqueConstraint(
                fields=["departure"], condition=Q(lapse_undone=False), name="tier_review_once_a_lapse"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="tier_review_moves", field="status", transitions=REVIEW_LIFECYCLE.transitions()
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.current_tier} → {self.proposed_tier}"

    def get_absolute_url(self) -> str:
        return f"/tier-reviews/{self.pk}/"


class TierChange(models.Model):
    """A decided change of tier and the day on which it takes effect (rule H3)."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="tier_changes", verbose_name=_("partner")
    )
    review = models.ForeignKey(TierReview, null=True, on_delete=models.PROTECT, related_name="changes")
    before = models.CharField(_("from"), max_length=16, choices=Tier)
    after = models.CharField(_("to"), max_length=16, choices=Tier)
    status = models.CharField(
        _("status"), max_length=12, choices=ChangeStatus, default=ChangeStatus.SCHEDULED
    )
    effective_on = models.DateField(_("takes effect on"))
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    reason = models.TextField(_("reason"))
    ended_at = models.DateTimeField(null=True)
    # While it waits: since when the specialists carry the present tier again, and when a person has decided
    # that it takes effect all the same.
    ground_gone_at = models.DateTimeField(null=True)
    upheld_at = models.DateTimeField(null=True)

    objects = TierChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-effective_on", "-pk"]
        constraints = [
            models.CheckConstraint(name="tier_change_changes", condition=~Q(before=F("after"))),
            models.UniqueConstraint(
                fields=["partner"], condition=Q(status="scheduled"), name="tier_change_one_scheduled"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="tier_change_moves", field="status", transitions=CHANGE_LIFECYCLE.transitions()
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.before} → {self.after}"

    def get_absolute_url(self) -> str:
        return f"/tier-reviews/{self.review_id}/" if self.review_id else "/tier-reviews/"
