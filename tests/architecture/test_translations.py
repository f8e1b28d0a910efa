"""Every text has its French, and the catalogue holds every text of the sources."""

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))


def read(path: Path):
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def test_there_is_a_french_catalogue():
    assert ROOT / "locale/fr/LC_MESSAGES/django.po" in CATALOGUES


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_nothing_is_untranslated_or_doubtful(path):
    doubtful, missing = [], []
    for message in read(path):
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if not all(texts):
            missing.append(message.id)
        if message.fuzzy:
            doubtful.append(message.id)
    assert (missing, doubtful) == ([], [])


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_placeholders_survive_translation(path):
    wrong = [
        (message.id, [str(error) for error in message.check(read(path))])
        for message in read(path)
        if message.id and list(message.check(read(path)))
    ]
    assert wrong == []
