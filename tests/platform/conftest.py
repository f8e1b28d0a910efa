import logging
from collections.abc import Iterator

import pytest

from tests.world import EVERYBODY, World, make_world, undone


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker) -> Iterator[World]:
    """The world, built once for all tests of a module, in a transaction that is undone at the end."""
    # Thousands of refusals, each with its line in the log.
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), undone():
        made = make_world()
        for who in EVERYBODY:
            made.browser(who)
        yield made
    logging.disable(logging.NOTSET)


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests that ask for the world share one; what each changes in it is undone."""
    if "world" not in request.fixturenames:
        request.getfixturevalue("_django_db_helper")
        yield
        return
    request.getfixturevalue("built")
    with undone():
        yield


@pytest.fixture
def world(db: None, request: pytest.FixtureRequest) -> World:
    made: World = request.getfixturevalue("built")
    for who in EVERYBODY:
        # What the test before was told and has not read.
        made.browser(who).cookies.pop("messages", None)
    return made
