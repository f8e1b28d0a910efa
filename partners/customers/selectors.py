from dataclasses import dataclass

from django.db.models import Q

from partners.customers.identity import CustomerIdentity, same_because, strongest
from partners.customers.models import Customer

# More records than this with one name or domain say that it identifies nobody.
MATCH_LIMIT = 50


@dataclass(frozen=True)
class Match:
    customer: Customer
    reasons: tuple[str, ...]


def matching_customers(identity: CustomerIdentity) -> list[Match]:
    """The records of the same company, the surest first. Looks across everything the portal knows:
    its answer is for reviewers, never for the partner who typed (rule E6)."""
    ways = []
    if identity.number_key:
        ways.append(Q(number_key=identity.number_key))
    if identity.domain:
        ways.append(Q(domain=identity.domain))
    if identity.name_key:
        ways.append(Q(country=identity.country, name_key=identity.name_key))
    # One bounded look-up each, so that a common name does not crowd out an equal number.
    found = {
        customer.pk: customer
        for way in ways
        for customer in Customer.objects.filter(way).order_by("pk")[:MATCH_LIMIT]
    }
    matches = [
        Match(customer, reasons)
        for customer in found.values()
        if (reasons := same_because(identity, customer.identity))
    ]
    return sorted(matches, key=lambda match: -strongest(match.reasons))
