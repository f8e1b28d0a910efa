import re
from datetime import date
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal.core import charts

MONTHS = charts.last_months(date(2026, 2, 23), 4)


def rendered(chart: charts.Chart) -> str:
    return Template("{% chart chart %}").render(Context({"chart": chart}))


def test_the_last_months_cross_the_turn_of_the_year():
    assert [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)] == MONTHS


@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=2))
def test_the_axis_ends_at_or_above_the_highest_value_in_even_steps(value):
    top, step = charts.nice_ceiling(value)
    assert top >= float(value) - 1e-6
    assert step > 0
    assert abs(top / step - round(top / step)) < 1e-6
    assert top / step <= 6


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 12])
def test_counts_get_whole_steps(count):
    assert charts.nice_ceiling(count)[1] % 1 == 0


def test_a_month_below_its_target_is_drawn_paler_and_named_in_the_table():
    chart = charts.month_bars(
        list(zip(MONTHS, [10, 30, 20, 40], strict=True)),
        title="Deals",
        series="Registered",
        targets=[20, 20, 20, 20],
        target_series="Target",
    )
    assert [bar.cls for bar in chart.drawings[0].bars] == ["bar miss", "bar", "bar", "bar"]
    assert chart.rows[0] == ("Nov 25", "10", "20")
    page = rendered(chart)
    assert page.count("<title") >= 2
    assert '<th scope="row">Nov 25</th><td>10</td><td>20</td>' in page
    assert "style=" not in page


def test_targets_must_match_the_months():
    with pytest.raises(ValueError, match="one target"):
        charts.month_bars([(MONTHS[0], 1)], title="", series="", targets=[1, 2])


def test_a_decimal_comma_never_gets_into_coordinates():
    with translation.override("fr"):
        page = rendered(
            charts.month_bars(
                [(month, Decimal("1234.5")) for month in MONTHS], title="Ventes", series="Ventes"
            )
        )
    coordinates = re.findall(r'\b(?:d|x1|x2|y1|y2|points)="([^"]*)"', page)
    assert coordinates
    assert not any("," in value for value in coordinates)


def test_months_without_anything_are_an_empty_chart_and_no_error():
    chart = charts.month_bars([(month, 0) for month in MONTHS], title="Deals", series="Registered")
    assert chart.empty
    assert all(not bar.path for bar in chart.drawings[0].bars)
    assert charts.month_bars([], title="Deals", series="Registered").empty
    rendered(chart)


def test_the_parts_of_a_bar_fill_it_and_lead_to_their_lists():
    chart = charts.stacked_bar(
        [
            charts.Segment("Approved", 3, "ok", "/deals/?status=approved"),
            charts.Segment("Lost", 1, "neutral"),
        ],
        title="Deals by state",
    )
    widths = [float(part.width) for part in chart.slices]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)
    assert sum(widths) + 0.4 == pytest.approx(100, abs=0.05)
    assert '<a href="/deals/?status=approved">Approved</a>' in rendered(chart)


def test_a_part_without_value_stays_in_the_legend_only():
    chart = charts.donut([charts.Segment("Won", 0, "ok"), charts.Segment("Lost", 2, "bad")], title="Closed")
    assert len(chart.arcs) == 1
    assert [entry.label for entry in chart.legend] == ["Won", "Lost"]
    assert charts.donut([], title="Closed").empty


@pytest.mark.parametrize("wrong", [{"tone": "pink"}, {"value": -1}])
def test_a_part_with_an_unknown_tone_or_below_zero_is_refused(wrong):
    with pytest.raises(ValueError, match=r"tone|negative"):
        charts.Segment(**({"label": "x", "value": 1} | wrong))


def test_labels_are_escaped():
    page = rendered(charts.stacked_bar([charts.Segment("<script>", 1)], title="<b>"))
    assert "<script>" not in page
    assert "<b>" not in page
