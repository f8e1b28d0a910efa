from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.conflicts import check_tells_no_rival, names_of, note_conflicts
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.looking import settle_identity, tell_reviewers
from dealreg.deals.actions.reopening import forget_decision
from dealreg.deals.appeals import judges_of, programme_admins_of
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, Step
from dealreg.deals.models import OVERTURNED, Appeal, AppealOutcome, Deal
from dealreg.deals.selectors import (
    distributor_reviewers,
    is_registrant,
    partner_contacts,
    rivals,
    side_of,
    without,
)
from partners.organisations.access import require
from partners.programme.selectors import rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop, needed
from portal.documents.actions import store_document
from portal.notifications.actions import notify

NOT_YOURS = gettext_noop("Your role does not allow this step on this deal.")


@transaction.atomic
def file_appeal(deal: Deal, *, by: User, at: datetime, text: str, files: Sequence[Any] = ()) -> Appeal:
    """Rule E9: the partner's one appeal against a rejection, or against a decision that overruled its
    protection, in time, with its grounds and what proves them. The clock runs in business days of the
    partner's country."""
    require(by, "deals.appeal", deal)
    deal = lock_deal(deal)
    if side_of(by.acting_as, deal) != "partner":
        raise NotAllowed("not-allowed", NOT_YOURS)
    DEAL_LIFECYCLE.check("reinstate", deal.status)
    rules.check_in_time_to_appeal(
        date_in(deal.partner.country, at),
        deal.appeal_until,
        has_appealed=Appeal.objects.filter(deal=deal).exists(),
    )
    text = needed(text, "text")
    clock = rules.start_clock(at, deal.partner.country, rulebook_of(deal.edition).deal_registration)
    appeal = Appeal.objects.create(
        deal=deal,
        text=text,
        filed_by=by,
        filed_at=at,
        registered_by=deal.registered_by,
        **_appealed_against(deal),
        due_at=clock.due_at,
        half_time_at=clock.half_time_at,
    )
    for upload in files:
        store_document(appeal, upload, by=by)
    record(
        "deal.appealed",
        deal,
        by=by,
        at=at,
        reason=text,
        edition=deal.edition.code,
        due_at=clock.due_at,
        files=len(files),
    )
    notify(
        "deal-appealed",
        to=[*judges_of(appeal), *distributor_reviewers(deal)],
        about=deal,
        key=deal.reference,
        at=at,
        due_at=clock.due_at,
        text=text,
        overruled=appeal.against_overruling,
    )
    return appeal


def _appealed_against(deal: Deal) -> dict[str, Any]:
    if deal.was_overruled:
        return {
            "rejected_by": deal.revoked_by,
            "rejected_at": deal.revoked_at,
            "rejection_code": deal.revocation_code,
            "rejection_text": deal.end_text,
        }
    return {
        "rejected_by": deal.decided_by,
        "rejected_at": deal.decided_at,
        "rejection_code": deal.rejection_code,
        "rejection_text": deal.decision_text,
    }


@transaction.atomic
def decide_appeal(appeal: Appeal, *, by: User, at: datetime, outcome: str, text: str) -> Appeal:
    """Rules E9, E11: somebody of the vendor who neither rejected nor registered decides, with a coded
    outcome and a text for the partner. Overturned, the registration is under review again."""
    deal = lock_deal(appeal.deal)
    appeal = Appeal.objects.select_for_update(of=("self",)).get(pk=appeal.pk)
    require(by, "deals.decide_appeals", deal)
    rules.check_judges_another(rejected_it=by.pk == appeal.rejected_by_id)
    rules.check_not_own_registration(
        registered_it=is_registrant(by, deal) or by.pk in (appeal.registered_by_id, appeal.filed_by_id)
    )
    if appeal.outcome:
        raise WrongState("decided", gettext_noop("This appeal has been decided in the meantime."))
    if outcome not in AppealOutcome.values:
        raise RuleViolation("bad-outcome", gettext_noop("Choose one of the outcomes."), field="outcome")
    text = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    # What has been registered since the rejection is in no conflict with it yet (rule E6).
    for rival in rivals(deal):
        rules.check_names_no_rival(text, names_of(rival.deal, deal), field="text")
    appeal.outcome, appeal.outcome_text = outcome, text
    appeal.decided_by, appeal.decided_at = by, at
    appeal.save(update_fields=["outcome", "outcome_text", "decided_by", "decided_at"])
    record("deal.appeal_decided", deal, by=by, at=at, reason=text, edition=deal.edition.code, outcome=outcome)
    if outcome in OVERTURNED:
        _reinstate(deal, at=at)
    notify(
        "deal-appeal-decided",
        to=without([*partner_contacts(deal), appeal.filed_by, *distributor_reviewers(deal)], by),
        about=deal,
        key=deal.reference,
        at=at,
        outcome=outcome,
        text=text,
        overturned=outcome in OVERTURNED,
        due_at=deal.decision_due_at,
    )
    return appeal


def _reinstate(deal: Deal, *, at: datetime) -> None:
    """Under review again, at the vendor's step: the first submission counts for who came first (rule E5),
    the time to decide starts anew, and a second refusal is final. One that was overruled keeps the days of
    protection that it had left, counted from now: whoever prevailed meanwhile is for the conflict that opens
    anew, so that the protection cannot simply go on."""
    if deal.was_overruled:
        left = deal.protected_until - deal.ended_on
        forget_decision(deal)
        deal.protection_kept_until = date_in(deal.partner.country, at) + left
        deal.revocation_code, deal.revoked_by, deal.revoked_at = "", None, None
    deal.status = DEAL_LIFECYCLE.check("reinstate", deal.status)
    terms = rulebook_of(deal.edition).deal_registration
    clock = rules.start_clock(at, deal.distributor.country, terms)
    deal.step, deal.reinstated_at, deal.appeal_until = Step.VENDOR, at, None
    deal.decision_due_at, deal.half_time_at = clock.due_at, clock.half_time_at
    deal.half_time_told_at = deal.overdue_told_at = deal.clock_left = None
    # Rejected in the distributor's place or not: that decision does not stand any more.
    deal.in_distributors_place, deal.vendor_may_decide_at = False, None
    deal.rejection_code = deal.decision_text = ""
    deal.decided_by = deal.decided_at = deal.ended_on = None
    matches = settle_identity(deal)
    deal.save()
    record("deal.reinstated", deal, by=None, at=at, edition=deal.edition.code, due_at=clock.due_at)
    conflict = note_conflicts(deal, matches, at=at, anew=True)
    tell_reviewers(deal, at=at, conflict=conflict)


@transaction.atomic
def remind_of_appeal(appeal: Appeal, *, at: datetime) -> bool:
    """Half of the time to decide on an appeal has passed. Returns whether the reminder went out now."""
    deal = lock_deal(appeal.deal)
    appeal = Appeal.objects.select_for_update(of=("self",)).get(pk=appeal.pk)
    if appeal.outcome or appeal.half_time_told_at or not appeal.half_time_at <= at < appeal.due_at:
        return False
    appeal.half_time_told_at = at
    appeal.save(update_fields=["half_time_told_at"])
    notify(
        "appeal-half-time",
        to=judges_of(appeal),
        about=deal,
        key=deal.reference,
        at=at,
        due_at=appeal.due_at,
    )
    return True


@transaction.atomic
def escalate_appeal(appeal: Appeal, *, at: datetime) -> bool:
    """An overdue appeal goes to the programme administrators. Returns whether it did so now."""
    deal = lock_deal(appeal.deal)
    appeal = Appeal.objects.select_for_update(of=("self",)).get(pk=appeal.pk)
    if appeal.outcome or appeal.overdue_told_at or at <= appeal.due_at:
        return False
    appeal.overdue_told_at = at
    appeal.save(update_fields=["overdue_told_at"])
    record("deal.appeal_escalated", deal, by=None, at=at, audience=Audience.REVIEWERS, due_at=appeal.due_at)
    notify(
        "appeal-overdue",
        to=[*judges_of(appeal), *programme_admins_of(deal.partner, not_by=appeal.rejected_by_id)],
        about=deal,
        key=deal.reference,
        at=at,
        due_at=appeal.due_at,
    )
    return True
