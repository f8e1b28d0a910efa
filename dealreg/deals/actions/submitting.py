from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from dealreg.deals import rules
from dealreg.deals.actions.conflicts import note_conflicts
from dealreg.deals.actions.drafting import LineInput, lock_deal, price_lines
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.selectors import (
    own_registration_of,
    partner_contacts,
    registrant_facts,
    require_move,
    reviewers_of,
)
from partners.customers.actions import find_or_add_customer, lock_identity
from partners.customers.identity import CustomerIdentity
from partners.customers.models import Customer
from partners.customers.selectors import matching_customers
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


def check_complete(deal: Deal) -> None:
    """RuleViolation on the first field that a registration cannot go without."""
    for field in REQUIRED:
        if not getattr(deal, field):
            raise RuleViolation("required", gettext_noop("This information is needed."), field=field)
    if not deal.lines.exists():
        raise RuleViolation("no-lines", gettext_noop("Add at least one product."), field="lines")


def settle_identity(deal: Deal) -> CustomerIdentity:
    """Recognise the customer under lock: two simultaneous registrations of one customer come one
    after the other, and the second finds the first (promise S4)."""
    identity = deal.identity()
    lock_identity(identity)
    known = [match.customer.pk for match in matching_customers(identity)]
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=known).order_by("pk"))
    # A corrected spelling does not undo that a channel manager told two opportunities apart.
    if deal.customer_id not in known:
        deal.customer = find_or_add_customer(identity)
    return identity


@transaction.atomic
def submit_deal(deal: Deal, *, by: User, at: datetime) -> Deal:
    """Register the deal (rules E1 to E5, E7, D2). Whether the customer is taken changes nothing in
    the answer (rule E6): a conflict is for the reviewers. Raises RuleViolation on a field."""
    deal = lock_deal(deal)
    require_move(by, deal, "submit")
    check_complete(deal)
    on = date_in(deal.partner.country, at)
    edition = edition_on(on)
    rulebook = rulebook_of(edition)
    ceiling = check_may_register(
        registrant_facts(deal.partner, on, rulebook), deal.product_group.code, rulebook
    )
    rules.check_country(deal.customer_country, frozenset(deal.partner.authorised_countries))
    rules.check_closing_date(deal.expected_close_on, on)
    _check_supply(deal)
    price_lines(
        deal, [LineInput(line.product, line.nodes, line.term_months) for line in deal.lines.all()], at
    )
    identity = settle_identity(deal)
    check_not_registered_already(deal, identity)

    clock = rules.start_clock(at, deal.distributor.country, rulebook.deal_registration)
    deal.status = DealStatus.SUBMITTED
    # Whoever submits registers, also when a colleague began the draft: they never decide on it (E11).
    deal.registered_by = by
    deal.submitted_at = at
    deal.edition = edition
    deal.tier = registrant_facts(deal.partner, on, rulebook).tier
    deal.ceiling_pct = ceiling
    deal.needs_vendor = deal.on_behalf or rulebook.line_of(deal.product_group.code) == ENTERPRISE
    deal.step = Step.VENDOR if deal.on_behalf else Step.DISTRIBUTOR
    deal.decision_due_at, deal.half_time_at = clock.due_at, clock.half_time_at
    deal.save()

    record(
        "deal.submitted",
        deal,
        by=by,
        at=at,
        edition=edition.code,
        ceiling_pct=ceiling,
        list_amount=deal.list_amount,
        currency=deal.currency,
        due_at=clock.due_at,
    )
    conflict = note_conflicts(deal, identity, at=at)
    notify(
        "deal-submitted",
        to=partner_contacts(deal),
        about=deal,
        key=deal.reference,
        at=at,
        due_at=clock.due_at,
    )
    tell_reviewers(deal, at=at, conflict=conflict)
    return deal


def tell_reviewers(deal: Deal, *, at: datetime, conflict: bool) -> None:
    notify(
        "deal-to-decide",
        to=reviewers_of(deal),
        about=deal,
        # Once more after an appeal brought it back.
        key=f"{deal.reference}:{deal.step}" + (":again" if deal.reinstated_at else ""),
        at=at,
        step=deal.step,
        due_at=deal.decision_due_at,
        conflict=conflict,
    )


def _check_supply(deal: Deal) -> None:
    buys = Supply.objects.filter(
        partner=deal.partner, distributor=deal.distributor, ended_on=None, distributor__is_active=True
    )
    if not buys.exists():
        raise RuleViolation(
            "distributor-not-yours",
            gettext_noop("Your company does not buy from this distributor."),
            field="distributor",
            rule="A3",
        )


def check_not_registered_already(deal: Deal, identity: CustomerIdentity) -> None:
    own = own_registration_of(deal, identity)
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
