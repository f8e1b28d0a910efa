"""Addresses of the lists behind the figures: each opens exactly what the figure counts."""

from urllib.parse import urlencode

from django.urls import reverse


def deals(**filters: str) -> str:
    """The list of deals with these filters (dealreg.deals.forms.filters): status, deadline, partner, …"""
    return f"{reverse('deals:list')}?{urlencode(filters)}"


def partners(**filters: str) -> str:
    return f"{reverse('partners:list')}?{urlencode(filters)}"
