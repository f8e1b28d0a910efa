from datetime import date, datetime

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.closing import check_not_examined
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.submitting import register
from dealreg.deals.models import Deal
from dealreg.deals.selectors import reopen_until, require_move
from portal.accounts.models import User
from portal.core.calendar import date_in


@transaction.atomic
def reopen_deal(deal: Deal, *, by: User, at: datetime, expected_close_on: date, note: str = "") -> Deal:
    """Rule E8: within some days of its end an expired deal goes back under review, as a registration of
    today: with today's edition, ceiling, prices and clock, under its old number. Who has registered the
    customer in between came first, which the portal finds after the answer, as ever: to the partner it is
    the same with and without (rules E5, E6)."""
    deal = lock_deal(deal, with_partner=True)
    require_move(by, deal, "reopen", at)
    check_not_examined(deal)
    rules.check_may_reopen(date_in(deal.partner.country, at), reopen_until(deal))
    deal.expected_close_on = expected_close_on
    deal.reopened_at = at
    # Whoever registered it first: now it is the partner's own registration (rules E11, E12).
    deal.on_behalf = False
    forget_decision(deal)
    deal.decision_working_time = deal.decided_late = None
    deal.reinstated_at = None
    deal.win_taken_back_at = deal.protection_kept_until = None
    register(deal, by=by, at=at, verb="deal.reopened", note=note.strip())
    return deal


def forget_decision(deal: Deal) -> None:
    """What was decided before stands in the deal's events; on the deal it is open again."""
    deal.half_time_told_at = deal.overdue_told_at = deal.silence_told_at = None
    deal.endorsed_by = deal.endorsed_at = deal.proposed_pct = None
    deal.decided_by = deal.decided_at = deal.granted_pct = None
    deal.in_distributors_place = False
    deal.appeal_until = None
    deal.decision_text = ""
    deal.protected_from = deal.protected_until = deal.expiry_reminder = None
    deal.ended_on = None
    deal.end_text = ""
