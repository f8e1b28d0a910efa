from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from django.db.models import QuerySet

from partners.organisations.models import Partner, PartnerStatus
from partners.programme.content import BENEFITS, CONDITIONS, GRIDS, EditionContent
from partners.programme.models import Edition
from partners.programme.rulebook import (
    CellValue,
    DealRegistrationTerms,
    Rulebook,
    StaffTerms,
    TierChangeTerms,
)
from partners.programme.rules import RegistrantFacts, effective_tier
from portal.accounts.models import User


class NoEditionInForce(LookupError):
    """No edition is published for that day: run `manage.py seed_programme`."""


_read: ContextVar[dict[date, Edition] | None] = ContextVar("editions_read", default=None)


@contextmanager
def editions_read_once() -> Iterator[None]:
    """Within the block the edition of a day is read from the database only the first time: for one
    request, which is short and may ask for it in many places."""
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def edition_on(day: date) -> Edition:
    """The edition in force on a day (rule D2); raises NoEditionInForce before the first."""
    read = _read.get()
    edition = (read or {}).get(day) or Edition.objects.in_force_on(day)
    if edition is None:
        raise NoEditionInForce(f"no edition of the programme is in force on {day}")
    if read is not None:
        read[day] = edition
    return edition


def rulebook_on(day: date) -> Rulebook:
    """The rule book in force on a day. One query at most; the frozen content is cached by edition."""
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
    return rulebook_from(content_of(edition), edition.in_force_from or edition.created_at.date())


def rulebook_from(content: EditionContent, in_force_from: date) -> Rulebook:
    """An edition's content as the rules read it."""
    terms = content.parameters["deal_registration"]
    staff = content.parameters["staff"]
    return Rulebook(
        edition=content.code,
        in_force_from=in_force_from,
        tiers=content.tiers,
        territory=frozenset(content.territory),
        product_lines=MappingProxyType(dict(content.product_groups)),
        benefits=_freeze(content.grids[BENEFITS]),
        conditions=_freeze(content.grids[CONDITIONS]),
        deal_registration=DealRegistrationTerms(
            decision_business_days=terms["decision_business_days"],
            silence_business_days=terms["silence_business_days"],
            protection_days=terms["protection_days"],
            extension_days=terms["extension_days"],
            extensions=terms["extensions"],
            reopen_days=terms["reopen_days"],
            distributor_changes=terms["distributor_changes"],
            amendment_growth_pct=terms["amendment_growth_pct"],
            new_business_lookback_months=terms["new_business_lookback_months"],
            reminders_days_before=tuple(terms["reminders_days_before"]),
            appeal_days=terms["appeal_days"],
            revocation_notice_business_days=terms["revocation_notice_business_days"],
            order_confirmation_business_days=terms["order_confirmation_business_days"],
            decisions_to_publish=terms["decisions_to_publish"],
            without_news_days=terms["without_news_days"],
            record_months=terms["record_months"],
            appeals_to_publish=terms["appeals_to_publish"],
            registrations_per_hour=terms["registrations_per_hour"],
            probing_days=terms["probing_days"],
            probing_registrations=terms["probing_registrations"],
            probing_share_pct=terms["probing_share_pct"],
            closing_within_months=terms["closing_within_months"],
            retry_within_months=terms["retry_within_months"],
            discount_step_pct=Decimal(terms["discount_step_pct"]),
            office_opens=time.fromisoformat(terms["office_opens"]),
            office_closes=time.fromisoformat(terms["office_closes"]),
        ),
        staff=StaffTerms(
            notice_of_departure_days=staff["notice_of_departure_days"],
            replacement_days=staff["replacement_days"],
            notice_reminders_days_before=tuple(staff["notice_reminders_days_before"]),
            replacement_reminders_days_before=tuple(staff["replacement_reminders_days_before"]),
            certificate_validity_months=staff["certificate_validity_months"],
            certificate_reminders_days_before=tuple(staff["certificate_reminders_days_before"]),
        ),
        tier_changes=TierChangeTerms(
            first_month_of_year=_steps(content.parameters["tier_changes"]["first_month_of_year"]),
            any_time=_steps(content.parameters["tier_changes"]["any_time"]),
            recovery_plan_months=content.parameters["tier_changes"]["recovery_plan_months"],
        ),
        specialisation_floor=content.parameters["specialisation"]["floor"],
    )


def _steps(pairs: Any) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair) for pair in pairs)


def _freeze(grid: Any) -> Any:
    return MappingProxyType({code: MappingProxyType(dict(row)) for code, row in grid.items()})


def content_of(edition: Edition) -> EditionContent:
    """All that an edition says, in its own order. Four queries."""
    grids: dict[str, dict[str, dict[str, CellValue]]] = {grid: {} for grid in GRIDS}
    for cell in edition.cells.all():
        grids[cell.grid].setdefault(cell.code, {})[cell.tier] = cell.value
    stored: dict[str, dict[str, Any]] = {}
    for parameter in edition.parameters.order_by("pk"):
        stored.setdefault(parameter.section, {})[parameter.code] = parameter.value
    return EditionContent(
        code=edition.code,
        title=edition.title,
        notice_days=edition.notice_days,
        tiers=tuple(tier.code for tier in edition.tiers.all()),
        territory=tuple(edition.territory),
        product_groups={group.code: group.line for group in edition.product_groups.all()},
        grids=grids,
        parameters=_with_later_parameters(stored),
    )


@lru_cache(maxsize=1)
def _first_parameters() -> dict[str, dict[str, Any]]:
    facts = yaml.safe_load((Path(__file__).parent / "data" / "2017.yaml").read_text("utf-8"))
    parameters: dict[str, dict[str, Any]] = facts["parameters"]
    return parameters


def _with_later_parameters(stored: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """An edition is frozen once published: a parameter that the portal learnt to ask for afterwards has
    there what the first edition's file says, in that file's order."""
    first = _first_parameters()
    whole = {section: {**values, **stored.get(section, {})} for section, values in first.items()}
    return whole | {section: values for section, values in stored.items() if section not in first}


def file_of(content: EditionContent) -> dict[str, Any]:
    """The content as the facts of an edition file, to start the next edition from."""
    lines: dict[str, list[str]] = {}
    for code, line in content.product_groups.items():
        lines.setdefault(line, []).append(code)
    return {
        "edition": content.code,
        "title": content.title,
        "notice_days": content.notice_days,
        "tiers": list(content.tiers),
        "territory": list(content.territory),
        "product_groups": lines,
        **{
            grid: {
                code: {tier: _plain(value) for tier, value in row.items()}
                for code, row in content.grids[grid].items()
            }
            for grid in GRIDS
        },
        "parameters": {section: dict(values) for section, values in content.parameters.items()},
    }


def _plain(value: CellValue) -> int | float | str | None:
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


@dataclass(frozen=True)
class EditionOnShelf:
    """An edition as the list shows it. `state`: draft, coming, in_force, superseded; `until` is its
    last day in force, None when none follows."""

    edition: Edition
    state: str
    until: date | None


def editions_on_shelf(editions: QuerySet[Edition], on: date) -> list[EditionOnShelf]:
    """Drafts first, then from the last to come into force to the first. One query."""
    shelf: list[EditionOnShelf] = []
    drafts: list[EditionOnShelf] = []
    follower: date | None = None
    found_in_force = False
    for edition in sorted(editions, key=lambda one: one.in_force_from or date.max, reverse=True):
        if edition.in_force_from is None:
            drafts.append(EditionOnShelf(edition, "draft", None))
            continue
        if edition.in_force_from > on:
            state = "coming"
        else:
            state, found_in_force = ("superseded" if found_in_force else "in_force"), True
        shelf.append(EditionOnShelf(edition, state, follower - timedelta(days=1) if follower else None))
        follower = edition.in_force_from
    return drafts + shelf


@dataclass(frozen=True)
class ReaderStanding:
    """Where the reader's company stands on a day: its earned tier, and the tier that counts (rule H7)."""

    partner: Partner
    earned: str
    facts: RegistrantFacts

    @property
    def tier(self) -> str:
        return self.facts.tier

    @property
    def is_raised(self) -> bool:
        return self.earned != self.facts.tier


def standing_of_reader(user: User, rulebook: Rulebook, on: date) -> ReaderStanding | None:
    """The standing of the partner for which the reader acts; None for distributors and the vendor."""
    partner = user.acting_as.partner if user.acting_as else None
    if partner is None:
        return None
    # The app of specialisations stands above this one: asked through the partner, not imported.
    held = frozenset(partner.specialisations.held_on(on).values_list("product_group__code", flat=True))
    return ReaderStanding(
        partner,
        partner.tier,
        RegistrantFacts(
            tier=effective_tier(partner.tier, held, rulebook),
            specialisations=held,
            authorised=partner.status == PartnerStatus.AUTHORISED,
        ),
    )
