from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from dealreg.deals import rules
from dealreg.deals.lifecycle import ACTIVE, DEAL_LIFECYCLE, DealStatus
from dealreg.deals.models import BY_ITSELF, Conflict, ConflictOutcome, Deal, RejectionCode, RevocationCode
from dealreg.deals.selectors import (
    channel_managers_of,
    holds_customer,
    identity_of,
    is_registrant,
    open_conflicts,
    rejected_before_by,
    reviewers_of,
    rivals_among,
    without,
)
from partners.customers.actions import Source, add_customer
from partners.customers.identity import CustomerIdentity
from partners.customers.matching import Verdict, compare
from partners.customers.models import Customer
from partners.customers.selectors import Candidate
from partners.customers.wording import reason_of
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.notifications.actions import notify


def note_conflicts(deal: Deal, matches: list[Candidate], *, at: datetime, anew: bool = False) -> bool:
    """Rule E5: flag what other active registrations of the same customer and group there are. The
    earlier submission is served first. `anew`: this one is active again, so that what was settled between
    the two is open once more. Returns whether this deal waits for a settlement."""
    waits = False
    found = rivals_among(deal, matches)
    still_rivals = [rival.deal.pk for rival in found]
    for conflict in _open_conflicts_of(deal).exclude(Q(later__in=still_rivals) | Q(earlier__in=still_rivals)):
        lapse_conflict(conflict, at=at, outcome=_why_settled(deal, conflict))
    for rival in found:
        conflict, _is_new = flag_conflict(deal, rival.deal, rival.reasons, at=at, anew=anew)
        waits = waits or (conflict.later_id == deal.pk and conflict.outcome == "")
    if len(matches) > 1:
        _note_late_discoveries(deal, matches, at=at)
    return waits


def _why_settled(deal: Deal, conflict: Conflict) -> ConflictOutcome:
    """Of two that are no rivals any more: one takes nothing now, or what was typed has been corrected and
    they are not the same customer after all."""
    other = conflict.earlier if conflict.later_id == deal.pk else conflict.later
    return ConflictOutcome.CORRECTED if holds_customer(other, deal) else ConflictOutcome.LAPSED


def flag_conflict(
    one: Deal,
    other: Deal,
    reasons: Iterable[str],
    *,
    at: datetime,
    anew: bool = False,
    told_apart_too: bool = False,
) -> tuple[Conflict, bool]:
    """The conflict of two registrations, and whether it is open since now: then the managers of both
    sides are told."""
    earlier, later = sorted((one, other), key=lambda deal: (deal.submitted_at, deal.pk))
    conflict, is_new = Conflict.objects.get_or_create(
        later=later, earlier=earlier, defaults={"reasons": list(reasons), "found_at": at}
    )
    if not is_new and anew:
        is_new = _open_anew(conflict, at=at, told_apart_too=told_apart_too)
    if is_new:
        tell_of_conflict(conflict, later, earlier, at=at)
    return conflict, is_new


def tell_of_conflict(conflict: Conflict, later: Deal, earlier: Deal, *, at: datetime) -> None:
    for one, other in ((later, earlier), (earlier, later)):
        record(
            "deal.conflict_found",
            one,
            by=None,
            at=at,
            audience=Audience.VENDOR,
            other=other.reference,
            reasons=conflict.reasons,
        )
    both_protected = later.status == earlier.status == DealStatus.APPROVED
    told = [*channel_managers_of(later.partner), *channel_managers_of(earlier.partner)]
    if overturned := rejected_before_by(later) or rejected_before_by(earlier):
        # Who does not settle it, for an appeal has overturned their decision (rule E9), and who does.
        told += channel_managers_of(later.partner, not_by=overturned)
        told += channel_managers_of(earlier.partner, not_by=overturned)
    notify(
        "deal-both-protected" if both_protected else "deal-conflict",
        to=told,
        about=conflict,
        key=_key(conflict, f"{later.reference}:{earlier.reference}"),
        at=at,
        later=later.reference,
        earlier=earlier.reference,
    )


def _note_late_discoveries(deal: Deal, matches: list[Candidate], *, at: datetime) -> None:
    """What this registration told of its customer may show that another record is the same company:
    then registrations that were protected or under review side by side are not any more."""
    told = identity_of(deal)
    if not told.number_key and not told.domain:
        return
    one = _with_facts(deal.customer.identity, told)
    others = {
        match.customer.pk: comparison
        for match in matches
        if match.customer.pk != deal.customer_id
        and (comparison := compare(one, _with_facts(match.customer.identity, told))).verdict == Verdict.SAME
    }
    if not others:
        return
    active = Deal.objects.active().exclude(pk=deal.pk).select_related("partner", "customer")
    mine = list(active.of_customers([deal.customer_id]).order_by("submitted_at", "pk"))
    theirs = list(active.of_customers(others).order_by("submitted_at", "pk")) if mine else []
    for one in mine:
        for other in theirs:
            if one.product_group_id == other.product_group_id:
                comparison = others[other.customer.merged_into_id or other.customer_id]
                flag_conflict(one, other, map(reason_of, comparison.findings), at=at)


def _with_facts(record: CustomerIdentity, told: CustomerIdentity) -> CustomerIdentity:
    """A record with the number and domain that it lacked."""
    return replace(
        record, number_key=record.number_key or told.number_key, domain=record.domain or told.domain
    )


def _open_anew(conflict: Conflict, *, at: datetime, told_apart_too: bool = False) -> bool:
    """What one registration's end had settled is to be settled again; how it was settled stays on record.
    Two that were told apart stay apart, unless their customers are one now. Returns whether it is open
    now."""
    if conflict.outcome == "" or (conflict.outcome == ConflictOutcome.DIFFERENT and not told_apart_too):
        return False
    conflict.settled_before = [
        *conflict.settled_before,
        {
            "outcome": conflict.outcome,
            "reason": conflict.reason,
            "by": str(conflict.settled_by or ""),
            "at": conflict.settled_at.isoformat(),
        },
    ]
    conflict.outcome = conflict.reason = ""
    conflict.settled_by = conflict.settled_at = None
    conflict.found_at = at
    conflict.save(
        update_fields=["settled_before", "outcome", "reason", "settled_by", "settled_at", "found_at"]
    )
    return True


def _key(conflict: Conflict, key: str) -> str:
    """Of a conflict that was opened again people are told again."""
    return f"{key}:{len(conflict.settled_before)}" if conflict.settled_before else key


def _open_conflicts_of(deal: Deal) -> QuerySet[Conflict]:
    pairs = Conflict.objects.open().filter(Q(later=deal) | Q(earlier=deal))
    return pairs.select_related(
        "later__partner", "later__distributor", "earlier__partner", "earlier__distributor"
    )


def lock_customer(deal: Deal) -> None:
    """Before the deal is saved: saving locks it against conflicts that point at it, and who notes one has
    locked the customer first. Of a record that was merged the one that counts is locked as well."""
    records = counting_records(deal)
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=records).order_by("pk"))


def counting_records(deal: Deal) -> list[int]:
    """The deal's record, and the one that it was merged into."""
    merged_into = Customer.objects.filter(pk=deal.customer_id).values_list("merged_into", flat=True)
    return [pk for pk in (deal.customer_id, *merged_into) if pk is not None]


def lapse_conflicts(deal: Deal, *, at: datetime) -> None:
    """A registration that ended takes nothing any more: its open conflicts settle by themselves. Not
    called for a won deal: its customer has bought (rule E2), and a channel manager decides. The steps of
    a partner ask for a look instead (see looking.py): their answer must not take longer with a rival."""
    lock_customer(deal)
    for conflict in _open_conflicts_of(deal):
        lapse_conflict(conflict, at=at)
    bring_home([deal.customer_id])


def bring_home(customer_ids: Iterable[int]) -> None:
    """A protected deal that a merge left on its old record, because the other record had one as well,
    goes to the record that counts as soon as nothing stands in its way (decision record 0013). One that
    somebody is working on stays until the next time; the look-up finds it where it is."""
    family = Customer.objects.filter(pk__in=customer_ids).values("merged_into")
    counts = Q(customer__merged_into__in=customer_ids) | Q(customer__merged_into__in=family)
    held = Deal.objects.filter(counts).select_related("customer").order_by("pk")
    for deal in held.select_for_update(of=("self",), no_key=True, skip_locked=True):
        taken = Deal.objects.filter(
            customer=deal.customer.merged_into_id,
            product_group=deal.product_group_id,
            status=DealStatus.APPROVED,
        )
        if deal.status != DealStatus.APPROVED or not taken.exists():
            Deal.objects.filter(pk=deal.pk).update(customer=deal.customer.merged_into_id)


def lapse_conflict(
    conflict: Conflict, *, at: datetime, outcome: ConflictOutcome = ConflictOutcome.LAPSED
) -> None:
    conflict.outcome, conflict.settled_at = outcome, at
    conflict.save(update_fields=["outcome", "settled_at"])
    for one in (conflict.later, conflict.earlier):
        record(
            "deal.conflict_settled",
            one,
            by=None,
            at=at,
            audience=Audience.VENDOR,
            outcome=outcome,
        )
    _tell_settled(conflict, conflict.later, conflict.earlier, by=None, at=at)


def _tell_settled(conflict: Conflict, later: Deal, earlier: Deal, *, by: User | None, at: datetime) -> None:
    """The channel managers of both sides hear of it; whoever decides on a registration that is free of
    conflicts now, that it can go on."""
    notify(
        "deal-conflict-settled",
        to=without([*channel_managers_of(later.partner), *channel_managers_of(earlier.partner)], by),
        about=conflict,
        key=_key(conflict, str(conflict.pk)),
        at=at,
        later=later.reference,
        earlier=earlier.reference,
        outcome=conflict.outcome,
    )
    for deal in (later, earlier):
        now = Deal.objects.only("status").get(pk=deal.pk).status
        if now == DealStatus.SUBMITTED and open_conflicts(deal) == 0:
            notify(
                "deal-to-decide",
                to=reviewers_of(deal),
                about=deal,
                key=_key(conflict, f"{deal.reference}:{deal.step}:{conflict.pk}"),
                at=at,
                step=deal.step,
                due_at=deal.decision_due_at,
                conflict=False,
            )


@transaction.atomic
def settle_conflict(
    conflict: Conflict, *, by: User, at: datetime, outcome: str, reason: str, message: str = ""
) -> Conflict:
    """Rule E5: a channel manager decides between two registrations, with a reason for the record
    and, for the partner whose registration ends, a message that must not name the other (rule E6)."""
    pair = Deal.objects.select_for_update(of=("self",), no_key=True)
    pair = pair.select_related("partner", "distributor", "edition", "customer")
    deals = {
        deal.pk: deal for deal in pair.filter(pk__in=[conflict.later_id, conflict.earlier_id]).order_by("pk")
    }
    conflict = Conflict.objects.select_for_update().get(pk=conflict.pk)
    later, earlier = deals[conflict.later_id], deals[conflict.earlier_id]
    require(by, "deals.settle_conflicts", conflict)
    for deal in (later, earlier):
        rules.check_not_own_registration(registered_it=is_registrant(by, deal))
        rules.check_settles_another(was_overturned=by.pk == rejected_before_by(deal))
    if conflict.outcome:
        raise WrongState("settled", gettext_noop("This conflict has been settled in the meantime."))
    if outcome not in ConflictOutcome.values or outcome in BY_ITSELF:
        raise RuleViolation("bad-outcome", gettext_noop("Choose one of the outcomes."), field="outcome")
    if not reason.strip():
        raise RuleViolation("required", gettext_noop("Give the reason of your decision."), field="reason")

    conflict.outcome, conflict.reason = outcome, reason.strip()
    conflict.settled_by, conflict.settled_at = by, at
    conflict.save(update_fields=["outcome", "reason", "settled_by", "settled_at"])
    for one, other in ((later, earlier), (earlier, later)):
        record(
            "deal.conflict_settled",
            one,
            by=by,
            at=at,
            reason=reason,
            audience=Audience.VENDOR,
            outcome=outcome,
            other=other.reference,
        )
    match outcome:
        # One that is won already stays as it is, whichever of the two prevails.
        case ConflictOutcome.EARLIER_STANDS if later.status in ACTIVE:
            _end_registration(later, rival=earlier, by=by, at=at, message=message)
        case ConflictOutcome.LATER_PREVAILS if earlier.status in ACTIVE:
            _end_registration(earlier, rival=later, by=by, at=at, message=message)
        case ConflictOutcome.DIFFERENT if _record_of(later) == _record_of(earlier):
            source = Source(later.submitted_at, later.reference, later.partner.country)
            later.customer = add_customer(identity_of(later), source)
            later.save(update_fields=["customer"])
    bring_home([later.customer_id, earlier.customer_id])
    _tell_settled(conflict, later, earlier, by=by, at=at)
    return conflict


def _record_of(deal: Deal) -> int:
    return deal.customer.merged_into_id or deal.customer_id


def names_of(rival: Deal, deal: Deal) -> list[str]:
    names = [rival.reference]
    if rival.partner_id != deal.partner_id:
        names += [rival.partner.trade_name, rival.partner.legal_name, rival.partner.reference]
        names += [str(rival.registered_by)]
    if rival.distributor_id != deal.distributor_id:
        names += [rival.distributor.name, rival.distributor.legal_name]
    return names


def check_tells_no_rival(deal: Deal, text: str, *, by: User, field: str) -> None:
    """Rule E6: no text that the partner reads names a rival, open or settled. A distributor is only
    held to the registrations that it sees itself, or the refusal would tell it of others."""
    pairs = Conflict.objects.filter(Q(later=deal) | Q(earlier=deal))
    for conflict in pairs.select_related(
        "later__partner",
        "later__distributor",
        "later__registered_by",
        "earlier__partner",
        "earlier__distributor",
        "earlier__registered_by",
    ):
        rival = conflict.earlier if conflict.later_id == deal.pk else conflict.later
        sees = (
            by.acting_as.vendor_office_id is not None or rival.distributor_id == by.acting_as.distributor_id
        )
        if sees:
            rules.check_names_no_rival(text, names_of(rival, deal), field=field)


def _end_registration(deal: Deal, *, rival: Deal, by: User, at: datetime, message: str) -> None:
    """The side that lost: refused while under review, revoked when already protected."""
    from dealreg.deals.actions.closing import end_by_revocation
    from dealreg.deals.actions.reviewing import end_by_rejection

    if not message.strip():
        raise RuleViolation(
            "required", gettext_noop("Write to the partner whose registration ends."), field="message"
        )
    rules.check_names_no_rival(message, names_of(rival, deal), field="message")
    if deal.status == DealStatus.APPROVED:
        end_by_revocation(deal, by=by, at=at, code=RevocationCode.EARLIER_OVERRULED, text=message)
    else:
        DEAL_LIFECYCLE.check("reject", deal.status)
        end_by_rejection(deal, by=by, at=at, code=RejectionCode.ALREADY_TAKEN, text=message)
