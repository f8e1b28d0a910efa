"""People in front of their browsers, on real servers with a real worker."""

import re
import time
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from portal.accounts.models import User
from tests.cast import PASSWORD, Cast, make_cast
from tests.conftest import NO_COMPLAINT


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visitor(browser: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`visitor()` is the page of a new browser of its own; `visitor(alice)` one in which Alice is signed
    in. An error in the console or a breach of the content security policy of any page fails the test."""
    contexts, complaints = [], []

    def new(person: User | None = None, *, locale: str = "en-GB", **more: Any) -> Any:
        more.setdefault("viewport", {"width": 1440, "height": 900})
        context = browser.new_context(base_url=live_server.url, locale=locale, **more)
        contexts.append(context)
        if person is not None:
            client = Client()
            client.force_login(User.objects.get(pk=person.pk))
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
            )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda message: _note(page, message, complaints))
        return page

    yield new
    for context in contexts:
        context.close()
    assert complaints == []


def _note(page: Any, message: Any, complaints: list[str]) -> None:
    if message.type == "error" and not message.text.startswith(NO_COMPLAINT):
        complaints.append(f"{page.url}: {message.text}")


def sign_in(page: Any, email: str) -> None:
    """On the page that asks for it, wherever the visitor wanted to go."""
    page.fill("#id_login", email)
    page.fill("#id_password", PASSWORD)
    page.click("form.acc-form button.btn-primary")
    page.wait_for_url(re.compile(r"^(?!.*/accounts/login/)"))


class Letterbox:
    """The mails that the worker wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def letter(self, to: str, about: str, *, seconds: float = 60) -> EmailMessage:
        """The mail to this address about this number; waits until it is there."""
        deadline = time.monotonic() + seconds
        while True:
            for file in sorted(self.folder.glob("*.eml")):
                letter = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
                if to in str(letter["To"]) and about in str(letter["Subject"]) + self.text(letter):
                    return letter
            assert time.monotonic() < deadline, f"no mail to {to} about {about}"
            time.sleep(0.05)

    @staticmethod
    def text(letter: EmailMessage) -> str:
        return letter.get_body(("plain",)).get_content()

    @classmethod
    def link(cls, letter: EmailMessage) -> str:
        """The way into the portal that the mail shows, without its host: the test's has another."""
        return re.search(r"https?://[^/\s]+(/inbox/[0-9a-f-]{36}/open/)", cls.text(letter)).group(1)


@pytest.fixture
def letterbox(celery_worker: Any, tmp_path: Path) -> Letterbox:
    return Letterbox(tmp_path / "mail")
