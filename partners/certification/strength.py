"""Whom a tier depends on: by track what it asks for, who is there, and until when that lasts without a new
certificate (rules C8 to C10, G2)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.certification.certificates import first_warning_days
from partners.certification.models import Employment, Track
from partners.certification.rules import standings
from partners.certification.selectors import TIER_TRACKS, bound_by_sales
from partners.certification.team import counting_certificates
from partners.organisations.access import can
from partners.organisations.models import Partner, Tier
from partners.organisations.selectors import is_distributor, is_partner
from partners.programme.selectors import NoEditionInForce, rulebook_on
from portal.accounts.models import User


@dataclass(frozen=True)
class Specialist:
    """Somebody who counts in a track. `until`: the last day on which they do."""

    employment_id: int
    full_name: str
    until: date
    leaves: bool


@dataclass(frozen=True)
class TrackStrength:
    track: str
    # None: recommended, or not asked by the tier.
    required: int | None
    people: tuple[Specialist, ...]

    @property
    def label(self) -> str:
        return str(Track(self.track).label)

    @property
    def present(self) -> int:
        return len(self.people)

    @property
    def missing(self) -> int:
        return max(0, (self.required or 0) - self.present)

    @property
    def is_exact(self) -> bool:
        return bool(self.required) and self.present == self.required

    @property
    def falls_with(self) -> Specialist | None:
        """The one with whom the tier's number is no longer there, or falls further, unless somebody comes
        in time."""
        if not self.required:
            return None
        if self.missing:
            return min(self.people, key=lambda one: one.until, default=None)
        return sorted(self.people, key=lambda one: one.until, reverse=True)[self.required - 1]


@dataclass(frozen=True)
class Strength:
    """`tier`: the earned one, on whose specialists the programme looks; the one that counts may be
    carried higher by a specialisation (rule H7)."""

    tier: str
    day: date
    tracks: tuple[TrackStrength, ...]
    # Whoever falls away within so many days is spoken of.
    soon_days: int

    @property
    def asks(self) -> bool:
        return any(track.required for track in self.tracks)


def specialists_by_partner(partners: Collection[int], day: date) -> dict[int, dict[str, list[Specialist]]]:
    """By partner and track who counts when the day has ended. One query."""
    employed = Employment.objects.after(day).filter(partner__in=partners)
    rows = (
        counting_certificates(day)
        .select_related(None)
        .filter(track__in=TIER_TRACKS, person__employments__in=employed)
        .values_list(
            "track",
            "expires_on",
            "person__employments__pk",
            "person__employments__partner",
            "person__employments__full_name",
            "person__employments__left_on",
        )
        .order_by("expires_on", "pk")
    )
    found: dict[int, dict[str, list[Specialist]]] = {}
    for track, expires_on, employment_id, partner_id, full_name, left_on in rows:
        # On the day of departure they count no more (rule G3).
        last_day = left_on - timedelta(days=1) if left_on else None
        leaves = last_day is not None and last_day <= expires_on
        one = Specialist(employment_id, full_name, last_day if leaves else expires_on, leaves)
        found.setdefault(partner_id, {}).setdefault(track, []).append(one)
    return found


def strengths(partners: Collection[Partner], day: date) -> dict[int, Strength]:
    """Of each partner. Two queries, however many they are; nothing while no edition is in force."""
    try:
        rulebook = rulebook_on(day)
    except NoEditionInForce:
        return {}
    ids = [partner.pk for partner in partners]
    bound = bound_by_sales(ids, rulebook, day)
    counted = specialists_by_partner(ids, day)
    soon_days = first_warning_days(rulebook.staff)
    found = {}
    for partner in partners:
        people = counted.get(partner.pk, {})
        present = {track: len(there) for track, there in people.items()}
        tracks = tuple(
            TrackStrength(one.track, one.required, tuple(people.get(one.track, ())))
            for one in standings(rulebook, partner.tier, present, sales_binds=partner.pk in bound)
        )
        found[partner.pk] = Strength(partner.tier, day, tracks, soon_days)
    return found


def strength_of(partner: Partner, day: date) -> Strength | None:
    return strengths([partner], day).get(partner.pk)


# ---------------------------------------------------------------- in words


@dataclass(frozen=True)
class Sentence:
    text: str
    tone: str
    ends: str
    falls: Specialist | None


def sentences(strength: Strength, *, own: bool) -> list[Sentence]:
    """For each track that the tier asks for: whom it depends on, and what happens next."""
    tier = _("Your %(tier)s") if own else "%(tier)s"
    name = tier % {"tier": Tier(strength.tier).label}
    said = []
    for track in strength.tracks:
        if not track.required:
            continue
        falls, ends = track.falls_with, ""
        if falls is not None and (falls.until - strength.day).days <= strength.soon_days:
            ends = _ending(falls, strength.day)
        tone = "bad" if track.missing else "warn" if ends else "ok"
        said.append(Sentence(_depends(name, track), tone, ends, falls if ends else None))
    return said


def _depends(name: str, track: TrackStrength) -> str:
    facts = {"tier": name, "required": track.required, "present": track.present}
    technical = track.track == Track.TECHNICAL
    if track.is_exact and technical:
        text = ngettext(
            "%(tier)s depends on exactly %(required)d technical specialist.",
            "%(tier)s depends on exactly %(required)d technical specialists.",
            track.required,
        )
    elif track.is_exact:
        text = ngettext(
            "%(tier)s depends on exactly %(required)d sales specialist.",
            "%(tier)s depends on exactly %(required)d sales specialists.",
            track.required,
        )
    elif technical:
        text = ngettext(
            "%(tier)s asks for %(required)d technical specialist. Present: %(present)d.",
            "%(tier)s asks for %(required)d technical specialists. Present: %(present)d.",
            track.required,
        )
    else:
        text = ngettext(
            "%(tier)s asks for %(required)d sales specialist. Present: %(present)d.",
            "%(tier)s asks for %(required)d sales specialists. Present: %(present)d.",
            track.required,
        )
    return text % facts


def _ending(falls: Specialist, day: date) -> str:
    days = (falls.until - day).days
    if falls.leaves:
        # `until` is the day before the departure.
        text = ngettext(
            "One specialist leaves in %(days)d day.", "One specialist leaves in %(days)d days.", days + 1
        )
        return text % {"days": days + 1}
    if days == 0:
        return _("One certificate expires today.")
    text = ngettext(
        "One certificate expires in %(days)d day.", "One certificate expires in %(days)d days.", days
    )
    return text % {"days": days}


def strength_panel(reader: User, partner: Partner, day: date) -> dict[str, Any] | None:
    """For the partner's page: in words and with names for the partner and the vendor, in figures for its
    distributors."""
    counts_only = is_distributor(reader)
    if not can(reader, "staff.count" if counts_only else "staff.see"):
        return None
    strength = strength_of(partner, day)
    if strength is None:
        return None
    own = is_partner(reader)
    return {
        "strength": strength,
        "sentences": [] if counts_only else sentences(strength, own=own),
        "counts_only": counts_only,
        "team_url": "" if counts_only else "/team/" if own else f"/team/of/{partner.reference}/",
    }
