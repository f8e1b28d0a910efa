"""How well the portal recognises the same company behind two names.

    python -m bench.matching PAIRS.csv

Reads the columns name_a, name_b, country_a, country_b, city_a, city_b, same, tier and prints precision,
recall and F1 of the verdict "same or perhaps" for the rows of tier `core`, on names alone and on names
with town, and the precision at "same". Needs no database. The register, from which the weights of words
are counted, is the names of the file, without their labels.
"""

import argparse
import csv
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from partners.customers.identity import CustomerIdentity
from partners.customers.matching import Verdict, WordWeights, compare, name_words

Row = dict[str, str]


def register_of(rows: list[Row]) -> WordWeights:
    names = {(column, row[column]) for row in rows for column in ("name_a", "name_b")}
    counts = Counter(
        word for _, name in names for word in {word for words in name_words(name) for word in words}
    )
    return WordWeights(counts, len(names))


def identities(row: Row, with_town: bool) -> tuple[CustomerIdentity, CustomerIdentity]:
    one, other = (
        CustomerIdentity(
            name=row[f"name_{side}"],
            country=row[f"country_{side}"],
            city=row[f"city_{side}"] if with_town else "",
        )
        for side in "ab"
    )
    return one, other


def figures(found: list[bool], truth: list[bool]) -> tuple[float, float, float]:
    hits = sum(one and other for one, other in zip(found, truth, strict=True))
    precision = hits / sum(found) if any(found) else 1.0
    recall = hits / sum(truth) if any(truth) else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0


def line(title: str, found: list[bool], truth: list[bool]) -> str:
    precision, recall, f1 = figures(found, truth)
    return f"{title:<34} precision {precision:.4f}  recall {recall:.4f}  F1 {f1:.4f}  ({len(truth)} pairs)"


def measure(rows: list[Row], weights: WordWeights, with_town: bool, by_source: bool) -> None:
    title = "names with town" if with_town else "names alone"
    pairs = [identities(row, with_town) for row in rows]
    started = time.process_time()
    verdicts = [compare(one, other, weights).verdict for one, other in pairs]
    spent = time.process_time() - started
    truth = [row["same"] == "1" for row in rows]
    print(line(f"{title}: same or perhaps", [v != Verdict.DIFFERENT for v in verdicts], truth))
    print(line(f"{title}: same", [v == Verdict.SAME for v in verdicts], truth))
    if by_source and "source" in rows[0]:
        places = defaultdict(list)
        for place, row in enumerate(rows):
            places[row["source"]].append(place)
        for source, held in sorted(places.items()):
            found = [verdicts[place] != Verdict.DIFFERENT for place in held]
            print(line(f"  {source}", found, [truth[place] for place in held]))
    print(f"{title}: {spent / len(rows) * 1e6:.0f} µs a pair")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--by-source", action="store_true", help="figures for each value of `source` too")
    options = parser.parse_args(arguments)
    with options.pairs.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    weights = register_of(rows)
    core = [row for row in rows if row["tier"] == "core"]
    for with_town in (False, True):
        measure(core, weights, with_town, options.by_source)


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads along has read enough: `… | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
