"""/healthz and /readyz."""

import time

import pytest
from django.core.cache import cache

from portal.core import health


@pytest.fixture
def heartbeats():
    health.beat_heart("worker")
    health.beat_heart("beat")
    yield
    cache.delete_many(["heartbeat:worker", "heartbeat:beat"])


def test_healthz_says_that_the_process_answers(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_ready_when_every_part_is(client, heartbeats):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "database": "ok",
        "migrations": "ok",
        "redis": "ok",
        "worker": "ok",
        "beat": "ok",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["worker", "beat"])
def test_readyz_misses_a_silent_worker_or_beat(client, heartbeats, part):
    cache.set(f"heartbeat:{part}", time.time() - health.LONGEST_SILENCE[part] - 1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()[part] == "failed"
    assert [p for p, state in answer.json().items() if state == "failed"] == [part]


@pytest.mark.django_db
def test_readyz_tells_a_stranger_no_reasons(client, heartbeats, monkeypatch):
    def broken() -> None:
        raise health.NotReady("password of the database refused at 10.0.0.7")

    monkeypatch.setitem(health.CHECKS, "database", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json().values()) == {False, "ok", "failed"}
