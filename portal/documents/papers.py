"""Documents of the portal's own as pages offer them: in each of its languages, for the reader alone."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from portal.core.preferences import own_name


def paper_languages() -> list[tuple[str, str]]:
    """The reader's own language first."""
    mine = get_language()
    codes = sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != mine)
    return [(code, own_name(code)) for code in codes]


def language_asked(request: HttpRequest) -> str:
    """The language that the address names, else the reader's."""
    language = request.GET.get("language", "")
    return language if language in dict(settings.LANGUAGES) else get_language() or settings.LANGUAGE_CODE


def pdf_response(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
