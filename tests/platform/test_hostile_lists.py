"""Whatever stands in the address of a list: an answer, never a server error, and never all rows at once."""

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


@pytest.mark.parametrize("name", ["page", "per_page", "sort", "q", "country"])
@pytest.mark.parametrize("address", LISTS)
def test_no_list_falls_over_its_address(world: World, settings, address, name):
    settings.DEMO = True
    browser = world.browser(LISTS[address])
    for value in HOSTILE:
        # The inbox says of a page beyond its end that there is none.
        allowed = {200, 404} if (address, name) == ("/inbox/", "page") else {200}
        assert browser.get(address, {name: value}).status_code in allowed, (address, name, value)
    repeated = urlencode([(name, "1"), (name, "-1"), (name, "\x00")])
    assert browser.get(f"{address}?{repeated}").status_code == 200


@pytest.mark.parametrize("address", ["/deals/", "/people/", "/partners/", "/distributors/", "/offices/"])
@pytest.mark.parametrize("asked", ["1", "-1", "1000000"])
def test_nobody_chooses_how_many_rows_a_page_has(world: World, address, asked):
    who = {"/deals/": "denise"}.get(address, "nora")
    table = world.browser(who).get(address, {"per_page": asked}).context["table"]
    assert table.paginator.per_page == 25
