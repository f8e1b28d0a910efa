from decimal import Decimal
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dealreg.deals.lifecycle import (
    AMENDMENT_LIFECYCLE,
    DEAL_LIFECYCLE,
    EXTENSION_LIFECYCLE,
    UNDER_REVIEW,
    AmendmentStatus,
    DealStatus,
    ExtensionStatus,
    Step,
)
from dealreg.deals.querysets import (
    AmendmentQuerySet,
    AppealQuerySet,
    CommentQuerySet,
    ConflictQuerySet,
    DealPartQuerySet,
    DealQuerySet,
    DiscountRequestQuerySet,
    DistributorChangeQuerySet,
    ExtensionQuerySet,
    MentionQuerySet,
    ProgressQuerySet,
    QuestionQuerySet,
    RevocationEvidenceQuerySet,
    RevocationNoticeQuerySet,
)
from partners.catalogue.models import Product, ProductGroup
from partners.customers.identity import CustomerIdentity, read_identity
from partners.customers.models import Customer
from partners.organisations.models import Distributor, Partner, Tier
from partners.programme.models import Edition
from portal.core.name_search import NamePieces
from portal.documents.models import Document

MAX_NODES = 1_000_000


class RejectionCode(models.TextChoices):
    """Why a registration is refused (rule E9). None of them names another partner (rule E6)."""

    NOT_NEW_BUSINESS = "not_new_business", _("Not new business for this product group")
    ALREADY_TAKEN = "already_taken", _("This opportunity cannot be registered")
    NO_ENGAGEMENT = "no_engagement", _("Too little engagement with the customer shown")
    INCOMPLETE = "incomplete", _("Information missing or not plausible")
    NOT_ELIGIBLE = "not_eligible", _("Conditions of the programme not met")
    CUSTOMER_OBJECTS = "customer_objects", _("The customer does not know of or objects to the registration")
    OTHER = "other", _("Another reason")


class LossCode(models.TextChoices):
    COMPETITOR = "competitor", _("Lost to a competitor's product")
    PRICE = "price", _("Price")
    FUNCTION = "function", _("A function was missing")
    COMPATIBILITY = "compatibility", _("Does not fit the customer's systems")
    PERFORMANCE = "performance", _("Did not convince in the trial")
    POLICY = "policy", _("Excluded by a policy or a rule for public buyers")
    INCUMBENT = "incumbent", _("The customer stays with its present product")
    BUNDLED = "bundled", _("Comes with another product or service of the customer")
    OTHER_PARTNER = "other_partner", _("Bought from another supplier")
    IN_HOUSE = "in_house", _("The customer solves it itself")
    PROJECT_STOPPED = "project_stopped", _("Project stopped or postponed")
    NO_BUDGET = "no_budget", _("No budget")
    TIMING = "timing", _("Delivery or decision came too late")
    MERGED = "merged", _("The customer was taken over or has closed")
    NO_ANSWER = "no_answer", _("The customer no longer answers")
    OTHER = "other", _("Another reason")


class RevocationCode(models.TextChoices):
    """Rule E13; the last one is the channel manager's decision on a conflict (rule E5)."""

    CUSTOMER_CHOICE = "customer_choice", _("The customer's own written choice")
    UNTRUE_STATEMENT = "untrue_statement", _("Untrue statement in the registration")
    AUTHORISATION_ENDED = "authorisation_ended", _("The partner's authorisation has ended")
    EARLIER_OVERRULED = "overruled", _("Another decision on the opportunity by the channel manager")


class Deal(models.Model):
    """A deal registration: one customer, one product group (rule E12). What stands in it is what the
    partner typed; `customer` is what the portal recognised, for reviewers only."""

    reference = models.CharField(_("number"), max_length=12, unique=True)
    status = models.CharField(_("status"), max_length=24, choices=DealStatus, default=DealStatus.DRAFT)
    step = models.CharField(max_length=12, choices=Step, default=Step.DISTRIBUTOR)

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="deals", verbose_name=_("partner")
    )
    distributor = models.ForeignKey(
        Distributor,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deals",
        verbose_name=_("distributor"),
    )
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("registered by")
    )
    # Who looks after it at the partner, once the registrant has handed it over; the registrant stays who
    # registered it (rule E11).
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("looked after by"),
    )
    # Rule E12: set when the distributor registered for its partner; then the vendor decides.
    on_behalf = models.BooleanField(default=False)

    customer_name = models.CharField(_("end customer"), max_length=200, blank=True)
    customer_country = models.CharField(_("country"), max_length=2, blank=True)
    customer_city = models.CharField(_("town"), max_length=120, blank=True)
    web_domain = models.CharField(_("web domain"), max_length=253, blank=True)
    company_number = models.CharField(_("VAT or company number"), max_length=40, blank=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="deals")
    # Set while the portal has yet to recognise the customer and to look for other registrations of it:
    # that happens after the answer to the partner, which must not take longer for a taken one (rule E6).
    look_due_at = models.DateTimeField(null=True)

    product_group = models.ForeignKey(
        ProductGroup,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deals",
        verbose_name=_("product group"),
    )
    nodes = models.PositiveIntegerField(
        _("nodes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_NODES)],
    )
    expected_close_on = models.DateField(_("expected closing date"), null=True, blank=True)
    engagement = models.TextField(_("engagement so far"), max_length=4000, blank=True)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    contact_role = models.CharField(_("function"), max_length=120, blank=True)
    contact_email = models.EmailField(_("e-mail"), blank=True)
    contact_phone = models.CharField(_("telephone"), max_length=40, blank=True)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    # Sum of the lines at list price (rule E15: never a resale price).
    list_amount = models.DecimalField(_("list price"), max_digits=14, decimal_places=2, default=Decimal(0))
    # Rule E14: what the vendor granted to the end customer, summed over the lines.
    end_user_discount = models.DecimalField(
        max_digits=14, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )
    # 128 random bits in the address that the letter of registration leads to; drawn on approval.
    letter_code = models.CharField(max_length=32, null=True, unique=True)

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    # As they were on submission: the deal keeps its edition, tier and ceiling (rule D2).
    edition = models.ForeignKey(Edition, null=True, on_delete=models.PROTECT, related_name="+")
    tier = models.CharField(_("tier"), max_length=16, choices=Tier, blank=True)
    ceiling_pct = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    needs_vendor = models.BooleanField(default=False)

    # The clock of rule E7. While the partner is asked, the due date is empty and what was left of
    # the working time is kept.
    decision_due_at = models.DateTimeField(_("decision due"), null=True)
    half_time_at = models.DateTimeField(null=True)
    half_time_told_at = models.DateTimeField(null=True)
    overdue_told_at = models.DateTimeField(null=True)
    clock_left = models.DurationField(null=True)
    # Rule E7: from here on the channel manager may decide in the distributor's place; stopped and
    # resumed with the clock.
    vendor_may_decide_at = models.DateTimeField(null=True)
    silence_left = models.DurationField(null=True)
    silence_told_at = models.DateTimeField(null=True)

    endorsed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    endorsed_at = models.DateTimeField(null=True)
    proposed_pct = models.DecimalField(max_digits=5, decimal_places=2, null=True)

    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    # The channel manager decided, because the distributor had not.
    in_distributors_place = models.BooleanField(default=False)
    # Working time from submission to decision, without what the partner was waited for.
    decision_working_time = models.DurationField(null=True)
    decided_late = models.BooleanField(null=True)
    granted_pct = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    rejection_code = models.CharField(max_length=24, choices=RejectionCode, blank=True)
    decision_text = models.TextField(max_length=4000, blank=True)
    # Rule E9: the last day on which the partner may appeal against the refusal, or against having been
    # overruled, in its country; empty where it may not.
    appeal_until = models.DateField(null=True)
    # Set when an appeal brought the registration back under review: the vendor decides it then.
    reinstated_at = models.DateTimeField(null=True)

    protected_from = models.DateField(null=True)
    # The last protected day, in the partner's country.
    protected_until = models.DateField(_("protected until"), null=True)

    # The last reminder of rule E8 that went out, in days before the end.
    expiry_reminder = models.PositiveSmallIntegerField(null=True)
    # Rule E8: an extension was asked for in time, and the protection holds until that is decided.
    protection_held = models.BooleanField(default=False)
    reopened_at = models.DateTimeField(null=True)
    # A win was taken back: the deal is under review again, and approved anew it is protected until the same
    # day as before. So is one whose overruling an appeal has overturned: until a day as far off as it was.
    win_taken_back_at = models.DateTimeField(null=True)
    protection_kept_until = models.DateField(null=True)

    ended_on = models.DateField(null=True)
    order_reference = models.CharField(_("distributor's order reference"), max_length=60, blank=True)
    order_date = models.DateField(_("order date"), null=True)
    order_amount = models.DecimalField(_("order amount"), max_digits=14, decimal_places=2, null=True)
    order_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    order_confirmed_at = models.DateTimeField(null=True)
    # Rule E10: who told of the order, until when the distributor is to confirm it, and, while it waits
    # for the partner to correct it, what the distributor does not find.
    order_reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    order_due_at = models.DateTimeField(null=True)
    order_reminded_at = models.DateTimeField(null=True)
    order_disputed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    order_disputed_at = models.DateTimeField(null=True)
    order_dispute = models.TextField(max_length=4000, blank=True)
    lost_to = models.CharField(_("competitor"), max_length=120, blank=True)
    # On this day the partner is reminded to try again.
    retry_on = models.DateField(_("try again on"), null=True)
    retry_told_at = models.DateTimeField(null=True)
    # Since when this distributor has the registration; what was said before is not its own.
    distributor_since = models.DateTimeField(null=True)
    loss_code = models.CharField(max_length=24, choices=LossCode, blank=True)
    revocation_code = models.CharField(max_length=24, choices=RevocationCode, blank=True)
    # Who ended the protection, and when: against an overruling the partner may appeal to somebody else.
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    end_text = models.TextField(max_length=4000, blank=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-submitted_at", "-pk"]
        indexes = [
            models.Index(fields=["partner", "status"], name="deal_partner_status"),
            models.Index(fields=["partner", "-changed_at"], name="deal_partner_changed"),
            models.Index(fields=["distributor", "status"], name="deal_distributor_status"),
            # The list of those who see many deals, and a search for what many of them hold.
            models.Index(fields=["-submitted_at", "-id"], name="deal_submitted"),
            models.Index(
                fields=["distributor", "decision_due_at"],
                condition=Q(status="submitted"),
                name="deal_queue",
            ),
            models.Index(
                fields=["customer", "product_group"],
                condition=Q(status__in=["submitted", "information_requested", "approved"]),
                name="deal_active_customer",
            ),
            models.Index(fields=["protected_until"], condition=Q(status="approved"), name="deal_protection"),
            GinIndex(NamePieces("customer_name"), name="deal_customer_name_pieces"),
            models.Index(fields=["decision_due_at"], condition=Q(status="submitted"), name="deal_due"),
            models.Index(
                fields=["vendor_may_decide_at"],
                condition=Q(status="submitted", step="distributor"),
                name="deal_silence",
            ),
            models.Index(
                fields=["decided_at"],
                condition=Q(decision_working_time__isnull=False),
                include=["distributor", "decision_working_time", "decided_late"],
                name="deal_decision_times",
            ),
            models.Index(
                fields=["order_due_at"],
                condition=Q(status="won", order_confirmed_at=None, order_reminded_at=None),
                name="deal_order_due",
            ),
            models.Index(
                fields=["retry_on"], condition=Q(status="lost", retry_told_at=None), name="deal_retry"
            ),
            models.Index(fields=["ended_on", "loss_code"], condition=Q(status="lost"), name="deal_losses"),
            models.Index(
                fields=["submitted_at"], condition=Q(look_due_at__isnull=False), name="deal_look_due"
            ),
            models.Index(
                fields=["registered_by", "submitted_at"],
                condition=Q(submitted_at__isnull=False),
                name="deal_registrant",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "product_group"],
                condition=Q(status="approved"),
                name="deal_one_protected",
                violation_error_message=_("Another deal for this customer and product group is protected."),
            ),
            models.CheckConstraint(
                name="deal_submitted_complete",
                condition=Q(status="draft")
                | Q(
                    submitted_at__isnull=False,
                    edition__isnull=False,
                    product_group__isnull=False,
                    distributor__isnull=False,
                    nodes__isnull=False,
                    ceiling_pct__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="deal_recognised_or_due",
                condition=Q(status="draft") | Q(customer__isnull=False) | Q(look_due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="deal_not_decided_by_registrant",
                condition=Q(decided_by=None) | ~Q(decided_by=F("registered_by")),
                violation_error_message=_("Nobody decides on a deal that they registered."),
            ),
            models.CheckConstraint(
                name="deal_not_endorsed_by_registrant",
                condition=Q(endorsed_by=None) | ~Q(endorsed_by=F("registered_by")),
                violation_error_message=_("Nobody decides on a deal that they registered."),
            ),
            models.CheckConstraint(
                name="deal_granted_within_ceiling",
                condition=Q(granted_pct=None) | Q(granted_pct__gte=0, granted_pct__lte=F("ceiling_pct")),
                violation_error_message=_("The discount lies above the ceiling."),
            ),
            models.CheckConstraint(
                name="deal_proposed_within_ceiling",
                condition=Q(proposed_pct=None) | Q(proposed_pct__gte=0, proposed_pct__lte=F("ceiling_pct")),
                violation_error_message=_("The discount lies above the ceiling."),
            ),
            models.CheckConstraint(
                name="deal_approved_is_protected",
                condition=~Q(status="approved")
                | Q(
                    customer__isnull=False,
                    granted_pct__isnull=False,
                    protected_until__isnull=False,
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
            ),
            # Rule E4: an enterprise deal has both signatures; one registered on behalf, brought back by an
            # appeal, or whose distributor kept silent (rule E7), only the vendor's.
            models.CheckConstraint(
                name="deal_approved_was_endorsed",
                condition=~Q(status="approved", needs_vendor=True, on_behalf=False)
                | Q(endorsed_at__isnull=False)
                | Q(reinstated_at__isnull=False)
                | Q(in_distributors_place=True),
            ),
            # Rule E7: never before its time.
            models.CheckConstraint(
                name="deal_in_place_after_silence",
                condition=Q(in_distributors_place=False)
                | Q(
                    vendor_may_decide_at__isnull=False,
                    decided_at__gte=F("vendor_may_decide_at"),
                    endorsed_at=None,
                ),
            ),
            models.CheckConstraint(
                name="deal_held_is_protected",
                condition=Q(protection_held=False) | Q(status="approved"),
            ),
            models.CheckConstraint(
                name="deal_end_user_discount_within_list",
                condition=Q(end_user_discount__gte=0, end_user_discount__lte=F("list_amount")),
                violation_error_message=_("The discount is larger than the list price."),
            ),
            models.CheckConstraint(
                name="deal_submitted_has_clock",
                condition=~Q(status="submitted")
                | Q(decision_due_at__isnull=False, half_time_at__isnull=False),
            ),
            models.CheckConstraint(
                name="deal_asked_keeps_clock",
                condition=~Q(status="information_requested") | Q(clock_left__isnull=False),
            ),
            models.CheckConstraint(
                name="deal_rejected_with_reason",
                condition=~Q(status="rejected") | (~Q(rejection_code="") & ~Q(decision_text="")),
            ),
            models.CheckConstraint(
                name="deal_won_names_order",
                condition=~Q(status="won")
                | (Q(order_date__isnull=False, order_amount__isnull=False) & ~Q(order_reference="")),
            ),
            models.CheckConstraint(
                name="deal_order_confirmed_or_disputed",
                condition=Q(order_disputed_at=None, order_disputed_by=None, order_dispute="")
                | (
                    Q(
                        status="won",
                        order_confirmed_at=None,
                        order_disputed_at__isnull=False,
                        order_disputed_by__isnull=False,
                    )
                    & ~Q(order_dispute="")
                ),
            ),
            models.CheckConstraint(
                name="deal_lost_with_reason", condition=~Q(status="lost") | ~Q(loss_code="")
            ),
            models.CheckConstraint(
                name="deal_revoked_with_reason",
                condition=~Q(status="revoked") | (~Q(revocation_code="") & ~Q(end_text="")),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="moves", field="status", transitions=DEAL_LIFECYCLE.transitions()),
            pgtrigger.Protect(
                name="keep_submitted",
                operation=pgtrigger.Delete,
                condition=~pgtrigger.Q(old__status="draft"),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The number stays as it is. An UPDATE that names it, even with the same value, takes the lock
        of a changed key, and the conflicts that others note about this deal would wait for it."""
        if not self._state.adding and not args and kwargs.get("update_fields") is None:
            fields = [field.name for field in self._meta.concrete_fields if not field.primary_key]
            kwargs["update_fields"] = [name for name in fields if name != "reference"]
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return f"/deals/{self.reference}/"

    @property
    def is_under_review(self) -> bool:
        return self.status in UNDER_REVIEW

    @property
    def was_overruled(self) -> bool:
        """Rule E5: protected, until a channel manager settled a conflict against it."""
        return self.status == DealStatus.REVOKED and self.revocation_code == RevocationCode.EARLIER_OVERRULED

    @property
    def net_amount(self) -> Decimal:
        """Rule C13: the basis of the sales amount, list price less the end customer's discount."""
        return self.list_amount - self.end_user_discount

    def identity(self) -> CustomerIdentity:
        """Raises RuleViolation on a number or domain that cannot be read."""
        return read_identity(
            name=self.customer_name,
            country=self.customer_country,
            city=self.customer_city,
            company_number=self.company_number,
            web_domain=self.web_domain,
        )


class DealLine(models.Model):
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, verbose_name=_("product"))
    nodes = models.PositiveIntegerField(
        _("nodes"), validators=[MinValueValidator(1), MaxValueValidator(MAX_NODES)]
    )
    term_months = models.PositiveSmallIntegerField(_("term in months"))
    # From the price list on the day the line was priced.
    per_node = models.DecimalField(_("price per node"), max_digits=12, decimal_places=2)
    list_amount = models.DecimalField(_("list price"), max_digits=14, decimal_places=2)
    # Rule E14, granted by the vendor for this line as it stands.
    end_user_discount = models.DecimalField(
        max_digits=14, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )

    objects = DealPartQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="deal_line_discount_within_list",
                condition=Q(end_user_discount__gte=0, end_user_discount__lte=F("list_amount")),
                violation_error_message=_("The discount is larger than the list price."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.product}"

    @property
    def net_amount(self) -> Decimal:
        """Rule C13: the basis of the sales amount, list price less the end customer's discount."""
        return self.list_amount - self.end_user_discount


class EvidenceKind(models.TextChoices):
    MEETING = "meeting", _("Minutes of a meeting")
    DEMO = "demo", _("Demonstration")
    POC = "poc", _("Proof of concept")
    OFFER = "offer", _("Quotation")
    TENDER = "tender", _("Tender document")
    CORRESPONDENCE = "correspondence", _("Correspondence")
    OTHER = "other", _("Other")


class Evidence(models.Model):
    """A file that shows the engagement with the customer, with its kind and date."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="evidence")
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("type"), max_length=16, choices=EvidenceKind)
    dated_on = models.DateField(_("date"))

    objects = DealPartQuerySet.as_manager()

    class Meta:
        ordering = ["dated_on", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.document}"


class Question(models.Model):
    """Information requested by a reviewer: what is asked, which fields it unlocks, and the answer."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="questions")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    text = models.TextField(_("question"), max_length=4000)
    fields = ArrayField(models.CharField(max_length=40), default=list)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(_("answer"), max_length=4000, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["deal"], condition=Q(answered_at=None), name="question_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.text[:40]}"


class Comment(models.Model):
    """A remark on a deal; internal ones are for distributor and vendor."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_organisation = models.CharField(max_length=200)
    is_internal = models.BooleanField(default=False)
    text = models.TextField(_("comment"), max_length=4000)
    at = models.DateTimeField()

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.text[:40]}"


class Mention(models.Model):
    """Somebody whom a comment names with @, and who may read it."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # As it stands in the text, without the @.
    name = models.CharField(max_length=120)

    objects = MentionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.comment_id}: @{self.name}"


class ConflictOutcome(models.TextChoices):
    EARLIER_STANDS = "earlier_stands", _("The earlier registration stands")
    DIFFERENT = "different", _("Two different opportunities")
    LATER_PREVAILS = "later_prevails", _("The later registration prevails")
    LAPSED = "lapsed", _("Settled by itself: one of the registrations ended")
    PARTED = "parted", _("Settled by itself: the two customers are no longer one record")
    CORRECTED = "corrected", _("Settled by itself: corrected details show two different customers")


# What no person decides.
BY_ITSELF = (ConflictOutcome.LAPSED, ConflictOutcome.PARTED, ConflictOutcome.CORRECTED)


class Conflict(models.Model):
    """Rule E5: a registration of what an earlier one already takes. Settled by a channel manager
    with a reason, or by itself when one of the two ends or their customers are no longer one."""

    later = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="conflicts")
    earlier = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="conflicts_as_earlier")
    # number, domain, name_alike:0.94: how the two customers were found to be the same.
    reasons = ArrayField(models.CharField(max_length=24), default=list)
    found_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=ConflictOutcome, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(max_length=4000, blank=True)
    # How it was settled before a successful appeal opened it anew: outcome, reason, by, at.
    settled_before = models.JSONField(default=list, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["found_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["later", "earlier"], name="conflict_once"),
            models.CheckConstraint(name="conflict_of_two", condition=~Q(later=F("earlier"))),
            models.CheckConstraint(
                name="conflict_settled_with_reason",
                condition=Q(outcome__in=["", "lapsed", "parted", "corrected"])
                | (Q(settled_by__isnull=False) & ~Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["found_at"], condition=Q(outcome=""), name="conflict_open"),
        ]

    def __str__(self) -> str:
        return f"{self.later_id} / {self.earlier_id}"

    def get_absolute_url(self) -> str:
        return f"/deals/conflicts/{self.pk}/"


class ToldApart(models.Model):
    """A reviewer has looked at a customer's record that may be this deal's customer, and it is not. Kept
    with its reason; the record is not offered for this deal again."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="told_apart")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(max_length=4000)

    objects = DealPartQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["deal", "customer"], name="told_apart_once"),
            models.CheckConstraint(name="told_apart_with_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} / {self.customer_id}"


class Clocked(models.Model):
    """What a channel manager owes an answer to, under the decision clock of rule E7, in business days of
    the partner's country: several offices of the vendor may decide, and the partner reads the hour."""

    due_at = models.DateTimeField()
    half_time_at = models.DateTimeField()
    half_time_told_at = models.DateTimeField(null=True)
    overdue_told_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class AppealOutcome(models.TextChoices):
    """How an appeal ended (rule E9): the first refusal stands, or why it did not."""

    UPHELD = "upheld", _("The decision stands")
    FACTS_WRONG = "facts_wrong", _("Overturned: the facts were wrong")
    NEW_EVIDENCE = "new_evidence", _("Overturned: new evidence")
    RULE_MISAPPLIED = "rule_misapplied", _("Overturned: the rule was misapplied")
    NOT_EXPLAINED = "not_explained", _("Overturned: the refusal was not explained")


OVERTURNED = tuple(outcome for outcome in AppealOutcome if outcome != AppealOutcome.UPHELD)


# What a partner may appeal against (rule E9): a refusal, and a protection that was overruled.
APPEALABLE = [
    *RejectionCode.choices,
    (RevocationCode.EARLIER_OVERRULED.value, RevocationCode.EARLIER_OVERRULED.label),
]


class Appeal(Clocked):
    """Rule E9: the partner's one appeal against a rejection, or against having been overruled, with what it
    is against as it stood then."""

    deal = models.OneToOneField(Deal, on_delete=models.PROTECT, related_name="appeal")
    text = models.TextField(max_length=4000)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()

    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    rejected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    rejected_at = models.DateTimeField()
    rejection_code = models.CharField(max_length=24, choices=APPEALABLE)
    rejection_text = models.TextField(max_length=4000)

    outcome = models.CharField(max_length=24, choices=AppealOutcome, blank=True)
    outcome_text = models.TextField(max_length=4000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="appeal_not_decided_by_rejecter",
                condition=Q(decided_by=None) | ~Q(decided_by=F("rejected_by")),
                violation_error_message=_("Who rejected the registration does not decide on the appeal."),
            ),
            models.CheckConstraint(
                name="appeal_not_decided_by_registrant",
                condition=Q(decided_by=None)
                | (~Q(decided_by=F("registered_by")) & ~Q(decided_by=F("filed_by"))),
                violation_error_message=_("Nobody decides on a deal that they registered."),
            ),
            models.CheckConstraint(
                name="appeal_decided_with_reason",
                condition=Q(outcome="", decided_by=None, decided_at=None)
                | (
                    ~Q(outcome="")
                    & ~Q(outcome_text="")
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(outcome=""), name="appeal_open")]

    def __str__(self) -> str:
        return str(self.deal)

    def get_absolute_url(self) -> str:
        return f"{self.deal.get_absolute_url()}#appeal"

    @property
    def against_overruling(self) -> bool:
        return self.rejection_code == RevocationCode.EARLIER_OVERRULED

    @property
    def was_overturned(self) -> bool:
        return self.outcome in OVERTURNED


class DiscountOutcome(models.TextChoices):
    OPEN = "open", _("Waits for the channel manager")
    GRANTED = "granted", _("Granted")
    PARTLY = "partly", _("Granted in part")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed with the deal")


class DiscountRequest(Clocked):
    """Rule E14: a discount for the end customer on this deal, asked for by the partner. It states the
    whole discount: one that is granted replaces what was granted before."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="discount_requests")
    reason = models.TextField(max_length=4000)
    competitor = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    asked_amount = models.DecimalField(max_digits=14, decimal_places=2)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    outcome = models.CharField(max_length=12, choices=DiscountOutcome, default=DiscountOutcome.OPEN)
    granted_amount = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))
    outcome_text = models.TextField(max_length=4000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = DiscountRequestQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deal"],
                condition=Q(outcome="open"),
                name="discount_one_open",
                violation_error_message=_("A request for this deal is open already."),
            ),
            models.CheckConstraint(
                name="discount_granted_within_asked",
                condition=Q(asked_amount__gt=0, granted_amount__gte=0, granted_amount__lte=F("asked_amount")),
                violation_error_message=_("More than was asked for cannot be granted."),
            ),
            models.CheckConstraint(
                name="discount_not_granted_by_asker",
                condition=~Q(outcome__in=["granted", "partly", "refused"])
                | (
                    Q(decided_by__isnull=False)
                    & ~Q(decided_by=F("asked_by"))
                    & ~Q(decided_by=F("registered_by"))
                ),
                violation_error_message=_("Nobody decides on a deal that they registered."),
            ),
            models.CheckConstraint(
                name="discount_decided_with_reason",
                condition=~Q(outcome__in=["granted", "partly", "refused"])
                | (Q(decided_at__isnull=False) & ~Q(outcome_text="")),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(outcome="open"), name="discount_open")]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.asked_amount} {self.currency}"

    def get_absolute_url(self) -> str:
        return f"{self.deal.get_absolute_url()}#end-user-discount"

    @property
    def is_open(self) -> bool:
        return self.outcome == DiscountOutcome.OPEN


class DiscountLine(models.Model):
    """A line as it stood when the discount was asked for; its like among the deal's lines gets it."""

    request = models.ForeignKey(DiscountRequest, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    nodes = models.PositiveIntegerField()
    term_months = models.PositiveSmallIntegerField()
    list_amount = models.DecimalField(max_digits=14, decimal_places=2)
    asked_amount = models.DecimalField(max_digits=14, decimal_places=2)
    granted_amount = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="discount_line_within_list",
                condition=Q(asked_amount__gte=0, asked_amount__lte=F("list_amount"), granted_amount__gte=0)
                & Q(granted_amount__lte=F("asked_amount")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.product}"


class RevocationOutcome(models.TextChoices):
    OPEN = "open", _("The partner is heard")
    REVOKED = "revoked", _("Protection revoked")
    DROPPED = "dropped", _("Not revoked")
    LAPSED = "lapsed", _("Lapsed: the deal has ended otherwise")


class RevocationNotice(models.Model):
    """Rule E13: a channel manager announces a revocation with code and facts; until the partner has been
    heard the protection goes on. One with the customer's own letter attached acts at once."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="revocation_notices")
    code = models.CharField(max_length=24, choices=RevocationCode)
    facts = models.TextField(max_length=4000)
    announced_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField()
    # The partner may state its view until this instant; nothing is decided before, unless it has.
    statement_until = models.DateTimeField()
    statement = models.TextField(max_length=4000, blank=True)
    stated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    stated_at = models.DateTimeField(null=True)
    heard_told_at = models.DateTimeField(null=True)

    outcome = models.CharField(max_length=12, choices=RevocationOutcome, default=RevocationOutcome.OPEN)
    outcome_text = models.TextField(max_length=4000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = RevocationNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["announced_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deal"],
                condition=Q(outcome="open"),
                name="revocation_one_open",
                violation_error_message=_("A revocation of this protection has been announced already."),
            ),
            models.CheckConstraint(
                name="revocation_decided_with_reason",
                condition=~Q(outcome__in=["revoked", "dropped"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(outcome_text="")),
            ),
        ]
        indexes = [
            models.Index(fields=["statement_until"], condition=Q(outcome="open"), name="revocation_open")
        ]

    def __str__(self) -> str:
        return str(self.deal)

    def get_absolute_url(self) -> str:
        return f"{self.deal.get_absolute_url()}#revocation"

    @property
    def is_open(self) -> bool:
        return self.outcome == RevocationOutcome.OPEN


class RevocationEvidence(models.Model):
    """A file of the vendor behind a revocation. For the vendor's eyes alone: a customer's letter may name
    the company that it has chosen (rule E6)."""

    notice = models.ForeignKey(RevocationNotice, on_delete=models.PROTECT, related_name="evidence")
    document = models.OneToOneField(Document, null=True, on_delete=models.PROTECT, related_name="+")

    objects = RevocationEvidenceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.notice_id}: {self.document}"


class ExtensionRefusal(models.TextChoices):
    """Why more protection is refused (rule E8). None of them names another partner (rule E6)."""

    NO_PROGRESS = "no_progress", _("Too little progress shown")
    NOT_PLAUSIBLE = "not_plausible", _("The new closing date is not plausible")
    CUSTOMER_OBJECTS = "customer_objects", _("The customer no longer pursues the project with this partner")
    OTHER = "other", _("Another reason")


class Extension(models.Model):
    """Rule E8: the partner asks for more protection before it ends, with what has happened since.
    Decided by whoever decides deals of this kind, on a clock of its own."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="extensions")
    status = models.CharField(max_length=12, choices=ExtensionStatus, default=ExtensionStatus.PENDING)
    step = models.CharField(max_length=12, choices=Step)
    # The last protected day as it was: what is granted counts from it, and is asked for once.
    until_before = models.DateField()
    days_asked = models.PositiveSmallIntegerField(_("days asked for"))
    expected_close_on = models.DateField(_("expected closing date"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    decision_due_at = models.DateTimeField(_("decision due"))
    half_time_at = models.DateTimeField()
    half_time_told_at = models.DateTimeField(null=True)
    overdue_told_at = models.DateTimeField(null=True)
    vendor_may_decide_at = models.DateTimeField(null=True)
    silence_told_at = models.DateTimeField(null=True)

    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    in_distributors_place = models.BooleanField(default=False)
    days_granted = models.PositiveSmallIntegerField(null=True)
    until_after = models.DateField(null=True)
    refusal_code = models.CharField(max_length=24, choices=ExtensionRefusal, blank=True)
    decision_text = models.TextField(max_length=4000, blank=True)

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deal", "until_before"],
                name="extension_once",
                violation_error_message=_("An extension has been asked for already."),
            ),
            models.UniqueConstraint(
                fields=["deal"], condition=Q(status="pending"), name="extension_one_pending"
            ),
            models.CheckConstraint(
                name="extension_not_decided_by_asker",
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                violation_error_message=_("Nobody decides on a deal that they registered."),
            ),
            models.CheckConstraint(name="extension_asks_days", condition=Q(days_asked__gte=1)),
            models.CheckConstraint(
                name="extension_decided_by_somebody",
                condition=Q(status="pending", decided_at=None, decided_by=None)
                | Q(status="lapsed", decided_at__isnull=False)
                | Q(
                    status__in=["granted", "refused"],
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="extension_granted_as_asked",
                condition=~Q(status="granted")
                | Q(
                    days_granted__gte=1,
                    days_granted__lte=F("days_asked"),
                    until_after__gt=F("until_before"),
                ),
            ),
            models.CheckConstraint(
                name="extension_refused_with_reason",
                condition=~Q(status="refused") | (~Q(refusal_code="") & ~Q(decision_text="")),
            ),
            models.CheckConstraint(
                name="extension_in_place_after_silence",
                condition=Q(in_distributors_place=False)
                | Q(vendor_may_decide_at__isnull=False, decided_at__gte=F("vendor_may_decide_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["step", "decision_due_at"], condition=Q(status="pending"), name="extension_queue"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="extension_moves", field="status", transitions=EXTENSION_LIFECYCLE.transitions()
            ),
            pgtrigger.Protect(name="keep_extension", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.days_asked}"


class Progress(models.Model):
    """What happened with the customer, on which date: the grounds of an extension."""

    extension = models.ForeignKey(Extension, on_delete=models.PROTECT, related_name="progress")
    happened_on = models.DateField(_("date"))
    text = models.TextField(_("what happened"), max_length=1000)

    objects = ProgressQuerySet.as_manager()

    class Meta:
        ordering = ["happened_on", "pk"]

    def __str__(self) -> str:
        return f"{self.happened_on}: {self.text[:40]}"


class Amendment(models.Model):
    """Rule E4: the partner changes products, nodes or closing date of an approved deal. Both sides of the
    change stay as data: `before` and `after` hold nodes, closing date, currency, amount and the lines."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="amendments")
    status = models.CharField(max_length=12, choices=AmendmentStatus, default=AmendmentStatus.OPEN)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.TextField(max_length=4000)
    before = models.JSONField(encoder=DjangoJSONEncoder)
    after = models.JSONField(encoder=DjangoJSONEncoder)
    currency = models.CharField(max_length=3)
    amount_before = models.DecimalField(max_digits=14, decimal_places=2)
    amount_after = models.DecimalField(max_digits=14, decimal_places=2)
    # What was approved last: growth counts against it, so that small steps do not add up unseen.
    amount_approved = models.DecimalField(max_digits=14, decimal_places=2)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    # Only where it needs a decision: whose, and by when.
    step = models.CharField(max_length=12, choices=Step, blank=True)
    due_at = models.DateTimeField(null=True)
    half_time_at = models.DateTimeField(null=True)
    half_time_told_at = models.DateTimeField(null=True)
    overdue_told_at = models.DateTimeField(null=True)
    vendor_may_decide_at = models.DateTimeField(null=True)
    silence_told_at = models.DateTimeField(null=True)

    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_text = models.TextField(max_length=4000, blank=True)

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deal"],
                condition=Q(status="open"),
                name="amendment_one_open",
                violation_error_message=_("A change of this deal waits for a decision already."),
            ),
            models.CheckConstraint(
                name="amendment_open_has_clock",
                condition=~Q(status="open") | (~Q(step="") & Q(due_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="amendment_not_decided_by_asker",
                condition=Q(decided_by=None)
                | (~Q(decided_by=F("asked_by")) & ~Q(decided_by=F("registered_by"))),
                violation_error_message=_("Nobody decides on a deal that they registered."),
            ),
            models.CheckConstraint(
                name="amendment_decided_by_somebody",
                condition=~Q(status__in=["approved", "refused"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="amendment_refused_with_reason",
                condition=~Q(status="refused") | ~Q(decision_text=""),
            ),
        ]
        indexes = [
            models.Index(fields=["step", "due_at"], condition=Q(status="open"), name="amendment_open"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="amendment_moves", field="status", transitions=AMENDMENT_LIFECYCLE.transitions()
            ),
            pgtrigger.Protect(name="keep_amendment", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.amount_before} > {self.amount_after} {self.currency}"

    def get_absolute_url(self) -> str:
        return f"{self.deal.get_absolute_url()}#amendment"

    @property
    def is_open(self) -> bool:
        return self.status == AmendmentStatus.OPEN


class DistributorChange(models.Model):
    """A registration went from one of the partner's distributors to another before it was decided. Told to
    the one that loses it, which sees the deal no longer."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="distributor_changes")
    before = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="+")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    objects = DistributorChangeQuerySet.as_manager()

    class Meta:
        ordering = ["changed_at", "pk"]
        constraints = [
            models.CheckConstraint(name="distributor_change_of_two", condition=~Q(before=F("after")))
        ]

    def __str__(self) -> str:
        return str(self.deal_id)

    def get_absolute_url(self) -> str:
        """The list: the deal's own page is no longer for all who are told."""
        return "/deals/"

    @property
    def reference(self) -> str:
        return self.deal.reference
