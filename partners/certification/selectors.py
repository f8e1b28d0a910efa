from collections.abc import Iterable
from datetime import date

from django.db.models import Count

from partners.certification.models import Certificate, Employment, Track
from partners.organisations.models import Partner

TIER_TRACKS = (Track.TECHNICAL, Track.SALES)


def specialists_on(partners: Iterable[int], day: date) -> dict[int, dict[str, int]]:
    """By partner and track, how many employees hold a valid certificate when a day has ended (rule G2):
    one person counts once in a track, and on the day of departure no more. One query."""
    counted: dict[int, dict[str, int]] = {}
    rows = (
        Certificate.objects.valid_on(day)
        .filter(
            track__in=TIER_TRACKS,
            person__employments__in=Employment.objects.after(day).filter(partner__in=partners),
        )
        .values("person__employments__partner", "track")
        .annotate(people=Count("person", distinct=True))
        .order_by()
    )
    for row in rows:
        counted.setdefault(row["person__employments__partner"], {})[row["track"]] = row["people"]
    return counted


def specialists_of(partner: Partner, day: date) -> dict[str, int]:
    """The same for one partner."""
    return specialists_on([partner.pk], day).get(partner.pk, {})
