from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.conflicts import check_tells_no_rival, lapse_conflicts, lock_customer
from dealreg.deals.actions.conversation import EvidenceInput, attach_evidence
from dealreg.deals.actions.drafting import DRAFT_FIELDS, LineInput, apply_changes, lock_deal, price_lines
from dealreg.deals.actions.lapsing import lapse_discount_requests
from dealreg.deals.actions.looking import (
    after_looking,
    ask_for_look,
    check_looked_at,
    conflict_when_protected,
    tell_reviewers,
    telling_key,
)
from dealreg.deals.actions.submitting import check_complete, check_not_registered_already
from dealreg.deals.letters import new_letter_code
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Appeal, Deal, Question, RejectionCode
from dealreg.deals.selectors import (
    distributor_reviewers,
    open_conflicts,
    partner_contacts,
    registrant_contacts,
    require_move,
    reviewers_of,
    steps_in,
    without,
)
from partners.programme.rules import check_granted_pct
from partners.programme.selectors import rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, gettext_noop, needed
from portal.notifications.actions import notify

# What a reviewer may ask about. Product group and distributor stay: another one is another deal.
UNLOCKABLE: dict[str, tuple[str, ...]] = {
    "customer_name": ("customer_name",),
    "customer_country": ("customer_country",),
    "customer_city": ("customer_city",),
    "web_domain": ("web_domain",),
    "company_number": ("company_number",),
    "nodes": ("nodes",),
    "expected_close_on": ("expected_close_on",),
    "engagement": ("engagement",),
    "contact": ("contact_name", "contact_role", "contact_email", "contact_phone"),
    "lines": (),
    "evidence": (),
    "notes": ("notes",),
}
_IDENTITY_FIELDS = {"customer_name", "customer_country", "customer_city", "web_domain", "company_number"}


def _lines_in_words(deal: Deal) -> str:
    lines = deal.lines.select_related("product")
    return "; ".join(f"{line.product.sku} x {line.nodes}, {line.term_months}" for line in lines)


def unlocked_fields(question: Question) -> tuple[str, ...]:
    return tuple(name for group in question.fields for name in UNLOCKABLE[group])


@after_looking
@transaction.atomic
def request_information(deal: Deal, *, by: User, at: datetime, text: str, fields: list[str]) -> Question:
    """Rule E7: ask the partner. Unlocks only the fields asked about, stops the clock and keeps the
    place in the queue."""
    deal = lock_deal(deal)
    require_move(by, deal, "request_information", at)
    text = needed(text, "text")
    if set(fields) - set(UNLOCKABLE):
        raise RuleViolation("bad-fields", gettext_noop("Choose from the listed information."), field="fields")
    check_tells_no_rival(deal, text, by=by, field="text")
    terms = rulebook_of(deal.edition).deal_registration
    deal.status = DealStatus.INFORMATION_REQUESTED
    deal.clock_left = rules.stop_clock(at, deal.decision_due_at, deal.distributor.country, terms)
    if steps_in(by, deal, at):
        note_silence(deal, by=by, at=at)
    if deal.vendor_may_decide_at is not None:
        deal.silence_left = rules.stop_clock(at, deal.vendor_may_decide_at, deal.distributor.country, terms)
    deal.decision_due_at = deal.half_time_at = deal.vendor_may_decide_at = None
    deal.save()
    question = Question.objects.create(deal=deal, asked_by=by, asked_at=at, text=text, fields=fields)
    record("deal.information_requested", deal, by=by, at=at, reason=text, fields=fields)
    notify(
        "deal-information-requested",
        to=registrant_contacts(deal),
        about=deal,
        key=f"{deal.reference}:{question.pk}",
        at=at,
        question=text,
    )
    return question


@transaction.atomic
def answer_request(
    deal: Deal,
    *,
    by: User,
    at: datetime,
    answer: str,
    changes: dict[str, Any] | None = None,
    lines: list[LineInput] | None = None,
    evidence: Sequence[EvidenceInput] = (),
) -> Deal:
    """The partner answers; only what was asked about may change. The clock goes on with what was
    left, and the first submission still counts for who came first."""
    deal = lock_deal(deal, with_partner=True)
    require_move(by, deal, "answer")
    question = deal.questions.select_for_update().get(answered_at=None)
    answer = needed(answer, "answer")
    allowed = tuple(name for name in unlocked_fields(question) if name in DRAFT_FIELDS)
    before = {name: str(getattr(deal, name) or "") for name in allowed}
    changed = apply_changes(deal, changes or {}, allowed)
    told = {name: [before[name], str(getattr(deal, name) or "")] for name in changed}
    terms = rulebook_of(deal.edition).deal_registration
    if lines is not None:
        if "lines" not in question.fields:
            raise RuleViolation(
                "locked", gettext_noop("This information can no longer be changed."), field="lines"
            )
        old_lines = _lines_in_words(deal)
        price_lines(deal, lines, at)
        told["lines"] = [old_lines, _lines_in_words(deal)]
    for file in evidence:
        attach_evidence(deal, by=by, at=at, upload=file.upload, kind=file.kind, dated_on=file.dated_on)
    check_complete(deal, has_lines=deal.lines.exists())
    if "customer_country" in changed:
        rules.check_country(deal.customer_country, frozenset(deal.partner.authorised_countries))
    if "expected_close_on" in changed:
        rules.check_closing_date(deal.expected_close_on, date_in(deal.partner.country, at), terms)

    clock = rules.resume_clock(at, deal.clock_left, deal.distributor.country, terms, deal.silence_left)
    deal.status = DealStatus.SUBMITTED
    if deal.clock_left:
        deal.overdue_told_at = None
    deal.decision_due_at, deal.half_time_at, deal.clock_left = clock.due_at, clock.half_time_at, None
    deal.vendor_may_decide_at = clock.vendor_may_decide_at if deal.step == Step.DISTRIBUTOR else None
    deal.silence_left = None
    if _IDENTITY_FIELDS & set(changed):
        check_not_registered_already(deal, by=by)
        ask_for_look(deal, at=at)
    deal.save()
    question.answer, question.answered_by, question.answered_at = answer, by, at
    question.save(update_fields=["answer", "answered_by", "answered_at"])
    record("deal.answered", deal, by=by, at=at, reason=answer, changed=told, due_at=clock.due_at)
    notify("deal-answered", to=reviewers_of(deal), about=deal, key=f"{deal.reference}:{question.pk}", at=at)
    return deal


@transaction.atomic
def withdraw_deal(deal: Deal, *, by: User, at: datetime, reason: str = "") -> Deal:
    """The partner takes the registration back before a decision; the customer is free again."""
    deal = lock_deal(deal)
    require_move(by, deal, "withdraw")
    deal.status = DealStatus.WITHDRAWN
    deal.ended_on = date_in(deal.partner.country, at)
    deal.end_text = reason.strip()
    _stop_watching(deal)
    ask_for_look(deal, at=at)
    deal.save()
    deal.questions.filter(answered_at=None).update(answered_at=at, answered_by=by)
    record("deal.withdrawn", deal, by=by, at=at, reason=reason)
    lapse_discount_requests(deal, at=at)
    told = [*distributor_reviewers(deal), *reviewers_of(deal)]
    if deal.on_behalf:
        told += partner_contacts(deal)
    notify("deal-withdrawn", to=without(told, by), about=deal, key=telling_key(deal), at=at)
    return deal


@after_looking
@transaction.atomic
def endorse_deal(deal: Deal, *, by: User, at: datetime, granted_pct: Decimal) -> Deal:
    """Rule E4: the distributor's half of an enterprise approval. It fixes the discount; the decision
    goes on to the channel manager under the same due date that the partner was promised."""
    deal = lock_deal(deal)
    require_move(by, deal, "endorse")
    check_granted_pct(granted_pct, deal.ceiling_pct, rulebook_of(deal.edition))
    check_looked_at(deal)
    rules.check_free_of_conflict(open_conflicts(deal))
    deal.step = Step.VENDOR
    deal.proposed_pct, deal.endorsed_by, deal.endorsed_at = granted_pct, by, at
    deal.vendor_may_decide_at = None
    deal.save()
    record("deal.endorsed", deal, by=by, at=at, edition=deal.edition.code, granted_pct=granted_pct)
    tell_reviewers(deal, at=at, conflict=False)
    return deal


@after_looking
@conflict_when_protected
@transaction.atomic
def approve_deal(deal: Deal, *, by: User, at: datetime, granted_pct: Decimal | None = None) -> Deal:
    """Rules E4, E5, E8: protect the customer and product group for this partner. A standard deal is
    approved by its distributor with a discount; an enterprise deal by the channel manager with the
    one that the distributor fixed, so that `granted_pct` is left out. Either by the channel manager with
    a discount, when the distributor kept silent (rule E7)."""
    deal = lock_deal(deal)
    require_move(by, deal, "approve", at)
    rulebook = rulebook_of(deal.edition)
    granted = deal.proposed_pct if deal.proposed_pct is not None else granted_pct
    if granted is None:
        raise RuleViolation("required", gettext_noop("This information is needed."), field="granted_pct")
    check_granted_pct(granted, deal.ceiling_pct, rulebook)
    check_looked_at(deal)
    lock_customer(deal)
    rules.check_free_of_conflict(open_conflicts(deal))

    today = date_in(deal.partner.country, at)
    deal.status = DealStatus.APPROVED
    deal.letter_code = deal.letter_code or new_letter_code()
    deal.granted_pct = granted
    stamp_decision(deal, by=by, at=at, in_place=steps_in(by, deal, at))
    deal.protected_from = today
    deal.protected_until = rules.protected_until(
        today, rulebook.deal_registration, kept=deal.protection_kept_until
    )
    _stop_watching(deal)
    deal.save()
    record(
        "deal.approved",
        deal,
        by=by,
        at=at,
        edition=rulebook.edition,
        granted_pct=granted,
        ceiling_pct=deal.ceiling_pct,
        protected_until=deal.protected_until,
    )
    told = partner_contacts(deal)
    if deal.step == Step.VENDOR or deal.in_distributors_place:
        told += distributor_reviewers(deal)
    notify(
        "deal-approved",
        to=without(told, by),
        about=deal,
        key=telling_key(deal),
        at=at,
        granted_pct=granted,
        protected_until=deal.protected_until,
        in_place=deal.in_distributors_place,
    )
    return deal


@after_looking
@transaction.atomic
def reject_deal(deal: Deal, *, by: User, at: datetime, code: str, text: str) -> Deal:
    """Rule E9: a refusal has a reason from the list and a text for the partner."""
    deal = lock_deal(deal)
    require_move(by, deal, "reject", at)
    if code not in RejectionCode.values:
        raise RuleViolation("required", gettext_noop("Choose a reason."), field="code")
    text = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    end_by_rejection(deal, by=by, at=at, code=code, text=text, in_place=steps_in(by, deal, at))
    return deal


def end_by_rejection(
    deal: Deal, *, by: User, at: datetime, code: str, text: str, in_place: bool = False
) -> None:
    lock_customer(deal)
    deal.status = DealStatus.REJECTED
    deal.rejection_code, deal.decision_text = code, text.strip()
    stamp_decision(deal, by=by, at=at, in_place=in_place)
    deal.ended_on = date_in(deal.partner.country, at)
    # Rule E9: one appeal for each registration, re-opened since or not: a refusal after it is final.
    has_appealed = Appeal.objects.filter(deal=deal).exists()
    terms = rulebook_of(deal.edition).deal_registration
    deal.appeal_until = None if has_appealed else rules.appeal_until(deal.ended_on, terms)
    _stop_watching(deal)
    deal.save()
    deal.questions.filter(answered_at=None).update(answered_at=at, answered_by=by)
    edition = deal.edition.code if deal.edition else ""
    record("deal.rejected", deal, by=by, at=at, reason=text, edition=edition, code=code)
    lapse_conflicts(deal, at=at)
    lapse_discount_requests(deal, at=at)
    told = partner_contacts(deal)
    if by.acting_as.distributor_id is None:
        told += distributor_reviewers(deal)
    notify(
        "deal-rejected",
        to=told,
        about=deal,
        key=telling_key(deal),
        at=at,
        text=text,
        code=code,
        appeal_until=deal.appeal_until,
        in_place=deal.in_distributors_place,
    )


def stamp_decision(deal: Deal, *, by: User, at: datetime, in_place: bool) -> None:
    """Who decided and when, in how much working time, and whether in the distributor's place. To be
    called before the clock is put away."""
    deal.decided_by, deal.decided_at, deal.in_distributors_place = by, at, in_place
    if in_place:
        note_silence(deal, by=by, at=at)
    if deal.decision_working_time is None:
        # An appeal decides anew on what was decided in time or too late: the first decision counts.
        terms, country = rulebook_of(deal.edition).deal_registration, deal.distributor.country
        # Another distributor has a clock of its own.
        since = max(deal.submitted_at, deal.distributor_since or deal.submitted_at)
        asked = deal.questions.filter(asked_at__gte=since).values_list("asked_at", "answered_at")
        spent = rules.decision_time(since, at, asked, country, terms)
        deal.decision_working_time = spent
        deal.decided_late = rules.is_late(spent, country, terms)


def note_silence(deal: Deal, *, by: User, at: datetime) -> None:
    """Rule E7: what the channel manager does next, it does in the distributor's place."""
    record("deal.stepped_in", deal, by=by, at=at, edition=deal.edition.code, due_at=deal.decision_due_at)


def _stop_watching(deal: Deal) -> None:
    deal.decision_due_at = deal.half_time_at = deal.clock_left = deal.silence_left = None
