"""A partner's people as its pages show them: who works there, with which certificates, for what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.certification.certificates import (
    TONES,
    CertificateState,
    as_known,
    soon_days,
    state_on,
    valid_as_known,
)
from partners.certification.departures import TierEffect, ground_of, tier_effect
from partners.certification.models import (
    Booking,
    Certificate,
    Departure,
    Employment,
    Track,
    Transfer,
)
from partners.certification.personal_data import has_moved_on
from partners.certification.querysets import CertificateQuerySet, EmploymentQuerySet
from partners.certification.rules import DepartureClock, departure_clock
from partners.certification.training import own_employments
from partners.organisations.handing_over import OpenWork, open_work_of
from partners.organisations.models import Membership, Partner
from partners.organisations.selectors import is_partner
from partners.programme.labels import group_name
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.accounts.roles import Role, roles_with
from portal.audit.models import Event
from portal.audit.selectors import reason_of
from portal.core.formats import format_day

# ---------------------------------------------------------------- certificates that count


def counting_certificates(day: date, reader: User | None = None) -> CertificateQuerySet:
    """Of each person and track (or technology) the valid certificate that lasts longest (rule G2: nobody
    counts twice in a track); of those that the reader sees. For a partner as far as it knows: of its former
    staff what was known on their last day."""
    seen = Certificate.objects.all() if reader is None else Certificate.objects.visible_to(reader)
    if reader is not None and is_partner(reader):
        valid = valid_as_known(seen, day, reader.acting_as.partner_id)
    else:
        valid = seen.valid_on(day)
    longer = valid.filter(
        Q(technology=None) | Q(technology=OuterRef("technology")),
        Q(expires_on__gt=OuterRef("expires_on"))
        | Q(expires_on=OuterRef("expires_on"), pk__gt=OuterRef("pk")),
        person=OuterRef("person"),
        track=OuterRef("track"),
    )
    return valid.filter(~Exists(longer)).select_related("technology")


def subject_of(certificate: Certificate) -> str:
    """What a certificate is for: its track, or the technology by name."""
    if certificate.track == Track.TECHNOLOGY:
        return group_name(certificate.technology.code)
    return str(Track(certificate.track).label)


# ---------------------------------------------------------------- lists


def employees_of(reader: User, partner: Partner, day: date) -> EmploymentQuerySet:
    """Those of a partner whom the reader sees, each with `counting` (certificates), `next_expiry` and
    `access` (active memberships of the same partner)."""
    counting = counting_certificates(day, reader)
    next_expiry = (
        counting.filter(person=OuterRef("person")).order_by().values("person").annotate(end=Min("expires_on"))
    )
    return (
        Employment.objects.visible_to(reader)
        .filter(partner=partner)
        .select_related("person", "partner")
        .annotate(next_expiry=Subquery(next_expiry.values("end")))
        .prefetch_related(
            Prefetch(
                "person__certificates",
                queryset=counting.order_by("track", "-expires_on"),
                to_attr="counting",
            )
        )
    )


def accounts_of(employments: Iterable[Employment]) -> dict[int, Membership]:
    """By employment, the active access at the same partner: the linked account, or the one of the same
    address. One query."""
    rows = list(employments)
    memberships = Membership.objects.filter(
        partner__in={row.partner_id for row in rows}, is_active=True
    ).select_related("user", "partner")
    by_user = {(one.partner_id, one.user_id): one for one in memberships}
    by_address = {(one.partner_id, one.user.email.lower()): one for one in by_user.values()}
    found = {}
    for row in rows:
        access = by_user.get((row.partner_id, row.person.user_id))
        if access is None and row.email:
            access = by_address.get((row.partner_id, row.email.lower()))
        if access is not None:
            found[row.pk] = access
    return found


def account_of(employment: Employment) -> Membership | None:
    return accounts_of([employment]).get(employment.pk)


def memberships_to_link(partner: Partner, employment: Employment | None = None) -> QuerySet[Membership]:
    """The company's people who are not linked to one of its other employees."""
    taken = Employment.objects.filter(partner=partner, person__user__isnull=False)
    if employment is not None:
        taken = taken.exclude(person=employment.person_id)
    return (
        Membership.objects.active()
        .filter(partner=partner)
        .exclude(user__in=taken.values("person__user"))
        .order_by("user__full_name", "pk")
    )


def _colleagues(employment: Employment) -> QuerySet[Membership]:
    access = account_of(employment)
    return (
        Membership.objects.active()
        .filter(partner=employment.partner_id)
        .exclude(pk=access.pk if access else None)
        .order_by("user__full_name", "pk")
    )


def colleagues_with_accounts(employment: Employment) -> list[Membership]:
    """Who may follow the last account administrator."""
    return list(_colleagues(employment))


def successors_of(employment: Employment) -> list[Membership]:
    """The colleagues who may take over a leaver's open work."""
    return list(_colleagues(employment).filter(role__in=roles_with("deals.register")))


def partners_without_administrator(user: User, at: datetime) -> QuerySet[Partner]:
    """Of the vendor: where nobody follows the last account administrator, who has left."""
    administrators = Membership.objects.filter(
        partner=OuterRef("pk"), is_active=True, user__is_active=True, role=Role.PARTNER_ADMIN
    )
    left = Employment.objects.filter(partner=OuterRef("pk"), access_until__isnull=False)
    alone = administrators.order_by().values("partner").annotate(number=Count("pk")).filter(number__gt=1)
    seen: QuerySet[Partner] = Partner.objects.visible_to(user)
    return seen.filter(Exists(left), ~Exists(alone))


# ---------------------------------------------------------------- a departure before it is told


@dataclass(frozen=True)
class Leaving:
    """What a departure on a day would start: shown before it is told."""

    departed_on: date
    certificates: Sequence[Certificate]
    clock_from: date
    clock: DepartureClock | None
    work: Sequence[OpenWork]
    bookings: int
    tier: TierEffect | None


def leaving_of(employment: Employment, reader: User, departed_on: date, on: date) -> Leaving:
    access, terms = account_of(employment), rulebook_on(on).staff
    ground = ground_of(employment, departed_on, terms)
    seen = Certificate.objects.visible_to(reader).filter(pk__in=[one.pk for one in ground.certificates])
    held = list(seen.select_related("technology").order_by("track", "technology"))
    clock = departure_clock(ground.clock_from, terms) if held else None
    return Leaving(
        departed_on,
        held,
        ground.clock_from,
        clock,
        open_work_of(employment.partner, access.user if access else None),
        Booking.objects.standing()
        .filter(employment=employment, session__starts_at__date__gt=departed_on, session__cancelled_at=None)
        .count(),
        tier_effect(employment, departed_on, replace_by=clock.replacement_due_on, today=on)
        if clock
        else None,
    )


# ---------------------------------------------------------------- one employee


def certificates_seen(employment: Employment, reader: User) -> list[Certificate]:
    certificates = (
        Certificate.objects.visible_to(reader)
        .filter(person=employment.person_id)
        .select_related("technology", "course")
        .order_by("-expires_on", "pk")
    )
    until = employment.left_on if is_partner(reader) else None
    return [as_known(one, until) for one in certificates]


def departures_of(employment: Employment, reader: User) -> list[Departure]:
    return list(Departure.objects.visible_to(reader).filter(employment=employment).order_by("opened_at"))


def certificate_state(certificate: Certificate, day: date) -> tuple[str, Any, str]:
    """Key, words and tone; of a valid one also that it has not begun, or ends soon."""
    state = state_on(certificate, day)
    if state == CertificateState.VALID and certificate.issued_on > day:
        return "coming", _("From %(day)s") % {"day": format_day(certificate.issued_on)}, "info"
    if state == CertificateState.VALID and (certificate.expires_on - day).days <= soon_days(day):
        return "ending", _("Expires soon"), "warn"
    return state.value, state.label, TONES[state]


_FIELD_NAMES = {
    "full_name": gettext_lazy("name"),
    "email": gettext_lazy("e-mail"),
    "job_title": gettext_lazy("function"),
    "hired_on": gettext_lazy("first day"),
    "account": gettext_lazy("portal account"),
}
_EVENTS: dict[str, tuple[Any, str, str]] = {
    "employment.added": (gettext_lazy("Entered"), "user-plus", "info"),
    "employment.rehired": (gettext_lazy("Entered again, known from before"), "user-check", "info"),
    "employment.edited": (gettext_lazy("Details changed: %(changed)s"), "pencil", "neutral"),
    "employment.left": (gettext_lazy("Departure reported: last day %(departed_on)s"), "user-minus", "warn"),
    "employment.moved_on": (
        gettext_lazy("Works for another company: last day %(departed_on)s"),
        "user-minus",
        "warn",
    ),
    "employment.data_link_asked": (
        gettext_lazy("Link to the person's own data sent"),
        "database-share",
        "info",
    ),
    "transfer.asked": (gettext_lazy("Certificates of an earlier employer asked for"), "transfer", "info"),
    "transfer.consented": (gettext_lazy("The person has agreed"), "thumb-up", "ok"),
    "transfer.declined": (gettext_lazy("The person has declined"), "thumb-down", "neutral"),
    "transfer.withdrawn": (gettext_lazy("Request withdrawn"), "arrow-back-up", "neutral"),
    "transfer.granted": (gettext_lazy("Certificates taken along"), "circle-check", "ok"),
    "transfer.refused": (gettext_lazy("Certificates not taken along"), "circle-x", "bad"),
}


def timeline_of_employee(employment: Employment) -> list[dict[str, Any]]:
    """What happened to an employee at this partner, the latest first."""
    types = ContentType.objects.get_for_models(Employment, Transfer)
    asked = Transfer.objects.filter(employment=employment).values("pk")
    events = Event.objects.filter(
        Q(subject_type=types[Employment], subject_id=employment.pk)
        | Q(subject_type=types[Transfer], subject_id__in=asked)
    )
    return [_entry(event) for event in events.order_by("-at", "-id")]


def _entry(event: Event) -> dict[str, Any]:
    title, icon, tone = _EVENTS.get(event.verb, (event.verb, "point", "neutral"))
    figures = dict(event.data)
    if "changed" in figures:
        figures["changed"] = ", ".join(str(_FIELD_NAMES.get(name, name)) for name in figures["changed"])
    if "departed_on" in figures:
        figures["departed_on"] = format_day(date.fromisoformat(figures["departed_on"]))
    by = event.actor_name or _("the portal")
    if event.actor_organisation:
        by = f"{by} · {event.actor_organisation}"
    return {
        "title": str(title) % figures if figures else str(title),
        "body": reason_of(event),
        "by": by,
        "at": event.at,
        "icon": icon,
        "tone": tone,
        "state": "done",
    }


@dataclass(frozen=True)
class Receipt:
    """What was done when a departure was told, as its event kept it."""

    at: datetime
    account: str
    handed_over: dict[str, int]
    departure: str


def receipt_of(employment: Employment) -> Receipt | None:
    event = Event.objects.about(employment).filter(verb="employment.left").order_by("-at", "-id").first()
    if event is None:
        return None
    told = event.data
    return Receipt(event.at, told["account"], told["handed_over"], told["departure"])


# ---------------------------------------------------------------- one's own


def my_employment(user: User) -> Employment | None:
    """The reader's own record, also once they have left: by the linked account, else by the address that the
    company has entered."""
    by_address = Employment.objects.filter(
        partner=user.acting_as.partner_id, person__user=None, person__erased_at=None, left_on=None
    ).select_related("partner", "person")
    own = own_employments(user).first()
    return own or by_address.filter(email__iexact=user.email).order_by("-hired_on").first()


def my_certificates(employment: Employment) -> list[Certificate]:
    """All of the person, wherever they were earned: they belong to the person. Under the account of an
    employer that the person has left for another only those of that time: the account may be in its hands."""
    certificates = Certificate.objects.filter(person=employment.person_id)
    until = employment.left_on if has_moved_on(employment) else None
    if until is not None:
        certificates = certificates.filter(issued_on__lte=until)
    rows = certificates.select_related("technology", "course").order_by("-expires_on", "pk")
    return [as_known(one, until) for one in rows]


def my_bookings(employment: Employment, at: datetime) -> list[Booking]:
    """Courses to come, the next first."""
    return list(
        Booking.objects.standing()
        .filter(employment=employment, session__ends_at__gte=at, session__cancelled_at=None)
        .select_related("session__course")
        .order_by("session__starts_at", "pk")
    )
