"""What a page costs, in statements."""

from django.db import connection
from django.test.utils import CaptureQueriesContext


def cost(browser, place: str) -> int:
    browser.get(place)  # what is read once and kept
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(place).status_code == 200
    return len(seen)
