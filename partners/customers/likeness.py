"""How alike two company names are, from 0 to 1, word by word. Pure functions.

Words that few names carry decide, words that many carry weigh little (`WordWeights`). What finds no
partner on one side is an addition (Bel, Fromageries Bel); what finds none on both sides is a
contradiction (Siemens Energy, Siemens Mobility) and costs more.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from rapidfuzz.distance import OSA

from partners.customers.names import (
    country_of_word,
    data_lines,
    fold,
    fold_in_two_letters,
    legal_forms,
    split_words,
    take_apart,
)

# The shipped counts stand for so many names that the register has not seen yet.
_ASSUMED_NAMES = 2_000
_ASSUMED_RATE = 0.5 / 10_000
# A word carried by one name in so many, or fewer, has full weight; how fast weight falls below that.
_RARE = 2_000
_STEEPNESS = 1.8
_FORM_WEIGHT = 0.05

# What an addition costs in proportion to its weight, and what the lesser half of a contradiction does.
_ADDITION = 1.2
_CONTRADICTION = 1.6
# How much of its weight a lonely word keeps.
_SLIGHT = 0.12  # says nothing new: the own town or country, initials of the other words, a cut-off end
_STRUCTURE = 0.5  # says what kind of organisation it is
_IN_FRONT = 0.7  # stands before the words in common: Fromageries Bel, Compagnie Plastic Omnium
# A lonely number or region weighs at least this much, a foreign country as much as a rare word.
_TELLING = 0.7
# No more than this where the word that tells most may be a slip of the pen in a short word (Parrot,
# Parot), or where something was added that is no mere manner of speaking.
_LOOK = 0.87
_LONG = 9
_SURE = 0.8
# A lonely initial keeps this much, unless it stands against another.
_INITIAL = 0.35
_DIFFERENT_INITIALS = 0.75
# Where all words in common are common ones, and a rarer word is lonely.
_ONLY_COMMON = 0.8
# A slip of the pen is less likely where several names carry either word: Nobia, Nobina.
_ESTABLISHED = 0.2
# Common words are shortened, the word that a name begins with seldom: Kone, Konecranes.
_COMMON = 0.7
_SELDOM_SHORTENED = 0.8
# Two different numbers, or countries, leave this much of the score.
_DIFFERENT_NUMBERS = 0.6
_DIFFERENT_COUNTRIES = 0.6
_OTHER_COUNTRY = 0.8
_OTHER_DIVISION = 0.9

# Registers cut names at 26 to 30 characters, of which our count of words leaves 25 or more; sometimes
# earlier, between two words.
_CUT = range(25, 31)
_CUT_EARLY = range(18, 31)
_CUT_SCORE = 0.8
_SHORT_FORM = 4
# Words beyond this many tell nothing more, and cost the square of their number.
_MOST_WORDS = 16


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


@lru_cache(maxsize=1)
def _structure() -> frozenset[str]:
    """Words that say what kind of organisation it is, and not which."""
    words = {word for line in data_lines("structure_words.txt") for word in line.split()}
    return frozenset(words | {form[0] for form in legal_forms() if len(form) == 1})


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

    def is_established(self, word: str) -> bool:
        """Several names carry it, so it is no slip of the pen."""
        return self._counts.get(word, 0) >= 2 or word in _common_words()

    def _weigh(self, word: str) -> float:
        if (word,) in legal_forms():
            return _FORM_WEIGHT
        assumed = _common_words().get(word, _ASSUMED_RATE) * _ASSUMED_NAMES
        rate = (self._counts.get(word, 0) + assumed) / (self._names + _ASSUMED_NAMES)
        rate = max(rate, _common_words().get(word, 0.0))
        return min(1.0, max(0.02, -math.log(min(rate, 1.0)) / math.log(_RARE))) ** _STEEPNESS


DEFAULT_WEIGHTS = WordWeights({}, 0)


@dataclass(frozen=True)
class _Reading:
    """One way of reading a name. `front` is what its core begins with although it looks like a legal
    form (AB Science), `glued` holds everything in one string, `initials` the places of words that only
    abbreviate the others (Modern Times Group MTG)."""

    core: tuple[str, ...]
    front: tuple[str, ...]
    glued: str
    length: int
    has_form: bool
    initials: frozenset[int]


@lru_cache(maxsize=65536)
def _readings(name: str) -> tuple[_Reading, ...]:
    readings: dict[_Reading, None] = {}
    length = len(" ".join(split_words(fold(name))))
    for folded in (fold(name), fold_in_two_letters(name)):
        words = take_apart(folded, cut=length in _CUT)
        glued = "".join(words.front + words.core + words.back)
        has_form = bool(words.front or words.back)
        # Who is called "SA Sports SARL" is called SA Sports; "SA Sports" may be called Sports.
        called_so = words.back and sum(map(len, words.front)) <= _SHORT_FORM
        core = words.front + words.core if called_so else words.core
        for front in {(), () if called_so else words.front}:
            read = _in_digits(front + core)[:_MOST_WORDS]
            if read:
                readings[_Reading(read, front, glued, length, has_form, _own_initials(read))] = None
    return tuple(readings)


_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
}  # fmt: skip
_UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9,
} | {str(unit): unit for unit in range(1, 10)}  # fmt: skip


def _in_digits(core: tuple[str, ...]) -> tuple[str, ...]:
    """Forty-four is 44."""
    if _TENS.keys().isdisjoint(core):
        return core
    words: list[str] = []
    tens = 0
    for word in core:
        if tens and word in _UNITS:
            words[-1] = str(tens + _UNITS[word])
        else:
            words.append(str(_TENS[word]) if word in _TENS else word)
        tens = _TENS.get(word, 0)
    return tuple(words)


def _own_initials(core: tuple[str, ...]) -> frozenset[int]:
    if len(core) < 3:
        return frozenset()
    letters = "".join(word[0] for word in core)
    found = set()
    for place, word in enumerate(core):
        if 2 <= len(word) <= 5 and word.isalpha():
            around = letters[:place] + " " + letters[place + 1 :]
            if word in around:
                found.add(place)
    return frozenset(found)


def name_score(
    one: str,
    other: str,
    weights: WordWeights = DEFAULT_WEIGHTS,
    *,
    slight: Iterable[str] = (),
    home: str = "",
) -> float:
    """From 0 to 1, the same in both directions. `slight` are words that say nothing new about these
    two (their town), `home` is the country that both are in."""
    best = 0.0
    slight = frozenset(slight)
    for left in _readings(one):
        for right in _readings(other):
            if left.core == right.core:
                return 1.0
            if left.glued == right.glued:
                best = max(best, 0.99)
                continue
            if not (set(left.front) <= set(right.core) and set(right.front) <= set(left.core)):
                continue
            if (len(left.core), left.core) > (len(right.core), right.core):
                best = max(best, _Alignment(right, left, weights, slight, home).score())
            else:
                best = max(best, _Alignment(left, right, weights, slight, home).score())
    return best


def name_weight(name: str, weights: WordWeights = DEFAULT_WEIGHTS) -> float:
    """The weight of its rarest word: how much a name says about who the company is."""
    return max((max(map(weights.weight, reading.core)) for reading in _readings(name)), default=0.0)


class _Alignment:
    """Which word of the one name is which of the other, the surest first."""

    def __init__(
        self, left: _Reading, right: _Reading, weights: WordWeights, slight: frozenset[str], home: str
    ) -> None:
        self.left, self.right = left, right
        self.ones, self.others = left.core, right.core
        self.weight = weights.weight
        self.weights = weights
        self.slight, self.home = slight, home
        self.free_ones = list(range(len(self.ones)))
        self.free_others = list(range(len(self.others)))
        self.shared = 0.0  # weight times likeness of what found a partner
        self.sharing = 0.0  # its weight
        self.heaviest_pair = self.heaviest_sure = self.heaviest_unsure = 0.0
        self.foreign = False
        self.added = False

    def score(self) -> float:
        one, other = "".join(self.ones), "".join(self.others)
        if one == other:
            return 0.99
        self.pair_equals()
        if self.free_ones and self.free_others:
            self.pair_joined(self.ones, self.free_ones, self.others, self.free_others)
            self.pair_joined(self.others, self.free_others, self.ones, self.free_ones)
        if self.free_ones and self.free_others:
            self.pair_alike()
        if not self.sharing:
            return 0.0
        ones = self.lonely(self.left, self.free_ones, self.right, self.free_others)
        others = self.lonely(self.right, self.free_others, self.left, self.free_ones)
        little, much = sorted((ones, others))
        score = self.shared / (self.sharing + _ADDITION * much + _CONTRADICTION * little)
        score *= self.contradiction()
        if score < _CUT_SCORE and (
            (other.startswith(one) and self.left.length in _CUT_EARLY and not self.left.has_form)
            or (one.startswith(other) and self.right.length in _CUT_EARLY and not self.right.has_form)
        ):
            return _CUT_SCORE
        look = self.added or self.heaviest_unsure > self.heaviest_sure
        return min(score, _LOOK) if look else score

    def share(self, weight: float, likeness: float, *, unsure: bool = False) -> None:
        self.shared += weight * likeness
        self.sharing += weight
        self.heaviest_pair = max(self.heaviest_pair, weight / 2)
        if unsure:
            self.heaviest_unsure = max(self.heaviest_unsure, weight / 2)
        else:
            self.heaviest_sure = max(self.heaviest_sure, weight / 2)

    def pair_equals(self) -> None:
        for one in tuple(self.free_ones):
            word = self.ones[one]
            for other in self.free_others:
                if self.others[other] == word:
                    self.free_ones.remove(one)
                    self.free_others.remove(other)
                    self.share(2 * self.weight(word), 1.0)
                    break

    def pair_joined(
        self, shorts: tuple[str, ...], free: list[int], longs: tuple[str, ...], free_longs: list[int]
    ) -> None:
        """Eurotel and Euro Tel; TTI and Travel Technology Interactive."""
        for place in tuple(free):
            word = shorts[place]
            span, likeness = _written_in_several(word, longs, free_longs)
            if span:
                self.share(max(self.weight(word), sum(self.weight(longs[at]) for at in span)) * 2, likeness)
                free.remove(place)
                for at in span:
                    free_longs.remove(at)

    def pair_alike(self) -> None:
        pairs = []
        for one in self.free_ones:
            for other in self.free_others:
                word, twin = self.ones[one], self.others[other]
                likeness, way = word_likeness(word, twin)
                if way is Way.MISSPELT:
                    if self.weights.is_established(word) and self.weights.is_established(twin):
                        likeness -= _ESTABLISHED
                elif way is Way.TINY and self.heaviest_sure < _SURE:
                    likeness = 0.0
                elif way is Way.SHORTENED and not (one and other) and not self.are_common(word, twin):
                    likeness *= _SELDOM_SHORTENED
                if self.is_cut_word(self.left, one, twin) or self.is_cut_word(self.right, other, word):
                    likeness = max(likeness, 0.97)
                if likeness > 0.0:
                    unsure = way in _SLIPS and max(len(word), len(twin)) < _LONG
                    pairs.append((likeness, -abs(one - other), one, other, unsure))
        for likeness, _near, one, other, unsure in sorted(pairs, reverse=True):
            if one in self.free_ones and other in self.free_others:
                self.free_ones.remove(one)
                self.free_others.remove(other)
                weight = self.weight(self.ones[one]) + self.weight(self.others[other])
                self.share(weight, likeness, unsure=unsure)

    def are_common(self, *words: str) -> bool:
        return all(self.weight(word) <= _COMMON for word in words)

    @staticmethod
    def is_cut_word(reading: _Reading, place: int, whole: str) -> bool:
        """Whether the last word of a name that is as long as its register allows begins `whole`."""
        if place < len(reading.core) - 1 or reading.has_form or reading.length not in _CUT_EARLY:
            return False
        word = reading.core[place]
        if whole.startswith(word):
            return len(word) > 2 or reading.length in _CUT
        return len(word) > 7 and OSA.distance(word, whole[: len(word) + 1], score_cutoff=1) <= 1

    def lonely(self, mine: _Reading, free: list[int], yours: _Reading, your_free: list[int]) -> float:
        """The weight of the words of `mine` that found no partner."""
        if not free:
            return 0.0
        paired = [place for place in range(len(mine.core)) if place not in free]
        ended = self.is_cut(yours, your_free)
        contradicted = any(yours.core[place] not in _structure() for place in your_free)
        total = 0.0
        for place in free:
            word = mine.core[place]
            weight = self.weight(word)
            country = country_of_word().get(word)
            if (
                (ended and place > paired[-1])
                or word in self.slight
                or place in mine.initials
                or (country == self.home and self.home and not contradicted)
            ):
                weight *= _SLIGHT
                self.added = self.added or word in country_of_word()
                total += weight
                continue
            self.added = self.added or word not in _structure()
            if country:
                weight = max(weight, _TELLING if country == "ZZ" else 1.0)
                self.foreign = self.foreign or country != "ZZ"
            elif word.isdigit():
                weight = max(weight, _TELLING)
            elif len(word) == 1:
                weight *= _INITIAL
            else:
                weight *= _STRUCTURE if word in _structure() else 1.0
                weight *= _IN_FRONT if place < paired[0] else 1.0
            total += weight
        return total

    def is_cut(self, reading: _Reading, free: list[int]) -> bool:
        return reading.length in _CUT and not reading.has_form and not free and len(reading.core) > 1

    def contradiction(self) -> float:
        ones = [self.ones[place] for place in self.free_ones]
        others = [self.others[place] for place in self.free_others]
        factor = 1.0
        if any(map(str.isdigit, ones)) and any(map(str.isdigit, others)):
            factor *= _DIFFERENT_NUMBERS
        countries = country_of_word()
        if any(word in countries for word in ones) and any(word in countries for word in others):
            factor *= _DIFFERENT_COUNTRIES
        elif self.foreign:
            factor *= _OTHER_COUNTRY
        if any(word not in _structure() for word in ones) and any(
            word not in _structure() for word in others
        ):
            factor *= _OTHER_DIVISION
        if ones and others and _initials_differ(ones, others):
            factor *= _DIFFERENT_INITIALS
        heaviest = max(map(self.weight, (*ones, *others)), default=0.0)
        if self.heaviest_pair < 0.6 * heaviest:
            factor *= _ONLY_COMMON
        return factor


def _initials_differ(ones: list[str], others: list[str]) -> bool:
    """H. Roosendaal is not S. Roosendaal, nor Bert Roosendaal."""
    return any(len(word) == 1 and word.isalpha() for word in (*ones, *others)) and not (
        {word[0] for word in ones} & {word[0] for word in others}
    )


def _written_in_several(word: str, words: tuple[str, ...], free: list[int]) -> tuple[list[int], float]:
    """Which neighbours among `words` spell this one word in several, or are meant by its initials."""
    best: tuple[list[int], float] = ([], 0.0)
    if len(word) < 2:
        return best
    for start in free:
        span, joined = [start], words[start]
        while (after := span[-1] + 1) in free and len(joined) < len(word) + 2:
            span.append(after)
            joined += words[after]
            if joined == word:
                return span, 0.98
            if len(word) >= 7 and word[0] == joined[0] and abs(len(joined) - len(word)) <= 2:
                likeness, _ = word_likeness(word, joined)
                if likeness > max(best[1], 0.8):
                    best = (list(span), likeness - 0.02)
    if not best[0] and 2 <= len(word) <= 6 and word.isalpha():
        for start in free:
            span = _spelling_initials(word, words, start, free)
            if span:
                return span, 0.85 if len(word) > 2 else 0.7
    return best


def _spelling_initials(word: str, words: tuple[str, ...], start: int, free: list[int]) -> list[int]:
    """The words from `start` on whose initials these are; between them, "de" or "and" may be passed over.
    Two letters need two telling words."""
    span: list[int] = []
    for place in range(start, len(words)):
        if place not in free:
            return []
        other = words[place]
        if other[0] == word[len(span)] and not (len(word) == 2 and other in _structure()):
            span.append(place)
            if len(span) == len(word):
                return span
        elif not span or len(other) > 3 or other not in _structure():
            return []
    return []


_SOUNDS = (
    ("sch", "s"), ("dzh", "g"), ("sh", "s"), ("ch", "k"), ("ck", "k"), ("ph", "f"), ("th", "t"),
    ("ae", "a"), ("oe", "o"), ("ue", "u"), ("eh", "e"), ("lj", "l"), ("dj", "g"), ("x", "ks"),
    ("c", "k"), ("q", "k"), ("z", "s"), ("y", "i"), ("j", "i"), ("w", "v"),
)  # fmt: skip


@lru_cache(maxsize=65536)
def _sound(word: str) -> str:
    """Roughly how it sounds, whichever language spells it."""
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    return word


def _without_doubles(word: str) -> str:
    return "".join(sign for place, sign in enumerate(word) if place == 0 or sign != word[place - 1])


class Way(Enum):
    """How one word can be another."""

    MEANING = "both short for the same, or names of the same country"
    SOUND = "spelt as another language would"
    ENDING = "with another ending"
    SHORTENED = "cut short"
    MISSPELT = "misspelt"
    TINY = "misspelt, and so short that the other words must vouch for it"


_SLIPS = {Way.SOUND, Way.ENDING, Way.MISSPELT}


@lru_cache(maxsize=262144)
def word_likeness(one: str, other: str) -> tuple[float, Way | None]:
    """From 0 to 1, how well one word may be the other, and in which way."""
    meanings = _meanings()
    if meanings.get(one, frozenset()) & meanings.get(other, frozenset()):
        return 0.97, Way.MEANING
    country = country_of_word().get(one)
    if country and country == country_of_word().get(other):
        return 0.9, Way.MEANING
    if not (one.isalpha() and other.isalpha()):
        return 0.0, None
    short, long = sorted((one, other), key=len)
    size = len(long)
    if size - len(short) <= 4:
        sound, sound_long = _sound(short), _sound(long)
        if len(short) >= 5 and _without_doubles(sound) == _without_doubles(sound_long):
            return 0.95, Way.SOUND
        edits: float = OSA.distance(one, other, score_cutoff=4)
        if size >= 6:
            edits = min(edits, OSA.distance(sound, sound_long, score_cutoff=4) + 0.4)
        if (edits < 2 and size >= 5) or (edits < 3 and size >= 9) or (edits < 4 and size >= 12):
            likeness = 1 - 1.1 * edits / size - (0.1 if one[0] != other[0] else 0)
            return likeness, Way.ENDING if edits == 1 and long.startswith(short) else Way.MISSPELT
        if edits == 1 and size >= 3:
            return 0.6, Way.TINY
    if len(short) >= 3 and long.startswith(short):
        return 0.5 + 0.35 * len(short) / size, Way.SHORTENED
    if _squeezed(short, long):
        return 0.75, Way.SHORTENED
    return 0.0, None


def _squeezed(short: str, long: str) -> bool:
    """Mfg for manufacturing: the first letter and then consonants in their order."""
    if len(short) < 3 or len(long) < 6 or short[0] != long[0] or any(sign in "aeiouy" for sign in short[1:]):
        return False
    letters = iter(long)
    return all(sign in letters for sign in short)
