"""The columns of the lists of people."""

from collections.abc import Collection
from datetime import date
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partners.certification.certificates import expiry_tone, warning_days
from partners.certification.models import Certificate, Employment, Track
from partners.certification.team import subject_of
from partners.organisations.models import Membership
from portal.core.formats import DASH, country_name, format_day
from portal.core.templatetags.portal import day, deadline_badge, status_badge, tier_badge


class CoverageTable(tables.Table):
    """Figures by partner; a distributor sees these and no more."""

    partner = tables.Column(
        verbose_name=gettext_lazy("Partner"),
        accessor="trade_name",
        order_by=("trade_name", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    country = tables.Column(verbose_name=gettext_lazy("Country"), order_by=("country", "trade_name"))
    tier = tables.Column(verbose_name=gettext_lazy("Tier"), order_by=("-tier_rank", "trade_name"))
    technical = tables.Column(
        verbose_name=gettext_lazy("Technical"),
        accessor="technical_there",
        order_by=("technical_there", "trade_name"),
        empty_values=(),
    )
    sales = tables.Column(
        verbose_name=gettext_lazy("Sales"),
        accessor="sales_there",
        order_by=("sales_there", "trade_name"),
        empty_values=(),
    )
    missing = tables.Column(
        verbose_name=gettext_lazy("Status"),
        order_by=("-missing", "trade_name"),
        attrs={"td": {"class": "phone-end"}},
        empty_values=(),
    )

    class Meta:
        order_by = ("missing",)

    def __init__(self, *args: Any, with_teams: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.with_teams = with_teams

    def render_partner(self, record: Any) -> SafeString:
        page = "team:of" if self.with_teams else "partners:page"
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary ref">{}</div>',
            reverse(page, args=[record.reference]),
            record.trade_name,
            record.reference,
        )

    def render_country(self, record: Any) -> str:
        return country_name(record.country)

    def render_tier(self, record: Any) -> SafeString | str:
        return tier_badge(record.tier)

    def render_technical(self, record: Any) -> str:
        return reached(record.technical_there, record.technical_asked)

    def render_sales(self, record: Any) -> str:
        return reached(record.sales_there, record.sales_asked)

    def render_missing(self, record: Any) -> SafeString:
        return coverage_badge(record)


def reached(there: int, asked: int | None) -> str:
    if not asked:
        return _("%(there)d, only recommended") % {"there": there}
    return _("%(there)d of %(asked)d") % {"there": there, "asked": asked}


def coverage_badge(partner: Any) -> SafeString:
    if partner.missing:
        words = ngettext("%(number)d is missing", "%(number)d are missing", partner.missing)
        return status_badge("missing", words % {"number": partner.missing}, tone="bad")
    if partner.technical_asked or partner.sales_asked:
        return status_badge("there", _("Complete"), tone="ok")
    return status_badge("free", _("None required"), tone="neutral")


class TeamTable(tables.Table):
    name = tables.Column(
        verbose_name=gettext_lazy("Name"),
        accessor="full_name",
        order_by=("full_name", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    job_title = tables.Column(
        verbose_name=gettext_lazy("Function"), order_by=("job_title", "full_name"), empty_values=()
    )
    certificates = tables.Column(
        verbose_name=gettext_lazy("Certificates"),
        accessor="next_expiry",
        order_by=("next_expiry", "full_name"),
        empty_values=(),
    )
    counts = tables.Column(verbose_name=gettext_lazy("Counts for"), orderable=False, empty_values=())
    account = tables.Column(verbose_name=gettext_lazy("Portal account"), orderable=False, empty_values=())
    works = tables.Column(
        verbose_name=gettext_lazy("Works here"),
        accessor="hired_on",
        order_by=("hired_on", "pk"),
        attrs={"td": {"class": "phone-end"}},
    )

    class Meta:
        order_by = ("name",)

    def __init__(self, *args: Any, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.day, self.warned = day, warning_days(day)
        # Filled for the rows of the page that is shown.
        self.accounts: dict[int, Membership] = {}

    def render_name(self, record: Employment) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary"><bdi>{}</bdi></div>',
            record.get_absolute_url(),
            record.full_name,
            record.email,
        )

    def render_job_title(self, record: Employment) -> SafeString | str:
        return format_html("<bdi>{}</bdi>", record.job_title) if record.job_title else DASH

    def render_certificates(self, record: Employment) -> SafeString | str:
        held = record.person.counting
        if not held:
            return DASH
        return format_html_join(
            "",
            '<div class="text-nowrap"><bdi>{}</bdi> {}</div>',
            (
                (
                    subject_of(certificate),
                    expiry_badge(certificate, self.day, self.warned),
                )
                for certificate in held
            ),
        )

    def render_counts(self, record: Employment) -> str:
        return ", ".join(counts_for(record, self.day)) or DASH

    def render_account(self, record: Employment) -> SafeString | str:
        return status_badge("active") if record.pk in self.accounts else DASH

    def render_works(self, record: Employment) -> SafeString:
        return works_badge(record, self.day)


def expiry_badge(certificate: Certificate, on: date, warned: Collection[int]) -> SafeString | str:
    left = (certificate.expires_on - on).days
    return deadline_badge(certificate.expires_on, on=on, tone=expiry_tone(left, warned))


def works_badge(employment: Employment, on: date) -> SafeString:
    if employment.left_on is None:
        return format_html("{}", _since(employment.hired_on, on))
    if employment.left_on >= on:
        words = _("Leaves on %(day)s") % {"day": format_day(employment.left_on)}
        return status_badge("leaving", words, tone="warn")
    words = _("Left on %(day)s") % {"day": format_day(employment.left_on)}
    return status_badge("left", words, tone="neutral")


def _since(hired_on: date, on: date) -> SafeString:
    if hired_on > on:
        return status_badge("coming", _("From %(day)s") % {"day": format_day(hired_on)}, tone="info")
    return day(hired_on)


def counts_for(employment: Employment, on: date) -> list[str]:
    """The tracks and technologies that a person counts in today for their employer."""
    if not employment.counts_on(on):
        return []
    order = list(Track.values)
    held = sorted(employment.person.counting, key=lambda one: order.index(one.track))
    return [subject_of(certificate) for certificate in held]
