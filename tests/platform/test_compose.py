"""docker-compose.yml: no Docker is needed to know that it is well formed and complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
OURS = ["migrate", "web", "worker", "beat"]


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_follows_the_schema_of_the_compose_specification():
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_part_is_there(services):
    assert set(services) == {*OURS, "postgres", "redis", "caddy", "mailpit"}
    assert services["mailpit"]["profiles"] == ["dev"]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "postgres", "redis", "caddy", "mailpit"])
def test_every_service_has_a_health_check(services, name):
    assert services[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ["postgres", "redis", *OURS])
def test_only_the_proxy_is_reached_from_outside(services, name):
    assert "ports" not in services[name]


def test_what_somebody_waits_for_exists(services):
    volumes = yaml.safe_load(COMPOSE.read_text())["volumes"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in volumes or (ROOT / source).exists()


def test_the_example_explains_every_variable_that_is_read():
    sources = [COMPOSE, *(ROOT / "portal/settings").glob("*.py"), ROOT / "portal/gunicorn_conf.py"]
    text = "\n".join(source.read_text() for source in sources)
    read = set(re.findall(r"os\.environ(?:\.get)?[\[(]\"([A-Z_]+)\"", text))
    read |= set(re.findall(r"\$\{([A-Z_]+)", text)) | set(re.findall(r'names\("([A-Z_]+)"\)', text))
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    # Of the demo and the tests only; no server sets them.
    assert read - {"PORTAL_DEMO", "PORTAL_VAR_DIR", "TEST_DATABASE_NAME"} <= example
    assert example <= read | {"DJANGO_SETTINGS_MODULE"}


def test_the_image_does_not_run_as_root():
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    assert len(stages) >= 3
    assert "\nUSER portal\n" in stages[-1]
    assert "\nHEALTHCHECK " in stages[-1]
