from datetime import date, datetime
from typing import Any

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.conflicts import check_tells_no_rival
from dealreg.deals.actions.drafting import NOT_YOURS, LineInput, lock_deal, priced_rows, put_lines
from dealreg.deals.amendments import (
    approved_amount,
    deciders_of,
    is_running,
    lines_in,
    may_decide,
    read_day,
    snapshot_of,
)
from dealreg.deals.lifecycle import AMENDMENT_LIFECYCLE, DEAL_LIFECYCLE, AmendmentStatus, Step
from dealreg.deals.models import MAX_NODES, Amendment, Deal
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    is_silent,
    last_word,
    partner_contacts,
    terms_of,
    without,
)
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop, needed
from portal.notifications.actions import notify


def draw_up(
    deal: Deal,
    *,
    by: User,
    at: datetime,
    reason: str,
    lines: list[LineInput],
    nodes: int,
    expected_close_on: date,
) -> Amendment:
    """Rules E4, D2: the change as it would be, not yet written: at the list prices of the day where lines
    change; edition, discount and protection stay. Open where it needs an approval, else in effect."""
    reason = needed(reason, "reason")
    if not lines:
        raise RuleViolation("no-lines", gettext_noop("Add at least one product."), field="lines")
    if not 1 <= nodes <= MAX_NODES:
        raise RuleViolation("bad-nodes", gettext_noop("Enter a number of nodes from 1 on."), field="nodes")
    if expected_close_on != deal.expected_close_on:
        rules.check_closing_date(expected_close_on, date_in(deal.partner.country, at), terms_of(deal))
    kept = list(deal.lines.select_related("product"))
    before = snapshot_of(deal, kept)
    currency, rows = deal.currency, kept
    if [(line.product.pk, line.nodes, line.term_months) for line in lines] != [
        (line.product_id, line.nodes, line.term_months) for line in kept
    ]:
        currency, rows = priced_rows(deal, lines, at)
    changed = {"nodes": nodes, "expected_close_on": expected_close_on, "currency": currency}
    after = snapshot_of(deal, rows) | changed
    if after == before:
        raise RuleViolation("nothing-changed", gettext_noop("Nothing has been changed."))
    approved, approved_currency = approved_amount(deal)
    needs_approval = rules.amendment_needs_approval(
        approved,
        after["list_amount"],
        same_currency=currency == approved_currency,
        terms=terms_of(deal),
    )
    return Amendment(
        deal=deal,
        status=AmendmentStatus.OPEN if needs_approval else AmendmentStatus.EFFECTIVE,
        asked_by=by,
        asked_at=at,
        registered_by=deal.registered_by,
        reason=reason,
        before=before,
        after=after,
        currency=currency,
        amount_before=before["list_amount"],
        amount_after=after["list_amount"],
        amount_approved=approved,
    )


@transaction.atomic
def ask_amendment(
    deal: Deal,
    *,
    by: User,
    at: datetime,
    reason: str,
    lines: list[LineInput],
    nodes: int,
    expected_close_on: date,
) -> Amendment:
    """Rules E4, D2: the partner changes products, nodes or closing date of an approved deal. It takes effect
    at once, unless the amount grows by more than the edition allows: then whoever decides deals of this
    kind decides on it."""
    require(by, "deals.register", deal)
    deal = lock_deal(deal)
    DEAL_LIFECYCLE.check("amend", deal.status)
    if not is_running(deal, at):
        raise WrongState("wrong-state", gettext_noop("The protection has ended."))
    if deal.amendments.open().exists():
        raise WrongState("one-open", gettext_noop("A change of this deal waits for a decision already."))
    amendment = draw_up(
        deal, by=by, at=at, reason=reason, lines=lines, nodes=nodes, expected_close_on=expected_close_on
    )
    if amendment.is_open:
        _put_up(amendment, at)
    else:
        amendment.decided_at = at
        amendment.save()
        _take_effect(amendment, deal)
        _tell_of_effect(amendment, by=by, at=at)
    return amendment


def _put_up(amendment: Amendment, at: datetime) -> None:
    """For whoever decides deals of this kind, by the decision clock of rule E7."""
    deal = amendment.deal
    terms = terms_of(deal)
    clock = rules.start_clock(at, deal.distributor.country, terms)
    amendment.step = last_word(deal)
    amendment.due_at, amendment.half_time_at = clock.due_at, clock.half_time_at
    if amendment.step == Step.DISTRIBUTOR:
        amendment.vendor_may_decide_at = clock.vendor_may_decide_at
    amendment.save()
    record(
        "deal.amendment_asked",
        deal,
        by=amendment.asked_by,
        at=at,
        reason=amendment.reason,
        edition=deal.edition.code,
        due_at=clock.due_at,
        **_figures(amendment),
    )
    told = deciders_of(amendment)
    if amendment.step == Step.VENDOR:
        told += distributor_reviewers(deal)
    notify(
        "deal-amendment-asked",
        to=[*told, *without(partner_contacts(deal), amendment.asked_by)],
        about=deal,
        key=f"{deal.reference}:{amendment.pk}",
        at=at,
        step=amendment.step,
        due_at=clock.due_at,
        text=amendment.reason,
        **_figures(amendment),
    )


def _figures(amendment: Amendment) -> dict[str, Any]:
    return {
        "before_amount": amendment.amount_before,
        "after_amount": amendment.amount_after,
        "currency": amendment.currency,
        "currency_before": amendment.before["currency"],
    }


def _take_effect(amendment: Amendment, deal: Deal) -> None:
    """What it changes, and nothing else: an extension that was granted meanwhile keeps its closing date."""
    before, after = amendment.before, amendment.after
    if after["lines"] != before["lines"]:
        put_lines(deal, lines_in(after, deal), after["currency"])
    deal.nodes = after["nodes"]
    if read_day(after["expected_close_on"]) != read_day(before["expected_close_on"]):
        deal.expected_close_on = read_day(after["expected_close_on"])
    deal.save(update_fields=["nodes", "expected_close_on", "changed_at"])


def _tell_of_effect(amendment: Amendment, *, by: User, at: datetime) -> None:
    deal = amendment.deal
    record(
        "deal.amended",
        deal,
        by=by,
        at=at,
        reason=amendment.decision_text or amendment.reason,
        edition=deal.edition.code,
        **_figures(amendment),
    )
    notify(
        "deal-amended",
        to=without([*partner_contacts(deal), *distributor_reviewers(deal)], by),
        about=deal,
        key=f"{deal.reference}:{amendment.pk}",
        at=at,
        text=amendment.decision_text,
        decided=amendment.status == AmendmentStatus.APPROVED,
        **_figures(amendment),
    )


def _lock(amendment: Amendment) -> tuple[Amendment, Deal]:
    deal = lock_deal(amendment.deal)
    amendment = Amendment.objects.select_for_update(of=("self",)).get(pk=amendment.pk)
    amendment.deal = deal
    return amendment, deal


def _require_decider(amendment: Amendment, move: str, by: User, at: datetime) -> None:
    require(by, "deals.see", amendment.deal)
    AMENDMENT_LIFECYCLE.check(move, amendment.status)
    if not may_decide(by, amendment, at):
        raise NotAllowed("not-allowed", NOT_YOURS)


@transaction.atomic
def approve_amendment(amendment: Amendment, *, by: User, at: datetime, text: str = "") -> Amendment:
    """Rules E4, E11: what was put up takes effect as it was asked for, at the prices of that day."""
    amendment, deal = _lock(amendment)
    _require_decider(amendment, "approve", by, at)
    if not is_running(deal, at):
        # Between its last day and the sweep that ends it.
        raise WrongState("wrong-state", gettext_noop("The protection has ended."))
    check_tells_no_rival(deal, text, by=by, field="text")
    amendment.status = AmendmentStatus.APPROVED
    amendment.decided_by, amendment.decided_at, amendment.decision_text = by, at, text.strip()
    amendment.save()
    _take_effect(amendment, deal)
    _tell_of_effect(amendment, by=by, at=at)
    return amendment


@transaction.atomic
def refuse_amendment(amendment: Amendment, *, by: User, at: datetime, text: str) -> Amendment:
    """Rules E4, E11: the deal stays as it was approved; the partner reads why."""
    amendment, deal = _lock(amendment)
    _require_decider(amendment, "refuse", by, at)
    text = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    amendment.status = AmendmentStatus.REFUSED
    amendment.decided_by, amendment.decided_at, amendment.decision_text = by, at, text
    amendment.save()
    record(
        "deal.amendment_refused",
        deal,
        by=by,
        at=at,
        reason=text,
        edition=deal.edition.code,
        **_figures(amendment),
    )
    notify(
        "deal-amendment-refused",
        to=without([*partner_contacts(deal), *distributor_reviewers(deal)], by),
        about=deal,
        key=f"{deal.reference}:{amendment.pk}",
        at=at,
        text=text,
        **_figures(amendment),
    )
    return amendment


@transaction.atomic
def withdraw_amendment(amendment: Amendment, *, by: User, at: datetime) -> Amendment:
    """The partner takes back what waits for a decision: the deal stays as it was approved."""
    amendment, deal = _lock(amendment)
    require(by, "deals.register", deal)
    amendment.status = AMENDMENT_LIFECYCLE.check("withdraw", amendment.status)
    amendment.decided_at = at
    amendment.save()
    record("deal.amendment_withdrawn", deal, by=by, at=at, **_figures(amendment))
    return amendment


def lapse_amendments(deal: Deal, *, at: datetime) -> None:
    """The deal has ended: what waits for a decision on it is settled by that. The deal is locked."""
    for amendment in deal.amendments.open():
        amendment.status, amendment.decided_at = AmendmentStatus.LAPSED, at
        amendment.save(update_fields=["status", "decided_at"])


@transaction.atomic
def remind_of_amendment(amendment: Amendment, *, at: datetime) -> bool:
    """Half of the time to decide has passed. Returns whether the reminder went out now."""
    amendment, deal = _lock(amendment)
    if not amendment.is_open or amendment.half_time_told_at is not None:
        return False
    if not amendment.half_time_at <= at < amendment.due_at:
        return False
    amendment.half_time_told_at = at
    amendment.save(update_fields=["half_time_told_at"])
    notify(
        "deal-amendment-half-time",
        to=deciders_of(amendment),
        about=deal,
        key=f"{deal.reference}:{amendment.pk}",
        at=at,
        due_at=amendment.due_at,
    )
    return True


@transaction.atomic
def escalate_amendment(amendment: Amendment, *, at: datetime) -> bool:
    """Rule E7: an overdue decision goes to the channel manager. Returns whether it did so now."""
    amendment, deal = _lock(amendment)
    if not amendment.is_open or amendment.overdue_told_at is not None or at <= amendment.due_at:
        return False
    amendment.overdue_told_at = at
    amendment.save(update_fields=["overdue_told_at"])
    record(
        "deal.amendment_escalated",
        deal,
        by=None,
        at=at,
        audience=Audience.REVIEWERS,
        due_at=amendment.due_at,
    )
    notify(
        "deal-amendment-overdue",
        to=[*channel_managers_of(deal.partner), *deciders_of(amendment)],
        about=deal,
        key=f"{deal.reference}:{amendment.pk}",
        at=at,
        due_at=amendment.due_at,
    )
    return True


@transaction.atomic
def tell_of_silence_on_amendment(amendment: Amendment, *, at: datetime) -> bool:
    """Rule E7: the channel manager may decide in the distributor's place. Returns whether both were told
    now."""
    amendment, deal = _lock(amendment)
    if not amendment.is_open or amendment.silence_told_at is not None or not is_silent(amendment, at):
        return False
    amendment.silence_told_at = at
    amendment.save(update_fields=["silence_told_at"])
    notify(
        "deal-amendment-silence",
        to=[*channel_managers_of(deal.partner), *distributor_reviewers(deal)],
        about=deal,
        key=f"{deal.reference}:{amendment.pk}",
        at=at,
        due_at=amendment.due_at,
        since_at=amendment.vendor_may_decide_at,
    )
    return True
