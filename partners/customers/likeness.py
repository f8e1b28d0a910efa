"""How alike two company names are, from 0 to 1, word by word. Pure functions.

Words that few names carry decide, words that many carry weigh little (`WordWeights`). What stays
without a partner on one side only is an addition (Bel, Fromageries Bel); on both sides it is a
contradiction (Siemens Energy, Siemens Mobility).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from partners.customers.names import data_lines, fold, fold_in_two_letters, legal_forms, take_apart

# The shipped counts stand for so many names that the register has not seen yet.
_ASSUMED_NAMES = 2_000
_ASSUMED_RATE = 0.5 / 10_000
# A word carried by one name in so many, or fewer, has full weight.
_RARE = 2_000
_STEEPNESS = 1.6
_FORM_WEIGHT = 0.06
# Registers cut names at 26, 28 or 30 characters.
_CUT_LENGTHS = range(18, 31)


@lru_cache(maxsize=1)
def _common_words() -> Mapping[str, float]:
    rates: dict[str, float] = {}
    for line in data_lines("common_words.txt"):
        number, *words = line.split()
        for word in words:
            rates.setdefault(word, int(number) / 10_000)
    return rates


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, frozenset[str]]:
    """What a short form may stand for."""
    meanings: dict[str, set[str]] = {}
    for line in data_lines("abbreviations.txt"):
        meaning, *shorts = line.split()
        for word in (meaning, *shorts):
            meanings.setdefault(word, set()).add(meaning)
    return {word: frozenset(found) for word, found in meanings.items()}


class WordWeights:
    """How much a word says about who a company is: 1 for a rare one, little for one that many names
    carry. Built from the words of a register's names; what ships with the portal fills the gaps."""

    __slots__ = ("_counts", "_names", "_weights")

    def __init__(self, counts: Mapping[str, int], names: int) -> None:
        self._counts = dict(counts)
        self._names = max(names, 0)
        self._weights: dict[str, float] = {}

    def weight(self, word: str) -> float:
        weight = self._weights.get(word)
        if weight is None:
            if len(self._weights) > 200_000:
                self._weights.clear()
            spellings = {word, *_meanings().get(word, ())}
            weight = min(self._weigh(spelling) for spelling in spellings)
            self._weights[word] = weight
        return weight

    def _weigh(self, word: str) -> float:
        if (word,) in legal_forms():
            return _FORM_WEIGHT
        assumed = _common_words().get(word, _ASSUMED_RATE) * _ASSUMED_NAMES
        rate = (self._counts.get(word, 0) + assumed) / (self._names + _ASSUMED_NAMES)
        return min(1.0, max(0.02, -math.log(min(rate, 1.0)) / math.log(_RARE))) ** _STEEPNESS


DEFAULT_WEIGHTS = WordWeights({}, 0)


@dataclass(frozen=True)
class _Reading:
    core: tuple[str, ...]
    front: tuple[str, ...]
    all_words: str
    cut: bool
    towns: frozenset[str]


@lru_cache(maxsize=65536)
def _readings(name: str) -> tuple[_Reading, ...]:
    readings: list[_Reading] = []
    for folded in (fold(name), fold_in_two_letters(name)):
        words = take_apart(folded)
        cut = len(name) in _CUT_LENGTHS and not words.back
        spelt = "".join(words.front + words.core + words.back)
        reading = _Reading(words.core, words.front, spelt, cut, frozenset(words.tail))
        if words.core and reading not in readings:
            readings.append(reading)
        if words.front:
            readings.append(_Reading(words.front + words.core, (), spelt, cut, reading.towns))
    return tuple(readings)


def name_score(one: str, other: str, weights: WordWeights = DEFAULT_WEIGHTS) -> float:
    """From 0 to 1, the same in both directions."""
    best = 0.0
    for left in _readings(one):
        for right in _readings(other):
            if left.core == right.core or left.all_words == right.all_words:
                return 1.0
            best = max(best, _score(left, right, weights))
            if best >= 0.995:
                return best
    return best


def _score(left: _Reading, right: _Reading, weights: WordWeights) -> float:
    if (len(left.core), left.core) > (len(right.core), right.core):
        left, right = right, left
    if "".join(left.core) == "".join(right.core):
        return 0.99
    ones, others = list(left.core), list(right.core)
    shared, sharing = 0.0, 0.0  # weight times likeness, and weight, of what found a partner

    for word in left.core:
        if word in others:
            others.remove(word)
            ones.remove(word)
            weight = weights.weight(word)
            shared, sharing = shared + 2 * weight, sharing + 2 * weight

    for short, long in ((ones, others), (others, ones)):
        for word in tuple(short):
            span, likeness = _written_in_several(word, long)
            if span:
                weight = weights.weight(word) + sum(weights.weight(part) for part in long[span])
                shared, sharing = shared + weight * likeness, sharing + weight
                short.remove(word)
                del long[span]

    if ones and others:
        pairs = sorted(
            (
                (likeness, one, other)
                for one in set(ones)
                for other in set(others)
                if (likeness := word_likeness(one, other)) > 0.0
            ),
            reverse=True,
        )
        for likeness, one, other in pairs:
            if one in ones and other in others:
                ones.remove(one)
                others.remove(other)
                weight = weights.weight(one) + weights.weight(other)
                shared, sharing = shared + weight * likeness, sharing + weight

    for reading, mine, yours in ((left, ones, others), (right, others, ones)):
        if reading.cut and mine and mine[-1] == reading.core[-1]:
            for place, word in enumerate(yours):
                if word.startswith(mine[-1]):
                    weight = weights.weight(word)
                    shared, sharing = shared + 2 * weight * 0.97, sharing + 2 * weight
                    mine.pop()
                    del yours[place]
                    break

    if left.cut and right.core[: len(left.core) - 1] == left.core[:-1]:
        others = []
    if right.cut and left.core[: len(right.core) - 1] == right.core[:-1]:
        ones = []
    if not sharing:
        return 0.0
    lonely = sum(weights.weight(word) for word in ones)
    lonelier = sum(weights.weight(word) for word in others)
    little, much = sorted((lonely, lonelier))
    return shared / (sharing + 1.0 * much + 1.6 * little)


def _written_in_several(word: str, words: list[str]) -> tuple[slice | None, float]:
    """Where `words` spell this one word in several (Eurotel, Euro Tel), or in initials."""
    if len(words) < 2 or len(word) < 2:
        return None, 0.0
    for start in range(len(words) - 1):
        joined = words[start]
        if not word.startswith(joined):
            continue
        for end in range(start + 1, len(words)):
            joined += words[end]
            if joined == word:
                return slice(start, end + 1), 0.98
            if len(joined) >= len(word):
                break
    if 3 <= len(word) <= 6 and word.isalpha():
        for start in range(len(words) - len(word) + 1):
            if all(words[start + at].startswith(letter) for at, letter in enumerate(word)):
                return slice(start, start + len(word)), 0.85
    return None, 0.0


@lru_cache(maxsize=262144)
def word_likeness(one: str, other: str) -> float:
    """From 0 to 1: how well one word may be the other misspelt or shortened."""
    meanings = _meanings()
    if meanings.get(one, frozenset()) & meanings.get(other, frozenset()):
        return 0.97
    if one.isdigit() or other.isdigit():
        return 0.0
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short):
        return 0.75 + 0.2 * len(short) / len(long)
    edits = OSA.distance(one, other)
    size = len(long)
    if (edits == 1 and size >= 4) or (edits == 2 and size >= 7) or (edits == 3 and size >= 11):
        return 1 - 1.1 * edits / size
    if _squeezed(short, long):
        return 0.8
    return 0.0


def _squeezed(short: str, long: str) -> bool:
    """Mfg for manufacturing: the first letter and then consonants in their order."""
    if len(short) < 3 or len(long) < 6 or short[0] != long[0] or any(sign in "aeiouy" for sign in short[1:]):
        return False
    letters = iter(long)
    return all(sign in letters for sign in short)
