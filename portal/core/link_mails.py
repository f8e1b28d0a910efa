"""Mails to an address that need not belong to an account, each with a secret link."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

log = logging.getLogger(__name__)

MAILS_PER_RUN = 200


def link_mail(
    name: str, facts: dict[str, Any], *, to: str, language: str, time_zone: str | tzinfo | None = None
) -> EmailMultiAlternatives:
    """From the templates `name` .subject.txt, .txt and .html, in the reader's language and time zone (None:
    those of whoever asks)."""
    facts = {
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.PORTAL_URL,
        "vendor_name": settings.VENDOR_NAME,
        "language": language,
    } | facts
    with translation.override(language), timezone.override(time_zone or timezone.get_current_timezone()):
        mail = EmailMultiAlternatives(
            subject=" ".join(render_to_string(f"{name}.subject.txt", facts).split()),
            body=render_to_string(f"{name}.txt", facts),
            to=[to],
        )
        mail.attach_alternative(render_to_string(f"{name}.html", facts), "text/html")
    return mail


def send_each(
    due: Iterable[int], send: Callable[..., bool], *, at: datetime, sent: str, failed: str
) -> dict[str, int]:
    """One after the other, for a sweep: a mail that the server does not take holds up no other, and is
    tried again by the next run. `sent`, `failed`: what they are counted as."""
    done = {sent: 0, failed: 0}
    for pk in due:
        try:
            done[sent] += send(pk, at=at)
        except (SMTPException, OSError) as problem:
            log.warning("%s: %s (%s)", failed, pk, problem)
            done[failed] += 1
    return done
