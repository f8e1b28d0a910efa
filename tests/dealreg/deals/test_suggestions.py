"""Earlier customers while one types: one's own, as typed, and nobody else's (rule E6)."""

import pytest

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db


def suggested(browser, text, **more):
    answer = browser.get("/deals/customer-choices/", {"q": text, **more})
    assert answer.status_code == 200
    return answer.json()["results"]


@pytest.fixture
def deals(cast):
    stages.draft(
        cast,
        customer_name="Hôpital Saint-Roch",
        customer_city="Nice",
        web_domain="saint-roch.fr",
        company_number="FR 40 303 265 045",
    )
    stages.submitted(cast, customer_name="Hopital Nord")
    stages.submitted(cast, cast.bruno, customer_name="Hôpital Sud")
    stages.submitted(cast, cast.bruno, customer_name="Hôpital Ouest", distributor=cast.third)


def names(found):
    return {one["text"] for one in found}


def test_a_partner_finds_its_own_earlier_customers_and_no_others(cast, sign_in, deals):
    for person in (cast.amir, cast.alice, cast.tina):
        assert names(suggested(sign_in(person), "hopital")) == {"Hôpital Saint-Roch", "Hopital Nord"}
    assert names(suggested(sign_in(cast.bruno), "HÔP")) == {"Hôpital Sud", "Hôpital Ouest"}
    assert suggested(sign_in(cast.carla), "hopital") == []
    # Naming another partner changes nothing.
    other = {"partner": cast.bravo.reference}
    assert names(suggested(sign_in(cast.amir), "hopital", **other)) == {"Hôpital Saint-Roch", "Hopital Nord"}


def test_what_was_typed_comes_along(cast, sign_in, deals):
    [found] = suggested(sign_in(cast.amir), "roch saint")
    assert found["fill"] == {
        "customer_country": "FR",
        "customer_city": "Nice",
        "web_domain": "saint-roch.fr",
        "company_number": "FR 40 303 265 045",
    }


def test_a_distributor_finds_the_customers_of_the_named_partner_in_the_deals_that_it_sees(
    cast, sign_in, deals
):
    denise, eve, dieter = sign_in(cast.denise), sign_in(cast.eve), sign_in(cast.dieter)
    bravo = {"partner": cast.bravo.reference}
    assert names(suggested(denise, "hopital", **bravo)) == {"Hôpital Sud"}
    assert names(suggested(eve, "hopital", **bravo)) == {"Hôpital Ouest"}
    assert suggested(dieter, "hopital", **bravo) == []
    # The partner's draft is nobody else's business.
    alpha = {"partner": cast.alpha.reference}
    assert names(suggested(denise, "hopital", **alpha)) == {"Hopital Nord"}
    assert suggested(denise, "hopital") == []


def test_the_same_customer_is_suggested_once_and_few_in_all(cast, sign_in):
    deal = stages.draft(cast, customer_name="Clinique 0")
    Deal.objects.bulk_create(
        Deal(
            reference=f"DR-T{number:05}",
            partner=deal.partner,
            registered_by=cast.amir,
            customer_country="FR",
            customer_name=f"Clinique {number % 12}",
            status=DealStatus.DRAFT,
        )
        for number in range(40)
    )
    found = suggested(sign_in(cast.amir), "clinique")
    assert len(found) == len(names(found)) == 8


@pytest.mark.parametrize("text", ["", "h", " ", "\0", "%", "é" * 500])
def test_too_little_or_nonsense_finds_nothing(cast, sign_in, deals, text):
    assert suggested(sign_in(cast.amir), text) == []


def test_the_town_chosen_with_a_customer_is_kept(cast, sign_in):
    browser = sign_in(cast.amir)
    deal = stages.draft(cast)
    browser.post(
        f"/deals/{deal.reference}/draft/customer/",
        {"action": "autosave", "customer_name": "Hôpital", "customer_city": "Nice"},
    )
    deal.refresh_from_db()
    assert deal.customer_city == "Nice"
