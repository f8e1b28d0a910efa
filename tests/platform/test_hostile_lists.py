"""Whatever stands in the address of a list: an answer, never a server error, and never all rows at once."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.world import World

HOSTILE = [
    "-1", "0", "1", "1e9", "1000000", "1000000000", "9223372036854775807", "9" * 23, "9" * 5_000, "abc",
    "\x00", "", " ", "-", "--", "٣", "1.5", "None", "id", "-pk", "customer_name__pk", "?", "a,b",
]  # fmt: skip
LISTS = {
    "/deals/": "denise",
    "/deals/queue/": "denise",
    "/deals/conflicts/": "karim",
    "/deals/revocations/": "karim",
    "/customers/": "karim",
    "/deals/export/csv/": "denise",
    "/deals/export/xlsx/": "amir",
    "/people/": "nora",
    "/offices/": "nora",
    "/partners/": "karim",
    "/partners/partners.csv": "karim",
    "/partners/P-000001/people/": "nora",
    "/distributors/": "nora",
    "/training/": "amir",
    "/training/courses.csv": "karim",
    "/training/sessions/": "karim",
    "/training/calendar/": "denise",
    "/training/EX-1/questions/": "karim",
    "/inbox/": "amir",
    "/team/": "alice",
    "/team/team.csv": "alice",
    "/team/of/P-000001/": "karim",
    "/team/coverage/": "denise",
    "/team/coverage.xlsx": "karim",
    "/team/transfers/": "karim",
    "/certificates/": "karim",
    "/certificates/export.csv": "alice",
    "/catalogue/": "amir",
    "/programme/editions/": "nora",
    "/departures/": "karim",
    "/departures/export/csv/": "karim",
    "/tier-reviews/": "karim",
    "/demo/mail/": "anonymous",
    "/status/": "anonymous",
}


NAMES = ["page", "per_page", "sort", "q", "country"]


def queries() -> Iterator[list[tuple[str, str]]]:
    """Each value once under each name, another under every other name; then each name alone, and twice."""
    for turn in range(len(HOSTILE)):
        yield [(name, HOSTILE[(turn + 5 * place) % len(HOSTILE)]) for place, name in enumerate(NAMES)]
    for name in NAMES:
        yield [(name, "\x00")]
        yield [(name, "9" * 23)]
        yield [(name, "1"), (name, "-1"), (name, "\x00")]


@pytest.mark.parametrize("address", LISTS)
def test_no_list_falls_over_its_address(world: World, settings, address):
    settings.DEMO = True
    browser = world.browser(LISTS[address])
    # The inbox says of a page beyond its end that there is none.
    allowed = {200, 404} if address == "/inbox/" else {200}
    for query in queries():
        assert browser.get(f"{address}?{urlencode(query)}").status_code in allowed, (address, query)


@pytest.mark.parametrize("address", ["/deals/", "/people/", "/partners/", "/distributors/", "/offices/"])
@pytest.mark.parametrize("asked", ["1", "-1", "1000000"])
def test_nobody_chooses_how_many_rows_a_page_has(world: World, address, asked):
    who = {"/deals/": "denise"}.get(address, "nora")
    table = world.browser(who).get(address, {"per_page": asked}).context["table"]
    assert table.paginator.per_page == 25
