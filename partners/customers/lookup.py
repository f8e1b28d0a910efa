"""Finding the few records among very many whose names resemble one: two statements on PostgreSQL's own
indexes (decision record 0012).

First the register's words: which of them is each typed word, allowing for a slip of the pen, and how many
names carry them. Then the names: those with a word that few carry, those with two of the commoner ones, or
with one of them in the same town, those that are the same run together; ranked by the words they share,
the rare ones first. The few dozen at the top are compared properly (`matching.compare`)."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import connection
from rapidfuzz.distance import OSA

from partners.customers.identity import CustomerIdentity
from partners.customers.keys import LONGEST_WORD, RUN_TOGETHER, search_keys, spellings, town_key
from partners.customers.models import Customer
from partners.customers.names import name_words

# A word carried by no more names than this finds them by itself; commoner ones in pairs.
FEW_NAMES = 150
# So many of the commoner words are tried in pairs, the least common first; and that one with the town.
PAIRED_WORDS = 3
# More names than this with the same words say nothing about who is meant.
MOST_NAMES = 250
# So many records are compared properly.
MOST_RECORDS = 20
MOST_WORDS = 12
_SLIP = 0.8
_SAME_TOWN = 0.2

# One spelling after the other: for all at once the planner might read every word there is.
_WORDS = """
SELECT DISTINCT word, names FROM unnest(%s::text[]) AS sought
JOIN customers_word ON spellings @> ARRAY[sought]
"""

# MATERIALIZED keeps the limits out of the planner's sight: for a few rows it would rather read the whole
# table and stop early. Ranked by the weight of the words shared against all words of both; a name of
# the same country counts a little more.
_RECORDS = """
WITH alone AS MATERIALIZED (
    SELECT customer_id, keys, country FROM customers_observation
    WHERE kind = 'name' AND keys && %(alone)s::text[]
), pair1 AS MATERIALIZED (
    SELECT customer_id, keys, country FROM customers_observation
    WHERE kind = 'name' AND keys && %(word0)s::text[] AND keys && %(word1)s::text[]
), pair2 AS MATERIALIZED (
    SELECT customer_id, keys, country FROM customers_observation
    WHERE kind = 'name' AND keys && %(word0)s::text[] AND keys && %(word2)s::text[]
), pair3 AS MATERIALIZED (
    SELECT customer_id, keys, country FROM customers_observation
    WHERE kind = 'name' AND keys && %(word1)s::text[] AND keys && %(word2)s::text[]
), pair4 AS MATERIALIZED (
    SELECT customer_id, keys, country FROM customers_observation
    WHERE kind = 'name' AND keys && %(word0)s::text[] AND keys && %(town)s::text[]
), hits AS (
    (SELECT * FROM alone LIMIT %(names)s) UNION (SELECT * FROM pair1 LIMIT %(names)s)
    UNION (SELECT * FROM pair2 LIMIT %(names)s) UNION (SELECT * FROM pair3 LIMIT %(names)s)
    UNION (SELECT * FROM pair4 LIMIT %(names)s)
), words AS (
    SELECT * FROM unnest(%(words)s::text[], %(weights)s::float8[]) AS listed(word, weight)
), ranked AS (
    SELECT customer_id
    FROM hits CROSS JOIN LATERAL (
        SELECT coalesce(sum(weight), 0) AS shared FROM words WHERE word = ANY(hits.keys)
    ) AS sharing
    GROUP BY customer_id
    ORDER BY max(
        shared / (%(weight)s + cardinality(keys)) + (country = %(country)s)::int * 0.05
    ) DESC, customer_id
    LIMIT %(records)s
), found AS (
    SELECT customer_id FROM ranked
    UNION (
        SELECT customer_id FROM customers_observation
        WHERE kind = 'number' AND key = %(number)s AND %(number)s <> '' LIMIT %(records)s
    ) UNION (
        SELECT customer_id FROM customers_observation
        WHERE kind = 'domain' AND key = %(domain)s AND %(domain)s <> '' LIMIT %(records)s
    )
)
SELECT id, reference, name, country, city, company_number, number_key, domain, name_key, markets,
    created_at, merged_into_id,
    (
        SELECT json_agg(json_build_array(kind, value, key, observed.country) ORDER BY observed.id)
        FROM customers_observation AS observed WHERE customer_id = record.id
    )
FROM customers_customer AS record
WHERE id IN (SELECT customer_id FROM found) AND merged_into_id IS NULL AND id <> ALL(%(leave_out)s)
"""
_COLUMNS = [
    "id",
    "reference",
    "name",
    "country",
    "city",
    "company_number",
    "number_key",
    "domain",
    "name_key",
    "markets",
    "created_at",
    "merged_into_id",
]


@dataclass(frozen=True)
class ReadWord:
    """A typed word as the register knows it: its words with how well they fit, and how many names
    carry one of them."""

    fits: dict[str, float]
    names: int


@dataclass(frozen=True)
class Known:
    """A record with everything that was observed of it: kind, value, key and country of each."""

    customer: Customer
    observed: tuple[tuple[str, str, str, str], ...]

    def of_kind(self, kind: str) -> list[tuple[str, str, str]]:
        return [(value, key, country) for one, value, key, country in self.observed if one == kind]


def read_words(name: str) -> list[ReadWord]:
    """The words of a name, and each two neighbours run together, as the register's names write them;
    the rarest first."""
    typed: dict[str, None] = {}
    for words in name_words(name):
        together = ("".join(pair) for pair in pairwise(words))
        typed |= dict.fromkeys(word[:LONGEST_WORD] for word in (*words, *together))
    wanted = list(typed)[: 2 * MOST_WORDS]
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [sorted({one for word in wanted for one in spellings(word)})])
        known = cursor.fetchall()
    read = []
    for word in wanted:
        near = [(other, names) for other, names in known if _is_slip(word, other)]
        if near:
            fits = {other: 1.0 if other == word else _SLIP for other, _names in near}
            read.append(ReadWord(fits, sum(names for _other, names in near)))
    return sorted(read, key=lambda word: word.names)


def _is_slip(word: str, other: str) -> bool:
    if word == other:
        return True
    if word.isdigit() or other.isdigit():
        return False
    shorter = min(len(word), len(other))
    slips = 0 if shorter < 3 else 1 if shorter < 8 else 2
    return OSA.distance(word, other, score_cutoff=slips) <= slips


def known_like(identity: CustomerIdentity, *, leave_out: Iterable[int] = ()) -> list[Known]:
    """The records that may be this company: with its number, its domain, or a name like its name."""
    read = read_words(identity.name)
    weights: dict[str, float] = {}
    for word in read:
        weight = 1 / math.log(word.names + 8)
        for other, fit in word.fits.items():
            weights[other] = max(weights.get(other, 0.0), weight * fit)
    alone = [key for key in search_keys(identity.name) if key.startswith(RUN_TOGETHER)]
    if len(read) == 1:
        alone += [RUN_TOGETHER + other for other in read[0].fits]
    weights |= dict.fromkeys(alone, 1.0)
    town = town_key(identity.city)
    if town:
        weights[town] = _SAME_TOWN
    alone += [other for word in read if word.names <= FEW_NAMES for other in word.fits]
    common = [list(word.fits) for word in read if word.names > FEW_NAMES][:PAIRED_WORDS]
    arguments: dict[str, Any] = {
        **{f"word{n}": common[n] if n < len(common) else [] for n in range(PAIRED_WORDS)},
        "alone": alone,
        "town": [town] if town else [],
        "words": list(weights),
        "weights": list(weights.values()),
        "weight": sum(weights.values()) + 1,
        "country": identity.country,
        "number": identity.number_key,
        "domain": identity.domain,
        "names": MOST_NAMES,
        "records": MOST_RECORDS,
        "leave_out": list(leave_out),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, arguments)
        rows = cursor.fetchall()
    return [_known(row) for row in rows]


def _known(row: tuple[Any, ...]) -> Known:
    observed = json.loads(row[-1]) if isinstance(row[-1], str) else row[-1]
    customer = Customer.from_db(connection.alias, _COLUMNS, row[:-1])
    return Known(customer, tuple((kind, value, key, country) for kind, value, key, country in observed or ()))
