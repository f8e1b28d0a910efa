"""Editions in tables: drafts, publication with notice, frozen content, and which one is in force."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from partners.programme.actions import (
    UnsoundEdition,
    discard_draft,
    import_edition,
    publish_edition,
    seed_edition,
)
from partners.programme.content import differences
from partners.programme.models import Edition, EditionProductGroup, EditionTier, GridCell, Parameter
from partners.programme.selectors import (
    NoEditionInForce,
    content_of,
    edition_on,
    editions_on_shelf,
    rulebook_of,
    rulebook_on,
)
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from tests.cast import EDITION_FILE, edition_facts

PARTS = [EditionTier, EditionProductGroup, GridCell, Parameter]


@pytest.fixture
def edition(db):
    return seed_edition(edition_facts())[0]


@pytest.fixture
def draft(edition, content):
    return import_edition(replace(content, code="2018", title="2018"), by=None)


def lower_platinum(content, code="2018", **changes):
    benefits = dict(content.grids["benefits"])
    benefits["discount_standard_pct"] = {**benefits["discount_standard_pct"], "platinum": Decimal(33)}
    return replace(content, code=code, title=code, grids={**content.grids, "benefits": benefits}, **changes)


# ---------------------------------------------------------------- seeding


def test_seeding_twice_changes_nothing(edition):
    before = [model.objects.count() for model in (Edition, *PARTS)]
    again, is_new = seed_edition(edition_facts())
    assert (again, is_new) == (edition, False)
    assert [model.objects.count() for model in (Edition, *PARTS)] == before


def test_the_seed_command_can_be_repeated(db, capsys):
    call_command("seed_programme")
    call_command("seed_programme")
    assert capsys.readouterr().out.splitlines() == ["Edition 2017: published", "Edition 2017: already there"]


def test_what_was_seeded_is_what_the_file_says(edition, content):
    assert content_of(edition) == content


def test_unsound_facts_leave_nothing_behind(db):
    facts = {**edition_facts(), "notice_days": -1}
    with pytest.raises(UnsoundEdition, match="notice_days"):
        seed_edition(facts)
    with pytest.raises(UnsoundEdition, match="published_on"):
        seed_edition({key: value for key, value in edition_facts().items() if key != "published_on"})
    assert not Edition.objects.exists()


def test_a_seeded_edition_without_a_first_day_keeps_its_notice(db):
    facts = {key: value for key, value in edition_facts().items() if key != "in_force_from"}
    assert seed_edition(facts)[0].in_force_from == date(2016, 12, 31)


# ---------------------------------------------------------------- frozen


@pytest.mark.parametrize("model", PARTS)
@pytest.mark.parametrize(
    "deed", ["update", "delete", "save", "instance_delete", "insert", "move_in", "move_out"]
)
def test_the_parts_of_a_published_edition_are_frozen(edition, draft, model, deed):
    rows = model.objects.filter(edition=edition)
    one = rows.first()

    def insert():
        one.pk = None
        one.code = "new"
        one.save(force_insert=True)

    deeds = {
        "update": lambda: rows.update(code="other"),
        "delete": lambda: rows.delete(),
        "save": one.save,
        "instance_delete": one.delete,
        "insert": insert,
        # A row of a draft must not slip into a published edition, nor one of it be carried away.
        "move_in": lambda: model.objects.filter(edition=draft).update(edition=edition),
        "move_out": lambda: rows.update(edition=draft),
    }
    with pytest.raises(Error, match="frozen"), transaction.atomic():
        deeds[deed]()
    assert content_of(edition) == content_of(Edition.objects.get(pk=edition.pk))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE programme_edition SET notice_days = 1 WHERE id = %s",
        "UPDATE programme_edition SET published_on = NULL, in_force_from = NULL WHERE id = %s",
        "UPDATE programme_edition SET in_force_from = in_force_from + 1 WHERE id = %s",
        "DELETE FROM programme_edition WHERE id = %s",
        "UPDATE programme_gridcell SET number = 99 WHERE edition_id = %s",
        "DELETE FROM programme_gridcell WHERE edition_id = %s",
        "INSERT INTO programme_gridcell (edition_id, grid, code, position, tier, level)"
        " VALUES (%s, 'benefits', 'gift', 1, 'gold', 'yes')",
        "UPDATE programme_parameter SET value = '1' WHERE edition_id = %s",
        "DELETE FROM programme_parameter WHERE edition_id = %s",
        "INSERT INTO programme_parameter (edition_id, section, code, value) VALUES (%s, 'a', 'b', '1')",
        "UPDATE programme_editiontier SET rank = rank + 10 WHERE edition_id = %s",
        "DELETE FROM programme_editiontier WHERE edition_id = %s",
        "INSERT INTO programme_editiontier (edition_id, code, rank) VALUES (%s, 'diamond', 9)",
        "UPDATE programme_editionproductgroup SET line = 'enterprise' WHERE edition_id = %s",
        "DELETE FROM programme_editionproductgroup WHERE edition_id = %s",
        "INSERT INTO programme_editionproductgroup (edition_id, code, line, position)"
        " VALUES (%s, 'gems', 'standard', 9)",
    ],
)
def test_sql_is_refused_too(edition, statement):
    before = content_of(edition)
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [edition.pk])
    assert content_of(Edition.objects.get(pk=edition.pk)) == before


def test_a_published_edition_itself_is_frozen(edition):
    for deed in (
        lambda: Edition.objects.filter(pk=edition.pk).update(title="other"),
        lambda: Edition.objects.filter(pk=edition.pk).delete(),
        edition.save,
    ):
        with pytest.raises(Error), transaction.atomic():
            deed()
    assert Edition.objects.get().title == "2017"


def test_a_draft_can_be_changed_and_thrown_away(draft):
    draft.cells.filter(code="nfr_nodes").update(number=10)
    draft.parameters.first().delete()
    draft.title = "2018, second try"
    draft.save()
    draft.delete()
    assert not GridCell.objects.filter(edition__code="2018").exists()


# ---------------------------------------------------------------- one edition a day


def test_two_editions_never_come_into_force_on_one_day(edition):
    with pytest.raises(IntegrityError), transaction.atomic():
        Edition.objects.create(
            code="b", title="b", notice_days=0, published_on=date(2016, 12, 1), in_force_from=date(2017, 1, 1)
        )


@pytest.mark.parametrize(
    "dates",
    [
        {"published_on": date(2018, 1, 1), "in_force_from": date(2018, 1, 30)},
        {"published_on": date(2018, 1, 1), "in_force_from": date(2017, 12, 1)},
        {"published_on": date(2018, 1, 1), "in_force_from": None},
    ],
)
def test_the_database_keeps_the_notice(db, dates):
    with pytest.raises(IntegrityError), transaction.atomic():
        Edition.objects.create(code="b", title="b", notice_days=30, **dates)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2017, 1, 1), "2017"),
        (date(2017, 6, 30), "2017"),
        (date(2018, 3, 2), "2017"),
        (date(2018, 3, 3), "2018"),
        (date(2018, 3, 4), "2018"),
        (date(2019, 2, 28), "2018"),
        (date(2019, 3, 1), "2019"),
        (date(2040, 1, 1), "2019"),
    ],
)
def test_the_day_decides_which_rule_book_applies(edition, content, day, code):
    for name, published in (("2018", date(2018, 2, 1)), ("2019", date(2019, 1, 30))):
        later = import_edition(lower_platinum(content, name), by=None)
        publish_edition(later.pk, by=None, on=published)
    import_edition(replace(content, code="draft"), by=None)
    book = rulebook_on(day)
    assert book.edition == code
    assert book.number("discount_standard_pct", "platinum") == (35 if code == "2017" else 33)
    in_force = [one for one in editions_on_shelf(Edition.objects.all(), day) if one.state == "in_force"]
    assert [one.edition.code for one in in_force] == [code]


def test_before_the_first_edition_there_is_no_rule_book(edition):
    with pytest.raises(NoEditionInForce):
        edition_on(date(2016, 12, 31))


def test_a_rule_book_costs_one_query_once_it_was_read(edition, django_assert_num_queries):
    rulebook_on(date(2017, 5, 1))
    with django_assert_num_queries(1):
        rulebook_on(date(2018, 5, 1))


def test_a_draft_is_read_afresh_each_time(draft):
    assert rulebook_of(draft).number("nfr_nodes", "gold") == 100
    draft.cells.filter(code="nfr_nodes").update(number=10)
    assert rulebook_of(draft).number("nfr_nodes", "gold") == 10


def test_the_shelf_says_what_is_in_force_and_until_when(edition, content):
    coming = import_edition(lower_platinum(content), by=None)
    publish_edition(coming.pk, by=None, on=date(2018, 2, 1))
    import_edition(replace(content, code="draft"), by=None)
    shelf = editions_on_shelf(Edition.objects.all(), date(2018, 2, 10))
    assert [(one.edition.code, one.state, one.until) for one in shelf] == [
        ("draft", "draft", None),
        ("2018", "coming", None),
        ("2017", "in_force", date(2018, 3, 2)),
    ]
    later = editions_on_shelf(Edition.objects.all(), date(2018, 3, 3))
    assert [one.state for one in later] == ["draft", "in_force", "superseded"]


# ---------------------------------------------------------------- drafts and publication


def test_a_programme_administrator_imports_publishes_and_leaves_a_trace(cast, content):
    draft = import_edition(lower_platinum(content), by=cast.nora)
    assert draft.is_draft
    published = publish_edition(draft.pk, by=cast.nora, on=date(2018, 2, 1))
    assert (published.published_on, published.in_force_from) == (date(2018, 2, 1), date(2018, 3, 3))
    events = Event.objects.about(published)
    assert [(event.verb, event.actor, event.edition) for event in events] == [
        ("edition.imported", cast.nora, "2018"),
        ("edition.published", cast.nora, "2018"),
    ]


@pytest.mark.parametrize("name", ["karim", "august", "denise", "olga", "alice", "tina", "adam", "stranger"])
def test_nobody_else_may(cast, content, name):
    person = getattr(cast, name)
    draft = import_edition(lower_platinum(content), by=None)
    for deed in (
        lambda: import_edition(content, by=person),
        lambda: publish_edition(draft.pk, by=person, on=date(2018, 2, 1)),
        lambda: discard_draft(draft.pk, by=person),
    ):
        with pytest.raises(NotAllowed):
            deed()
    draft.refresh_from_db()
    assert draft.is_draft


def test_a_draft_of_the_same_code_is_replaced(draft, content):
    again = import_edition(lower_platinum(content), by=None)
    assert Edition.objects.filter(code="2018").get() == again
    assert content_of(again).grids["benefits"]["discount_standard_pct"]["platinum"] == 33


def test_a_published_code_is_taken_for_good(edition, content):
    with pytest.raises(RuleViolation) as refusal:
        import_edition(content, by=None)
    assert refusal.value.code == "edition-published"
    assert content_of(edition) == content


def test_an_edition_is_published_once(draft):
    publish_edition(draft.pk, by=None, on=date(2018, 2, 1))
    with pytest.raises(WrongState):
        publish_edition(draft.pk, by=None, on=date(2018, 2, 2))


def test_a_day_on_which_another_comes_into_force_is_refused(draft, content):
    publish_edition(draft.pk, by=None, on=date(2018, 2, 1))
    other = import_edition(replace(content, code="2018b", notice_days=29), by=None)
    with pytest.raises(RuleViolation) as refusal:
        publish_edition(other.pk, by=None, on=date(2018, 2, 2))
    assert refusal.value.code == "edition-same-day"
    other.refresh_from_db()
    assert other.is_draft


def test_editions_are_published_one_after_the_other(draft, content):
    publish_edition(draft.pk, by=None, on=date(2018, 2, 1))
    other = import_edition(replace(content, code="2018b"), by=None)
    with pytest.raises(RuleViolation) as refusal:
        publish_edition(other.pk, by=None, on=date(2018, 1, 31))
    assert refusal.value.code == "edition-out-of-order"


def test_a_draft_can_be_discarded_and_a_published_edition_cannot(cast, content):
    draft = import_edition(lower_platinum(content), by=cast.nora)
    discard_draft(draft.pk, by=cast.nora)
    assert not Edition.objects.filter(code="2018").exists()
    assert Event.objects.filter(verb="edition.discarded", edition="2018").exists()
    with pytest.raises(WrongState):
        discard_draft(cast.edition.pk, by=cast.nora)


# ---------------------------------------------------------------- commands


def test_the_commands_import_and_publish(edition, tmp_path, capsys):
    lines = EDITION_FILE.read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("published_on", "in_force_from")))
    path = tmp_path / "next.yaml"
    path.write_text(text.replace('edition: "2017"', 'edition: "next"'), "utf-8")
    call_command("import_edition", str(path), "--check")
    assert not Edition.objects.filter(code="next").exists()
    call_command("import_edition", str(path))
    assert Edition.objects.get(code="next").is_draft
    call_command("publish_edition", "next")
    published = Edition.objects.get(code="next")
    assert published.published_on == timezone.localdate()
    assert "kept as a draft" in capsys.readouterr().out
    with pytest.raises(CommandError, match="already published"):
        call_command("publish_edition", "next")
    with pytest.raises(CommandError, match="published and frozen"):
        call_command("import_edition", str(path))


def test_the_commands_say_what_is_wrong(edition, tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text("edition: next\nterritory: [NO]\n")
    with pytest.raises(CommandError, match="nothing was imported"):
        call_command("import_edition", str(path))
    assert "line 2: territory[0]: YAML reads NO without quotes" in capsys.readouterr().err
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_edition", str(tmp_path / "none.yaml"))
    with pytest.raises(CommandError, match="There is no edition"):
        call_command("publish_edition", "next")
    with pytest.raises(CommandError, match="has passed"):
        call_command("publish_edition", "2017", "--on", "2018-01-01")


# ---------------------------------------------------------------- differences


def test_two_equal_editions_differ_in_nothing(content):
    assert differences(content, content) == []


def test_differences_name_row_tier_before_and_after(content):
    (one,) = differences(content, lower_platinum(content))
    assert (one.section, one.code, one.tier, one.before, one.after) == (
        "benefits",
        "discount_standard_pct",
        "platinum",
        Decimal(35),
        Decimal(33),
    )


def test_every_kind_of_difference_is_found(content):
    benefits = {**content.grids["benefits"], "gift": dict.fromkeys(content.tiers, "yes")}
    del benefits["library"]
    parameters = {**content.parameters, "nfr": {**content.parameters["nfr"], "validity_months": 24}}
    groups = {**content.product_groups, "xsp": "enterprise", "gems": "standard"}
    other = replace(
        content,
        notice_days=60,
        tiers=tuple(reversed(content.tiers)),
        territory=(*(country for country in content.territory if country != "IL"), "PL"),
        product_groups=groups,
        grids={**content.grids, "benefits": benefits},
        parameters=parameters,
    )
    found = {(one.section, one.code): one for one in differences(content, other)}
    assert found.keys() == {
        ("edition", "notice_days"),
        ("edition", "tiers"),
        ("benefits", "gift"),
        ("benefits", "library"),
        ("product_groups", "xsp"),
        ("product_groups", "gems"),
        ("territory", "IL"),
        ("territory", "PL"),
        ("nfr", "validity_months"),
    }
    assert found["benefits", "gift"].is_new
    assert found["benefits", "library"].is_gone
    assert found["territory", "IL"].is_gone
    assert found["product_groups", "gems"].is_new
