"""Settings of a server. Everything secret or local comes from the environment (.env.example explains
each name); what is missing is said at once, all of it, and nothing starts."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.settings.base import *  # noqa: F403
from portal.settings.base import PORTAL_URL

SHORTEST_SECRET_KEY = 50
REQUIRED = {
    "SECRET_KEY": f"at least {SHORTEST_SECRET_KEY} random characters",
    "DATABASE_URL": "postgres://user:password@host:5432/name",
    "REDIS_URL": "redis://host:6379/0",
    "ALLOWED_HOSTS": "the portal's host names, separated by commas",
    "PORTAL_URL": "https://…, the address that mails link to",
    "DEFAULT_FROM_EMAIL": "the sender of all mails",
    "EMAIL_URL": "smtp://user:password@host:587/?tls=1",
}


def problems() -> list[str]:
    found = [
        f"{name} is not set ({meaning})" for name, meaning in REQUIRED.items() if not os.environ.get(name)
    ]
    key = os.environ.get("SECRET_KEY", "")
    if key and (len(key) < SHORTEST_SECRET_KEY or len(set(key)) < 5):
        found.append(f"SECRET_KEY must be {REQUIRED['SECRET_KEY']}")
    if not os.environ.get("PORTAL_URL", "https://").startswith("https://"):
        found.append("PORTAL_URL must start with https://")
    if "*" in os.environ.get("ALLOWED_HOSTS", "").split(","):
        found.append("ALLOWED_HOSTS must name the hosts; * would let mails link to anybody's server")
    if os.environ.get("PORTAL_DEMO"):
        found.append("PORTAL_DEMO must not be set: the demo shows its passwords and mails to everybody")
    return found


if _problems := problems():
    raise ImproperlyConfigured("The portal cannot start:\n" + "\n".join(f"  - {one}" for one in _problems))


def names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


DEBUG = False
DEMO = False

SECRET_KEY = os.environ["SECRET_KEY"]
# Old keys keep sessions and links valid while a new one takes over.
SECRET_KEY_FALLBACKS = names("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = names("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]

# TLS ends at the proxy, which sets this header itself and drops what a client sent.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = int(os.environ.get("HSTS_SECONDS", 365 * 24 * 3600))
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True

# The client's address for the limits on signing in: one header, written by our own proxy only.
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = os.environ.get("CLIENT_ADDRESS_HEADER", "X-Real-IP")

_mail = urlsplit(os.environ["EMAIL_URL"])
_options = parse_qs(_mail.query)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _mail.hostname or ""
EMAIL_PORT = _mail.port or 25
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_USE_TLS = _options.get("tls") == ["1"]
EMAIL_USE_SSL = _options.get("ssl") == ["1"]
EMAIL_TIMEOUT = 20
