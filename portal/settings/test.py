"""Settings of the tests: real PostgreSQL and Redis, fast passwords, mails kept in memory."""

import os
from pathlib import Path

# The tests' embedded servers are not the demo's: neither can stop or slow down the other.
os.environ.setdefault("PORTAL_VAR_DIR", str(Path(__file__).resolve().parents[2] / "var" / "test"))

from portal.settings.base import *  # noqa: F403
from portal.settings.base import DATABASES, STORAGES

SECRET_KEY = "only for tests; nothing secret is signed with it"
DEBUG = False
# Most of the cast is French: what a test calls today is today for them, at every hour of the clock.
TIME_ZONE = "Europe/Paris"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

DATABASES["default"]["TEST"] = {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_portal")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Nobody empties the table of events (portal.audit.models), but for the test runner between two tests.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c portal.may_empty=yes"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ACCOUNT_RATE_LIMITS = False
