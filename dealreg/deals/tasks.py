"""What happens to deals by date. Each sweep finds ids and calls one action for each: bounded, and safe
to run twice or late."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealreg.deals.actions import (
    escalate_amendment,
    escalate_appeal,
    escalate_discount,
    escalate_overdue,
    expire_deal,
    lapse_discount,
    lapse_revocation,
    look_at_due,
    remind_expiring,
    remind_half_time,
    remind_of_amendment,
    remind_of_appeal,
    remind_of_discount,
    remind_of_order,
    remind_to_try_again,
    tell_of_silence,
    tell_of_silence_on_amendment,
    tell_unheard,
)
from dealreg.deals.actions.extending import (
    escalate_extension,
    remind_extension_half_time,
    tell_of_silence_on_extension,
)
from dealreg.deals.lifecycle import ACTIVE, EXAMINED, DealStatus, Step
from dealreg.deals.models import Amendment, Appeal, Deal, DiscountRequest, Extension, RevocationNotice
from dealreg.deals.querysets import DealQuerySet, ExtensionQuerySet
from partners.programme.models import Edition
from partners.programme.selectors import rulebook_of
from portal.core.calendar import countries_by_date
from portal.core.errors import gettext_noop
from portal.core.sweeps import note_touched, sweep

HALF_TIME = gettext_noop("half-time reminders")
OVERDUE = gettext_noop("overdue decisions escalated")
SILENT = gettext_noop("decisions open to the channel manager")
EXTENSION_HALF_TIME = gettext_noop("half-time reminders of extensions")
EXTENSION_OVERDUE = gettext_noop("overdue extensions escalated")
EXTENSION_SILENT = gettext_noop("extensions open to the channel manager")
ENDING = gettext_noop("protections about to end")
ENDED = gettext_noop("protections ended")
APPEALS_HALF_TIME = gettext_noop("half-time reminders of appeals")
APPEALS_OVERDUE = gettext_noop("overdue appeals escalated")
LOOKED = gettext_noop("registrations compared")
DISCOUNTS_HALF_TIME = gettext_noop("half-time reminders of discount requests")
DISCOUNTS_OVERDUE = gettext_noop("overdue discount requests escalated")
UNHEARD = gettext_noop("revocations whose partner kept silent")
REVOCATIONS_LAPSED = gettext_noop("announced revocations of ended deals closed")
DISCOUNTS_LAPSED = gettext_noop("discount requests of ended deals closed")
CHANGES_HALF_TIME = gettext_noop("half-time reminders of changes")
CHANGES_OVERDUE = gettext_noop("overdue changes escalated")
CHANGES_SILENT = gettext_noop("changes open to the channel manager")
ORDERS = gettext_noop("orders to confirm")
TRY_AGAIN = gettext_noop("reminders to try again")


def _each(event: str, deals: DealQuerySet, action: Callable[..., bool], at: datetime) -> int:
    done = 0
    for deal in deals.only("pk", "reference").order_by("pk").iterator(chunk_size=500):
        if action(deal, at=at):
            note_touched(event, deal.reference)
            done += 1
    return done


@shared_task
def look_at_registrations() -> dict[str, int]:
    """Sent after each registration; safe to run at any time, several at once."""
    return {LOOKED: look_at_due(at=timezone.now())}


@sweep("deals.conflicts", _("Registrations: comparison"))
def watch_conflicts(at: datetime) -> dict[str, int]:
    """Rule E5: registrations that nobody has looked at yet for conflicts."""
    return {LOOKED: look_at_due(at=at)}


@sweep("deals.decisions", _("Registrations: decision times"))
def watch_decisions(at: datetime) -> dict[str, int]:
    """Rule E7: half-time reminders, overdue decisions, and those that a distributor leaves open."""
    waiting = Deal.objects.filter(status=DealStatus.SUBMITTED)
    half_time = waiting.filter(half_time_told_at=None, half_time_at__lte=at, decision_due_at__gt=at)
    overdue = waiting.filter(overdue_told_at=None, decision_due_at__lt=at)
    silent = waiting.filter(step=Step.DISTRIBUTOR, silence_told_at=None, vendor_may_decide_at__lte=at)
    return {
        HALF_TIME: _each(HALF_TIME, half_time, remind_half_time, at),
        OVERDUE: _each(OVERDUE, overdue, escalate_overdue, at),
        SILENT: _each(SILENT, silent, tell_of_silence, at),
    }


def _each_extension(
    event: str, extensions: ExtensionQuerySet, action: Callable[..., bool], at: datetime
) -> int:
    done = 0
    for extension in extensions.select_related("deal").order_by("pk").iterator(chunk_size=500):
        if action(extension, at=at):
            note_touched(event, extension.deal.reference)
            done += 1
    return done


@sweep("deals.extensions", _("Extensions: decision times"))
def watch_extensions(at: datetime) -> dict[str, int]:
    """Rules E7, E8: the clock of requests for more protection."""
    pending = Extension.objects.pending()
    half_time = pending.filter(half_time_told_at=None, half_time_at__lte=at, decision_due_at__gt=at)
    overdue = pending.filter(overdue_told_at=None, decision_due_at__lt=at)
    silent = pending.filter(step=Step.DISTRIBUTOR, silence_told_at=None, vendor_may_decide_at__lte=at)
    return {
        EXTENSION_HALF_TIME: _each_extension(EXTENSION_HALF_TIME, half_time, remind_extension_half_time, at),
        EXTENSION_OVERDUE: _each_extension(EXTENSION_OVERDUE, overdue, escalate_extension, at),
        EXTENSION_SILENT: _each_extension(EXTENSION_SILENT, silent, tell_of_silence_on_extension, at),
    }


@sweep("deals.protection", _("Protections: reminders and end"), nightly=True)
def watch_protection(at: datetime) -> dict[str, int]:
    """Rule E8: reminders before the end of protection, and its end, by the partner's own date."""
    reminded = expired = 0
    approved = Deal.objects.filter(status=DealStatus.APPROVED, protection_held=False)
    countries = approved.order_by().values_list("partner__country", flat=True).distinct()
    for today, sharing in countries_by_date(at, list(countries)).items():
        protected = approved.filter(partner__country__in=sharing)
        expired += _each(ENDED, protected.filter(protected_until__lt=today), expire_deal, at)
        for edition in Edition.objects.published():
            for days in rulebook_of(edition).deal_registration.reminders_days_before:
                due = protected.filter(
                    Q(expiry_reminder=None) | Q(expiry_reminder__gt=days),
                    edition=edition,
                    protected_until__gte=today,
                    protected_until__lte=today + timedelta(days=days),
                )
                reminded += _each(ENDING, due, remind_expiring, at)
    return {ENDING: reminded, ENDED: expired}


def _each_of(event: str, rows: QuerySet[Any], action: Callable[..., bool], at: datetime) -> int:
    """The same for what hangs on a deal."""
    done = 0
    for row in rows.select_related("deal").order_by("pk").iterator(chunk_size=500):
        if action(row, at=at):
            note_touched(event, row.deal.reference)
            done += 1
    return done


@sweep("deals.appeals", _("Appeals: decision times"))
def watch_appeals(at: datetime) -> dict[str, int]:
    """Rule E9: half-time reminders and overdue decisions on appeals."""
    waiting = Appeal.objects.open()
    half_time = waiting.filter(half_time_told_at=None, half_time_at__lte=at, due_at__gt=at)
    overdue = waiting.filter(overdue_told_at=None, due_at__lt=at)
    return {
        APPEALS_HALF_TIME: _each_of(APPEALS_HALF_TIME, half_time, remind_of_appeal, at),
        APPEALS_OVERDUE: _each_of(APPEALS_OVERDUE, overdue, escalate_appeal, at),
    }


@sweep("deals.discounts", _("End customers’ discounts: decision times"))
def watch_discounts(at: datetime) -> dict[str, int]:
    """Rule E14: half-time reminders, overdue decisions, and requests whose deal has ended."""
    waiting = DiscountRequest.objects.open()
    running = waiting.filter(deal__status__in=ACTIVE)
    half_time = running.filter(half_time_told_at=None, half_time_at__lte=at, due_at__gt=at)
    overdue = running.filter(overdue_told_at=None, due_at__lt=at)
    ended = waiting.exclude(deal__status__in=ACTIVE)
    return {
        DISCOUNTS_HALF_TIME: _each_of(DISCOUNTS_HALF_TIME, half_time, remind_of_discount, at),
        DISCOUNTS_OVERDUE: _each_of(DISCOUNTS_OVERDUE, overdue, escalate_discount, at),
        DISCOUNTS_LAPSED: _each_of(DISCOUNTS_LAPSED, ended, lapse_discount, at),
    }


@sweep("deals.revocations", _("Revocations: hearing of the partner"))
def watch_revocations(at: datetime) -> dict[str, int]:
    """Rule E13: the time of the partner is over, or the deal has ended otherwise."""
    waiting = RevocationNotice.objects.open()
    unheard = waiting.filter(heard_told_at=None, statement_until__lt=at, deal__status__in=EXAMINED)
    ended = waiting.exclude(deal__status__in=EXAMINED)
    return {
        UNHEARD: _each_of(UNHEARD, unheard, tell_unheard, at),
        REVOCATIONS_LAPSED: _each_of(REVOCATIONS_LAPSED, ended, lapse_revocation, at),
    }


@sweep("deals.amendments", _("Changes of deals: decision times"))
def watch_amendments(at: datetime) -> dict[str, int]:
    """Rules E4, E7: half-time reminders, overdue decisions on changes of approved deals, and those that a
    distributor leaves open."""
    waiting = Amendment.objects.open()
    half_time = waiting.filter(half_time_told_at=None, half_time_at__lte=at, due_at__gt=at)
    overdue = waiting.filter(overdue_told_at=None, due_at__lt=at)
    silent = waiting.filter(step=Step.DISTRIBUTOR, silence_told_at=None, vendor_may_decide_at__lte=at)
    return {
        CHANGES_HALF_TIME: _each_of(CHANGES_HALF_TIME, half_time, remind_of_amendment, at),
        CHANGES_OVERDUE: _each_of(CHANGES_OVERDUE, overdue, escalate_amendment, at),
        CHANGES_SILENT: _each_of(CHANGES_SILENT, silent, tell_of_silence_on_amendment, at),
    }


@sweep("deals.endings", _("Orders to confirm, lost deals to try again"))
def watch_endings(at: datetime) -> dict[str, int]:
    """Rule E10: orders that no distributor has confirmed in time; and the days on which a lost deal was to
    be tried again, by the partner's own date."""
    orders = Deal.objects.filter(
        status=DealStatus.WON,
        order_confirmed_at=None,
        order_disputed_at=None,
        order_reminded_at=None,
        order_due_at__lte=at,
    )
    again = 0
    lost = Deal.objects.filter(status=DealStatus.LOST, retry_told_at=None, retry_on__isnull=False)
    countries = lost.order_by().values_list("partner__country", flat=True).distinct()
    for today, sharing in countries_by_date(at, list(countries)).items():
        due = lost.filter(partner__country__in=sharing, retry_on__lte=today)
        again += _each(TRY_AGAIN, due, remind_to_try_again, at)
    return {ORDERS: _each(ORDERS, orders, remind_of_order, at), TRY_AGAIN: again}
