"""The open deals of somebody who leaves the partner go to a colleague. Who registered a deal stays as it is:
rule E11 asks for that."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dealreg.deals.lifecycle import ACTIVE, DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.audit.actions import record
from portal.notifications.actions import notify

LABEL: Promise = _("Open deals")


def deals_in_hand(partner: Partner, person: User) -> DealQuerySet:
    """What is not over yet of a partner's deals and is looked after by a person."""
    theirs = Q(handled_by=person) | Q(handled_by=None, registered_by=person)
    unfinished = Q(status__in=[DealStatus.DRAFT, *ACTIVE]) | Q(status=DealStatus.WON, order_confirmed_at=None)
    return Deal.objects.filter(theirs, unfinished, partner=partner)


def count_deals_in_hand(partner: Partner, person: User) -> int:
    return deals_in_hand(partner, person).count()


@transaction.atomic
def hand_over_deals(partner: Partner, *, of: User, to: User, by: User, at: datetime) -> int:
    """The colleague is told once, whatever the number."""
    deals = list(deals_in_hand(partner, of).select_for_update(of=("self",)).order_by("pk"))
    for deal in deals:
        deal.handled_by = to
        deal.save(update_fields=["handled_by", "changed_at"])
        record("deal.handed_over", deal, by=by, at=at, to=str(to))
    if deals and to.pk != by.pk:
        notify(
            "deal-handed-over",
            to=[to],
            about=deals[-1],
            key=f"{of.pk}:{at.isoformat()}",
            at=at,
            number=len(deals),
            of=str(of),
        )
    return len(deals)
