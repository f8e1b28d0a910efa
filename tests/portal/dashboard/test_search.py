"""The search of the top bar finds what one sees, by kind, and nothing else (promises S1, S2)."""

import pytest

from dealreg.deals.models import Deal
from portal.accounts.models import User
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


def found(browser, text, place="/search/"):
    answer = browser.get(place, {"q": text})
    assert answer.status_code == 200
    return {group.name: {hit.title for hit in group.hits} for group in answer.context["groups"]}


@pytest.fixture
def deals(cast):
    return {
        "alpha": stages.submitted(cast, customer_name="Hôpital Saint-Roch"),
        "bravo": stages.submitted(cast, cast.bruno, customer_name="Hopital Nord"),
        "third": stages.submitted(cast, cast.bruno, customer_name="HÔPITAL Ouest", distributor=cast.third),
        "platin": stages.submitted(cast, cast.paul, customer_name="Hopital Köln"),
    }


SEEN = {
    "amir": {"Hôpital Saint-Roch"},
    "adam": {"Hôpital Saint-Roch"},
    "bruno": {"Hopital Nord", "HÔPITAL Ouest"},
    "carla": set(),
    "denise": {"Hôpital Saint-Roch", "Hopital Nord"},
    "eve": {"HÔPITAL Ouest"},
    "dieter": {"Hopital Köln"},
    "karim": {"Hôpital Saint-Roch", "Hopital Nord", "HÔPITAL Ouest"},
    "nora": {"Hôpital Saint-Roch", "Hopital Nord", "HÔPITAL Ouest", "Hopital Köln"},
}


@pytest.mark.parametrize("place", ["/search/", "/search/suggestions/"])
@pytest.mark.parametrize("person", SEEN)
def test_customers_are_found_in_the_deals_that_one_sees(cast, sign_in, deals, person, place):
    browser = sign_in(getattr(cast, person))
    assert found(browser, "hopital", place).get("deals", set()) == SEEN[person]
    # In the middle of a word too, and every word counts.
    assert found(browser, "pital", place).get("deals", set()) == SEEN[person]
    assert "deals" not in found(browser, "hopital nowhere", place)


def test_a_number_is_found_misread_too_and_a_foreign_one_is_not(cast, sign_in, deals):
    number = deals["alpha"].reference
    misread = number.lower().replace("-", "").replace("0", "o").replace("1", "l")
    for typed in (number, misread, number[:5]):
        assert found(sign_in(cast.amir), typed)["deals"] == {"Hôpital Saint-Roch"}, typed
        assert found(sign_in(cast.denise), typed)["deals"] == {"Hôpital Saint-Roch"}, typed
        assert found(sign_in(cast.carla), typed) == {}
        assert found(sign_in(cast.eve), typed) == {}


def test_partners_are_found_by_those_who_see_them(cast, sign_in, deals):
    assert cast.alpha.trade_name in found(sign_in(cast.denise), "alpha secu")["partners"]
    assert found(sign_in(cast.denise), "alpha")["deals"] == {"Hôpital Saint-Roch"}
    assert found(sign_in(cast.denise), cast.alpha.reference.lower())["partners"] == {cast.alpha.trade_name}
    assert "partners" not in found(sign_in(cast.dieter), "alpha")
    assert "partners" not in found(sign_in(cast.bruno), "alpha")


def test_colleagues_distributors_and_pages_are_found(cast, sign_in):
    assert found(sign_in(cast.amir), "moreau")["people"] == {"Alice Moreau"}
    assert "people" not in found(sign_in(cast.bruno), "moreau")
    assert found(sign_in(cast.nora), "distri nord")["distributors"] == {cast.distri_nord.name}
    assert "distributors" not in found(sign_in(cast.amir), "distri nord")
    assert found(sign_in(cast.amir), "catal")["pages"] == {"Catalogue"}


def test_the_page_counts_and_leads_to_the_list(cast, sign_in, deals):
    page = sign_in(cast.denise).get("/search/", {"q": "hopital & co"}).content.decode()
    assert "Nothing found" in page
    page = sign_in(cast.denise).get("/search/", {"q": "hopital"}).content.decode()
    assert "/deals/?q=hopital" in page


@pytest.mark.parametrize("text", ["", "h", "\0\0", "%", "_", "'", "\\", "é" * 3000, "dr-", "DR-000000"])
def test_too_little_and_nonsense_find_nothing(cast, sign_in, deals, text):
    browser = sign_in(cast.amir)
    for place in ("/search/", "/search/suggestions/"):
        assert "deals" not in found(browser, text, place) or text == "dr-"


def test_who_asks_too_often_waits(cast, sign_in, deals, monkeypatch):
    monkeypatch.setattr("portal.dashboard.views.MOST_SEARCHES_A_MINUTE", 2)
    browser = sign_in(cast.amir)
    for _turn in range(2):
        assert browser.get("/search/suggestions/", {"q": "hopital"}).status_code == 200
    assert browser.get("/search/suggestions/", {"q": "hopital"}).status_code == 204
    waiting = browser.get("/search/", {"q": "hopital"})
    assert waiting.status_code == 429
    assert "Wait a minute" in waiting.content.decode()


@pytest.mark.parametrize("person", ["amir", "denise", "karim"])
def test_a_search_costs_the_same_for_two_rows_and_for_twenty(
    cast, sign_in, person, django_assert_max_num_queries
):
    browser = sign_in(getattr(cast, person))
    counts = []
    for rows in (2, 20):
        while Deal.objects.count() < rows:
            stages.submitted(cast, customer_name=f"Client {Deal.objects.count():02d} SA")
        browser.get("/search/", {"q": "client"})
        with django_assert_max_num_queries(14) as captured:
            browser.get("/search/", {"q": "client"})
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_names_are_taken_to_pieces_alike_in_python_and_in_the_database(cast):
    from django.db import connection

    from portal.core.name_search import ACCENTED, pieces, searched_words

    for name in ("Hôpital Saint-Roch", "ÉCOLE d'Art", "A & B", "Łódź Öl", ACCENTED, ACCENTED.upper(), ""):
        with connection.cursor() as cursor:
            cursor.execute("SELECT name_pieces(%s)", [name])
            held = set(cursor.fetchone()[0])
        assert {piece for word in searched_words(name) for piece in pieces(word)} <= held
