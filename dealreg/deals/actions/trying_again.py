from datetime import datetime

from django.db import transaction

from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.selectors import partner_contacts
from portal.core.calendar import date_in
from portal.notifications.actions import notify


@transaction.atomic
def remind_to_try_again(deal: Deal, *, at: datetime) -> bool:
    """On the day that was chosen when the deal was lost, once. Returns whether the reminder went out now."""
    deal = lock_deal(deal)
    waits = deal.status == DealStatus.LOST and deal.retry_on is not None and deal.retry_told_at is None
    if not waits or deal.retry_on > date_in(deal.partner.country, at):
        return False
    deal.retry_told_at = at
    deal.save(update_fields=["retry_told_at"])
    notify(
        "deal-try-again",
        to=partner_contacts(deal),
        about=deal,
        key=f"{deal.reference}:{deal.retry_on}",
        at=at,
        retry_on=deal.retry_on,
    )
    return True
