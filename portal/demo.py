"""Runs the whole portal from one terminal: `make demo` (python -m portal.demo run) and `make reset`.

PostgreSQL and Redis, unless DATABASE_URL and REDIS_URL name others; then the database is brought up to
date, the demo data loaded (not with `run --empty`), and web server, Celery worker and Celery beat run
until Ctrl-C.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from portal.embedded import (
    VARIABLES,
    EmbeddedError,
    Places,
    make_var_dir,
    running,
    servers_in_use,
    stop,
    tail,
    wanted,
)

ROOT = Path(__file__).resolve().parents[1]
VAR_DIR = Path(os.environ.get("PORTAL_VAR_DIR", ROOT / "var")).absolute()
LOGS = VAR_DIR / "log"
PORT = os.environ.get("PORT", "8000")
LISTEN = os.environ.get("LISTEN", "127.0.0.1")
ADDRESS = f"http://localhost:{PORT}"
PASSWORD = "demo-portal"  # noqa: S105 — the demo's, printed on purpose
CAST = [
    ("alice@alpha-securite.example", "Gold partner, FR: account administrator"),
    ("amir@alpha-securite.example", "same partner: sales"),
    ("bruno@bravo-it.example", "Silver partner, FR"),
    ("carla@charlie-systems.example", "Bronze partner, BE"),
    ("dora@delta-reseller.example", "Registered partner, FR"),
    ("paul@platin-gmbh.example", "Platinum partner, DE"),
    ("denise@distri-nord.example", "distributor FR, BE, LU: administrator and approver"),
    ("dieter@distri-sued.example", "distributor DE, AT, CH: approver"),
    ("karim@vendor.example", "channel manager FR, Maghreb, Benelux"),
    ("ingrid@vendor.example", "channel manager DACH, Nordics"),
    ("nora@vendor.example", "programme administrator"),
]
MOST_RESTARTS = 5
RESTARTS_FORGOTTEN_AFTER = 600  # seconds
BIGGEST_LOG = 5_000_000


class DemoError(Exception):
    """The demo cannot go on; the message is for the person at the terminal."""


class Stopped(BaseException):
    """Ctrl-C, or a polite kill."""


@dataclass
class Child:
    name: str
    command: list[str]
    stop_seconds: int
    restart: bool
    process: subprocess.Popen[bytes] | None = None
    restarts: list[float] = field(default_factory=list)
    read_to: int = 0

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > BIGGEST_LOG:
            self.log.unlink()
        with open(self.log, "ab") as output:
            self.read_to = output.tell()
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches only the supervisor, which ends the others in order.
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def new_errors(self) -> Iterator[str]:
        with open(self.log, "rb") as log:
            log.seek(self.read_to)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self.read_to += len(line)
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and entry.get("level") in ("ERROR", "CRITICAL"):
                    yield str(entry.get("message", ""))


def end_with_parent() -> None:
    """Linux ends this process when the supervisor was killed; elsewhere the next start says so."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def children() -> list[Child]:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--app=portal", "--quiet"]
    return [
        Child(
            "worker",
            [*celery, "worker", "--concurrency=2", "--loglevel=INFO", "--without-gossip", "--without-mingle"],
            stop_seconds=30,
            restart=True,
        ),
        Child("beat", [*celery, "beat", "--loglevel=INFO", "--pidfile="], stop_seconds=10, restart=True),
        Child(
            "web",
            [*python, "gunicorn", "--config=python:portal.gunicorn_conf", "portal.wsgi"],
            stop_seconds=25,
            restart=False,
        ),
    ]


def run() -> int:
    set_environment()
    os.umask(0o077)  # logs, mails and documents of the demo are nobody else's
    for received in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(received, stop_politely)
    started: list[Child] = []
    outcome = 0
    try:
        make_var_dir(Places(VAR_DIR))
        with only_demo(), ExitStack() as servers:
            try:
                start_servers(servers)
                prepare_in_own_process()
                for child in children():
                    started.append(child)
                    child.start()
                wait_until_it_answers(started)
                print_welcome()
                watch(started)
            except Stopped:
                print("\nStopping …", flush=True)
            except (DemoError, EmbeddedError) as problem:
                print(f"\n{problem}\nStopping …", file=sys.stderr, flush=True)
                outcome = 1
            finally:
                # From here on another Ctrl-C would only leave something behind.
                for received in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(received, signal.SIG_IGN)
                for name in ("web", "beat", "worker"):
                    for child in started:
                        if child.name == name:
                            child.stop()
    except (DemoError, EmbeddedError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print("Everything is stopped; the data stays in " + str(VAR_DIR), flush=True)
    return outcome


def stop_politely(number: int, frame: FrameType | None) -> None:
    raise Stopped


def set_environment() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.dev"
    os.environ["PORTAL_DEMO"] = "1"
    os.environ["PORTAL_VAR_DIR"] = str(VAR_DIR)
    os.environ["BIND"] = f"{LISTEN}:{PORT}"
    os.environ.setdefault("PORTAL_URL", ADDRESS)
    os.environ["PYTHONUNBUFFERED"] = "1"
    if LISTEN != "127.0.0.1":
        os.environ.setdefault("ALLOWED_HOSTS", "*")


@contextmanager
def only_demo() -> Iterator[None]:
    """One demo per checkout: two would share worker, queue and mails."""
    lock = open(VAR_DIR / "demo.lock", "a+")  # noqa: SIM115 — held until the end
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DemoError(f"The demo of this checkout runs already: {lock.read().strip()}") from None
        lock.truncate(0)
        lock.write(f"{ADDRESS}, process {os.getpid()}\n")
        lock.flush()
        yield


def start_servers(servers: ExitStack) -> None:
    own = wanted()
    named = [variable for name, variable in VARIABLES.items() if name not in own]
    if named:
        say(f"Using the servers of {' and '.join(named)}")
    if own:
        say(f"Starting the embedded {' and '.join(own)}")
    servers.enter_context(servers_in_use(VAR_DIR))


def prepare_in_own_process() -> None:
    """Django stays out of the supervisor: small, and nothing of the site can take it down."""
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.demo", "prepare", *sys.argv[2:]], cwd=ROOT, preexec_fn=end_with_parent
    )
    try:
        failed = process.wait()
    except Stopped:
        process.terminate()
        process.wait()
        raise
    if failed:
        raise DemoError("The database could not be prepared; the reason is above.")


def prepare() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides
    import django
    from django.conf import settings
    from django.core.management import call_command, get_commands

    django.setup()
    wait_for_servers()
    say("Bringing the database up to date")
    call_command("migrate", interactive=False, verbosity=0)
    made_from = static_fingerprint()
    stamp = Path(settings.STATIC_ROOT) / ".made-from"
    if not stamp.exists() or stamp.read_text() != made_from:
        say("Collecting the static files")
        shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(made_from)
    if "load_demo" in get_commands() and "--empty" not in sys.argv:
        call_command("load_demo")
    return 0


def wait_for_servers(seconds: float = 30) -> None:
    """Servers of DATABASE_URL and REDIS_URL may be starting too."""
    import redis
    from django.conf import settings
    from django.db import OperationalError, connection

    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.ensure_connection()
            redis.Redis.from_url(settings.REDIS_URL).ping()
            return
        except (OperationalError, redis.RedisError) as problem:
            if time.monotonic() > deadline:
                sys.exit(f"A server does not answer: {problem}")
            time.sleep(0.5)


def static_fingerprint() -> str:
    digest = hashlib.sha256()
    for path in [ROOT / "package-lock.json", ROOT / "requirements.lock", ROOT / "portal/settings/base.py"]:
        digest.update(path.read_bytes())
    for folder in [ROOT / "static", *ROOT.glob("*/*/static")]:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def wait_until_it_answers(started: list[Child], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    host = LISTEN if LISTEN != "0.0.0.0" else "127.0.0.1"  # noqa: S104
    while time.monotonic() < deadline:
        look_after(started)
        try:
            # A proxy of the environment has no business with our own machine.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://{host}:{PORT}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise DemoError(
        f"The web server does not answer. The end of {LOGS / 'web.log'}:\n{tail(LOGS / 'web.log')}"
    )


def print_welcome() -> None:
    width = max(len(email) for email, _ in CAST)
    print(f"\nThe portal is open: {ADDRESS}\n\nPassword for everybody: {PASSWORD}")
    for email, role in CAST:
        print(f"  {email:<{width}}  {role}")
    print(
        f"\nMails: {ADDRESS}/demo/mail/   Logs: {LOGS}\nCtrl-C stops everything and keeps the data.\n",
        flush=True,
    )


def watch(started: list[Child]) -> None:
    """Until Ctrl-C. Raises DemoError when something ended that cannot be started again alone."""
    places = Places(VAR_DIR)
    expected = [name for name, pid in running(places).items() if pid]
    checked = time.monotonic()
    while True:
        time.sleep(0.5)
        look_after(started)
        if time.monotonic() - checked > 2:
            checked = time.monotonic()
            for name, pid in running(places).items():
                if name in expected and pid is None:
                    log = LOGS / ("postgres.log" if name == "PostgreSQL" else "redis.log")
                    raise DemoError(f"{name} ended unexpectedly. The end of {log}:\n{tail(log)}")


def look_after(started: list[Child]) -> None:
    for child in started:
        for message in child.new_errors():
            print(f"[{child.name}] {message} (see {child.log})", file=sys.stderr, flush=True)
        if child.process is None or child.process.poll() is None:
            continue
        end = f"The {child.name} ended unexpectedly (status {child.process.returncode})"
        now = time.monotonic()
        child.restarts = [at for at in child.restarts if now - at < RESTARTS_FORGOTTEN_AFTER]
        if not child.restart or len(child.restarts) >= MOST_RESTARTS:
            raise DemoError(f"{end}. The end of {child.log}:\n{tail(child.log)}")
        child.restarts.append(now)
        print(f"{end}; starting it again (see {child.log})", file=sys.stderr, flush=True)
        child.start()


def reset() -> int:
    """Throw the demo's data away. Servers of DATABASE_URL and REDIS_URL are not ours to empty."""
    if not VAR_DIR.exists():
        print("There is nothing to throw away.")
        return 0
    try:
        with only_demo():
            places = Places(VAR_DIR)
            places.keep.unlink(missing_ok=True)
            stop(places)
            for name in ("postgres", "redis", "files", "mail", "static", "log"):
                if (VAR_DIR / name).exists():
                    shutil.rmtree(VAR_DIR / name)
            (VAR_DIR / "secret_key").unlink(missing_ok=True)
    except DemoError as problem:
        print(f"{problem}\nStop it first, with Ctrl-C in its terminal.", file=sys.stderr)
        return 1
    except PermissionError as problem:
        print(f"{problem}\nAnother user made these files: run `make reset` as that user.", file=sys.stderr)
        return 1
    print("The demo's data is gone; `make demo` makes it anew.")
    if os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL"):
        print("What lies on the servers of DATABASE_URL and REDIS_URL was not touched.")
    return 0


def say(text: str) -> None:
    print(f"· {text} …", flush=True)


if __name__ == "__main__":
    sys.exit({"run": run, "prepare": prepare, "reset": reset}[sys.argv[1]]())
