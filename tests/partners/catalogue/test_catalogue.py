"""The catalogue in tables: its seed, quotes, and price files applied as a whole."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, transaction
from django.utils import timezone

from partners.catalogue.actions import (
    apply_price_import,
    discard_price_import,
    import_prices,
    keep_price_file,
    seed_catalogue,
)
from partners.catalogue.labels import term_name
from partners.catalogue.models import Price, PriceImport, PriceList, PriceRegion, Product, ProductGroup
from partners.catalogue.selectors import (
    preview_of,
    price_list_for,
    price_lists_with_counts,
    quote,
    read_prices,
)
from partners.programme.edition_file import check_facts
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from tests.cast import edition_facts
from tests.partners.catalogue.conftest import csv_of

NEW_LIST = csv_of(
    "euro;EUR;2027-01-01;;EPS-SEL;12;1;42,00",
    "euro;EUR;2027-01-01;;EPS-SEL;12;50;35,00",
    "euro;EUR;2027-01-01;;EPS-ADV;12;1;60,00",
    "euro;EUR;2027-01-01;;EPS-ADV;18;1;80,00",
    "gb;GBP;2027-01-01;2027-12-31;EPS-SEL;12;1;36,00",
    header="region;currency;valid_from;valid_until;sku;term_months;nodes_from;per_node",
)


# ---------------------------------------------------------------- seed


def test_the_seed_holds_the_product_groups_of_the_programme(db):
    seeded = seed_catalogue(demo_prices=False)
    assert (seeded.groups, seeded.regions, seeded.new_price_lists) == (8, 8, 0)
    groups = dict(ProductGroup.objects.values_list("code", "line"))
    assert groups == check_facts(edition_facts(), dated=True).content.product_groups
    assert not PriceList.objects.exists()


def test_the_seed_says_which_products_are_sold_on_top_of_another(db):
    seed_catalogue(demo_prices=False)
    add_ons = Product.objects.filter(is_add_on=True)
    assert sorted(add_ons.values_list("sku", flat=True)) == ["KATA-EPS", "KATA-SBX", "KEDR-ADD"]
    Product.objects.update(is_add_on=False)
    seed_catalogue(demo_prices=False)
    assert Product.objects.filter(is_add_on=True).count() == 3


def test_every_country_of_the_territory_has_one_demo_price_list_that_says_so(db):
    seed_catalogue(demo_prices=True)
    for country in edition_facts()["territory"]:
        assert PriceRegion.objects.filter(countries__contains=[country]).count() == 1
        assert price_list_for(country, date(2026, 5, 1)).is_demo
    products = Product.objects.count()
    for price_list in PriceList.objects.all():
        assert price_list.prices.values("product").distinct().count() == products


def test_seeding_twice_changes_nothing(db):
    seed_catalogue(demo_prices=True)
    before = [model.objects.count() for model in (ProductGroup, Product, PriceRegion, PriceList, Price)]
    assert seed_catalogue(demo_prices=True).new_price_lists == 0
    assert [
        model.objects.count() for model in (ProductGroup, Product, PriceRegion, PriceList, Price)
    ] == before


def test_a_region_with_prices_of_its_own_gets_no_invented_ones(cast):
    PriceRegion.objects.filter(code="gb").update(code="united-kingdom")
    assert seed_catalogue(demo_prices=True).new_price_lists == 7


def test_the_seed_command_says_what_is_there(db, capsys):
    call_command("seed_catalogue", "--demo-prices")
    assert "8 product groups, 25 products, 8 price regions, 8 new demo price lists" in capsys.readouterr().out


def test_more_nodes_and_longer_terms_never_cost_more_a_node_and_month(db):
    seed_catalogue(demo_prices=True)
    for price_list in PriceList.objects.all():
        by_product = {}
        for sku, term, nodes, price in price_list.prices.values_list(
            "product__sku", "term_months", "nodes_from", "per_node"
        ):
            by_product.setdefault(sku, {})[term, nodes] = price
        for prices in by_product.values():
            for (term, nodes), price in prices.items():
                fewer = [p for (t, n), p in prices.items() if t == term and n < nodes]
                shorter = [p / t for (t, n), p in prices.items() if n == nodes and t < term]
                assert all(price <= other for other in fewer)
                assert all(price / term <= other for other in shorter)


@pytest.mark.parametrize(
    ("months", "name"), [(1, "1 month"), (12, "1 year"), (18, "18 months"), (36, "3 years")]
)
def test_terms_are_named_in_years_where_they_are_whole(months, name):
    assert term_name(months) == name


# ---------------------------------------------------------------- quotes


@pytest.mark.parametrize(
    ("nodes", "per_node", "amount"),
    [
        (1, "40.00", "40.00"),
        (49, "40.00", "1960.00"),
        (50, "36.00", "1800.00"),
        (249, "36.00", "8964.00"),
        (250, "32.00", "8000.00"),
        (10_000, "32.00", "320000.00"),
    ],
)
def test_the_largest_band_that_is_reached_counts(cast, nodes, per_node, amount):
    found = quote(cast.price_lists["euro"], cast.products["EPS-SEL"], nodes=nodes, term_months=12)
    assert (found.currency, found.per_node, found.amount) == ("EUR", Decimal(per_node), Decimal(amount))


def test_without_a_price_there_is_no_quote(cast):
    with pytest.raises(RuleViolation) as refusal:
        quote(cast.price_lists["euro"], cast.products["EPS-SEL"], nodes=5, term_months=18)
    assert refusal.value.code == "no-price"


def test_a_country_without_a_region_has_no_price_list(cast):
    assert price_list_for("IL", date(2026, 1, 1)) is None


# ---------------------------------------------------------------- price lists


def test_two_price_lists_of_a_region_are_never_valid_on_one_day(cast):
    with pytest.raises(Error), transaction.atomic():
        PriceList.objects.create(
            region=cast.price_lists["euro"].region, currency="EUR", valid_from=date(2030, 1, 1)
        )


def test_a_new_list_ends_the_one_before_on_the_day_before(cast):
    lists = import_prices(NEW_LIST, by=cast.nora)
    assert len(lists) == 2
    old = PriceList.objects.get(pk=cast.price_lists["euro"].pk)
    assert old.valid_until == date(2026, 12, 31)
    assert price_list_for("FR", date(2026, 12, 31)) == old
    new = price_list_for("FR", date(2027, 1, 1))
    assert (new.currency, new.is_demo, new.valid_until) == ("EUR", False, None)
    assert quote(new, cast.products["EPS-SEL"], nodes=60, term_months=12).per_node == Decimal("35.00")
    assert price_list_for("GB", date(2028, 1, 1)) is None
    assert PriceList.objects.get(pk=cast.price_lists["ch"].pk).valid_until is None


def test_each_new_list_leaves_a_trace(cast):
    lists = import_prices(NEW_LIST, by=cast.nora)
    for price_list in lists:
        (event,) = Event.objects.about(price_list)
        assert (event.verb, event.actor) == ("price_list.imported", cast.nora)
        assert event.data["valid_from"] == "2027-01-01"


def test_one_bad_line_and_nothing_is_applied(cast):
    before = list(PriceList.objects.values_list("pk", "valid_until"))
    with pytest.raises(RuleViolation) as refusal:
        import_prices(NEW_LIST + b"euro;EUR;2027-01-01;;NONE;12;1;42,00\n", by=cast.nora)
    assert refusal.value.code == "prices-bad-lines"
    assert list(PriceList.objects.values_list("pk", "valid_until")) == before


@pytest.mark.parametrize(
    ("dates", "clash"),
    [
        ("2027-01-01,", True),
        ("2026-06-01,", True),
        ("2026-06-01,2026-12-31", False),
        ("2026-06-01,2027-01-01", True),
        ("2027-01-02,", False),
    ],
)
def test_a_list_that_begins_later_is_never_cut(cast, dates, clash):
    import_prices(csv_of("euro,EUR,2027-01-01,,EPS-SEL,12,1,42"), by=None)
    content = csv_of(f"euro,EUR,{dates},EPS-SEL,12,1,43")
    assert [problem.column for problem in read_prices(content).problems] == (["valid_from"] if clash else [])
    if not clash:
        import_prices(content, by=None)
        later = PriceList.objects.get(region__code="euro", valid_from=date(2027, 1, 1))
        assert later.prices.count() == 1


def test_the_preview_counts_what_changes(cast):
    euro, gb = preview_of(read_prices(NEW_LIST))
    assert (euro.prices, euro.products, euro.closes, euro.closes_on) == (
        4,
        2,
        cast.price_lists["euro"],
        date(2026, 12, 31),
    )
    assert (euro.dearer, euro.cheaper, euro.unchanged, euro.added) == (1, 1, 1, 1)
    assert euro.dropped == cast.price_lists["euro"].prices.count() - 3
    assert (gb.prices, gb.dearer) == (1, 1)


def test_amounts_of_two_currencies_are_not_compared(cast):
    (only,) = preview_of(read_prices(csv_of("gb,EUR,2027-01-01,,EPS-SEL,12,1,99")))
    assert (only.dearer, only.cheaper, only.unchanged) == (0, 0, 0)


def test_a_region_without_a_list_has_nothing_to_end(cast):
    PriceRegion.objects.create(code="israel", name="Israel", countries=["IL"])
    (only,) = preview_of(read_prices(csv_of("israel,ILS,2027-01-01,,EPS-SEL,12,1,99")))
    assert (only.closes, only.added) == (None, 1)


def test_the_number_of_statements_does_not_grow_with_the_lines(cast, django_assert_max_num_queries):
    lines = [f"euro,EUR,2027-01-01,,EPS-SEL,12,{nodes},40" for nodes in range(1, 2_001)]
    with django_assert_max_num_queries(14):
        import_prices(csv_of(*lines), by=None)
    assert Price.objects.filter(price_list__valid_from=date(2027, 1, 1)).count() == 2_000


def test_all_lists_with_their_counts_cost_one_query(cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [(one.region.code, one.price_count) for one in price_lists_with_counts()] == [
            ("euro", 81),
            ("ch", 81),
            ("gb", 81),
        ]


# ---------------------------------------------------------------- uploads


def test_an_upload_is_applied_once(cast):
    kept = keep_price_file(by=cast.nora, file_name="prices.csv", content=NEW_LIST)
    assert not PriceList.objects.filter(valid_from=date(2027, 1, 1)).exists()
    now = timezone.now()
    assert len(apply_price_import(kept.pk, by=cast.nora, at=now)) == 2
    kept.refresh_from_db()
    assert kept.applied_at == now
    with pytest.raises(WrongState):
        apply_price_import(kept.pk, by=cast.nora, at=now)
    with pytest.raises(WrongState):
        discard_price_import(kept.pk, by=cast.nora)
    assert [event.verb for event in Event.objects.about(kept)] == ["prices.uploaded", "prices.applied"]


def test_an_upload_with_a_bad_line_stays_unapplied(cast):
    kept = keep_price_file(by=cast.nora, file_name="prices.csv", content=b"region\nmars\n")
    with pytest.raises(RuleViolation):
        apply_price_import(kept.pk, by=cast.nora, at=timezone.now())
    kept.refresh_from_db()
    assert kept.applied_at is None


def test_an_upload_is_thrown_away(cast):
    kept = keep_price_file(by=cast.nora, file_name="prices.csv", content=NEW_LIST)
    discard_price_import(kept.pk, by=cast.nora)
    assert not PriceImport.objects.exists()
    assert Event.objects.filter(verb="prices.discarded").exists()


@pytest.mark.parametrize("name", ["karim", "august", "denise", "olga", "alice", "tina", "adam", "stranger"])
def test_nobody_but_a_programme_administrator_may(cast, name):
    person = getattr(cast, name)
    kept = keep_price_file(by=cast.nora, file_name="prices.csv", content=NEW_LIST)
    for deed in (
        lambda: keep_price_file(by=person, file_name="prices.csv", content=NEW_LIST),
        lambda: apply_price_import(kept.pk, by=person, at=timezone.now()),
        lambda: discard_price_import(kept.pk, by=person),
        lambda: import_prices(NEW_LIST, by=person),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assert not PriceList.objects.filter(valid_from=date(2027, 1, 1)).exists()


# ---------------------------------------------------------------- the command


def test_the_command_imports_and_a_dry_run_does_not(cast, tmp_path, capsys):
    path = tmp_path / "prices.csv"
    path.write_bytes(NEW_LIST)
    call_command("import_prices", str(path), "--dry-run")
    assert not PriceList.objects.filter(valid_from=date(2027, 1, 1)).exists()
    call_command("import_prices", str(path))
    assert PriceList.objects.filter(valid_from=date(2027, 1, 1)).count() == 2
    said = capsys.readouterr().out
    assert "euro EUR from 2027-01-01: 4 prices; the list from 2017-01-01 ends on 2026-12-31" in said
    assert "2 price lists imported" in said


def test_the_command_reports_bad_lines(cast, tmp_path, capsys):
    path = tmp_path / "prices.csv"
    path.write_bytes(csv_of("mars,EUR,2027-01-01,,EPS-SEL,12,1,40"))
    with pytest.raises(CommandError, match="1 problems: nothing was imported"):
        call_command("import_prices", str(path))
    assert "line 2, region: No such price region. (found: mars)" in capsys.readouterr().err
    path.write_bytes(csv_of(*["mars,EUR,2027-01-01,,EPS-SEL,12,1,40"] * 1_001))
    with pytest.raises(CommandError, match="1000 or more problems"):
        call_command("import_prices", str(path))
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_prices", str(tmp_path / "none.csv"))
