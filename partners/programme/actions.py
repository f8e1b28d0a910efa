from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from partners.organisations.access import require
from partners.programme.content import GRIDS, EditionContent
from partners.programme.edition_file import Problem, check_facts
from partners.programme.models import Edition, EditionProductGroup, EditionTier, GridCell, Parameter
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import RuleViolation, WrongState, gettext_noop


class UnsoundEdition(ValueError):
    """The facts of an edition do not pass the checks; `problems` says where and why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


@transaction.atomic
def seed_edition(facts: dict[str, Any]) -> tuple[Edition, bool]:
    """Put an edition of the portal's own files into tables and publish it on the dates it names; an
    edition that is there stays as it is. Returns the edition and whether it is new. Raises
    UnsoundEdition on facts that do not pass the checks."""
    existing = Edition.objects.filter(code=str(facts.get("edition"))).first()
    if existing is not None:
        return existing, False
    reading = check_facts(facts, dated=True)
    if reading.content is None:
        raise UnsoundEdition(reading.problems)
    if reading.published_on is None:
        raise UnsoundEdition((Problem("published_on", gettext_noop("This is missing.")),))
    edition = _store(reading.content)
    first_day = reading.published_on + timedelta(days=edition.notice_days)
    edition.published_on = reading.published_on
    edition.in_force_from = reading.in_force_from or first_day
    edition.save(update_fields=["published_on", "in_force_from"])
    record("edition.published", edition, by=None, edition=edition.code)
    return edition, True


@transaction.atomic
def import_edition(content: EditionContent, *, by: User | None) -> Edition:
    """Keep a checked edition as a draft; an earlier draft of the same code is replaced. `by=None` is
    the command line. RuleViolation when an edition of that code is already published (rule D1)."""
    if by is not None:
        require(by, "programme.manage")
    earlier = Edition.objects.select_for_update().filter(code=content.code).first()
    if earlier is not None and not earlier.is_draft:
        raise RuleViolation(
            "edition-published",
            gettext_noop(
                "Edition %(edition)s is published and frozen: a new edition needs a code of its own."
            ),
            field="file",
            rule="D1",
            edition=content.code,
        )
    if earlier is not None:
        earlier.delete()
    edition = _store(content)
    record(
        "edition.imported",
        edition,
        by=by,
        edition=edition.code,
        audience=Audience.VENDOR,
        replaced=earlier is not None,
    )
    return edition


@transaction.atomic
def publish_edition(edition_id: int, *, by: User | None, on: date) -> Edition:
    """Rule D1: publish a draft on a day; it is frozen from now on and comes into force after its days
    of notice. `by=None` is the command line. WrongState when it is published already; RuleViolation
    when another edition comes into force on that day, or was published later."""
    # All of them, in one order: two publications at once must see each other's first day.
    editions = {edition.pk: edition for edition in Edition.objects.select_for_update().order_by("pk")}
    edition = editions[edition_id]
    if by is not None:
        require(by, "programme.manage", edition)
    if not edition.is_draft:
        raise WrongState("edition-published", gettext_noop("This edition is already published."))
    first_day = on + timedelta(days=edition.notice_days)
    for other in editions.values():
        if other.in_force_from == first_day:
            raise RuleViolation(
                "edition-same-day",
                gettext_noop("Edition %(edition)s comes into force on %(day)s too: publish on another day."),
                rule="D1",
                edition=other.code,
                day=first_day.isoformat(),
            )
        if other.published_on is not None and other.published_on > on:
            raise RuleViolation(
                "edition-out-of-order",
                gettext_noop("Edition %(edition)s was published on %(day)s: an earlier day is not possible."),
                rule="D1",
                edition=other.code,
                day=other.published_on.isoformat(),
            )
    edition.published_on = on
    edition.in_force_from = first_day
    edition.save(update_fields=["published_on", "in_force_from"])
    record("edition.published", edition, by=by, edition=edition.code, in_force_from=first_day)
    return edition


@transaction.atomic
def discard_draft(edition_id: int, *, by: User) -> None:
    """Throw a draft away. WrongState when it has been published meanwhile."""
    edition = Edition.objects.select_for_update().get(pk=edition_id)
    require(by, "programme.manage", edition)
    if not edition.is_draft:
        raise WrongState("edition-published", gettext_noop("This edition is already published."))
    record("edition.discarded", edition, by=by, edition=edition.code, audience=Audience.VENDOR)
    edition.delete()


def _store(content: EditionContent) -> Edition:
    edition = Edition.objects.create(
        code=content.code,
        title=content.title,
        notice_days=content.notice_days,
        territory=list(content.territory),
    )
    EditionTier.objects.bulk_create(
        EditionTier(edition=edition, code=code, rank=rank) for rank, code in enumerate(content.tiers)
    )
    EditionProductGroup.objects.bulk_create(
        EditionProductGroup(edition=edition, code=code, line=line, position=position)
        for position, (code, line) in enumerate(content.product_groups.items())
    )
    GridCell.objects.bulk_create(
        GridCell(
            edition=edition,
            grid=grid,
            code=code,
            position=position,
            tier=tier,
            number=value if isinstance(value, Decimal) else None,
            level=value if isinstance(value, str) else "",
        )
        for grid in GRIDS
        for position, (code, row) in enumerate(content.grids[grid].items())
        for tier, value in row.items()
    )
    Parameter.objects.bulk_create(
        Parameter(edition=edition, section=section, code=code, value=value)
        for section, values in content.parameters.items()
        for code, value in values.items()
    )
    return edition
