"""Settings of a worker or server that a test starts: the tests' own, with mails as files."""

import os

from portal.settings.test import *  # noqa: F403

EMAIL_BACKEND = "portal.core.mail_files.EmailBackend"
EMAIL_FILE_PATH = os.environ["MAIL_FOLDER"]
