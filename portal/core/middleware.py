"""What every answer carries: a request id, and a policy that switches browser features off."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.core.logs import request_id

type_of_view = Callable[[HttpRequest], HttpResponse]

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
UNUSED_BROWSER_FEATURES = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)


class RequestIdMiddleware:
    """Takes the proxy's X-Request-ID or makes one; log lines and the answer carry it."""

    def __init__(self, get_response: type_of_view) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        current = given if SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = current
        return response


class PermissionsPolicyMiddleware:
    def __init__(self, get_response: type_of_view) -> None:
        self.get_response = get_response
        self.policy = ", ".join(f"{feature}=()" for feature in UNUSED_BROWSER_FEATURES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = self.policy
        return response
