"""Sessions: the list, a session's page with its places, and what vendor and partners do there."""

from collections.abc import Iterator
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.certification.actions import sessions as actions
from partners.certification.forms.sessions import (
    MOST_AT_ONCE,
    BookingForm,
    CancelForm,
    SessionFilter,
    SessionForm,
)
from partners.certification.lifecycle import BOOKING_STANDS, PLACE_HELD, BookingStatus
from partners.certification.models import Booking, Session
from partners.certification.templatetags.training import in_zone, places_left, track_of, when
from partners.certification.training import (
    bookable,
    bookings_seen,
    may_book,
    sessions_to_come,
    waiting_turns,
    with_places,
)
from partners.certification.views.courses import managed_course
from partners.organisations.access import can, require
from partners.organisations.selectors import is_partner
from portal.accounts.membership import membership_required
from portal.audit.models import Audience
from portal.audit.selectors import timeline
from portal.core.errors import PortalError, RuleViolation, WrongState
from portal.core.exports import file_response
from portal.core.formats import country_name, language_name
from portal.core.pagination import show_page_of
from portal.core.typed import typed
from portal.core.web import add_violation, message_of

PER_PAGE = 25
# A session may have a thousand seats; a page shows so many, the file all.
PARTICIPANTS_ON_PAGE = 200
TONES = {
    BookingStatus.BOOKED: "ok",
    BookingStatus.WAITING: "warn",
    BookingStatus.ATTENDED: "ok",
    BookingStatus.ABSENT: "bad",
}


class SessionTable(tables.Table):
    starts_at = tables.Column(
        gettext_lazy("Date"), order_by=("starts_at", "pk"), attrs={"td": {"class": "moment-wraps"}}
    )
    course = tables.Column(
        gettext_lazy("Course"),
        order_by=("course__title", "starts_at"),
        attrs={"td": {"class": "phone-title"}},
    )
    place = tables.Column(gettext_lazy("Place"), order_by=("country", "place", "pk"))
    language = tables.Column(
        gettext_lazy("Language"), accessor="course__language", order_by=("course__language", "starts_at")
    )
    closes_at = tables.Column(
        gettext_lazy("Booking closes"), order_by=("closes_at", "pk"), attrs={"td": {"class": "moment-wraps"}}
    )
    own = tables.Column(
        gettext_lazy("Your people"),
        orderable=False,
        attrs={"td": {"class": "num"}, "th": {"class": "num"}},
    )
    held = tables.Column(gettext_lazy("Places"), orderable=False, attrs={"td": {"class": "phone-end"}})

    class Meta:
        order_by = "starts_at"
        order_by_field = "sort"
        default = "–"

    def render_starts_at(self, record: Session) -> SafeString:
        return when(record)

    def render_course(self, record: Session) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><small class="cell-note">{}</small>',
            record.get_absolute_url(),
            record.course.title,
            track_of(record.course),
        )

    def render_place(self, record: Session) -> SafeString:
        return format_html(
            '<span><bdi>{}</bdi><small class="cell-note">{}</small></span>',
            record.place,
            country_name(record.country),
        )

    def render_language(self, value: str) -> str:
        return language_name(value)

    def render_closes_at(self, record: Session) -> SafeString:
        return in_zone(record.closes_at, record)

    def render_held(self, record: Session) -> SafeString:
        return places_left(record)


@require_safe
@membership_required
def session_list(request: HttpRequest) -> HttpResponse:
    require(request.user, "training.see")
    rows = sessions_to_come(request.user, timezone.now()).select_related("course__technology")
    own = is_partner(request.user)
    if own:
        mine = Q(
            bookings__employment__partner=request.user.acting_as.partner_id,
            bookings__status__in=BOOKING_STANDS,
        )
        rows = rows.annotate(own=Count("bookings", filter=mine))
    filters = SessionFilter(request.GET, rows)
    table = SessionTable(filters.qs, exclude=() if own else ("own",))
    show_page_of(table, request, PER_PAGE)
    table.caption, table.filtered = _("Sessions"), filters.is_set
    table.empty_state = {
        "title": _("No session is planned"),
        "icon": "calendar",
        "text": _("Dates appear here as soon as the vendor plans them."),
    }
    return render(request, "training/sessions.html", {"filter": filters, "table": table})


def _session(request: HttpRequest, pk: int) -> Session:
    require(request.user, "training.see")
    sessions = with_places(Session.objects.visible_to(request.user))
    return get_object_or_404(sessions.select_related("course__technology"), pk=pk)


def _page(request: HttpRequest, session: Session, form: BookingForm | None = None, status: int = 200) -> Any:
    user, now = request.user, timezone.now()
    manages = can(user, "training.manage")
    bookings = bookings_seen(user, session)
    turns = waiting_turns(session, bookings)
    is_open = session.cancelled_at is None and now <= session.closes_at and session.course.is_published
    books_all = can(user, "training.book")
    search = typed(request, longest=100)
    people = bookable(user, session, search, MOST_AT_ONCE + 1) if is_open and may_book(user) else []
    begun = session.cancelled_at is None and session.starts_at <= now
    rows = [
        {
            "booking": booking,
            "tone": TONES[BookingStatus(booking.status)],
            "turn": turns.get(booking.pk),
            "held": booking.status in PLACE_HELD,
            "gives_back": booking.status in (BookingStatus.BOOKED, BookingStatus.WAITING)
            and (
                (manages and session.starts_at > now)
                or (
                    is_open
                    and (books_all or (may_book(user) and booking.employment.person.user_id == user.pk))
                )
            ),
        }
        for booking in bookings[:PARTICIPANTS_ON_PAGE]
    ]
    return render(
        request,
        "training/session.html",
        {
            "session": session,
            "course": session.course,
            "is_partner": is_partner(user),
            "sees_course": session.course.is_published or not is_partner(user),
            "is_open": is_open,
            "begun": begun,
            "rows": rows,
            "more_rows": max(0, len(bookings) - PARTICIPANTS_ON_PAGE),
            "sees_people": can(user, "staff.see"),
            "form": form or BookingForm(user=user),
            "chosen": set(form.data.getlist("employees")) if form else set(),
            "people": people[:MOST_AT_ONCE],
            "more_people": len(people) > MOST_AT_ONCE,
            "search": search,
            "books_all": books_all,
            "may_book": may_book(user),
            "manages": manages,
            "to_come": session.cancelled_at is None and session.starts_at > now,
            "enters_attendance": manages and begun,
            "events": timeline(session, Audience.values)[::-1] if manages else [],
        },
        status=status,
    )


@require_safe
@membership_required
def session_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _session(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def session_add(request: HttpRequest, code: str) -> HttpResponse:
    course = managed_course(request, code)
    form = SessionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            session = actions.plan_session(course, form.facts(), by=request.user, at=timezone.now())
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("The session is planned."))
            return redirect(session)
    return render(request, "training/session_form.html", {"form": form, "course": course})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def session_edit(request: HttpRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    require(request.user, "training.manage", session)
    form = SessionForm(request.POST or None, session=session)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_session(session, form.facts(), by=request.user, at=timezone.now())
        except WrongState as refusal:
            return _nothing_changed(request, session, refusal)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request, _("The session is saved. Whoever is booked is told of another time or place.")
            )
            return redirect(session)
    context = {"form": form, "course": session.course, "session": session}
    return render(request, "training/session_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def session_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    require(request.user, "training.manage", session)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.cancel_session(
                session, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except WrongState as refusal:
            return _nothing_changed(request, session, refusal)
        messages.success(request, _("The session is cancelled. Everybody who was booked has been told."))
        return redirect(session)
    return render(request, "training/session_cancel.html", {"form": form, "session": session})


def _nothing_changed(request: HttpRequest, session: Session, refusal: PortalError) -> HttpResponse:
    messages.warning(request, _("Nothing was changed: %(reason)s") % {"reason": message_of(refusal)})
    return redirect(session)


@require_POST
@membership_required
def book(request: HttpRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    if not can(request.user, "training.book"):
        require(request.user, "training.book_oneself")
    form = BookingForm(request.POST, user=request.user)
    if form.is_valid():
        try:
            made = actions.book_places(
                session, form.cleaned_data["employees"], by=request.user, at=timezone.now()
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            _say_booked(request, made)
            return redirect(session)
    return _page(request, session, form)


def _say_booked(request: HttpRequest, made: list[Booking]) -> None:
    booked = sum(booking.status == BookingStatus.BOOKED for booking in made)
    waiting = len(made) - booked
    if booked:
        messages.success(
            request,
            ngettext("%(count)d place is booked.", "%(count)d places are booked.", booked)
            % {"count": booked},
        )
    if waiting:
        messages.warning(
            request,
            ngettext(
                "The session is full: %(count)d person is on the waiting list.",
                "The session is full: %(count)d people are on the waiting list.",
                waiting,
            )
            % {"count": waiting},
        )


@require_POST
@membership_required
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    booking = get_object_or_404(
        Booking.objects.visible_to(request.user).select_related("session", "employment__person"), pk=pk
    )
    try:
        actions.give_back_place(booking, by=request.user, at=timezone.now())
    except (RuleViolation, WrongState) as refusal:
        return _nothing_changed(request, booking.session, refusal)
    messages.success(
        request, _("The place of %(name)s is given back.") % {"name": booking.employment.full_name}
    )
    return redirect(booking.session)


@require_POST
@membership_required
def attendance(request: HttpRequest, pk: int) -> HttpResponse:
    session = _session(request, pk)
    require(request.user, "training.manage", session)
    came, among = _numbers(request, "came"), _numbers(request, "shown")
    try:
        changed = actions.record_attendance(session, came, among=among, by=request.user, at=timezone.now())
    except WrongState as refusal:
        return _nothing_changed(request, session, refusal)
    if changed:
        messages.success(request, _("The attendance is saved."))
    return redirect(session)


def _numbers(request: HttpRequest, name: str) -> set[int]:
    values = request.POST.getlist(name)
    return {int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 18}


HEADER = (
    gettext_lazy("Partner number"),
    gettext_lazy("Partner"),
    gettext_lazy("Country"),
    gettext_lazy("Name"),
    gettext_lazy("E-mail"),
    gettext_lazy("Status"),
    gettext_lazy("Booked at"),
)


@require_safe
@membership_required
def participants(request: HttpRequest, pk: str, kind: str) -> HttpResponseBase:
    """Everybody with a place or on the waiting list: for those who run the session."""
    session = _session(request, int(pk) if len(pk) < 18 else 0)
    require(request.user, "training.manage", session)
    rows = (
        Booking.objects.visible_to(request.user)
        .standing()
        .filter(session=session)
        .select_related("employment__partner")
        .order_by("booked_at", "pk")
    )
    return file_response(kind, f"participants-{session.pk}", _("Participants"), HEADER, _rows(rows))


def _rows(bookings: QuerySet[Booking]) -> Iterator[list[Any]]:
    for booking in bookings.iterator(chunk_size=500):
        employment = booking.employment
        yield [
            employment.partner.reference,
            employment.partner.trade_name,
            employment.partner.country,
            employment.full_name,
            employment.email,
            booking.get_status_display(),
            booking.booked_at,
        ]
