from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.closing import await_confirmation, forget_order
from dealreg.deals.actions.conflicts import check_tells_no_rival, counting_records, lock_customer
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.selectors import distributor_reviewers, partner_contacts, require_move
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, gettext_noop
from portal.notifications.actions import notify


def _need(text: str, field: str) -> str:
    if not text.strip():
        raise RuleViolation("required", gettext_noop("This information is needed."), field=field)
    return text.strip()


@transaction.atomic
def dispute_order(deal: Deal, *, by: User, at: datetime, text: str) -> Deal:
    """Rule E10: the distributor does not find the order as it was told of, and says what is wrong. The
    partner corrects it, takes it back, or reports the deal as lost."""
    deal = lock_deal(deal)
    require_move(by, deal, "dispute_order")
    deal.order_dispute = _need(text, "text")
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
    """Reported by mistake or too early: the deal is protected again as it was, while its protection runs
    and nobody else has been given the opportunity since."""
    deal = lock_deal(deal)
    require_move(by, deal, "take_back_win")
    reason = _need(reason, "reason")
    lock_customer(deal)
    # Also under the name that the customer had before a merge.
    given = Deal.objects.of_customers(counting_records(deal)).filter(
        product_group=deal.product_group_id, status=DealStatus.APPROVED
    )
    if deal.protected_until < date_in(deal.partner.country, at) or given.exists():
        raise RuleViolation(
            "not-protected-any-more",
            gettext_noop(
                "This can no longer be taken back: the deal would not be protected. Correct the order, or "
                "report the deal as lost."
            ),
            rule="E8",
        )
    order_reference = deal.order_reference
    deal.status = DEAL_LIFECYCLE.check("take_back_win", deal.status)
    deal.ended_on = None
    forget_order(deal)
    deal.save()
    record("deal.win_taken_back", deal, by=by, at=at, reason=reason, order_reference=order_reference)
    notify(
        "deal-win-taken-back",
        to=distributor_reviewers(deal),
        about=deal,
        key=f"{deal.reference}:{at.isoformat()}",
        at=at,
        text=reason,
        order_reference=order_reference,
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
