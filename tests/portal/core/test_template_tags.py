import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import django_tables2 as tables
import pytest
from django import forms
from django.conf import settings
from django.core.paginator import EmptyPage
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from partners.organisations.models import Tier
from portal.core import icons
from portal.core.pagination import CappedPaginator, show_page_of
from portal.core.templatetags import portal

NARROW, WIDE = "\u202f", "\u00a0"


def render(source: str, **context: object) -> str:
    request = RequestFactory().get("/deals/", context.pop("query", {}))
    return Template(source).render(Context({"request": request, **context}))


# ---------------------------------------------------------------- icons


def test_every_icon_that_a_page_or_module_names_exists():
    named = set()
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        source = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"""{% icon ["']([^"']+)["'](?! cls="[^"]*" filled)""", source))
        named |= set(re.findall(r"""\bicon=["']([^"']+)["']""", source))
    for package in ("portal", "partners", "dealreg"):
        for path in Path(settings.BASE_DIR, package).rglob("*.py"):
            named |= set(re.findall(r"""["']icon["']: ["']([^"']+)["']""", path.read_text(encoding="utf-8")))
    assert len(named) > 20
    assert sorted(name for name in named if not icons.icon_path(name).is_file()) == []


def test_an_icon_is_silent_unless_it_has_a_label():
    assert 'aria-hidden="true"' in render('{% icon "briefcase" %}')
    spoken = render('{% icon "briefcase" label=label %}', label='"><b>')
    assert 'role="img"' in spoken
    assert "<b>" not in spoken


@pytest.mark.parametrize("name", ["no-such-icon", "../../package", ""])
def test_an_unknown_icon_costs_the_drawing_and_not_the_page(name, settings):
    assert icons.icon_svg(name) == ""
    settings.DEBUG = True
    with pytest.raises(icons.UnknownIcon):
        icons.icon_svg(name)


# ---------------------------------------------------------------- badges


def test_a_state_is_told_by_colour_and_word():
    badge = render("{% status_badge 'approved' %}")
    assert "st-ok" in badge
    assert "Approved" in badge
    assert "Protected" in render("{% status_badge 'approved' 'Protected' %}")
    assert "st-neutral" in render("{% status_badge 'something_new' %}")
    assert "Something new" in render("{% status_badge 'something_new' %}")
    assert "<i>" not in render("{% status_badge label %}", label="<i>")


@pytest.mark.parametrize("tier", ["gold", "Gold", Tier.GOLD, SimpleNamespace(code="gold")])
def test_a_tier_is_named_beside_its_colour(tier):
    badge = render("{% tier_badge tier %}", tier=tier)
    assert "tier-gold" in badge
    assert "Gold" in badge


@pytest.mark.parametrize(
    ("days", "tone", "words"),
    [
        (-3, "bad", "3 days late"),
        (-1, "bad", "1 day late"),
        (0, "bad", "Today"),
        (1, "bad", "1 day"),
        (7, "bad", "7 days"),
        (8, "warn", "8 days"),
        (30, "warn", "30 days"),
        (31, "neutral", "31 days"),
    ],
)
def test_a_deadline_says_its_distance(days, tone, words):
    today = date(2026, 11, 23)
    badge = portal.deadline_badge(today + timedelta(days=days), on=today)
    assert f"dl-{tone}" in badge
    assert f">{words}<" in badge


def test_a_deadline_counts_days_in_the_readers_time_zone():
    late_in_utc = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    with timezone.override("Europe/Paris"):
        assert portal.days_until(late_in_utc, date(2026, 11, 23)) == 1
    with timezone.override("UTC"):
        assert portal.days_until(late_in_utc, date(2026, 11, 23)) == 0


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "€16,900.00"), ("fr", f"16{NARROW}900,00{WIDE}€")],
)
def test_amounts_follow_the_readers_language(language, expected):
    with translation.override(language):
        assert portal.money(Decimal("16900"), "EUR") == expected


@pytest.mark.parametrize("currency", ["CHF", "SEK", "DKK", "NOK"])
def test_a_currency_of_letters_stands_apart_from_its_figures(currency):
    assert portal.money(Decimal("1234.5"), currency) == f"{currency}{WIDE}1,234.50"
    assert portal.money(Decimal("-1234.5"), currency) == f"-{currency}{WIDE}1,234.50"
    assert portal.money_short(Decimal("1840000"), currency) == f"{currency}{WIDE}1.84M"
    assert portal.money_short(Decimal("1840"), currency) == f"{currency}{WIDE}1,840"
    with translation.override("fr"):
        assert portal.money(Decimal("1234.5"), currency) == f"1{NARROW}234,50{WIDE}{currency}"


def test_short_amounts():
    assert portal.money_short(Decimal("1840000"), "EUR") == "€1.84M"
    assert portal.money_short(Decimal("184000.49"), "EUR") == "€184,000"
    with translation.override("fr"):
        assert portal.money_short(1840000, "EUR") == f"1,84{WIDE}M{WIDE}€"


@pytest.mark.parametrize(
    ("value", "expected"), [(5, "5%"), (Decimal("12.50"), "12.5%"), (0, "0%"), (Decimal("0.25"), "0.25%")]
)
def test_percentages_are_given_in_percent(value, expected):
    assert portal.pct(value) == expected


def test_days_and_moments_are_readable_for_people_and_machines():
    assert portal.day(date(2026, 11, 23)) == '<time datetime="2026-11-23">23 Nov 2026</time>'
    with timezone.override("Europe/Paris"):
        shown = portal.moment(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "zone")
    assert shown == '<time datetime="2026-11-24T00:30+01:00">24 Nov 2026, 00:30 CET</time>'


@pytest.mark.parametrize(
    "name", ["money", "money_short", "pct", "number", "day", "moment", "country_name", "file_size"]
)
def test_nothing_is_a_dash(name):
    assert render(f"{{{{ value|{name} }}}}", value=None) == "–"


def test_countries_and_sizes():
    with translation.override("fr"):
        assert portal.country_name("de") == "Allemagne"
        assert portal.file_size(1_234_567) == f"1,2{NARROW}Mo"
    assert portal.country_name("XX") == "XX"
    assert portal.file_size(12) == "1 kB"


@pytest.mark.parametrize(
    ("person", "expected"),
    [("Marie Dubois", "MD"), ("alice@alpha.example", "A"), ("", "?"), ("Jean-Luc Petit", "JP")],
)
def test_initials(person, expected):
    assert portal.initials(person) == expected


# ---------------------------------------------------------------- blocks


def test_blocks_escape_titles_and_keep_their_content():
    page = render("{% card title=title %}<p>{{ text }}</p>{% endcard %}", title="<i>", text="<b>")
    assert "&lt;i&gt;" in page
    assert "<p>&lt;b&gt;</p>" in page


@pytest.mark.parametrize("body", ["", " ", "<bdi></bdi>", "{{ nothing }}", "<a href='#'> </a>"])
def test_a_fact_without_value_is_a_dash(body):
    assert "<dd>–</dd>" in render("{% fact 'Order' %}" + body + "{% endfact %}", nothing=None)


def test_a_fact_may_be_a_picture():
    assert "<svg" in render("{% fact 'State' %}{% icon 'check' label='Done' %}{% endfact %}")


def test_a_stepper_says_where_one_is():
    page = render(
        "{% stepper steps current=2 %}", steps=["Customer", {"label": "Lines", "url": "/x/"}, "Check"]
    )
    assert page.count('aria-current="step"') == 1
    assert "Step 2 of 3 · Lines" in page
    assert "/x/" not in page  # only what is done leads back


def test_a_crumb_leads_to_a_view_or_an_address_or_is_the_page_itself():
    assert 'href="/healthz"' in render("{% crumb 'Alive' 'healthz' %}")
    assert 'href="/a/b/"' in render("{% crumb 'There' '/a/b/' %}")
    assert 'aria-current="page"' in render("{% crumb 'Here' %}")


class Example(forms.Form):
    q = forms.CharField(required=False)
    nodes = forms.IntegerField(label="Nodes")
    step = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("Too much at once")


def test_the_error_summary_leads_to_each_field():
    page = render("{% form_errors form %}", form=Example({"nodes": "x"}))
    assert 'href="#id_nodes"' in page
    assert "Too much at once" in page
    assert "Please correct 3 things" in page
    assert "#id_step" not in page
    assert render("{% form_errors form %}", form=Example()).strip() == ""


def test_filters_are_a_plain_form_that_offers_to_clear_them():
    page = render("{% filters_bar form %}", form=Example({"q": "alpha"}))
    assert 'method="get" action="/deals/"' in page
    assert 'type="search"' in page
    assert "Clear filters" in page
    assert "Clear filters" not in render("{% filters_bar form %}", form=Example({}))


# ---------------------------------------------------------------- tables and pages


class Rows(tables.Table):
    name = tables.Column("Customer", attrs={"td": {"class": "phone-title"}})
    nodes = tables.Column("Nodes", orderable=False)

    class Meta:
        empty_text = "Nothing here"


def table_page(count, query=None, **attributes):
    request = RequestFactory().get("/deals/", query or {})
    table = Rows([{"name": f"N{index:04d}", "nodes": index} for index in range(count)])
    show_page_of(table, request, 25)
    for name, value in attributes.items():
        setattr(table, name, value)
    return table.as_html(request)


def test_a_table_tells_its_order_its_labels_and_its_place():
    page = table_page(240, {"sort": "-name", "page": "2", "q": "a"})
    assert 'aria-sort="descending"' in page
    assert 'data-label="Customer"' in page
    assert "26–50 of 240" in page
    assert "?sort=-name&amp;page=3&amp;q=a" in page
    assert page.count('aria-current="page"') == 1


def test_an_empty_table_says_why():
    assert "Nothing here" in table_page(0)
    assert "Nothing matches" in table_page(0, filtered=True)
    assert 'href="/deals/register/"' in table_page(
        0, empty_state={"title": "No deal yet", "url": "/deals/register/", "action": "Register"}
    )


def test_long_lists_are_counted_to_a_cap_and_can_be_turned_beyond_it():
    pages = CappedPaginator(list(range(1_060)), 25)
    assert pages.capped
    assert pages.count == 1_000
    last = pages.page(43)
    assert list(last.object_list) == list(range(1_050, 1_060))
    assert not last.has_next()
    assert pages.page(40).has_next()
    with pytest.raises(EmptyPage):
        pages.page(44)
    assert "1,000+" in render("{% pagination page %}", page=pages.page(1))


def test_short_lists_are_counted_exactly():
    pages = CappedPaginator(list(range(30)), 25)
    assert (pages.count, pages.capped, pages.num_pages) == (30, False, 2)
    with pytest.raises(EmptyPage):
        pages.page(3)
    assert list(CappedPaginator([], 25).page(1).object_list) == []
