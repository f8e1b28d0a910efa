"""The vendor's pages of end customers: list, record, merge, split, undo. Nobody else finds them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.models import Conflict, Deal
from partners.customers.actions import Source, add_customer, observe
from partners.customers.identity import read_identity
from partners.customers.models import Customer, CustomerChange
from portal.accounts.models import User
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, MONDAY, in_english
from tests.dealreg.deals.test_customers import REASON, merge, registered, two_customers

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


def known(name, country="FR", market="FR", **facts) -> Customer:
    return add_customer(
        read_identity(name=name, country=country, **facts), Source(MONDAY, "DR-7K3F9Q", market)
    )


def names_on(page) -> list[str]:
    return [row.record.name for row in page.context["table"].page]


# --- the list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("saint roch", ["Hôpital Saint-Roch"]),
        ("Hopital St Rock", ["Hôpital Saint-Roch"]),
        ("hôp", ["Hôpital Saint-Roch"]),
        ("FR44732829320", ["Hôpital Saint-Roch"]),
        ("732 829 320", ["Hôpital Saint-Roch"]),
        ("https://www.saint-roch.fr/it", ["Hôpital Saint-Roch"]),
        ("verrerie du n", ["Verrerie du Nord"]),
        ("nobody of that name", []),
        ("  ", ["Hôpital Saint-Roch", "Verrerie du Nord"]),
        ("C-000000", []),
        ("\x00", ["Hôpital Saint-Roch", "Verrerie du Nord"]),
    ],
)
def test_customers_are_found_by_name_number_and_domain(cast, sign_in, typed, found):
    known("Hôpital Saint-Roch", company_number="732829320", web_domain="saint-roch.fr")
    known("Verrerie du Nord")
    page = sign_in(cast.karim).get("/customers/", {"q": typed})
    assert names_on(page) == found
    if not found:
        assert "No customer matches" in page.content.decode()


def test_a_record_is_found_by_its_number_however_typed(cast, sign_in):
    one = known("Verrerie du Nord")
    known("Hôpital Saint-Roch")
    for typed in (one.reference, one.reference.lower().replace("-", " ")):
        assert names_on(sign_in(cast.karim).get("/customers/", {"q": typed})) == ["Verrerie du Nord"]
    moved = sign_in(cast.karim).get(f"/customers/{one.reference.lower().replace('-', '')}/")
    assert (moved.status_code, moved.headers["Location"]) == (301, one.get_absolute_url())
    assert sign_in(cast.karim).get("/customers/C-000000/").status_code == 404


def test_a_record_is_found_by_the_number_of_a_deal_that_the_reader_sees(cast, sign_in):
    deal = stages.submitted(cast, customer_name="Ville de Lens", web_domain="lens.example")
    stages.submitted(cast, customer_name="Port de Sète", web_domain="sete.example")
    deal.refresh_from_db()

    def found(text):
        rows = sign_in(cast.karim).get("/customers/", {"q": text}).context["table"].rows
        return [row.record.pk for row in rows]

    assert found(deal.reference) == found(deal.reference.lower().replace("-", " ")) == [deal.customer_id]
    assert found("DR-000000") == []
    Deal.objects.filter(pk=deal.pk).update(partner=cast.platin)
    assert found(deal.reference) == []


def test_the_list_is_of_the_region_and_filtered_by_country(cast, sign_in):
    known("Hôpital Saint-Roch")
    known("Brouwerij De Roos", "BE")
    known("Klinik Elbufer", "DE", "DE")
    known("Filiale Köln", "DE", "FR")
    everywhere = ["Brouwerij De Roos", "Filiale Köln", "Hôpital Saint-Roch"]
    assert names_on(sign_in(cast.karim).get("/customers/")) == everywhere
    assert names_on(sign_in(cast.karim).get("/customers/", {"country": "BE"})) == ["Brouwerij De Roos"]
    assert names_on(sign_in(cast.karim).get("/customers/", {"sort": "-name"})) == everywhere[::-1]
    assert names_on(sign_in(cast.ingrid).get("/customers/")) == ["Filiale Köln", "Klinik Elbufer"]
    assert "No end customer yet" not in sign_in(cast.nora).get("/customers/").content.decode()


def test_a_deal_that_a_merge_left_on_its_old_record_counts_on_the_one_that_stays(cast, sign_in):
    first, second = two_customers(cast, approve=(True, True))
    merge(cast, first, second)
    second.refresh_from_db()
    assert second.customer.merged_into == first.customer
    (row,) = sign_in(cast.karim).get("/customers/").context["table"].page
    assert (row.record.registrations, row.record.active) == (2, 2)
    # What the other region's manager does not see of it, its figure does not tell either.
    Deal.objects.filter(pk=second.pk).update(partner=cast.platin)
    (row,) = sign_in(cast.karim).get("/customers/").context["table"].page
    assert (row.record.registrations, row.record.active) == (1, 1)


def test_the_list_costs_the_same_with_two_rows_and_with_twenty(cast, sign_in):
    browser = sign_in(cast.karim)
    costs = []
    for number in (2, 18):
        for place in range(number):
            known(f"Client {number} {place}")
        for address in ("/customers/", "/customers/?q=client"):
            browser.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(address).status_code == 200
            costs.append(len(queries))
    assert costs[:2] == costs[2:]
    assert costs[0] <= 12


def test_nobody_but_the_vendor_finds_the_register(cast, sign_in):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    record = first.customer.get_absolute_url()
    for person in (cast.amir, cast.alice, cast.denise, cast.olga, cast.stranger):
        browser = sign_in(person)
        for address in (
            "/customers/",
            record,
            f"{record}split/",
            f"{record}merge/?other={second.customer.reference}",
            f"{record}merge/{second.customer.reference}/",
            f"/customers/changes/{change.pk}/undo/",
        ):
            assert browser.get(address).status_code == 403
            assert browser.post(address).status_code in (403, 405)
        assert b"/customers/" not in browser.get("/deals/").content
    assert b'href="/customers/"' in sign_in(cast.august).get("/deals/").content


def test_a_manager_of_another_region_does_not_find_the_record(cast, sign_in):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    browser = sign_in(cast.ingrid)
    assert browser.get(first.customer.get_absolute_url()).status_code == 404
    assert browser.get(f"/customers/changes/{change.pk}/undo/").status_code == 404


# --- the record ---------------------------------------------------------------------------------------


def test_the_record_tells_what_was_seen_when_and_in_which_deal(cast, sign_in):
    first = registered(
        cast, cast.amir, "Hôpital Saint-Roch", web_domain="saint-roch.fr", customer_city="Lille"
    )
    second = registered(
        cast, cast.bruno, "HOPITAL SAINT ROCH", at=LATER, company_number="732829320", customer_city="Lille"
    )
    twin = known("Hôpital Saint-Roch Nord", city="Lille")
    page = sign_in(cast.karim).get(first.customer.get_absolute_url())
    text = page.content.decode()
    assert second.customer == first.customer
    for told in ("HOPITAL SAINT ROCH", "saint-roch.fr", "732829320", "Lille", first.reference):
        assert told in text
    seen = {one.value: one for group in page.context["observed"] for one in group["seen"]}
    assert (seen["Lille"].first_source, seen["Lille"].last_source) == (first.reference, second.reference)
    assert seen["732829320"].first_source == second.reference
    (duplicate,) = page.context["duplicates"]
    assert duplicate["customer"] == twin
    assert any("alike" in word for word in duplicate["words"]) and "same town" in duplicate["words"]
    with CaptureQueriesContext(connection) as queries:
        sign_in(cast.karim).get(first.customer.get_absolute_url())
    assert len(queries) <= 40


def test_an_auditor_reads_and_changes_nothing(cast, sign_in):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    browser = sign_in(cast.august)
    page = browser.get(first.customer.get_absolute_url()).content.decode()
    assert "Took in" in page
    assert "/undo/" not in page and "/split/" not in page and "/merge/" not in page
    for address in ("split/", f"merge/{second.customer.reference}/"):
        assert browser.get(first.customer.get_absolute_url() + address).status_code == 403
    assert browser.get(f"/customers/changes/{change.pk}/undo/").status_code == 403


# --- merging, splitting, undoing -------------------------------------------------------------------------


def test_merging_shows_both_first_and_needs_a_reason(cast, sign_in):
    first, second = two_customers(cast, approve=(True, True))
    browser, record = sign_in(cast.karim), first.customer.get_absolute_url()
    asked = browser.get(f"{record}merge/", {"other": second.customer.reference.lower()})
    address = asked.headers["Location"]
    page = browser.get(address)
    text = page.content.decode()
    for told in ("Hôpital Saint-Roch", "Fondation Belle Rive", first.reference, second.reference):
        assert told in text
    assert "Nothing the portal compares connects them" in text
    assert page.context["both"]["groups"] == ["Endpoint Security"]
    assert browser.post(address, {"reason": ""}).status_code == 200
    assert not CustomerChange.objects.exists()
    done = browser.post(address, {"reason": REASON}, follow=True)
    assert "is part of" in done.content.decode()
    gone = browser.get(second.customer.get_absolute_url()).content.decode()
    assert "Open the record that counts" in gone
    assert browser.get(address).status_code == 302
    late = browser.post(address, {"reason": REASON}, follow=True).content.decode()
    assert "merged into another in the meantime" in late


@pytest.mark.parametrize("other", ["", "C-000000", "nonsense", "own"])
def test_a_number_that_is_no_other_record_is_refused_in_words(cast, sign_in, other):
    one = known("Verrerie du Nord")
    typed = one.reference if other == "own" else other
    answer = sign_in(cast.karim).get(f"{one.get_absolute_url()}merge/", {"other": typed}, follow=True)
    assert "There is no other customer with this number" in answer.content.decode()


def test_splitting_by_page_and_undoing(cast, sign_in):
    first, second = two_customers(cast)
    merge(cast, first, second)
    browser, record = sign_in(cast.karim), first.customer.get_absolute_url()
    form = browser.get(f"{record}split/").context["form"]
    (name,) = [pk for pk, label in form.fields["observations"].choices if "Belle Rive" in label]
    assert browser.post(f"{record}split/", {"reason": REASON}).status_code == 200
    sent = {"observations": [name], "deals": [second.pk], "reason": REASON}
    assert browser.post(f"{record}split/", sent).headers["Location"] == record
    change = CustomerChange.objects.get(kind="split")
    second.refresh_from_db()
    assert second.customer == change.other
    undo = f"/customers/changes/{change.pk}/undo/"
    assert browser.get(undo).status_code == 200
    assert browser.post(undo, {"reason": ""}).status_code == 200
    assert browser.post(undo, {"reason": "One after all."}).headers["Location"] == record
    second.refresh_from_db()
    assert second.customer == first.customer
    assert browser.get(undo).status_code == 302
    late = browser.post(undo, {"reason": "Again."}, follow=True).content.decode()
    assert "undone in the meantime" in late
    assert browser.get(f"{change.other.get_absolute_url()}split/").status_code == 302
    late = browser.post(f"{record}split/", sent | {"observations": [0]})
    assert late.status_code == 200
    names = [pk for pk, label in form.fields["observations"].choices if label.startswith("Name")]
    late = browser.post(f"{record}split/", sent | {"observations": names})
    assert "At least one name stays with this record" in late.content.decode()
    one = known("Verrerie du Nord")
    assert "deals" not in browser.get(f"{one.get_absolute_url()}split/").context["form"].fields
    own = f"{one.get_absolute_url()}merge/{one.reference}/"
    assert browser.post(own, {"reason": REASON}).headers["Location"] == one.get_absolute_url()


def test_undoing_a_merge_by_page(cast, sign_in):
    first, second = two_customers(cast)
    change = merge(cast, first, second)
    browser = sign_in(cast.nora)
    page = browser.get(f"/customers/changes/{change.pk}/undo/").content.decode()
    assert "1 deal goes back" in page and REASON in page
    browser.post(f"/customers/changes/{change.pk}/undo/", {"reason": "Two after all."})
    assert Customer.objects.current().count() == 2
    text = browser.get(first.customer.get_absolute_url()).content.decode()
    assert "Two after all." in text


def test_the_pages_speak_french(cast, sign_in):
    first, second = two_customers(cast)
    merge(cast, first, second)
    User.objects.filter(pk=cast.karim.pk).update(language="fr")
    page = sign_in(cast.karim).get(first.customer.get_absolute_url()).content.decode()
    assert "Fusions et scissions" in page and "Observations" in page


def test_a_split_comes_too_late_once_the_record_was_merged(cast, monkeypatch, sign_in):
    first, second = two_customers(cast)
    third = registered(cast, cast.alice, "Clinique du Parc Monceau", at=LATER + timedelta(hours=1))
    merge(cast, first, second)
    browser, record = sign_in(cast.karim), first.customer.get_absolute_url()
    form = browser.get(f"{record}split/").context["form"]
    name = form.fields["observations"].choices[0][0]
    from dealreg.deals.views import customers as views

    def merged_just_before(customer, **how):
        merge(cast, third, first)
        return actions.split_customer(customer, **how)

    monkeypatch.setattr(views, "split_customer", merged_just_before)
    answer = browser.post(f"{record}split/", {"observations": [name], "reason": REASON}, follow=True)
    assert "merged into another in the meantime" in answer.content.decode()


def test_what_speaks_against_a_merge_stands_apart_from_what_speaks_for_it(cast, sign_in):
    one = known("Verrerie du Nord", company_number="732829320")
    other = known("Verrerie du Nord", company_number="552100554")
    page = sign_in(cast.karim).get(f"{one.get_absolute_url()}merge/{other.reference}/")
    assert page.context["against"] == ["another company number"]
    assert page.context["words"] == ["same name"]
    text = page.content.decode()
    assert "Speaks against it:" in text and "The merge can be undone." in text


def test_two_that_somebody_split_are_not_offered_for_merging_again(cast, sign_in):
    first, second = two_customers(cast)
    merge(cast, first, second)
    going = first.customer.observations.filter(first_source=second.reference)
    change = actions.split_customer(
        first.customer,
        by=cast.karim,
        at=LATER,
        reason=REASON,
        observations=[one.pk for one in going],
        deals=[second.pk],
    )
    conflict = Conflict.objects.get()
    browser = sign_in(cast.karim)
    parted = "Settled by itself: the two customers are no longer one record"
    assert parted in browser.get(conflict.get_absolute_url()).content.decode()
    kept = browser.get(change.kept.get_absolute_url())
    titles = [event.title for event in kept.context["events"]]
    assert f"Split off: {change.other.reference}, {change.other.name}" in titles
    other = browser.get(change.other.get_absolute_url())
    titles = [event.title for event in other.context["events"]]
    assert f"Split from {change.kept.reference}, {change.kept.name}" in titles
    # Under one name they would be taken for the same.
    source = Source(LATER, second.reference, "FR")
    observe(change.other, read_identity(name=change.kept.name, country="FR", city="Lille"), source)
    text = browser.get(change.kept.get_absolute_url()).content.decode()
    assert f"Split by <bdi>{cast.karim}</bdi> on" in text
    assert f"/merge/{change.other.reference}/" not in text
    actions.undo_customer_change(change, by=cast.karim, at=LATER, reason="One after all.")
    text = browser.get(conflict.get_absolute_url()).content.decode()
    assert f"Settled earlier: {parted}" in text
