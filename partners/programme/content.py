"""What an edition says, whether it stands in a file, in a draft or is in force: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partners.programme.rulebook import CellValue

BENEFITS = "benefits"
CONDITIONS = "conditions"
GRIDS = (BENEFITS, CONDITIONS)

Row = Mapping[str, CellValue]


@dataclass(frozen=True)
class EditionContent:
    """Tiers from the lowest; territory as ISO country codes; product groups with their line; the grids
    B and C by row and tier; the parameters by section and code."""

    code: str
    title: str
    notice_days: int
    tiers: tuple[str, ...]
    territory: tuple[str, ...]
    product_groups: Mapping[str, str]
    grids: Mapping[str, Mapping[str, Row]]
    parameters: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Difference:
    """One thing that changes between two editions. `section` is `edition`, `benefits`, `conditions`,
    `product_groups`, `territory` or a section of the parameters; `tier` only in the grids. None means
    that the edition says nothing there, or that the tier is offered nothing."""

    section: str
    code: str
    before: Any
    after: Any
    tier: str = ""
    is_new: bool = False
    is_gone: bool = False


def differences(old: EditionContent, new: EditionContent) -> list[Difference]:
    """Rule D3: what changes from one edition to another, in the order in which a reader meets it."""
    found = [
        Difference("edition", code, before, after)
        for code, before, after in (
            ("notice_days", old.notice_days, new.notice_days),
            ("tiers", old.tiers, new.tiers),
        )
        if before != after
    ]
    for grid in GRIDS:
        found += _grid_differences(grid, old, new)
    found += _mapping_differences("product_groups", old.product_groups, new.product_groups)
    for country in sorted(set(old.territory) ^ set(new.territory)):
        joins = country in new.territory
        found.append(Difference("territory", country, not joins, joins, is_new=joins, is_gone=not joins))
    for section in _in_order(old.parameters, new.parameters):
        found += _mapping_differences(
            section, old.parameters.get(section, {}), new.parameters.get(section, {})
        )
    return found


def _grid_differences(grid: str, old: EditionContent, new: EditionContent) -> list[Difference]:
    before, after = old.grids[grid], new.grids[grid]
    tiers = [*reversed(new.tiers), *(tier for tier in reversed(old.tiers) if tier not in new.tiers)]
    return [
        Difference(
            grid,
            code,
            before.get(code, {}).get(tier),
            after.get(code, {}).get(tier),
            tier=tier,
            is_new=code not in before,
            is_gone=code not in after,
        )
        for code in _in_order(before, after)
        for tier in tiers
        if before.get(code, {}).get(tier) != after.get(code, {}).get(tier)
        or (code in before) != (code in after)
    ]


def _mapping_differences(
    section: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Difference]:
    return [
        Difference(
            section,
            code,
            before.get(code),
            after.get(code),
            is_new=code not in before,
            is_gone=code not in after,
        )
        for code in _in_order(before, after)
        if before.get(code) != after.get(code)
    ]


def _in_order(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return [*second, *(code for code in first if code not in second)]
