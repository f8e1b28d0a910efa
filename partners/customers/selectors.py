import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from rapidfuzz import fuzz

from partners.customers.identity import CustomerIdentity
from partners.customers.lookup import MOST_WORDS, Known, known_like
from partners.customers.matching import DEFAULT, Comparison, Verdict, WordWeights, compare
from partners.customers.models import Count, Customer, CustomerChange, Observation, ObservationKind, Word
from partners.customers.names import LONGEST_NAME, fold, split_words
from partners.customers.wording import reason_of
from partners.organisations.territory import territory_on
from portal.core.company_numbers import read_company_number
from portal.core.errors import RuleViolation
from portal.core.references import read_reference
from portal.core.web_domains import registrable_domain

# Words that fewer names carry weigh the same as one that nobody carries.
COMMON_FROM = 5
MOST_COMMON_WORDS = 20_000
WEIGHTS_KEPT_SECONDS = 600
# So many names of one record are compared: what was seen first is what it is called.
MOST_NAMES_OF_ONE = 30
_SURENESS = {Verdict.SAME: 2, Verdict.PERHAPS: 1, Verdict.DIFFERENT: 0}

_kept_weights: tuple[float, WordWeights] | None = None


def word_weights() -> WordWeights:
    """How much each word of the register's names says, as last counted. Kept for a while: the counts of
    very many names move slowly."""
    global _kept_weights
    now = time.monotonic()
    if _kept_weights is None or now - _kept_weights[0] > WEIGHTS_KEPT_SECONDS:
        _kept_weights = (now, read_weights())
    return _kept_weights[1]


def read_weights() -> WordWeights:
    common = Word.objects.filter(names__gte=COMMON_FROM).order_by("-names")
    counted = Count.objects.first()
    if counted is None or not counted.names:
        return DEFAULT
    return WordWeights(dict(common.values_list("word", "names")[:MOST_COMMON_WORDS]), counted.names)


@dataclass(frozen=True)
class Candidate:
    """A record that is this company, or perhaps is, and why."""

    customer: Customer
    comparison: Comparison

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(reason_of(finding) for finding in self.comparison.findings)


def candidates_for(
    identity: CustomerIdentity, *, limit: int = 10, leave_out: Iterable[int] = ()
) -> list[Candidate]:
    """The records that are this company or perhaps are, the surest first. Looks across everything the
    portal knows: its answer is for reviewers, never for the partner who typed (rule E6)."""
    return candidates_among(identity, known_like(identity, leave_out=leave_out))[:limit]


def candidates_among(identity: CustomerIdentity, found: Iterable[Known]) -> list[Candidate]:
    weights = word_weights()
    compared = [Candidate(known.customer, compare_with(identity, known, weights)) for known in found]
    return sorted((one for one in compared if one.comparison.verdict != Verdict.DIFFERENT), key=_sureness)


def matching_customers(identity: CustomerIdentity) -> list[Candidate]:
    """The records of the same company, the surest first. What is only perhaps the same decides nothing
    by itself: it is for the reviewer's eyes."""
    return [one for one in candidates_for(identity, limit=50) if one.comparison.verdict == Verdict.SAME]


def possible_duplicates(customer: Customer, *, limit: int = 10) -> list[Candidate]:
    """Other records that may be this company under one of its names, numbers and domains."""
    best: dict[int, Candidate] = {}
    for identity in identities_of(customer):
        for one in candidates_for(identity, limit=limit, leave_out=[customer.pk]):
            held = best.get(one.customer.pk)
            if held is None or _sureness(one) < _sureness(held):
                best[one.customer.pk] = one
    return sorted(best.values(), key=_sureness)[:limit]


def _sureness(one: Candidate) -> tuple[int, int, float, int, int]:
    codes = {finding.code for finding in one.comparison.findings}
    return (
        -_SURENESS[one.comparison.verdict],
        -("number" in codes) * 2 - ("domain" in codes),
        -one.comparison.name_score,
        -("place" in codes),
        one.customer.pk,
    )


def compare_with(identity: CustomerIdentity, known: Known, weights: WordWeights) -> Comparison:
    """The comparison with the one of a record's names, numbers, domains and towns that fit best."""
    one = known.customer.identity
    # Of several facts the one that agrees counts; else one of the same country, which may contradict.
    numbers = known.of_kind(ObservationKind.NUMBER)
    agreeing = [key for _value, key, _country in numbers if key == identity.number_key]
    of_country = [key for _value, key, country in numbers if country == identity.country]
    one = replace(one, number_key=next(iter(agreeing + of_country), one.number_key))
    domains = {key for _value, key, _country in known.of_kind(ObservationKind.DOMAIN)}
    if identity.domain in domains:
        one = replace(one, domain=identity.domain)
    for value, key, country in known.of_kind(ObservationKind.PLACE):
        if country == identity.country and key == fold(identity.city):
            one = replace(one, city=value)
            break
    names = known.of_kind(ObservationKind.NAME)[:MOST_NAMES_OF_ONE] or [(one.name, one.name_key, one.country)]
    compared = [
        compare(identity, replace(one, name=value, name_key=key, country=country), weights)
        for value, key, country in names
    ]
    return max(compared, key=lambda found: (_SURENESS[found.verdict], found.name_score, len(found.findings)))


def identities_of(customer: Customer, *, most: int = 5) -> list[CustomerIdentity]:
    """A record's main identity, and one for each further name, number and domain: under any of them it
    may be found."""
    identities = [customer.identity]
    for seen in customer.observations.all():
        match seen.kind:
            case ObservationKind.NAME if (seen.value, seen.country) != (customer.name, customer.country):
                one = replace(customer.identity, name=seen.value, name_key=seen.key, country=seen.country)
            case ObservationKind.NUMBER if seen.key != customer.number_key:
                one = replace(
                    customer.identity,
                    company_number=seen.value,
                    number_key=seen.key,
                    country=seen.country,
                )
            case ObservationKind.DOMAIN if seen.key != customer.domain:
                one = replace(customer.identity, domain=seen.key)
            case _:
                continue
        identities.append(one)
    return identities[:most]


# Searching the register.

MOST_FOUND = 200
# Of a word that stands alone so many letters say something.
_PREFIX_FROM = 2
_ALIKE_FOR_EYES = 75


def find_records(text: str) -> list[int]:
    """The records meant by what somebody typed: a record's number, a company number of any country, a web
    domain, a name or the beginnings of its words. The surest first; for people of the vendor alone."""
    text = " ".join(text.split())[:LONGEST_NAME]
    reference = read_reference("C", text)
    if reference is not None:
        by_reference = Customer.objects.filter(reference=reference).values_list("pk", flat=True)
        if found := list(by_reference):
            return found
    found = [
        *_by_identifier(text),
        *(known.customer.pk for known in _by_likeness(text)),
        *_by_beginning(text),
    ]
    return list(dict.fromkeys(found))[:MOST_FOUND]


def _by_identifier(text: str) -> list[int]:
    keys = set()
    if any(sign.isdigit() for sign in text):
        for country in territory_on(timezone.localdate()):
            try:
                keys.add(read_company_number(country, text).key)
            except RuleViolation:
                continue
    ways = Q(kind=ObservationKind.NUMBER, key__in=keys)
    try:
        ways |= Q(kind=ObservationKind.DOMAIN, key=registrable_domain(text))
    except RuleViolation:
        pass
    named = Observation.objects.filter(ways).order_by("pk")
    return list(named.values_list("customer_id", flat=True)[:MOST_FOUND])


def _by_likeness(text: str) -> list[Known]:
    """More lenient than the comparison: whoever searches looks at what is found."""
    typed = " ".join(split_words(fold(text)))
    alike = [
        (max((fuzz.WRatio(typed, key) for _value, key, _country in names), default=0), known)
        for known in known_like(CustomerIdentity(name=text, country=""))
        if (names := known.of_kind(ObservationKind.NAME))
    ]
    likely = sorted((pair for pair in alike if pair[0] >= _ALIKE_FOR_EYES), key=lambda pair: -pair[0])
    return [known for _score, known in likely]


def _by_beginning(text: str) -> list[int]:
    """With all the words typed, the last of which may be only begun."""
    words = split_words(fold(text))[:MOST_WORDS]
    if not words or len("".join(words)) < _PREFIX_FROM:
        return []
    begun = Word.objects.filter(word__startswith=words[-1]).order_by("-names")
    last = list(begun.values_list("word", flat=True)[:MOST_FOUND])
    names = Observation.objects.filter(kind=ObservationKind.NAME, keys__overlap=last)
    if words[:-1]:
        names = names.filter(keys__contains=words[:-1])
    return list(names.order_by().values_list("customer_id", flat=True)[:MOST_FOUND]) if last else []


# A record's page.


@dataclass(frozen=True)
class Seen:
    """Something observed, with all that is known of since when and from which registration."""

    pk: int
    value: str
    country: str
    since: datetime
    first_source: str
    until: datetime
    last_source: str


def observed_of(customer: Customer) -> dict[str, list[Seen]]:
    """By kind, the first seen on top; what a merge found on both records is told once."""
    both = Observation.objects.filter(Q(customer=customer) | Q(customer__merged_into=customer))
    by_kind: dict[str, dict[tuple[str, str], Seen]] = {str(kind): {} for kind in ObservationKind}
    # Those of the record itself first: they are what can be split off.
    for one in sorted(both, key=lambda one: (one.customer_id != customer.pk, one.first_seen_at, one.pk)):
        same = by_kind[one.kind].get((one.value, one.country))
        seen = Seen(
            one.pk,
            one.value,
            one.country,
            one.first_seen_at,
            one.first_source,
            one.last_seen_at,
            one.last_source,
        )
        if same is not None:
            earlier, later = sorted((same, seen), key=lambda each: each.since)
            seen = replace(
                same,
                since=earlier.since,
                first_source=earlier.first_source,
                until=max(same.until, seen.until),
                last_source=(same if same.until >= seen.until else later).last_source,
            )
        by_kind[one.kind][one.value, one.country] = seen
    return {kind: sorted(found.values(), key=lambda one: one.since) for kind, found in by_kind.items()}


def changes_of(customer: Customer) -> list[CustomerChange]:
    """The merges and splits of a record, the latest first."""
    found = CustomerChange.objects.filter(Q(kept=customer) | Q(other=customer))
    return list(found.select_related("kept", "other", "by", "undone_by"))
