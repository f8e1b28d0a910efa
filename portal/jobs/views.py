"""What runs by itself: for the vendor to see, for programme administrators to change."""

from typing import Any

from django.contrib import messages
from django.core.paginator import EmptyPage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.organisations.access import can, require
from portal.accounts.membership import membership_required
from portal.audit.models import Audience
from portal.audit.selectors import timeline
from portal.core.errors import RuleViolation
from portal.core.formats import country_name
from portal.core.pagination import CappedPaginator
from portal.core.web import add_violation, message_of
from portal.jobs import actions
from portal.jobs.forms import NightForm, PauseForm, PeriodForm
from portal.jobs.labels import countries_of, done_words
from portal.jobs.selectors import Board, SweepJob, TaskJob, hearts, mail_figures, past_runs

PER_PAGE = 25


def _sweep_of(request: HttpRequest, name: str) -> SweepJob:
    require(request.user, "jobs.see")
    found = Board(timezone.now()).sweep(name)
    if found is None:
        raise Http404
    return found


def _task_of(request: HttpRequest, pk: int) -> TaskJob:
    require(request.user, "jobs.see")
    found = Board(timezone.now()).task(pk)
    if found is None:
        raise Http404
    return found


@require_safe
@membership_required
def board(request: HttpRequest) -> HttpResponse:
    require(request.user, "jobs.see")
    shown = Board(timezone.now())
    return render(
        request,
        "jobs/board.html",
        {
            "board": shown,
            "red_count": len(shown.red),
            "hearts": hearts(),
            "mails": mail_figures(),
            "may_manage": can(request.user, "jobs.manage"),
        },
    )


@require_safe
@membership_required
def sweep(request: HttpRequest, name: str) -> HttpResponse:
    job = _sweep_of(request, name)
    try:
        page = CappedPaginator(past_runs(name), PER_PAGE).get_page(request.GET.get("page"))
    except EmptyPage:
        raise Http404 from None
    return render(
        request,
        "jobs/sweep.html",
        {
            "job": job,
            "page_obj": page,
            "runs": [{"run": run, "words": done_words(run.done)} for run in page.object_list],
            "may_manage": can(request.user, "jobs.manage"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of an entry of the schedule; a POST changes its times."""
    job = _task_of(request, pk)
    may_change = can(request.user, "jobs.manage") and not job.fixed
    form: Any = None
    if may_change or request.method == "POST":
        kind = NightForm if job.task.crontab else PeriodForm
        form = kind(request.POST if request.method == "POST" else None, task=job.task)
    if request.method == "POST":
        require(request.user, "jobs.manage")
        if form.is_valid():
            try:
                _change(request, job, form)
            except RuleViolation as refusal:
                add_violation(form, refusal)
            else:
                messages.success(request, _("The new time is kept. It counts from the next run on."))
                return redirect("jobs:task", pk)
    return _task_page(request, job, form if may_change else None, PauseForm())


def _change(request: HttpRequest, job: TaskJob, form: Any) -> None:
    told = {"by": request.user, "at": timezone.now(), "reason": form.cleaned_data["reason"]}
    if job.task.crontab:
        actions.change_night(job.task.pk, hour=form.cleaned_data["hour"], **told)
    else:
        actions.change_period(job.task.pk, every=form.period(), **told)


def _task_page(request: HttpRequest, job: TaskJob, form: Any, pause_form: PauseForm) -> HttpResponse:
    return render(
        request,
        "jobs/task.html",
        {
            "job": job,
            "form": form,
            "pause_form": pause_form,
            "countries": [country_name(code) for code in countries_of(job.name)],
            "events": list(reversed(timeline(job.task, list(Audience.values)))),
            "may_manage": can(request.user, "jobs.manage"),
        },
    )


@require_POST
@membership_required
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    job = _task_of(request, pk)
    require(request.user, "jobs.manage")
    form = PauseForm(request.POST)
    if not form.is_valid():
        kind = NightForm if job.task.crontab else PeriodForm
        return _task_page(request, job, None if job.fixed else kind(task=job.task), form)
    actions.pause_task(pk, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"])
    messages.success(request, _("%(job)s is paused until somebody resumes it.") % {"job": job.label})
    return redirect("jobs:task", pk)


@require_POST
@membership_required
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    job = _task_of(request, pk)
    actions.resume_task(pk, by=request.user, at=timezone.now())
    messages.success(request, _("%(job)s runs again.") % {"job": job.label})
    return redirect("jobs:task", pk)


@require_POST
@membership_required
def run_sweep(request: HttpRequest, name: str) -> HttpResponse:
    job = _sweep_of(request, name)
    try:
        actions.run_sweep_now(name, by=request.user, at=timezone.now())
    except RuleViolation as refusal:
        messages.error(request, message_of(refusal))
    else:
        _receipt(request, job.label)
    return redirect("jobs:sweep", name)


@require_POST
@membership_required
def run_task(request: HttpRequest, pk: int) -> HttpResponse:
    job = _task_of(request, pk)
    try:
        actions.run_task_now(pk, by=request.user, at=timezone.now())
    except RuleViolation as refusal:
        messages.error(request, message_of(refusal))
    else:
        _receipt(request, job.label)
    return redirect("jobs:task", pk)


def _receipt(request: HttpRequest, label: str) -> None:
    text = _("%(job)s is asked for. Reload this page in a moment to see what it did.")
    messages.success(request, text % {"job": label})


@require_POST
@membership_required
def send_again(request: HttpRequest) -> HttpResponse:
    again = actions.send_mails_again(by=request.user, at=timezone.now())
    if again:
        text = ngettext("%(number)d mail goes out again.", "%(number)d mails go out again.", again)
        messages.success(request, text % {"number": again})
    else:
        messages.info(request, _("No mail has been given up."))
    return redirect("jobs:board")
