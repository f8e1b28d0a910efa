"""Search in names as people type them: case and accents do not matter, and an index helps.

PostgreSQL's unaccent and pg_trgm are extensions, which the embedded server has not: letters are folded
by TRANSLATE, and the pieces of a name come from a function of our own (migration core.0002)."""

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat, Lower

# Letters with accents and their plain ones: people search for "hopital" and mean "Hôpital". The function
# of the database knows the same ones: a change here needs a migration that replaces it.
ACCENTED = "àáâãäåāăąçćčďđèéêëēėęěğìíîïīıłľñńňòóôõöøōőřśšşșťţțùúûüūůűýÿžźż"
PLAIN = "aaaaaaaaacccddeeeeeeeegiiiiiillnnnoooooooorsssstttuuuuuuuyyzzz"
_FOLDING = str.maketrans(ACCENTED, PLAIN)
MOST_WORDS = 8


def folded(text: str) -> str:
    return text.lower().translate(_FOLDING)


def folded_column(name: str) -> Func:
    """A text column as `folded` would write it. Capitals too: LOWER leaves É alone in a C locale."""
    return Func(
        Lower(name),
        Value(ACCENTED + ACCENTED.upper()),
        Value(PLAIN + PLAIN),
        function="translate",
        output_field=models.CharField(),
    )


_PIECES: ArrayField = ArrayField(models.TextField())


class NamePieces(Func):
    """The pieces of a name that an index holds: see `pieces`."""

    function = "name_pieces"
    output_field = _PIECES


def searched_words(text: str) -> list[str]:
    return folded(text).split()[:MOST_WORDS]


def pieces(word: str) -> list[str]:
    """What a name that holds this word has in its index: three letters in a row, wherever they stand;
    of a word of one or two letters its beginning. First, middle and last are enough: the planner takes
    each further one for a rarity of its own, and believes that common words are rare."""
    if len(word) < 3:
        return [f" {word}"]
    last = len(word) - 3
    return sorted({word[at : at + 3] for at in (0, last // 2, last)})


def named(column: str, words: Sequence[str], *, indexed: bool = True) -> Q:
    """Every word stands in the name, in any order; one of a letter or two begins a word of it. Without
    `indexed` only where few rows are looked at: reading the pieces of a name costs more than its text."""
    found = Q(pk__isnull=False)
    text = Concat(Value(" "), folded_column(column), output_field=models.CharField())
    for word in words:
        found &= Q(_Holds(text, Value(f" {word}" if len(word) < 3 else word)))
    if indexed and words:
        wanted = sorted({piece for word in words for piece in pieces(word)})
        found &= Q(_HasPieces(NamePieces(F(column)), Value(wanted, output_field=_PIECES)))
    return found


class _Holds(Func):
    template = "strpos(%(expressions)s) > 0"
    output_field = models.BooleanField()
    conditional = True


class _HasPieces(Func):
    template = "(%(expressions)s)"
    arg_joiner = " @> "
    output_field = models.BooleanField()
    conditional = True
