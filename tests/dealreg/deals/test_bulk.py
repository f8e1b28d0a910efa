"""Several deals at once: each as if on its own page, the filters kept, foreign ones passed over."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dealreg.deals.bulk import MOST_AT_ONCE
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal
from portal.accounts.models import User
from portal.audit.models import Event
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db

BULK = "/deals/bulk/"


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


def now():
    return timezone.localtime()


def send(browser, action, *deals, **more):
    data = {"action": action, "deal": [deal.reference for deal in deals], "origin": "list"} | more
    return browser.post(BULK, data)


def status_of(*deals):
    return [Deal.objects.get(pk=deal.pk).status for deal in deals]


@pytest.fixture
def two(cast):
    return [
        stages.submitted(cast, at=now(), customer_name=name) for name in ("Hôpital Nord", "Ville de Lens")
    ]


def test_nothing_is_done_before_it_was_looked_at(cast, sign_in, two):
    page = send(sign_in(cast.denise), "approve", *two)
    text = page.content.decode()
    assert page.status_code == 200
    assert all(deal.reference in text for deal in two)
    assert "ceiling" in text
    assert status_of(*two) == ["submitted", "submitted"]


def test_one_percentage_is_granted_to_each_up_to_its_ceiling(cast, sign_in, two):
    Deal.objects.filter(pk=two[1].pk).update(ceiling_pct=Decimal("2"))
    answer = send(
        sign_in(cast.denise), "approve", *two, confirmed="1", granted_pct="3.5", query="status=open&page=2"
    )
    assert answer["Location"] == "/deals/?status=open&page=2"
    assert status_of(*two) == ["approved", "approved"]
    assert [Deal.objects.get(pk=deal.pk).granted_pct for deal in two] == [Decimal("3.5"), Decimal("2")]
    assert Event.objects.filter(verb="deal.approved").count() == 2


def test_of_an_enterprise_deal_the_distributor_gives_its_half_and_the_vendor_the_other(cast, sign_in):
    deal = stages.enterprise(cast, at=now())
    send(sign_in(cast.denise), "approve", deal, confirmed="1", granted_pct="12.5", origin="queue")
    deal.refresh_from_db()
    assert (deal.step, deal.proposed_pct) == ("vendor", Decimal("12.5"))
    answer = send(sign_in(cast.karim), "approve", deal, confirmed="1", granted_pct="1", origin="queue")
    assert answer["Location"] == "/deals/queue/"
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct) == ("approved", Decimal("12.5"))


def test_what_one_refuses_is_told_in_words_and_stops_no_other(cast, sign_in, two):
    done = stages.approved(cast, customer_name="Déjà Vu SA")
    page = send(
        sign_in(cast.denise),
        "reject",
        two[0],
        done,
        two[1],
        confirmed="1",
        code="incomplete",
        text="No dates.",
    )
    text = page.content.decode()
    assert "Done for 2 deals." in text
    assert "Not done for 1 deal" in text
    assert done.reference in text
    assert "Not possible: the deal is in the state “Approved”." in text
    assert status_of(two[0], done, two[1]) == ["rejected", "approved", "rejected"]


def test_a_question_goes_to_each(cast, sign_in, two):
    send(sign_in(cast.denise), "ask", *two, confirmed="1", text="Which sites?")
    assert status_of(*two) == ["information_requested"] * 2


def test_a_partner_withdraws_discards_and_reports_lost(cast, sign_in, two):
    browser = sign_in(cast.amir)
    draft = stages.draft(cast, at=now())
    lost = stages.approved(cast, customer_name="Perdu SA")
    send(browser, "withdraw", *two, confirmed="1", reason="Project stopped.")
    send(browser, "report_lost", lost, confirmed="1", code="price")
    send(browser, "discard", draft, confirmed="1")
    assert status_of(*two, lost) == ["withdrawn", "withdrawn", "lost"]
    assert not Deal.objects.filter(pk=draft.pk).exists()


def test_losses_are_told_with_the_competitor_and_the_day_to_try_again(cast, sign_in):
    browser = sign_in(cast.amir)
    lost = [stages.approved(cast, customer_name=name) for name in ("Perdu SA", "Perdu aussi SARL")]
    said = {"confirmed": "1", "code": "competitor", "lost_to": "Acme Shield"}
    page = send(browser, "report_lost", *lost, **said, retry_on=str(now().date())).content.decode()
    assert "Choose a day to come." in page and "<datalist" in page
    assert status_of(*lost) == ["approved", "approved"]
    later = now().date() + timedelta(days=300)
    send(browser, "report_lost", *lost, **said, retry_on=str(later))
    told = Deal.objects.filter(status="lost").values_list("lost_to", "retry_on")
    assert list(told) == [("Acme Shield", later)] * 2


def test_a_form_that_is_not_filled_in_does_nothing(cast, sign_in, two):
    for action, given in (
        ("reject", {"code": "other"}),
        ("approve", {"granted_pct": "x"}),
        ("ask", {"text": " "}),
    ):
        page = send(sign_in(cast.denise), action, *two, confirmed="1", **given)
        assert page.status_code == 200
        assert page.context["form"].errors
        assert page.content.decode().count("data-error-summary") == 1
    assert status_of(*two) == ["submitted", "submitted"]


def test_foreign_deals_do_nothing_and_tell_nothing(cast, sign_in, two):
    """The same answer for another company's deal, for one that does not exist, and for none."""
    foreign = stages.submitted(cast, cast.paul, at=now(), customer_name="Stadtwerke Köln")
    answers = [
        send(sign_in(cast.amir), "withdraw", foreign, confirmed="1"),
        sign_in(cast.amir).post(BULK, {"action": "withdraw", "deal": ["DR-222222"], "confirmed": "1"}),
        sign_in(cast.amir).post(BULK, {"action": "withdraw", "confirmed": "1"}),
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/deals/")}
    mixed = send(sign_in(cast.amir), "withdraw", two[0], foreign).content.decode()
    assert two[0].reference in mixed
    assert foreign.reference not in mixed
    assert "Stadtwerke" not in mixed
    for person in (cast.denise, cast.carla):
        send(sign_in(person), "export-csv", foreign)
    assert status_of(foreign) == ["submitted"]


ALLOWED = {
    "amir": {"withdraw", "discard", "report_lost"},
    "adam": set(),
    "denise": {"approve", "ask", "reject"},
    "olga": set(),
    "karim": {"approve", "ask", "reject"},
    "august": set(),
}


@pytest.mark.parametrize("person", ALLOWED)
def test_each_role_is_offered_its_own_actions_and_no_others(cast, sign_in, person, two):
    browser = sign_in(getattr(cast, person))
    page = browser.get("/deals/").content.decode()
    for action in ("approve", "ask", "reject", "withdraw", "discard", "report_lost"):
        offered = f'<option value="{action}">' in page
        assert offered == (action in ALLOWED[person]), action
        status = send(browser, action, *two).status_code
        assert status == (200 if action in ALLOWED[person] else 403), action
    assert '<option value="export-xlsx">' in page
    assert status_of(*two) == ["submitted", "submitted"]


def test_all_that_the_filters_show_can_be_chosen_up_to_a_limit(cast, sign_in, two, monkeypatch):
    stages.approved(cast, customer_name="Other SA")
    browser = sign_in(cast.denise)
    chosen = {"action": "reject", "scope": "all", "origin": "list"}
    page = browser.post(BULK, chosen | {"query": "status=under_review&sort=customer_name"})
    assert [deal.reference for deal in page.context["deals"]] == [deal.reference for deal in two]
    monkeypatch.setattr("dealreg.deals.views.bulk.MOST_AT_ONCE", 1)
    page = browser.post(BULK, {"action": "reject", "scope": "all", "origin": "queue"})
    assert len(page.context["deals"]) == 1
    assert page.context["more"]
    assert MOST_AT_ONCE == 100


def test_the_selected_deals_are_saved_as_a_file(cast, sign_in, two):
    stages.submitted(cast, at=now(), customer_name="Not chosen")
    answer = send(sign_in(cast.amir), "export-csv", *two)
    text = b"".join(answer.streaming_content).decode()
    assert "Ville de Lens" in text
    assert "Not chosen" not in text
    answer = send(sign_in(cast.amir), "export-xlsx", *two)
    assert b"".join(answer.streaming_content)[:2] == b"PK"


@pytest.mark.parametrize("origin", ["list", "queue"])
def test_a_file_of_all_holds_the_whole_list_and_decisions_keep_their_limit(
    cast, sign_in, two, monkeypatch, origin
):
    monkeypatch.setattr("dealreg.deals.views.bulk.MOST_AT_ONCE", 1)
    monkeypatch.setattr("dealreg.deals.views.listing.MOST_AT_ONCE", 1)
    stages.in_english(cast)
    browser = sign_in(cast.denise)
    everything = {"scope": "all", "origin": origin, "query": "status=under_review"}
    answer = browser.post(BULK, everything | {"action": "export-csv"})
    text = b"".join(answer.streaming_content).decode()
    assert all(deal.reference in text for deal in two)
    page = browser.post(BULK, everything | {"action": "reject"})
    assert len(page.context["deals"]) == 1 and "At most 1 deals at once" in page.content.decode()
    place = {"list": "/deals/", "queue": "/deals/queue/"}[origin]
    assert "decided on 1 at a time; a file holds all" in browser.get(place).content.decode()


def test_an_unknown_action_and_strange_queries_lead_back(cast, sign_in, two):
    browser = sign_in(cast.amir)
    for strange in ("//evil.example", "page=%00", "q=" + "x" * 9000, "\0"):
        answer = send(browser, "nonsense", *two, query=strange, origin=strange)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/deals/")
    assert status_of(*two) == [DealStatus.SUBMITTED] * 2


def test_the_queue_offers_its_rows(cast, sign_in, two):
    page = sign_in(cast.denise).get("/deals/queue/").content.decode()
    assert page.count('name="deal" form="bulk"') == 2
    assert 'name="deal" form="bulk"' not in sign_in(cast.olga).get("/deals/queue/").content.decode()


@pytest.mark.parametrize("action", ["reject", "approve", "ask"])
def test_the_page_that_asks_costs_the_same_for_two_deals_and_for_many(cast, sign_in, two, action):
    def cost(*deals):
        with CaptureQueriesContext(connection) as seen:
            assert len(send(browser, action, *deals).context["deals"]) == len(deals)
        return len(seen)

    browser = sign_in(cast.denise)
    send(browser, action, *two)
    few = cost(*two)
    more = [
        stages.submitted(cast, at=now(), customer_name=f"Commune {number} sur Deûle") for number in range(4)
    ]
    assert cost(*two, *more) == few <= 12
