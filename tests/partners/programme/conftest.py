from datetime import date
from typing import Any

import pytest
import yaml
from django.utils import translation

from partners.programme.content import EditionContent
from partners.programme.edition_file import check_facts
from partners.programme.rulebook import Rulebook
from partners.programme.selectors import rulebook_from
from tests.cast import EDITION_FILE, edition_facts


@pytest.fixture(autouse=True)
def english():
    """Another test's reader must not leave French behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def facts() -> dict[str, Any]:
    """The facts of the edition 2017 as a draft would bring them: fresh, without dates."""
    found = yaml.safe_load(EDITION_FILE.read_text("utf-8"))
    return {key: value for key, value in found.items() if key not in ("published_on", "in_force_from")}


@pytest.fixture
def content(facts: dict[str, Any]) -> EditionContent:
    found = check_facts(facts).content
    assert found is not None
    return found


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    """The rule book of 2017, made without a database."""
    return rulebook_of_2017()


def rulebook_of_2017() -> Rulebook:
    content = check_facts(edition_facts(), dated=True).content
    assert content is not None
    return rulebook_from(content, date(2017, 1, 1))
