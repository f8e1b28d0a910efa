"""Are these two the same company? Pure functions: identifiers first, then the web domain, then names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from partners.customers.identity import CustomerIdentity
from partners.customers.likeness import DEFAULT_WEIGHTS, WordWeights, name_score, name_weight
from partners.customers.names import data_lines, fold, name_words, split_words
from portal.core.company_numbers import belong_to_two_companies, may_be_a_groups

__all__ = ["DEFAULT", "Comparison", "Finding", "Verdict", "WordWeights", "compare", "name_words"]

DEFAULT = DEFAULT_WEIGHTS

# From which score on two names are one company's, and from which a person should look.
SAME_NAME = 0.88
PERHAPS_NAME = 0.63
# Enough of a name where the web domain is the same.
ON_ONE_DOMAIN = 0.5
# How far the town, another web domain or the same label under another suffix moves the latter.
_TOWN = 0.03
_OTHER_DOMAIN = 0.05
_DOMAIN_LABEL = 0.08
# A name whose rarest word weighs less than this is anybody's (Pharmacie Centrale); below the second
# figure there may be one in another town.
_ANYBODYS = 0.7
_OF_A_TOWN = 0.9


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

    @property
    def is_against(self) -> bool:
        return self.code == "other_number"


@dataclass(frozen=True)
class Comparison:
    verdict: Verdict
    findings: tuple[Finding, ...]
    name_score: float


def compare(one: CustomerIdentity, other: CustomerIdentity, weights: WordWeights = DEFAULT) -> Comparison:
    """The verdict on two identities, with the facts that it rests on, the strongest first."""
    home = one.country if one.country == other.country else ""
    towns = town_words(one.city) | town_words(other.city)
    score = name_score(one.name, other.name, weights, slight=towns, home=home)
    facts = _Facts(
        number=bool(one.number_key) and one.number_key == other.number_key,
        other_number=belong_to_two_companies(one.number_key, other.number_key),
        number_of_a_group=may_be_a_groups(one.number_key),
        domain=bool(one.domain) and one.domain == other.domain,
        domain_label=bool(one.domain) and _label(one.domain) == _label(other.domain),
        domains_known=bool(one.domain and other.domain),
        country=one.country == other.country,
        place=same_town(one.city, other.city),
        score=score,
        telling=min(name_weight(one.name, weights), name_weight(other.name, weights)),
    )
    return Comparison(_verdict(facts), tuple(_findings(facts)), score)


@dataclass(frozen=True)
class _Facts:
    number: bool
    other_number: bool
    number_of_a_group: bool
    domain: bool
    domain_label: bool
    domains_known: bool
    country: bool
    place: bool | None
    score: float
    telling: float


def _verdict(facts: _Facts) -> Verdict:
    """Numbers decide. A shared web domain needs a name, since groups share theirs. Names decide inside
    one country only: abroad it is another company of the group, and another customer."""
    if facts.number:
        return Verdict.SAME
    if facts.other_number:
        # A group may have a tax number of its own beside those of its companies.
        shared = facts.number_of_a_group and facts.domain and facts.score >= SAME_NAME
        return Verdict.PERHAPS if shared else Verdict.DIFFERENT
    if facts.domain:
        alike = facts.country and facts.score >= ON_ONE_DOMAIN
        return Verdict.SAME if alike else Verdict.PERHAPS
    if not facts.country:
        alike = facts.domain_label and facts.score >= SAME_NAME
        return Verdict.PERHAPS if alike else Verdict.DIFFERENT
    if facts.score >= SAME_NAME:
        return Verdict.SAME if _is_one_company(facts) else Verdict.PERHAPS
    return Verdict.PERHAPS if facts.score >= _look_from(facts) else Verdict.DIFFERENT


def _is_one_company(facts: _Facts) -> bool:
    """Whether this name, met twice, is one company's."""
    if facts.place:
        return True
    if facts.place is None:
        return facts.telling >= _ANYBODYS
    return facts.telling >= _OF_A_TOWN and (facts.domain_label or not facts.domains_known)


def _look_from(facts: _Facts) -> float:
    score = PERHAPS_NAME
    if facts.place is not None:
        score += -_TOWN if facts.place else _TOWN
    if facts.domains_known:
        score += -_DOMAIN_LABEL if facts.domain_label else _OTHER_DOMAIN
    return score


def _findings(facts: _Facts) -> Iterator[Finding]:
    if facts.number:
        yield Finding("number")
    if facts.other_number:
        yield Finding("other_number")
    if facts.domain:
        yield Finding("domain")
    elif facts.domain_label:
        yield Finding("domain_label")
    if facts.score == 1.0:
        yield Finding("name", facts.score)
    elif facts.score >= PERHAPS_NAME - _TOWN:
        yield Finding("name_alike", round(facts.score, 2))
    if facts.place and facts.country:
        yield Finding("place")


def _label(domain: str) -> str:
    """What stands before the suffix of a registrable domain: acme of acme.co.uk."""
    return domain.partition(".")[0]


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
    """Whether two towns are one, in whichever language; None where we do not know."""
    if not one or not other:
        return None
    return bool(_town_keys(one) & _town_keys(other))
