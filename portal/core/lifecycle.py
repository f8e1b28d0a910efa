"""One transition table gives the polite refusal, the buttons on the page and the database trigger."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.core.errors import WrongState, gettext_noop


@dataclass(frozen=True)
class Move:
    """A named step from any of the source states to the target state."""

    name: str
    sources: tuple[str, ...]
    target: str


class Lifecycle:
    def __init__(self, moves: Iterable[Move]) -> None:
        self.moves: dict[str, Move] = {move.name: move for move in moves}

    def check(self, move: str, status: str) -> str:
        """The state after `move`; raises WrongState when it cannot start from `status`."""
        found = self.moves[move]
        if str(status) not in found.sources:
            raise WrongState(
                "wrong-state",
                gettext_noop("This step is no longer possible: the record has moved on in the meantime."),
            )
        return found.target

    def moves_from(self, status: str) -> list[str]:
        return [move.name for move in self.moves.values() if str(status) in move.sources]

    def transitions(self) -> list[tuple[str, str]]:
        """Pairs (from, to) without repetition, as the trigger wants them."""
        pairs = [
            (source, move.target)
            for move in self.moves.values()
            for source in move.sources
            if source != move.target
        ]
        return sorted(set(pairs))
