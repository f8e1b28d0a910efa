"""The register of customers: what it keeps, how it is searched, how its words are counted."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from partners.customers import actions, selectors
from partners.customers.actions import Source, add_customer, lock_identity, observe
from partners.customers.identity import CustomerIdentity, read_identity
from partners.customers.keys import READING, search_keys, spellings
from partners.customers.lookup import known_like
from partners.customers.matching import DEFAULT, Finding, Verdict
from partners.customers.models import Count, Customer, Observation, Word
from partners.customers.selectors import candidates_for, find_records, matching_customers, possible_duplicates
from partners.customers.tasks import COUNTED, READ, keep_register
from partners.customers.wording import code_of, finding_words, reason_of, reason_words
from portal.core.errors import WrongState

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)


def identity(name="Hôpital Saint-Roch", country="FR", **facts) -> CustomerIdentity:
    return read_identity(name=name, country=country, **facts)


def source(reference="DR-7K3F9Q", market="FR", at=MONDAY) -> Source:
    return Source(at, reference, market)


def known(name="Hôpital Saint-Roch", country="FR", market="FR", **facts) -> Customer:
    return add_customer(identity(name, country, **facts), source(market=market))


def names(found) -> list[str]:
    return [one.customer.name for one in found]


# --- what it keeps ------------------------------------------------------------------------------------


def test_a_record_keeps_each_spelling_with_its_source_and_days():
    one = add_customer(identity(company_number="732829320"), source("DR-000001"))
    later = source("DR-000002", "BE", MONDAY + timedelta(days=3))
    told = identity("HOPITAL SAINT ROCH", company_number="FR44732829320", city="Lille")
    assert [match.customer for match in matching_customers(told)] == [one]
    observe(one, told, later)
    seen = {row.value: row for row in one.observations.all()}
    assert set(seen) == {"Hôpital Saint-Roch", "HOPITAL SAINT ROCH", "732829320", "FR44732829320", "Lille"}
    assert seen["Lille"].first_source == seen["Lille"].last_source == "DR-000002"
    again = source("DR-000003", at=MONDAY + timedelta(days=5))
    assert observe(one, identity(), again) == []
    name = one.observations.get(value="Hôpital Saint-Roch")
    assert (name.first_source, name.last_source) == ("DR-000001", "DR-000003")
    assert (name.first_seen_at, name.last_seen_at) == (MONDAY, again.at)
    # What was looked at late was not seen last; it may have been seen first.
    observe(one, identity(), source("DR-000004", at=MONDAY + timedelta(days=1)))
    name.refresh_from_db()
    assert (name.first_source, name.last_source) == ("DR-000001", "DR-000003")
    observe(one, identity(), source("DR-000005", at=MONDAY - timedelta(days=1)))
    name.refresh_from_db()
    assert (name.first_source, name.last_source) == ("DR-000005", "DR-000003")


def test_the_record_is_called_by_what_it_learns_and_seen_by_whose_partners_name_it():
    one = known()
    assert (one.city, one.markets) == ("", ["FR"])
    abroad = identity(country="BE", city="Brugge", web_domain="saint-roch.be")
    observe(one, abroad, source(market="BE"))
    one.refresh_from_db()
    # A branch abroad does not give the head office its town.
    assert (one.city, one.domain, one.markets) == ("", "", ["BE", "FR"])
    observe(one, identity(city="Lille", web_domain="saint-roch.fr"), source(market="DE"))
    one.refresh_from_db()
    assert (one.city, one.domain, one.markets) == ("Lille", "saint-roch.fr", ["BE", "DE", "FR"])


def test_numbers_of_records_are_random_and_free(monkeypatch):
    taken = known().reference
    assert taken.startswith("C-")
    numbers = iter([taken, "C-7K3F9Q"])
    monkeypatch.setattr(actions, "new_reference", lambda prefix: next(numbers))
    assert known("Verrerie du Nord").reference == "C-7K3F9Q"


def test_a_lock_needs_a_transaction(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        lock_identity(identity())


def test_a_record_that_is_merged_while_it_is_found_is_looked_for_again(monkeypatch):
    one, other = known(), known("Hopital Saint Roch Lille")
    found = matching_customers(identity())
    Customer.objects.filter(pk=one.pk).update(merged_into=other)
    looks = []

    def look(wanted):
        looks.append(wanted)
        return found if len(looks) == 1 else []

    monkeypatch.setattr(actions, "matching_customers", look)
    assert actions.lock_matching(identity()) == []
    assert len(looks) == 2
    monkeypatch.setattr(actions, "matching_customers", lambda wanted: found)
    with pytest.raises(WrongState, match="Try again"):
        actions.lock_matching(identity())


# --- looking up ---------------------------------------------------------------------------------------

ALIKE = [
    "Hôpital Saint-Roch",
    "HOPITAL SAINT ROCH",
    "Saint-Roch Hôpital SA",
    "Hôpital Saintroch",
    "Hopitall Saint-Roch",
    "Hôptial Saint-Roch",
    "Hôpital Roch",
    "SARL Hôpital Saint-Roch",
]


@pytest.mark.parametrize("typed", ALIKE)
def test_a_misspelt_name_leads_to_the_record(typed):
    wanted = known()
    for name in ("Verrerie du Nord", "Clinique Sainte-Anne", "Hôtel du Parc", "Rochette"):
        known(name)
    assert wanted in [one.customer for one in known_like(identity(typed))]


def test_words_that_many_carry_lead_to_the_record_in_pairs_and_with_the_town(monkeypatch):
    monkeypatch.setattr("partners.customers.lookup.FEW_NAMES", 1)
    wanted = known("Transports Martin", city="Lille")
    for name, town in (("Transports Durand", "Lille"), ("Garage Martin", "Lyon"), ("Martin Conseil", "")):
        known(name, city=town)
    actions.count_words(at=MONDAY)
    assert wanted in [one.customer for one in known_like(identity("Martin Transports"))]
    assert [one.customer for one in known_like(identity("Martn SA", city="LILLE"))] == [wanted]
    assert wanted not in [one.customer for one in known_like(identity("Martn SA"))]


def test_a_name_of_signs_alone_and_a_very_long_one_find_nothing():
    known()
    assert known_like(CustomerIdentity("!", "FR")) == []
    assert candidates_for(CustomerIdentity("x " * 200, "FR")) == []


def test_candidates_are_told_surest_first_and_different_ones_not_at_all():
    by_number = known("Fondation Belle Rive", company_number="732829320")
    by_name = known(city="Lille")
    perhaps = known("Vauquelard", web_domain="saint-roch.fr")
    known("Hôtel du Parc")
    found = candidates_for(identity(company_number="732829320", city="Lille", web_domain="saint-roch.fr"))
    assert [one.customer for one in found] == [by_number, by_name, perhaps]
    assert [one.comparison.verdict for one in found] == [Verdict.SAME, Verdict.SAME, Verdict.PERHAPS]
    assert len(candidates_for(identity(company_number="732829320"), limit=1)) == 1
    assert perhaps not in [one.customer for one in matching_customers(identity(web_domain="saint-roch.fr"))]


def test_a_record_is_compared_by_the_facts_that_fit_best():
    one = known("Alpha Roquebrune", company_number="732829320", web_domain="alpha.fr", city="Nice")
    observe(
        one,
        identity("Beta Sainte-Croix", company_number="552100554", web_domain="beta.fr", city="Lille"),
        source(),
    )
    (found,) = candidates_for(identity("Zed", company_number="552100554"))
    assert found.customer == one
    (found,) = candidates_for(identity("Beta Sainte-Croix", web_domain="beta.fr", city="Lille"))
    assert {"domain", "name", "place"} <= {code_of(reason) for reason in found.reasons}
    # Another company's number speaks against it, whatever the name.
    assert candidates_for(identity("Alpha Roquebrune", company_number="443061841")) == []


def test_a_look_up_costs_two_statements():
    known()
    selectors.word_weights()
    with CaptureQueriesContext(connection) as queries:
        assert names(candidates_for(identity("Hôpital Saint Roch"))) == ["Hôpital Saint-Roch"]
    assert len(queries) == 2


def test_possible_duplicates_are_found_under_each_name_number_and_domain():
    one = known()
    observe(one, identity(company_number="552100554", web_domain="saint-roch.fr"), source())
    observe(one, identity("Fondation Belle Rive", company_number="732829320"), source())
    observe(one, identity("Fondation Belle Rive", web_domain="belle-rive.fr"), source())
    twins = [
        known("Hopital Saint Roch Clinique"),
        known("Zed", company_number="732829320"),
        known("Fondation Belle-Rive", web_domain="belle-rive.fr"),
    ]
    found = possible_duplicates(one)
    assert one not in [row.customer for row in found]
    assert set(twins[1:]) <= {row.customer for row in found}


# --- searching ----------------------------------------------------------------------------------------


def test_a_search_takes_names_numbers_domains_and_beginnings(cast):
    one = known(company_number="732829320", web_domain="saint-roch.fr")
    other = known("Verrerie du Nord")
    for typed in ("saint-roch.fr", "FR 44 732 829 320", "hopital st roch", "hôp", one.reference.lower()):
        assert find_records(typed) == [one.pk], typed
    assert find_records("verrerie du n") == [other.pk]
    for typed in ("", "v", "zzz", "C-222222"):
        assert find_records(typed) == [], typed


# --- words --------------------------------------------------------------------------------------------


def test_two_slips_of_one_word_share_a_spelling():
    for typed in ("siemens", "siemenss", "sieens", "siemans", "siemesn"):
        assert set(spellings(typed)) & set(spellings("siemens"))
    assert not set(spellings("siemens")) & set(spellings("simons"))
    assert spellings("sas") == ["sas"]
    assert spellings("2000") == ["2000"]


def test_a_name_stands_under_its_words_run_together_and_in_its_town():
    assert search_keys("Müller & Söhne GmbH", "Bad Vilbel")[-1] == "@badvilbel"
    assert {"muller", "mueller"} <= set(search_keys("Müller Bau GmbH"))
    assert "=mullerbau" in search_keys("Müller Bau GmbH")
    assert search_keys("!") == []


def test_the_sweep_counts_words_once_a_day_and_reads_old_names_anew():
    for name in ("Hôtel du Parc", "Hôtel du Nord", "Garage du Nord"):
        known(name, city="Lille")
    Observation.objects.filter(value="Garage du Nord").update(reading=0, keys=["@lille"], key="")
    Word.objects.filter(word="garage").delete()
    Word.objects.filter(word="hotel").update(names=99)
    done = keep_register(MONDAY)
    assert done[READ] == 1 and done[COUNTED] > 0
    assert dict(Word.objects.values_list("word", "names")) | {"hotel": 2, "nord": 2, "garage": 1} == dict(
        Word.objects.values_list("word", "names")
    )
    assert not Word.objects.filter(word__startswith="@").exists()
    again = Observation.objects.get(value="Garage du Nord")
    assert (again.reading, again.keys) == (READING, search_keys("Garage du Nord", "Lille"))
    assert (Count.objects.get().names, Count.objects.get().counted_at) == (3, MONDAY)
    assert keep_register(MONDAY + timedelta(hours=1)) == {READ: 0, COUNTED: 0}
    assert keep_register(MONDAY + timedelta(days=1, minutes=1)) == {READ: 0, COUNTED: 0}
    assert Count.objects.get().counted_at == MONDAY + timedelta(days=1, minutes=1)


def test_the_weights_of_words_come_from_the_register_and_are_kept_for_a_while(monkeypatch):
    monkeypatch.setattr(selectors, "_kept_weights", None)
    assert selectors.word_weights() is DEFAULT
    for number in range(selectors.COMMON_FROM):
        known(f"Zorblatt {number}")
    actions.count_words(at=MONDAY)
    assert selectors.word_weights() is DEFAULT
    monkeypatch.setattr(selectors, "_kept_weights", None)
    weights = selectors.word_weights()
    assert weights.weight("zorblatt") < DEFAULT.weight("zorblatt")


# --- in words -----------------------------------------------------------------------------------------


def test_reasons_are_kept_short_and_told_in_words():
    findings = [Finding("number"), Finding("name_alike", 0.94), Finding("name", 1.0), Finding("place")]
    kept = [reason_of(finding) for finding in findings]
    assert kept == ["number", "name_alike:0.94", "name", "place"]
    told = ["same company number", "names 0.94 alike", "same name", "same town"]
    assert finding_words(findings) == told
    assert reason_words(["name_alike", "unheard-of", "record"]) == ["names alike", "one customer record"]


def test_what_stands_in_the_register_is_named():
    one = known()
    assert str(one.observations.first()) == "Hôpital Saint-Roch"
    assert str(Word.objects.get(word="roch")) == "roch"
    actions.count_words(at=MONDAY)
    assert str(Count.objects.get()) == "1"
