"""States and moves of a deal registration (rule E9)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.core.lifecycle import Lifecycle, Move


class DealStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    INFORMATION_REQUESTED = "information_requested", _("Information requested")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


# A registration in one of these takes its customer and product group (rules E2, E5).
UNDER_REVIEW = (DealStatus.SUBMITTED, DealStatus.INFORMATION_REQUESTED)
ACTIVE = (*UNDER_REVIEW, DealStatus.APPROVED)
ENDED = tuple(status for status in DealStatus if status not in (*ACTIVE, DealStatus.DRAFT))

DEAL_LIFECYCLE = Lifecycle(
    [
        Move("submit", ("draft",), "submitted"),
        Move("request_information", ("submitted",), "information_requested"),
        Move("answer", ("information_requested",), "submitted"),
        Move("withdraw", ("submitted", "information_requested"), "withdrawn"),
        Move("endorse", ("submitted",), "submitted"),
        Move("approve", ("submitted",), "approved"),
        Move("reject", ("submitted", "information_requested"), "rejected"),
        Move("report_won", ("approved",), "won"),
        Move("report_lost", ("approved",), "lost"),
        Move("expire", ("approved",), "expired"),
        Move("extend", ("approved",), "approved"),
        Move("grant_extension", ("approved",), "approved"),
        Move("refuse_extension", ("approved",), "approved"),
        Move("reopen", ("expired",), "submitted"),
        Move("revoke", ("approved",), "revoked"),
        # Rule E9: an appeal brings a rejected registration back, at its original place.
        Move("reinstate", ("rejected",), "submitted"),
    ]
)


class Step(TextChoices):
    """Whose decision a deal under review waits for (rules E4, E12)."""

    DISTRIBUTOR = "distributor", _("Distributor")
    VENDOR = "vendor", _("Channel manager")


class ExtensionStatus(TextChoices):
    """A request for more protection (rule E8)."""

    PENDING = "pending", _("To be decided")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    LAPSED = "lapsed", _("Settled by the end of the deal")


EXTENSION_LIFECYCLE = Lifecycle(
    [
        Move("grant", ("pending",), "granted"),
        Move("refuse", ("pending",), "refused"),
        Move("lapse", ("pending",), "lapsed"),
    ]
)
