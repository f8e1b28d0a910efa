"""Pages of the end: changes, disputed orders, registering on behalf, another distributor, losses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.lifecycle import AmendmentStatus
from dealreg.deals.models import Amendment, Deal, LossCode
from portal.notifications.actions import deliver_due
from tests.dealreg.deals.stages import LATER, MONDAY, approved, expired, in_english, submitted, won
from tests.dealreg.deals.test_amending import grown
from tests.dealreg.deals.test_on_behalf import draft_for, on_behalf

pytestmark = pytest.mark.django_db
THEN = LATER + timedelta(days=2)


@pytest.fixture
def cast(cast):
    return in_english(cast)


@pytest.fixture(autouse=True)
def then(time_machine_at):
    with time_machine_at(THEN):
        yield


def page_of(answer):
    return answer.content.decode()


def change(deal, **fields):
    line = deal.lines.get()
    return {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "1",
        "lines-0-product": str(line.product_id),
        "lines-0-nodes": "200",
        "lines-0-term_months": "12",
        "nodes": "200",
        "expected_close_on": deal.expected_close_on.isoformat(),
        "reason": "A second site.",
    } | fields


def test_the_partner_sees_first_what_a_change_comes_to(cast, sign_in):
    deal = approved(cast)
    browser = sign_in(cast.amir)
    assert f"/deals/{deal.reference}/amend/" in page_of(browser.get(deal.get_absolute_url()))
    address = f"/deals/{deal.reference}/amend/"
    assert browser.get(address).status_code == 200
    shown = page_of(browser.post(address, change(deal, preview="1")))
    assert "This needs a decision" in shown and "+100" in shown
    assert not Amendment.objects.exists()
    small = change(deal, preview="1", nodes="110") | {"lines-0-nodes": "110"}
    assert "This takes effect at once" in page_of(browser.post(address, small))


def test_a_large_change_goes_to_the_distributor_who_decides_on_its_page(cast, sign_in):
    deal = approved(cast)
    answer = sign_in(cast.amir).post(f"/deals/{deal.reference}/amend/", change(deal), follow=True)
    assert "Take the change back" in page_of(answer)
    # While one is open there is no other.
    again = sign_in(cast.alice).get(f"/deals/{deal.reference}/amend/", follow=True)
    assert "waits for a decision already" in page_of(again)
    browser = sign_in(cast.denise)
    assert "Changes to decide" in page_of(browser.get("/deals/queue/"))
    assert "Compare and decide" in page_of(browser.get(deal.get_absolute_url()))
    address = f"/deals/{deal.reference}/amendment/"
    assert "A second site." in page_of(browser.get(address))
    refused = browser.post(address, {"decision": "refuse", "text": ""})
    assert "Say why" in page_of(refused)
    done = browser.post(address, {"decision": "approve", "text": ""}, follow=True)
    assert "approved and in effect" in page_of(done)
    deal.refresh_from_db()
    assert deal.nodes == 200
    assert "no change of this deal waits" in page_of(browser.get(address, follow=True))


def test_a_refusal_is_read_by_the_partner_with_its_rule_and_edition(cast, sign_in, mailoutbox):
    amendment = grown(cast)
    address = f"/deals/{amendment.deal.reference}/amendment/"
    sign_in(cast.denise).post(address, {"decision": "refuse", "text": "No such site."})
    page = page_of(sign_in(cast.amir).get(amendment.deal.get_absolute_url()))
    assert "No such site." in page and "E4 of edition 2017" in page
    deliver_due(at=timezone.now(), most=50)
    assert any("E4 of edition 2017" in mail.body for mail in mailoutbox)


def test_whoever_may_not_decide_is_refused_on_the_page(cast, sign_in):
    amendment = grown(cast)
    assert sign_in(cast.karim).get(f"/deals/{amendment.deal.reference}/amendment/").status_code == 403


def test_the_partner_takes_a_change_back(cast, sign_in):
    amendment = grown(cast)
    address = f"/deals/{amendment.deal.reference}/amendment/withdraw/"
    assert "taken back" in page_of(sign_in(cast.amir).post(address, follow=True))
    assert Amendment.objects.get().status == AmendmentStatus.WITHDRAWN
    assert "no change of this deal waits" in page_of(sign_in(cast.amir).post(address, follow=True))


def test_what_is_wrong_stands_on_the_form_of_a_change(cast, sign_in):
    deal = approved(cast)
    browser, address = sign_in(cast.amir), f"/deals/{deal.reference}/amend/"
    for fields, said in (
        ({"nodes": "0"}, "greater than or equal to 1"),
        ({"expected_close_on": "2020-01-01"}, "lies in the past"),
        ({"nodes": "100", "lines-0-nodes": "100"}, "Nothing has been changed."),
        ({"lines-0-product": "999999"}, "Select a valid choice"),
    ):
        answer = browser.post(address, change(deal) | fields)
        assert answer.status_code == 200 and said in page_of(answer)
    lost_one = lose(cast, "Verrerie du Nord", "price")
    ended = sign_in(cast.amir).get(f"/deals/{lost_one.reference}/amend/", follow=True)
    assert "Nothing was changed" in page_of(ended)


def test_dispute_and_correction_on_the_page(cast, sign_in):
    deal = won(cast)
    denise, amir = sign_in(cast.denise), sign_in(cast.amir)
    confirm = page_of(denise.get(f"/deals/{deal.reference}/confirm-order/"))
    assert "Order not found" in confirm
    said = denise.post(f"/deals/{deal.reference}/dispute-order/", {"text": "No such number."}, follow=True)
    assert "asked to correct the order" in page_of(said)
    page = page_of(amir.get(deal.get_absolute_url()))
    assert "No such number." in page and "Your turn" in page
    form = page_of(amir.get(f"/deals/{deal.reference}/correct-order/"))
    assert "No such number." in form and "DN-118842" in form
    order = {"order_reference": "DN-9", "order_date": "2026-11-24", "order_amount": "5 000,00"}
    assert "has been asked to confirm" in page_of(
        amir.post(f"/deals/{deal.reference}/correct-order/", order, follow=True)
    )
    assert "DN-9" in page_of(denise.get(deal.get_absolute_url()))


def test_a_loss_suggests_competitors_and_offers_to_register_again(cast, sign_in):
    deal = approved(cast)
    browser = sign_in(cast.amir)
    form = page_of(browser.get(f"/deals/{deal.reference}/report-lost/"))
    assert '<datalist id="competitors">' in form and "Bitdefender" in form
    sent = {"code": "competitor", "lost_to": "Acme Shield", "retry_on": "2027-10-01", "text": ""}
    browser.post(f"/deals/{deal.reference}/report-lost/", sent)
    page = page_of(browser.get(deal.get_absolute_url()))
    assert "Acme Shield" in page and "Register again" in page
    assert f"/deals/{deal.reference}/copy/" in page


def test_an_order_of_the_protected_time_is_reported_from_the_page_of_an_expired_deal(
    cast, sign_in, time_machine_at
):
    deal = expired(cast)
    for days, offered in ((95, True), (101, False)):
        with time_machine_at(LATER + timedelta(days=days)):
            page = page_of(sign_in(cast.amir).get(deal.get_absolute_url()))
            assert (f"/deals/{deal.reference}/report-won/" in page) is offered
            assert ("can still be reported" in page) is offered


# --- on behalf ------------------------------------------------------------------------------------


def test_a_distributor_picks_one_of_its_partners(cast, sign_in):
    browser = sign_in(cast.denise)
    page = page_of(browser.get("/deals/on-behalf/"))
    assert "Alpha Sécurité" in page and "Platin" not in page
    assert "Bravo IT" in page_of(browser.get("/deals/on-behalf/", {"partner": "bravo"}))
    assert "No partner of yours" in page_of(browser.get("/deals/on-behalf/", {"partner": "Platin"}))
    assert browser.get("/deals/on-behalf/", {"partner": "p-000001"}).url == "/deals/on-behalf/P-000001/"
    assert browser.get("/deals/on-behalf/P-000005/").status_code == 404


def test_eligibility_is_told_of_the_partner(cast, sign_in):
    browser = sign_in(cast.denise)
    page = page_of(browser.get("/deals/on-behalf/P-000001/"))
    assert "Standard deals may be registered for it" in page and "You may register" not in page
    refused = browser.get("/deals/on-behalf/P-000004/")
    assert "No deal can be registered for Delta Reseller" in page_of(refused)
    assert browser.post("/deals/on-behalf/P-000004/", {"customer_name": "X"}).status_code == 422


def test_the_steps_lead_to_a_receipt(cast, sign_in):
    browser = sign_in(cast.denise)
    first = browser.get("/deals/on-behalf/P-000001/")
    token = first.context["token"]
    answer = browser.post(
        "/deals/on-behalf/P-000001/",
        {
            "draft": token,
            "action": "continue",
            "customer_name": "Port de Sète",
            "product_group": "endpoint-security",
            "nodes": "100",
            "expected_close_on": "2027-02-01",
            "engagement": "Seen twice.",
        },
    )
    deal = Deal.objects.get()
    assert (deal.on_behalf, deal.distributor, deal.partner) == (True, cast.distri_nord, cast.alpha)
    assert answer.url == f"/deals/{deal.reference}/draft/lines/"
    line = {
        "form-TOTAL_FORMS": "1",
        "form-0-product": str(cast.products["EPS-ADV"].pk),
        "form-0-nodes": "100",
        "form-0-term_months": "12",
        "action": "continue",
    }
    browser.post(answer.url, line)
    review = f"/deals/{deal.reference}/draft/review/"
    assert "The channel manager decides within" in page_of(browser.get(review))
    receipt = browser.post(review, {"action": "submit"}, follow=True)
    assert "Registration received" in page_of(receipt) and "Denise Carlier" in page_of(receipt)
    assert "Registered by the distributor" in page_of(sign_in(cast.amir).get(deal.get_absolute_url()))


def test_the_list_of_a_distributor_holds_its_drafts(cast, sign_in):
    deal = draft_for(cast)
    page = page_of(sign_in(cast.denise).get("/deals/"))
    assert f"/deals/{deal.reference}/draft/customer/" in page and "Register for a partner" in page
    assert deal.reference not in page_of(sign_in(cast.amir).get("/deals/"))
    assert sign_in(cast.amir).get(f"/deals/{deal.reference}/").status_code == 404
    assert sign_in(cast.denise).get(f"/deals/{deal.reference}/").status_code == 302
    assert sign_in(cast.olga).get(f"/deals/{deal.reference}/").status_code == 200


def test_refusals_speak_of_the_partner(cast, sign_in):
    own = submitted(cast)
    deal = draft_for(cast)
    browser, review = sign_in(cast.denise), f"/deals/{deal.reference}/draft/review/"
    assert f"{own.reference} is registered for this partner" in page_of(
        browser.post(review, {"action": "submit"})
    )
    Deal.objects.filter(pk=own.pk).update(customer_name="Verrerie du Nord")
    Deal.objects.filter(pk=deal.pk).update(customer_country="DE")
    assert "The partner is not authorised for this country" in page_of(
        browser.post(review, {"action": "submit"})
    )


def test_a_conflict_is_not_told_to_the_distributor_that_registers(cast, sign_in):
    """Rule E6: it would only have to try to learn which customers are taken."""
    submitted(cast, cast.bruno, distributor=cast.third)
    deal = on_behalf(cast, at=LATER)
    assert "Another registration came first" not in page_of(sign_in(cast.denise).get(deal.get_absolute_url()))
    assert "conflict" in page_of(sign_in(cast.karim).get(deal.get_absolute_url())).lower()


# --- another distributor --------------------------------------------------------------------------


def test_a_partner_with_two_distributors_is_offered_the_other(cast, sign_in):
    deal = submitted(cast, cast.bruno, at=MONDAY)
    browser = sign_in(cast.bruno)
    address = f"/deals/{deal.reference}/change-distributor/"
    assert address in page_of(browser.get(deal.get_absolute_url()))
    form = page_of(browser.get(address))
    assert "Distri Ouest" in form
    assert "Choose a distributor." in page_of(browser.post(address, {}))
    assert "Select a valid choice" in page_of(browser.post(address, {"distributor": "D-002"}))
    done = browser.post(address, {"distributor": "D-003"}, follow=True)
    assert "is with Distri Ouest now" in page_of(done)
    assert sign_in(cast.denise).get(deal.get_absolute_url()).status_code == 404
    inbox = page_of(sign_in(cast.denise).get("/inbox/"))
    assert "Gone to another distributor" in inbox


def test_a_partner_with_one_distributor_is_not(cast, sign_in):
    deal = submitted(cast)
    assert "change-distributor" not in page_of(sign_in(cast.amir).get(deal.get_absolute_url()))
    page = page_of(sign_in(cast.amir).get(f"/deals/{deal.reference}/change-distributor/"))
    assert "buys from no other distributor" in page


def test_after_the_decision_the_page_says_so(cast, sign_in):
    deal = approved(cast)
    answer = sign_in(cast.amir).get(f"/deals/{deal.reference}/change-distributor/", follow=True)
    assert "Nothing was changed" in page_of(answer)


def test_what_the_distributor_registered_stays_with_it(cast, sign_in):
    deal = on_behalf(cast)
    assert sign_in(cast.amir).get(f"/deals/{deal.reference}/change-distributor/").status_code == 403


# --- losses ---------------------------------------------------------------------------------------


def lose(cast, name, code, **more):
    deal = approved(cast, customer_name=name)
    return actions.report_lost(deal, by=cast.amir, at=THEN, code=code, **more)


def test_there_are_about_fifteen_reasons():
    assert 14 <= len(LossCode.choices) <= 17


def test_reasons_and_competitors_are_counted(cast, sign_in):
    lose(cast, "Verrerie du Nord", "price")
    lose(cast, "Port de Sète", "competitor", lost_to="Acme Shield", retry_on=date(2027, 10, 1))
    lose(cast, "Cave des Vignerons", "competitor", lost_to="ACME SHIELD")
    page = sign_in(cast.denise).get("/deals/losses/")
    figures = page.context["figures"]
    assert [(loss.key, loss.deals) for loss in figures.reasons] == [("competitor", 2), ("price", 1)]
    assert figures.reasons[0].amounts == [("EUR", Decimal(10800))]
    assert [loss.deals for loss in figures.competitors] == [2]
    assert (figures.lost, figures.won, figures.to_try_again, figures.share_pct) == (3, 0, 1, 100)
    assert "By reason" in page_of(page)


def test_one_sees_only_the_losses_of_ones_own(cast, sign_in):
    lose(cast, "Verrerie du Nord", "price")
    for who, lost_there in (("amir", 1), ("bruno", 0), ("eve", 0), ("karim", 1), ("ingrid", 0)):
        page = sign_in(cast.people[who]).get("/deals/losses/", {"period": "all"})
        assert page.context["figures"].lost == lost_there, who
        file = b"".join(sign_in(cast.people[who]).get("/deals/losses/export/csv/").streaming_content)
        assert (b"Verrerie" in file) is bool(lost_there), who


def test_the_period_counts(cast, sign_in, time_machine_at):
    lose(cast, "Verrerie du Nord", "price")
    with time_machine_at(THEN + timedelta(days=100)):
        browser = sign_in(cast.amir)
        assert browser.get("/deals/losses/", {"period": "90"}).context["figures"].lost == 0
        assert browser.get("/deals/losses/", {"period": "odd"}).context["figures"].lost == 1
        assert browser.get("/deals/losses/export/odd/").status_code == 404


def test_many_reasons_are_summed_up_in_the_chart(cast, sign_in):
    for number, code in enumerate(list(LossCode)[:8]):
        lose(cast, f"Customer {'ABCDEFGH'[number]} Works", code)
    chart = sign_in(cast.karim).get("/deals/losses/").context["chart"]
    assert chart.rows[-1] == ("All others", "2")
