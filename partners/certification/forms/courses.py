from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import ProductGroup
from partners.certification.actions.courses import CourseFacts
from partners.certification.models import Course, CourseMode, Track
from partners.certification.training import CURRENCIES, language_choices
from partners.organisations.access import can
from portal.accounts.models import User
from portal.core.form_fields import OneLine, Paragraphs


class CourseForm(forms.ModelForm):
    """A course. Its code is given once, when it is added."""

    code = forms.RegexField(
        r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$",
        label=_("Code"),
        max_length=20,
        help_text=_("Letters, digits and hyphens. It stands in addresses and files of results and stays."),
    )
    title = OneLine(label=_("Title"), max_length=200)
    description = Paragraphs(
        label=_("Description"), required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    language = forms.ChoiceField(label=_("Language"))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    price = forms.DecimalField(
        label=_("Price"),
        required=False,
        min_value=0,
        max_digits=8,
        decimal_places=2,
        help_text=_("Of a place, without VAT. Empty: free."),
    )
    link = forms.URLField(
        label=_("Address of the online course"), required=False, max_length=500, assume_scheme="https"
    )

    class Meta:
        model = Course
        fields = [
            "code", "title", "description", "track", "technology", "mode", "language", "duration_hours",
            "price", "currency", "validity_months", "link", "exam_mode", "exam_questions", "exam_minutes",
            "pass_mark_pct", "exam_attempts", "exam_wait_days",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.language if self.instance.pk else ""
        self.fields["language"].choices = language_choices(kept)
        self.fields["technology"].queryset = ProductGroup.objects.order_by("position")
        self.fields["technology"].empty_label = _("None")
        self.fields["validity_months"].help_text = _("Empty: as the edition of the programme says.")
        if self.instance.pk:
            del self.fields["code"]

    def clean_link(self) -> str:
        link = self.cleaned_data["link"]
        if link and not link.startswith(("https://", "http://")):
            raise forms.ValidationError(_("Enter an address that begins with https://."))
        return link

    def validate_constraints(self) -> None:
        """The action says the same, on the field that it is about."""

    def _get_validation_exclusions(self) -> set[str]:
        # The database and the action speak of the code and the technology.
        return super()._get_validation_exclusions() | {"code"}

    def facts(self) -> CourseFacts:
        given = {name: value for name, value in self.cleaned_data.items() if name != "code"}
        return CourseFacts(**given)


class CourseFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(label=_("Title or code"), method="search", max_length=200)
    track = django_filters.ChoiceFilter(label=_("Track"), choices=Track.choices, empty_label=_("All tracks"))
    technology = django_filters.ChoiceFilter(
        label=_("Technology"), field_name="technology__code", empty_label=_("All technologies")
    )
    mode = django_filters.ChoiceFilter(
        label=_("Kind"), choices=CourseMode.choices, empty_label=_("Online and on site")
    )
    language = django_filters.ChoiceFilter(label=_("Language"), empty_label=_("All languages"))
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[("published", _("Published")), ("draft", _("Not published"))],
        empty_label=_("All states"),
        method="in_state",
    )
    # No filter: it rides along, so that filtering keeps the order.
    sort = django_filters.CharFilter(method="as_it_is", max_length=40, widget=forms.HiddenInput)

    class Meta:
        model = Course
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Course], *, user: User) -> None:
        super().__init__(data, queryset)
        self.filters["technology"].extra["choices"] = list(
            ProductGroup.objects.order_by("position").values_list("code", "name")
        )
        self.filters["language"].extra["choices"] = language_choices()
        if not can(user, "training.manage"):
            del self.filters["state"]

    def search(self, courses: QuerySet[Course], name: str, text: str) -> QuerySet[Course]:
        for word in text.split()[:10]:
            courses = courses.filter(
                Q(title__icontains=word) | Q(code__icontains=word) | Q(description__icontains=word)
            )
        return courses

    def in_state(self, courses: QuerySet[Course], name: str, value: str) -> QuerySet[Course]:
        return courses.filter(is_published=value == "published")

    def as_it_is(self, courses: QuerySet[Course], name: str, value: str) -> QuerySet[Course]:
        return courses

    @property
    def is_set(self) -> bool:
        return any(self.data.get(name) for name in self.filters if name != "sort")


class ProgressForm(forms.Form):
    percent = forms.IntegerField(label=_("Done so far (%)"), min_value=0, max_value=100)
