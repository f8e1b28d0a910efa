from datetime import datetime

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.submitting import telling_key
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    extension_refusal,
    is_silent,
    partner_contacts,
    reviewers_of,
)
from partners.programme.selectors import rulebook_of
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.notifications.actions import notify


@transaction.atomic
def remind_half_time(deal: Deal, *, at: datetime) -> bool:
    """Rule E7: half of the time to decide has passed. Returns whether the reminder went out now."""
    deal = lock_deal(deal)
    waits = deal.status == DealStatus.SUBMITTED and deal.half_time_told_at is None
    if not waits or not deal.half_time_at <= at < deal.decision_due_at:
        return False
    deal.half_time_told_at = at
    deal.save(update_fields=["half_time_told_at"])
    notify(
        "deal-half-time",
        to=reviewers_of(deal),
        about=deal,
        key=f"{deal.reference}:{deal.step}:{deal.decision_due_at.isoformat()}",
        at=at,
        due_at=deal.decision_due_at,
    )
    return True


@transaction.atomic
def escalate_overdue(deal: Deal, *, at: datetime) -> bool:
    """Rule E7: an overdue decision goes to the channel manager. Returns whether it did so now."""
    deal = lock_deal(deal)
    waits = deal.status == DealStatus.SUBMITTED and deal.overdue_told_at is None
    if not waits or at <= deal.decision_due_at:
        return False
    deal.overdue_told_at = at
    deal.save(update_fields=["overdue_told_at"])
    record(
        "deal.escalated",
        deal,
        by=None,
        at=at,
        audience=Audience.REVIEWERS,
        due_at=deal.decision_due_at,
        step=deal.step,
    )
    notify(
        "deal-overdue",
        to=[*channel_managers_of(deal.partner), *reviewers_of(deal)],
        about=deal,
        key=f"{deal.reference}:{deal.decision_due_at.isoformat()}",
        at=at,
        due_at=deal.decision_due_at,
    )
    return True


@transaction.atomic
def tell_of_silence(deal: Deal, *, at: datetime) -> bool:
    """Rule E7: the channel manager may decide in the distributor's place from now on; both hear of it.
    Returns whether they were told now."""
    deal = lock_deal(deal)
    waits = deal.status == DealStatus.SUBMITTED and deal.silence_told_at is None
    if not waits or not is_silent(deal, at):
        return False
    deal.silence_told_at = at
    deal.save(update_fields=["silence_told_at"])
    notify(
        "deal-silence",
        to=[*channel_managers_of(deal.partner), *distributor_reviewers(deal)],
        about=deal,
        key=telling_key(deal),
        at=at,
        due_at=deal.decision_due_at,
        since_at=deal.vendor_may_decide_at,
    )
    return True


@transaction.atomic
def remind_expiring(deal: Deal, *, at: datetime) -> bool:
    """Rule E8: the tightest reminder that has passed, once. Returns whether one went out now."""
    deal = lock_deal(deal)
    if deal.status != DealStatus.APPROVED or deal.protection_held:
        return False
    terms = rulebook_of(deal.edition).deal_registration
    days_left = (deal.protected_until - date_in(deal.partner.country, at)).days
    due = rules.reminder_due(days_left, terms.reminders_days_before, deal.expiry_reminder)
    if due is None:
        return False
    deal.expiry_reminder = due
    deal.save(update_fields=["expiry_reminder"])
    notify(
        "deal-expiring",
        to=partner_contacts(deal),
        about=deal,
        key=f"{deal.reference}:{deal.protected_until}:{due}",
        at=at,
        days=days_left,
        protected_until=deal.protected_until,
        may_extend=extension_refusal(deal, at) is None,
    )
    return True
