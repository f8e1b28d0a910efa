"""portal.settings.production: refuses to start half configured, and is safe when it starts."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = [
    "SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
    "PORTAL_URL",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
]


@pytest.fixture
def environment(tmp_path, db):
    """A complete environment of a server, on the test's database."""
    from tests.conftest import server_environment

    ours = server_environment(tmp_path)
    kept = {name: ours[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL")}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "portal.settings.production",
        "SECRET_KEY": "7hD-wq0_Zk3Vn8sXr5Tb1Yc6Jm4Lp9Gf2AeUiOoQdWxHvBnMzK",
        "ALLOWED_HOSTS": "partners.example.com",
        "PORTAL_URL": "https://partners.example.com",
        "DEFAULT_FROM_EMAIL": "portal@example.com",
        "EMAIL_URL": "smtp://user:p%40ss@mail.example.com:587/?tls=1",
        "STATIC_ROOT": str(tmp_path / "static"),
        "MEDIA_ROOT": str(tmp_path / "files"),
    }


def manage(environment, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def start_gunicorn(environment, port):
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config=python:portal.gunicorn_conf", "portal.wsgi"],
        cwd=ROOT,
        env=environment | {"BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def ask(port, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
    try:
        return opener.open(request, timeout=10)
    except urllib.error.HTTPError as answer:
        return answer


def wait_for(port, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return ask(port, "/healthz", Host="partners.example.com")
        except (ConnectionError, urllib.error.URLError):
            time.sleep(0.2)
    pytest.fail(f"gunicorn did not answer: {process.stdout.read()}")


@pytest.mark.parametrize("name", REQUIRED)
def test_does_not_start_without(environment, name):
    del environment[name]
    refused = manage(environment, "check")
    assert refused.returncode != 0
    assert f"{name} is not set" in refused.stderr


def test_names_everything_that_is_missing_at_once(environment):
    refused = manage(
        {"PATH": environment["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings.production"}, "check"
    )
    assert all(f"{name} is not set" in refused.stderr for name in REQUIRED)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY must be at least 50 random characters"),
        ("SECRET_KEY", "a" * 60, "SECRET_KEY must be at least 50 random characters"),
        ("PORTAL_URL", "http://partners.example.com", "PORTAL_URL must start with https://"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name the hosts"),
        ("PORTAL_DEMO", "1", "PORTAL_DEMO must not be set"),
    ],
)
def test_does_not_start_with_an_unsafe(environment, name, value, complaint):
    refused = manage(environment | {name: value}, "check")
    assert refused.returncode != 0
    assert complaint in refused.stderr


def test_gunicorn_refuses_too(environment):
    del environment["SECRET_KEY"]
    process = start_gunicorn(environment, free_port())
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "SECRET_KEY is not set" in output


def test_the_deployment_check_finds_nothing(environment):
    checked = manage(environment, "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_mail_server_from_its_address(environment):
    shown = manage(
        environment,
        "shell",
        "--no-imports",
        "-c",
        "from django.conf import settings as s;"
        "print(s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER, s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_TLS)",
    )
    assert shown.stdout.split() == ["mail.example.com", "587", "user", "p@ss", "True"], shown.stderr


@pytest.mark.servers
def test_serves_behind_a_proxy(environment):
    collected = manage(environment, "collectstatic", "--no-input")
    assert collected.returncode == 0, collected.stderr
    port = free_port()
    process = start_gunicorn(environment, port)
    try:
        assert wait_for(port, process).status == 200

        to_tls = ask(port, "/accounts/login/", Host="partners.example.com")
        assert (to_tls.status, to_tls.headers["Location"]) == (
            301,
            "https://partners.example.com/accounts/login/",
        )

        through_proxy = {
            "Host": "partners.example.com",
            "X-Forwarded-Proto": "https",
            "X-Real-IP": "192.0.2.7",
        }
        page = ask(port, "/accounts/login/", **through_proxy, **{"X-Request-ID": "abc-12345"})
        assert page.status == 200
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "camera=()" in page.headers["Permissions-Policy"]
        assert page.headers["X-Request-ID"] == "abc-12345"
        cookies = page.headers.get_all("Set-Cookie")
        assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
        # The markup names files by their content, so that they may be kept for ever.
        assert b"/static/" in page.read()

        assert ask(port, "/accounts/login/", **through_proxy | {"Host": "evil.example"}).status == 400
        odd = ask(port, "/accounts/login/", **through_proxy, **{"X-Request-ID": "<script>"})
        assert odd.headers["X-Request-ID"].isalnum()

        ready = ask(port, "/readyz", Host="partners.example.com")
        assert set(json.loads(ready.read())) == {"ready", "database", "migrations", "redis", "worker", "beat"}

        probe = subprocess.run(
            [sys.executable, "-m", "portal.probe", "web"],
            cwd=ROOT,
            env=environment | {"BIND": f"0.0.0.0:{port}"},
            check=False,
        )
        assert probe.returncode == 0
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=30)
    lines = [json.loads(line) for line in output.splitlines()]
    access = [line for line in lines if line["logger"] == "gunicorn.access"]
    assert {"abc-12345"} <= {line["request_id"] for line in access}
    assert all(line.keys() >= {"time", "level", "message", "status", "milliseconds"} for line in access)
    assert process.returncode == 0


def test_nothing_of_the_environment_reaches_a_bad_request(environment, client):
    answer = client.get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert os.environ["PATH"] not in answer.content.decode()
