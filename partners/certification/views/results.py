"""Results of exams that are not taken on the portal, entered one by one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partners.certification.actions.exams import record_result
from partners.certification.forms.exams import ResultForm
from partners.certification.models import Attempt, Course, ExamMode
from partners.certification.training import certificate_of
from partners.certification.views.courses import managed_course
from portal.accounts.membership import membership_required
from portal.core.errors import RuleViolation
from portal.core.formats import format_pct
from portal.core.name_search import named, searched_words
from portal.core.pagination import CappedPaginator
from portal.core.typed import typed
from portal.core.web import add_violation

RECORDED_ON_PAGE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def record(request: HttpRequest, code: str) -> HttpResponse:
    """What was entered last and a form for the next; of an exam on the portal the list alone."""
    course = managed_course(request, code)
    if course.exam_mode != ExamMode.RECORDED:
        if request.method == "POST":
            messages.warning(request, _("The exam of this course is taken on the portal."))
            return redirect("training:results", course.code)
        return _page(request, course, None)
    initial = {"employee": request.GET.get("employee", "")[:12]}
    form = ResultForm(request.POST or None, course=course, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            attempt = record_result(
                course,
                given["employee"],
                by=request.user,
                at=timezone.now(),
                taken_on=given["taken_on"],
                score_pct=given["score_pct"],
            )
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            facts = {"name": attempt.employment.full_name, "score": format_pct(attempt.score_pct)}
            if certificate_of(attempt, request.user) is not None:
                said = _("%(name)s has passed with %(score)s: the certificate is issued.") % facts
            elif attempt.passed:
                said = _("%(name)s has passed this exam. It brings no further certificate.") % facts
            else:
                said = _("%(name)s has not passed: %(score)s.") % facts
            messages.success(request, said)
            return redirect(reverse("training:results", args=[course.code]))
    return _page(request, course, form)


def _page(request: HttpRequest, course: Course, form: ResultForm | None) -> HttpResponse:
    recorded = (
        Attempt.objects.visible_to(request.user)
        .filter(course=course, finished_at__isnull=False)
        .select_related("employment__partner", "course")
        .order_by("-finished_at", "-pk")
        .defer("sheet")
    )
    search = typed(request, longest=100)
    if words := searched_words(search):
        recorded = recorded.filter(named("employment__full_name", words, indexed=False))
    page = CappedPaginator(recorded, RECORDED_ON_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "course": course, "page_obj": page, "search": search}
    return render(request, "training/results.html", context)
