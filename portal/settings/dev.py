"""Settings of the demo and of development: everything local, mails written to files.

PORTAL_DEMO=1 (set by `make demo`) serves the portal as production does, with DEBUG off."""

import os
import secrets

from portal.settings.base import *  # noqa: F403
from portal.settings.base import STORAGES, VAR_DIR

DEMO = os.environ.get("PORTAL_DEMO") == "1"
DEBUG = not DEMO


def kept_secret_key() -> str:
    """A key of this checkout's own, so that a restart does not sign everybody out."""
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = os.environ.get("SECRET_KEY") or kept_secret_key()
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")

if DEBUG:
    STORAGES = STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }

EMAIL_BACKEND = "portal.core.mail_files.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
