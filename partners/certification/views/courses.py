"""The list of courses, a course's page, and what the vendor does with it."""

from collections.abc import Iterator
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.db.models import Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_tables2 import RequestConfig

from partners.certification.actions import courses as actions
from partners.certification.actions.exams import note_progress
from partners.certification.forms.courses import CourseFilter, CourseForm, ProgressForm
from partners.certification.models import Course, ExamMode
from partners.certification.templatetags.training import price_of, track_of
from partners.certification.training import (
    course_standing,
    own_employment,
    sessions_to_come,
    validity_months,
)
from partners.organisations.access import can, require
from portal.accounts.membership import membership_required
from portal.audit.models import Audience
from portal.audit.selectors import Entry, timeline
from portal.core.errors import RuleViolation, WrongState
from portal.core.exports import Money, file_response
from portal.core.formats import format_number, language_name
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import day, status_badge
from portal.core.web import add_violation, message_of

PER_PAGE = 25
SESSIONS_ON_PAGE = 10
EVENTS_ON_PAGE = 20
NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}


class CourseTable(tables.Table):
    title = tables.Column(
        gettext_lazy("Course"), order_by=("title", "pk"), attrs={"td": {"class": "phone-title"}}
    )
    track = tables.Column(gettext_lazy("Counts for"), order_by=("track", "technology__position", "pk"))
    mode = tables.Column(gettext_lazy("Kind"), order_by=("mode", "title", "pk"))
    language = tables.Column(gettext_lazy("Language"), order_by=("language", "title", "pk"))
    duration_hours = tables.Column(gettext_lazy("Duration"), order_by=("duration_hours", "pk"), attrs=NUMBER)
    price = tables.Column(gettext_lazy("Price"), order_by=("price", "pk"), attrs=NUMBER, empty_values=())
    next_at = tables.Column(gettext_lazy("Next session"), order_by=("next_at", "pk"))
    state = tables.Column(
        gettext_lazy("State"),
        empty_values=(),
        order_by=("is_published", "title", "pk"),
        attrs={"td": {"class": "phone-end"}},
    )

    class Meta:
        order_by = "title"
        order_by_field = "sort"
        default = "–"

    def render_title(self, record: Course) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><small class="cell-note">{}</small>',
            record.get_absolute_url(),
            record.title,
            record.code,
        )

    def render_track(self, record: Course) -> str:
        return track_of(record)

    def render_language(self, value: str) -> str:
        return language_name(value)

    def render_duration_hours(self, value: Any) -> str:
        return _("%(hours)s h") % {"hours": format_number(value)}

    def render_price(self, record: Course) -> str:
        return price_of(record)

    def render_next_at(self, value: Any) -> SafeString | str:
        return day(value)

    def render_state(self, record: Course) -> SafeString:
        return state_badge(record)


def state_badge(course: Course) -> SafeString:
    if course.is_published:
        return status_badge("published")
    return status_badge("draft", _("Not published"))


def _courses(request: HttpRequest) -> QuerySet[Course]:
    upcoming = Q(sessions__cancelled_at=None, sessions__starts_at__gt=timezone.now())
    return (
        Course.objects.visible_to(request.user)
        .select_related("technology")
        .annotate(next_at=Min("sessions__starts_at", filter=upcoming))
    )


def _table(request: HttpRequest, filters: CourseFilter) -> CourseTable:
    hidden = () if can(request.user, "training.manage") else ("state",)
    return CourseTable(filters.qs, exclude=hidden)


@require_safe
@membership_required
def course_list(request: HttpRequest) -> HttpResponse:
    require(request.user, "training.see")
    filters = CourseFilter(request.GET, _courses(request), user=request.user)
    table = _table(request, filters)
    show_page_of(table, request, PER_PAGE)
    table.caption, table.filtered = _("Courses"), filters.is_set
    manages = can(request.user, "training.manage")
    table.empty_state = {
        "title": _("No course yet"),
        "icon": "school",
        "text": _("Courses appear here as soon as the vendor publishes them."),
    }
    if manages:
        table.empty_state |= {
            "url": "/training/add/",
            "action": _("Add a course"),
            "text": _("A course is seen by partners once it is published."),
        }
    return render(
        request,
        "training/list.html",
        {"filter": filters, "table": table, "manages": manages, "query": request.GET.urlencode()},
    )


HEADER = (
    gettext_lazy("Code"),
    gettext_lazy("Course"),
    gettext_lazy("Counts for"),
    gettext_lazy("Kind"),
    gettext_lazy("Language"),
    gettext_lazy("Duration in hours"),
    gettext_lazy("Currency"),
    gettext_lazy("Price"),
    gettext_lazy("Next session"),
)


def _export_rows(courses: QuerySet[Course]) -> Iterator[list[Any]]:
    for course in courses.iterator(chunk_size=500):
        yield [
            course.code,
            course.title,
            track_of(course),
            course.get_mode_display(),
            course.language,
            course.duration_hours,
            course.currency if course.price else "",
            Money(course.price or 0, course.currency),
            course.next_at,
        ]


@require_safe
@membership_required
def course_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the list shows, all pages of it, in its order."""
    require(request.user, "training.see")
    table = _table(request, CourseFilter(request.GET, _courses(request), user=request.user))
    RequestConfig(request, paginate=False).configure(table)
    return file_response(
        kind, f"courses-{timezone.localdate():%Y-%m-%d}", _("Courses"), HEADER, _export_rows(table.data.data)
    )


def seen_course(request: HttpRequest, code: str) -> Course:
    require(request.user, "training.see")
    courses = Course.objects.visible_to(request.user).select_related("technology")
    return get_object_or_404(courses, code=code)


def managed_course(request: HttpRequest, code: str) -> Course:
    course = seen_course(request, code)
    require(request.user, "training.manage", course)
    return course


@require_safe
@membership_required
def course_page(request: HttpRequest, code: str) -> HttpResponse:
    course = seen_course(request, code)
    now, user = timezone.now(), request.user
    manages = can(user, "training.manage")
    employment = own_employment(user, now)
    standing = course_standing(course, employment, user, now)
    return render(
        request,
        "training/course.html",
        {
            "course": course,
            "badge": "" if course.is_published else state_badge(course),
            "validity": validity_months(course, timezone.localdate(now)),
            "language": language_name(course.language),
            "sessions": list(sessions_to_come(user, now).filter(course=course)[:SESSIONS_ON_PAGE]),
            "standing": standing,
            "exam_online": course.exam_mode == ExamMode.ONLINE,
            "progress_form": ProgressForm(
                initial={"percent": standing.progress.percent if standing and standing.progress else 0}
            ),
            "manages": manages,
            "questions_in_use": course.questions.filter(is_active=True).count() if manages else 0,
            "events": _history(course) if manages else [],
        },
    )


def _history(course: Course) -> list[Entry]:
    """The latest first; what was done to single questions would hide the rest."""
    events = [
        event for event in timeline(course, Audience.values) if not event.verb.startswith("course.question")
    ]
    return events[-EVENTS_ON_PAGE:][::-1]


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def course_add(request: HttpRequest) -> HttpResponse:
    require(request.user, "training.manage")
    form = CourseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            course = actions.add_course(
                form.cleaned_data["code"], form.facts(), by=request.user, at=timezone.now()
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The course is saved. Partners see it once it is published."))
            return redirect(course)
    return render(request, "training/course_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def course_edit(request: HttpRequest, code: str) -> HttpResponse:
    course = managed_course(request, code)
    title = course.title
    form = CourseForm(request.POST or None, instance=course)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_course(course, form.facts(), by=request.user, at=timezone.now())
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The course is saved."))
            return redirect(course)
    return render(request, "training/course_form.html", {"form": form, "course": course, "title": title})


@require_POST
@membership_required
def publish(request: HttpRequest, code: str) -> HttpResponse:
    course = managed_course(request, code)
    try:
        actions.publish_course(course, by=request.user, at=timezone.now())
    except RuleViolation as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("The course is published: every partner sees it."))
    return redirect(course)


@require_POST
@membership_required
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    course = managed_course(request, code)
    try:
        actions.withdraw_course(course, by=request.user, at=timezone.now())
    except WrongState as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("The course is no longer on the list."))
    return redirect(course)


@require_POST
@membership_required
def progress(request: HttpRequest, code: str) -> HttpResponse:
    course = seen_course(request, code)
    form = ProgressForm(request.POST)
    # What is no number is refused by the action too, after it has asked for the right.
    percent = form.cleaned_data["percent"] if form.is_valid() else -1
    try:
        note_progress(course, by=request.user, at=timezone.now(), percent=percent)
    except RuleViolation as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("Your progress is noted."))
    return redirect(f"{course.get_absolute_url()}#progress")
