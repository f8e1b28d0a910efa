"""The letter of registration as PDF, and the page on which the distributor verifies it live."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dealreg.deals.letters import (
    has_letter,
    letter_data,
    letter_facts,
    letter_lines,
    letter_status,
    letter_totals,
)
from dealreg.deals.models import Deal
from dealreg.deals.querysets import DealQuerySet
from portal.core.preferences import own_name
from portal.documents.rendering import render_pdf


def _deals(request: HttpRequest) -> DealQuerySet:
    return Deal.objects.visible_to(request.user).select_related(
        "partner", "distributor", "product_group", "edition"
    )


def language_choices() -> list[tuple[str, str]]:
    """The reader's own language first."""
    mine = get_language()
    codes = sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != mine)
    return [(code, own_name(code)) for code in codes]


@require_safe
def letter(request: HttpRequest, ref: str) -> HttpResponse:
    """In the reader's language, or in the one asked for."""
    deal = get_object_or_404(_deals(request), reference=ref)
    if not has_letter(deal):
        raise Http404
    language = request.GET.get("language", "")
    if language not in dict(settings.LANGUAGES):
        language = get_language() or settings.LANGUAGE_CODE
    at = timezone.now()
    with translation.override(language):
        content = render_pdf("deal_letter", letter_data(deal, at), language=language, at=at)
    status = letter_status(deal, at)
    state = f"-{status.kind}" if status.is_over else ""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{deal.reference}{state}-{language}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Who sees the deal sees what holds now; of one that was re-opened since the letter was printed, only
    that it holds no longer. To all others, also with the right code, there is nothing."""
    deal = get_object_or_404(_deals(request), letter_code=code)
    at = timezone.now()
    status = letter_status(deal, at)
    context = {"deal": deal, "at": at, "status": status}
    if has_letter(deal):
        context |= {
            "facts": letter_facts(deal, status),
            "lines": letter_lines(deal),
            "totals": letter_totals(deal, status),
            "languages": language_choices(),
        }
    return render(request, "deals/letter.html", context)
