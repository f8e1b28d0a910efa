"""The embedded servers: in paths with blanks, after a kill -9, beside another checkout's."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from portal import embedded
from portal.settings import embedded as places

pytestmark = pytest.mark.servers
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_other_servers(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def where(tmp_path):
    for folder in tmp_path.parents:
        if os.geteuid() == 0 and folder.name.startswith("pytest-"):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    # Longer than a unix socket's path may be, and with blanks.
    deep = tmp_path / "a checkout with blanks" / ("deep " * 20).strip()
    servers = embedded.Places(deep, durable=False)
    yield servers
    embedded.stop(servers)


def ask(servers):
    connection = psycopg2.connect(host=str(servers.sockets), user="postgres", dbname="portal")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding'), lower('ÉÇ'), version()")
        answer = cursor.fetchone()
    connection.close()
    return answer


def redis_of(servers):
    return redis.Redis(unix_socket_path=str(servers.redis_socket), decode_responses=True)


def test_start_and_stop(where):
    embedded.start(where)
    encoding, lowered, version = ask(where)
    assert (encoding, lowered) == ("UTF8", "éç")
    assert version.startswith("PostgreSQL 18")
    assert redis_of(where).ping()
    assert all(embedded.running(where).values())
    assert stat.S_IMODE(where.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(where.pgdata.stat().st_mode) == 0o700
    embedded.stop(where)
    assert not any(embedded.running(where).values())
    assert not where.sockets.exists()


def test_starting_twice_starts_once(where):
    embedded.start(where)
    first = embedded.running(where)
    embedded.start(where)
    assert embedded.running(where) == first


def test_a_start_after_kill_9_recovers_and_keeps_the_data(where):
    safe = embedded.Places(where.var_dir, durable=True)
    embedded.start(safe)
    connection = psycopg2.connect(host=str(safe.sockets), user="postgres", dbname="portal")
    connection.autocommit = True
    connection.cursor().execute("CREATE TABLE kept AS SELECT 42 AS answer")
    redis_of(safe).set("kept", "42")
    time.sleep(1.2)  # Redis writes its file once a second
    killed = embedded.running(safe)
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert (safe.pgdata / "postmaster.pid").exists()

    embedded.start(safe)
    assert not set(embedded.running(safe).values()) & set(killed.values())
    connection = psycopg2.connect(host=str(safe.sockets), user="postgres", dbname="portal")
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM kept")
        assert cursor.fetchone() == (42,)
    connection.close()
    assert redis_of(safe).get("kept") == "42"


def test_a_pid_file_that_names_a_foreign_process_is_not_believed(where):
    embedded.start(where)
    pids = embedded.running(where)
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for file in (where.postmaster_pid, where.redis_pid):
        file.write_text(file.read_text().replace(file.read_text().split("\n")[0], str(os.getpid()), 1))
    assert not any(embedded.running(where).values())
    embedded.start(where)
    assert ask(where)


def test_a_tidied_temporary_folder_is_made_again(where):
    embedded.start(where)
    for socket in where.sockets.iterdir():
        socket.unlink()
    where.sockets.rmdir()
    embedded.start(where)
    assert ask(where)
    assert redis_of(where).ping()


def test_an_interrupted_initdb_is_repeated(where):
    embedded.make_var_dir(where)
    where.pgdata.mkdir(mode=0o700)
    (where.pgdata / "base").mkdir()
    embedded.start(where)
    assert ask(where)


def test_two_checkouts_do_not_collide(tmp_path):
    one, two = (embedded.Places(tmp_path / name / "var") for name in ("one", "two"))
    assert one.sockets != two.sockets
    assert places.redis_url(one.var_dir) != places.redis_url(two.var_dir)


def test_a_socket_folder_of_somebody_else_is_refused(where, monkeypatch):
    embedded.make_var_dir(where)
    where.sockets.mkdir(mode=0o777)
    where.sockets.chmod(0o777)
    try:
        with pytest.raises(embedded.EmbeddedError, match="is not a folder of the servers' own user"):
            embedded.start(where)
    finally:
        where.sockets.rmdir()


def test_the_last_user_switches_off(where):
    with embedded.servers_in_use(where.var_dir, durable=False):
        other = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys, pathlib; from portal.embedded import servers_in_use\n"
                "with servers_in_use(pathlib.Path(sys.argv[1]), durable=False):\n"
                "    print('in', flush=True); sys.stdin.read()",
                str(where.var_dir),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert other.stdout.readline() == b"in\n"
    assert all(embedded.running(where).values()), "somebody else still uses them"
    other.communicate(timeout=30)
    assert not any(embedded.running(where).values())


def test_a_named_server_is_not_started(where, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/portal")
    embedded.start(where)
    assert embedded.running(where)["PostgreSQL"] is None
    assert redis_of(where).ping()


def test_celery_is_given_its_own_spelling_of_the_address():
    assert places.broker_url("unix:///tmp/x/redis.sock") == "redis+socket:///tmp/x/redis.sock"
    assert (
        places.broker_url("unix:///tmp/x/redis.sock?db=3")
        == "redis+socket:///tmp/x/redis.sock?virtual_host=3"
    )
    assert places.broker_url("redis://host:6379/1") == "redis://host:6379/1"
