from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from partners.programme.models import Edition, Grid
from partners.programme.rulebook import CellValue, DealRegistrationTerms, Rulebook


class NoEditionInForce(LookupError):
    """No edition is published for that day: run `manage.py seed_programme`."""


def edition_on(day: date) -> Edition:
    """The edition in force on a day (rule D2); raises NoEditionInForce before the first."""
    edition = Edition.objects.in_force_on(day)
    if edition is None:
        raise NoEditionInForce(f"no edition of the programme is in force on {day}")
    return edition


def rulebook_on(day: date) -> Rulebook:
    """The rule book in force on a day. One query; the frozen content is cached by edition."""
    return rulebook_of(edition_on(day))


def rulebook_of(edition: Edition) -> Rulebook:
    if edition.published_on is None:
        return _read_rulebook(edition)
    return _cached_rulebook(edition.pk, edition.code, edition.published_on)


@lru_cache(maxsize=64)
def _cached_rulebook(pk: int, code: str, published_on: date) -> Rulebook:
    # Published editions never change, so the key is enough; code and date tell databases apart.
    return _read_rulebook(Edition.objects.get(pk=pk))


def _read_rulebook(edition: Edition) -> Rulebook:
    grids: dict[str, dict[str, dict[str, CellValue]]] = {Grid.BENEFITS: {}, Grid.CONDITIONS: {}}
    for cell in edition.cells.all():
        grids[cell.grid].setdefault(cell.code, {})[cell.tier] = cell.value
    parameters: dict[str, dict[str, Any]] = {}
    for parameter in edition.parameters.all():
        parameters.setdefault(parameter.section, {})[parameter.code] = parameter.value
    terms = parameters["deal_registration"]
    return Rulebook(
        edition=edition.code,
        in_force_from=edition.in_force_from or edition.created_at.date(),
        tiers=tuple(tier.code for tier in edition.tiers.all()),
        territory=frozenset(edition.territory),
        product_lines=MappingProxyType({group.code: group.line for group in edition.product_groups.all()}),
        benefits=_freeze(grids[Grid.BENEFITS]),
        conditions=_freeze(grids[Grid.CONDITIONS]),
        deal_registration=DealRegistrationTerms(
            decision_business_days=terms["decision_business_days"],
            protection_days=terms["protection_days"],
            extension_days=terms["extension_days"],
            extensions=terms["extensions"],
            new_business_lookback_months=terms["new_business_lookback_months"],
            reminders_days_before=tuple(terms["reminders_days_before"]),
            appeal_days=terms["appeal_days"],
            discount_step_pct=Decimal(terms["discount_step_pct"]),
            office_opens=time.fromisoformat(terms["office_opens"]),
            office_closes=time.fromisoformat(terms["office_closes"]),
        ),
        specialisation_floor=parameters["specialisation"]["floor"],
    )


def _freeze(grid: dict[str, dict[str, CellValue]]) -> Any:
    return MappingProxyType({code: MappingProxyType(row) for code, row in grid.items()})
