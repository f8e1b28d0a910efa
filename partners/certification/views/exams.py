"""Exams on the portal. What reaches the browser is the question, its answers and what was chosen: never
which answers are right."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from partners.certification.actions.exams import (
    grant_another_attempt,
    save_answers,
    start_attempt,
    submit_attempt,
)
from partners.certification.forms.exams import GrantForm, answers_of
from partners.certification.models import Attempt
from partners.certification.training import certificate_of, may_be_granted_another
from partners.certification.views.courses import seen_course
from partners.organisations.access import can, require
from partners.organisations.selectors import is_vendor
from portal.accounts.membership import membership_required
from portal.audit.models import Audience
from portal.audit.selectors import timeline
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.web import message_of


@require_POST
@membership_required
def start(request: HttpRequest, code: str) -> HttpResponse:
    course = seen_course(request, code)
    try:
        attempt = start_attempt(course, by=request.user, at=timezone.now())
    except (RuleViolation, WrongState) as refusal:
        messages.error(request, message_of(refusal))
        return redirect(f"{course.get_absolute_url()}#exam")
    return redirect(attempt)


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
@never_cache
def exam_page(request: HttpRequest, pk: int) -> HttpResponse:
    attempt = get_object_or_404(
        Attempt.objects.visible_to(request.user).select_related(
            "course__technology", "employment__partner", "employment__person"
        ),
        pk=pk,
    )
    user, now = request.user, timezone.now()
    is_own = attempt.employment.person.user_id == user.pk
    if not (is_own or can(user, "training.book") or is_vendor(user)):
        raise NotAllowed(
            "not-yours", gettext_noop("You can see your own exams only. Ask your account administrator.")
        )
    if request.method == "POST":
        return _answer(request, attempt)
    running = attempt.finished_at is None and attempt.ends_at is not None and now <= attempt.ends_at
    context = {"attempt": attempt, "course": attempt.course, "is_own": is_own}
    if running and is_own:
        context |= {
            "questions": _shown(attempt),
            "seconds_left": max(0, int((attempt.ends_at - now).total_seconds())),
        }
        return render(request, "training/exam.html", context)
    context |= {
        "running": running,
        "over": attempt.finished_at is None and not running,
        "certificate": certificate_of(attempt, user),
        "may_grant": can(user, "training.manage") and may_be_granted_another(attempt, now),
        "grant_form": GrantForm(),
        "timeline": timeline(attempt, [Audience.EVERYBODY]) if is_vendor(user) else [],
    }
    return render(request, "training/exam_result.html", context)


@require_POST
@membership_required
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    """Another attempt for whoever may not begin the exam now."""
    attempt = get_object_or_404(
        Attempt.objects.visible_to(request.user).select_related("course", "employment__partner"), pk=pk
    )
    require(request.user, "training.manage", attempt)
    form = GrantForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Another attempt needs a reason of at most 1,000 characters."))
        return redirect(f"{attempt.get_absolute_url()}#grant")
    try:
        grant_another_attempt(attempt, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"])
    except (RuleViolation, WrongState) as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("Another attempt is granted. The person has been told."))
    return redirect(attempt)


def _answer(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    answers = answers_of(attempt.sheet, request.POST)
    command = submit_attempt if request.POST.get("action") == "submit" else save_answers
    try:
        attempt = command(attempt, answers, by=request.user, at=timezone.now())
    except WrongState as refusal:
        messages.warning(request, message_of(refusal))
    else:
        if attempt.finished_at is None and not request.htmx:
            messages.success(request, _("Your answers are kept."))
    if request.htmx:
        if attempt.finished_at is None:
            return render(request, "training/_saved.html", {"saved_at": timezone.now()})
        response = HttpResponse(status=204)
        response["HX-Redirect"] = attempt.get_absolute_url()
        return response
    return redirect(attempt)


def _shown(attempt: Attempt) -> list[dict[str, Any]]:
    return [
        {
            "name": f"q{place}",
            "text": asked["text"],
            "several": len(asked["right"]) > 1,
            "answers": [
                {"value": number, "text": text, "chosen": number in asked["chosen"]}
                for number, text in enumerate(asked["answers"])
            ],
        }
        for place, asked in enumerate(attempt.sheet)
    ]
