import hashlib

from django.db import connection, transaction

from partners.customers.identity import CustomerIdentity
from partners.customers.models import Customer
from partners.customers.selectors import matching_customers


def lock_identity(identity: CustomerIdentity) -> None:
    """Until the end of the transaction nobody else decides who this company is. Two simultaneous
    registrations of one customer come one after the other (promise S4)."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a lock on an identity needs a transaction")
    with connection.cursor() as cursor:
        for key in identity.lock_keys():
            number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


@transaction.atomic
def find_or_add_customer(identity: CustomerIdentity) -> Customer:
    """The record of this company. What the record did not know yet (number, domain, town) is added."""
    matches = matching_customers(identity)
    if not matches:
        return add_customer(identity)
    customer = matches[0].customer
    learnt = []
    for field in ("company_number", "number_key", "domain", "city"):
        if not getattr(customer, field) and getattr(identity, field):
            setattr(customer, field, getattr(identity, field))
            learnt.append(field)
    if learnt:
        customer.save(update_fields=learnt)
    return customer


def add_customer(identity: CustomerIdentity) -> Customer:
    return Customer.objects.create(
        name=identity.name,
        country=identity.country,
        city=identity.city,
        company_number=identity.company_number,
        number_key=identity.number_key,
        domain=identity.domain,
        name_key=identity.name_key,
    )
