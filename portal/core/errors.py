"""The three ways in which the portal says no. Nothing here imports Django: rules raise these too."""

from typing import Any


def gettext_noop(message: str) -> str:
    """Mark a message for the translators; it is translated where it is shown."""
    return message


class PortalError(Exception):
    """A refusal meant for a person: a stable code, an English message with named parameters, and
    where it applies the form field and the rule's number."""

    def __init__(
        self, code: str, message: str, *, field: str | None = None, rule: str = "", **params: Any
    ) -> None:
        super().__init__(message % params if params else message)
        self.code = code
        self.message = message
        self.field = field
        self.rule = rule
        self.params = params


class RuleViolation(PortalError):
    """What was asked for breaks a rule of the programme; the person can correct it."""


class WrongState(PortalError):
    """The move does not start from the state that the record is in (somebody was faster)."""


class NotAllowed(PortalError):
    """The person sees the record, but their role may not do this with it: answered with 403."""


def needed(text: str, field: str) -> str:
    """A text that an action cannot do without, without the blanks around it."""
    if not text.strip():
        raise RuleViolation("required", gettext_noop("This information is needed."), field=field)
    return text.strip()
