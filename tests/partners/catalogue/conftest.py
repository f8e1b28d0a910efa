import pytest
from django.utils import translation

HEADER = "region,currency,valid_from,valid_until,sku,term_months,nodes_from,per_node"


@pytest.fixture(autouse=True)
def english():
    """Another test's reader must not leave French behind."""
    with translation.override("en"):
        yield


def csv_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()
