from datetime import date, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners.certification.lifecycle import DepartureStatus
from partners.certification.models import (
    CorrectionStatus,
    DateCorrection,
    Departure,
    DepartureGap,
    Employment,
)
from partners.certification.querysets import DepartureQuerySet
from partners.organisations.models import Partner, Tier
from partners.organisations.selectors import is_vendor
from portal.accounts.models import User
from portal.core.calendar import COUNTRY_TIME_ZONES, countries_by_date
from portal.core.form_fields import STAYS_FOR_GOOD, DayInput, Paragraphs, staying
from portal.core.formats import alphabetical, country_name
from portal.core.typed import tidy

LONGEST_TEXT = 2_000
DUE_SOON = {"week": 7, "month": 30}


class Text(Paragraphs):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3}), **options)


class ReplacementForm(forms.Form):
    replacement = forms.ModelChoiceField(
        Employment.objects.none(),
        label=_("Who takes the place"),
        empty_label=_("Choose an employee"),
        help_text=_("All your employees are listed; whoever does not count is refused with the reason."),
    )

    def __init__(self, *args: Any, gap: DepartureGap, on: date, **more: Any) -> None:
        super().__init__(*args, **more)
        there = Employment.objects.after(on).filter(partner=gap.departure.partner_id)
        self.fields["replacement"].queryset = there.order_by("full_name", "pk")
        self.fields["replacement"].label_from_instance = lambda one: (
            f"{one.full_name}, {one.job_title}" if one.job_title else one.full_name
        )


class ReasonForm(forms.Form):
    reason = Text(label=_("Reason"), help_text=STAYS_FOR_GOOD)


class CorrectionForm(forms.Form):
    departed_on = forms.DateField(label=_("True day of departure"), widget=DayInput())
    reason = Text(label=_("Reason"), help_text=staying(_("It is kept with the earlier date and your name.")))


class ConsentForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("consent", _("Consent: the later date stands")), ("refuse", _("Refuse: the date stays"))],
        widget=forms.RadioSelect,
    )
    text = Text(label=_("Text to the partner"), required=False, help_text=STAYS_FOR_GOOD)


class WithdrawalForm(forms.Form):
    reason = Text(label=_("Reason"), help_text=STAYS_FOR_GOOD)
    still_here = forms.TypedChoiceField(
        label=_("The employment"),
        choices=[
            ("yes", _("goes on: the person has not left")),
            ("no", _("is over: only the case is a mistake")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="yes",
    )

    def __init__(self, *args: Any, may_choose: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not may_choose:
            del self.fields["still_here"]


class OpeningForm(forms.Form):
    departed_on = forms.DateField(label=_("True day of departure"), widget=DayInput())
    reason = Text(label=_("How it was found"), help_text=staying(_("Such as a bounced mail or an audit.")))


class SearchFilter(django_filters.CharFilter):
    def filter(self, rows: Any, value: str) -> Any:
        return super().filter(rows, tidy(value or ""))


class DepartureFilter(django_filters.FilterSet):
    """Search and filters of the list. Without a state it shows what is open."""

    q = SearchFilter(label=_("Employee or number"), method="search")
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        empty_label=_("Open"),
        choices=[
            ("settled", DepartureStatus.SETTLED.label),
            ("withdrawn", DepartureStatus.WITHDRAWN.label),
            ("all", _("All states")),
        ],
        method="in_state",
    )
    deadline = django_filters.ChoiceFilter(
        label=_("Deadline"),
        empty_label=_("Any deadline"),
        choices=[
            ("overdue", _("Report or replacement overdue")),
            ("week", _("Replacement due within 7 days")),
            ("month", _("Replacement due within 30 days")),
            ("consent", _("Correction waits for consent")),
        ],
        method="by_deadline",
    )
    country = django_filters.ChoiceFilter(
        label=_("Country"), field_name="partner__country", empty_label=_("All countries")
    )
    tier = django_filters.ChoiceFilter(
        label=_("Tier"),
        field_name="partner__tier",
        choices=list(reversed(Tier.choices)),
        empty_label=_("All tiers"),
    )

    class Meta:
        model = Departure
        fields: list[str] = []

    def __init__(self, data: Any, queryset: DepartureQuerySet, *, user: User, at: Any) -> None:
        self.user, self.at = user, at
        super().__init__(data, queryset)
        self.is_vendor = is_vendor(user)
        if self.is_vendor:
            self.filters["q"].label = _("Employee, partner or number")
            countries = user.acting_as.vendor_office.countries
            named = sorted(
                ((code, country_name(code)) for code in countries), key=lambda one: alphabetical(one[1])
            )
            self.filters["country"].extra["choices"] = named
        else:
            del self.filters["country"]
            del self.filters["tier"]

    def filter_queryset(self, queryset: Any) -> Any:
        found = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("status") else found.open()

    @property
    def is_set(self) -> bool:
        return any(self.data.get(name) for name in self.filters)

    def search(self, rows: Any, name: str, text: str) -> Any:
        found = Q(employment__full_name__icontains=text) | Q(reference__icontains=text)
        if self.is_vendor:
            named = Partner.objects.visible_to(self.user).named_like(text)
            found |= Q(partner__in=named.order_by().values("pk"))
        return rows.filter(found)

    def in_state(self, rows: Any, name: str, value: str) -> Any:
        return rows if value == "all" else rows.filter(status=value)

    def by_deadline(self, rows: Any, name: str, value: str) -> Any:
        if value == "consent":
            waiting = DateCorrection.objects.filter(status=CorrectionStatus.ASKED)
            return rows.filter(pk__in=waiting.values("departure"))
        wanted = Q(pk__in=[])
        for today, countries in countries_by_date(self.at, COUNTRY_TIME_ZONES).items():
            wanted |= Q(partner__country__in=countries) & _due(value, today)
        return rows.filter(wanted, status=DepartureStatus.OPEN)


def _due(value: str, today: date) -> Q:
    if value == "overdue":
        return Q(replacement_due_on__lt=today) | Q(reported_on=None, report_due_on__lt=today)
    return Q(replacement_due_on__gte=today, replacement_due_on__lte=today + timedelta(days=DUE_SOON[value]))
