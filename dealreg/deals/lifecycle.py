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
# In which of them an announced revocation waits for its decision: not even the end of the protection is a
# way around it, as long as an order of the protected time may still be told of (rules E8, E13).
EXAMINED = (DealStatus.APPROVED, DealStatus.EXPIRED)
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
        # Rule E10: an order of the protected time may be told of for some days after its end.
        Move("report_won", ("approved", "expired"), "won"),
        Move("dispute_order", ("won",), "won"),
        Move("correct_order", ("won",), "won"),
        # Under review again, whether or not somebody else has been given the customer since (rule E6).
        Move("take_back_win", ("won",), "submitted"),
        # From won: the order that the distributor does not know never came about.
        Move("report_lost", ("approved", "won"), "lost"),
        Move("amend", ("approved",), "approved"),
        Move("change_distributor", ("submitted", "information_requested"), "submitted"),
        Move("expire", ("approved",), "expired"),
        Move("extend", ("approved",), "approved"),
        Move("grant_extension", ("approved",), "approved"),
        Move("refuse_extension", ("approved",), "approved"),
        Move("reopen", ("expired",), "submitted"),
        Move("revoke", ("approved",), "revoked"),
        # Rule E13: announced while it was protected, decided after its end.
        Move("revoke_ended", ("expired",), "revoked"),
        # Rule E9: an appeal brings back a registration that was rejected, or a protected one that lost a
        # conflict, at its original place.
        Move("reinstate", ("rejected", "revoked"), "submitted"),
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


class AmendmentStatus(TextChoices):
    """A change of an approved deal's products, nodes or closing date."""

    OPEN = "open", _("To be decided")
    EFFECTIVE = "effective", _("Took effect at once")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Settled by the end of the deal")


AMENDMENT_LIFECYCLE = Lifecycle(
    [
        Move("approve", ("open",), "approved"),
        Move("refuse", ("open",), "refused"),
        Move("withdraw", ("open",), "withdrawn"),
        Move("lapse", ("open",), "lapsed"),
    ]
)
