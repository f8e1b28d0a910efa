"""The catalogue of what people are told. A kind's texts are two templates: emails/<code>.subject.txt (also
the line in the inbox) and emails/<code>.txt, written once for the mail's text and its HTML with the tags
of templatetags/mail.py, so that the two cannot tell different things. Both know `deal` (the record), the
receiver's `side` (partner, distributor, vendor) and `told`: what was passed to notify() at the time."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REVIEWERS = ("distributor", "vendor")
EVERY_SIDE = ("partner", *REVIEWERS)


@dataclass(frozen=True)
class Kind:
    code: str
    label: "str | Promise"
    icon: str
    # The sides that are asked to do something, which is shown apart from what is only to be known.
    asks: tuple[str, ...] = ()
    # On which sides it may be received at all: rule E6 keeps conflicts from partners.
    sides: tuple[str, ...] = EVERY_SIDE
    # Pages below the record's own to which its mails may lead as well.
    doors: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {}


def register_kind(
    code: str,
    label: Any,
    icon: str,
    *,
    asks: tuple[str, ...] = (),
    sides: tuple[str, ...] = EVERY_SIDE,
    doors: tuple[str, ...] = (),
) -> None:
    KINDS[code] = Kind(code, label, icon, asks, sides, doors)


register_kind("deal-submitted", _("Registration received"), "send")
register_kind("deal-to-decide", _("Decision needed"), "gavel", asks=REVIEWERS, sides=REVIEWERS)
register_kind(
    "deal-half-time", _("Half of the time has passed"), "hourglass", asks=REVIEWERS, sides=REVIEWERS
)
register_kind("deal-overdue", _("Decision overdue"), "alarm", asks=REVIEWERS, sides=REVIEWERS)
register_kind(
    "deal-silence", _("Decision open to the channel manager"), "user-check", asks=REVIEWERS, sides=REVIEWERS
)
register_kind("extension-asked", _("Extension asked for"), "calendar-plus")
register_kind(
    "extension-to-decide", _("Extension to decide"), "calendar-plus", asks=REVIEWERS, sides=REVIEWERS
)
register_kind(
    "extension-half-time",
    _("Extension: half of the time has passed"),
    "hourglass",
    asks=REVIEWERS,
    sides=REVIEWERS,
)
register_kind("extension-overdue", _("Extension overdue"), "alarm", asks=REVIEWERS, sides=REVIEWERS)
register_kind(
    "extension-silence",
    _("Extension open to the channel manager"),
    "user-check",
    asks=REVIEWERS,
    sides=REVIEWERS,
)
register_kind("extension-decided", _("Extension decided"), "calendar-check")
register_kind(
    "deal-information-requested", _("Information requested"), "help-circle", asks=("partner", "distributor")
)
register_kind("deal-answered", _("Information received"), "message-reply", asks=REVIEWERS)
register_kind("deal-approved", _("Deal approved"), "circle-check")
register_kind("deal-rejected", _("Deal rejected"), "circle-x")
register_kind("deal-withdrawn", _("Deal withdrawn"), "arrow-back-up")
register_kind("deal-revoked", _("Protection revoked"), "shield-off")
register_kind(
    "deal-expiring",
    _("Protection about to end"),
    "clock-exclamation",
    asks=("partner",),
    doors=("extend", "report-won", "report-lost"),
)
register_kind("deal-expired", _("Protection ended"), "clock-off", doors=("reopen",))
register_kind("deal-conflict", _("Conflict to settle"), "git-merge", asks=("vendor",), sides=("vendor",))
register_kind(
    "deal-both-protected",
    _("Two protected deals for one customer"),
    "git-merge",
    asks=("vendor",),
    sides=("vendor",),
)
register_kind("deal-conflict-settled", _("Conflict settled"), "git-merge", sides=("vendor",))
register_kind("deal-probing", _("Striking registrations"), "eye-exclamation", sides=("vendor",))
register_kind("deal-won", _("Deal won"), "trophy", asks=("distributor",))
register_kind("deal-comment", _("New comment"), "message")
register_kind("deal-appealed", _("Appeal against a decision"), "scale", asks=("vendor",), sides=REVIEWERS)
register_kind(
    "appeal-half-time",
    _("Appeal: half of the time has passed"),
    "hourglass",
    asks=("vendor",),
    sides=("vendor",),
)
register_kind("appeal-overdue", _("Appeal overdue"), "alarm", asks=("vendor",), sides=("vendor",))
register_kind("deal-appeal-decided", _("Appeal decided"), "scale")
register_kind(
    "discount-asked", _("End customer's discount asked for"), "discount", asks=("vendor",), sides=("vendor",)
)
register_kind(
    "discount-half-time",
    _("Discount request: half of the time has passed"),
    "hourglass",
    asks=("vendor",),
    sides=("vendor",),
)
register_kind("discount-overdue", _("Discount request overdue"), "alarm", asks=("vendor",), sides=("vendor",))
register_kind("discount-decided", _("End customer's discount decided"), "discount")
register_kind(
    "revocation-announced",
    _("Revocation announced: your view"),
    "shield-question",
    asks=("partner",),
    sides=("partner", "distributor"),
)
register_kind("revocation-to-decide", _("Revocation to decide"), "gavel", asks=("vendor",), sides=("vendor",))
register_kind("revocation-dropped", _("Protection goes on"), "shield-check", sides=("partner", "distributor"))
register_kind("deal-on-behalf", _("Registered for you"), "file-plus", sides=("partner",))
register_kind(
    "deal-order-disputed", _("Order not found"), "zoom-question", asks=("partner",), sides=("partner",)
)
register_kind(
    "deal-order-reminder",
    _("Order to confirm"),
    "alarm",
    asks=("distributor",),
    sides=("distributor",),
)
register_kind("deal-win-taken-back", _("Win taken back"), "arrow-back-up")
register_kind("deal-try-again", _("Time to try again"), "refresh", sides=("partner",), doors=("copy",))
register_kind("deal-amendment-asked", _("Change of a deal to decide"), "file-diff", asks=REVIEWERS)
register_kind(
    "deal-amendment-half-time",
    _("Change: half of the time has passed"),
    "hourglass",
    asks=REVIEWERS,
    sides=REVIEWERS,
)
register_kind("deal-amendment-overdue", _("Change overdue"), "alarm", asks=REVIEWERS, sides=REVIEWERS)
register_kind(
    "deal-amendment-silence",
    _("Change open to the channel manager"),
    "user-check",
    asks=REVIEWERS,
    sides=REVIEWERS,
)
register_kind("deal-amended", _("Deal changed"), "file-diff")
register_kind("deal-amendment-refused", _("Change refused"), "circle-x")
register_kind("deal-distributor-changed", _("Distributor changed"), "truck")
register_kind(
    "deal-moved-away", _("Registration gone to another distributor"), "truck", sides=("distributor",)
)
register_kind(
    "transfer-to-decide",
    _("Certificates of an earlier employer to decide"),
    "transfer",
    asks=("vendor",),
    sides=("vendor",),
)
register_kind("transfer-granted", _("Certificates taken along"), "transfer", sides=("partner",))
register_kind("transfer-refused", _("Certificates not taken along"), "transfer", sides=("partner",))
register_kind("deal-handed-over", _("Deals handed over to you"), "arrows-exchange", sides=("partner",))
register_kind("deal-mentioned", _("You are named in a comment"), "at", asks=EVERY_SIDE)
register_kind("certificate-issued", _("Certificate issued"), "certificate", sides=("partner",))
register_kind("certificate-withdrawn", _("Certificate withdrawn"), "certificate-off", sides=("partner",))
register_kind(
    "certificate-expiring", _("Certificate about to expire"), "clock-exclamation", sides=("partner",)
)

# Of people who leave and of tiers no distributor is told: it sees figures only.
PARTNER_AND_VENDOR = ("partner", "vendor")
for _code, _label, _icon, _asks in (
    ("departure-opened", _("A certified person leaves"), "user-minus", ()),
    ("departure-report-due", _("Departure to report"), "bell", ("partner",)),
    ("departure-report-overdue", _("Departure not reported in time"), "clock-exclamation", ("partner",)),
    ("departure-reported-late", _("Departure reported late"), "clock-exclamation", ()),
    ("departure-replacement-due", _("Replacement due"), "bell", ("partner",)),
    ("departure-reminder", _("Reminder from the channel manager"), "bell-ringing", ("partner",)),
    ("departure-lapsed", _("Not replaced in time"), "calendar-x", ()),
    ("departure-correction-asked", _("Date of a departure to decide"), "calendar-question", ("vendor",)),
    ("departure-corrected", _("Date of a departure corrected"), "calendar-event", ()),
    ("departure-correction-refused", _("Date of a departure refused"), "calendar-x", ()),
    ("departure-withdrawn", _("Case of a departure withdrawn"), "arrow-back-up", ()),
    ("departure-track-added", _("One more track of a departure to replace"), "user-question", ()),
    ("departure-clock-released", _("Earlier clock of a departure released"), "clock-play", ()),
    ("tier-review-opened", _("Tier under review"), "scale", ("vendor",)),
    ("tier-review-dropped", _("Review of the tier no longer needed"), "circle-off", ()),
    ("tier-review-decided", _("Tier review decided"), "gavel", ()),
    ("tier-plan-ended", _("Recovery plan ended"), "list-check", ("vendor",)),
    ("tier-changed", _("Tier changed"), "award", ()),
    ("tier-change-ground-gone", _("Reason for a change of tier is gone"), "user-check", ("vendor",)),
    ("tier-change-dropped", _("Change of tier dropped"), "circle-off", ()),
    ("tier-change-upheld", _("Change of tier upheld"), "gavel", ()),
):
    register_kind(_code, _label, _icon, asks=_asks, sides=PARTNER_AND_VENDOR)
register_kind("training-booked", _("Place booked"), "calendar-check", sides=("partner",))
register_kind("training-waiting", _("On the waiting list"), "hourglass", sides=("partner",))
register_kind("training-moved-up", _("Place in a session"), "calendar-check", sides=("partner",))
register_kind("training-given-back", _("Place given back"), "calendar-minus", sides=("partner",))
register_kind("training-moved", _("Session changed"), "calendar-event", sides=("partner",))
register_kind("training-cancelled", _("Session cancelled"), "calendar-x", sides=("partner",))
register_kind("exam-another-granted", _("Another attempt at an exam"), "rotate-clockwise", sides=("partner",))
register_kind("exam-result", _("Result of an exam"), "school", sides=("partner",))
register_kind(
    "partner-without-administrator",
    _("A partner is left without account administrator"),
    "user-exclamation",
    asks=("vendor",),
    sides=("vendor",),
)
register_kind("jobs-red", _("A job of the portal is red"), "heartbeat", sides=("vendor",))
