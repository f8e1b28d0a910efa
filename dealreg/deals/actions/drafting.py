from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import MAX_NODES, Deal, DealLine
from dealreg.deals.selectors import may_answer, registers
from partners.catalogue.models import Product
from partners.catalogue.selectors import Wanted, price_list_for, quotes
from partners.organisations.access import can, require
from partners.organisations.models import Supply
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.references import new_reference
from portal.documents.models import Document

# What the form of a registration fills in. A question of a reviewer unlocks some of them again.
DRAFT_FIELDS = (
    "customer_name",
    "customer_country",
    "customer_city",
    "web_domain",
    "company_number",
    "product_group",
    "nodes",
    "expected_close_on",
    "distributor",
    "engagement",
    "contact_name",
    "contact_role",
    "contact_email",
    "contact_phone",
    "notes",
)


NOT_YOURS = gettext_noop("Your role does not allow this step on this deal.")


@dataclass(frozen=True)
class LineInput:
    """A line as asked for: the price comes from the price list."""

    product: Product
    nodes: int
    term_months: int


def lock_deal(deal: Deal, *, with_partner: bool = False) -> Deal:
    """With its partner, two registrations of one partner come one after the other, and the second is told
    of the first."""
    # no_key: a conflict that another registration notes about this deal does not have to wait for it.
    # Locks are taken in this order everywhere: deals, then customers, then conflicts.
    locked = ("self", "partner") if with_partner else ("self",)
    return (
        Deal.objects.select_for_update(of=locked, no_key=True)
        .select_related("partner", "distributor", "product_group", "edition", "registered_by")
        .get(pk=deal.pk)
    )


def free_reference() -> str:
    while Deal.objects.filter(reference=(reference := new_reference("DR"))).exists():
        continue
    return reference


@transaction.atomic
def start_draft(*, by: User, at: datetime, reference: str | None = None) -> Deal:
    """A draft of the partner that `by` acts for, with its primary distributor and currency. A number
    that the form was given beforehand makes saving it twice one draft: IntegrityError when taken."""
    membership = require(by, "deals.register")
    partner = membership.partner
    supplies = Supply.objects.filter(partner=partner, ended_on=None, distributor__is_active=True)
    supply = supplies.order_by("-is_primary", "pk").first()
    prices = price_list_for(partner.country, date_in(partner.country, at))
    return Deal.objects.create(
        reference=reference or free_reference(),
        partner=partner,
        distributor=supply.distributor if supply else None,
        registered_by=by,
        customer_country=partner.country,
        currency=prices.currency if prices else "EUR",
    )


@transaction.atomic
def save_draft(deal: Deal, *, by: User, changes: dict[str, Any]) -> Deal:
    """Keep what was typed so far; nothing needs to be complete. Only one's own draft."""
    deal = lock_deal(deal)
    require_editable(deal, by)
    if deal.on_behalf:
        # Another distributor's draft would be seen by that one.
        changes = {name: value for name, value in changes.items() if name != "distributor"}
    apply_changes(deal, changes, DRAFT_FIELDS)
    deal.save()
    return deal


def apply_changes(deal: Deal, changes: dict[str, Any], allowed: tuple[str, ...]) -> list[str]:
    """Set the allowed fields; returns the names of those that really changed."""
    unknown = set(changes) - set(allowed)
    if unknown:
        raise NotAllowed("field-locked", gettext_noop("This information can no longer be changed."))
    changed = [name for name, value in changes.items() if getattr(deal, name) != value]
    for name in changed:
        setattr(deal, name, changes[name])
    return changed


def _require_writing(by: User) -> None:
    """A partner writes its registrations, a distributor those on behalf of its partners (rule E12)."""
    if not can(by, "deals.register_on_behalf"):
        require(by, "deals.register")


def require_editable(deal: Deal, by: User, *, unlocked: str | None = None) -> None:
    """One's own draft; or, while information is requested, the part that was asked about."""
    _require_writing(by)
    if deal.status == DealStatus.DRAFT:
        if not registers(by, deal):
            raise NotAllowed("not-allowed", NOT_YOURS)
        return
    if not may_answer(by, deal):
        raise NotAllowed("not-allowed", NOT_YOURS)
    if deal.status == DealStatus.INFORMATION_REQUESTED and unlocked is not None:
        question = deal.questions.filter(answered_at=None).first()
        if question is not None and unlocked in question.fields:
            return
    raise WrongState("wrong-state", gettext_noop("This information can no longer be changed."))


@transaction.atomic
def set_lines(deal: Deal, *, by: User, lines: list[LineInput], at: datetime) -> Deal:
    """Replace the lines, each at the list price of the day; RuleViolation on what has no price."""
    deal = lock_deal(deal)
    require_editable(deal, by, unlocked="lines")
    price_lines(deal, lines, at)
    return deal


def price_lines(
    deal: Deal, lines: list[LineInput], at: datetime, *, before: list[DealLine] | None = None
) -> None:
    """Make these the deal's lines, at the list price of the day. Lines that are there already and cost
    the same stay as they are. Whoever has read those that are there passes them."""
    currency, rows = priced_rows(deal, lines, at)
    before = list(deal.lines.all()) if before is None else before
    if (deal.currency, deal.list_amount) == (currency, total_of(rows)) and _facts(rows) == _facts(before):
        return
    put_lines(deal, rows, currency, before=before)


def priced_rows(deal: Deal, lines: list[LineInput], at: datetime) -> tuple[str, list[DealLine]]:
    """Currency, and the lines at the list price of the day, not yet written."""
    prices = price_list_for(deal.partner.country, date_in(deal.partner.country, at))
    if prices is None:
        raise RuleViolation(
            "no-price-list",
            gettext_noop("No price list is valid for your country at present."),
            field="lines",
        )
    for line in lines:
        if line.product.group_id != deal.product_group_id:
            raise RuleViolation(
                "other-group",
                gettext_noop(
                    "A deal is for one product group: register other products as a deal of their own."
                ),
                field="lines",
                rule="E12",
            )
        if not 1 <= line.nodes <= MAX_NODES:
            raise RuleViolation(
                "bad-nodes", gettext_noop("Enter a number of nodes from 1 on."), field="lines"
            )
    priced = quotes(prices, [Wanted(line.product, line.nodes, line.term_months) for line in lines])
    rows = [
        DealLine(
            deal=deal,
            position=position,
            product=line.product,
            nodes=line.nodes,
            term_months=line.term_months,
            per_node=price.per_node,
            list_amount=price.amount,
        )
        for position, (line, price) in enumerate(zip(lines, priced, strict=True))
    ]
    if total_of(rows) >= Decimal(10) ** 12:
        raise RuleViolation(
            "too-large", gettext_noop("The amount is too large to be plausible."), field="lines"
        )
    return prices.currency, rows


def total_of(rows: list[DealLine]) -> Decimal:
    return sum((row.list_amount for row in rows), Decimal(0))


def put_lines(
    deal: Deal, rows: list[DealLine], currency: str, *, before: list[DealLine] | None = None
) -> None:
    """Replace the lines; what was granted to the end customer stays with those that stay."""
    keep_discounts(rows, list(deal.lines.all()) if before is None else before)
    deal.lines.all().delete()
    DealLine.objects.bulk_create(rows)
    deal.currency = currency
    deal.list_amount = total_of(rows)
    deal.end_user_discount = sum((row.end_user_discount for row in rows), Decimal(0))
    deal.save(update_fields=["currency", "list_amount", "end_user_discount", "changed_at"])


def _facts(lines: list[DealLine]) -> list[tuple[Any, ...]]:
    return [
        (line.position, line.product_id, line.nodes, line.term_months, line.per_node, line.list_amount)
        for line in lines
    ]


def keep_discounts(rows: list[DealLine], before: list[DealLine]) -> None:
    """Rule E14: a discount for the end customer was granted for a line as it stood. One that stays the
    same keeps it; one that changes, also in its price, loses it, and the partner may ask again."""
    granted: dict[tuple[int, int, int, Decimal], list[Decimal]] = {}
    for line in before:
        key = (line.product_id, line.nodes, line.term_months, line.list_amount)
        granted.setdefault(key, []).append(line.end_user_discount)
    for row in rows:
        same = granted.get((row.product_id, row.nodes, row.term_months, row.list_amount))
        if same:
            row.end_user_discount = same.pop(0)


def discard_file(document: Document) -> None:
    """Remove a file after what referred to it; from the disk only once that is certain."""
    storage, path = document.file.storage, document.file.name
    document.delete()
    transaction.on_commit(partial(storage.delete, path), robust=True)


@transaction.atomic
def discard_draft(deal: Deal, *, by: User) -> None:
    """Throw a draft away for good, with its files. Nothing that was submitted can be deleted."""
    deal = lock_deal(deal)
    _require_writing(by)
    if not registers(by, deal):
        raise NotAllowed("not-allowed", NOT_YOURS)
    if deal.status != DealStatus.DRAFT:
        raise WrongState("wrong-state", gettext_noop("Only a draft can be thrown away."))
    documents = [evidence.document for evidence in deal.evidence.select_related("document")]
    deal.evidence.all().delete()
    for document in documents:
        discard_file(document)
    deal.delete()
