"""How gunicorn serves the portal, in the demo and in production."""

import os
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 20
keepalive = 5
# A worker that has grown is replaced; not all of them at once.
max_requests = 10_000
max_requests_jitter = 1_000
# The proxy on the same network sets X-Forwarded-Proto; settings.production decides what to believe.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
accesslog = "-"
# Its path would be shared by every checkout of the user.
control_socket_disable = True


# What follows opens a person's calendar.
CALENDARS = "/calendar/"


class AccessLogger(Logger):
    """One JSON line a request, with the request id of the answer. The query string stays out:
    people search for customers' names in it."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        answered = {name.lower(): value for name, value in resp.headers}
        path = environ.get("PATH_INFO", "")
        if path in ("/healthz", "/readyz"):
            return
        if path.startswith(CALENDARS):
            path = f"{CALENDARS}…"
        self.access_log.info(
            "%s %s",
            environ.get("REQUEST_METHOD"),
            path,
            extra={
                "status": int(str(resp.status).split()[0]),
                "milliseconds": round(request_time.total_seconds() * 1000),
                "bytes": getattr(resp, "sent", None),
                "request_id": answered.get("x-request-id", ""),
            },
        )


logger_class = AccessLogger
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
