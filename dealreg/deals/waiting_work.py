"""Which deals and conflicts wait for a person now: what the inbox lists as asking for action. The home
pages count the same."""

from datetime import datetime

from dealreg.deals.amendments import amendments_to_decide
from dealreg.deals.appeals import appeals_to_judge
from dealreg.deals.lifecycle import EXAMINED, DealStatus, Step
from dealreg.deals.models import Conflict, Deal, DiscountOutcome, Extension, RevocationNotice
from dealreg.deals.querysets import ConflictQuerySet, DealQuerySet
from dealreg.deals.revocations import heard_notices
from partners.organisations.access import can
from portal.accounts.models import User
from portal.core.calendar import date_in


def decisions_waiting(user: User, at: datetime) -> DealQuerySet:
    """Those that the person may decide on; for the channel manager also where the distributor has kept
    silent (rule E7)."""
    deals = Deal.objects.visible_to(user).exclude(registered_by=user)
    step = _deciding_step(user)
    return deals.open_to(step, at) if step else deals.none()


def _deciding_step(user: User) -> Step | None:
    if can(user, "deals.decide_as_distributor"):
        return Step.DISTRIBUTOR
    return Step.VENDOR if can(user, "deals.decide_as_vendor") else None


def extensions_waiting(user: User, at: datetime) -> DealQuerySet:
    """The deals on whose extension the person may decide."""
    deals = Deal.objects.visible_to(user).exclude(registered_by=user)
    step = _deciding_step(user)
    if step is None:
        return deals.none()
    return deals.filter(pk__in=Extension.objects.open_to(step, at).order_by().values("deal"))


def overdue_extensions(user: User, at: datetime) -> DealQuerySet:
    """The channel manager looks after those that the distributor owes, too."""
    if can(user, "deals.decide_as_vendor"):
        late = Extension.objects.pending().filter(decision_due_at__lt=at)
        return Deal.objects.visible_to(user).filter(pk__in=late.values("deal"))
    return extensions_waiting(user, at)


def overdue_decisions(user: User, at: datetime) -> DealQuerySet:
    """Rule E7: the channel manager looks after those that the distributor owes, too."""
    if can(user, "deals.decide_as_vendor"):
        return Deal.objects.visible_to(user).overdue(at)
    return decisions_waiting(user, at).overdue(at)


def questions_waiting(user: User, at: datetime) -> DealQuerySet:
    deals = Deal.objects.visible_to(user).filter(status=DealStatus.INFORMATION_REQUESTED)
    if can(user, "deals.register_on_behalf"):
        return deals.filter(on_behalf=True)
    return deals if can(user, "deals.register") else deals.none()


def protections_to_close(user: User, at: datetime) -> DealQuerySet:
    deals = Deal.objects.visible_to(user)
    if user.acting_as is None or not can(user, "deals.close"):
        return deals.none()
    return deals.protected(date_in(user.acting_as.organisation.country, at)).filter(protection_held=False)


def orders_waiting(user: User, at: datetime) -> DealQuerySet:
    """A disputed order waits for the partner instead."""
    deals = Deal.objects.visible_to(user).orders_to_confirm().order_by()
    return deals if can(user, "deals.confirm_order") else deals.none()


def orders_to_correct(user: User, at: datetime) -> DealQuerySet:
    deals = Deal.objects.visible_to(user).filter(status=DealStatus.WON, order_disputed_at__isnull=False)
    return deals if can(user, "deals.close") else deals.none()


def amendments_waiting(user: User, at: datetime) -> DealQuerySet:
    return Deal.objects.visible_to(user).filter(
        amendments__in=amendments_to_decide(user, at).exclude(registered_by=user).order_by()
    )


def conflicts_waiting(user: User, at: datetime) -> ConflictQuerySet:
    conflicts = Conflict.objects.visible_to(user).open()
    return conflicts if can(user, "deals.settle_conflicts") else conflicts.none()


def appeals_waiting(user: User, at: datetime) -> DealQuerySet:
    return Deal.objects.visible_to(user).filter(appeal__in=appeals_to_judge(user))


def discounts_waiting(user: User, at: datetime) -> DealQuerySet:
    deals = Deal.objects.visible_to(user).exclude(registered_by=user)
    if not can(user, "deals.grant_discounts"):
        return deals.none()
    return deals.active().filter(discount_requests__outcome=DiscountOutcome.OPEN)


def revocations_waiting(user: User, at: datetime) -> DealQuerySet:
    deals = Deal.objects.visible_to(user)
    if not can(user, "deals.revoke"):
        return deals.none()
    return deals.filter(revocation_notices__in=heard_notices(user, at))


def views_waiting(user: User, at: datetime) -> DealQuerySet:
    """Rule E13: where the partner may still state its view."""
    deals = Deal.objects.visible_to(user).filter(status__in=EXAMINED)
    if not can(user, "deals.state_view"):
        return deals.none()
    unheard = RevocationNotice.objects.open().filter(stated_at=None, statement_until__gte=at)
    return deals.filter(revocation_notices__in=unheard)
