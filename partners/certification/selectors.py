"""What a tier is measured by: who counts in its tracks, and whom it binds to sales specialists."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from partners.certification.models import Certificate, Employment, Track
from partners.certification.querysets import CertificateQuerySet, EmploymentQuerySet
from partners.organisations.models import Partner
from partners.programme.rulebook import ENTERPRISE, Rulebook

TIER_TRACKS = (Track.TECHNICAL, Track.SALES)


def specialists_on(partners: Iterable[int], day: date) -> dict[int, dict[str, int]]:
    """By partner and track, how many employees hold a valid certificate when a day has ended (rule G2):
    one person counts once in a track, and on the day of departure no more. One query."""
    there = Employment.objects.after(day).filter(partner__in=partners)
    return _people_by_track(there, Certificate.objects.valid_on(day))


def specialists_at_start(partners: Collection[int], day: date) -> dict[int, dict[str, int]]:
    """The same when a day begins: nothing that happens on the day itself counts, so that a sweep finds the
    same whenever it runs. One query."""
    there = Employment.objects.filter(
        Q(left_on=None) | Q(left_on__gte=day), partner__in=partners, hired_on__lt=day
    )
    valid = Certificate.objects.filter(
        Q(withdrawn_on=None) | Q(withdrawn_on__gte=day), issued_on__lt=day, expires_on__gte=day
    )
    return {pk: {} for pk in partners} | _people_by_track(there, valid)


def _people_by_track(there: EmploymentQuerySet, valid: CertificateQuerySet) -> dict[int, dict[str, int]]:
    counted: dict[int, dict[str, int]] = {}
    rows = (
        valid.filter(track__in=TIER_TRACKS, person__employments__in=there)
        .values("person__employments__partner", "track")
        .annotate(people=Count("person", distinct=True))
        .order_by()
    )
    for row in rows:
        counted.setdefault(row["person__employments__partner"], {})[row["track"]] = row["people"]
    return counted


def enterprise_held(rulebook: Rulebook, day: date) -> QuerySet[Any]:
    """The enterprise specialisations of all partners on a day. Their app stands above this one: asked
    through the partner, not imported."""
    held: Any = Partner._meta.get_field("specialisations").related_model
    enterprise = [code for code, line in rulebook.product_lines.items() if line == ENTERPRISE]
    found: QuerySet[Any] = held._default_manager.held_on(day).filter(product_group__code__in=enterprise)
    return found


def bound_by_sales(partners: Collection[int], rulebook: Rulebook, day: date) -> set[int]:
    """Rule C10: those of whom the tier asks for certified sales specialists too, since they hold an
    enterprise specialisation."""
    return set(
        enterprise_held(rulebook, day).filter(partner__in=partners).values_list("partner_id", flat=True)
    )
