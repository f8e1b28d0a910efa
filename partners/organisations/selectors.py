"""Reads for the pages about people, partners and distributors."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Case, Count, IntegerField, Prefetch, Q, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.organisations.models import (
    Distributor,
    Invitation,
    Membership,
    Organisation,
    Partner,
    PartnerStatus,
    Supply,
    Tier,
    VendorOffice,
)
from partners.organisations.territory import territory_on
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES, VENDOR_ROLES, Role
from portal.audit.models import Audience, Event
from portal.audit.selectors import reason_of
from portal.core.company_numbers import read_company_number
from portal.core.errors import RuleViolation
from portal.core.formats import alphabetical, country_name
from portal.core.web_domains import registrable_domain

LOOKUP_RESULTS = 20
LOOKUP_CHARACTERS = 3


def link_name(organisation: Organisation) -> str:
    """The field by which memberships and invitations point at it."""
    if isinstance(organisation, Partner):
        return "partner"
    return "distributor" if isinstance(organisation, Distributor) else "vendor_office"


def roles_of(organisation: Organisation) -> Sequence[Role]:
    """The roles that exist in this kind of organisation."""
    if isinstance(organisation, Partner):
        return PARTNER_ROLES
    return DISTRIBUTOR_ROLES if isinstance(organisation, Distributor) else VENDOR_ROLES


def is_vendor(user: User) -> bool:
    return user.acting_as is not None and user.acting_as.role in VENDOR_ROLES


def is_distributor(user: User) -> bool:
    return user.acting_as is not None and user.acting_as.role in DISTRIBUTOR_ROLES


def is_partner(user: User) -> bool:
    return user.acting_as is not None and user.acting_as.role in PARTNER_ROLES


# ---------------------------------------------------------------- people


def people_of(organisation: Organisation | None, reader: User) -> models.QuerySet[Membership]:
    """The memberships of an organisation that the reader sees; of all vendor offices for None. A
    person who left and came back counts once: rows that ended give way to the one that runs."""
    seen = Membership.objects.visible_to(reader).select_related(
        "user", "partner", "distributor", "vendor_office"
    )
    if organisation is None:
        return seen.filter(vendor_office__isnull=False)
    return seen.filter(**{link_name(organisation): organisation})


def invitations_to(organisation: Organisation | None, reader: User) -> models.QuerySet[Invitation]:
    seen = Invitation.objects.visible_to(reader).pending().select_related("invited_by", "vendor_office")
    if organisation is None:
        return seen.filter(vendor_office__isnull=False)
    return seen.filter(**{link_name(organisation): organisation})


def channel_managers_of(country: str) -> models.QuerySet[User]:
    """The channel managers whose office looks after a country."""
    return _channel_managers(Q(vendor_office__countries__contains=[country]))


def channel_managers() -> models.QuerySet[User]:
    return _channel_managers(Q())


def _channel_managers(where: Q) -> models.QuerySet[User]:
    memberships = Membership.objects.filter(where, is_active=True, role=Role.CHANNEL_MANAGER)
    return User.objects.filter(pk__in=memberships.values("user_id"), is_active=True).order_by("full_name")


# ---------------------------------------------------------------- partners and distributors

_PRIMARY_FIRST = (
    Supply.objects.filter(ended_on=None).select_related("distributor").order_by("-is_primary", "pk")
)


def partner_rows(reader: User, on: date) -> models.QuerySet[Partner]:
    """The partners that the reader sees, each with `running`: its supplies that the reader may know
    of (a distributor only its own), the primary first; and with the tier that counts on the day."""
    supplies = _PRIMARY_FIRST
    if is_distributor(reader):
        supplies = supplies.filter(distributor_id=reader.acting_as.distributor_id)
    return (
        Partner.objects.visible_to(reader)
        .select_related("channel_manager")
        .prefetch_related(Prefetch("supplies", queryset=supplies, to_attr="running"))
        .with_counting_tier(on)
        .annotate(tier_rank=tier_rank())
    )


def tier_rank() -> Case:
    """The place of `counting_tier` from below."""
    return Case(
        *(When(counting_tier=tier, then=Value(rank)) for rank, tier in enumerate(Tier.values)),
        output_field=IntegerField(),
    )


def search_partners(partners: models.QuerySet[Partner], text: str) -> models.QuerySet[Partner]:
    """By any part of the names, the beginning of the reference, or the domain."""
    text = " ".join(text.split())
    if not text:
        return partners
    return partners.filter(
        Q(pk__in=Partner.objects.named_like(text).values("pk"))
        | Q(reference__istartswith=text)
        | Q(web_domain__istartswith=text)
    )


def supplies_seen(partner: Partner, reader: User) -> models.QuerySet[Supply]:
    """From whom the partner buys and bought; a distributor learns nothing of another one."""
    supplies = partner.supplies.select_related("distributor").order_by(
        models.F("ended_on").desc(nulls_first=True), "-is_primary", "started_on", "pk"
    )
    if is_distributor(reader):
        return supplies.filter(distributor_id=reader.acting_as.distributor_id)
    return supplies


def distributor_rows(reader: User) -> models.QuerySet[Distributor]:
    """The distributors that the reader sees, with `buyers`: how many of the partners that the reader
    sees buy there."""
    seen = Partner.objects.visible_to(reader)
    return Distributor.objects.visible_to(reader).annotate(
        buyers=Count("supplies", filter=Q(supplies__ended_on=None, supplies__partner__in=seen.values("pk")))
    )


def look_up_status(text: str, on: date) -> list[Partner]:
    """Rule A5, for anybody: the authorised partners of this name, reference, domain or VAT number, and
    nothing about them that is not public. Empty for less than three letters or digits."""
    text = " ".join(text.split())
    if letters_and_digits(text) < LOOKUP_CHARACTERS:
        return []
    found = Q(pk__in=Partner.objects.named_like(text).values("pk")) | Q(reference__iexact=text)
    try:
        found |= Q(web_domain=registrable_domain(text))
    except RuleViolation:
        pass
    found |= _same_vat(text)
    return list(
        Partner.objects.exclude(status=PartnerStatus.ENDED)
        .filter(found)
        .with_counting_tier(on)
        .only("trade_name", "city", "country", "tier", "authorised_on")
        .order_by("trade_name", "pk")[:LOOKUP_RESULTS]
    )


def letters_and_digits(text: str) -> int:
    """How many there are once the forms of a character are one: ½ counts as its digits."""
    return sum(character.isalnum() for character in unicodedata.normalize("NFKC", text))


def _same_vat(text: str) -> Q:
    compact = "".join(character for character in text if character.isalnum()).upper()
    country = compact[:2]
    try:
        return Q(country=country, vat_number=read_company_number(country, compact).value)
    except RuleViolation:
        return Q(vat_number=compact) & ~Q(vat_number="")


# ---------------------------------------------------------------- timelines

# Verb, title, icon, tone. Titles take the event's figures.
_EVENTS: dict[str, tuple[Promise, str, str]] = {
    "partner.added": (gettext_lazy("Taken into the programme as %(tier)s"), "circle-plus", "ok"),
    "partner.edited": (gettext_lazy("Details changed: %(changed)s"), "pencil", "neutral"),
    "partner.supply_started": (gettext_lazy("Buys from %(distributor)s"), "truck", "ok"),
    "partner.supply_ended": (gettext_lazy("No longer buys from %(distributor)s"), "truck-off", "neutral"),
    "partner.primary_changed": (gettext_lazy("%(distributor)s is the primary distributor"), "star", "info"),
    "partner.tier_changed": (gettext_lazy("Tier changed from %(before)s to %(after)s"), "award", "warn"),
    "partner.tier_change_dropped": (
        gettext_lazy("Scheduled change of tier no longer needed"),
        "circle-off",
        "neutral",
    ),
    "distributor.added": (gettext_lazy("Became an official distributor"), "circle-plus", "ok"),
    "distributor.edited": (gettext_lazy("Details changed: %(changed)s"), "pencil", "neutral"),
    "office.added": (gettext_lazy("Office opened"), "circle-plus", "ok"),
    "office.edited": (gettext_lazy("Details changed: %(changed)s"), "pencil", "neutral"),
    "membership.started": (gettext_lazy("Access as %(role)s"), "user-plus", "ok"),
    "membership.role_changed": (
        gettext_lazy("Role changed from %(before)s to %(after)s"),
        "user-cog",
        "info",
    ),
    "membership.deactivated": (gettext_lazy("Access ended"), "user-off", "bad"),
    "membership.reactivated": (gettext_lazy("Access restored"), "user-check", "ok"),
    "invitation.sent": (gettext_lazy("Invited as %(role)s"), "mail", "info"),
    "invitation.resent": (gettext_lazy("Invitation sent again"), "mail-forward", "info"),
    "invitation.withdrawn": (gettext_lazy("Invitation withdrawn"), "mail-off", "neutral"),
    "invitation.lapsed": (gettext_lazy("Invitation lapsed"), "mail-off", "neutral"),
    "invitation.accepted": (gettext_lazy("Invitation accepted"), "mail-opened", "ok"),
    "user.email_changed": (
        gettext_lazy("E-mail address changed from %(before)s to %(after)s"),
        "mail",
        "info",
    ),
}
_FIELD_NAMES: dict[str, Promise] = {
    "legal_name": gettext_lazy("legal name"),
    "trade_name": gettext_lazy("trade name"),
    "name": gettext_lazy("name"),
    "country": gettext_lazy("country"),
    "city": gettext_lazy("town"),
    "kind": gettext_lazy("type"),
    "vat_number": gettext_lazy("VAT number"),
    "company_number": gettext_lazy("company number"),
    "web_domain": gettext_lazy("web domain"),
    "authorised_countries": gettext_lazy("authorised countries"),
    "channel_manager": gettext_lazy("channel manager"),
    "countries": gettext_lazy("countries served"),
    "is_active": gettext_lazy("active"),
}


def timeline_of(subject: models.Model, reader: User, most: int = 50) -> list[dict[str, Any]]:
    """What happened to a partner, a distributor or a membership, the latest first, as far as the
    reader may know: a distributor reads nothing about another distributor."""
    audiences: list[str] = [Audience.EVERYBODY]
    if not is_partner(reader):
        audiences.append(Audience.REVIEWERS)
    if is_vendor(reader):
        audiences.append(Audience.VENDOR)
    events = Event.objects.about(subject).readable_by(audiences)
    if is_distributor(reader) and isinstance(subject, Partner):
        own = reader.acting_as.distributor.reference
        events = events.filter(
            Q(verb__in=["partner.added"])
            | Q(verb__startswith="partner.tier")
            | Q(verb__startswith="partner.status")
            | Q(verb__startswith="partner.supply", data__distributor_reference=own)
            | Q(verb="partner.primary_changed", data__distributor_reference=own)
        )
    entries = [_entry(event) for event in events.order_by("-at", "-id")[:most]]
    if is_distributor(reader) and isinstance(subject, Partner):
        # A reason is written for the partner, and may name who has left (promise S1).
        entries = [entry | {"body": ""} for entry in entries]
    return entries


def history_of(membership: Membership) -> list[dict[str, Any]]:
    """A person in an organisation: the invitation and everything since."""
    person = membership.user
    changes = Event.objects.about(person).filter(verb="user.email_changed")
    addresses = [person.email.lower(), *changes.values_list("data__before", flat=True)]
    invitations = Invitation.objects.filter(
        email__in=addresses, **{link_name(membership.organisation): membership.organisation}
    )
    types = ContentType.objects.get_for_models(Membership, Invitation)
    events = Event.objects.filter(
        Q(subject_type=types[Membership], subject_id=membership.pk)
        | Q(pk__in=changes.values("pk"))
        | Q(subject_type=types[Invitation], subject_id__in=invitations.values("pk"))
    )
    return [_entry(event) for event in events.order_by("-at", "-id")]


def _entry(event: Event) -> dict[str, Any]:
    title, icon, tone = _EVENTS.get(event.verb, (event.verb, "point", "neutral"))
    figures = dict(event.data)
    for name in ("role", "before", "after"):
        if name in figures:
            figures[name] = _label_of(figures[name])
    if "tier" in figures:
        figures["tier"] = Tier(figures["tier"]).label
    if isinstance(figures.get("changed"), dict):
        figures["changed"] = ", ".join(str(_FIELD_NAMES.get(name, name)) for name in figures["changed"])
    by = event.actor_name or _("the portal")
    if event.actor_organisation:
        by = f"{by} · {event.actor_organisation}"
    return {
        "title": str(title) % defaultdict(str, figures),
        "body": reason_of(event),
        "by": by,
        "at": event.at,
        "icon": icon,
        "tone": tone,
        "state": "done",
    }


def _label_of(value: str) -> str:
    """A role or a tier in words; anything else as it is."""
    if value in Role.values:
        return str(Role(value).label)
    return str(Tier(value).label) if value in Tier.values else value


def names_of(countries: Sequence[str]) -> list[str]:
    """The countries' names in the reader's language, in their alphabet's order."""
    return sorted((country_name(code) for code in countries), key=alphabetical)


def invitation_state(invitation: Invitation, at: datetime) -> str:
    """`open`, `accepted`, `withdrawn` or `expired`."""
    if invitation.accepted_at:
        return "accepted"
    if invitation.withdrawn_at:
        return "withdrawn"
    return "open" if invitation.expires_at > at else "expired"


def account_for(email: str) -> User | None:
    return User.objects.filter(email__iexact=email).first()


def office_rows(reader: User) -> models.QuerySet[VendorOffice]:
    """The vendor's offices, each with `people`: how many act for it."""
    running = Q(memberships__is_active=True, memberships__user__is_active=True)
    return VendorOffice.objects.visible_to(reader).annotate(people=Count("memberships", filter=running))


def uncovered_countries(day: date) -> list[str]:
    """The countries of the programme whose partners no office sees."""
    covered = VendorOffice.objects.values_list("countries", flat=True)
    return sorted(territory_on(day).difference(*covered))


def partners_of_others(office: VendorOffice) -> int:
    """How many partners have a channel manager of this office that no longer sees them."""
    people = Membership.objects.filter(is_active=True, role=Role.CHANNEL_MANAGER)
    lost = Partner.objects.filter(
        channel_manager__in=people.filter(vendor_office=office).values("user_id")
    ).exclude(country__in=office.countries)
    # Somebody who works for two offices sees the countries of both.
    elsewhere = people.exclude(vendor_office=office).filter(
        user_id=models.OuterRef("channel_manager_id"),
        vendor_office__countries__contains=[models.OuterRef("country")],
    )
    return lost.exclude(models.Exists(elsewhere)).exclude(status=PartnerStatus.ENDED).count()


def offices() -> models.QuerySet[VendorOffice]:
    return VendorOffice.objects.order_by("name")
