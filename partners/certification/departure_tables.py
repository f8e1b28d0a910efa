"""The columns of the list of departures."""

from datetime import date, datetime
from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from partners.certification.lifecycle import DepartureStatus
from partners.certification.models import Departure
from portal.core.calendar import date_in
from portal.core.templatetags.portal import day, deadline_badge, status_badge, tier_badge

TONES = {DepartureStatus.OPEN: "warn", DepartureStatus.SETTLED: "ok", DepartureStatus.WITHDRAWN: "neutral"}


def departure_badge(departure: Departure) -> SafeString:
    if departure.status == DepartureStatus.SETTLED and departure.lapsed_on:
        return status_badge("lapsed", _("Not replaced in time"), tone="bad")
    return status_badge(
        departure.status, departure.get_status_display(), tone=TONES[DepartureStatus(departure.status)]
    )


def tracks_of(departure: Departure) -> str:
    """Of prefetched gaps."""
    return ", ".join(
        str(gap.technology) if gap.technology_id else gap.get_track_display() for gap in departure.gaps.all()
    )


class DepartureTable(tables.Table):
    chosen = tables.Column(
        gettext_lazy("Select"),
        empty_values=(),
        orderable=False,
        attrs={"td": {"class": "select-cell"}, "th": {"class": "select-head"}},
    )
    employee = tables.Column(
        gettext_lazy("Employee"),
        accessor="employment__full_name",
        order_by=("employment__full_name", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    partner = tables.Column(gettext_lazy("Partner"), order_by=("partner__trade_name", "pk"))
    tracks = tables.Column(gettext_lazy("Certified for"), empty_values=(), orderable=False)
    departed_on = tables.Column(pgettext_lazy("date", "Departure"), order_by=("departed_on", "pk"))
    report_due_on = tables.Column(
        gettext_lazy("Report by"), order_by=("report_due_on", "pk"), attrs={"td": {"class": "text-nowrap"}}
    )
    replacement_due_on = tables.Column(
        gettext_lazy("Replace by"),
        order_by=("replacement_due_on", "pk"),
        attrs={"td": {"class": "text-nowrap"}},
    )
    status = tables.Column(
        gettext_lazy("Status"), order_by=("status", "pk"), attrs={"td": {"class": "phone-end"}}
    )

    def __init__(self, *args: Any, at: datetime, **more: Any) -> None:
        self.at = at
        super().__init__(*args, **more)

    def _today(self, record: Departure) -> date:
        return date_in(record.partner.country, self.at)

    def render_chosen(self, record: Departure) -> SafeString | str:
        if record.status != DepartureStatus.OPEN:
            return ""
        return format_html(
            '<input class="form-check-input" type="checkbox" name="case" value="{0}" form="remind" '
            'aria-label="{1}">',
            record.reference,
            _("Select %(number)s") % {"number": record.reference},
        )

    def render_employee(self, record: Departure) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary ref">{}</div>',
            record.get_absolute_url(),
            record.employment.full_name,
            record.reference,
        )

    def render_partner(self, record: Departure) -> SafeString:
        return format_html(
            "<bdi>{}</bdi><div>{}</div>", record.partner.trade_name, tier_badge(record.partner.tier)
        )

    def render_tracks(self, record: Departure) -> str:
        return tracks_of(record)

    def render_departed_on(self, record: Departure) -> SafeString | str:
        return day(record.departed_on)

    def render_report_due_on(self, record: Departure) -> SafeString | str:
        if record.reported_on is None:
            return self._due(record, record.report_due_on)
        said = _("Reported late") if record.reported_late else _("Reported")
        return format_html('{}<small class="cell-note">{}</small>', day(record.report_due_on), said)

    def render_replacement_due_on(self, record: Departure) -> SafeString | str:
        return self._due(record, record.replacement_due_on)

    def _due(self, record: Departure, due: date) -> SafeString | str:
        if record.status != DepartureStatus.OPEN:
            return day(due)
        return format_html("{} {}", day(due), deadline_badge(due, on=self._today(record)))

    def render_status(self, record: Departure) -> SafeString:
        return departure_badge(record)
