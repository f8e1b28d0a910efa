from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from dealreg.deals import rules
from dealreg.deals.actions.drafting import LineInput, lock_deal, price_lines
from dealreg.deals.actions.looking import ask_for_look, telling_key
from dealreg.deals.actions.probing import check_own_pace
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.selectors import (
    own_registration_of,
    partner_contacts,
    registrant_facts,
    require_move,
)
from partners.organisations.models import Supply
from partners.programme.rulebook import ENTERPRISE
from partners.programme.rules import check_may_register
from partners.programme.selectors import edition_on, rulebook_of
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, gettext_noop
from portal.notifications.actions import notify

REQUIRED = (
    "customer_name",
    "customer_country",
    "product_group",
    "nodes",
    "expected_close_on",
    "distributor",
    "engagement",
)


def missing_fields(deal: Deal) -> list[tuple[str, str]]:
    """Name and label of each piece of information that a registration cannot go without."""
    labels = {field.name: str(field.verbose_name) for field in Deal._meta.fields}
    missing = [(name, labels[name]) for name in REQUIRED if not getattr(deal, name)]
    if not deal.lines.exists():
        missing.append(("lines", gettext("products")))
    return [(name, label[:1].upper() + label[1:]) for name, label in missing]


def check_complete(deal: Deal, *, has_lines: bool) -> None:
    """RuleViolation on the first field that a registration cannot go without."""
    for field in REQUIRED:
        if not getattr(deal, field):
            raise RuleViolation("required", gettext_noop("This information is needed."), field=field)
    if not has_lines:
        raise RuleViolation("no-lines", gettext_noop("Add at least one product."), field="lines")


@transaction.atomic
def submit_deal(deal: Deal, *, by: User, at: datetime) -> Deal:
    """Register the deal (rules E1 to E5, E7, D2). Reads nothing of other partners: whether the customer is
    taken is found out after the answer, and is for the reviewers (rule E6). Raises RuleViolation on a
    field."""
    deal = lock_deal(deal, with_partner=True)
    require_move(by, deal, "submit")
    register(deal, by=by, at=at, verb="deal.submitted")
    return deal


def register(deal: Deal, *, by: User, at: datetime, verb: str, note: str = "") -> None:
    """Put a registration under review at the conditions of the day, a draft as well as one that is
    re-opened: the checks, the answer and what is told are the same."""
    lines = list(deal.lines.select_related("product"))
    check_complete(deal, has_lines=bool(lines))
    on = date_in(deal.partner.country, at)
    edition = edition_on(on)
    rulebook = rulebook_of(edition)
    facts = registrant_facts(deal.partner, on, rulebook)
    ceiling = check_may_register(facts, deal.product_group.code, rulebook)
    rules.check_country(deal.customer_country, frozenset(deal.partner.authorised_countries))
    rules.check_closing_date(deal.expected_close_on, on, rulebook.deal_registration)
    check_supply(deal)
    check_own_pace(by, at=at, terms=rulebook.deal_registration)
    wanted = [LineInput(line.product, line.nodes, line.term_months) for line in lines]
    price_lines(deal, wanted, at, before=lines)
    check_not_registered_already(deal, by=by)

    clock = rules.start_clock(at, deal.distributor.country, rulebook.deal_registration)
    deal.status = DealStatus.SUBMITTED
    # Whoever submits registers, also when a colleague began the draft: they never decide on it (E11).
    deal.registered_by = by
    deal.submitted_at = at
    deal.edition = edition
    deal.tier = facts.tier
    deal.ceiling_pct = ceiling
    deal.needs_vendor = deal.on_behalf or rulebook.line_of(deal.product_group.code) == ENTERPRISE
    deal.step = Step.VENDOR if deal.on_behalf else Step.DISTRIBUTOR
    deal.decision_due_at, deal.half_time_at = clock.due_at, clock.half_time_at
    deal.vendor_may_decide_at = clock.vendor_may_decide_at if deal.step == Step.DISTRIBUTOR else None
    ask_for_look(deal, at=at)
    deal.save()

    record(
        verb,
        deal,
        by=by,
        at=at,
        reason=note,
        edition=edition.code,
        ceiling_pct=ceiling,
        list_amount=deal.list_amount,
        currency=deal.currency,
        due_at=clock.due_at,
    )
    if deal.on_behalf:
        tell_partner_of_registration(deal, by=by, at=at)
    notify(
        "deal-submitted",
        to=[by] if deal.on_behalf else partner_contacts(deal),
        about=deal,
        key=telling_key(deal),
        at=at,
        due_at=clock.due_at,
    )


def tell_partner_of_registration(deal: Deal, *, by: User, at: datetime) -> None:
    """Rule E12: the partner hears what its distributor registered for it, and may withdraw it."""
    notify(
        "deal-on-behalf",
        to=partner_contacts(deal),
        about=deal,
        key=deal.reference,
        at=at,
        due_at=deal.decision_due_at,
    )


def check_supply(deal: Deal) -> None:
    buys = Supply.objects.filter(
        partner=deal.partner, distributor=deal.distributor, ended_on=None, distributor__is_active=True
    )
    if buys.exists():
        return
    if deal.on_behalf:
        raise RuleViolation(
            "partner-not-yours",
            gettext_noop("This partner does not buy from your company any longer."),
            rule="A3",
        )
    raise RuleViolation(
        "distributor-not-yours",
        gettext_noop("Your company does not buy from this distributor."),
        field="distributor",
        rule="A3",
    )


def check_not_registered_already(deal: Deal, *, by: User) -> None:
    own = own_registration_of(deal, deal.identity(), by=by)
    if own is not None:
        raise RuleViolation(
            "own-duplicate",
            gettext_noop(
                "Your company has already registered this customer and product group: %(reference)s."
            ),
            field="customer_name",
            rule="E12",
            reference=own.reference,
        )
