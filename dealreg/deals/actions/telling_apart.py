from datetime import datetime

from django.db import transaction

from dealreg.deals import rules
from dealreg.deals.actions.drafting import lock_deal
from dealreg.deals.models import Deal, ToldApart
from dealreg.deals.review import may_tell_apart, offered_records
from dealreg.deals.selectors import is_registrant
from partners.customers.models import Customer
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop


@transaction.atomic
def tell_apart(deal: Deal, customer: Customer, *, by: User, at: datetime, reason: str) -> ToldApart:
    """A reviewer says that a record which may be this deal's customer is another company. Only about what
    the page offers them: nobody finds out by trying which records there are (rule E6)."""
    deal = lock_deal(deal)
    if not may_tell_apart(by, deal):
        raise NotAllowed("not-allowed", gettext_noop("Your role does not allow this step on this deal."))
    rules.check_not_own_registration(registered_it=is_registrant(by, deal))
    if customer.pk not in offered_records(by, deal):
        raise WrongState(
            "not-offered", gettext_noop("This record is no longer among those that may be the same.")
        )
    if not reason.strip():
        raise RuleViolation("required", gettext_noop("Give the reason of your decision."), field="reason")
    customer = Customer.objects.get(pk=customer.pk)
    told = ToldApart.objects.create(deal=deal, customer=customer, by=by, at=at, reason=reason.strip())
    record(
        "deal.customer_told_apart",
        deal,
        by=by,
        at=at,
        reason=reason,
        audience=Audience.VENDOR,
        customer=customer.name,
    )
    return told
