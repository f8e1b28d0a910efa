from datetime import datetime

from dealreg.deals.lifecycle import ExtensionStatus
from dealreg.deals.models import Deal, DiscountOutcome, RevocationOutcome
from dealreg.deals.selectors import pending_extension
from portal.audit.actions import record


def lapse_extension(deal: Deal, *, at: datetime) -> None:
    """Where a deal ends while an extension is asked for, nobody has to decide on that any more. Called
    under the deal's lock and before it is saved."""
    extension = pending_extension(deal)
    if extension is not None:
        extension.status, extension.decided_at = ExtensionStatus.LAPSED, at
        extension.save(update_fields=["status", "decided_at"])
    deal.protection_held = False


def lapse_discount_requests(deal: Deal, *, at: datetime) -> None:
    """Rule E14: an end customer's discount is asked for and granted while the deal is under review or
    protected. Won or ended, there is nothing to decide any more. Called under the deal's lock."""
    for asked in deal.discount_requests.open():
        asked.outcome, asked.decided_at = DiscountOutcome.LAPSED, at
        asked.save(update_fields=["outcome", "decided_at"])
        record("deal.discount_lapsed", deal, by=None, at=at)


def lapse_revocations(deal: Deal, *, at: datetime) -> bool:
    """Rule E13: the deal has ended otherwise, there is nothing to revoke any more. Called under the deal's
    lock, which every step of an announced revocation takes. Returns whether one was open."""
    notices = deal.revocation_notices.open()
    lapsed = notices.update(outcome=RevocationOutcome.LAPSED, decided_at=at)
    if lapsed:
        record("deal.revocation_lapsed", deal, by=None, at=at)
    return bool(lapsed)
