"""How long decisions take: median and share on time by country of the distributor, for everybody who is
signed in. What would single somebody out is not shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Aggregate, Count, DurationField, Q

from dealreg.deals.models import Deal
from dealreg.deals.rules import Published, may_stand_beside, published
from partners.programme.selectors import rulebook_on

WINDOWS = (30, 90)
KEPT_SECONDS = 15 * 60


class Median(Aggregate):
    """Half of the values are below; PostgreSQL computes it over intervals too."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    name = "Median"


@dataclass(frozen=True)
class Figures:
    """Of one country, of several together (`country` empty), or of all; one pair for each window. Where
    too few were decided there are none."""

    country: str
    hours: dict[int, float | None]
    on_time_pct: dict[int, int | None]
    at_least: dict[int, int | None]


@dataclass(frozen=True)
class DecisionTimes:
    """`until` is the last day that counts; the figures are the same all day long, so that nobody reads a
    single decision off their change."""

    until: date
    least: int
    business_days: int
    working_hours: float
    countries: tuple[Figures, ...]
    others: Figures | None
    total: Figures | None

    @property
    def is_empty(self) -> bool:
        return self.total is None


def decision_times(at: datetime) -> DecisionTimes:
    """The figures up to the end of the day before `at`. Two statements, whatever the number of deals."""
    today = at.astimezone(UTC).date()
    terms = rulebook_on(today).deal_registration
    key = f"decision-times:{today}:{terms.decisions_to_publish}"
    found: DecisionTimes | None = cache.get(key)
    if found is None:
        hours = timedelta(hours=terms.office_closes.hour, minutes=terms.office_closes.minute) - timedelta(
            hours=terms.office_opens.hour, minutes=terms.office_opens.minute
        )
        found = _read(
            today, terms.decisions_to_publish, terms.decision_business_days, hours / timedelta(hours=1)
        )
        cache.set(key, found, KEPT_SECONDS)
    return found


def _read(today: date, least: int, business_days: int, hours_a_day: float) -> DecisionTimes:
    end = datetime.combine(today, time(0), UTC)
    since = {days: end - timedelta(days=days) for days in WINDOWS}
    decided = Deal.objects.filter(
        decision_working_time__isnull=False, decided_at__gte=since[max(WINDOWS)], decided_at__lt=end
    ).order_by()
    rows = list(
        decided.values("distributor__country").annotate(
            **{
                name: figure
                for days in WINDOWS
                for name, figure in _columns(str(days), Q(decided_at__gte=since[days])).items()
            }
        )
    )
    counts = {
        days: {row["distributor__country"]: row[f"count_{days}"] for row in rows if row[f"count_{days}"]}
        for days in WINDOWS
    }
    groups = {days: published(counts[days], least) for days in WINDOWS}
    sums = _sums(decided, since, groups)
    figures = {
        row["distributor__country"]: _figures(
            row["distributor__country"],
            row,
            {days: str(days) for days in WINDOWS if row["distributor__country"] in groups[days].alone},
            least,
        )
        for row in rows
    }
    shown = [one for one in figures.values() if one is not None]
    total = _figures("", sums, {days: f"all_{days}" for days in WINDOWS if groups[days].counted}, least)
    others = _figures("", sums, {days: f"rest_{days}" for days in WINDOWS if groups[days].together}, least)
    return DecisionTimes(
        until=today - timedelta(days=1),
        least=least,
        business_days=business_days,
        working_hours=business_days * hours_a_day,
        countries=tuple(shown),
        others=others,
        total=total,
    )


def _columns(name: str, within: Q) -> dict[str, Any]:
    return {
        f"count_{name}": Count("pk", filter=within),
        f"late_{name}": Count("pk", filter=within & Q(decided_late=True)),
        f"median_{name}": Median("decision_working_time", filter=within, output_field=DurationField()),
    }


def _sums(decided: Any, since: Mapping[int, datetime], groups: Mapping[int, Published]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for days in WINDOWS:
        within = Q(decided_at__gte=since[days])
        for name, countries in (("all", groups[days].counted), ("rest", groups[days].together)):
            columns |= _columns(f"{name}_{days}", within & Q(distributor__country__in=sorted(countries)))
    return decided.aggregate(**columns)


def _figures(country: str, row: Mapping[str, Any], names: Mapping[int, str], least: int) -> Figures | None:
    """`names`: by window, what the columns are called; only of the windows that may be shown."""
    counts = {days: row[f"count_{name}"] for days, name in names.items()}
    kept = [days for days in may_stand_beside(counts, least) if counts[days]]
    if not kept:
        return None
    hours, on_time, at_least = (dict.fromkeys(WINDOWS) for _ in range(3))
    for days in kept:
        name, count = names[days], counts[days]
        hours[days] = round(row[f"median_{name}"] / timedelta(hours=1), 1)
        on_time[days] = round(100 * (count - row[f"late_{name}"]) / count)
        at_least[days] = count // 10 * 10 if count >= 10 else least
    return Figures(country, hours, on_time, at_least)
