"""The letter of registration as PDF, and the page on which the distributor verifies it live."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
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
from portal.documents.papers import language_asked, paper_languages, pdf_response
from portal.documents.rendering import render_pdf


def _deals(request: HttpRequest) -> DealQuerySet:
    return Deal.objects.visible_to(request.user).select_related(
        "partner", "distributor", "product_group", "edition"
    )


@require_safe
def letter(request: HttpRequest, ref: str) -> HttpResponse:
    """In the reader's language, or in the one asked for."""
    deal = get_object_or_404(_deals(request), reference=ref)
    if not has_letter(deal):
        raise Http404
    language, at = language_asked(request), timezone.now()
    with translation.override(language):
        content = render_pdf("deal_letter", letter_data(deal, at), language=language, at=at)
    status = letter_status(deal, at)
    state = f"-{status.kind}" if status.is_over else ""
    return pdf_response(content, f"{deal.reference}{state}-{language}")


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
            "languages": paper_languages(),
        }
    return render(request, "deals/letter.html", context)
