"""What every test stands on: real servers, a real worker, a real browser. The cast is in tests/cast.py."""

import os
from contextlib import ExitStack

import pytest

pytest_plugins = ["tests.cast"]

# Playwright's own event loop must not keep a test from reading the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.collectonly or config.option.help:
        return
    from django.conf import settings

    from portal.embedded import servers_in_use

    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        stack = ExitStack()
        stack.enter_context(servers_in_use(settings.VAR_DIR, durable=False))
        config.add_cleanup(stack.close)
