"""Whom the partner has registered before, to be typed once only. Read from its own deals, as it typed
them, and never from the register of customers: a suggestion must not tell who is known or taken (rule
E6)."""

from typing import Any

from dealreg.deals.models import Deal
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.accounts.roles import PARTNER_ROLES
from portal.core.formats import country_name
from portal.core.name_search import folded, named, searched_words

MOST_SUGGESTED = 8
# Deals read for them, the latest first: a partner has many deals with the same few customers.
MOST_READ = 200
_FILLED = ("customer_country", "customer_city", "web_domain", "company_number")


def customers_typed(user: User, text: str, *, partner: str = "") -> list[dict[str, Any]]:
    """The partner's earlier customers whose names fit, as the deals that the reader sees have them. A
    distributor says for which of its partners; without one, or with a foreign one, there is nothing."""
    words = searched_words(text)
    membership = user.acting_as
    if membership is None or not words:
        return []
    if membership.role in PARTNER_ROLES:
        number = membership.partner_id
    else:
        number = (
            Partner.objects.visible_to(user).filter(reference=partner).values_list("pk", flat=True).first()
        )
    deals = (
        Deal.objects.visible_to(user)
        .filter(named("customer_name", words), partner_id=number)
        .order_by("-changed_at", "-pk")
        .values("customer_name", *_FILLED)[:MOST_READ]
    )
    found: dict[str, dict[str, Any]] = {}
    for deal in deals:
        key = f"{folded(deal['customer_name'])}|{deal['customer_country']}"
        if key not in found and len(found) < MOST_SUGGESTED:
            found[key] = _suggestion(len(found), deal)
    return list(found.values())


def _suggestion(number: int, deal: dict[str, Any]) -> dict[str, Any]:
    country = country_name(deal["customer_country"]) if deal["customer_country"] else ""
    hints = (deal["customer_city"], country, deal["web_domain"], deal["company_number"])
    return {
        "id": number,
        "text": deal["customer_name"],
        "hint": " · ".join(hint for hint in hints if hint),
        "fill": {name: deal[name] for name in _FILLED},
    }
