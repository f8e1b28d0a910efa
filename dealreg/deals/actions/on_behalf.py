from datetime import datetime

from django.db import transaction

from dealreg.deals.actions.drafting import free_reference
from dealreg.deals.models import Deal
from partners.catalogue.selectors import price_list_for
from partners.organisations.access import require
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, gettext_noop


@transaction.atomic
def start_draft_on_behalf(partner: Partner, *, by: User, at: datetime, reference: str | None = None) -> Deal:
    """Rule E12: a distributor begins a registration for one of the partners that it supplies today. The
    partner sees it once it is submitted; then the channel manager decides."""
    membership = require(by, "deals.register_on_behalf")
    if not Partner.objects.visible_to(by).filter(pk=partner.pk).exists():
        raise NotAllowed("not-allowed", gettext_noop("Your company does not supply this partner."))
    prices = price_list_for(partner.country, date_in(partner.country, at))
    return Deal.objects.create(
        reference=reference or free_reference(),
        partner=partner,
        distributor=membership.distributor,
        registered_by=by,
        on_behalf=True,
        customer_country=partner.country,
        currency=prices.currency if prices else "EUR",
    )
