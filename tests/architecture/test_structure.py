"""What reviewers would repeat: who imports whom, what stands in which room."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import ForeignKey, ManyToManyField

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("portal", "partners", "dealreg")
SOURCES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def all_of(name: str):
    """Every such room, also one that has become a folder."""
    rooms = [path for path in SOURCES if f"{name}.py" == path.name or path.parent.name == name]
    return pytest.mark.parametrize("path", rooms, ids=named)


def layers_of(contract: str) -> list[set[str]]:
    """The contract's layers, highest first; every layer as the set of its modules."""
    return [
        {module.strip(" ()") for module in re.split(r"[|:]", layer)}
        for layer in CONTRACTS[contract]["layers"]
    ]


def our_apps() -> list[str]:
    return [config.name for config in apps.get_app_configs() if config.name.split(".")[0] in PACKAGES]


# --- direction -------------------------------------------------------------------------------------


def test_the_import_contracts_are_kept():
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_app_stands_in_the_contracts():
    rooms = CONTRACTS["The order of the rooms inside an app"]["containers"]
    assert sorted(rooms) == sorted(our_apps())
    for package in ("partners", "dealreg"):
        listed = set().union(*layers_of(f"The order of the apps inside {package}"))
        assert {name.split(".")[1] for name in our_apps() if name.startswith(f"{package}.")} <= listed


def position(app: str) -> tuple[int, int]:
    """Where an app stands, lowest first; what import-linter knows, for foreign keys named by a string."""
    house = layers_of("dealreg imports partners, partners imports the platform, nothing imports upwards")
    package, name = app.split(".")[:2]
    module = app if package == "portal" else package
    level = next(len(house) - i for i, layer in enumerate(house) if module in layer)
    if package == "portal":
        return level, 0
    inside = layers_of(f"The order of the apps inside {package}")
    return level, next(len(inside) - i for i, layer in enumerate(inside) if name in layer)


def test_no_foreign_key_points_upwards():
    """import-linter does not see `ForeignKey("deals.Deal")`."""
    upwards = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_config.name not in our_apps():
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey | ManyToManyField):
                continue
            target = field.related_model._meta.app_config.name
            if target in our_apps() and position(target) > position(model._meta.app_config.name):
                upwards.append(f"{model.__name__}.{field.name} -> {target}")
    assert upwards == []


# --- rooms -----------------------------------------------------------------------------------------


def test_no_file_without_a_subject():
    nameless = {
        "utils.py",
        "util.py",
        "helpers.py",
        "misc.py",
        "common.py",
        "managers.py",
        "services.py",
        "signals.py",
    }
    assert [named(path) for path in SOURCES if path.name in nameless] == []


def test_no_receiver_of_model_signals():
    listening = re.compile(r"\b(pre|post)_(save|delete|init)\b|\bm2m_changed\b")
    assert [named(path) for path in SOURCES if listening.search(path.read_text())] == []


@all_of("rules")
def test_rules_are_pure(path):
    """No Django, no clock, no queries: a rule is a sentence that can be tested without a database."""
    impure = {"django", "celery", "redis", "time", "random"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & impure
        elif isinstance(node, ast.ImportFrom):
            # Texts to translate are the one thing of Django's that a rule may speak with.
            assert node.module.split(".")[0] not in impure or node.module == "django.utils.translation"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"now", "today", "utcnow"}, f"the clock, in line {node.lineno}"
            assert node.func.attr != "objects"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name in ("views.py", "api.py")], ids=named)
def test_views_fetch_what_may_be_seen_and_call_an_action(path):
    offences = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            verb = node.func.attr
            written = ast.unparse(node.func)
            if verb in {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}:
                offences.append(f"line {node.lineno}: {written}()")
            if (
                isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == "objects"
                and verb not in SCOPED
                and "request.user" not in ast.unparse(node)
            ):
                offences.append(f"line {node.lineno}: {written}() is not scoped")
    assert offences == []


# The words of our querysets that say whose rows, or that the rows belong to nobody.
SCOPED = {
    "visible_to",
    "coming_after",
    "of_person",
    "for_user",
    "published",
    "none",
    "on_sale",
    "in_force_on",
    "manageable_by",
}


@all_of("tasks")
def test_tasks_swallow_nothing(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None and ast.unparse(node.type) not in {"Exception", "BaseException"}


@all_of("actions")
def test_actions_know_no_request_and_are_named_by_a_verb(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            assert node.arg not in {"request", "form", "commit"}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            assert not re.match(r"(process|handle|do|manage)_|(process|handle)$", node.name), node.name


# --- templates -------------------------------------------------------------------------------------

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Mails carry their style inline, because mail programs read nothing else.
PAGES = [path for path in TEMPLATES if "emails" not in path.parts and "email" not in path.parts]


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_inline_style_or_script(path):
    """The content security policy would refuse it in the browser."""
    text = re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"<[^>]*\sstyle\s*=", text), "style attribute"
    assert not re.search(r"<style\b", text), "style element"
    assert not re.search(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)", text), "inline script"
    assert not re.search(r"<[^>{]*\son[a-z]+\s*=\s*[\"']", text), "inline event handler"
    assert not re.search(r"hx-on|javascript:", text), "script in an attribute"


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_nothing_comes_from_another_host(path):
    assert not re.search(r"src=[\"'](https?:)?//|<link[^>]*href=[\"'](https?:)?//", path.read_text())


# --- repository ------------------------------------------------------------------------------------

LOCKS = [*sorted(ROOT.glob("requirements*.lock")), ROOT / "package-lock.json"]


@pytest.mark.parametrize("path", LOCKS, ids=named)
def test_lock_files_name_no_registry(path):
    text = path.read_text()
    assert not re.search(r"--(extra-)?index-url|--find-links|\"resolved\"", text)
    addresses = [one for one in re.findall(r"https?://[^\s\"']+", text) if "/sponsors/" not in one]
    assert [one for one in addresses if not FUNDING.search(one)] == []


FUNDING = re.compile(r"opencollective\.com|github\.com/sponsors|patreon\.com|tidelift\.com|ko-fi\.com")


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.lock")), ids=named)
def test_every_locked_package_has_a_hash(path):
    blocks = re.split(r"\n(?=\S)", path.read_text())
    packages = [block for block in blocks if re.match(r"[a-z0-9]", block)]
    assert packages
    assert [block.splitlines()[0] for block in packages if "--hash=sha256:" not in block] == []


def test_top_level_is_the_house_and_nothing_else():
    known = {
        "bench", "dealreg", "deploy", "locale", "partners", "portal", "static", "templates", "tests",
    }  # fmt: skip
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    folders = {name.split("/")[0] for name in listed if "/" in name and not name.startswith(".")}
    assert folders <= known


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
