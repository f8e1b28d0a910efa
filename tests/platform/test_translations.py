"""How the French reads: what the catalogue may hold, and what a French reader must not meet on a page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from portal.accounts.models import User
from tests.platform.test_urls import TABLE, addresses

CATALOGUE = Path(__file__).resolve().parents[2] / "locale/fr/LC_MESSAGES/django.po"
MESSAGES = [message for message in read_po(CATALOGUE.open("rb"), locale="fr") if message.id]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|%%|<[^>]+>")
READERS = ["alice", "denise", "karim", "nora"]
# A language stands under its own name.
SAME_IN_FRENCH = {"English"}
# Price regions of the tests' cast, which bear names of their own.
DATA = {"Switzerland", "United Kingdom"}


def placeholders(text):
    return sorted(set(PLACEHOLDER.findall(text)))


def several(value):
    return list(value) if isinstance(value, tuple | list) else [value]


PAIRS = [
    (english, french)
    for message in MESSAGES
    for english, french in zip(several(message.id), several(message.string), strict=True)
]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a plain space before ; ? !", r" [;?!]"),
        ("no space, or a plain one, before a colon", r"(?<=[a-zé’)])(?<!https)(?<!http):| :"),
        ("a plain space before a per cent sign", r"\d %| %(?![(\w])"),
        ("a straight apostrophe", r"\w'\w"),
        ("English quotation marks", r"[“”]"),
        ("guillemets without a space that does not break", r"«(?![\u00a0\u202f])|(?<![\u00a0\u202f])»"),
        ("two spaces", r"  "),
        ("three dots for an ellipsis", r"\.\.\."),
    ],
)
def test_typography(what, pattern):
    found = re.compile(pattern)
    wrong = [french for _english, french in PAIRS if found.search(PLACEHOLDER.sub("x", french))]
    assert wrong == [], what


def test_a_sentence_ends_as_its_source_does():
    wrong = [
        (english, french)
        for english, french in PAIRS
        if (english.rstrip()[-1] in ".?") != (french.rstrip()[-1] in ".?!")
    ]
    assert wrong == []


def test_the_same_placeholders_and_tags_on_both_sides():
    wrong = []
    for message in MESSAGES:
        # One form of a plural may go without its number: "one thing", "two things".
        allowed = [placeholders(english) for english in several(message.id)]
        wrong += [message.id for french in several(message.string) if placeholders(french) not in allowed]
    assert wrong == []


class Texts(HTMLParser):
    """What a reader reads or hears: texts and labels, without scripts, codes and names of people."""

    SILENT = ("script", "style", "code", "bdi")
    HEARD = ("aria-label", "title", "placeholder", "alt", "data-confirm", "data-confirm-title", "data-label")

    def __init__(self):
        super().__init__()
        self.found, self.silent = [], 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in self.SILENT
        self.found += [value for name, value in attrs if name in self.HEARD and value]

    def handle_endtag(self, tag):
        self.silent -= tag in self.SILENT

    def handle_data(self, data):
        if not self.silent and data.strip():
            self.found.append(" ".join(data.split()))


def english_texts():
    """Short texts by the whole, long ones by their longest piece without placeholders."""
    whole, pieces = set(), set()
    for english, french in PAIRS:
        if english == french or english in SAME_IN_FRENCH | DATA:
            continue
        piece = max(PLACEHOLDER.split(english), key=len).strip()
        if PLACEHOLDER.search(english) is None:
            whole.add(" ".join(english.split()))
        if len(piece) >= 18 and piece not in french:
            pieces.add(piece)
    return whole, pieces


@pytest.mark.parametrize("who", READERS)
def test_no_page_of_a_french_reader_holds_english(world, who):
    compiled = CATALOGUE.with_suffix(".mo")
    assert compiled.stat().st_mtime >= CATALOGUE.stat().st_mtime, "make set-up compiles the catalogue"
    User.objects.filter(pk=world.people[who].pk).update(language="fr")
    browser, (whole, pieces) = world.browser(who), english_texts()
    looked_at, left = 0, {}
    for name in TABLE:
        for address in addresses(world, name).values():
            answer = browser.get(address)
            if answer.status_code != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
                continue
            page = Texts()
            page.feed(answer.content.decode())
            if '<html lang="fr"' not in answer.content.decode()[:400]:
                continue
            looked_at += 1
            read = " ".join(page.found)
            english = [text for text in page.found if text in whole] + [
                text for text in pieces if text in read
            ]
            if english:
                left[address] = english
            break
    assert left == {}
    assert looked_at > 15
