from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.closing import end_by_revocation
from dealreg.deals.actions.conflicts import check_tells_no_rival
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.actions.lapsing import lapse_revocations
from dealreg.deals.lifecycle import EXAMINED, DealStatus
from dealreg.deals.models import (
    Deal,
    RevocationCode,
    RevocationEvidence,
    RevocationNotice,
    RevocationOutcome,
)
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    is_registrant,
    partner_contacts,
    report_until,
    require_move,
    side_of,
)
from partners.organisations.access import require
from partners.programme.selectors import rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop, needed
from portal.documents.actions import store_document
from portal.notifications.actions import notify


@transaction.atomic
def announce_revocation(
    deal: Deal,
    *,
    by: User,
    at: datetime,
    code: str,
    text: str,
    files: Sequence[Any] = (),
    at_once: bool = False,
) -> RevocationNotice:
    """Rule E13: a channel manager announces that a protection is to be revoked, with a code and the facts.
    The partner may state its view in the time that the edition gives; the protection goes on meanwhile.
    The customer's own written choice acts at once, with its letter attached."""
    deal = lock_deal(deal)
    require_move(by, deal, "revoke", at)
    if deal.revocation_notices.open().exists():
        raise WrongState(
            "announced", gettext_noop("A revocation of this protection has been announced already.")
        )
    text = _checked_facts(deal, by=by, code=code, text=text)
    if at_once:
        rules.check_at_once(
            is_customers_choice=code == RevocationCode.CUSTOMER_CHOICE, has_letter=bool(files)
        )
    terms = rulebook_of(deal.edition).deal_registration
    notice = RevocationNotice.objects.create(
        deal=deal,
        code=code,
        facts=text,
        announced_by=by,
        announced_at=at,
        statement_until=at if at_once else rules.statement_until(at, deal.partner.country, terms),
    )
    _keep_evidence(notice, files, by=by)
    if at_once:
        _close(notice, RevocationOutcome.REVOKED, by=by, at=at, text=text)
        end_by_revocation(deal, by=by, at=at, code=code, text=text)
    else:
        _tell_announced(deal, notice)
    return notice


def _checked_facts(deal: Deal, *, by: User, code: str, text: str) -> str:
    """The facts as they are kept; a code that a channel manager may announce stands beside them."""
    if code not in RevocationCode.values or code == RevocationCode.EARLIER_OVERRULED:
        raise RuleViolation("required", gettext_noop("Choose a reason."), field="code")
    text = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    return text


def _tell_announced(deal: Deal, notice: RevocationNotice) -> None:
    record(
        "deal.revocation_announced",
        deal,
        by=notice.announced_by,
        at=notice.announced_at,
        reason=notice.facts,
        edition=deal.edition.code,
        code=notice.code,
        statement_at=notice.statement_until,
    )
    notify(
        "revocation-announced",
        to=[*partner_contacts(deal), *distributor_reviewers(deal)],
        about=deal,
        key=f"{deal.reference}:{notice.pk}",
        at=notice.announced_at,
        code=notice.code,
        text=notice.facts,
        statement_at=notice.statement_until,
    )


def _keep_evidence(notice: RevocationNotice, files: Sequence[Any], *, by: User) -> None:
    for upload in files:
        evidence = RevocationEvidence.objects.create(notice=notice)
        evidence.document = store_document(evidence, upload, by=by)
        evidence.save(update_fields=["document"])


def _close(notice: RevocationNotice, outcome: str, *, by: User, at: datetime, text: str) -> None:
    notice.outcome, notice.outcome_text = outcome, text
    notice.decided_by, notice.decided_at = by, at
    notice.save(update_fields=["outcome", "outcome_text", "decided_by", "decided_at"])


def _lock_open(notice: RevocationNotice) -> tuple[Deal, RevocationNotice]:
    deal = lock_deal(notice.deal)
    notice = RevocationNotice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if not notice.is_open or deal.status not in EXAMINED:
        raise WrongState("decided", gettext_noop("This revocation has been decided in the meantime."))
    return deal, notice


@transaction.atomic
def state_view(
    notice: RevocationNotice, *, by: User, at: datetime, text: str, files: Sequence[Any] = ()
) -> RevocationNotice:
    """Rule E13: the partner's statement on an announced revocation, once and in time, with its files."""
    require(by, "deals.state_view", notice.deal)
    deal, notice = _lock_open(notice)
    if side_of(by.acting_as, deal) != "partner":
        raise NotAllowed("not-allowed", gettext_noop("Your role does not allow this step on this deal."))
    if notice.stated_at is not None:
        raise WrongState("stated", gettext_noop("Your company has stated its view already."))
    if at > notice.statement_until:
        raise WrongState("too-late", gettext_noop("The time to state your view is over."))
    notice.statement, notice.stated_by, notice.stated_at = needed(text, "text"), by, at
    notice.heard_told_at = at
    notice.save(update_fields=["statement", "stated_by", "stated_at", "heard_told_at"])
    for upload in files:
        store_document(notice, upload, by=by)
    record("deal.view_stated", deal, by=by, at=at, reason=text, files=len(files))
    _tell_heard(deal, notice, at=at)
    return notice


def _tell_heard(deal: Deal, notice: RevocationNotice, *, at: datetime) -> None:
    notify(
        "revocation-to-decide",
        to=[notice.announced_by, *channel_managers_of(deal.partner)],
        about=deal,
        key=f"{deal.reference}:{notice.pk}",
        at=at,
        stated=notice.stated_at is not None,
        text=notice.statement,
    )


@transaction.atomic
def decide_revocation(
    notice: RevocationNotice, *, by: User, at: datetime, revoke: bool, text: str
) -> RevocationNotice:
    """Rules E11, E13: after the partner has been heard, a channel manager revokes the protection or drops
    it, with a reason. Revoked, the customer is free again. Also after the protection has expired: revoked
    then, no order of its time can be told of any more; dropped, the days to do so count from here."""
    require(by, "deals.revoke", notice.deal)
    deal, notice = _lock_open(notice)
    rules.check_not_own_registration(registered_it=is_registrant(by, deal))
    rules.check_heard(at, notice.statement_until, has_stated=notice.stated_at is not None)
    text = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    if revoke:
        _close(notice, RevocationOutcome.REVOKED, by=by, at=at, text=text)
        end_by_revocation(deal, by=by, at=at, code=notice.code, text=text)
        return notice
    _close(notice, RevocationOutcome.DROPPED, by=by, at=at, text=text)
    record("deal.revocation_dropped", deal, by=by, at=at, reason=text, edition=deal.edition.code)
    notify(
        "revocation-dropped",
        to=[*partner_contacts(deal), *distributor_reviewers(deal)],
        about=deal,
        key=f"{deal.reference}:{notice.pk}",
        at=at,
        text=text,
        protected_until=deal.protected_until,
        report_until=report_until(deal) if deal.status == DealStatus.EXPIRED else None,
    )
    return notice


@transaction.atomic
def tell_unheard(notice: RevocationNotice, *, at: datetime) -> bool:
    """The partner has let its time pass: the channel manager may decide. Returns whether told now."""
    deal = lock_deal(notice.deal)
    notice = RevocationNotice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if not notice.is_open or notice.heard_told_at is not None or at <= notice.statement_until:
        return False
    notice.heard_told_at = at
    notice.save(update_fields=["heard_told_at"])
    _tell_heard(deal, notice, at=at)
    return True


@transaction.atomic
def lapse_revocation(notice: RevocationNotice, *, at: datetime) -> bool:
    """What the end of the deal has left open. Safe to repeat."""
    deal = lock_deal(notice.deal)
    return deal.status not in EXAMINED and lapse_revocations(deal, at=at)
