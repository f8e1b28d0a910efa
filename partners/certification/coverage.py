"""How far the partners have the certified staff that their tier asks for: figures, never a person."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from partners.certification.models import Certificate, Employment, Track
from partners.certification.rules import SALES, TECHNICAL, required_specialists
from partners.certification.selectors import enterprise_held
from partners.organisations.models import Partner, PartnerStatus, Tier
from partners.programme.selectors import NoEditionInForce, rulebook_on
from portal.accounts.models import User


def coverage_rows(reader: User, day: date) -> QuerySet[Partner]:
    """The authorised partners that the reader sees, each with what its earned tier asks for
    (`technical_asked`, `sales_asked`; None: recommended), what is there (`technical_there`, `sales_there`)
    and what is `missing` in both tracks together."""
    rows = Partner.objects.visible_to(reader).exclude(status=PartnerStatus.ENDED)
    rows = rows.annotate(
        technical_there=_there(Track.TECHNICAL, day),
        sales_there=_there(Track.SALES, day),
        technical_asked=_asked(TECHNICAL, day),
        sales_asked=_asked(SALES, day),
        tier_rank=Case(
            *(When(tier=tier, then=Value(rank)) for rank, tier in enumerate(Tier.values)),
            output_field=IntegerField(),
        ),
    )
    return rows.annotate(missing=_short("technical") + _short("sales"))


@dataclass(frozen=True)
class Covered:
    """Of some partners whose tier asks for specialists, how many have them and how many are short."""

    key: str
    complete: int
    short: int


def coverage_by_tier_and_country(partners: QuerySet[Any]) -> tuple[list[Covered], list[Covered]]:
    """By tier from the highest, and by country from the one with most partners. One query."""
    asked = partners.filter(Q(technical_asked__gt=0) | Q(sales_asked__gt=0))
    tiers: dict[str, list[int]] = {}
    countries: dict[str, list[int]] = {}
    for tier, country, missing in asked.order_by().values_list("tier", "country", "missing"):
        for figures, key in ((tiers, tier), (countries, country)):
            figures.setdefault(key, [0, 0])[missing > 0] += 1
    by_tier = [Covered(tier, *tiers[tier]) for tier in reversed(Tier.values) if tier in tiers]
    by_country = [Covered(key, *figures) for key, figures in countries.items()]
    return by_tier, sorted(by_country, key=lambda one: (-one.complete - one.short, one.key))


def _short(track: str) -> Any:
    return Greatest(Coalesce(F(f"{track}_asked"), 0) - F(f"{track}_there"), 0)


def _there(track: str, day: date) -> Any:
    certified = Certificate.objects.valid_on(day).filter(person=OuterRef("person"), track=track)
    there = (
        Employment.objects.after(day)
        .filter(Exists(certified), partner=OuterRef("pk"))
        .order_by()
        .values("partner")
        .annotate(people=Count("person", distinct=True))
    )
    return Coalesce(Subquery(there.values("people"), output_field=IntegerField()), 0)


def _asked(track: str, day: date) -> Any:
    try:
        rulebook = rulebook_on(day)
    except NoEditionInForce:
        return Value(None, output_field=IntegerField())
    numbers = {
        tier: required_specialists(rulebook, tier, sales_binds=True).get(track) for tier in rulebook.tiers
    }
    whens = [When(tier=tier, then=Value(number)) for tier, number in numbers.items() if number]
    if track == SALES:
        # Rule C10.
        binds = Exists(enterprise_held(rulebook, day).filter(partner=OuterRef("pk")))
        whens = [When(~Q(binds), then=Value(None)), *whens]
    return Case(*whens, default=Value(None), output_field=IntegerField())
