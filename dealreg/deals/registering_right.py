"""Whether a person is invited to register at all: for menus and buttons, on every page."""

from datetime import date

from dealreg.deals.selectors import registrant_facts
from partners.organisations.access import can
from partners.organisations.models import Partner, PartnerStatus
from partners.programme.rulebook import Rulebook
from partners.programme.rules import RegistrantFacts, check_may_register
from partners.programme.selectors import NoEditionInForce, rulebook_on
from portal.accounts.models import User
from portal.core.errors import RuleViolation


def may_register_something(user: User, on: date) -> bool:
    """Rule E3: the role allows it, and the partner may register at least one product group. The tier alone
    mostly tells; only otherwise are the partner's specialisations asked for."""
    if not can(user, "deals.register") or user.acting_as.partner is None:
        return False
    # Menu and page ask the same person in one request: the second time costs nothing.
    known = user.__dict__.setdefault("_may_register", {})
    key = (user.acting_as.pk, on)
    if key not in known:
        known[key] = _may_register(user.acting_as.partner, on)
    return known[key]


def _may_register(partner: Partner, on: date) -> bool:
    if partner.status != PartnerStatus.AUTHORISED:
        return False
    try:
        rulebook = rulebook_on(on)
    except NoEditionInForce:
        return False
    by_tier = RegistrantFacts(tier=partner.tier, specialisations=frozenset(), authorised=True)
    return _opens_any(by_tier, rulebook) or _opens_any(registrant_facts(partner, on, rulebook), rulebook)


def _opens_any(facts: RegistrantFacts, rulebook: Rulebook) -> bool:
    return any(_opens(facts, group, rulebook) for group in rulebook.product_lines)


def _opens(facts: RegistrantFacts, group: str, rulebook: Rulebook) -> bool:
    try:
        check_may_register(facts, group, rulebook)
    except RuleViolation:
        return False
    return True
