"""`make demo`: starts everything, notices what ends, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from portal import embedded
from tests.platform.test_production import free_port

pytestmark = pytest.mark.servers
ROOT = Path(__file__).resolve().parents[2]


class Demo:
    def __init__(self, folder: Path) -> None:
        self.places = embedded.Places(folder)
        self.port = free_port()
        self.output = folder.parent / "output"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.demo", "run", "--empty"],
            cwd=ROOT,
            env=environment(folder) | {"PORT": str(self.port)},
            stdout=self.output.open("w"),
            stderr=subprocess.STDOUT,
        )

    def wait_for(self, text: str, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.output.read_text():
            if time.monotonic() > deadline or (self.process.poll() is not None and text not in self.said()):
                self.process.kill()
                pytest.fail(f"{text!r} was not said:\n{self.said()}")
            time.sleep(0.1)

    def said(self) -> str:
        return self.output.read_text()

    def ready(self, seconds: float = 60) -> dict:
        deadline = time.monotonic() + seconds
        while True:
            try:
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as answer:
                state = json.load(answer)
                if time.monotonic() > deadline:
                    return state
            time.sleep(0.3)

    def family(self) -> list[psutil.Process]:
        servers = [psutil.Process(pid) for pid in embedded.running(self.places).values() if pid]
        return psutil.Process(self.process.pid).children(recursive=True) + servers

    def child(self, words: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if words in " ".join(child.cmdline()))


def environment(folder: Path) -> dict[str, str]:
    dropped = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PORTAL_URL", "ALLOWED_HOSTS")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PORTAL_VAR_DIR": str(folder)}


def all_gone(processes: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        alive = [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("demo") / "var with a blank"
    made.mkdir()
    yield made
    embedded.stop(embedded.Places(made))


@pytest.fixture
def demo(folder):
    started = Demo(folder)
    yield started
    if started.process.poll() is None:
        started.process.send_signal(signal.SIGINT)
        started.process.wait(90)


def test_everything_runs_and_ctrl_c_ends_it_all(demo):
    demo.wait_for("The portal is open")
    assert demo.ready()["ready"] is True
    assert f"http://localhost:{demo.port}" in demo.said()
    assert "alice@alpha-securite.example" in demo.said()
    family = demo.family()
    assert len(family) > 6
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0
    assert all_gone(family)
    assert "Everything is stopped" in demo.said()


def test_a_killed_worker_is_started_again(demo):
    demo.wait_for("The portal is open")
    os.kill(demo.child("celery --app=portal --quiet worker").pid, signal.SIGKILL)
    demo.wait_for("The worker ended unexpectedly (status -9); starting it again")
    assert demo.ready()["ready"] is True


def test_a_killed_web_server_ends_everything(demo):
    demo.wait_for("The portal is open")
    family = demo.family()
    os.kill(demo.child("gunicorn").pid, signal.SIGKILL)
    assert demo.process.wait(60) == 1
    assert "The web ended unexpectedly" in demo.said()
    assert all_gone(family)


def test_a_killed_database_ends_everything(demo):
    demo.wait_for("The portal is open")
    family = demo.family()
    os.kill(embedded.running(demo.places)["PostgreSQL"], signal.SIGKILL)
    assert demo.process.wait(60) == 1
    assert "PostgreSQL ended unexpectedly" in demo.said()
    assert all_gone(family)


def test_everything_killed_at_once_starts_again(demo, folder):
    demo.wait_for("The portal is open")
    family = demo.family()
    for one in [psutil.Process(demo.process.pid), *family]:
        one.kill()
    demo.process.wait()
    assert all_gone(family)
    again = Demo(folder)
    again.wait_for("The portal is open")
    assert again.ready()["ready"] is True
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(60) == 0


def test_a_second_demo_of_the_checkout_is_refused(demo, folder):
    demo.wait_for("The portal is open")
    second = subprocess.run(
        [sys.executable, "-m", "portal.demo", "run", "--empty"],
        cwd=ROOT,
        env=environment(folder) | {"PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert f"runs already: http://localhost:{demo.port}" in second.stderr
    reset = subprocess.run(
        [sys.executable, "-m", "portal.demo", "reset"],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert reset.returncode == 1
    assert (folder / "postgres" / "PG_VERSION").exists()


def test_reset_throws_the_data_away(folder):
    (folder / "mail").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "portal.demo", "reset"],
        cwd=ROOT,
        env=environment(folder),
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    assert {path.name for path in folder.iterdir()} <= {"demo.lock", "embedded.lock", "embedded.users"}


@pytest.mark.parametrize(
    ("port", "said"), [("taken", "is taken"), ("80a", "is not a port"), ("70000", "is not a port")]
)
def test_a_port_that_cannot_be_had_is_said_before_anything_starts(port, said):
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        if port == "taken":
            port = str(holder.getsockname()[1])
        refused = subprocess.run(
            [sys.executable, "-I", "portal/bootstrap.py", "demo"],
            cwd=ROOT,
            env=os.environ | {"PORT": port},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert refused.returncode == 1
    assert said in refused.stderr
    assert refused.stdout == ""
