"""The list of everything that happens by date. A sweep asks what is due at an instant, does it once,
and finds nothing to do when it runs again; `manage.py sweep` and Celery beat run them all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

SweepFunction = Callable[[datetime], dict[str, int]]


@dataclass(frozen=True)
class Sweep:
    """`nightly`: asks for dates, which change at midnight in the partner's country, and not for instants."""

    name: str
    run: SweepFunction
    label: str | Promise = ""
    nightly: bool = False

    @property
    def title(self) -> str:
        return str(self.label or self.name)


_touched: ContextVar[dict[str, list[str]] | None] = ContextVar("touched", default=None)

_SWEEPS: dict[str, Sweep] = {}


def sweep(
    name: str, label: str | Promise = "", *, nightly: bool = False
) -> Callable[[SweepFunction], SweepFunction]:
    """Register a function of an instant that returns what it did, as counts by event. Events are said in
    English and marked for the translators (`gettext_noop`); the label is read on the page of jobs.
    A sweep runs every ten minutes; a nightly one when a day has begun somewhere (portal.core.calendar)."""

    def register(function: SweepFunction) -> SweepFunction:
        _SWEEPS[name] = Sweep(name, function, label, nightly)
        return function

    return register


def note_touched(event: str, reference: str) -> None:
    """Say which record a sweep has just done something to, for whoever watches it run."""
    touched = _touched.get()
    if touched is not None:
        touched.setdefault(event, []).append(reference)


@contextmanager
def watching() -> Iterator[dict[str, list[str]]]:
    """Collects, by event, what the sweeps in it note."""
    touched: dict[str, list[str]] = {}
    token = _touched.set(touched)
    try:
        yield touched
    finally:
        _touched.reset(token)


def all_sweeps() -> list[Sweep]:
    return [_SWEEPS[name] for name in sorted(_SWEEPS)]


def sweep_named(name: str) -> Sweep | None:
    return _SWEEPS.get(name)
