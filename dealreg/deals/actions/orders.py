from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.closing import await_confirmation, forget_order
from dealreg.deals.actions.conflicts import check_tells_no_rival
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.looking import ask_for_look
from dealreg.deals.actions.reopening import forget_decision
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.selectors import distributor_reviewers, partner_contacts, require_move, terms_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, gettext_noop, needed
from portal.notifications.actions import notify


@transaction.atomic
def dispute_order(deal: Deal, *, by: User, at: datetime, text: str) -> Deal:
    """Rule E10: the distributor does not find the order as it was told of, and says what is wrong. The
    partner corrects it, takes it back, or reports the deal as lost."""
    deal = lock_deal(deal)
    require_move(by, deal, "dispute_order")
    deal.order_dispute = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    deal.order_disputed_by, deal.order_disputed_at = by, at
    deal.save(update_fields=["order_dispute", "order_disputed_by", "order_disputed_at", "changed_at"])
    record("deal.order_disputed", deal, by=by, at=at, reason=text, order_reference=deal.order_reference)
    notify(
        "deal-order-disputed",
        to=partner_contacts(deal),
        about=deal,
        key=f"{deal.reference}:{at.isoformat()}",
        at=at,
        text=deal.order_dispute,
    )
    return deal


@transaction.atomic
def correct_order(
    deal: Deal, *, by: User, at: datetime, order_reference: str, order_date: date, order_amount: Decimal
) -> Deal:
    """Rule E10: the partner puts right what it told of the order, disputed or not, until the distributor
    has confirmed it; which is asked for anew."""
    deal = lock_deal(deal)
    require_move(by, deal, "correct_order")
    rules.check_order(
        rules.OrderFacts(
            reference=order_reference,
            placed_on=order_date,
            amount=order_amount,
            today=date_in(deal.partner.country, at),
            submitted_on=date_in(deal.partner.country, deal.submitted_at),
            last_day=max(deal.protected_until, deal.order_date),
            list_amount=deal.list_amount,
        )
    )
    wanted = (order_reference.strip(), order_date, order_amount)
    before = (deal.order_reference, deal.order_date, deal.order_amount)
    if wanted == before and deal.order_disputed_at is None:
        raise RuleViolation("nothing-changed", gettext_noop("Nothing has been changed."))
    deal.order_reference, deal.order_date, deal.order_amount = wanted
    deal.ended_on = order_date
    deal.order_disputed_by, deal.order_disputed_at, deal.order_dispute = None, None, ""
    await_confirmation(deal, by=by, at=at)
    deal.save()
    record(
        "deal.order_corrected",
        deal,
        by=by,
        at=at,
        order_reference=deal.order_reference,
        order_date=order_date,
        order_amount=order_amount,
        currency=deal.currency,
        before=[before[0], before[1], before[2]],
    )
    notify(
        "deal-won",
        to=distributor_reviewers(deal),
        about=deal,
        key=f"{deal.reference}:{at.isoformat()}",
        at=at,
        due_at=deal.order_due_at,
        corrected=True,
    )
    return deal


@transaction.atomic
def take_back_win(deal: Deal, *, by: User, at: datetime, reason: str) -> Deal:
    """Reported by mistake or too early: the deal goes back under review, at its place in time, with the
    edition, the ceiling and the last protected day that it had. Always: who else has been given the
    opportunity since is found after the answer, and to the partner it is the same (rules E5, E6)."""
    deal = lock_deal(deal)
    require_move(by, deal, "take_back_win")
    reason = needed(reason, "reason")
    rules.check_still_protected(date_in(deal.partner.country, at), deal.protected_until)
    order_reference, until = deal.order_reference, deal.protected_until
    deal.status = DEAL_LIFECYCLE.check("take_back_win", deal.status)
    forget_order(deal)
    forget_decision(deal)
    deal.win_taken_back_at, deal.protection_kept_until = at, until
    # What an appeal brought back stays with the vendor, as what was registered on behalf does.
    at_vendor = deal.on_behalf or deal.reinstated_at is not None
    deal.step = Step.VENDOR if at_vendor else Step.DISTRIBUTOR
    clock = rules.start_clock(at, deal.distributor.country, terms_of(deal))
    deal.decision_due_at, deal.half_time_at = clock.due_at, clock.half_time_at
    deal.vendor_may_decide_at = None if at_vendor else clock.vendor_may_decide_at
    ask_for_look(deal, at=at)
    deal.save()
    record(
        "deal.win_taken_back",
        deal,
        by=by,
        at=at,
        reason=reason,
        edition=deal.edition.code,
        order_reference=order_reference,
        due_at=clock.due_at,
    )
    notify(
        "deal-win-taken-back",
        to=distributor_reviewers(deal),
        about=deal,
        key=f"{deal.reference}:{at.isoformat()}",
        at=at,
        text=reason,
        order_reference=order_reference,
        due_at=clock.due_at,
    )
    return deal


@transaction.atomic
def remind_of_order(deal: Deal, *, at: datetime) -> bool:
    """Rule E10: the time to confirm the order has passed. Once; a disputed one waits for the partner.
    Returns whether the reminder went out now."""
    deal = lock_deal(deal)
    waits = (
        deal.status == DealStatus.WON
        and deal.order_confirmed_at is None
        and deal.order_disputed_at is None
        and deal.order_reminded_at is None
    )
    if not waits or deal.order_due_at is None or at < deal.order_due_at:
        return False
    deal.order_reminded_at = at
    deal.save(update_fields=["order_reminded_at"])
    notify(
        "deal-order-reminder",
        to=distributor_reviewers(deal),
        about=deal,
        key=f"{deal.reference}:{deal.order_due_at.isoformat()}",
        at=at,
        due_at=deal.order_due_at,
    )
    return True
