from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from partners.programme.models import Edition, EditionProductGroup, EditionTier, Grid, GridCell, Parameter
from portal.audit.actions import record


@transaction.atomic
def seed_edition(facts: dict[str, Any]) -> tuple[Edition, bool]:
    """Put an edition from its file into tables and publish it; an edition that is there stays as it
    is. Returns the edition and whether it is new. Raises KeyError on a file without a needed fact."""
    existing = Edition.objects.filter(code=facts["edition"]).first()
    if existing is not None:
        return existing, False
    edition = Edition.objects.create(
        code=facts["edition"],
        title=facts["title"],
        notice_days=facts["notice_days"],
        territory=facts["territory"],
    )
    EditionTier.objects.bulk_create(
        EditionTier(edition=edition, code=code, rank=rank) for rank, code in enumerate(facts["tiers"])
    )
    groups = [(code, line) for line, codes in facts["product_groups"].items() for code in codes]
    EditionProductGroup.objects.bulk_create(
        EditionProductGroup(edition=edition, code=code, line=line, position=position)
        for position, (code, line) in enumerate(groups)
    )
    GridCell.objects.bulk_create(
        _cell(edition, grid, position, code, tier, value)
        for grid in (Grid.BENEFITS, Grid.CONDITIONS)
        for position, (code, row) in enumerate(facts[grid].items())
        for tier, value in row.items()
    )
    Parameter.objects.bulk_create(
        Parameter(edition=edition, section=section, code=code, value=value)
        for section, values in facts["parameters"].items()
        for code, value in values.items()
    )
    edition.published_on = facts["published_on"]
    edition.in_force_from = facts.get("in_force_from") or _first_day(edition)
    edition.save(update_fields=["published_on", "in_force_from"])
    record("edition.published", edition, by=None, edition=edition.code)
    return edition, True


def _first_day(edition: Edition) -> date:
    assert edition.published_on is not None
    return edition.published_on + timedelta(days=edition.notice_days)


def _cell(edition: Edition, grid: str, position: int, code: str, tier: str, value: Any) -> GridCell:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return GridCell(
        edition=edition,
        grid=grid,
        code=code,
        position=position,
        tier=tier,
        number=Decimal(str(value)) if is_number else None,
        level="" if is_number or value is None else value,
    )
