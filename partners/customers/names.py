"""How a company's name is read: folded letters, words, legal forms. Pure functions on text."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from anyascii import anyascii
from rapidfuzz.distance import OSA

DATA = Path(__file__).parent / "data"

# A name longer than this is not a name; what follows adds nothing but time.
LONGEST_NAME = 300

# A German or Nordic letter is written in two ways by those who lack it: Müller, Mueller, Muller.
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_APOSTROPHES = re.compile(r"['’‘`´ʼ′]")
_ASIDE = re.compile(r"(?<=[\w.])\s*[(\[]([^()\[\]]*)(?:[)\]]|$)")
_WORD = re.compile(r"[a-z0-9]+")


def data_lines(file: str) -> list[str]:
    """The lines of a data file without its comments."""
    lines = (line.split("#")[0].strip() for line in (DATA / file).read_text("utf-8").splitlines())
    return [line for line in lines if line]


@lru_cache(maxsize=1)
def country_of_word() -> Mapping[str, str]:
    """The country that a word names: `ZZ` where it is a region."""
    countries: dict[str, str] = {}
    for line in data_lines("places.txt"):
        country, *words = line.split()
        for word in words:
            countries.setdefault(word, country)
    return countries


@lru_cache(maxsize=1)
def legal_forms() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(line.split()) for line in data_lines("legal_forms.txt"))


@lru_cache(maxsize=1)
def _short_forms() -> frozenset[str]:
    return frozenset(form[0] for form in legal_forms() if len(form) == 1)


@lru_cache(maxsize=1)
def _long_forms() -> tuple[str, ...]:
    """Forms written out in one word, which people misspell."""
    return tuple(form[0] for form in legal_forms() if len(form) == 1 and len(form[0]) >= 10)


@dataclass(frozen=True)
class Words:
    """A name taken apart: legal forms in front, the words that name the company, legal forms behind,
    and what follows them after a comma (registers add the town)."""

    front: tuple[str, ...]
    core: tuple[str, ...]
    back: tuple[str, ...]
    tail: tuple[str, ...]


def fold(name: str) -> str:
    """Lower-case ASCII: ü is u, ø is o, ß is ss, Greek, Cyrillic, Hebrew and Arabic are spelt."""
    text = "".join(
        " " if unicodedata.category(sign)[0] in "CZ" else sign
        for sign in unicodedata.normalize("NFC", name[:LONGEST_NAME])
    )
    return anyascii(_APOSTROPHES.sub("", text)).lower()


def fold_in_two_letters(name: str) -> str:
    """The other way of writing it: ü is ue, ø is oe, å is aa."""
    return fold(unicodedata.normalize("NFC", name[:LONGEST_NAME]).lower().translate(_TWO_LETTERS))


def split_words(folded: str) -> list[str]:
    """Words of a folded name. Letters between dots are one word (S.A.), and so are letters that stand
    alone side by side (S. A., D S M); a legal form at their end is its own: Indel B S P A."""
    pieces = folded.replace("+", " plus ").replace("'", "").split()
    words, joined = _join_letters(
        [word for piece in pieces for word in _join_letters(_WORD.findall(piece))[0]]
    )
    if joined and (word := words[-1]) not in _short_forms():
        for start in range(1, len(word) - 1):
            if word[start:] in _short_forms():
                words[-1:] = [word[:start], word[start:]]
                break
    return words


def _join_letters(words: list[str]) -> tuple[list[str], bool]:
    """Single letters side by side as one word; and whether the last word came about so."""
    result: list[str] = []
    letters = 0
    for word in words:
        single = len(word) == 1 and word.isalpha()
        if single and letters:
            result[-1] += word
        else:
            result.append(word)
        letters = letters + 1 if single else 0
    return result, letters > 1


def take_apart(folded: str, *, cut: bool = False) -> Words:
    """Legal forms behind and in front, and what stands between. The last form of a name that was `cut`
    may not be whole."""
    folded = _ASIDE.sub(_without_aside, folded)
    head, comma, after = folded.partition(",")
    parts = _take_apart(split_words(head if comma else folded), cut=cut and not comma)
    if not comma:
        return parts
    tail = split_words(after)
    if parts.back and _take_apart(["", *tail]).core != ("",):
        return Words(parts.front, parts.core, parts.back, tuple(tail))
    return _take_apart(split_words(folded), cut=cut)


def _without_aside(aside: re.Match[str]) -> str:
    """A single word in brackets explains the name (its initials, its kind), unless it is a country or
    a legal form."""
    inside = _WORD.findall(aside[1])
    if len(inside) != 1 or inside[0] in country_of_word() or inside[0] in _short_forms():
        return aside[0]
    return " "


def _take_apart(words: list[str], *, cut: bool = False) -> Words:
    forms = legal_forms()
    start, end = 0, len(words)
    if cut:
        end -= _cut_form_behind(words)
    while end > 1 and (length := _form_behind(words[:end], forms)):
        end -= length
    while start < end - 1 and (length := _form_in_front(words[start:end], forms)):
        start += length
    return Words(tuple(words[:start]), tuple(words[start:end]), tuple(words[end:]), ())


def _form_behind(words: list[str], forms: frozenset[tuple[str, ...]]) -> int:
    for length in range(min(5, len(words) - 1), 0, -1):
        if tuple(words[-length:]) in forms:
            return length
    return int(len(words) > 1 and _misspelt_form(words[-1]))


def _cut_form_behind(words: list[str]) -> int:
    for length in range(min(5, len(words) - 1), 0, -1):
        *whole, last = words[-length:]
        if sum(map(len, words[-length:])) >= 6 and any(
            form[: length - 1] == tuple(whole) and form[length - 1].startswith(last)
            for form in legal_forms()
            if len(form) >= length and form != tuple(words[-length:])
        ):
            return length
    return 0


def _form_in_front(words: list[str], forms: frozenset[tuple[str, ...]]) -> int:
    for length in range(min(5, len(words) - 1), 0, -1):
        if tuple(words[:length]) in forms:
            return length
    return 0


@lru_cache(maxsize=65536)
def _misspelt_form(word: str) -> bool:
    return len(word) >= 10 and any(OSA.distance(word, form, score_cutoff=2) <= 2 for form in _long_forms())


@lru_cache(maxsize=65536)
def name_words(name: str) -> tuple[tuple[str, ...], ...]:
    """The words of a name without legal forms, once for each way of writing its letters (ü as u,
    and where that differs as ue). Empty for a name without letters."""
    readings = []
    for folded in (fold(name), fold_in_two_letters(name)):
        words = take_apart(folded).core
        if words and words not in readings:
            readings.append(words)
    return tuple(readings)


def name_key(name: str) -> str:
    """The name folded to lower-case ASCII words without legal forms in front or behind."""
    readings = name_words(name)
    return " ".join(readings[0]) if readings else ""
