"""A person's own deadlines, under all their active memberships as in mails: each read with visible_to(), in a
fixed number of statements for each membership."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Deal
from partners.certification.lifecycle import BookingStatus
from partners.certification.models import Booking, Certificate, Departure, Employment, Person
from partners.organisations.access import can
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES
from portal.calendars.models import CalendarAddress
from portal.core.secret_links import hash_of

# What lies further back or ahead is of no use in a calendar.
BACK, AHEAD = timedelta(days=31), timedelta(days=400)
# Of each kind, the nearest first: a calendar of thousands of entries helps nobody.
MOST = 300


@dataclass(frozen=True)
class Entry:
    """A deadline or a session. `due`: a date in the partner's country, or an instant."""

    uid: str
    title: str
    due: date | datetime
    path: str
    changed_at: datetime
    ends_at: datetime | None = None
    place: str = ""


def address_of(token: str) -> CalendarAddress | None:
    """The address that this secret opens, while its person may sign in."""
    found = CalendarAddress.objects.filter(token_hash=hash_of(token), user__is_active=True)
    return found.select_related("user").first()


def entries_of(user: User, at: datetime) -> list[Entry]:
    """In the active language, each once though several memberships may show it."""
    found: dict[str, Entry] = {}
    for membership in user.memberships.active().order_by("-is_current", "pk"):
        eyes = copy.copy(user)
        eyes.acting_as = membership
        for entry in _under(eyes, membership, at):
            found.setdefault(entry.uid, entry)
    return sorted(found.values(), key=lambda entry: (str(entry.due), entry.uid))


def _under(user: User, membership: Membership, at: datetime) -> Iterator[Entry]:
    if membership.role in PARTNER_ROLES:
        yield from _decisions(user, at, Q(status=DealStatus.SUBMITTED), _("Decision due"))
        yield from _protections(user, at)
        yield from _sessions(user, at)
        yield from _certificates(user, membership, at)
        if can(user, "staff.manage"):
            yield from _staff_sessions(user, membership, at)
            yield from _departures(user, at)
    elif membership.role in DISTRIBUTOR_ROLES:
        if can(user, "deals.decide_as_distributor"):
            theirs = Q(status=DealStatus.SUBMITTED, step=Step.DISTRIBUTOR)
            yield from _decisions(user, at, theirs, _("To decide"))
            yield from _orders(user, at)
        yield from _protections(user, at)
    else:
        if can(user, "deals.decide_as_vendor"):
            theirs = Q(pk__in=Deal.objects.open_to(Step.VENDOR, at).order_by().values("pk"))
            yield from _decisions(user, at, theirs, _("To decide"))
        if can(user, "staff.oversee"):
            yield from _departures(user, at)


def _near(field: str, at: datetime) -> Q:
    return Q(**{f"{field}__gte": at - BACK, f"{field}__lte": at + AHEAD})


def _near_day(field: str, at: datetime) -> Q:
    return Q(**{f"{field}__gte": (at - BACK).date(), f"{field}__lte": (at + AHEAD).date()})


def _deal_entry(deal: Deal, kind: str, words: str, due: date | datetime) -> Entry:
    return Entry(
        f"{deal.reference}-{kind}",
        f"{words}: {deal.reference} · {deal.customer_name}",
        due,
        deal.get_absolute_url(),
        deal.changed_at,
    )


def _decisions(user: User, at: datetime, which: Q, words: str) -> Iterator[Entry]:
    deals = Deal.objects.visible_to(user).filter(which, _near("decision_due_at", at))
    for deal in deals.order_by("decision_due_at", "pk")[:MOST]:
        yield _deal_entry(deal, "decision", words, deal.decision_due_at)


def _protections(user: User, at: datetime) -> Iterator[Entry]:
    deals = Deal.objects.visible_to(user).filter(
        _near_day("protected_until", at), status=DealStatus.APPROVED, protection_held=False
    )
    for deal in deals.order_by("protected_until", "pk")[:MOST]:
        yield _deal_entry(deal, "protection", _("Protection ends"), deal.protected_until)


def _orders(user: User, at: datetime) -> Iterator[Entry]:
    deals = Deal.objects.visible_to(user).filter(
        _near("order_due_at", at), status=DealStatus.WON, order_confirmed_at=None, order_disputed_at=None
    )
    for deal in deals.order_by("order_due_at", "pk")[:MOST]:
        yield _deal_entry(deal, "order", _("Order to confirm"), deal.order_due_at)


def _departures(user: User, at: datetime) -> Iterator[Entry]:
    """By their number: a calendar elsewhere is no place for the name of somebody who leaves."""
    cases = Departure.objects.visible_to(user).open()
    near = cases.filter(_near_day("replacement_due_on", at)).select_related("partner")
    for case in near.order_by("replacement_due_on", "pk")[:MOST]:
        number = f"{case.reference} · {case.partner}"
        dues: list[tuple[str, str, Any]] = [
            ("replacement", _("Replacement of a certified employee due"), case.replacement_due_on)
        ]
        if case.reported_on is None:
            dues.append(("report", _("Report of a departure due"), case.report_due_on))
        for kind, words, due in dues:
            yield Entry(
                f"{case.reference}-{kind}", f"{words}: {number}", due, case.get_absolute_url(), case.opened_at
            )


def _sessions(user: User, at: datetime) -> Iterator[Entry]:
    """The person's own places, while they work there."""
    bookings = (
        Booking.objects.visible_to(user)
        .filter(
            _near("session__starts_at", at),
            employment__person__user=user,
            status__in=(BookingStatus.BOOKED, BookingStatus.WAITING),
            session__cancelled_at=None,
        )
        .filter(Q(employment__left_on=None) | Q(employment__left_on__gte=at.date()))
        .select_related("session__course")
    )
    for booking in bookings.order_by("session__starts_at", "pk")[:MOST]:
        yield _session_entry(booking)


def _session_entry(booking: Booking, whose: str = "") -> Entry:
    session = booking.session
    title = str(session.course)
    if booking.status == BookingStatus.WAITING:
        title = _("%(course)s (waiting list)") % {"course": title}
    return Entry(
        f"booking-{booking.pk}",
        title + whose,
        session.starts_at,
        session.get_absolute_url(),
        booking.booked_at,
        session.ends_at,
        session.place,
    )


def _staff_sessions(user: User, membership: Membership, at: datetime) -> Iterator[Entry]:
    """For who manages the staff: the places of those who work there, by name."""
    bookings = (
        Booking.objects.visible_to(user)
        .filter(
            _near("session__starts_at", at),
            employment__partner=membership.partner_id,
            status__in=(BookingStatus.BOOKED, BookingStatus.WAITING),
            session__cancelled_at=None,
        )
        .filter(Q(employment__left_on=None) | Q(employment__left_on__gte=at.date()))
        .exclude(employment__person__in=Person.objects.filter(user=user))
        .select_related("session__course", "employment")
    )
    for booking in bookings.order_by("session__starts_at", "pk")[:MOST]:
        yield _session_entry(booking, f" · {booking.employment.full_name}")


def _certificates(user: User, membership: Membership, at: datetime) -> Iterator[Entry]:
    """One's own; for who manages the staff, those of everybody who works there."""
    own = Q(person__user=user)
    wanted = own
    if can(user, "staff.manage"):
        here = Employment.objects.filter(
            Q(left_on=None) | Q(left_on__gte=at.date()),
            person_id=OuterRef("person_id"),
            partner_id=membership.partner_id,
        )
        wanted |= Q(Exists(here))
    certificates = Certificate.objects.visible_to(user).filter(
        wanted, _near_day("expires_on", at), withdrawn_on=None
    )
    for certificate in certificates.order_by("expires_on", "pk")[:MOST]:
        words = _("Certificate expires")
        yield Entry(
            f"{certificate.number}-expiry",
            f"{words}: {certificate.title} · {certificate.holder_name}",
            certificate.expires_on,
            certificate.get_absolute_url(),
            certificate.created_at,
        )
