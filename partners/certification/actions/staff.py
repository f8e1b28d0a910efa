"""Employees of a partner: entered, changed, gone, come back. Events say what was changed and never a name
or an address: those are erased on request, events are not."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import models, transaction

from partners.certification.actions.departures import open_departure
from partners.certification.lifecycle import DepartureStatus, GapStatus
from partners.certification.models import (
    Departure,
    DepartureGap,
    DepartureOrigin,
    Employment,
    Person,
)
from partners.certification.rules import check_departure_date, check_hired_on, latest_to_tell
from partners.certification.team import (
    account_of,
    colleagues_with_accounts,
    memberships_to_link,
    successors_of,
)
from partners.organisations.access import require
from partners.organisations.actions.people import (
    change_role,
    deactivate_membership,
    end_access_of_leaver,
    is_last_administrator,
)
from partners.organisations.contacts import managers_of, programme_administrators_of
from partners.organisations.handing_over import hand_over
from partners.organisations.models import Membership, Partner
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.notifications.actions import notify


@dataclass(frozen=True)
class EmployeeFacts:
    full_name: str
    email: str
    job_title: str
    hired_on: date

    def tidy(self) -> "EmployeeFacts":
        return EmployeeFacts(
            " ".join(self.full_name.split()),
            self.email.strip().lower(),
            " ".join(self.job_title.split()),
            self.hired_on,
        )


@transaction.atomic
def add_employee(
    partner: Partner, facts: EmployeeFacts, *, by: User, at: datetime, account: Membership | None = None
) -> Employment:
    """Somebody works at the partner. Who has worked here before under this e-mail address or name is the
    same person again; whether somebody is known anywhere else is never told and changes nothing."""
    require(by, "staff.manage", partner)
    facts = facts.tidy()
    _lock(partner)
    check_hired_on(facts.hired_on, on=date_in(partner.country, at))
    earlier = _earlier_employment(partner, facts)
    return _enter(partner, facts, by=by, at=at, account=account, person=earlier.person if earlier else None)


@transaction.atomic
def rehire(employment_id: int, *, by: User, at: datetime, facts: EmployeeFacts) -> Employment:
    """Somebody who has left comes back. RuleViolation on `hired_on` when the new start does not lie after
    the last day, WrongState when the person has not left."""
    earlier = _own_employment(employment_id, by)
    facts = facts.tidy()
    check_hired_on(facts.hired_on, on=date_in(earlier.partner.country, at))
    _check_after(facts.hired_on, _last_of(earlier))
    _check_nobody_else(earlier.partner, facts)
    return _enter(earlier.partner, facts, by=by, at=at, account=None, person=earlier.person)


def _enter(
    partner: Partner,
    facts: EmployeeFacts,
    *,
    by: User,
    at: datetime,
    account: Membership | None,
    person: Person | None,
) -> Employment:
    if person is not None:
        person = Person.objects.select_for_update().get(pk=person.pk)
        if _works_elsewhere(person, partner, facts.hired_on):
            # With the certificates taken along to another employer, which is nobody's business here.
            person = None
    again = person is not None
    if person is None:
        person = Person.objects.create()
    else:
        # An account that was still to be ended is one of somebody who works here.
        Employment.objects.filter(person=person, partner=partner).update(access_until=None)
    employment = Employment.objects.create(
        person=person, partner=partner, entered_by=by, entered_at=at, **vars(facts)
    )
    if account is not None:
        _link(employment, account)
    else:
        _link_by_address(employment)
    record("employment.rehired" if again else "employment.added", employment, by=by, at=at)
    return employment


@transaction.atomic
def edit_employee(
    employment_id: int, facts: EmployeeFacts, *, by: User, at: datetime, account: Membership | None = None
) -> Employment:
    """Name, address, function, first day and portal account. The last day is changed by a correction of the
    departure alone (rule G6)."""
    employment = _own_employment(employment_id, by)
    facts = facts.tidy()
    check_hired_on(facts.hired_on, on=date_in(employment.partner.country, at))
    if employment.left_on is None:
        _check_nobody_else(employment.partner, facts, but=employment)
    elif facts.hired_on > employment.left_on:
        raise RuleViolation(
            "after-departure",
            gettext_noop("The last day was %(left_on)s: the first cannot lie after it."),
            field="hired_on",
            left_on=employment.left_on,
        )
    if facts.hired_on != employment.hired_on:
        _check_hire_moves(employment, facts.hired_on)
        # Rule G4: whoever was on record as an employee counted, whatever first day is entered now.
        employment.hired_first_on = min(employment.hired_first_on or employment.hired_on, facts.hired_on)
    changed = [name for name, value in vars(facts).items() if getattr(employment, name) != value]
    for name in changed:
        setattr(employment, name, getattr(facts, name))
    employment.save(update_fields=[*vars(facts), "hired_first_on"])
    before = employment.person.user_id
    if has_left(employment, date_in(employment.partner.country, at)):
        # Whoever has left may work elsewhere: an account from here would read what happens there.
        pass
    elif account is not None:
        _link(employment, account)
    else:
        _link_by_address(employment)
    if employment.person.user_id != before:
        changed.append("account")
    if changed:
        record("employment.edited", employment, by=by, at=at, changed=changed)
    return employment


def has_left(employment: Employment, today: date) -> bool:
    return employment.left_on is not None and employment.left_on < today


@dataclass(frozen=True)
class LeaverReport:
    """What reporting a leaver has done. `account`: see `account_fate`."""

    employment: Employment
    departure: Departure | None
    account: str
    handed_over: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def report_leaver(
    employment_id: int,
    *,
    by: User,
    at: datetime,
    departed_on: date,
    successor: Membership | None = None,
    administrator: Membership | None = None,
    note: str = "",
) -> LeaverReport:
    """Rule G3 in one step: the last day, the portal account, the open deals to a colleague, and for somebody
    certified the case with its two clocks. The last account administrator names the next one, or the vendor
    is told. RuleViolation on `departed_on`, `successor` or `administrator`."""
    employment = _own_employment(employment_id, by)
    partner = employment.partner
    today = date_in(partner.country, at)
    if employment.left_on is not None:
        raise WrongState("left", gettext_noop("This departure has been reported in the meantime."))
    check_departure_date(departed_on, hired_on=employment.hired_on, latest=latest_to_tell(today))
    access = account_of(employment)
    if successor is not None and successor not in successors_of(employment):
        raise RuleViolation(
            "no-successor",
            gettext_noop("Choose a colleague who registers deals for your company."),
            field="successor",
        )
    if administrator is not None:
        _appoint(administrator, employment, by=by, at=at)
    fate = account_fate(access, by=by, departed_on=departed_on, on=today)
    employment.left_on, employment.left_told_on = departed_on, today
    # What cannot be ended now is stored, and ended by the sweep as soon as it can be.
    employment.access_until = departed_on if fate in ("later", "own", "last") else None
    employment.save(update_fields=["left_on", "left_told_on", "access_until"])
    if fate == "last":
        tell_without_administrator(employment, at=at)
    handed_over = {}
    if successor is not None and access is not None:
        handed_over = hand_over(partner, of=access.user, to=successor.user, by=by, at=at)
    departure = open_departure(
        employment, by=by, at=at, origin=DepartureOrigin.PARTNER, reported_on=today, note=note
    )
    if fate == "ended":
        deactivate_membership(access.pk, by=by, at=at, reason=str(gettext_noop("Left the company.")))
    record(
        "employment.left",
        employment,
        by=by,
        at=at,
        departed_on=departed_on,
        departure=departure.reference if departure else "",
        account=fate,
        handed_over=handed_over,
    )
    return LeaverReport(employment, departure, fate, handed_over)


def _appoint(administrator: Membership, employment: Employment, *, by: User, at: datetime) -> None:
    if administrator not in colleagues_with_accounts(employment):
        raise RuleViolation(
            "no-colleague",
            gettext_noop("Choose a colleague who has a portal account at your company."),
            field="administrator",
        )
    change_role(administrator.pk, by=by, at=at, role=Role.PARTNER_ADMIN)


def tell_without_administrator(employment: Employment, *, at: datetime) -> None:
    partner = employment.partner
    notify(
        "partner-without-administrator",
        to=[*managers_of([partner])[partner.pk], *programme_administrators_of(partner)],
        about=partner,
        key=f"{partner.pk}:{employment.pk}",
        at=at,
        departed_on=employment.left_on,
    )


def account_fate(
    access: Membership | None, *, by: User, departed_on: date, on: date, followed: bool = False
) -> str:
    """What happens to a leaver's portal account: `none`, `ended` at once, `later` when the last day is
    over, by the portal soon because it is one's own (`own`), or as soon as somebody else is account
    administrator (`last`), unless somebody follows with this step."""
    if access is None or not access.is_active:
        return "none"
    if not followed and is_last_administrator(access):
        return "last"
    if departed_on >= on:
        return "later"
    return "own" if access.user_id == by.pk else "ended"


@transaction.atomic
def end_account_of_leaver(employment_id: int, *, at: datetime) -> bool:
    """For the sweep: the last day is over. False when there is nothing left to end, or not yet: the last
    account administrator's account stays, and is asked for again, until there is another one."""
    employment = (
        Employment.objects.select_for_update(of=("self",))
        .select_related("partner", "person")
        .get(pk=employment_id)
    )
    if employment.access_until is None or employment.access_until >= date_in(employment.partner.country, at):
        return False
    access = account_of(employment)
    ended = access is not None and end_access_of_leaver(access.pk, at=at)
    if ended or account_of(employment) is None:
        employment.access_until = None
        employment.save(update_fields=["access_until"])
    return ended


# ---------------------------------------------------------------- locks and checks


def _lock(partner: Partner) -> None:
    # Entries of one partner come one after the other: the same person is not entered twice.
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)


def _own_employment(employment_id: int, by: User) -> Employment:
    rows = Employment.objects.select_related("partner", "person")
    employment = rows.get(pk=employment_id)
    require(by, "staff.manage", employment)
    _lock(employment.partner)
    return rows.select_for_update(of=("self",)).get(pk=employment_id)


def _named_alike(partner: Partner, facts: EmployeeFacts) -> models.QuerySet[Employment]:
    same = models.Q(full_name__iexact=facts.full_name)
    if facts.email:
        same |= models.Q(email__iexact=facts.email)
    return (
        Employment.objects.filter(same, partner=partner, person__erased_at=None)
        .select_related("person")
        .order_by("-hired_on", "-pk")
    )


def _check_nobody_else(partner: Partner, facts: EmployeeFacts, but: Employment | None = None) -> None:
    renamed = but is None or but.full_name.lower() != facts.full_name.lower()
    for other in _named_alike(partner, facts):
        same_person = but is not None and other.person_id == but.person_id
        if other.left_on is None and not same_person:
            _refuse_twice(other, facts, by_name=renamed)


def _refuse_twice(other: Employment, facts: EmployeeFacts, *, by_name: bool = True) -> None:
    """Unless the two are namesakes with addresses of their own."""
    if facts.email and other.email.lower() == facts.email:
        raise RuleViolation(
            "works-here",
            gettext_noop("Somebody with this e-mail address works for you already."),
            field="email",
        )
    if by_name and not (facts.email and other.email):
        raise RuleViolation(
            "works-here",
            gettext_noop(
                "Somebody of this name works for you already. If they are two people, give both their own "
                "e-mail address."
            ),
            field="full_name",
        )


def _earlier_employment(partner: Partner, facts: EmployeeFacts) -> Employment | None:
    """Under which the same person has worked here before: by address, else by name. RuleViolation when
    they still do."""
    alike = list(_named_alike(partner, facts))
    for other in alike:
        if other.left_on is None:
            _refuse_twice(other, facts)
    left = [other for other in alike if other.left_on is not None]
    by_address = [other for other in left if facts.email and other.email.lower() == facts.email]
    for earlier in by_address or left:
        if not earlier.person.employments.filter(partner=partner, left_on=None).exists():
            _check_after(facts.hired_on, _last_of(earlier))
            return earlier
    return None


def _last_of(earlier: Employment) -> Employment:
    """The person's latest employment at the same partner."""
    same = Employment.objects.filter(person=earlier.person_id, partner=earlier.partner_id)
    return same.order_by("-hired_on").first()


def _check_after(hired_on: date, last: Employment) -> None:
    if last.left_on is None:
        raise WrongState("works-here", gettext_noop("This person works for you already."))
    if hired_on <= last.left_on:
        raise RuleViolation(
            "overlaps",
            gettext_noop("This person worked for you until %(left_on)s: the new start lies after it."),
            field="hired_on",
            left_on=last.left_on,
        )


def _works_elsewhere(person: Person, partner: Partner, hired_on: date) -> bool:
    others = Employment.objects.filter(person=person).exclude(partner=partner)
    return others.filter(models.Q(left_on=None) | models.Q(left_on__gte=hired_on)).exists()


def _check_hire_moves(employment: Employment, hired_on: date) -> None:
    """Who was hired after a departure may replace the departed (rule G4): a first day does not move across
    one. And it meets no other employment of the person, in the same words whoever employed them then."""
    crossed = Departure.objects.filter(partner=employment.partner_id).exclude(
        status=DepartureStatus.WITHDRAWN
    )
    if crossed.filter(departed_on__gte=employment.hired_on, departed_on__lt=hired_on).exists():
        raise RuleViolation(
            "crosses-departure",
            gettext_noop(
                "A certified colleague left between the two days, and whoever was hired later may replace "
                "them: the first day cannot move there."
            ),
            field="hired_on",
            rule="G4",
        )
    _check_still_replaces(employment, hired_on)
    others = Employment.objects.filter(person=employment.person_id).exclude(pk=employment.pk)
    last = employment.left_on or date.max
    met = others.filter(models.Q(left_on=None) | models.Q(left_on__gte=hired_on), hired_on__lte=last)
    if met.exists():
        raise RuleViolation(
            "overlaps",
            gettext_noop(
                "This first day is not possible for this person: it meets another time of employment. Check "
                "it with the person; if it is right, ask your channel manager."
            ),
            field="hired_on",
        )


def _check_still_replaces(employment: Employment, hired_on: date) -> None:
    """Rule G4: who counts as a replacement because of their first day keeps it as long as they do."""
    named = DepartureGap.objects.filter(status=GapStatus.REPLACED, replacement=employment)
    for gap in named.select_related("departure", "replacement_certificate"):
        left_on = gap.departure.departed_on
        certified_before = gap.replacement_certificate.issued_on <= left_on
        if gap.replaced_on < hired_on or (certified_before and hired_on <= left_on < employment.hired_on):
            raise RuleViolation(
                "replaces",
                gettext_noop(
                    "This person is named as the replacement in case %(number)s, and would not count with "
                    "this first day. Take the replacement back there first."
                ),
                field="hired_on",
                rule="G4",
                number=gap.departure.reference,
            )


# ---------------------------------------------------------------- the portal account


def _link(employment: Employment, account: Membership) -> None:
    if not memberships_to_link(employment.partner, employment).filter(pk=account.pk).exists():
        raise _not_to_link()
    person = employment.person
    if person.user_id == account.user_id:
        return
    if Person.objects.filter(user=account.user_id).exists():
        raise _not_to_link()
    person.user_id = account.user_id
    person.save(update_fields=["user"])


def _not_to_link() -> RuleViolation:
    return RuleViolation(
        "linked", gettext_noop("This account is linked to another employee already."), field="account"
    )


def _link_by_address(employment: Employment) -> None:
    """Silent where it is not possible: the e-mail address alone shows the account then."""
    person = employment.person
    if person.user_id is not None or not employment.email:
        return
    found: Any = (
        Membership.objects.filter(
            partner=employment.partner_id, is_active=True, user__email__iexact=employment.email
        )
        .exclude(user__person__isnull=False)
        .first()
    )
    if found is not None:
        person.user_id = found.user_id
        person.save(update_fields=["user"])
