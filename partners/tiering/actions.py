"""Tier reviews: the portal proposes, a person decides (rules G5, H3, H5)."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from partners.certification.models import Departure
from partners.organisations.access import require
from partners.organisations.actions.partners import change_tier
from partners.organisations.contacts import administrators_of, managers_of
from partners.organisations.models import Partner
from partners.programme.models import Edition
from partners.programme.rulebook import Rulebook
from partners.programme.selectors import edition_on, rulebook_of
from partners.programme.tier_moves import next_opening, reachable_tier
from partners.tiering.lifecycle import CHANGE_LIFECYCLE, REVIEW_LIFECYCLE, ChangeStatus, ReviewStatus
from partners.tiering.models import TierChange, TierReview
from partners.tiering.selectors import (
    Row,
    carried_now,
    changes_without_ground,
    lapses_to_review,
    reviews_without_ground,
)
from portal.accounts.models import User
from portal.audit.actions import record, record_many
from portal.core.calendar import date_in, months_after
from portal.core.errors import RuleViolation, WrongState, gettext_noop, needed
from portal.notifications.actions import Letter, notify, notify_many

# ---------------------------------------------------------------- opened and closed by the portal


@transaction.atomic
def open_tier_reviews(ids: Collection[int], *, at: datetime) -> list[TierReview]:
    """Rules G5, H5: for each lapse with an effect one proposal, with what it rests on. A proposal that the
    partner's tier has come down to in the meantime is kept as no longer needed."""
    departures = list(
        lapses_to_review()
        .filter(pk__in=ids)
        .select_for_update(of=("self",))
        .select_related("partner", "edition")
        .order_by("pk")
    )
    reviews = [
        TierReview(
            partner=one.partner,
            departure=one,
            status=ReviewStatus.OPEN if _lowers(one) else ReviewStatus.DROPPED,
            edition=one.edition,
            current_tier=one.partner.tier,
            proposed_tier=one.carried_tier,
            facts=one.lapse_facts,
            opened_at=at,
            decided_at=None if _lowers(one) else at,
        )
        for one in departures
    ]
    TierReview.objects.bulk_create(reviews, batch_size=500)
    opened = [review for review in reviews if review.status == ReviewStatus.OPEN]
    _record_all("tier_review.opened", opened, at=at)
    _record_all("tier_review.dropped", [one for one in reviews if one not in opened], at=at)
    _tell_all("tier-review-opened", opened, at=at)
    return opened


def note_undone_lapses() -> None:
    """A lapse that a later date or a withdrawal has undone: what was proposed and decided because of it stays
    readable, and is no answer to another lapse of the same case."""
    undone = Departure.objects.filter(carried_tier="")
    TierReview.objects.filter(lapse_undone=False, departure__in=undone).update(lapse_undone=True)


def _lowers(departure: Departure) -> bool:
    rulebook = rulebook_of(departure.edition)
    return rulebook.rank(departure.carried_tier) < rulebook.rank(departure.partner.tier)


@transaction.atomic
def drop_reviews_without_ground(ids: Collection[int], *, at: datetime) -> list[TierReview]:
    """The specialists are back, the lapse was undone, or the tier has come down otherwise: a proposal that
    no longer holds is nobody's to decide, and stays readable."""
    locked = list(
        TierReview.objects.filter(pk__in=ids, status__in=[ReviewStatus.OPEN, ReviewStatus.PLAN])
        .select_for_update(of=("self",))
        .select_related("partner", "departure", "edition")
        .order_by("pk")
    )
    dropped = reviews_without_ground(locked, at)
    for review in dropped:
        review.status, review.decided_at = REVIEW_LIFECYCLE.check("drop", review.status), at
    TierReview.objects.bulk_update(dropped, ["status", "decided_at"], batch_size=500)
    _record_all("tier_review.dropped", dropped, at=at)
    _tell_all("tier-review-dropped", dropped, at=at)
    return dropped


@transaction.atomic
def resume_reviews(ids: Collection[int], *, at: datetime) -> list[TierReview]:
    """Rule H5: the last day of a recovery plan has passed and the proposal still holds: a person decides
    again, and the channel manager is told."""
    plans = [
        one
        for one in TierReview.objects.filter(pk__in=ids, status=ReviewStatus.PLAN)
        .select_for_update(of=("self",))
        .select_related("partner", "edition")
        .order_by("pk")
        if date_in(one.partner.country, at) > one.plan_until
    ]
    for review in plans:
        review.status = REVIEW_LIFECYCLE.check("resume", review.status)
    TierReview.objects.bulk_update(plans, ["status"], batch_size=500)
    _record_all("tier_review.resumed", plans, at=at)
    managers = managers_of({one.partner_id: one.partner for one in plans}.values())
    notify_many(
        "tier-plan-ended",
        [
            Letter(
                managers[one.partner_id], one, f"{one.pk}:{one.plan_until}", {"plan_until": one.plan_until}
            )
            for one in plans
        ],
        at=at,
    )
    return plans


def _record_all(verb: str, reviews: Iterable[TierReview], *, at: datetime) -> None:
    record_many(
        verb,
        [
            (one, {"before": one.current_tier, "after": one.proposed_tier, "plan_until": one.plan_until})
            for one in reviews
        ],
        at=at,
    )


def _tell_all(kind: str, reviews: Collection[TierReview], *, at: datetime) -> None:
    administrators = administrators_of({one.partner_id for one in reviews})
    managers = managers_of({one.partner_id: one.partner for one in reviews}.values())
    notify_many(
        kind,
        [
            Letter([*administrators[one.partner_id], *managers[one.partner_id]], one, str(one.pk), {})
            for one in reviews
        ],
        at=at,
    )


# ---------------------------------------------------------------- decided by a person


@transaction.atomic
def confirm_review(review: TierReview, *, by: User, at: datetime, reason: str) -> TierReview:
    """Rules H3, H5: the tier is lowered as far as the steps are open today; what is closed is decided now
    and takes effect on the next 1 January. Never below what the specialists carry on this day (rule G5),
    though the proposal may have been made when fewer were there."""
    review, partner = _lock_open(review, by=by)
    reason = needed(reason, "reason")
    if reviews_without_ground([review], at):
        raise WrongState(
            "no-ground",
            gettext_noop("The proposal no longer holds: the specialists are back, or the tier has changed."),
        )
    on = date_in(partner.country, at)
    edition = edition_on(on)
    rulebook = rulebook_of(edition)
    target = _no_lower_than_carried(review, review.proposed_tier, rulebook, at=at)
    reached = reachable_tier(partner.tier, target, on, rulebook)
    if reached != partner.tier:
        _note_change(review, partner.tier, reached, on, edition, by=by, at=at, reason=reason)
        change_tier(partner.pk, tier=reached, by=by, at=at, reason=reason, edition=edition.code)
    waits_until = None
    if reached != target:
        waits_until = next_opening(on)
        _schedule(review, reached, target, waits_until, edition, by=by, at=at, reason=reason)
    _decide(review, "confirm", by=by, at=at, reason=reason)
    record(
        "tier_review.confirmed",
        review,
        by=by,
        at=at,
        reason=reason,
        edition=edition.code,
        before=review.current_tier,
        reached=reached,
        after=target,
        scheduled_on=waits_until,
    )
    limited_to = ""
    if target != review.proposed_tier:
        limited_to = target
        record(
            "tier_review.limited",
            review,
            by=None,
            at=at,
            edition=review.edition.code,
            proposed=review.proposed_tier,
            after=target,
        )
    _tell_decided(
        review,
        at=at,
        outcome="confirmed",
        reached=reached,
        scheduled_on=waits_until,
        limited_to=limited_to,
    )
    _drop_what_this_settles(review, at=at)
    return review


def _no_lower_than_carried(row: Row, wanted: str, rulebook: Rulebook, *, at: datetime) -> str:
    return max(wanted, carried_now(row, at), key=rulebook.rank)


def _note_change(
    review: TierReview,
    before: str,
    after: str,
    on: date,
    edition: Edition,
    *,
    by: User,
    at: datetime,
    reason: str,
) -> None:
    TierChange.objects.create(
        partner=review.partner,
        review=review,
        before=before,
        after=after,
        status=ChangeStatus.APPLIED,
        effective_on=on,
        edition=edition,
        decided_by=by,
        decided_at=at,
        reason=reason,
        ended_at=at,
    )


def _schedule(
    review: TierReview,
    before: str,
    after: str,
    on: date,
    edition: Edition,
    *,
    by: User,
    at: datetime,
    reason: str,
) -> None:
    """One change waits for a partner at a time: the lower of two stands."""
    rulebook = rulebook_of(edition)
    waiting = TierChange.objects.scheduled().filter(partner=review.partner).first()
    if waiting is not None:
        if rulebook.rank(waiting.after) <= rulebook.rank(after):
            return
        _end_change(waiting, "drop", at=at)
    TierChange.objects.create(
        partner=review.partner,
        review=review,
        before=before,
        after=after,
        effective_on=on,
        edition=edition,
        decided_by=by,
        decided_at=at,
        reason=reason,
    )


def _drop_what_this_settles(review: TierReview, *, at: datetime) -> None:
    """Other open proposals of the partner that ask for no lower tier are decided with this one."""
    rulebook = rulebook_of(review.edition)
    others = [
        one
        for one in TierReview.objects.select_for_update(of=("self",))
        .filter(partner=review.partner, status__in=[ReviewStatus.OPEN, ReviewStatus.PLAN])
        .order_by("pk")
        if rulebook.rank(one.proposed_tier) >= rulebook.rank(review.proposed_tier)
    ]
    for one in others:
        one.status, one.decided_at = REVIEW_LIFECYCLE.check("drop", one.status), at
        one.save(update_fields=["status", "decided_at"])
    _record_all("tier_review.dropped", others, at=at)


@transaction.atomic
def keep_tier(review: TierReview, *, by: User, at: datetime, reason: str) -> TierReview:
    """Rule H5: the vendor may lower the tier; it need not. With a reason."""
    review, _partner = _lock_open(review, by=by)
    reason = needed(reason, "reason")
    _decide(review, "keep", by=by, at=at, reason=reason)
    record("tier_review.kept", review, by=by, at=at, reason=reason, tier=review.current_tier)
    _tell_decided(review, at=at, outcome="kept")
    return review


@transaction.atomic
def open_recovery_plan(
    review: TierReview, *, by: User, at: datetime, reason: str, plan: str, until: date
) -> TierReview:
    """Rules H5, J7: what is to be done, and until when. On the day after, the review is open again."""
    review, partner = _lock_open(review, by=by)
    reason, plan = needed(reason, "reason"), needed(plan, "plan")
    today = date_in(partner.country, at)
    last = months_after(today, rulebook_of(edition_on(today)).tier_changes.recovery_plan_months)
    if not today < until <= last:
        raise RuleViolation(
            "until",
            gettext_noop("Choose a day after today, %(last)s at the latest."),
            field="until",
            rule="J7",
            last=last,
        )
    review.plan, review.plan_until = plan, until
    _decide(review, "plan", by=by, at=at, reason=reason)
    # The next decision writes its own reason and plan over these (rule H6).
    record("tier_review.plan_opened", review, by=by, at=at, reason=f"{reason}\n{plan}", plan_until=until)
    _tell_decided(review, at=at, outcome="plan", plan_until=until)
    return review


def _lock_open(review: TierReview, *, by: User) -> tuple[TierReview, Partner]:
    """The partner first: whoever decides on it at the same time waits, and finds it decided."""
    require(by, "tiers.decide", review)
    partner = Partner.objects.select_for_update().get(pk=review.partner_id)
    review = (
        TierReview.objects.select_for_update(of=("self",))
        .select_related("departure", "edition")
        .get(pk=review.pk)
    )
    review.partner = partner
    if review.status != ReviewStatus.OPEN:
        raise WrongState("decided", gettext_noop("This review has been decided in the meantime."))
    return review, partner


def _decide(review: TierReview, move: str, *, by: User, at: datetime, reason: str) -> None:
    review.status = REVIEW_LIFECYCLE.check(move, review.status)
    review.decided_by, review.decided_at, review.reason = by, at, reason
    review.save()


def _tell_decided(review: TierReview, *, at: datetime, **facts: object) -> None:
    notify(
        "tier-review-decided",
        to=administrators_of([review.partner_id])[review.partner_id],
        about=review,
        key=f"{review.pk}:{at.isoformat()}",
        at=at,
        reason=review.reason,
        **facts,
    )


# ---------------------------------------------------------------- while a change waits for its day


@transaction.atomic
def watch_ground(ids: Collection[int], *, at: datetime) -> list[TierChange]:
    """Rules H3, H5: the specialists are back before a decided change takes effect. The decision is a
    person's, and so is taking it back: they are told, once each time. Returns those whose reason has gone."""
    waiting = list(
        TierChange.objects.scheduled()
        .filter(pk__in=ids)
        .select_for_update(of=("self",))
        .select_related("partner", "edition", "review__departure")
        .order_by("pk")
    )
    without = {one.pk for one in changes_without_ground(waiting, at)}
    gone = [one for one in waiting if one.pk in without and one.ground_gone_at is None]
    again = [one for one in waiting if one.pk not in without and one.ground_gone_at is not None]
    for change in gone:
        change.ground_gone_at = at
    for change in again:
        change.ground_gone_at = change.upheld_at = None
    TierChange.objects.bulk_update([*gone, *again], ["ground_gone_at", "upheld_at"], batch_size=500)
    for verb, changes in (("tier_review.ground_gone", gone), ("tier_review.ground_back", again)):
        record_many(
            verb,
            [
                (one.review or one.partner, {"after": one.after, "due_on": one.effective_on})
                for one in changes
            ],
            at=at,
        )
    administrators = administrators_of({one.partner_id for one in gone})
    managers = managers_of({one.partner_id: one.partner for one in gone}.values())
    notify_many(
        "tier-change-ground-gone",
        [
            Letter(
                [*administrators[one.partner_id], *managers[one.partner_id]],
                one,
                f"{one.pk}:{at.isoformat()}",
                {"effective_on": one.effective_on},
            )
            for one in gone
        ],
        at=at,
    )
    return gone


@transaction.atomic
def drop_change(change: TierChange, *, by: User, at: datetime, reason: str) -> TierChange:
    """Rule H6: what the vendor has decided, and what has not taken effect yet, it can take back."""
    change, partner = _lock_waiting(change, by=by)
    _drop(change, partner, by=by, at=at, reason=needed(reason, "reason"))
    return change


@transaction.atomic
def uphold_change(change: TierChange, *, by: User, at: datetime, reason: str) -> TierChange:
    """Rules H5, H6: the reason is gone, and the change takes effect all the same. The partner reads why."""
    change, partner = _lock_waiting(change, by=by)
    reason = needed(reason, "reason")
    if not changes_without_ground([change], at):
        raise WrongState("ground", gettext_noop("The reason for this change still holds: nothing to decide."))
    change.ground_gone_at, change.upheld_at = change.ground_gone_at or at, at
    change.save(update_fields=["ground_gone_at", "upheld_at"])
    record(
        "tier_review.change_upheld",
        change.review or partner,
        by=by,
        at=at,
        reason=reason,
        after=change.after,
        due_on=change.effective_on,
    )
    notify(
        "tier-change-upheld",
        to=administrators_of([partner.pk])[partner.pk],
        about=change,
        key=f"{change.pk}:{at.isoformat()}",
        at=at,
        reason=reason,
        effective_on=change.effective_on,
    )
    return change


def _lock_waiting(change: TierChange, *, by: User) -> tuple[TierChange, Partner]:
    require(by, "tiers.decide", change)
    change, partner = _lock_change(change)
    if change.status != ChangeStatus.SCHEDULED:
        raise WrongState("ended", gettext_noop("This change has taken effect or been dropped meanwhile."))
    return change, partner


def _lock_change(change: TierChange) -> tuple[TierChange, Partner]:
    """The partner first, as where a review is decided."""
    partner = Partner.objects.select_for_update().get(pk=change.partner_id)
    change = (
        TierChange.objects.select_for_update(of=("self",))
        .select_related("edition", "review__departure")
        .get(pk=change.pk)
    )
    change.partner = partner
    return change, partner


def _drop(change: TierChange, partner: Partner, *, by: User | None, at: datetime, reason: str) -> None:
    _end_change(change, "drop", at=at)
    facts: dict[str, Any] = {
        "before": change.before,
        "after": change.after,
        "due_on": change.effective_on,
    }
    record("partner.tier_change_dropped", partner, by=by, at=at, reason=reason, **facts)
    if change.review is not None:
        record("tier_review.change_dropped", change.review, by=by, at=at, reason=reason, **facts)
    people = [*administrators_of([partner.pk])[partner.pk], *managers_of([partner])[partner.pk]]
    notify(
        "tier-change-dropped",
        to=[one for one in people if by is None or one.pk != by.pk],
        about=change,
        key=str(change.pk),
        at=at,
        reason=reason,
        effective_on=change.effective_on,
    )


# ---------------------------------------------------------------- on its day


@transaction.atomic
def apply_change(change: TierChange, *, at: datetime) -> bool:
    """Rule H3: a scheduled change takes effect on its day, once, however late that is noticed. Where the tier
    has come down otherwise it falls away; and where the specialists are there again and nobody has decided
    that it stands, since a tier is lowered by a person only and keeping it needs no decision (rule H5). It
    goes no lower than what the specialists carry on this day (rule G5), unless a person has upheld it though
    they were back. False when there was nothing to do."""
    change, partner = _lock_change(change)
    if change.status != ChangeStatus.SCHEDULED or date_in(partner.country, at) < change.effective_on:
        return False
    rulebook = rulebook_of(change.edition)
    if rulebook.rank(partner.tier) <= rulebook.rank(change.after):
        _end_change(change, "drop", at=at)
        record("partner.tier_change_dropped", partner, by=None, at=at, after=change.after)
        return False
    if change.upheld_at is None and changes_without_ground([change], at):
        _drop(change, partner, by=None, at=at, reason="")
        return False
    decided = change.after
    if change.upheld_at is None:
        _limit(change, rulebook, at=at)
    change_tier(
        partner.pk,
        tier=change.after,
        by=None,
        at=at,
        reason=change.reason,
        edition=change.edition.code,
    )
    _end_change(change, "apply", at=at)
    notify(
        "tier-changed",
        to=[
            *administrators_of([partner.pk])[partner.pk],
            *managers_of([partner])[partner.pk],
        ],
        about=change,
        key=str(change.pk),
        at=at,
        reason=change.reason,
        effective_on=change.effective_on,
        decided="" if decided == change.after else decided,
    )
    return True


def _limit(change: TierChange, rulebook: Rulebook, *, at: datetime) -> None:
    """The change as it takes effect; what had been decided stays in the event."""
    before, decided = change.partner.tier, change.after
    after = _no_lower_than_carried(change, decided, rulebook, at=at)
    if after == decided:
        return
    change.before, change.after = before, after
    change.save(update_fields=["before", "after"])
    record(
        "tier_review.limited",
        change.review or change.partner,
        by=None,
        at=at,
        edition=change.edition.code,
        proposed=decided,
        after=after,
    )


def _end_change(change: TierChange, move: str, *, at: datetime) -> None:
    change.status, change.ended_at = CHANGE_LIFECYCLE.check(move, change.status), at
    change.save(update_fields=["status", "ended_at"])
