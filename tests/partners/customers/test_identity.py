"""The same company, written in many ways; and companies that only look alike."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.customers.actions import Source, add_customer, lock_matching, observe
from partners.customers.identity import CustomerIdentity, name_key, read_identity
from partners.customers.keys import lock_keys
from partners.customers.matching import Verdict, compare
from partners.customers.selectors import matching_customers
from portal.core.errors import RuleViolation

SOURCE = Source(datetime(2026, 11, 23, 13, 10, tzinfo=UTC), "DR-7K3F9Q", "FR")


def identity(name="Hôpital Saint-Roch", country="FR", **facts) -> CustomerIdentity:
    return read_identity(name=name, country=country, **facts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hôpital Saint-Roch", "HOPITAL SAINT ROCH"),
        ("Hôpital Saint-Roch", "  hôpital   saint-roch "),
        ("Clinique du Parc", "Clinique du Parc SAS"),
        ("Clinique du Parc", "Clinique du Parc S.A.S."),
        ("Clinique du Parc SA", "SARL Clinique du Parc"),
        ("Müller & Söhne GmbH", "Muller & Sohne GmbH & Co. KG"),
        ("L’Atelier", "L'Atelier"),
        ("Nestlé S.A.", "NESTLE"),
        ("Ørsted A/S", "Orsted"),
        ("Telefónica, S.A.", "Telefonica"),
    ],
)
def test_two_spellings_of_one_name(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Clinique du Parc", "Clinique du Port"),
        ("Ville de Lens", "Ville de Lyon"),
        ("Alpha 1", "Alpha 2"),
        ("Nord Est", "Est Nord"),
    ],
)
def test_two_names(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["SAS", "SA", "GmbH", "S.A.", "AG & Co. KG"])
def test_a_name_of_nothing_but_a_legal_form_keeps_something(name):
    assert name_key(name)


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        # Number, however it is written.
        (
            {"name": "A", "company_number": "732829320"},
            {"name": "B", "company_number": "FR44732829320"},
            ("number",),
        ),
        ({"name": "A", "company_number": "732829320"}, {"name": "B", "company_number": "552100554"}, ()),
        # Domain without subdomain.
        (
            {"name": "A", "web_domain": "https://www.saint-roch.example/contact"},
            {"name": "B", "web_domain": "mail.saint-roch.example"},
            ("domain",),
        ),
        (
            {"name": "A", "web_domain": "it@saint-roch.example"},
            {"name": "B", "web_domain": "saint-roch.example", "country": "BE"},
            ("domain",),
        ),
        (
            {"name": "A", "web_domain": "a.co.uk", "country": "GB"},
            {"name": "B", "web_domain": "b.co.uk", "country": "GB"},
            (),
        ),
        # Free mail says nothing.
        ({"name": "A", "web_domain": "gmail.com"}, {"name": "B", "web_domain": "gmail.com"}, ()),
        ({"name": "A", "web_domain": "a@orange.fr"}, {"name": "B", "web_domain": "b@orange.fr"}, ()),
        # A name counts in its country, and not against two different numbers.
        ({"name": "Alpha SA"}, {"name": "ALPHA", "country": "BE"}, ()),
        ({"name": "Alpha", "company_number": "732829320"}, {"name": "Alpha"}, ("name",)),
        (
            {"name": "Alpha", "company_number": "732829320"},
            {"name": "Alpha", "company_number": "552100554"},
            (),
        ),
        (
            {"name": "Alpha", "company_number": "732829320", "web_domain": "alpha.example"},
            {"name": "Alpha SA", "company_number": "73282932000074", "web_domain": "www.alpha.example"},
            ("number", "domain", "name"),
        ),
    ],
)
def test_why_two_are_the_same(one, other, reasons):
    first, second = identity(**one), identity(**other)
    found = compare(first, second)
    assert found == compare(second, first)
    agreeing = tuple(one.code for one in found.findings if one.code in ("number", "domain", "name"))
    assert not reasons or agreeing == reasons
    assert (found.verdict == Verdict.DIFFERENT) == (not reasons)


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"company_number": "1"}, "company_number"), ({"web_domain": "nonsense"}, "web_domain")],
)
def test_what_cannot_be_read_is_refused_on_its_field(facts, field):
    with pytest.raises(RuleViolation) as refusal:
        identity(**facts)
    assert refusal.value.field == field


@given(st.text(max_size=200))
def test_any_name_gives_a_stable_key(name):
    key = name_key(name)
    assert name_key(key) == key
    assert name_key(name.upper()) == name_key(name.upper().lower().upper())
    assert key == " ".join(key.split())


def test_a_key_that_is_empty_recognises_nothing():
    nameless = CustomerIdentity("!", "FR")
    assert compare(nameless, nameless).verdict == Verdict.DIFFERENT


def test_whoever_might_mean_the_same_company_waits_for_a_common_lock():
    full = identity(company_number="732829320", web_domain="saint-roch.example")
    keys = lock_keys(full)
    assert keys == sorted(keys)
    for other in (
        identity("Hopital St. Roch"),
        identity("Hôptial"),
        identity("Z", company_number="FR44732829320"),
        identity("Z", country="BE", web_domain="www.saint-roch.example"),
        identity("HopitalSaintRoch"),
    ):
        assert set(lock_keys(other)) & set(keys)
    for other in (identity(country="BE"), identity("Ville de Lens"), identity("!")):
        assert not set(lock_keys(other)) & set(keys)


@pytest.mark.django_db
def test_the_surest_record_is_chosen_and_learns():
    by_name = add_customer(identity(), SOURCE)
    by_number = add_customer(identity("Another name", company_number="732829320"), SOURCE)
    both = identity(company_number="FR44732829320", web_domain="saint-roch.example", city="Lyon")
    assert [match.customer for match in matching_customers(both)] == [by_number, by_name]
    chosen = lock_matching(both)[0].customer
    observe(chosen, both, SOURCE)
    by_number.refresh_from_db()
    assert (by_number.domain, by_number.city, by_number.name) == (
        "saint-roch.example",
        "Lyon",
        "Another name",
    )
    assert lock_matching(both)[0].customer == by_number
    assert str(by_number) == "Another name"
