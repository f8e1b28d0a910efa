"""Asks whether a part of the portal is well: `python -m portal.probe web|worker|beat`, exit 0 or 1.

For health checks of containers; the one of the web server goes without Django, for it runs often."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit


def web() -> bool:
    port = os.environ.get("BIND", "127.0.0.1:8000").rsplit(":", 1)[1]
    host = urlsplit(os.environ.get("PORTAL_URL", "http://localhost")).netloc
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": host})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=4) as answer:
        return bool(answer.status == 200)


def heartbeat(part: str) -> bool:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.production")
    import django

    django.setup()
    from portal.core.health import is_ready

    return is_ready(part)


def main(part: str) -> int:
    try:
        well = web() if part == "web" else heartbeat(part)
    except OSError as problem:
        print(problem, file=sys.stderr)
        well = False
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
