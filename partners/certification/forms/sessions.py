from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import ProductGroup
from partners.certification.actions.sessions import SessionFacts
from partners.certification.forms.fields import LocalMomentField
from partners.certification.models import Employment, Session, Track
from partners.certification.training import language_choices
from partners.organisations.forms.partners import country_choices
from portal.accounts.models import User
from portal.core.calendar import COUNTRY_TIME_ZONES, time_zone_of
from portal.core.form_fields import OneLine, Paragraphs
from portal.core.name_search import named, searched_words

MOST_AT_ONCE = 50


class SessionForm(forms.Form):
    """A session; its times are those of the clocks in its country."""

    country = forms.ChoiceField(label=_("Country"), help_text=_("Its time zone is that of the session."))
    place = OneLine(label=_("Place"), max_length=200)
    starts = LocalMomentField(label=_("Starts"))
    ends = LocalMomentField(label=_("Ends"))
    closes = LocalMomentField(
        label=_("Booking closes"), help_text=_("Until then places are booked and given back.")
    )
    seats = forms.IntegerField(label=_("Seats"), min_value=1, max_value=1_000)

    def __init__(self, *args: Any, session: Session | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial=_initial_of(session) if session else {}, **kwargs)
        self.fields["country"].choices = country_choices(COUNTRY_TIME_ZONES, _("Choose a country"))
        self.fields["country"].widget.attrs["data-combobox"] = ""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        zone = time_zone_of(given.get("country", ""))
        for name in ("starts", "ends", "closes"):
            if (wall := given.get(name)) is None:
                continue
            moment = wall.replace(tzinfo=zone)
            utc = moment.astimezone(time_zone_of(""))
            if utc.astimezone(zone).replace(tzinfo=None) != wall:
                self.add_error(name, _("The clocks are put forward then: there is no such time."))
            else:
                given[name] = utc
        return given

    def facts(self) -> SessionFacts:
        given = self.cleaned_data
        return SessionFacts(
            country=given["country"],
            place=given["place"],
            starts_at=given["starts"],
            ends_at=given["ends"],
            closes_at=given["closes"],
            seats=given["seats"],
        )


def _initial_of(session: Session) -> dict[str, Any]:
    zone = time_zone_of(session.country)

    def wall(moment: datetime) -> datetime:
        return moment.astimezone(zone).replace(tzinfo=None)

    return {
        "country": session.country,
        "place": session.place,
        "starts": wall(session.starts_at),
        "ends": wall(session.ends_at),
        "closes": wall(session.closes_at),
        "seats": session.seats,
    }


class CancelForm(forms.Form):
    reason = Paragraphs(
        label=_("Reason"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Everybody who is booked or waits will read it."),
    )


class BookingForm(forms.Form):
    """Employees for a session, several at once. The page draws the boxes itself."""

    employees = forms.ModelMultipleChoiceField(
        Employment.objects.none(),
        label=_("Employees"),
        error_messages={"required": _("Choose who takes part.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["employees"].queryset = (
            Employment.objects.visible_to(user)
            .select_related("partner", "person")
            .order_by("full_name", "pk")
        )

    def clean_employees(self) -> list[Employment]:
        chosen = self.cleaned_data["employees"]
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(_("Book at most %(most)d people at once.") % {"most": MOST_AT_ONCE})
        return list(chosen)


class SessionFilter(django_filters.FilterSet):
    """Of the list and of the calendar."""

    q = django_filters.CharFilter(label=_("Course or place"), method="search", max_length=200)
    country = django_filters.ChoiceFilter(label=_("Country"), empty_label=_("All countries"))
    track = django_filters.ChoiceFilter(
        label=_("Track"), field_name="course__track", choices=Track.choices, empty_label=_("All tracks")
    )
    technology = django_filters.ChoiceFilter(
        label=_("Technology"), field_name="course__technology__code", empty_label=_("All technologies")
    )
    language = django_filters.ChoiceFilter(
        label=_("Language"), field_name="course__language", empty_label=_("All languages")
    )
    # No filters: they ride along.
    sort = django_filters.CharFilter(method="as_it_is", max_length=40, widget=forms.HiddenInput)
    month = django_filters.CharFilter(method="as_it_is", max_length=7, widget=forms.HiddenInput)

    class Meta:
        model = Session
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Session]) -> None:
        super().__init__(data, queryset)
        self.filters["country"].extra["choices"] = country_choices(COUNTRY_TIME_ZONES)
        self.filters["technology"].extra["choices"] = list(
            ProductGroup.objects.order_by("position").values_list("code", "name")
        )
        self.filters["language"].extra["choices"] = language_choices()

    def search(self, sessions: QuerySet[Session], name: str, text: str) -> QuerySet[Session]:
        words = searched_words(text)
        if not words:
            return sessions
        return sessions.filter(named("course__title", words) | named("place", words))

    def as_it_is(self, sessions: QuerySet[Session], name: str, value: str) -> QuerySet[Session]:
        return sessions

    @property
    def is_set(self) -> bool:
        return any(self.data.get(name) for name in self.filters if name not in ("sort", "month"))
