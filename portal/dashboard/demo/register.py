"""What the channel manager has found in the register of customers: one merge, and two records to look at."""

from datetime import datetime, timedelta

from dealreg.deals.actions import merge_customers
from dealreg.deals.selectors import channel_managers_of
from partners.customers.actions import Source, add_customer
from partners.customers.identity import read_identity
from partners.customers.models import Customer
from partners.organisations.models import Partner

# Record, how somebody else wrote it, town, and whether it has been merged already.
TWINS = [
    ("Verrerie de la Bresle", "Cristallerie Bresle et Fils", True),
    ("Notaires du Parvis", "Notaires Parvis Reims", False),
    ("Clinique des Trois Fontaines", "Clin. Trois-Fontaines Lille", False),
]
REASON = "Same address and company register entry; the older name was used until 2025."


def tidy_register(now: datetime) -> None:
    partner = Partner.objects.filter(country="FR").order_by("pk").first()
    managers = channel_managers_of(partner) if partner else []
    for name, spelling, is_merged in TWINS:
        record = Customer.objects.current().filter(name__startswith=name).order_by("pk").first()
        if record is None or not managers:
            continue
        twin = add_customer(
            read_identity(name=spelling, country=record.country, city=record.city),
            Source(now - timedelta(days=40), market=record.country),
        )
        if is_merged:
            merge_customers(record, twin, by=managers[0], at=now - timedelta(days=6), reason=REASON)
