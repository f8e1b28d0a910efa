"""Rule E8: more protection, asked for before it ends, and decided on a clock of its own."""

from datetime import datetime

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.closing import end_by_expiry
from dealreg.deals.actions.conflicts import check_tells_no_rival
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.lifecycle import EXTENSION_LIFECYCLE, ExtensionStatus, Step
from dealreg.deals.models import Deal, Extension, ExtensionRefusal, Progress
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    extension_refusal,
    extension_reviewers,
    is_silent,
    last_word,
    partner_contacts,
    require_move,
    steps_in,
    terms_of,
    without,
)
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop, needed
from portal.notifications.actions import notify


@transaction.atomic
def ask_extension(deal: Deal, *, by: User, at: datetime, asked: rules.ExtensionAsked) -> Extension:
    """The partner asks once, in time, with dated progress. The protection holds until the decision."""
    deal = lock_deal(deal)
    require_move(by, deal, "extend", at)
    if deal.protection_held:
        raise _moved_on()
    violation = extension_refusal(deal, at)
    if violation is not None:
        raise violation
    terms, today = terms_of(deal), date_in(deal.partner.country, at)
    rules.check_extension(
        asked, today=today, since=deal.protected_from, until=deal.protected_until, terms=terms
    )
    clock = rules.start_clock(at, deal.distributor.country, terms)
    step = last_word(deal)
    extension = Extension.objects.create(
        deal=deal,
        step=step,
        until_before=deal.protected_until,
        days_asked=asked.days,
        expected_close_on=asked.expected_close_on,
        asked_by=by,
        asked_at=at,
        decision_due_at=clock.due_at,
        half_time_at=clock.half_time_at,
        vendor_may_decide_at=clock.vendor_may_decide_at if step == Step.DISTRIBUTOR else None,
    )
    Progress.objects.bulk_create(
        Progress(extension=extension, happened_on=one.on, text=one.text.strip()) for one in asked.progress
    )
    deal.protection_held = True
    deal.save(update_fields=["protection_held", "changed_at"])
    record(
        "deal.extension_asked",
        deal,
        by=by,
        at=at,
        reason="\n".join(one.text.strip() for one in asked.progress),
        edition=deal.edition.code,
        days=asked.days,
        expected_close_on=asked.expected_close_on,
        due_at=clock.due_at,
    )
    facts = {"days": asked.days, "due_at": clock.due_at, "protected_until": deal.protected_until}
    key = _key(extension)
    notify("extension-asked", to=partner_contacts(deal), about=deal, key=key, at=at, **facts)
    notify("extension-to-decide", to=extension_reviewers(extension), about=deal, key=key, at=at, **facts)
    return extension


@transaction.atomic
def grant_extension(deal: Deal, *, by: User, at: datetime, days_granted: int) -> Extension:
    """Any number of days up to what was asked, counted from the old end; the reminders start anew."""
    deal = lock_deal(deal)
    require_move(by, deal, "grant_extension", at)
    extension = _lock_pending(deal)
    today = date_in(deal.partner.country, at)
    until = rules.extended_until(extension.until_before, days_granted, extension.days_asked, today)
    extension.status = EXTENSION_LIFECYCLE.check("grant", extension.status)
    extension.days_granted, extension.until_after = days_granted, until
    _stamp(extension, by=by, at=at)
    deal.protection_held, deal.protected_until, deal.expiry_reminder = False, until, None
    deal.expected_close_on = extension.expected_close_on
    deal.save()
    record(
        "deal.extension_granted",
        deal,
        by=by,
        at=at,
        edition=deal.edition.code,
        days=days_granted,
        days_asked=extension.days_asked,
        before_until=extension.until_before,
        protected_until=until,
    )
    _tell_decision(extension, by=by, at=at, until=until)
    return extension


@transaction.atomic
def refuse_extension(deal: Deal, *, by: User, at: datetime, code: str, text: str) -> Extension:
    """With a reason from the list and a text. The protection keeps its old end; where that has passed
    while the request was pending, it ends now."""
    deal = lock_deal(deal)
    require_move(by, deal, "refuse_extension", at)
    extension = _lock_pending(deal)
    if code not in ExtensionRefusal.values:
        raise RuleViolation("required", gettext_noop("Choose a reason."), field="code")
    text = needed(text, "text")
    check_tells_no_rival(deal, text, by=by, field="text")
    extension.status = EXTENSION_LIFECYCLE.check("refuse", extension.status)
    extension.refusal_code, extension.decision_text = code, text
    _stamp(extension, by=by, at=at)
    today = date_in(deal.partner.country, at)
    over = extension.until_before < today
    # It was held until now, and what was ordered in the meantime was ordered under it.
    deal.protection_held, deal.protected_until = False, max(today, extension.until_before)
    deal.save(update_fields=["protection_held", "protected_until", "changed_at"])
    record("deal.extension_refused", deal, by=by, at=at, reason=text, edition=deal.edition.code, code=code)
    _tell_decision(extension, by=by, at=at, until=deal.protected_until)
    if over:
        end_by_expiry(deal, ended_on=today, at=at)
    return extension


def _lock_pending(deal: Deal) -> Extension:
    extension = deal.extensions.pending().select_for_update(of=("self",)).first()
    if extension is None:
        raise _moved_on()
    return extension


def _moved_on() -> WrongState:
    return WrongState(
        "wrong-state",
        gettext_noop("This step is no longer possible: the record has moved on in the meantime."),
    )


def _stamp(extension: Extension, *, by: User, at: datetime) -> None:
    extension.decided_by, extension.decided_at = by, at
    extension.in_distributors_place = steps_in(by, extension, at)
    extension.save()
    if extension.in_distributors_place:
        deal = extension.deal
        record(
            "deal.stepped_in",
            deal,
            by=by,
            at=at,
            edition=deal.edition.code,
            due_at=extension.decision_due_at,
        )


def _tell_decision(extension: Extension, *, by: User, at: datetime, until: object) -> None:
    deal = extension.deal
    told = partner_contacts(deal) + distributor_reviewers(deal)
    notify(
        "extension-decided",
        to=without(told, by),
        about=deal,
        key=_key(extension),
        at=at,
        granted=extension.status == ExtensionStatus.GRANTED,
        days=extension.days_granted,
        protected_until=until,
        text=extension.decision_text,
        in_place=extension.in_distributors_place,
    )


def _key(extension: Extension) -> str:
    return f"{extension.deal.reference}:{extension.until_before}"


# What happens by date.


@transaction.atomic
def remind_extension_half_time(extension: Extension, *, at: datetime) -> bool:
    """Rule E7 for an extension. Returns whether the reminder went out now."""
    found = _lock(extension)
    waits = found is not None and found.half_time_told_at is None
    if not waits or not found.half_time_at <= at < found.decision_due_at:
        return False
    found.half_time_told_at = at
    found.save(update_fields=["half_time_told_at"])
    notify(
        "extension-half-time",
        to=extension_reviewers(found),
        about=found.deal,
        key=_key(found),
        at=at,
        due_at=found.decision_due_at,
    )
    return True


@transaction.atomic
def escalate_extension(extension: Extension, *, at: datetime) -> bool:
    """Rule E7: an overdue decision goes to the channel manager. Returns whether it did so now."""
    found = _lock(extension)
    if found is None or found.overdue_told_at is not None or at <= found.decision_due_at:
        return False
    found.overdue_told_at = at
    found.save(update_fields=["overdue_told_at"])
    record(
        "deal.extension_escalated",
        found.deal,
        by=None,
        at=at,
        audience=Audience.REVIEWERS,
        due_at=found.decision_due_at,
    )
    notify(
        "extension-overdue",
        to=[*channel_managers_of(found.deal.partner), *extension_reviewers(found)],
        about=found.deal,
        key=_key(found),
        at=at,
        due_at=found.decision_due_at,
        step=found.step,
    )
    return True


@transaction.atomic
def tell_of_silence_on_extension(extension: Extension, *, at: datetime) -> bool:
    """Rule E7: the channel manager may decide in the distributor's place. Returns whether both were
    told now."""
    found = _lock(extension)
    if found is None or found.silence_told_at is not None or not is_silent(found, at):
        return False
    found.silence_told_at = at
    found.save(update_fields=["silence_told_at"])
    notify(
        "extension-silence",
        to=[*channel_managers_of(found.deal.partner), *distributor_reviewers(found.deal)],
        about=found.deal,
        key=_key(found),
        at=at,
        due_at=found.decision_due_at,
        since_at=found.vendor_may_decide_at,
    )
    return True


def _lock(extension: Extension) -> Extension | None:
    """The request under its deal's lock, while it is pending."""
    deal = lock_deal(extension.deal)
    found = deal.extensions.pending().select_for_update(of=("self",)).filter(pk=extension.pk).first()
    if found is not None:
        found.deal = deal
    return found
