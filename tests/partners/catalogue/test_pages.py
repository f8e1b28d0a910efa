"""The catalogue's pages: the price list of the reader's region, the calculator, and the import."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partners.catalogue.models import PriceImport, PriceList, PriceRegion, Product
from tests.factories.organisations import DistributorFactory
from tests.partners.catalogue.conftest import csv_of

READERS = [
    "nora",
    "karim",
    "august",
    "denise",
    "olga",
    "dieter",
    "alice",
    "amir",
    "tina",
    "adam",
    "dora",
    "paul",
]
LINE = {"product": "EPS-SEL", "nodes": "60", "months": "12"}


def page(response):
    """As read in plain blanks: French figures hold no-break blanks of two widths."""
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def upload(data, name="prices.csv"):
    return {"file": SimpleUploadedFile(name, data)}


@pytest.mark.parametrize("name", READERS)
def test_everybody_who_belongs_somewhere_reads_the_catalogue(cast, sign_in, name):
    response = sign_in(getattr(cast, name)).get("/catalogue/", LINE)
    assert response.status_code == 200
    assert len(response.context["page"].object_list) == len(cast.products)


def test_a_person_of_no_organisation_is_refused_and_a_visitor_signs_in(cast, sign_in):
    assert sign_in(cast.stranger).get("/catalogue/").status_code == 403
    assert sign_in().get("/catalogue/").status_code == 302


@pytest.mark.parametrize(
    ("name", "asked", "shown"),
    [
        ("bruno", "", "euro"),
        ("bruno", "gb", "euro"),
        ("paul", "ch", "euro"),
        ("dieter", "", "euro"),
        ("dieter", "ch", "ch"),
        ("dieter", "gb", "euro"),
        ("nora", "", "gb"),
        ("nora", "ch", "ch"),
        ("ingrid", "", "euro"),
        ("nora", "mars", "gb"),
    ],
)
def test_whose_prices_a_reader_sees(cast, sign_in, name, asked, shown):
    """A partner its own country's; a distributor those of the countries it serves; the vendor any."""
    response = sign_in(getattr(cast, name)).get("/catalogue/", {"region": asked} if asked else {})
    assert response.context["region"].code == shown


def test_invented_prices_say_so(cast, sign_in):
    browser = sign_in(cast.bruno)
    assert "All amounts in this list are invented" in page(browser.get("/catalogue/"))
    assert "Invented demonstration price" in page(browser.get("/catalogue/", LINE))
    PriceList.objects.update(is_demo=False)
    assert "invented" not in page(browser.get("/catalogue/", LINE)).lower()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "mail"}, {"TRG-MAIL"}),
        ({"q": "EPS"}, {"EPS-SEL", "EPS-ADV"}),
        ({"q": "endpoint adv"}, {"EPS-ADV"}),
        ({"group": "xsp"}, {"XSP-01"}),
        ({"q": "security", "group": "total-security"}, {"TOT-01"}),
        ({"q": "%"}, set()),
        ({"q": "nothing of the kind"}, set()),
    ],
)
def test_products_are_searched_by_name_number_and_group(cast, sign_in, asked, found):
    response = sign_in(cast.bruno).get("/catalogue/", asked)
    assert {product.sku for product in response.context["page"].object_list} == found
    assert ("No product matches" in page(response)) == (not found)


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "x" * 500},
        {"q": "\x00"},
        {"group": "nothing"},
        {"term": "abc"},
        {"term": "99"},
        {"page": "abc"},
        {"page": "9999"},
        {"region": "' OR 1=1"},
    ],
)
def test_hostile_questions_get_a_page(cast, sign_in, asked):
    assert sign_in(cast.nora).get("/catalogue/", asked).status_code == 200


def test_prices_are_shown_for_the_term_that_is_asked(cast, sign_in):
    text = page(sign_in(cast.bruno).get("/catalogue/", {"term": "24", "q": "EPS-SEL"}))
    assert "€64.00" in text
    assert "€40.00" not in text


def test_products_that_are_not_on_sale_are_not_shown(cast, sign_in):
    Product.objects.filter(sku="EPS-SEL").update(is_active=False)
    response = sign_in(cast.bruno).get("/catalogue/", LINE)
    assert "EPS-SEL" not in {product.sku for product in response.context["page"].object_list}
    assert "line" not in response.context


def test_a_coming_price_list_is_announced(cast, sign_in):
    today = timezone.localdate()
    PriceList.objects.filter(region__code="euro").update(valid_until=today)
    PriceList.objects.create(
        region=cast.price_lists["euro"].region, currency="EUR", valid_from=today + timedelta(days=1)
    )
    assert "A new price list comes into force" in page(sign_in(cast.bruno).get("/catalogue/"))


def test_without_a_valid_price_list_products_are_shown_without_prices(cast, sign_in):
    PriceList.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    response = sign_in(cast.bruno).get("/catalogue/", LINE)
    assert "No price list is valid" in page(response)
    assert response.context["page"].object_list


def test_a_distributor_of_a_country_without_a_region_sees_no_prices(cast, sign_in):
    lonely = DistributorFactory(country="IL", countries=["IL"])
    cast.denise.memberships.update(distributor=lonely)
    response = sign_in(cast.denise).get("/catalogue/")
    assert (response.status_code, response.context["region"]) == (200, None)


# ---------------------------------------------------------------- the calculator


def test_the_amount_of_a_line_with_the_readers_own_ceilings(cast, sign_in):
    response = sign_in(cast.bruno).get("/catalogue/", LINE)
    assert response.context["line"].amount == Decimal("2160.00")
    own = response.context["own"]
    assert (own.tier, own.recommended_pct, own.recommended_amount, own.registered_pct) == (
        "silver",
        25,
        Decimal("540.00"),
        5,
    )
    assert "€2,160.00" in page(response)


@pytest.mark.parametrize(
    ("name", "product", "registered", "why"),
    [
        ("alice", "EPS-SEL", 5, ""),
        ("carla", "ATA-01", None, "from the Silver tier on"),
        ("dora", "EPS-SEL", None, "from the Bronze tier on"),
        ("bruno", "ATA-01", None, "needs the specialisation"),
        ("paul", "ATA-01", 25, ""),
    ],
)
def test_what_a_registered_deal_would_add_or_why_not(cast, sign_in, name, product, registered, why):
    person = getattr(cast, name)
    person.language = "en"
    person.save()
    own = sign_in(person).get("/catalogue/", LINE | {"product": product}).context["own"]
    assert own.registered_pct == registered
    assert why in own.refusal


@pytest.mark.parametrize("name", ["denise", "karim", "nora"])
def test_distributors_and_the_vendor_see_the_ceilings_of_every_tier(cast, sign_in, name):
    response = sign_in(getattr(cast, name)).get("/catalogue/", LINE)
    found = [(one.tier, one.recommended_pct, one.registered_pct) for one in response.context["by_tier"]]
    assert found == [
        ("platinum", 35, 5),
        ("gold", 30, 5),
        ("silver", 25, 5),
        ("bronze", 20, 5),
        ("registered", 20, None),
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"nodes": ""},
        {"nodes": "0"},
        {"nodes": "-5"},
        {"nodes": "many"},
        {"nodes": "99999999999999999999"},
        {"months": "18"},
        {"months": "x"},
        {"product": "NONE"},
        {"product": "<script>"},
    ],
)
def test_a_calculation_that_cannot_be_says_why(cast, sign_in, asked):
    response = sign_in(cast.bruno).get("/catalogue/", LINE | asked)
    assert response.status_code == 200
    assert "line" not in response.context
    assert response.context["calculator"].errors
    assert "calc-errors" in page(response)


def test_a_product_without_a_price_says_so(cast, sign_in):
    cast.price_lists["euro"].prices.filter(product=cast.products["EPS-SEL"], nodes_from=1).delete()
    response = sign_in(cast.bruno).get("/catalogue/", LINE | {"nodes": "3"})
    assert "has no price for this product" in page(response)


def test_before_the_first_edition_an_amount_has_no_ceilings(cast, sign_in):
    PriceList.objects.update(valid_from="2016-01-01")
    with time_machine.travel("2016-06-01"):
        response = sign_in(cast.bruno).get("/catalogue/", LINE)
    assert "own" not in response.context
    assert response.context["line"].amount == Decimal("2160.00")


def test_a_group_outside_the_edition_has_no_ceilings(cast, sign_in):
    cast.groups["endpoint-security"].code = "other"
    cast.groups["endpoint-security"].save()
    response = sign_in(cast.bruno).get("/catalogue/", LINE)
    assert "own" not in response.context
    assert "line" in response.context


def test_the_page_costs_a_constant_number_of_queries(cast, sign_in, django_assert_max_num_queries):
    browser = sign_in(cast.nora)
    browser.get("/catalogue/", LINE)
    with django_assert_max_num_queries(20):
        browser.get("/catalogue/", LINE)
    Product.objects.bulk_create(
        Product(sku=f"X-{number}", name=f"Extra {number}", group=cast.groups["xsp"]) for number in range(60)
    )
    with django_assert_max_num_queries(20):
        response = browser.get("/catalogue/", LINE)
    assert len(response.context["page"].object_list) == 50


# ---------------------------------------------------------------- import


def test_from_upload_over_preview_to_applied_prices(cast, sign_in):
    browser = sign_in(cast.nora)
    assert browser.get("/catalogue/import/").status_code == 200
    first_day = timezone.localdate() + timedelta(days=30)
    content = csv_of(f"euro,EUR,{first_day},,EPS-SEL,12,1,42.00")
    answer = browser.post("/catalogue/import/", upload(content))
    kept = PriceImport.objects.get()
    assert answer.url == f"/catalogue/imports/{kept.reference}/"
    preview = browser.get(answer.url)
    assert "1 line, all right" in page(preview)
    assert not PriceList.objects.filter(valid_from=first_day).exists()
    waiting = browser.get("/catalogue/price-lists/")
    assert "prices.csv" in page(waiting)
    done = browser.post(f"{answer.url}apply/", follow=True)
    assert "New price lists: 1" in page(done)
    assert PriceList.objects.get(valid_from=first_day).prices.count() == 1
    assert "were applied on" in page(browser.get(answer.url))
    again = browser.post(f"{answer.url}apply/", follow=True)
    assert "already been applied" in page(again)
    assert browser.post(f"{answer.url}discard/").status_code == 409


def test_a_bad_file_is_reported_line_by_line_and_cannot_be_applied(cast, sign_in):
    browser = sign_in(cast.nora)
    content = csv_of(
        "mars,EUR,2027-01-01,,EPS-SEL,12,1,42.00", "euro,EUR,2027-01-01,,=HYPERLINK(1),12,1,42.00"
    )
    address = browser.post("/catalogue/import/", upload(content)).url
    preview = browser.get(address)
    assert [(one["line"], one["column"]) for one in preview.context["problems"]] == [
        (2, "region"),
        (3, "sku"),
    ]
    assert "Apply these prices" not in page(preview)
    report = b"".join(browser.get(f"{address}problems.csv").streaming_content).decode("utf-8-sig")
    assert report.splitlines()[1] == "2,region,mars,No such price region."
    assert "'=HYPERLINK(1)" in report
    assert "nothing was imported" in page(browser.post(f"{address}apply/", follow=True))
    browser.post(f"{address}discard/")
    assert not PriceImport.objects.exists()


def test_many_problems_are_cut_on_the_page_and_whole_in_the_report(cast, sign_in):
    browser = sign_in(cast.nora)
    address = browser.post(
        "/catalogue/import/", upload(csv_of(*["mars,EUR,2027-01-01,,EPS-SEL,12,1,42"] * 1_100))
    ).url
    preview = browser.get(address)
    assert len(preview.context["problems"]) == 200
    assert "at least 1 000 problems" in page(preview)
    report = b"".join(browser.get(f"{address}problems.csv").streaming_content).decode()
    assert len(report.splitlines()) == 1_001


def test_a_first_list_of_a_region_ends_none(cast, sign_in):
    PriceRegion.objects.create(code="israel", name="Israel", countries=["IL"])
    browser = sign_in(cast.nora)
    address = browser.post(
        "/catalogue/import/", upload(csv_of("israel,ILS,2027-01-01,2027-12-31,EPS-SEL,12,1,99"))
    ).url
    assert "No list is valid on that day" in page(browser.get(address))


@pytest.mark.parametrize("files", [{}, upload(b""), upload(b"x" * 2_000_001)])
def test_what_cannot_be_a_price_file_is_answered_on_the_field(cast, sign_in, files):
    response = sign_in(cast.nora).post("/catalogue/import/", files)
    assert response.status_code == 422
    assert "file" in response.context["form"].errors
    assert not PriceImport.objects.exists()


@pytest.mark.parametrize("name", ["karim", "august", "denise", "alice", "adam"])
def test_others_neither_see_nor_import(cast, sign_in, name):
    address = sign_in(cast.nora).post("/catalogue/import/", upload(b"x")).url
    browser = sign_in(getattr(cast, name))
    for path in ("/catalogue/price-lists/", "/catalogue/import/", address, f"{address}problems.csv"):
        assert browser.get(path).status_code == 403
    for path in ("/catalogue/import/", f"{address}apply/", f"{address}discard/"):
        assert browser.post(path).status_code == 403


def test_an_import_that_does_not_exist_is_404(cast, sign_in):
    address = "/catalogue/imports/0b9f3f5e-0000-4000-8000-000000000000/"
    assert sign_in(cast.nora).get(address).status_code == 404


def test_the_price_lists_say_which_is_in_force(cast, sign_in):
    today = timezone.localdate()
    PriceList.objects.filter(region__code="gb").update(valid_until=today - timedelta(days=2))
    PriceList.objects.filter(region__code="ch").update(valid_from=today + timedelta(days=1))
    response = sign_in(cast.nora).get("/catalogue/price-lists/")
    states = {row["list"].region.code: row["state"] for row in response.context["rows"]}
    assert states == {"euro": "in_force", "gb": "superseded", "ch": "coming"}
