"""The bank of questions of a course's exam: for those who run the training, and for nobody else."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.certification.actions import exams as actions
from partners.certification.exam_rules import MOST_ANSWERS
from partners.certification.forms.exams import QuestionForm
from partners.certification.import_lines import COLUMNS
from partners.certification.models import ImportKind, Question
from partners.certification.views.courses import managed_course
from partners.organisations.access import require
from portal.accounts.membership import membership_required
from portal.core.errors import RuleViolation
from portal.core.exports import file_response
from portal.core.pagination import CappedPaginator
from portal.core.typed import typed
from portal.core.web import add_violation, message_of

PER_PAGE = 25


@require_safe
@membership_required
@never_cache
def bank(request: HttpRequest, code: str) -> HttpResponse:
    require(request.user, "training.manage")
    course = managed_course(request, code)
    questions = Question.objects.visible_to(request.user).filter(course=course)
    search = typed(request, longest=100)
    found = questions.filter(text__icontains=search) if search else questions
    page = CappedPaginator(found.order_by("-is_active", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "question": question,
            "answers": [
                {"text": text, "right": place in question.right}
                for place, text in enumerate(question.answers)
            ],
        }
        for question in page
    ]
    return render(
        request,
        "training/questions.html",
        {
            "course": course,
            "page_obj": page,
            "rows": rows,
            "search": search,
            "in_use": questions.filter(is_active=True).count(),
        },
    )


@require_safe
@membership_required
@never_cache
def bank_export(request: HttpRequest, code: str, kind: str) -> HttpResponseBase:
    """The whole bank in the form in which it can be read in again."""
    require(request.user, "training.manage")
    course = managed_course(request, code)
    required, optional = COLUMNS[ImportKind.QUESTIONS]
    questions = Question.objects.visible_to(request.user).filter(course=course).order_by("pk")
    return file_response(
        kind,
        f"questions-{course.code}",
        _("Questions"),
        [*required, *optional],
        (_line(course.code, one) for one in questions.iterator(chunk_size=500)),
    )


def _line(code: str, question: Question) -> list[str]:
    answers = [*question.answers, *[""] * (MOST_ANSWERS - len(question.answers))]
    right = ", ".join(str(place + 1) for place in question.right)
    return [code, question.text, right, *answers, "yes" if question.is_active else "no"]


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def question_add(request: HttpRequest, code: str) -> HttpResponse:
    require(request.user, "training.manage")
    course = managed_course(request, code)
    form = QuestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_question(course, by=request.user, at=timezone.now(), **form.arguments())
        except RuleViolation as refusal:
            _put_on(form, refusal)
        else:
            messages.success(request, _("The question is in the bank."))
            another = request.POST.get("action") == "another"
            return redirect("training:question_add" if another else "training:questions", course.code)
    return render(request, "training/question_form.html", {"form": form, "course": course})


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
@never_cache
def question_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    question = _question(request, code, pk)
    form = QuestionForm(request.POST or None, question=question)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_question(question, by=request.user, at=timezone.now(), **form.arguments())
        except RuleViolation as refusal:
            _put_on(form, refusal)
        else:
            messages.success(request, _("The question is saved."))
            return redirect("training:questions", code)
    context = {"form": form, "course": question.course, "question": question}
    return render(request, "training/question_form.html", context)


@require_POST
@membership_required
def switch(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    question = _question(request, code, pk)
    on = request.POST.get("on") == "1"
    try:
        actions.switch_question(question, by=request.user, at=timezone.now(), on=on)
    except RuleViolation as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("The question is in use.") if on else _("The question is out of use."))
    return redirect("training:questions", code)


def _question(request: HttpRequest, code: str, pk: int) -> Question:
    require(request.user, "training.manage")
    questions = Question.objects.visible_to(request.user).select_related("course__technology")
    return get_object_or_404(questions, pk=pk, course__code=code)


def _put_on(form: QuestionForm, refusal: RuleViolation) -> None:
    """What is wrong with the answers stands on the first of them."""
    refusal.field = {"answers": "answer_0", "right": "answer_0"}.get(refusal.field or "", refusal.field)
    add_violation(form, refusal)
