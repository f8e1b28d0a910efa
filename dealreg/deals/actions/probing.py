"""Whoever registers names to see which are taken is slowed down and reported (rule E6, promise S3)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q
from django.db.models.functions import TruncDate

from dealreg.deals import rules
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.selectors import channel_managers_of, terms_of
from partners.programme.rulebook import DealRegistrationTerms
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.notifications.actions import notify
from portal.notifications.models import Notification


def _registered_within_an_hour(person: int, at: datetime) -> tuple[int, datetime | None]:
    found = Deal.objects.filter(
        registered_by=person, submitted_at__gt=at - rules.REGISTERED_AT_ONCE, submitted_at__lte=at
    ).aggregate(number=Count("pk"), first_at=Min("submitted_at"))
    return found["number"], found["first_at"]


def check_own_pace(by: User, *, at: datetime, terms: DealRegistrationTerms) -> None:
    """RuleViolation for who has registered too many deals within an hour: the same answer for a taken
    and a free customer."""
    registered, first_at = _registered_within_an_hour(by.pk, at)
    rules.check_pace(registered, first_at, at, terms)


def report_probing(deal: Deal, *, at: datetime) -> None:
    """Tell the partner's channel manager, at most once a day, when its registrations look like trying out
    which customers are taken. Part of the look: it costs the partner's answer no time."""
    terms = terms_of(deal)
    at_once, _first_at = _registered_within_an_hour(deal.registered_by_id, deal.submitted_at)
    registered, in_vain = _registered_of_late(deal, terms.probing_days)
    if at_once >= terms.registrations_per_hour:
        found = "pace"
    elif rules.looks_like_probing(registered, in_vain, terms):
        found = "in_vain"
    else:
        return
    today = date_in(deal.partner.country, at)
    told, key = channel_managers_of(deal.partner), f"{deal.partner.reference}:{today}"
    if Notification.objects.filter(recipient__in=told, kind="deal-probing", key=key).exists():
        return
    figures: dict[str, Any] = {
        "at_once": at_once,
        "registered": registered,
        "in_vain": in_vain,
        "days": terms.probing_days,
    }
    record(
        "deal.probing_noticed",
        deal,
        by=None,
        at=at,
        audience=Audience.VENDOR,
        found=found,
        **figures,
    )
    notify(
        "deal-probing",
        to=told,
        about=deal,
        key=key,
        at=at,
        person=str(deal.registered_by),
        found=found,
        **figures,
    )


def _registered_of_late(deal: Deal, days: int) -> tuple[int, int]:
    """How many registrations the partner has sent in, and how many of them in vain: an earlier one of
    another partner was there, or they were taken back within a day."""
    sent = Deal.objects.filter(
        partner=deal.partner_id,
        submitted_at__gt=deal.submitted_at - timedelta(days=days),
        submitted_at__lte=deal.submitted_at,
    )
    met = Conflict.objects.exclude(earlier__partner=deal.partner_id).values("later_id")
    next_day = TruncDate(F("submitted_at") + rules.TAKEN_BACK_AT_ONCE)
    taken_back = Q(status=DealStatus.WITHDRAWN, ended_on__lte=next_day)
    found = sent.aggregate(all=Count("pk"), in_vain=Count("pk", filter=Q(pk__in=met) | taken_back))
    return found["all"], found["in_vain"]
