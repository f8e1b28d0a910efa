"""Mails as files: what the demo writes instead of sending, and what its mail page reads."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_NAME = re.compile(r"\d{8}T\d{12}-[0-9a-f]{16}")


class EmailBackend(BaseEmailBackend):
    """Writes each mail to a file of its own under EMAIL_FILE_PATH, at once or not at all. One that is
    sent again under its Message-ID replaces the first, as a mail server that knows it would do."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = _folder()
        if folder is None:
            raise ImproperlyConfigured("Mails as files need EMAIL_FILE_PATH.")
        folder.mkdir(parents=True, exist_ok=True)
        sent = 0
        for mail in email_messages:
            if not mail.recipients():
                continue
            message = mail.message()
            digest = sha256(str(message["Message-ID"]).encode()).hexdigest()[:16]
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{digest}"
            unfinished = folder / f".{name}"
            unfinished.write_bytes(message.as_bytes())
            known = next(folder.glob(f"*-{digest}.eml"), folder / f"{name}.eml")
            os.replace(unfinished, known)
            sent += 1
        return sent


@dataclass(frozen=True)
class MailFile:
    """One mail in the folder; `receivers` are plain addresses."""

    name: str
    subject: str
    sender: str
    receivers: tuple[str, ...]
    at: datetime
    message_id: str


@dataclass(frozen=True)
class OpenedMail(MailFile):
    text: str
    html: str


def _header(message: ParsedMessage, name: str) -> str:
    return str(message.get(name, ""))


def _facts(name: str, message: ParsedMessage) -> dict[str, object]:
    at = datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    if message["Date"]:
        at = parsedate_to_datetime(_header(message, "Date"))
        if at.tzinfo is None:
            # "-0000" says UTC without a place; Python reads it as no time zone at all.
            at = at.replace(tzinfo=UTC)
    return {
        "name": name,
        "subject": _header(message, "Subject").strip(),
        "sender": _header(message, "From"),
        "receivers": tuple(
            address.lower()
            for _who, address in getaddresses([_header(message, "To"), _header(message, "Cc")])
            if address
        ),
        "at": at,
        "message_id": _header(message, "Message-ID"),
    }


def _folder() -> Path | None:
    """None where mails are not written to files."""
    path = getattr(settings, "EMAIL_FILE_PATH", None)
    return Path(path) if path else None


def _files_newest_first() -> Iterator[Path]:
    folder = _folder()
    if folder is None or not folder.is_dir():
        return
    for path in sorted(folder.glob("*.eml"), reverse=True):
        if _NAME.fullmatch(path.stem):
            yield path


def newest_mails(most: int) -> list[MailFile]:
    """The newest `most` mails in the folder, without their bodies."""
    parser = BytesHeaderParser(policy=policy.default)
    mails = []
    for path in _files_newest_first():
        with open(path, "rb") as file:
            mails.append(MailFile(**_facts(path.stem, parser.parse(file))))  # type: ignore[arg-type]
        if len(mails) == most:
            break
    return mails


def open_mail(name: str) -> OpenedMail | None:
    """The mail of that name; None when there is none."""
    folder = _folder()
    if folder is None or not _NAME.fullmatch(name):
        return None
    path = folder / f"{name}.eml"
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        message = BytesParser(policy=policy.default).parse(file)
    bodies = {}
    for kind in ("plain", "html"):
        part = message.get_body(preferencelist=(kind,))
        bodies[kind] = part.get_content() if part is not None else ""
    return OpenedMail(**_facts(name, message), text=bodies["plain"], html=bodies["html"])  # type: ignore[arg-type]
