import logging

from csp.constants import NONE
from csp.decorators import csp
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from portal.documents.models import Document

log = logging.getLogger(__name__)


@require_safe
@csp({"default-src": [NONE], "sandbox": True})
def download(request: HttpRequest, pk: str) -> FileResponse:
    """The file, to be saved: nothing that people upload is ever shown as a page of the portal."""
    document = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)
    try:
        content = document.file.open("rb")
    except FileNotFoundError:
        log.error("file missing", extra={"document": str(document.pk)})
        raise Http404 from None
    response = FileResponse(
        content, as_attachment=True, filename=document.name, content_type=document.content_type
    )
    response["Content-Length"] = str(document.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
