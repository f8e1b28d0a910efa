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
    # Asks the receiver to do something: shown apart from what is only for information.
    wants_action: bool = False
    # On which sides it may be received at all: rule E6 keeps conflicts from partners.
    sides: tuple[str, ...] = EVERY_SIDE


KINDS: dict[str, Kind] = {}


def register_kind(
    code: str, label: Any, icon: str, *, wants_action: bool = False, sides: tuple[str, ...] = EVERY_SIDE
) -> None:
    KINDS[code] = Kind(code, label, icon, wants_action, sides)


register_kind("deal-submitted", _("Registration received"), "send")
register_kind("deal-to-decide", _("Decision needed"), "gavel", wants_action=True, sides=REVIEWERS)
register_kind("deal-half-time", _("Half of the time to decide has passed"), "hourglass", wants_action=True, sides=REVIEWERS)
register_kind("deal-overdue", _("Decision overdue"), "alarm", wants_action=True, sides=REVIEWERS)
register_kind("deal-information-requested", _("Information requested"), "help-circle", wants_action=True)
register_kind("deal-answered", _("Information received"), "message-reply", wants_action=True)
register_kind("deal-approved", _("Deal approved"), "circle-check")
register_kind("deal-rejected", _("Deal rejected"), "circle-x")
register_kind("deal-withdrawn", _("Deal withdrawn"), "arrow-back-up")
register_kind("deal-revoked", _("Protection revoked"), "shield-off")
register_kind("deal-expiring", _("Protection about to end"), "clock-exclamation", wants_action=True)
register_kind("deal-expired", _("Protection ended"), "clock-off")
register_kind("deal-conflict", _("Conflict to settle"), "git-merge", wants_action=True, sides=REVIEWERS)
register_kind("deal-won", _("Deal won"), "trophy", wants_action=True)
register_kind("deal-comment", _("New comment"), "message")
