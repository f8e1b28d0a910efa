"""Files of a draft, one request each, so that every file has its own progress and its own answer."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dealreg.deals.actions import attach_evidence
from dealreg.deals.forms.registering import EvidenceForm
from dealreg.deals.models import Deal
from dealreg.deals.selectors import registering_capability
from partners.organisations.access import require
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState
from portal.core.web import message_of


@require_POST
def upload(request: HttpRequest, ref: str) -> JsonResponse:
    """What the form of the step does with one file, answered for a script: the files kept so far, or in
    words what is wrong with this one."""
    deal = get_object_or_404(
        Deal.objects.visible_to(request.user).select_related("partner", "product_group"), reference=ref
    )
    require(request.user, registering_capability(deal), deal)
    form = EvidenceForm(request.POST, request.FILES, today=date_in(deal.partner.country, timezone.now()))
    if not form.is_valid():
        field, texts = next((name, texts) for name, texts in form.errors.items())
        return _refused(texts[0], field)
    if len(form.cleaned_data["file"]) != 1:
        return _refused(_("Choose a file first."), "file")
    try:
        attach_evidence(
            deal,
            by=request.user,
            at=timezone.now(),
            upload=form.cleaned_data["file"][0],
            kind=form.cleaned_data["kind"],
            dated_on=form.cleaned_data["dated_on"],
        )
    except WrongState as refusal:
        return _refused(message_of(refusal), "", status=409)
    except RuleViolation as refusal:
        return _refused(message_of(refusal), refusal.field or "")
    evidence = list(deal.evidence.select_related("document"))
    kept = render_to_string("deals/_kept_files.html", {"evidence": evidence}, request)
    return JsonResponse({"kept": kept, "left": settings.UPLOAD_MAX_FILES - len(evidence)})


def _refused(text: str, field: str, *, status: int = 422) -> JsonResponse:
    return JsonResponse({"error": text, "field": field}, status=status)
