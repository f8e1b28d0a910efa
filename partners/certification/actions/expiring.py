"""Partners are warned before certificates expire, in batches."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from partners.certification.certificates import not_renewed
from partners.certification.models import Certificate, Employment
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.accounts.roles import roles_with
from portal.notifications.actions import Letter, notify_many


@transaction.atomic
def remind_of_expiry(ids: Sequence[int], *, step: int, today: date, at: datetime) -> list[str]:
    """Tell the administrators of the partner where the holder works, and the holder, that these
    certificates end within `step` days; once for each step. Returns the numbers of those reminded of."""
    due = list(
        Certificate.objects.select_for_update(of=("self",))
        .filter(not_renewed(), pk__in=ids, withdrawn_on=None)
        .exclude(expiry_reminder__lte=step)
        .only("number", "person", "expires_on")
        .order_by("pk")
    )
    employers = dict(
        Employment.objects.after(today)
        .filter(person__in={one.person_id for one in due})
        .values_list("person_id", "partner_id")
    )
    due = [one for one in due if one.person_id in employers]
    told = _people_by_partner(set(employers.values()))
    accounts = _accounts(employers)
    notify_many(
        "certificate-expiring",
        (
            Letter(
                to=told.get(employers[one.person_id], []) + accounts.get(one.person_id, []),
                about=one,
                key=f"{one.number}:{step}",
                context={"days": (one.expires_on - today).days},
            )
            for one in due
        ),
        at=at,
    )
    Certificate.objects.filter(pk__in=[one.pk for one in due]).update(expiry_reminder=step)
    return [one.number for one in due]


def _people_by_partner(partners: set[int]) -> dict[int, list[User]]:
    told: dict[int, list[User]] = {}
    managing = Membership.objects.active().filter(partner__in=partners, role__in=roles_with("staff.manage"))
    for membership in managing.order_by("pk"):
        told.setdefault(membership.partner_id, []).append(membership.user)
    return told


def _accounts(employers: dict[int, int]) -> dict[int, list[User]]:
    """The holders themselves, where they have an account at the partner."""
    own: dict[int, list[User]] = {}
    rows = Membership.objects.active().filter(user__person__in=employers, partner__in=set(employers.values()))
    for membership in rows.select_related("user__person"):
        person = membership.user.person.pk
        if employers[person] == membership.partner_id:
            own[person] = [membership.user]
    return own
