from datetime import datetime

from django.db import transaction

from dealreg.deals.actions.drafting import LineInput, price_lines, require_editable, start_draft
from dealreg.deals.lifecycle import ENDED
from dealreg.deals.models import Deal
from dealreg.deals.selectors import distributors_of
from partners.organisations.access import require
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation

# Who the customer is and whom one talks to there. Never evidence, decision or discount: they belong to
# the deal that they were given for.
_COPIED = (
    "customer_name",
    "customer_country",
    "customer_city",
    "web_domain",
    "company_number",
    "product_group",
    "nodes",
    "contact_name",
    "contact_role",
    "contact_email",
    "contact_phone",
)
# The same opportunity goes on where a deal has ended and is registered again; in a copy for another one
# the engagement has to be told anew, for the decision rests on it.
_CONTINUED = ("engagement", "notes")


@transaction.atomic
def copy_deal(deal: Deal, *, by: User, at: datetime) -> Deal:
    """A new draft with the customer, group, lines and contact of one of the own deals, in whatever state
    it is. Lines that have no price today are left out, like a date that has passed."""
    require(by, "deals.register", deal)
    draft = start_draft(by=by, at=at)
    require_editable(draft, by)
    fields = (*_COPIED, *_CONTINUED) if deal.status in ENDED else _COPIED
    for name in fields:
        setattr(draft, name, getattr(deal, name))
    if draft.product_group is not None and not draft.product_group.is_active:
        draft.product_group = None
    if deal.expected_close_on is not None and deal.expected_close_on > date_in(deal.partner.country, at):
        draft.expected_close_on = deal.expected_close_on
    if deal.distributor in distributors_of(draft.partner):
        draft.distributor = deal.distributor
    draft.save()
    _copy_lines(deal, draft, at)
    return draft


def _copy_lines(deal: Deal, draft: Deal, at: datetime) -> None:
    priced: list[LineInput] = []
    for line in deal.lines.select_related("product"):
        wanted = [*priced, LineInput(line.product, line.nodes, line.term_months)]
        try:
            with transaction.atomic():
                price_lines(draft, wanted, at)
        except RuleViolation:
            continue
        priced = wanted
