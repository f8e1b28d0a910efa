"""Several people at the same moment: real threads on the real database."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def at_once(*attempts: Callable[[], Any]) -> list[Any]:
    """Runs all at the same moment, each in a thread with a connection of its own; what each returned or
    raised, in their order."""
    gate, results = threading.Barrier(len(attempts)), [None] * len(attempts)

    def run(number: int, attempt: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[number] = attempt()
        except Exception as problem:  # noqa: BLE001 - the outcome is what is compared
            results[number] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
