from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.conflicts import check_tells_no_rival
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.appeals import programme_admins_of
from dealreg.deals.discounts import askable
from dealreg.deals.lifecycle import ACTIVE
from dealreg.deals.models import Deal, DealLine, DiscountLine, DiscountOutcome, DiscountRequest
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    is_registrant,
    partner_contacts,
    side_of,
    without,
)
from partners.organisations.access import require
from partners.programme.selectors import rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop, needed
from portal.notifications.actions import notify


@transaction.atomic
def ask_discount(
    deal: Deal,
    *,
    by: User,
    at: datetime,
    reason: str,
    unit: str = "amount",
    whole: Decimal | None = None,
    by_line: Sequence[Decimal | None] = (),
    competitor: str = "",
) -> DiscountRequest:
    """Rule E14: the partner asks the vendor for a discount to the end customer, for the deal or by line,
    while the deal is under review or protected. One request at a time; it states the whole discount."""
    require(by, "deals.ask_discounts", deal)
    deal = lock_deal(deal)
    _check_may_ask(by, deal)
    reason = needed(reason, "reason")
    lines = list(deal.lines.all())
    asked = rules.asked_amounts([line.list_amount for line in lines], unit=unit, whole=whole, by_line=by_line)
    clock = rules.start_clock(at, deal.partner.country, rulebook_of(deal.edition).deal_registration)
    discount_request = DiscountRequest.objects.create(
        deal=deal,
        reason=reason,
        competitor=competitor.strip(),
        currency=deal.currency,
        asked_amount=sum(asked, Decimal(0)),
        asked_by=by,
        asked_at=at,
        registered_by=deal.registered_by,
        due_at=clock.due_at,
        half_time_at=clock.half_time_at,
    )
    _keep_lines(discount_request, lines, asked)
    _tell_asked(deal, discount_request)
    return discount_request


def _check_may_ask(by: User, deal: Deal) -> None:
    _check_partner(by, deal)
    if not askable(deal):
        raise WrongState(
            "wrong-state", gettext_noop("A discount is asked for while a deal is under review or protected.")
        )
    if deal.discount_requests.open().exists():
        raise WrongState("one-open", gettext_noop("A request for this deal is open already."))


def _check_partner(by: User, deal: Deal) -> None:
    if side_of(by.acting_as, deal) != "partner":
        raise NotAllowed("not-allowed", gettext_noop("Your role does not allow this step on this deal."))


def _tell_asked(deal: Deal, discount_request: DiscountRequest) -> None:
    record(
        "deal.discount_asked",
        deal,
        by=discount_request.asked_by,
        at=discount_request.asked_at,
        reason=discount_request.reason,
        edition=deal.edition.code,
        asked_amount=discount_request.asked_amount,
        currency=deal.currency,
        due_at=discount_request.due_at,
    )
    notify(
        "discount-asked",
        to=channel_managers_of(deal.partner),
        about=deal,
        key=f"{deal.reference}:{discount_request.pk}",
        at=discount_request.asked_at,
        asked_amount=discount_request.asked_amount,
        currency=deal.currency,
        due_at=discount_request.due_at,
        text=discount_request.reason,
    )


def _keep_lines(
    discount_request: DiscountRequest, lines: Sequence[DealLine], asked: Sequence[Decimal]
) -> None:
    """As they stood when they were asked about."""
    DiscountLine.objects.bulk_create(
        DiscountLine(
            request=discount_request,
            position=position,
            product_id=line.product_id,
            nodes=line.nodes,
            term_months=line.term_months,
            list_amount=line.list_amount,
            asked_amount=amount,
        )
        for position, (line, amount) in enumerate(zip(lines, asked, strict=True))
    )


def _lock_open(discount_request: DiscountRequest) -> tuple[Deal, DiscountRequest]:
    deal = lock_deal(discount_request.deal)
    discount_request = DiscountRequest.objects.select_for_update(of=("self",)).get(pk=discount_request.pk)
    if not discount_request.is_open:
        raise WrongState("decided", gettext_noop("This request has been decided in the meantime."))
    return deal, discount_request


@transaction.atomic
def withdraw_discount_request(
    discount_request: DiscountRequest, *, by: User, at: datetime
) -> DiscountRequest:
    """The partner takes an open request back; what was granted before stays."""
    require(by, "deals.ask_discounts", discount_request.deal)
    deal, discount_request = _lock_open(discount_request)
    _check_partner(by, deal)
    discount_request.outcome, discount_request.decided_at = DiscountOutcome.WITHDRAWN, at
    discount_request.save(update_fields=["outcome", "decided_at"])
    record("deal.discount_withdrawn", deal, by=by, at=at)
    return discount_request


@transaction.atomic
def decide_discount(
    discount_request: DiscountRequest, *, by: User, at: datetime, amount: Decimal, text: str
) -> DiscountRequest:
    """Rules E11, E14: a channel manager grants all, a part or nothing of what was asked for, with a reason.
    A part is spread over the lines as it was asked for. It replaces what was granted before, and stays
    with the lines: also when the deal is approved afterwards."""
    require(by, "deals.grant_discounts", discount_request.deal)
    deal, discount_request = _lock_open(discount_request)
    rules.check_not_own_registration(
        registered_it=is_registrant(by, deal) or by.pk == discount_request.asked_by_id
    )
    if deal.status not in ACTIVE:
        raise WrongState("wrong-state", gettext_noop("This deal has ended: there is nothing to grant."))
    if not text.strip():
        raise RuleViolation("required", gettext_noop("Give the reason of your decision."), field="text")
    check_tells_no_rival(deal, text, by=by, field="text")
    discount_request.outcome = _grant(deal, discount_request, amount)
    discount_request.granted_amount, discount_request.outcome_text = amount, text.strip()
    discount_request.decided_by, discount_request.decided_at = by, at
    discount_request.save(
        update_fields=["outcome", "granted_amount", "outcome_text", "decided_by", "decided_at"]
    )
    _tell_decided(deal, discount_request, by=by, at=at, text=text)
    return discount_request


def _grant(deal: Deal, discount_request: DiscountRequest, amount: Decimal) -> str:
    """The amount, spread over the lines as they were asked about; what that makes of the request."""
    wanted = list(discount_request.lines.all())
    asked = [line.asked_amount for line in wanted]
    if not 0 <= amount <= discount_request.asked_amount:
        rules.check_discount_granted([amount], [discount_request.asked_amount])
    granted = rules.spread(amount, asked)
    outcome = rules.check_discount_granted(granted, asked)
    for line, given in zip(wanted, granted, strict=True):
        line.granted_amount = given
    if outcome != DiscountOutcome.REFUSED:
        _apply(deal, wanted)
    DiscountLine.objects.bulk_update(wanted, ["granted_amount"])
    return outcome


def _tell_decided(
    deal: Deal, discount_request: DiscountRequest, *, by: User, at: datetime, text: str
) -> None:
    record(
        "deal.discount_decided",
        deal,
        by=by,
        at=at,
        reason=text,
        edition=deal.edition.code,
        outcome=discount_request.outcome,
        granted_amount=discount_request.granted_amount,
        asked_amount=discount_request.asked_amount,
        currency=deal.currency,
    )
    notify(
        "discount-decided",
        to=without([*partner_contacts(deal), discount_request.asked_by, *distributor_reviewers(deal)], by),
        about=deal,
        key=f"{deal.reference}:{discount_request.pk}",
        at=at,
        outcome=discount_request.outcome,
        granted_amount=discount_request.granted_amount,
        asked_amount=discount_request.asked_amount,
        currency=deal.currency,
        text=text,
    )


def _apply(deal: Deal, wanted: list[DiscountLine]) -> None:
    """Each line as it stood when it was asked about gets its part; another set of lines gets nothing."""

    def key(line: object) -> tuple[object, ...]:
        return tuple(getattr(line, name) for name in ("product_id", "nodes", "term_months", "list_amount"))

    lines = list(deal.lines.all())
    if [key(line) for line in lines] != [key(line) for line in wanted]:
        raise RuleViolation(
            "lines-changed",
            gettext_noop(
                "The products have changed since the request. Refuse it, so that the partner asks anew."
            ),
            rule="E14",
        )
    for line, given in zip(lines, wanted, strict=True):
        line.end_user_discount = given.granted_amount
        line.save(update_fields=["end_user_discount"])
    deal.end_user_discount = sum((given.granted_amount for given in wanted), Decimal(0))
    deal.save(update_fields=["end_user_discount", "changed_at"])


@transaction.atomic
def remind_of_discount(discount_request: DiscountRequest, *, at: datetime) -> bool:
    """Half of the time to decide on a request has passed. Returns whether the reminder went out now."""
    deal = lock_deal(discount_request.deal)
    discount_request = DiscountRequest.objects.select_for_update(of=("self",)).get(pk=discount_request.pk)
    waits = discount_request.is_open and discount_request.half_time_told_at is None
    if not waits or not discount_request.half_time_at <= at < discount_request.due_at:
        return False
    discount_request.half_time_told_at = at
    discount_request.save(update_fields=["half_time_told_at"])
    notify(
        "discount-half-time",
        to=channel_managers_of(deal.partner),
        about=deal,
        key=f"{deal.reference}:{discount_request.pk}",
        at=at,
        due_at=discount_request.due_at,
    )
    return True


@transaction.atomic
def escalate_discount(discount_request: DiscountRequest, *, at: datetime) -> bool:
    """An overdue request goes to the programme administrators. Returns whether it did so now."""
    deal = lock_deal(discount_request.deal)
    discount_request = DiscountRequest.objects.select_for_update(of=("self",)).get(pk=discount_request.pk)
    if not discount_request.is_open or discount_request.overdue_told_at or at <= discount_request.due_at:
        return False
    discount_request.overdue_told_at = at
    discount_request.save(update_fields=["overdue_told_at"])
    record(
        "deal.discount_escalated",
        deal,
        by=None,
        at=at,
        audience=Audience.REVIEWERS,
        due_at=discount_request.due_at,
    )
    notify(
        "discount-overdue",
        to=[*channel_managers_of(deal.partner), *programme_admins_of(deal.partner)],
        about=deal,
        key=f"{deal.reference}:{discount_request.pk}",
        at=at,
        due_at=discount_request.due_at,
    )
    return True


@transaction.atomic
def lapse_discount(discount_request: DiscountRequest, *, at: datetime) -> bool:
    """The deal has ended while a request was open: there is nothing to decide. Safe to repeat."""
    deal = lock_deal(discount_request.deal)
    discount_request = DiscountRequest.objects.select_for_update(of=("self",)).get(pk=discount_request.pk)
    if not discount_request.is_open or deal.status in ACTIVE:
        return False
    discount_request.outcome, discount_request.decided_at = DiscountOutcome.LAPSED, at
    discount_request.save(update_fields=["outcome", "decided_at"])
    record("deal.discount_lapsed", deal, by=None, at=at)
    return True
