"""The list of everything that happens by date. A sweep asks what is due at an instant, does it once,
and finds nothing to do when it runs again; `manage.py sweep` and Celery beat run them all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

SweepFunction = Callable[[datetime], dict[str, int]]


@dataclass(frozen=True)
class Sweep:
    name: str
    run: SweepFunction


_SWEEPS: dict[str, Sweep] = {}


def sweep(name: str) -> Callable[[SweepFunction], SweepFunction]:
    """Register a function of an instant that returns what it did, as counts by event."""

    def register(function: SweepFunction) -> SweepFunction:
        _SWEEPS[name] = Sweep(name, function)
        return function

    return register


def all_sweeps() -> list[Sweep]:
    return [_SWEEPS[name] for name in sorted(_SWEEPS)]
