"""What every test stands on: real servers, a real worker, a real browser. The cast is in tests/cast.py."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

# How long an example takes depends on the machine: times belong in bench/.
hypothesis_settings.register_profile("portal", deadline=None)
hypothesis_settings.load_profile("portal")

pytest_plugins = ["tests.cast"]

# Playwright's own event loop must not keep a test from reading the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.collectonly or config.option.help:
        return
    from django.conf import settings

    from portal.embedded import servers_in_use

    stack = ExitStack()
    stack.enter_context(servers_in_use(settings.VAR_DIR, durable=False))
    config.add_cleanup(stack.close)
    if number := parallel_number():
        # Parallel tests share the Redis server, never its content.
        for url in ("REDIS_URL", "CELERY_BROKER_URL"):
            setattr(settings, url, numbered(getattr(settings, url), number))
        settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL
        from portal.celery import app

        app.conf.broker_url = settings.CELERY_BROKER_URL


def parallel_number() -> int:
    """0 alone; 1, 2, … for the processes of pytest -n."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1")[2:]) + 1


def numbered(url: str, number: int) -> str:
    """The same Redis server, another of its databases."""
    if url.startswith("unix:"):
        return f"{url}?db={number}"
    if url.startswith("redis+socket:"):
        return f"{url}?virtual_host={number}"
    return f"{url.rstrip('/').removesuffix('/0')}/{number}"


# Tests of every page for every person, in a browser or on the whole demonstration. They add nothing to what
# is measured, the branches of rules, life cycles and actions, and measuring doubles the time of a page.
UNMEASURED = re.compile(
    r"tests/(platform|journeys|portal/dashboard)/"
    r"|test_\w*(pages|in_browser|moves|lists|detail|pipeline|exports|accessibility|inbox)\.py"
)


@pytest.fixture(scope="module", autouse=True)
def unmeasured(request: pytest.FixtureRequest) -> Iterator[None]:
    coverage = request.config.pluginmanager.getplugin("_cov")
    if coverage is None or coverage.cov_controller is None or not UNMEASURED.search(request.node.nodeid):
        yield
        return
    coverage.cov_controller.pause()
    yield
    coverage.cov_controller.resume()


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    from django.core.cache import cache

    yield
    cache.clear()


@pytest.fixture(autouse=True)
def english_and_utc() -> None:
    """A request leaves its reader's language and time zone behind in the thread, for the next test too."""
    from django.utils import timezone, translation

    translation.deactivate()
    timezone.deactivate()


# --- a real worker ---------------------------------------------------------------------------------


@pytest.fixture
def celery_worker(transactional_db: None, settings: object, tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A Celery worker in a process of its own, on the test's database and queue, mails as files in
    `tmp_path / "mail"`. The test may kill it."""
    with WorkerProcess(tmp_path) as process:
        yield process


class WorkerProcess:
    """Starts a worker and waits until it is ready; ends it with the block, if it still lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "worker.log"

    def __enter__(self) -> subprocess.Popen:
        from django.core.cache import cache

        cache.delete("heartbeat:worker")
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--app=portal", "--quiet", "worker", "--concurrency=2"],
                cwd=ROOT,
                env=server_environment(self.folder),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while cache.get("heartbeat:worker") is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                pytest.fail(f"The worker did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        return self.process

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, 9)
                self.process.wait()


def server_environment(folder: Path) -> dict[str, str]:
    """The environment of a process that works on the test's own database and Redis."""
    from urllib.parse import quote

    from django.conf import settings
    from django.db import connection

    database = connection.settings_dict
    address = quote(str(database["HOST"]), safe="")
    if database["PORT"]:
        address += f":{database['PORT']}"
    person = database["USER"]
    if database["PASSWORD"]:
        person += ":" + quote(database["PASSWORD"], safe="")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings_of_processes",
        "DATABASE_URL": f"postgres://{person}@{address}/{database['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "MAIL_FOLDER": str(folder / "mail"),
    }


# --- a real browser --------------------------------------------------------------------------------


def installed_browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium: the machine's own, else playwright's. Skips, with the reason, without one."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=installed_browser(),
                args=[
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--no-first-run",
                ],
            )
        except Error as problem:
            reason = (
                "no browser: install chromium, or run `.venv/bin/python -m playwright install chromium` "
                f"({str(problem).strip().splitlines()[0]})"
            )
            if os.environ.get("REQUIRE_BROWSER"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield started
        started.close()


@pytest.fixture
def live_server(live_server: object) -> Iterator[object]:
    """The server of the browser's tests. A page that is closed while it still saves leaves its request
    behind: the database is taken away only when that has been answered."""
    from django.core.signals import request_finished, request_started

    under_way: set[int] = set()

    def started(**_: object) -> None:
        if threading.current_thread() is not threading.main_thread():
            under_way.add(threading.get_ident())

    def finished(**_: object) -> None:
        under_way.discard(threading.get_ident())

    request_started.connect(started)
    request_finished.connect(finished)
    yield live_server
    deadline = time.monotonic() + 20
    while under_way and time.monotonic() < deadline:
        time.sleep(0.02)
    request_started.disconnect(started)
    request_finished.disconnect(finished)


# A picture that is not there; a request that the page gave up because it was left (an answer that is an error
# is called htmx:responseError).
NO_COMPLAINT = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError")


@pytest.fixture
def page(browser: object, live_server: object) -> Iterator[object]:
    """A page of a new visitor on the live server, 1440 x 900, in English; `page.goto("/deals/")`.
    An error in the page's console or a breach of the content security policy fails the test."""
    context = browser.new_context(
        base_url=live_server.url, locale="en-GB", viewport={"width": 1440, "height": 900}
    )
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and not message.text.startswith(NO_COMPLAINT)
            else None
        ),
    )
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe_source() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few and long tests first, so that no process is left alone with one of them at the end."""
    from tests.cast import note_kept_casts

    long = ("tests/journeys/", "tests/platform/", "tests/portal/dashboard/")
    items.sort(key=lambda item: not item.nodeid.startswith(long))
    note_kept_casts(items)
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        if "celery_worker" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.servers)
