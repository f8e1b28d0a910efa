from datetime import datetime

from dealreg.deals.lifecycle import ExtensionStatus
from dealreg.deals.models import Deal
from dealreg.deals.selectors import pending_extension


def lapse_extension(deal: Deal, *, at: datetime) -> None:
    """Where a deal ends while an extension is asked for, nobody has to decide on that any more. Called
    under the deal's lock and before it is saved."""
    extension = pending_extension(deal)
    if extension is not None:
        extension.status, extension.decided_at = ExtensionStatus.LAPSED, at
        extension.save(update_fields=["status", "decided_at"])
    deal.protection_held = False
