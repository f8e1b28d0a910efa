"""A person's deadlines in their own calendar, by a secret address."""

import hashlib
from datetime import datetime

import redis
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.models import User
from portal.calendars import actions
from portal.calendars.ical import calendar_of
from portal.calendars.models import CalendarAddress
from portal.calendars.selectors import address_of, entries_of
from portal.core.throttle import within_limit
from portal.notifications.mails import language_for

# A few devices that ask every five minutes.
MOST_READINGS_AN_HOUR = 120


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest) -> HttpResponse:
    """The answer to a POST shows the new address, and nothing ever shows it again."""
    shown = ""
    if request.method == "POST":
        token = actions.renew_address(by=request.user, at=timezone.now())
        shown = settings.PORTAL_URL + reverse("calendars:feed", args=[token])
    known = CalendarAddress.objects.for_user(request.user).first()
    return render(
        request,
        "calendars/address.html",
        {"known": known, "shown": shown, "webcal": shown.replace("https://", "webcal://", 1)},
    )


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    if actions.revoke_address(by=request.user, at=timezone.now()):
        messages.success(request, _("The address no longer works."))
    return redirect("calendars:address")


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Signs nobody in, says nothing about addresses that open nothing, and asks anew for every right."""
    found = address_of(token)
    if found is None:
        raise Http404
    if not _within(found):
        response = HttpResponse(status=429, headers={"Retry-After": "600"})
        # Django's log would name the address.
        response._has_been_logged = True
        return _private(response)
    at = timezone.now()
    body = _calendar(found.user, at)
    actions.note_reading(found, at=at)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["ETag"] = etag
    return _private(get_conditional_response(request, etag=etag, response=response) or response)


def _calendar(user: User, at: datetime) -> bytes:
    membership = user.acting_as
    language = language_for(user, membership) if membership else settings.LANGUAGE_CODE
    with translation.override(language):
        return calendar_of(entries_of(user, at))


def _within(found: CalendarAddress) -> bool:
    try:
        return within_limit("calendar", str(found.pk), most=MOST_READINGS_AN_HOUR, seconds=3600)
    except redis.RedisError:  # without the counter nobody is locked out
        return True


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
