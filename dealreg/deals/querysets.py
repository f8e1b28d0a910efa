from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from dealreg.deals.lifecycle import (
    ACTIVE,
    UNDER_REVIEW,
    AmendmentStatus,
    DealStatus,
    ExtensionStatus,
    Step,
)
from partners.organisations.querysets import ScopedQuerySet
from portal.core.name_search import named, searched_words
from portal.core.references import read_reference

if TYPE_CHECKING:
    from partners.organisations.models import Membership
    from partners.organisations.querysets import PartnerQuerySet

# Of partners whose names fit a search: a word that more of them share finds nothing by itself.
MOST_PARTNERS = 500


def ends_soon(today: date, days: int) -> Q:
    """Rule E8: the last protected day is one of the next `days`. Not while the protection is held: then it
    is not the partner who has to act."""
    return Q(
        status=DealStatus.APPROVED,
        protection_held=False,
        protected_until__gte=today,
        protected_until__lte=today + timedelta(days=days),
    )


class DealQuerySet(ScopedQuerySet):
    """A partner sees its own deals; a distributor those that name it, whoever supplies the partner
    today; the vendor those of its region's partners. A draft is seen by the side alone that writes it
    (rule E12)."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(partner_id=membership.partner_id) & ~Q(status=DealStatus.DRAFT, on_behalf=True)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(distributor_id=membership.distributor_id) & ~Q(status=DealStatus.DRAFT, on_behalf=False)

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(partner__country__in=membership.vendor_office.countries) & ~Q(status=DealStatus.DRAFT)

    def matching(
        self, text: str, *, partners: "PartnerQuerySet | None" = None, few: bool = False
    ) -> "DealQuerySet":
        """Those with this number (misread or not), or with every word in the customer's name; or in the
        name of one of `partners`. Case and accents do not matter. `few`: the deals are so few that
        reading them all is faster than the index of names."""
        words = searched_words(text)
        if not words:
            return self
        found = named("customer_name", words, indexed=not few)
        if partners is not None:
            # By their numbers: an OR over a join would read every deal.
            called = list(partners.named_like(text).order_by().values_list("pk", flat=True)[:MOST_PARTNERS])
            found |= Q(partner_id__in=called)
        number = read_reference("DR", text)
        if number is not None:
            found |= Q(reference=number)
        elif words[0].startswith("dr-"):
            found |= Q(reference__startswith=words[0].upper())
        return self.filter(found)

    def of_customers(self, ids: Iterable[int]) -> "DealQuerySet":
        """Those of the records, and of the records merged into them: a deal that was protected on the
        day of the merge may have stayed where it was (decision record 0013)."""
        from partners.customers.models import Customer

        ids = list(ids)
        return self.filter(customer__in=Customer.objects.filter(Q(pk__in=ids) | Q(merged_into__in=ids)))

    def active(self) -> "DealQuerySet":
        return self.filter(status__in=ACTIVE)

    def look_due(self) -> "DealQuerySet":
        """Those at which the portal has yet to look for conflicts, first come first."""
        return self.filter(look_due_at__isnull=False).order_by("submitted_at", "pk")

    def under_review(self) -> "DealQuerySet":
        return self.filter(status__in=UNDER_REVIEW)

    def to_decide(self, step: Step) -> "DealQuerySet":
        """Those whose clock runs at this step, the most urgent first."""
        return self.filter(status=DealStatus.SUBMITTED, step=step).order_by(
            "decision_due_at", "submitted_at", "pk"
        )

    def overdue(self, at: datetime) -> "DealQuerySet":
        return self.filter(status=DealStatus.SUBMITTED, decision_due_at__lt=at)

    def open_to(self, step: Step, at: datetime) -> "DealQuerySet":
        """Those that this side may decide on: at its own step, and for the channel manager also those
        on which a distributor has kept silent (rule E7). The most urgent first."""
        theirs = Q(step=step)
        if step == Step.VENDOR:
            theirs |= Q(step=Step.DISTRIBUTOR, vendor_may_decide_at__lte=at)
        return self.filter(theirs, status=DealStatus.SUBMITTED).order_by(
            "decision_due_at", "submitted_at", "pk"
        )

    def with_requests(self) -> "DealQuerySet":
        """Each with who has to act on what was asked beside its own state: `extension_step`,
        `amendment_step` (empty where nothing is pending) and `appeal_open`."""
        from dealreg.deals.models import Amendment, Appeal, Extension

        of_deal = {"deal": OuterRef("pk")}
        return self.annotate(
            extension_step=Subquery(
                Extension.objects.pending().filter(**of_deal).order_by().values("step")[:1]
            ),
            amendment_step=Subquery(Amendment.objects.open().filter(**of_deal).order_by().values("step")[:1]),
            appeal_open=Exists(Appeal.objects.open().filter(**of_deal).order_by()),
        )

    def with_request(self, kind: str) -> "DealQuerySet":
        """Those with a pending `extension`, `amendment` or `appeal`, or with any of them."""
        from dealreg.deals.models import Amendment, Appeal, Extension

        pending = {
            "extension": Extension.objects.pending(),
            "amendment": Amendment.objects.open(),
            "appeal": Appeal.objects.open(),
        }
        found = Q()
        for name, requests in pending.items():
            if kind in (name, "any"):
                found |= Q(pk__in=requests.order_by().values("deal"))
        return self.filter(found)

    def orders_to_confirm(self) -> "DealQuerySet":
        """Rule E10: won, and the distributor has said nothing of the order yet; the oldest first."""
        return self.filter(status=DealStatus.WON, order_confirmed_at=None, order_disputed_at=None).order_by(
            "order_due_at", "pk"
        )

    def protected(self, on: date) -> "DealQuerySet":
        """Rule E8: approved, and the last protected day not passed; or held while an extension that
        was asked for in time is not decided."""
        return self.filter(Q(protected_until__gte=on) | Q(protection_held=True), status=DealStatus.APPROVED)


class DealPartQuerySet(models.QuerySet[Any]):
    """Lines, comments, questions and evidence are seen with their deal."""

    # The column with the moment at which it was said, for what only those read who had the deal then.
    said_at = ""

    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from dealreg.deals.models import Deal

        seen = self.filter(deal__in=Deal.objects.visible_to(user, any_membership=any_membership))
        return seen.filter(said_in_its_time(user, self.said_at)) if self.said_at else seen


class ExtensionQuerySet(DealPartQuerySet):
    said_at = "asked_at"

    def pending(self) -> "ExtensionQuerySet":
        return self.filter(status=ExtensionStatus.PENDING)

    def open_to(self, step: Step, at: datetime) -> "ExtensionQuerySet":
        """Those that this side may decide on, as DealQuerySet.open_to does for deals."""
        theirs = Q(step=step)
        if step == Step.VENDOR:
            theirs |= Q(step=Step.DISTRIBUTOR, vendor_may_decide_at__lte=at)
        return self.pending().filter(theirs).order_by("decision_due_at", "pk")


class ProgressQuerySet(models.QuerySet[Any]):
    """Seen with its extension."""

    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from dealreg.deals.models import Extension

        seen = Extension.objects.visible_to(user, any_membership=any_membership)
        return self.filter(extension__in=seen)


def said_in_its_time(user: Any, moment: str) -> Q:
    """After a change of distributor the one that has the deal now reads nothing of what was said while it
    was with another."""
    from portal.accounts.roles import DISTRIBUTOR_ROLES

    if user.acting_as is None or user.acting_as.role not in DISTRIBUTOR_ROLES:
        return Q()
    return Q(deal__distributor_since=None) | Q(deal__distributor_since__lte=F(moment))


class QuestionQuerySet(DealPartQuerySet):
    said_at = "asked_at"


class CommentQuerySet(DealPartQuerySet):
    said_at = "at"

    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from portal.accounts.roles import PARTNER_ROLES

        seen = super().visible_to(user, any_membership=any_membership)
        if user.acting_as is None or user.acting_as.role in PARTNER_ROLES:
            seen = seen.filter(is_internal=False)
        return seen


class MentionQuerySet(models.QuerySet[Any]):
    """Seen with their comment."""

    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from dealreg.deals.models import Comment

        seen = Comment.objects.visible_to(user, any_membership=any_membership)
        return self.filter(comment__in=seen)


class ConflictQuerySet(ScopedQuerySet):
    """Rule E6: partners and distributors see no conflict as such; a distributor is told on its own
    deal's page that there is one. The vendor sees those that touch its region."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(pk__in=[])

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        countries = membership.vendor_office.countries
        return Q(later__partner__country__in=countries) | Q(earlier__partner__country__in=countries)

    def open(self) -> "ConflictQuerySet":
        return self.filter(outcome="")


class AppealQuerySet(DealPartQuerySet):
    """An appeal is seen with its deal (rule E9)."""

    said_at = "filed_at"

    def open(self) -> "AppealQuerySet":
        return self.filter(outcome="")


class DiscountRequestQuerySet(DealPartQuerySet):
    """A request for an end customer's discount is seen with its deal (rule E14)."""

    said_at = "asked_at"

    def open(self) -> "DiscountRequestQuerySet":
        return self.filter(outcome="open")


class RevocationNoticeQuerySet(DealPartQuerySet):
    """An announced revocation is seen with its deal (rule E13)."""

    said_at = "announced_at"

    def open(self) -> "RevocationNoticeQuerySet":
        return self.filter(outcome="open")


class RevocationEvidenceQuerySet(models.QuerySet[Any]):
    """What the vendor rests a revocation on: seen by the vendor alone (rule E6)."""

    def visible_to(self, user: Any, *, any_membership: bool = False) -> Any:
        from dealreg.deals.models import RevocationNotice
        from portal.accounts.roles import VENDOR_ROLES

        if user.acting_as is None or user.acting_as.role not in VENDOR_ROLES:
            return self.none()
        return self.filter(
            notice__in=RevocationNotice.objects.visible_to(user, any_membership=any_membership)
        )


class AmendmentQuerySet(DealPartQuerySet):
    """A change of an approved deal is seen with the deal."""

    said_at = "asked_at"

    def open(self) -> "AmendmentQuerySet":
        return self.filter(status=AmendmentStatus.OPEN)

    def open_to(self, step: Step, at: datetime) -> "AmendmentQuerySet":
        """Those that this side may decide on, as DealQuerySet.open_to does for deals."""
        theirs = Q(step=step)
        if step == Step.VENDOR:
            theirs |= Q(step=Step.DISTRIBUTOR, vendor_may_decide_at__lte=at)
        return self.open().filter(theirs).order_by("due_at", "pk")


class DistributorChangeQuerySet(ScopedQuerySet):
    """Seen by the partner, by the distributor that lost the registration, and by the vendor."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(deal__partner_id=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(before_id=membership.distributor_id)

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(deal__partner__country__in=membership.vendor_office.countries)
