"""Partners and distributors: kept by the vendor, in its region, with numbers that are right."""

import csv
import re
import secrets
from datetime import date
from io import BytesIO, StringIO

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from partners.organisations.actions.distributors import DistributorFacts, add_distributor, edit_distributor
from partners.organisations.actions.partners import PartnerFacts, add_partner, edit_partner
from partners.organisations.models import Distributor, Partner, PartnerStatus
from partners.organisations.selectors import look_up_status, timeline_of
from partners.organisations.views import status
from partners.programme.rules import effective_tier
from partners.programme.selectors import rulebook_on
from partners.specialisations.models import Specialisation
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation
from tests.factories import PartnerFactory, UserFactory

ON = date(2026, 11, 23)


def facts(cast, **given) -> PartnerFacts:
    return PartnerFacts(
        **{
            "legal_name": "Écho Réseaux SAS",
            "trade_name": "Écho Réseaux",
            "country": "FR",
            "city": "Lille",
            "vat_number": "FR 64 443 456 728",
            "web_domain": "https://www.echo-reseaux.fr/",
            "distributors": [cast.distri_nord],
            "primary": cast.distri_nord,
        }
        | given
    )


def add(cast, by=None, **given) -> Partner:
    return add_partner(facts(cast, **given), by=by or cast.karim, at=timezone.now(), on=ON)


def edit(cast, partner, by=None, **given) -> Partner:
    unchanged = {
        "legal_name": partner.legal_name,
        "trade_name": partner.trade_name,
        "country": partner.country,
        "city": partner.city,
        "vat_number": partner.vat_number,
        "web_domain": partner.web_domain,
        "authorised_countries": partner.authorised_countries,
        "channel_manager": partner.channel_manager,
    }
    return edit_partner(
        partner.pk, facts(cast, **(unchanged | given)), by=by or cast.karim, at=timezone.now(), on=ON
    )


# ---------------------------------------------------------------- adding


def test_a_new_partner_gets_the_next_reference_its_own_country_and_clean_numbers(cast):
    partner = add(cast, channel_manager=cast.karim, authorised_countries=["BE"])
    assert re.fullmatch(r"P-\d{6}", partner.reference)
    assert (partner.tier, partner.status, partner.authorised_on) == ("registered", "authorised", ON)
    assert partner.authorised_countries == ["BE", "FR"]
    assert (partner.vat_number, partner.web_domain) == ("FR64443456728", "echo-reseaux.fr")
    assert [(s.distributor, s.is_primary) for s in partner.supplies.all()] == [(cast.distri_nord, True)]
    assert list(Event.objects.about(partner).values_list("verb", flat=True)) == [
        "partner.added",
        "partner.supply_started",
    ]
    following = add(cast, vat_number="").reference
    assert int(following[2:]) == int(partner.reference[2:]) + 1


def test_a_new_partner_goes_on_behind_those_that_were_loaded_with_their_references(cast):
    last = int(add(cast).reference[2:])
    PartnerFactory(reference=f"P-{last + 1:06d}")
    PartnerFactory(reference=f"P-{last + 7:06d}")
    assert add(cast, vat_number="").reference == f"P-{last + 8:06d}"


@pytest.mark.parametrize("name", ["august", "denise", "alice", "amir", "stranger"])
def test_only_the_vendors_managers_add_and_edit_partners(cast, name):
    with pytest.raises(NotAllowed):
        add(cast, by=cast.people[name])
    with pytest.raises(NotAllowed):
        edit(cast, cast.alpha, by=cast.people[name])


def test_a_channel_manager_keeps_to_the_countries_of_the_office(cast):
    with pytest.raises(RuleViolation, match="does not look after") as refusal:
        add(cast, by=cast.ingrid)
    assert refusal.value.field == "country"
    with pytest.raises(NotAllowed):
        edit(cast, cast.alpha, by=cast.ingrid)
    with pytest.raises(RuleViolation) as refusal:
        edit(cast, cast.alpha, by=cast.karim, authorised_countries=["DE"])
    assert refusal.value.field == "authorised_countries"
    assert edit(cast, cast.alpha, by=cast.nora, authorised_countries=["DE"]).authorised_countries == [
        "DE",
        "FR",
    ]
    # What the head office has added stays when the office saves the form.
    partner = Partner.objects.get(pk=cast.alpha.pk)
    assert edit(cast, partner, by=cast.karim, city="Évry").authorised_countries == ["DE", "FR"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"vat_number": "FR00000000000"}, "vat_number"),
        ({"vat_number": "BE0876543270"}, "vat_number"),
        ({"vat_number": "443456728"}, "vat_number"),  # a SIREN is a company number
        ({"vat_number": "FR19812345676"}, "vat_number"),  # Alpha's
        ({"company_number": "123"}, "company_number"),
        ({"web_domain": "no domain"}, "web_domain"),
        ({"country": "US"}, "country"),
        ({"authorised_countries": ["US"]}, "authorised_countries"),
        ({"distributors": [], "primary": None}, "primary"),
        ({"primary": None}, "primary"),
    ],
)
def test_what_is_not_right_is_told_on_its_field_and_nothing_is_saved(cast, given, field):
    with pytest.raises(RuleViolation) as refusal:
        add(cast, by=cast.nora, **given)
    assert refusal.value.field == field
    assert Partner.objects.count() == 5
    assert not Event.objects.filter(verb__startswith="partner").exists()


def test_a_distributor_serves_the_partners_country(cast):
    with pytest.raises(RuleViolation, match="Distri Süd does not serve"):
        add(cast, distributors=[cast.distri_sued], primary=cast.distri_sued)


def test_the_channel_manager_is_of_an_office_that_covers_the_country(cast):
    for person in (cast.ingrid, cast.nora, cast.alice, UserFactory()):
        with pytest.raises(RuleViolation) as refusal:
            add(cast, channel_manager=person)
        assert refusal.value.field == "channel_manager"


# ---------------------------------------------------------------- editing


def test_a_supply_that_ends_keeps_its_history_and_the_primary_moves(cast):
    edit(cast, cast.alpha, distributors=[cast.distri_nord, cast.third], primary=cast.third)
    running = dict(cast.alpha.supplies.filter(ended_on=None).values_list("distributor__name", "is_primary"))
    assert running == {"Distri Nord": False, "Distri Ouest": True}
    edit(cast, cast.alpha, distributors=[cast.third], primary=cast.third)
    ended = cast.alpha.supplies.get(distributor=cast.distri_nord)
    assert (ended.ended_on, ended.is_primary) == (ON, False)
    edit(cast, cast.alpha, distributors=[cast.distri_nord, cast.third], primary=cast.distri_nord)
    assert cast.alpha.supplies.filter(distributor=cast.distri_nord).count() == 2
    assert Event.objects.about(cast.alpha).filter(verb="partner.edited").count() == 0


def test_changed_details_are_recorded_with_before_and_after(cast):
    edit(cast, cast.alpha, city="Évry")
    assert Event.objects.get(verb="partner.edited").data["changed"] == {"city": ["Paris", "Évry"]}


def test_the_timeline_tells_a_distributor_nothing_of_another(cast):
    edit(cast, cast.alpha, distributors=[cast.distri_nord, cast.third], primary=cast.third, city="Évry")
    for_denise = str(timeline_of(cast.alpha, cast.denise))
    assert "Ouest" not in for_denise
    assert "Ouest" in str(timeline_of(cast.alpha, cast.eve))
    assert "Ouest" in str(timeline_of(cast.alpha, cast.alice))
    assert "Évry" not in for_denise


def test_the_form_adds_and_edits(cast, sign_in):
    karim = sign_in(cast.karim)
    body = {
        "trade_name": "Écho",
        "legal_name": "Écho SAS",
        "kind": "msp",
        "tier": "silver",
        "country": "FR",
        "city": "Lille",
        "vat_number": "nonsense",
        "distributors": [cast.distri_nord.pk],
        "primary": cast.distri_nord.pk,
        "channel_manager": cast.karim.pk,
    }
    answer = karim.post("/partners/add/", body)
    assert answer.status_code == 200 and answer.context["form"].errors["vat_number"]
    answer = karim.post("/partners/add/", body | {"vat_number": ""})
    partner = Partner.objects.latest("pk")
    assert answer["Location"] == f"/partners/{partner.reference}/"
    assert (partner.tier, partner.kind, partner.channel_manager) == ("silver", "msp", cast.karim)
    answer = karim.post(
        f"/partners/{partner.reference}/edit/",
        body | {"vat_number": "", "city": "Roubaix", "tier": "platinum"},
    )
    assert answer.status_code == 302
    partner.refresh_from_db()
    assert (partner.city, partner.tier) == ("Roubaix", "silver")  # the tier has decisions of its own


@pytest.mark.parametrize(
    "body",
    [
        {"country": "DE"},
        {"distributors": ["999999"]},
        {"distributors": ["x\x00"]},
        {"primary": "'; DROP TABLE"},
        {"channel_manager": "2"},
        {"kind": "odd"},
        {"trade_name": "\x00"},
        {"trade_name": "x" * 5000},
        {"city": ""},
    ],
)
def test_hostile_bodies_get_an_answer_and_save_nothing(cast, sign_in, body):
    good = {
        "trade_name": "Écho",
        "legal_name": "Écho SAS",
        "kind": "msp",
        "tier": "silver",
        "country": "FR",
        "city": "Lille",
        "distributors": [cast.distri_nord.pk],
        "primary": cast.distri_nord.pk,
    }
    assert sign_in(cast.karim).post("/partners/add/", good | body).status_code == 200
    assert Partner.objects.count() == 5


# ---------------------------------------------------------------- list and export


def listed(client, query: str) -> list[str]:
    answer = client.get(f"/partners/?{query}")
    assert answer.status_code == 200
    return [row.record.trade_name for row in answer.context["table"].page.object_list]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=alp", ["Alpha Sécurité"]),
        ("q=P-000002", ["Bravo IT"]),
        ("q=ALPHA+securite", ["Alpha Sécurité"]),
        ("q=charlie-systems.example", ["Charlie Systems"]),
        ("tier=gold", ["Alpha Sécurité"]),
        ("country=BE", ["Charlie Systems"]),
        ("status=ended", []),
        ("sort=-tier", ["Delta Reseller", "Charlie Systems", "Bravo IT", "Alpha Sécurité"]),
        ("sort=tier", ["Alpha Sécurité", "Bravo IT", "Charlie Systems", "Delta Reseller"]),
        (
            "q=%00&tier=odd&page=99&sort=nonsense",
            ["Alpha Sécurité", "Bravo IT", "Charlie Systems", "Delta Reseller"],
        ),
    ],
)
def test_the_list_is_searched_filtered_and_sorted(cast, sign_in, query, names):
    assert listed(sign_in(cast.karim), query) == names


def test_the_list_is_filtered_by_distributor_for_the_vendor(cast, sign_in):
    assert listed(sign_in(cast.karim), f"distributor={cast.third.pk}") == ["Bravo IT"]
    # A distributor has no such filter, and learns nothing by trying.
    assert len(listed(sign_in(cast.denise), f"distributor={cast.third.pk}")) == 4


def test_exports_hold_what_is_filtered_with_types_and_without_formulas(cast, sign_in):
    PartnerFactory(trade_name="=cmd()", city="+x", tier="gold", distributor=cast.distri_nord)
    karim = sign_in(cast.karim)
    text = karim.get("/partners/partners.csv?tier=gold").getvalue().decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text)))
    assert [row[1] for row in rows[1:]] == ["'=cmd()", "Alpha Sécurité"]
    assert rows[1][4] == "'+x"
    sheet = load_workbook(
        BytesIO(karim.get("/partners/partners.xlsx?tier=gold&sort=-trade_name").getvalue())
    ).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[1] for row in cells] == ["Alpha Sécurité", "'=cmd()"]
    assert cells[0][11].date() == cast.alpha.authorised_on


@pytest.mark.parametrize("size", [2, 20])
@pytest.mark.parametrize("reader", ["karim", "denise"])
def test_the_list_costs_the_same_queries_at_any_length(
    cast, sign_in, django_assert_max_num_queries, size, reader
):
    PartnerFactory.create_batch(size, distributor=cast.distri_nord)
    client = sign_in(cast.people[reader])
    rulebook_on(timezone.localdate())  # read once and kept
    with django_assert_max_num_queries(9):
        client.get("/partners/")
    with django_assert_max_num_queries(7):
        client.get("/partners/partners.csv").getvalue()


# ---------------------------------------------------------------- distributors


def distributor_facts(distributor: Distributor | None = None, **given) -> DistributorFacts:
    base = {"name": "Distri Est", "legal_name": "Distri Est SA", "country": "FR", "countries": ["FR"]}
    if distributor:
        base = {name: getattr(distributor, name) for name in ("name", "legal_name", "country", "countries")}
    return DistributorFacts(**(base | given))


def test_only_the_programme_administrator_keeps_distributors(cast):
    added = add_distributor(distributor_facts(), by=cast.nora, at=timezone.now(), on=ON)
    assert re.fullmatch(r"D-\d{3}", added.reference)
    for person in (cast.karim, cast.august, cast.denise, cast.alice):
        with pytest.raises(NotAllowed):
            add_distributor(distributor_facts(), by=person, at=timezone.now(), on=ON)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"is_active": False}, "is_active"),
        ({"countries": ["BE", "LU"]}, "countries"),
        ({"countries": []}, "countries"),
        ({"countries": ["US"]}, "countries"),
        ({"country": "US"}, "country"),
        ({"vat_number": "x"}, "vat_number"),
    ],
)
def test_a_distributor_cannot_leave_its_partners_alone(cast, given, field):
    with pytest.raises(RuleViolation) as refusal:
        edit_distributor(
            cast.distri_nord.pk,
            distributor_facts(cast.distri_nord, **given),
            by=cast.nora,
            at=timezone.now(),
            on=ON,
        )
    assert refusal.value.field == field


# ---------------------------------------------------------------- public look-up


@pytest.fixture
def visitor(client):
    """From an address that has searched nothing yet."""
    client.defaults["REMOTE_ADDR"] = f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"
    return client


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("alpha", ["Alpha Sécurité"]),
        ("P-000003", ["Charlie Systems"]),
        ("alpha sécurite", ["Alpha Sécurité"]),
        ("www.bravo-it.example", ["Bravo IT"]),
        ("FR 19 812 345 676", ["Alpha Sécurité"]),
        ("DE298765435", ["Platin"]),
        ("al", []),
        ("nobody at all", []),
        ("%%%", []),
        ("___", []),
        ("---", []),
        ("...", []),
        ("-a-", []),
        ("  -  .", []),
    ],
)
def test_anybody_looks_up_a_partners_status(cast, visitor, text, names):
    answer = visitor.get("/status/", {"q": text})
    assert [partner.trade_name for partner in answer.context.get("found", [])] == names


def test_the_look_up_shows_nothing_that_is_not_public(cast, visitor):
    body = visitor.get("/status/?q=alpha").content.decode()
    for public in ("Alpha Sécurité", "Paris", "France", "Gold"):
        assert public in body
    for private in (
        "P-000001",
        "FR19812345676",
        "karim",
        "Karim",
        "Distri Nord",
        "alice",
        "Alpha Sécurité SAS",
    ):
        assert private not in body


def test_partners_whose_authorisation_ended_are_not_found_and_at_most_twenty_are(cast, visitor):
    Partner.objects.filter(pk=cast.alpha.pk).update(status=PartnerStatus.ENDED)
    PartnerFactory.create_batch(25)
    assert visitor.get("/status/?q=alpha").context["found"] == []
    assert len(visitor.get("/status/?q=Partner 0").context["found"]) <= 20


def test_somebody_who_searches_without_end_is_slowed_down(cast, visitor, monkeypatch):
    monkeypatch.setattr(status, "SEARCHES", 3)
    answers = [visitor.get("/status/?q=alpha").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert visitor.get("/status/?q=alpha")["Retry-After"] == "60"
    visitor.defaults["REMOTE_ADDR"] = f"2001:db8::{secrets.token_hex(2)}:1"
    assert visitor.get("/status/?q=alpha").status_code == 200


# ---------------------------------------------------------------- the tier that counts (rule H7)


@pytest.fixture
def specialised(cast):
    """Bravo is Silver and holds an enterprise specialisation."""
    return Specialisation.objects.create(
        partner=cast.bravo,
        product_group=cast.groups["anti-targeted-attack"],
        awarded_on=date(2026, 1, 5),
        valid_until=date(2099, 12, 31),
    )


def tier_shown(cast, on=ON) -> str:
    return Partner.objects.with_counting_tier(on).get(pk=cast.bravo.pk).counting_tier


def test_an_enterprise_specialisation_carries_gold_while_it_is_held(cast, specialised):
    assert tier_shown(cast) == "gold"
    assert tier_shown(cast, date(2026, 1, 4)) == "silver"  # before it was awarded
    Partner.objects.filter(pk=cast.bravo.pk).update(tier="platinum")
    assert tier_shown(cast) == "platinum"  # never less than what is earned
    Partner.objects.filter(pk=cast.bravo.pk).update(tier="silver")
    specialised.ended_on = ON
    specialised.save()
    assert tier_shown(cast) == "silver"


def test_a_standard_group_carries_nothing(cast, specialised):
    specialised.product_group = cast.groups["endpoint-security"]
    specialised.save()
    assert tier_shown(cast) == "silver"


def test_before_the_first_edition_the_earned_tier_stands(cast, specialised):
    assert tier_shown(cast, date(1999, 1, 1)) == "silver"


@pytest.mark.parametrize("tier", ["registered", "bronze", "silver", "gold", "platinum"])
@pytest.mark.parametrize("group", ["anti-targeted-attack", "endpoint-security", None])
def test_lists_and_rules_agree_on_the_tier_that_counts(cast, specialised, tier, group):
    Partner.objects.filter(pk=cast.bravo.pk).update(tier=tier)
    held = frozenset({group}) if group else frozenset()
    if group:
        Specialisation.objects.update(product_group=cast.groups[group])
    else:
        Specialisation.objects.all().delete()
    assert tier_shown(cast) == effective_tier(tier, held, rulebook_on(ON))


def test_everybody_reads_the_tier_that_counts(cast, sign_in, client, specialised):
    User.objects.update(language="en")
    assert look_up_status("Bravo", ON)[0].counting_tier == "gold"
    assert "tier-gold" in client.get("/status/?q=Bravo").content.decode()
    karim = sign_in(cast.karim)
    listed = karim.get("/partners/?tier=gold").content.decode()
    assert cast.bravo.reference in listed
    assert cast.bravo.reference not in karim.get("/partners/?tier=silver").content.decode()
    ranks = [row.record.tier_rank for row in karim.get("/partners/?sort=tier").context["table"].rows]
    assert ranks == sorted(ranks, reverse=True)
    rows = list(csv.DictReader(StringIO(karim.get("/partners/partners.csv").getvalue().decode("utf-8-sig"))))
    assert {row["Trade name"]: row["Tier"] for row in rows}["Bravo IT"] == "Gold"
    assert "tier-gold" in karim.get(f"/partners/{cast.bravo.reference}/").content.decode()
    home = karim.get("/").context["home"]
    assert home.portfolio.by_tier.get("silver", 0) == 0
