"""Addresses of the lists behind the figures: each figure of a home page opens exactly what it counts."""

from urllib.parse import urlencode

from django.urls import reverse

from dealreg.deals.lifecycle import ACTIVE, DealStatus


def deals(*states: str, **filters: str) -> str:
    """The list of deals in these states."""
    query = [("status", str(state)) for state in states] + list(filters.items())
    address = reverse("deals:list")
    return f"{address}?{urlencode(query)}" if query else address


def open_deals(**filters: str) -> str:
    return deals(*ACTIVE, **filters)


def protected_deals(**filters: str) -> str:
    return deals(DealStatus.APPROVED, **filters)
