"""Are these two the same company? Pure functions: identifiers first, then the web domain, then names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from partners.customers.identity import CustomerIdentity
from partners.customers.likeness import DEFAULT_WEIGHTS, WordWeights, name_score
from partners.customers.names import data_lines, fold, name_words, split_words

__all__ = ["DEFAULT", "Comparison", "Finding", "Verdict", "WordWeights", "compare", "name_words"]

DEFAULT = DEFAULT_WEIGHTS

# From which score on two names are one company's, and from which a person should look.
SAME_NAME = 0.88
PERHAPS_NAME = 0.63
# How far the town moves the latter.
_TOWN = 0.03


class Verdict(StrEnum):
    SAME = "same"
    PERHAPS = "perhaps"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Finding:
    """A fact that speaks for the same company (`number`, `domain`, `domain_label`, `name`,
    `name_alike`, `place`) or against it (`other_number`). The score goes from 0 to 1 where there is
    one."""

    code: str
    score: float | None = None


@dataclass(frozen=True)
class Comparison:
    verdict: Verdict
    findings: tuple[Finding, ...]
    name_score: float


def compare(one: CustomerIdentity, other: CustomerIdentity, weights: WordWeights = DEFAULT) -> Comparison:
    """The verdict on two identities, with the facts that it rests on, the strongest first."""
    same_country = one.country == other.country
    towns = town_words(one.city) | town_words(other.city)
    home = one.country if same_country else ""
    score = name_score(one.name, other.name, weights, slight=towns, home=home)
    findings = []
    number = bool(one.number_key) and one.number_key == other.number_key
    other_number = bool(one.number_key and other.number_key) and same_country and not number
    domain = bool(one.domain) and one.domain == other.domain
    place = same_town(one.city, other.city) if same_country else None
    if number:
        findings.append(Finding("number"))
    if other_number:
        findings.append(Finding("other_number"))
    if domain:
        findings.append(Finding("domain"))
    elif one.domain and other.domain and one.domain.split(".")[0] == other.domain.split(".")[0]:
        findings.append(Finding("domain_label"))
    if score == 1.0:
        findings.append(Finding("name", score))
    elif score >= PERHAPS_NAME:
        findings.append(Finding("name_alike", round(score, 2)))
    if place:
        findings.append(Finding("place"))
    perhaps = PERHAPS_NAME
    if place is not None and score < SAME_NAME:
        perhaps += -_TOWN if place else _TOWN
    if number:
        verdict = Verdict.SAME
    elif other_number:
        verdict = Verdict.DIFFERENT
    elif domain:
        verdict = Verdict.SAME if same_country and score >= PERHAPS_NAME else Verdict.PERHAPS
    elif score >= SAME_NAME:
        verdict = Verdict.SAME if same_country else Verdict.PERHAPS
    elif score >= perhaps and same_country:
        verdict = Verdict.PERHAPS
    else:
        verdict = Verdict.DIFFERENT
    return Comparison(verdict, tuple(findings), score)


@lru_cache(maxsize=16384)
def town_words(town: str) -> frozenset[str]:
    return frozenset(split_words(fold(town)))


@lru_cache(maxsize=1)
def _towns() -> Mapping[str, str]:
    """The one name of towns that carry several."""
    return {name: line.split()[0] for line in data_lines("towns.txt") for name in line.split()}


@lru_cache(maxsize=16384)
def _town_keys(town: str) -> frozenset[str]:
    parts = ["-".join(split_words(part)) for part in re.split(r"[,/(]", fold(town))]
    parts = [re.sub(r"-(cedex.*|\d+)$", "", part) for part in parts]
    return frozenset(_towns().get(part, part) for part in parts if part)


def same_town(one: str, other: str) -> bool | None:
    """Whether two towns are one; None where we do not know."""
    if not one or not other:
        return None
    return bool(_town_keys(one) & _town_keys(other))
