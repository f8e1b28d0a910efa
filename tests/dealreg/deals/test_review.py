"""The reviewer's page: what it lays beside a registration, and what it keeps from whom (rules E2, E5, E6)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.models import Conflict, Deal, ToldApart
from dealreg.deals.review import partner_record, picture_of
from partners.customers.models import Customer
from partners.organisations.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from tests.dealreg.deals.stages import (
    LATER,
    MONDAY,
    approved,
    draft,
    in_english,
    looked_at,
    revoked,
    submitted,
)
from tests.world import evidence_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


def address(deal: Deal) -> str:
    return f"/deals/{deal.reference}/review/"


def pair(cast, **earlier) -> tuple[Deal, Deal]:
    """Bruno registers first, at Distri Ouest; Amir an hour later, at Distri Nord."""
    first = submitted(cast, cast.bruno, **({"distributor": cast.third, "nodes": 7919} | earlier))
    return first, submitted(cast, at=MONDAY + timedelta(hours=1))


def perhaps(cast) -> tuple[Deal, Deal]:
    """Two registrations of companies that are perhaps the same: alike in name, nothing else known."""
    first = submitted(cast, cast.bruno, customer_name="Transports Delacroix Nord", customer_city="Lille")
    second = submitted(
        cast, at=MONDAY + timedelta(hours=1), customer_name="Transports Delacroix", customer_city="Lille"
    )
    assert first.customer_id != second.customer_id
    return first, second


# --- who sees what -------------------------------------------------------------------------------------


def test_partners_have_no_such_page_and_no_link_to_it(cast, sign_in):
    first, later = pair(cast)
    for person, deal in ((cast.amir, later), (cast.alice, later), (cast.bruno, first), (cast.bruno, later)):
        browser = sign_in(person)
        assert browser.get(address(deal)).status_code == 404
        assert browser.post(address(deal), {"record": "1", "reason": "x"}).status_code == 404
    assert "/review/" not in sign_in(cast.amir).get(later.get_absolute_url()).content.decode()


def test_a_draft_has_no_review(cast, sign_in):
    deal = draft(cast)
    for person in (cast.amir, cast.denise, cast.karim):
        assert sign_in(person).get(address(deal)).status_code == 404


def test_the_channel_manager_sees_both_registrations_in_full(cast, sign_in, time_machine_at):
    first, later = pair(cast)
    with time_machine_at(LATER):
        page = sign_in(cast.karim).get(address(later)).content.decode()
    for word in (
        first.reference,
        "Bravo IT",
        "Distri Ouest",
        "the same company",
        "same name",
        "Compare and settle",
    ):
        assert word in page
    conflict = Conflict.objects.get().get_absolute_url()
    assert page.count(f'href="{conflict}"') == 2
    assert f'<a class="btn btn-primary" href="{conflict}">' in page
    assert "Nothing is for you to decide" not in page
    assert 'class="match"' in page


def test_a_distributor_learns_of_a_rival_at_another_only_that_there_is_one(cast, sign_in, time_machine_at):
    first, later = pair(cast)
    with time_machine_at(LATER):
        page = sign_in(cast.denise).get(address(later)).content.decode()
        other = sign_in(cast.eve).get(address(first)).content.decode()
    assert "Another registration came first" in page
    assert "Nothing that you may see." in page
    for word in (
        "Bravo",
        "Distri Ouest",
        "Bruno",
        first.reference,
        "7,919",
        Conflict.objects.get().get_absolute_url(),
    ):
        assert word not in page
    # Whoever has the earlier one is told nothing: it is served first.
    for word in ("Another registration", "Alpha", "Amir", later.reference):
        assert word not in other


def test_a_distributor_sees_its_own_partners_deals_in_full(cast, sign_in, time_machine_at):
    first, later = pair(cast, distributor=cast.distri_nord)
    with time_machine_at(LATER):
        page = sign_in(cast.denise).get(address(later)).content.decode()
    for word in (first.reference, "Bravo IT", first.get_absolute_url()):
        assert word in page
    assert "It is with another distributor" not in page


def test_records_that_only_others_have_named_are_not_shown_to_a_distributor(cast):
    first, second = perhaps(cast)
    Deal.objects.filter(pk=first.pk).update(distributor=cast.third)
    assert picture_of(cast.denise, second, LATER).candidates == [] or all(
        one.key != first.customer_id for one in picture_of(cast.denise, second, LATER).candidates
    )
    assert first.customer_id in {one.key for one in picture_of(cast.karim, second, LATER).candidates}


def test_a_number_that_cannot_be_read_leaves_what_the_name_finds(cast, sign_in):
    deal = submitted(cast)
    Deal.objects.filter(pk=deal.pk).update(company_number="no number")
    answer = sign_in(cast.karim).get(address(deal))
    assert answer.status_code == 200
    (one,) = answer.context["picture"].candidates
    assert (one.customer, one.facts) == (deal.customer, {"name"})


def test_of_very_many_registrations_the_running_ones_are_shown(cast, monkeypatch):
    gone = submitted(cast, cast.bruno)
    looked_at(actions.withdraw_deal(gone, by=cast.bruno, at=MONDAY))
    running = submitted(cast, at=MONDAY + timedelta(hours=1))
    deal = submitted(cast, cast.bruno, at=MONDAY + timedelta(hours=2))
    [candidate] = picture_of(cast.karim, deal, LATER).candidates
    assert [other.deal for other in candidate.deals] == [running]
    assert [other.deal for other in picture_of(cast.karim, deal, LATER).history] == [gone]
    monkeypatch.setattr("dealreg.deals.review.MOST_DEALS", 1)
    cut = picture_of(cast.karim, deal, LATER)
    assert [other.deal for other in cut.candidates[0].deals] == [running]
    assert cut.history == []


# --- history and record --------------------------------------------------------------------------------


def test_what_the_customer_has_bought_stands_in_its_history(cast, sign_in, time_machine_at):
    first = approved(cast)
    actions.report_won(
        first, by=cast.amir, at=LATER, order_reference="X", order_date=LATER.date(), order_amount=Decimal(1)
    )
    deal = submitted(cast, cast.bruno, at=LATER + timedelta(days=1))
    with time_machine_at(LATER + timedelta(days=1)):
        answer = sign_in(cast.karim).get(address(deal))
    [purchase] = answer.context["purchases"]
    assert (purchase.bought_on, purchase.deal) == (date(2026, 11, 24), first)
    assert "not new business" in answer.content.decode()
    assert picture_of(cast.karim, deal, LATER + timedelta(days=500)).history == []


def test_the_partners_record_counts_what_was_untrue_and_what_is_without_news(cast):
    deal = revoked(cast)
    Deal.objects.filter(pk=deal.pk).update(revocation_code="untrue_statement")
    rejected = submitted(cast, customer_name="Ville de Cassel")
    actions.reject_deal(
        rejected, by=cast.denise, at=LATER, code="customer_objects", text="They know nothing."
    )
    quiet = submitted(cast, customer_name="Mairie de Lens")
    talked = submitted(cast, customer_name="Mairie de Lille")
    Deal.objects.filter(pk__in=[quiet.pk, talked.pk]).update(changed_at=MONDAY - timedelta(days=40))
    actions.add_comment(talked, by=cast.amir, at=LATER, text="We meet on Friday.")
    Deal.objects.filter(pk=talked.pk).update(changed_at=MONDAY - timedelta(days=40))
    submitted(cast, cast.bruno, customer_name="Mairie de Douai")
    record = partner_record(cast.karim, quiet, LATER)
    assert (record.running, record.without_news, record.without_news_pct) == (2, 1, 50)
    assert (record.registered, record.untrue) == (4, 2)
    assert partner_record(cast.denise, quiet, LATER) == record
    assert partner_record(cast.eve, quiet, LATER).registered == 0
    assert partner_record(cast.eve, quiet, LATER).without_news_pct is None


# --- decisions ------------------------------------------------------------------------------------------


def test_the_page_offers_what_the_reader_may_decide_and_nothing_else(cast, sign_in, time_machine_at):
    deal = submitted(cast)
    with time_machine_at(LATER):
        offered = {
            person: [
                button.move for button in sign_in(getattr(cast, person)).get(address(deal)).context["buttons"]
            ]
            for person in ("denise", "olga", "karim", "august")
        }
    assert set(offered["denise"]) == {"approve", "request_information", "reject"}
    assert offered["olga"] == offered["karim"] == offered["august"] == []


def test_products_files_and_contact_stand_on_the_page(cast, sign_in, time_machine_at):
    deal = draft(
        cast,
        contact_name="Claire Duval",
        contact_role="Head of IT",
        contact_email="claire.duval@saint-roch.example",
        contact_phone="+33 1 23 45 67 89",
        notes="Two sites, one contract.",
        nodes=120,
    )
    actions.attach_evidence(
        deal, by=cast.amir, at=MONDAY, upload=evidence_file(), kind="meeting", dated_on=date(2026, 11, 20)
    )
    looked_at(actions.submit_deal(deal, by=cast.amir, at=MONDAY))
    for person in (cast.denise, cast.karim):
        with time_machine_at(LATER):
            page = sign_in(person).get(address(deal)).content.decode()
        for said in ("Claire Duval", "Head of IT", "claire.duval@saint-roch.example", "+33 1 23 45 67 89"):
            assert said in page
        assert "EPS-ADV" in page and "€54.00" in page and "€5,400.00" in page
        assert "120 nodes announced, 100 in the lines" in page
        assert "Two sites, one contract." in page
        file = deal.evidence.get()
        assert file.document.name in page and f"/documents/{file.document_id}/" in page


def test_a_conflict_blocks_the_approval_on_the_page_too(cast, sign_in, time_machine_at):
    _first, later = pair(cast)
    with time_machine_at(LATER):
        page = sign_in(cast.denise).get(address(later)).content.decode()
    assert "A conflict has to be settled before" in page


def test_a_record_told_apart_is_not_offered_again_and_leaves_a_trace(cast, sign_in, time_machine_at):
    first, second = perhaps(cast)
    browser = sign_in(cast.karim)
    with time_machine_at(LATER):
        page = browser.get(address(second)).content.decode()
        assert "perhaps the same" in page and "Another company" in page
        facts = {"record": first.customer_id, "reason": "Another town, another owner."}
        answer = browser.post(address(second), facts, follow=True)
        again = browser.post(address(second), facts, follow=True)
    assert first.customer_id not in {one.key for one in answer.context["picture"].candidates}
    told = ToldApart.objects.get()
    assert (told.by, told.reason) == (cast.karim, "Another town, another owner.")
    assert "Another town, another owner." in answer.content.decode()
    assert "no longer among those" in again.content.decode()
    assert Event.objects.get(verb="deal.customer_told_apart").audience == "vendor"
    # It still is on the other deal's page.
    assert second.customer_id in {one.key for one in picture_of(cast.karim, first, LATER).candidates}


def test_a_distributor_tells_apart_what_it_sees_and_cannot_try_out_others(cast):
    first, second = perhaps(cast)
    told = actions.tell_apart(second, first.customer, by=cast.denise, at=LATER, reason="Two owners.")
    assert told.by == cast.denise
    hidden = submitted(
        cast,
        cast.bruno,
        distributor=cast.third,
        customer_name="Garage Vandenbroucke Sud",
        customer_city="Lyon",
    )
    mine = submitted(cast, customer_name="Garage Vandenbroucke", customer_city="Lyon")
    for record in (hidden.customer, Customer(pk=987654)):
        with pytest.raises(WrongState) as refusal:
            actions.tell_apart(mine, record, by=cast.denise, at=LATER, reason="x")
        assert refusal.value.code == "not-offered"


def test_telling_apart_needs_a_reason_and_a_role(cast, sign_in):
    first, second = perhaps(cast)
    facts = {"record": first.customer_id, "reason": " "}
    answer = sign_in(cast.karim).post(address(second), facts)
    assert answer.status_code == 422
    assert sign_in(cast.karim).post(address(second), {"record": "x"}).status_code == 422
    for person in (cast.olga, cast.august):
        assert sign_in(person).post(address(second), facts).status_code == 403
    with pytest.raises(NotAllowed):
        actions.tell_apart(second, first.customer, by=cast.amir, at=LATER, reason="x")
    with pytest.raises(RuleViolation):
        actions.tell_apart(second, first.customer, by=cast.karim, at=LATER, reason=" ")
    Membership.objects.create(user=cast.denise, partner=cast.alpha, role=Role.PARTNER_SALES)
    with pytest.raises(RuleViolation) as refusal:
        actions.tell_apart(second, first.customer, by=cast.again(cast.denise), at=LATER, reason="x")
    assert refusal.value.rule == "E11"


def test_the_channel_manager_makes_two_records_one_and_a_conflict_opens(cast, sign_in):
    first, second = perhaps(cast)
    facts = {"record": first.customer_id, "reason": "Two sites of one company.", "same": "1"}
    assert sign_in(cast.denise).post(address(second), facts).status_code == 403
    answer = sign_in(cast.karim).post(address(second), facts, follow=True)
    assert "The two records are one now: Transports Delacroix Nord" in answer.content.decode()
    second.refresh_from_db()
    assert second.customer_id == first.customer_id
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (first, second)
    again = sign_in(cast.karim).post(address(second), facts, follow=True)
    assert "no longer among those" in again.content.decode()


def test_a_deal_that_a_merge_has_left_on_its_old_record_counts_as_the_one_it_was_merged_into(cast, sign_in):
    first, second = perhaps(cast)
    old = Customer.objects.create(reference="C-0000AA", name="Old", country="FR", merged_into=second.customer)
    Deal.objects.filter(pk=second.pk).update(customer=old)
    facts = {"record": first.customer_id, "reason": "Two sites of one company.", "same": "1"}
    answer = sign_in(cast.karim).post(address(second), facts, follow=True)
    assert "The two records are one now" in answer.content.decode()


def test_the_page_costs_the_same_with_one_and_with_ten_other_registrations(cast, sign_in, time_machine_at):
    submitted(cast, cast.bruno)
    deal = submitted(cast, at=LATER)
    browser, counts = sign_in(cast.karim), []
    for more in (0, 9):
        for _turn in range(more):
            other = submitted(cast, cast.carla, at=LATER, customer_country="BE", web_domain="saint-roch.be")
            looked_at(actions.withdraw_deal(other, by=cast.carla, at=LATER))
            Deal.objects.filter(pk=other.pk).update(customer=deal.customer)
        with time_machine_at(LATER):
            browser.get(address(deal))
            with CaptureQueriesContext(connection) as queries:
                answer = browser.get(address(deal))
        picture = answer.context["picture"]
        assert len(picture.history) + sum(len(one.deals) for one in picture.candidates) == 1 + more
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 2
    assert counts[1] <= 45
