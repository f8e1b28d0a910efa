from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.amending import lapse_amendments
from dealreg.deals.actions.conflicts import lapse_conflicts, lock_customer
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.lapsing import lapse_discount_requests, lapse_extension, lapse_revocations
from dealreg.deals.actions.looking import ask_for_look, telling_key
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, DealStatus
from dealreg.deals.models import Appeal, Deal, LossCode, RevocationCode
from dealreg.deals.rules import last_day_to_reopen
from dealreg.deals.selectors import (
    distributor_reviewers,
    partner_contacts,
    report_until,
    require_move,
    terms_of,
    without,
    won_refusal,
)
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.notifications.actions import notify


@transaction.atomic
def report_won(
    deal: Deal, *, by: User, at: datetime, order_reference: str, order_date: date, order_amount: Decimal
) -> Deal:
    """Rule E10: won names the order at the distributor, which then confirms it."""
    deal = lock_deal(deal)
    require_move(by, deal, "report_won")
    check_not_examined(deal)
    today = date_in(deal.partner.country, at)
    ended = deal.status == DealStatus.EXPIRED
    rules.check_reported_in_time(ended, today, report_until(deal))
    rules.check_order(
        rules.OrderFacts(
            reference=order_reference,
            placed_on=order_date,
            amount=order_amount,
            today=today,
            submitted_on=date_in(deal.partner.country, deal.submitted_at),
            last_day=last_day_of_orders(deal, today),
            list_amount=deal.list_amount,
        )
    )
    deal.status = DealStatus.WON
    deal.order_reference, deal.order_date, deal.order_amount = (
        order_reference.strip(),
        order_date,
        order_amount,
    )
    deal.ended_on = order_date
    await_confirmation(deal, by=by, at=at)
    lapse_extension(deal, at=at)
    if ended:
        # The customer was free in between: who registered it since is for the channel manager to see.
        ask_for_look(deal, at=at)
    deal.save()
    record(
        "deal.won",
        deal,
        by=by,
        at=at,
        order_reference=deal.order_reference,
        order_date=order_date,
        order_amount=order_amount,
        currency=deal.currency,
    )
    lapse_amendments(deal, at=at)
    lapse_discount_requests(deal, at=at)
    notify(
        "deal-won",
        to=distributor_reviewers(deal),
        about=deal,
        key=f"{telling_key(deal)}:{at.isoformat()}",
        at=at,
        due_at=deal.order_due_at,
    )
    return deal


def check_not_examined(deal: Deal) -> None:
    """Rule E13: nobody escapes an announced revocation by winning, nor by re-opening what has expired. The
    announcement keeps no order out: once it is dropped, an order of the protected time may be told of."""
    refusal = won_refusal(deal)
    if refusal is not None:
        raise refusal


def last_day_of_orders(deal: Deal, today: date) -> date:
    """The last protected day; today, while a request for more protection holds it (rule E8)."""
    return max(deal.protected_until, today) if deal.protection_held else deal.protected_until


def await_confirmation(deal: Deal, *, by: User, at: datetime) -> None:
    """The distributor's time to confirm the order starts anew."""
    deal.order_reported_by = by
    deal.order_due_at = rules.order_due_at(at, deal.distributor.country, terms_of(deal))
    deal.order_reminded_at = None


@transaction.atomic
def confirm_order(deal: Deal, *, by: User, at: datetime) -> Deal:
    """Rule E10: the distributor confirms that the order exists."""
    deal = lock_deal(deal)
    require_move(by, deal, "confirm_order")
    if deal.status != DealStatus.WON or deal.order_confirmed_at is not None:
        raise WrongState("wrong-state", gettext_noop("There is no order to confirm on this deal."))
    check_not_examined(deal)
    deal.order_confirmed_by, deal.order_confirmed_at = by, at
    # What it did not find before has turned up.
    deal.order_disputed_by, deal.order_disputed_at, deal.order_dispute = None, None, ""
    deal.save()
    record("deal.order_confirmed", deal, by=by, at=at, order_reference=deal.order_reference)
    notify("deal-won", to=partner_contacts(deal), about=deal, key=f"{telling_key(deal)}:confirmed", at=at)
    return deal


@transaction.atomic
def report_lost(
    deal: Deal,
    *,
    by: User,
    at: datetime,
    code: str,
    text: str = "",
    lost_to: str = "",
    retry_on: date | None = None,
) -> Deal:
    """Why, to whom, and when to try again: on that day the partner is reminded. Also from won, where the
    order that was told of never came about."""
    deal = lock_deal(deal)
    require_move(by, deal, "report_lost")
    if code not in LossCode.values:
        raise RuleViolation("required", gettext_noop("Choose a reason."), field="code")
    today = date_in(deal.partner.country, at)
    rules.check_retry_day(retry_on, today, terms_of(deal))
    deal.status = DealStatus.LOST
    deal.loss_code, deal.end_text = code, text.strip()
    deal.lost_to, deal.retry_on = lost_to.strip(), retry_on
    deal.ended_on = today
    forget_order(deal)
    ask_for_look(deal, at=at)
    lapse_extension(deal, at=at)
    deal.save()
    told: dict[str, Any] = {"lost_to": deal.lost_to, "retry_on": retry_on}
    record(
        "deal.lost",
        deal,
        by=by,
        at=at,
        reason=text,
        code=code,
        **{name: value for name, value in told.items() if value},
    )
    lapse_amendments(deal, at=at)
    lapse_discount_requests(deal, at=at)
    lapse_revocations(deal, at=at)
    return deal


def forget_order(deal: Deal) -> None:
    """The deal is not won after all: what was told of the order stays in the events alone."""
    deal.order_reference, deal.order_date, deal.order_amount = "", None, None
    deal.order_reported_by = deal.order_due_at = deal.order_reminded_at = None
    deal.order_disputed_by, deal.order_disputed_at, deal.order_dispute = None, None, ""


def end_by_revocation(deal: Deal, *, by: User, at: datetime, code: str, text: str) -> None:
    """Rule E13, or E5 where the channel manager has settled a conflict against this deal."""
    lock_customer(deal)
    had_expired = deal.status == DealStatus.EXPIRED
    deal.status = DEAL_LIFECYCLE.check("revoke_ended" if had_expired else "revoke", deal.status)
    deal.revocation_code, deal.end_text = code, text.strip()
    deal.revoked_by, deal.revoked_at = by, at
    deal.ended_on = date_in(deal.partner.country, at)
    overruled = code == RevocationCode.EARLIER_OVERRULED
    # Who is revoked by E13 has been heard; who is overruled has not, and may appeal (rule E9), once.
    deal.appeal_until = rules.appeal_until(deal.ended_on, terms_of(deal)) if overruled else None
    if Appeal.objects.filter(deal=deal).exists():
        deal.appeal_until = None
    lapse_extension(deal, at=at)
    deal.save()
    if overruled:
        record("deal.overruled", deal, by=by, at=at, reason=text, edition=deal.edition.code)
    else:
        record("deal.revoked", deal, by=by, at=at, reason=text, edition=deal.edition.code, code=code)
    lapse_conflicts(deal, at=at)
    lapse_amendments(deal, at=at)
    lapse_discount_requests(deal, at=at)
    lapse_revocations(deal, at=at)
    told = partner_contacts(deal) + distributor_reviewers(deal)
    notify(
        "deal-revoked",
        to=without(told, by),
        about=deal,
        key=telling_key(deal),
        at=at,
        text=text,
        had_expired=had_expired,
        appeal_until=deal.appeal_until,
    )


@transaction.atomic
def expire_deal(deal: Deal, *, at: datetime) -> bool:
    """Rule E8: end a protection whose last day has passed. Safe to repeat: returns whether it ended
    now. The end is stamped with the true date, however late the sweep comes. While an extension that was
    asked for in time is not decided, the protection holds."""
    deal = lock_deal(deal)
    today = date_in(deal.partner.country, at)
    if deal.status != DealStatus.APPROVED or deal.protection_held or deal.protected_until >= today:
        return False
    end_by_expiry(deal, ended_on=deal.protected_until + timedelta(days=1), at=at)
    return True


def end_by_expiry(deal: Deal, *, ended_on: date, at: datetime) -> None:
    lock_customer(deal)
    deal.status = DealStatus.EXPIRED
    deal.ended_on = ended_on
    deal.save()
    record(
        "deal.expired", deal, by=None, at=at, edition=deal.edition.code, protected_until=deal.protected_until
    )
    lapse_conflicts(deal, at=at)
    lapse_amendments(deal, at=at)
    lapse_discount_requests(deal, at=at)
    # An announced revocation stays to be decided: an order may still be told of (rule E13).
    examined = deal.revocation_notices.open().exists()
    notify(
        "deal-expired",
        to=[*partner_contacts(deal), *distributor_reviewers(deal)],
        about=deal,
        key=f"{deal.reference}:{deal.protected_until}",
        at=at,
        protected_until=deal.protected_until,
        ended_on=ended_on,
        reopen_until=None if examined else last_day_to_reopen(ended_on, terms_of(deal)),
        examined=examined,
    )
