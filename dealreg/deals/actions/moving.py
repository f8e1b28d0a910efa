from datetime import datetime

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.drafting import NOT_YOURS, lock_deal
from dealreg.deals.actions.looking import tell_reviewers
from dealreg.deals.actions.submitting import check_supply
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, Step
from dealreg.deals.models import Deal, DistributorChange
from dealreg.deals.selectors import (
    changes_of_distributor,
    distributor_reviewers,
    open_conflicts,
    partner_contacts,
    side_of,
    terms_of,
    without,
)
from partners.organisations.access import require
from partners.organisations.models import Distributor
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.errors import NotAllowed, RuleViolation, gettext_noop
from portal.notifications.actions import notify


@transaction.atomic
def change_distributor(deal: Deal, *, by: User, at: datetime, distributor: Distributor) -> Deal:
    """Before the decision the partner moves its registration to another of its distributors, as often as the
    edition allows. The place in time stays (rule E5); the new distributor decides on a clock of its own, with
    its own reminders and its own silence (rule E7), and the one before loses sight of it, with its
    endorsement and its question."""
    require(by, "deals.register", deal)
    deal = lock_deal(deal)
    # Rule E12: what a distributor registered stays with it, or is withdrawn.
    if side_of(by.acting_as, deal) != "partner" or deal.on_behalf:
        raise NotAllowed("not-allowed", NOT_YOURS)
    deal.status = DEAL_LIFECYCLE.check("change_distributor", deal.status)
    before = deal.distributor
    rules.check_may_change_distributor(changes_of_distributor(deal), terms_of(deal))
    if distributor.pk == before.pk:
        raise RuleViolation(
            "same-distributor",
            gettext_noop("This distributor has the registration already."),
            field="distributor",
        )
    told_before = distributor_reviewers(deal)
    deal.distributor = distributor
    check_supply(deal)
    _start_anew(deal, at)
    deal.save()
    deal.questions.filter(answered_at=None).update(answered_at=at, answered_by=by)
    change = DistributorChange.objects.create(
        deal=deal, before=before, after=distributor, changed_by=by, changed_at=at
    )
    record(
        "deal.distributor_changed",
        deal,
        by=by,
        at=at,
        distributor=distributor.name,
        before=before.name,
        due_at=deal.decision_due_at,
    )
    if deal.customer_id is not None:
        # Else they are told once the portal has looked.
        tell_reviewers(deal, at=at, conflict=open_conflicts(deal) > 0)
    notify(
        "deal-distributor-changed",
        to=without(partner_contacts(deal), by),
        about=deal,
        key=f"{deal.reference}:{change.pk}",
        at=at,
        distributor=distributor.name,
        due_at=deal.decision_due_at,
    )
    notify(
        "deal-moved-away",
        to=told_before,
        about=change,
        key=f"{deal.reference}:{change.pk}",
        at=at,
        later=deal.reference,
        customer=deal.customer_name,
        partner=deal.partner.trade_name,
    )
    return deal


def _start_anew(deal: Deal, at: datetime) -> None:
    """With its new distributor: nothing of what the one before did, or left undone, counts there."""
    clock = rules.start_clock(at, deal.distributor.country, terms_of(deal))
    deal.distributor_since = at
    deal.decision_due_at, deal.half_time_at, deal.clock_left = clock.due_at, clock.half_time_at, None
    deal.half_time_told_at = deal.overdue_told_at = None
    deal.vendor_may_decide_at = deal.silence_left = deal.silence_told_at = None
    if deal.reinstated_at is None:
        deal.step = Step.DISTRIBUTOR
        deal.vendor_may_decide_at = clock.vendor_may_decide_at
    deal.endorsed_by = deal.endorsed_at = deal.proposed_pct = None
