from email.utils import parseaddr

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import EmptyPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from portal.core.mail_files import newest_mails, open_mail
from portal.core.pagination import CappedPaginator
from portal.notifications import actions
from portal.notifications.forms import InboxFilter, MarkForm
from portal.notifications.kinds import KINDS
from portal.notifications.models import Notification
from portal.notifications.selectors import (
    about_number,
    asking_now,
    inbox_lines,
    membership_that_sees,
    sides_for,
    unread_count,
)

PER_PAGE = 25
# The demo's folder may grow; nobody reads further back.
MAILS_SHOWN = 1_000
FRAME_MAY = ["allow-popups", "allow-popups-to-escape-sandbox", "allow-top-navigation-by-user-activation"]


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    form = InboxFilter(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    now = timezone.now()
    rows = Notification.objects.visible_to(request.user)
    show = asked.get("show", "")
    if show == "unread":
        rows = rows.unread()
    elif show == "action":
        rows = asking_now(request.user, rows, now)
    if asked.get("kind"):
        rows = rows.filter(kind=asked["kind"])
    if asked.get("q"):
        rows = about_number(request.user, rows, asked["q"])
    try:
        page = CappedPaginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    except EmptyPage:
        raise Http404 from None
    return render(
        request,
        "inbox/list.html",
        {
            "form": form,
            "page": page,
            "lines": inbox_lines(request.user, page.object_list, now),
            "tabs": _tabs(request, show, unread_count(request.user)),
            "show": show,
            "narrowed": bool(asked.get("kind") or asked.get("q")),
        },
    )


def _tabs(request: HttpRequest, show: str, unread: int) -> list[dict[str, object]]:
    others = {name: request.GET[name] for name in ("q", "kind") if request.GET.get(name)}
    counted = "99+" if unread > 99 else str(unread or "")
    return [
        {
            "label": label,
            "url": "?" + urlencode(others | ({"show": code} if code else {})),
            "active": code == show,
            "count": count,
        }
        for code, label, count in (
            ("", _("All"), ""),
            ("unread", _("Unread"), counted),
            ("action", _("Asks for action"), ""),
        )
    ]


@require_safe
@never_cache
def open_notification(request: HttpRequest, pk: str) -> HttpResponse:
    """From a mail or the list to the record's own page, under whichever membership can see it."""
    notification = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    subject = notification.subject
    if subject is None:
        return render(request, "inbox/gone.html", {"notification": notification}, status=404)
    if type(subject)._default_manager.visible_to(request.user).filter(pk=subject.pk).exists():
        actions.mark_read(notification, by=request.user, at=timezone.now())
        return redirect(subject.get_absolute_url() + _door(request, notification))
    membership = membership_that_sees(request.user, subject, sides_for(notification))
    if membership is None:
        return render(request, "inbox/gone.html", {"notification": notification}, status=404)
    return render(
        request,
        "inbox/switch.html",
        {
            "notification": notification,
            "subject": subject,
            "membership": membership,
            "here": request.get_full_path(),
        },
    )


def _door(request: HttpRequest, notification: Notification) -> str:
    """The page below the record's own that the link in the mail was for; its kind says which there are."""
    wanted = request.GET.get("go", "")
    return f"{wanted}/" if wanted in KINDS[notification.kind].doors else ""


@require_POST
def mark(request: HttpRequest, pk: str) -> HttpResponse:
    notification = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    if form.cleaned_data["state"] == "read":
        actions.mark_read(notification, by=request.user, at=timezone.now())
    else:
        actions.mark_unread(notification, by=request.user)
    return HttpResponseRedirect(_back(request))


@require_POST
def mark_all(request: HttpRequest) -> HttpResponse:
    count = actions.mark_all_read(by=request.user, at=timezone.now())
    messages.success(
        request,
        ngettext("%(count)d message marked as read.", "%(count)d messages marked as read.", count)
        % {"count": count},
    )
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("inbox:list")


def _only_in_the_demo() -> None:
    if not settings.DEMO:
        raise Http404


@login_not_required
@require_safe
@never_cache
def demo_mails(request: HttpRequest) -> HttpResponse:
    _only_in_the_demo()
    mails = newest_mails(MAILS_SHOWN)
    receivers = sorted({address for mail in mails for address in mail.receivers})
    to = parseaddr(request.GET.get("to", ""))[1].lower()
    shown = [mail for mail in mails if to in mail.receivers] if to else mails
    return render(
        request,
        "demo_mail/list.html",
        {
            "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
            "receivers": receivers,
            "to": to,
        },
    )


@login_not_required
@require_safe
@never_cache
@csp_update({"frame-src": [SELF]})
def demo_mail(request: HttpRequest, name: str) -> HttpResponse:
    _only_in_the_demo()
    mail = open_mail(name)
    if mail is None:
        raise Http404
    as_text = request.GET.get("as") == "text" or not mail.html
    address = reverse("demo_mail:read", args=[name])
    return render(
        request,
        "demo_mail/read.html",
        {
            "mail": mail,
            "frame_may": " ".join(FRAME_MAY),
            "as_text": as_text,
            "tabs": [
                {"label": _("As HTML"), "url": address, "active": not as_text},
                {"label": _("As text"), "url": f"{address}?as=text", "active": as_text},
            ]
            if mail.html
            else [],
        },
    )


@login_not_required
@require_safe
@never_cache
@xframe_options_sameorigin
@csp(
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "base-uri": [NONE],
        "form-action": [NONE],
        "frame-ancestors": [SELF],
        "sandbox": FRAME_MAY,
    }
)
def demo_mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The mail's own HTML, for the frame of the page: no script runs in it, links open the portal."""
    _only_in_the_demo()
    mail = open_mail(name)
    if mail is None or not mail.html:
        raise Http404
    return HttpResponse(mail.html.replace("<head>", '<head><base target="_top">', 1))
