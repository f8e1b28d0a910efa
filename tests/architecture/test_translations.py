"""Every text has its French, and the catalogue holds every text of the sources."""

import os
import shutil
import subprocess
import sys
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
    catalogue = read(path)
    wrong = [
        (message.id, str(error)) for message in catalogue if message.id for error in message.check(catalogue)
    ]
    assert wrong == []


def test_every_text_of_the_sources_is_in_the_catalogue(tmp_path):
    """`make messages`, in a copy: nothing new may turn up."""
    if not shutil.which("xgettext"):
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("gettext is not installed")
        pytest.skip("gettext is not installed")
    for folder in ("portal", "partners", "dealreg", "templates", "static", "locale"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.mo")
        )
    collected = subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--all", "--no-obsolete", "--no-location"],
        cwd=tmp_path,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings.test", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert collected.returncode == 0, collected.stderr
    missing = []
    for path in sorted((tmp_path / "locale").glob("*/LC_MESSAGES/*.po")):
        for message in read(path):
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and (message.fuzzy or not all(texts)):
                missing.append(message.id)
    assert missing == []
