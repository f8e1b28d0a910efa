"""What an edition file must hold, value by value, and how it is told when it does not."""

import copy
from datetime import date
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from partners.programme.edition_file import MAX_BYTES, NEEDED_ROWS, PARAMETERS, check_facts, read_edition
from partners.programme.selectors import file_of
from tests.cast import edition_facts


def problems_of(facts):
    return {problem.path: problem.message for problem in check_facts(facts).problems}


def changed(facts, path, value):
    """The facts with one value replaced, or taken out (value `...`)."""
    facts = copy.deepcopy(facts)
    *above, last = path.split(".")
    place = facts
    for key in above:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return facts


def test_the_facts_of_2017_are_sound(facts):
    reading = check_facts(facts)
    assert reading.problems == ()
    assert reading.content.code == "2017"
    assert reading.content.tiers == ("registered", "bronze", "silver", "gold", "platinum")
    assert reading.content.grids["benefits"]["discount_standard_pct"]["platinum"] == Decimal(35)
    assert reading.content.grids["conditions"]["certified_sales"]["bronze"] == "recommended"


def test_a_file_written_from_an_edition_reads_back_as_the_same(content):
    text = yaml.safe_dump(file_of(content), allow_unicode=True, sort_keys=False)
    assert read_edition(text.encode()).content == content


def test_dates_belong_to_publishing(facts):
    dated = {**facts, "published_on": date(2016, 12, 1), "in_force_from": date(2017, 1, 1)}
    assert problems_of(dated).keys() == {"published_on", "in_force_from"}
    reading = check_facts(dated, dated=True)
    assert (reading.published_on, reading.in_force_from) == (date(2016, 12, 1), date(2017, 1, 1))
    assert [p.path for p in check_facts({**dated, "published_on": "soon"}, dated=True).problems] == [
        "published_on"
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("edition", ...),
        ("edition", ""),
        ("edition", "20 18"),
        ("edition", True),
        ("edition", "x" * 21),
        ("title", ...),
        ("title", "   "),
        ("title", ["a"]),
        ("title", "x" * 121),
        ("notice_days", ...),
        ("notice_days", -1),
        ("notice_days", 30.5),
        ("notice_days", True),
        ("notice_days", "30"),
        ("tiers", ...),
        ("tiers", "gold"),
        ("tiers", ["registered", "bronze", "silver", "gold"]),
        ("tiers", ["registered", "bronze", "silver", "gold", "gold"]),
        ("territory", ...),
        ("territory", []),
        ("territory", "FR"),
        ("product_groups", ...),
        ("product_groups", ["xsp"]),
        ("product_groups.standard", ...),
        ("product_groups.luxury", ["gems"]),
        ("benefits", ...),
        ("benefits", None),
        ("benefits.library", "yes"),
        ("benefits.library.gold", ...),
        ("benefits.library.gold", "maybe"),
        ("benefits.library.gold", None),
        ("benefits.library.diamond", "yes"),
        ("benefits.leads.gold", "yes"),
        ("benefits.technical_support.gold", "no"),
        ("benefits.discount_standard_pct.gold", None),
        ("benefits.discount_standard_pct.gold", 100.01),
        ("benefits.discount_standard_pct.gold", -1),
        ("benefits.discount_standard_pct.gold", "30"),
        ("benefits.discount_standard_pct.gold", True),
        ("benefits.discount_standard_pct.gold", float("nan")),
        ("benefits.discount_standard_pct.gold", float("inf")),
        ("benefits.discount_standard_pct.gold", 30.125),
        ("benefits.dealreg_standard_pct.gold", 101),
        ("benefits.nfr_nodes.gold", 2.5),
        ("conditions.annual_sales_target_eur.gold", -1),
        ("conditions.annual_sales_target_eur.gold", 10**11),
        ("conditions.certified_technical.gold", 1.5),
        ("conditions.certified_technical.gold", "yes"),
        ("conditions.certified_technical.gold", True),
        ("conditions.marketing_activities.gold", "yes"),
        ("parameters", ...),
        ("parameters.staff", ...),
        ("parameters.staff", 3),
        ("parameters.magic", {"wand": 1}),
        ("parameters.staff.colour", 1),
        ("parameters.staff.replacement_days", 0),
        ("parameters.specialisation.floor", "diamond"),
        ("parameters.specialisation.floor", ["gold"]),
        ("parameters.tier_changes.any_time", [["gold"]]),
        ("parameters.tier_changes.any_time", "gold"),
        ("parameters.tier_changes.any_time", [["gold", "iron"]]),
        ("parameters.nfr.product", "Total Security"),
        ("parameters.nfr.product", "quantum-security"),
        ("parameters.deal_registration.reminders_days_before", []),
        ("parameters.deal_registration.reminders_days_before", 3),
        ("parameters.deal_registration.reminders_days_before", [3, 14, 30]),
        ("parameters.deal_registration.reminders_days_before", [3, 3]),
        ("parameters.deal_registration.reminders_days_before", [90, 3]),
        ("parameters.deal_registration.discount_step_pct", 0),
        ("parameters.deal_registration.discount_step_pct", "half"),
        ("parameters.deal_registration.discount_step_pct", "NaN"),
        ("parameters.deal_registration.discount_step_pct", "0.125"),
        ("parameters.deal_registration.discount_step_pct", True),
        ("parameters.deal_registration.office_opens", 540),
        ("parameters.deal_registration.office_opens", "9 o'clock"),
        ("parameters.compliance.ladders", {}),
        ("parameters.compliance.ladders", {"brand_policy": []}),
        ("parameters.compliance.ladders", {"brand_policy": ["warning", [3]]}),
        ("parameters.compliance.ladders", {"Brand": ["warning"]}),
    ],
)
def test_a_bad_value_is_told_with_its_path(facts, path, value):
    assert path in problems_of(changed(facts, path, value))


@pytest.mark.parametrize(
    ("section", "code"), [(section, code) for section, codes in PARAMETERS.items() for code in codes]
)
def test_every_parameter_is_needed(facts, section, code):
    path = f"parameters.{section}.{code}"
    assert problems_of(changed(facts, path, ...)) == {path: "This parameter is missing."}


@pytest.mark.parametrize(("grid", "row"), [(grid, row) for grid, rows in NEEDED_ROWS.items() for row in rows])
def test_the_rows_that_rules_need_cannot_go(facts, grid, row):
    assert f"{grid}.{row}" in problems_of(changed(facts, f"{grid}.{row}", ...))


@pytest.mark.parametrize("tier", ["registered", "bronze", "silver", "gold", "platinum"])
def test_every_tier_has_a_cell_in_every_row(facts, tier):
    for grid in ("benefits", "conditions"):
        for row in facts[grid]:
            path = f"{grid}.{row}.{tier}"
            assert problems_of(changed(facts, path, ...)) == {path: "This tier has no value in the row."}


def test_a_row_of_the_vendor_is_kept_as_it_is(facts):
    facts["benefits"]["sandbox_hours"] = dict.fromkeys(facts["tiers"], 12)
    facts["benefits"]["hotline"] = {
        **dict.fromkeys(facts["tiers"], None),
        "gold": True,
        "bronze": False,
        "silver": "at_night",
    }
    facts["benefits"]["renewal_pct"] = dict.fromkeys(facts["tiers"], 3.5)
    content = check_facts(facts).content
    assert content.grids["benefits"]["sandbox_hours"]["gold"] == 12
    assert content.grids["benefits"]["hotline"] == {
        "registered": None,
        "bronze": "no",
        "silver": "at_night",
        "gold": "yes",
        "platinum": None,
    }
    assert content.grids["benefits"]["renewal_pct"]["gold"] == Decimal("3.5")


@pytest.mark.parametrize(
    ("row", "value"), [("sandbox_hours", "A long sentence"), ("sandbox_hours", [1]), ("renewal_pct", 101)]
)
def test_a_row_of_the_vendor_is_checked_too(facts, row, value):
    facts["benefits"][row] = dict.fromkeys(facts["tiers"], value)
    assert f"benefits.{row}.gold" in problems_of(facts)


def test_a_row_needs_a_proper_code_and_there_are_not_too_many(facts):
    facts["benefits"]["Sandbox Hours"] = dict.fromkeys(facts["tiers"], 12)
    assert "benefits.Sandbox Hours" in problems_of(facts)
    facts["benefits"] |= {f"row_{number}": {} for number in range(200)}
    assert "benefits" in problems_of(facts)


def test_yes_and_no_may_stand_without_quotes(facts):
    facts["benefits"]["library"] = dict.fromkeys(facts["tiers"], True)
    facts["benefits"]["conference"] = dict.fromkeys(facts["tiers"], False)
    content = check_facts(facts).content
    assert content.grids["benefits"]["library"]["gold"] == "yes"
    assert content.grids["benefits"]["conference"]["gold"] == "no"


@pytest.mark.parametrize(
    ("country", "message"),
    [
        (False, 'YAML reads NO without quotes as "false": write "NO".'),
        ("fr", "An ISO country code of two capital letters is needed."),
        ("XX", "An ISO country code of two capital letters is needed."),
        (33, "An ISO country code of two capital letters is needed."),
        ("GB", "This country is named twice."),
    ],
)
def test_countries_are_iso_codes_each_once(facts, country, message):
    facts["territory"] = ["GB", country]
    assert problems_of(facts) == {"territory[1]": message}


def test_a_product_group_stands_in_one_line_once(facts):
    facts["product_groups"]["enterprise"] = ["xsp", "Anti"]
    assert problems_of(facts).keys() == {"product_groups.enterprise[0]", "product_groups.enterprise[1]"}


def test_an_office_opens_before_it_closes(facts):
    facts["parameters"]["deal_registration"] |= {"office_opens": "18:00", "office_closes": "09:00"}
    assert problems_of(facts).keys() == {"parameters.deal_registration.office_closes"}


def test_a_key_that_the_portal_does_not_know_is_told(facts):
    assert problems_of({**facts, "discounts": 3}) == {"discounts": "The portal does not know this key."}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file holds no named values."),
        (b"- a", "The file holds no named values."),
        (b"\xff\xfe", "The file is not written in UTF-8."),
        (b"a: [", "This is not YAML: %(reason)s."),
        (b"a: &x 1\nb: *x", "This is not YAML: %(reason)s."),
        (b"a: 1\n---\nb: 2", "This is not YAML: %(reason)s."),
        (b"!!python/object/apply:os.system [ls]", "This is not YAML: %(reason)s."),
        (b"[" * 20_000, "The file is nested too deeply."),
        (b"a: 2017-13-45", "A value cannot be read: %(reason)s."),
        (b"a: " + b"9" * 5000, "A value cannot be read: %(reason)s."),
        (b"a: \x00", "The file holds a character that text does not have, at place %(place)s."),
        (b"#" * (MAX_BYTES + 1), "The file is larger than %(limit)s kB."),
    ],
)
def test_what_is_no_edition_file_is_told_in_one_line(data, message):
    reading = read_edition(data)
    assert reading.content is None
    assert [problem.message for problem in reading.problems] == [message]
    assert str(reading.problems[0])


def test_a_key_given_twice_is_told_with_its_line():
    reading = read_edition(b"edition: a\ntitle: b\nbenefits: {gold: 1, gold: 2}\nedition: c\n")
    assert [(problem.line, problem.path) for problem in reading.problems] == [
        (3, "benefits.gold"),
        (4, "edition"),
    ]


def test_problems_name_the_line_of_the_file(facts):
    text = yaml.safe_dump(changed(facts, "benefits.library.gold", "maybe"), sort_keys=False)
    (problem,) = read_edition(text.encode()).problems
    assert text.splitlines()[problem.line - 1].strip() == "gold: maybe"
    assert str(problem) == (
        f"line {problem.line}: benefits.library.gold: One of these is needed: yes, no. (found: maybe)"
    )


def test_a_long_value_is_cut_in_the_report(facts):
    (problem,) = check_facts(changed(facts, "benefits.library.gold", "x" * 500)).problems
    assert len(problem.value) < 60


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.binary(max_size=5),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(SCALARS.filter(lambda v: not isinstance(v, float)), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_whatever_stands_in_a_place_gets_an_answer(data):
    """Never an exception, and never a content with a problem."""
    facts = copy.deepcopy(edition_facts())
    place = facts
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(ANYTHING)
            break
        place = place[key]
    reading = check_facts(facts, dated=True)
    assert (reading.content is None) == bool(reading.problems)
    for problem in reading.problems:
        assert str(problem)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_get_an_answer(data):
    assert read_edition(data).problems
