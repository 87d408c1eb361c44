"""Settings: strict parsing, options of each database, and deployment checks."""

import ast
import io
import os
import re
import runpy
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.utils import ConnectionHandler
from django.test import Client, override_settings

from cspa import env
from cspa import settings as module

ROOT = Path(settings.BASE_DIR)
GOOD_KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJ"


PRODUCTION = {"SECRET_KEY": GOOD_KEY, "EMAIL_URL": "smtps://mail.example.org"}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run manage.py with only these variables of the project, without those of the test run."""
    others = {name: value for name, value in os.environ.items() if name not in documented()}
    inherited = {name: value for name, value in others.items() if not name.startswith("DJANGO_")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read_settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    """The settings of a process that starts with only these variables of the project."""
    for name in documented():
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return {name: value for name, value in runpy.run_path(module.__file__).items() if name.isupper()}


def check(monkeypatch: pytest.MonkeyPatch, deploy: bool = False, **environment: str) -> None:
    """Run `check` with the settings of these variables. Raises SystemCheckError on a warning."""
    values = read_settings(monkeypatch, **environment)
    changed = {name: value for name, value in values.items() if getattr(settings, name) != value}
    changed.pop("DATABASES", None)
    with override_settings(**changed):
        call_command("check", deploy=deploy, fail_level="WARNING", stdout=io.StringIO(), stderr=io.StringIO())


def documented() -> list[str]:
    return re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_env_example_documents_exactly_the_variables_that_are_read():
    calls = [node for node in ast.walk(ast.parse(Path(module.__file__).read_text())) if isinstance(node, ast.Call)]
    read = [
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id.startswith("env_")
    ]
    assert "SECRET_KEY" in read
    assert sorted(documented()) == sorted(read)


@pytest.mark.django_db
def test_env_example_with_a_key_is_valid(monkeypatch):
    lines = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    check(monkeypatch, **{**dict(lines), "SECRET_KEY": GOOD_KEY})


@pytest.mark.parametrize(
    ("reader", "arguments", "value", "allowed"),
    [
        (env.env_bool, (False,), "yes", "1, 0, true or false"),
        (env.env_bool, (True,), "2", "1, 0, true or false"),
        *(
            (env.env_count, (10,), value, "from 1 to 9999")
            for value in ("0", "-1", "ten", "1.5", "1_0", "١٠", "10000")
        ),
        (env.env_email, ("",), "The Secretariat <a@example.org>", "e-mail address alone"),
        (env.env_timezone, ("Europe/Moscow",), "Moscow", "Europe/Moscow"),
        (env.env_timezone, ("Europe/Moscow",), "../etc/passwd", "Europe/Moscow"),
        (env.env_database, ("",), "mysql://host/name", "postgres://"),
        (env.env_database, ("",), "postgres://host:port/name", "not an address"),
        (env.env_replicas, (), "sqlite:///file.db", "postgres://"),
        (env.env_replicas, (), "postgres://one/name, postgres://two:port/name", "not an address"),
        (env.env_cache, ("locmem://",), "memcached://host", "redis://"),
        *(
            (env.env_storage, (), value, "s3://")
            for value in (
                "https://key:secret@host/bucket",
                "s3://host/bucket",
                "s3://key@host/bucket",
                "s3://key:secret@host",
                "s3://key:secret@host/bucket/folder",
                "s3://key:secret@host/bucket?regio=eu",
            )
        ),
        (env.env_mailer, ("console://",), "mail.example.org", "smtps://"),
        *((env.env_count, (60, 3650), value, "from 1 to 3650") for value in ("0", "-1", "3651", "1.5", "٣", "many")),
        (env.env_fraction, ("2/3",), "66%", "2/3"),
        (env.env_fraction, ("2/3",), "0/3", "2/3"),
        (env.env_fraction, ("2/3",), "4/3", "2/3"),
        (env.env_fraction, ("2/3",), "1/0", "2/3"),
        (env.env_site_url, (), "example.org", "https://"),
        (env.env_site_url, (), "https://example.org/site", "scheme and host alone"),
    ],
)
def test_invalid_value_is_an_error_with_variable_and_allowed_values(reader, arguments, value, allowed, monkeypatch):
    monkeypatch.setenv("SOME_NAME", value)
    with pytest.raises(ImproperlyConfigured, match=f"^SOME_NAME .*{re.escape(allowed)}"):
        reader("SOME_NAME", *arguments)


@pytest.mark.parametrize(
    ("value", "meaning"), [("1", True), ("TRUE", True), ("0", False), ("False", False), (" ", None), ("", None)]
)
def test_boolean_is_one_of_four_words_and_an_empty_one_is_unset(value, meaning, monkeypatch):
    monkeypatch.setenv("SOME_NAME", value)
    if meaning is None:
        assert env.env_bool("SOME_NAME", True) is True
        assert env.env_bool("SOME_NAME", False) is False
    else:
        assert env.env_bool("SOME_NAME", not meaning) is meaning


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("DEBUG", "on"),
        ("CSRF_TRUSTED_ORIGINS", "example.org"),
        ("DATABASE_URL", "oracle://host/name"),
        # A SQLite file has no replicas.
        ("DATABASE_REPLICA_URLS", "postgres://host/name"),
        ("CACHE_URL", "file://pages"),
        ("CACHE_URL", "file:///"),
        ("CACHE_URL", "memcached://host"),
        ("MEDIA_BUCKET_URL", "s3://host/bucket"),
        ("EMAIL_URL", "sendmail://"),
        ("SITE_URL", "example.org"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("QUORUM", "0.5"),
        ("SECURE_SSL_REDIRECT", "maybe"),
        ("BEHIND_PROXY", "nginx"),
        ("BEHIND_PROXY", "-1"),
        ("BEHIND_PROXY", "10"),
        ("SIGN_IN_ADDRESS_ATTEMPTS", "0"),
        ("HSTS_INCLUDE_SUBDOMAINS", "yes"),
        # The list of browsers accepts no host without its subdomains.
        ("HSTS_PRELOAD", "1"),
        ("SIGN_IN_ATTEMPTS", "0"),
        ("SESSION_HOURS", "a day"),
        ("DESK_ENDING_DAYS", "two months"),
    ],
)
def test_invalid_variable_stops_the_start_with_one_sentence(name, value, monkeypatch):
    with pytest.raises(ImproperlyConfigured, match=f"^{name} must "):
        read_settings(monkeypatch, **{"SECRET_KEY": GOOD_KEY, name: value})


def test_command_without_a_key_ends_with_one_sentence():
    done = manage("migrate", SECRET_KEY="")
    assert done.returncode != 0
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("SECRET_KEY must be set (any long random text), unless DEBUG is 1.")
    )


@pytest.mark.django_db
def test_key_is_required_unless_debug_is_set(monkeypatch):
    check(monkeypatch, DEBUG="1")
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY must be set"):
        read_settings(monkeypatch, DEBUG="0")


@pytest.mark.django_db
def test_deployment_check_finds_nothing_in_production_settings(monkeypatch):
    check(monkeypatch, deploy=True, **PRODUCTION)


@pytest.mark.parametrize(
    ("value", "proxies"), [("", 0), ("0", 0), ("1", 1), ("False", 0), ("true", 1), ("2", 2), ("9", 9)]
)
def test_proxies_are_a_number_and_none_is_trusted_by_default(monkeypatch, value, proxies):
    read = read_settings(monkeypatch, SECRET_KEY=GOOD_KEY, BEHIND_PROXY=value)
    assert read["BEHIND_PROXY"] == proxies
    assert ("SECURE_PROXY_SSL_HEADER" in read) == (proxies > 0)


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({}, "max-age=31536000"),
        ({"HSTS_INCLUDE_SUBDOMAINS": "1"}, "max-age=31536000; includeSubDomains"),
        ({"HSTS_INCLUDE_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"}, "max-age=31536000; includeSubDomains; preload"),
    ],
)
def test_hsts_binds_subdomains_only_on_request(monkeypatch, settings, environment, header):
    for name, value in read_settings(monkeypatch, SECRET_KEY=GOOD_KEY, **environment).items():
        if name.startswith("SECURE_HSTS"):
            setattr(settings, name, value)
    assert Client().get("/robots.txt", secure=True)["Strict-Transport-Security"] == header


@pytest.mark.django_db
def test_deployment_check_finds_a_missing_redirect(monkeypatch):
    with pytest.raises(SystemCheckError, match=r"security\.W008"):
        check(monkeypatch, deploy=True, **PRODUCTION, SECURE_SSL_REDIRECT="0")


@pytest.mark.django_db
def test_migrations_cover_all_models():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.django_db
def test_sqlite_file_is_opened_with_wal_and_foreign_keys(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_NAME", f"sqlite:///{tmp_path}/file.db")
    database = ConnectionHandler({"default": env.env_database("SOME_NAME", "")})["default"]
    with closing(database), database.cursor() as cursor:
        pragmas = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys", "synchronous")
        ]
    assert pragmas == ["wal", 1, 1]


def test_sqlite_waits_for_other_writers(monkeypatch):
    monkeypatch.setenv("SOME_NAME", "sqlite:////tmp/file.db")
    options = env.env_database("SOME_NAME", "")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] >= 10


def test_postgresql_gets_a_pool_that_checks_its_connections(monkeypatch):
    monkeypatch.setenv("SOME_NAME", "postgres://user:p%40ss@db.example:5433/name?sslmode=require")
    database = env.env_database("SOME_NAME", "")
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"]) == ("user", "p@ss")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "name")
    assert database["CONN_HEALTH_CHECKS"] is True
    assert database["OPTIONS"]["pool"]["max_size"] > 1
    assert database["OPTIONS"]["pool"]["reconnect_timeout"] < 1
    assert database["OPTIONS"]["sslmode"] == "require"
    # Django refuses persistent connections with a pool.
    assert not database.get("CONN_MAX_AGE")


def test_replicas_have_the_options_of_the_primary_and_a_shorter_timeout(monkeypatch):
    monkeypatch.setenv("SOME_NAME", "postgres://user:p%2Css@one/name, postgres://two:5433/name")
    one, two = (replicas := env.env_replicas("SOME_NAME")).values()
    assert list(replicas) == ["replica1", "replica2"]
    assert (one["HOST"], one["PASSWORD"], two["HOST"], two["PORT"]) == ("one", "p,ss", "two", 5433)
    for replica in (one, two):
        assert replica["CONN_HEALTH_CHECKS"] is True
        assert replica["OPTIONS"]["pool"]["timeout"] == 1
    monkeypatch.setenv("SOME_NAME", "")
    assert env.env_replicas("SOME_NAME") == {}


def test_shared_cache_that_does_not_respond_times_out(monkeypatch, settings):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("SOME_NAME", f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        cache = env.env_cache("SOME_NAME", "")
        # The timeouts are in seconds.
        assert (cache["OPTIONS"]["socket_connect_timeout"], cache["OPTIONS"]["socket_timeout"]) == (1, 1)
        cache["OPTIONS"]["socket_timeout"] = 0.01
        settings.CACHES = {"default": cache}
        with pytest.raises(Exception, match=r"(?i)timeout"):
            caches["default"].get("x")
        # The client does not try again.
        mute.accept()[0].close()
        mute.setblocking(False)
        with pytest.raises(BlockingIOError):
            mute.accept()


def test_bucket_url_is_parsed_into_host_name_and_keys(monkeypatch):
    monkeypatch.setenv("SOME_NAME", "s3://k%2Fy:s%40t@files.example:9000/uploads/?region=eu-1")
    assert env.env_storage("SOME_NAME")["OPTIONS"] == {
        "endpoint_url": "https://files.example:9000",
        "access_key": "k/y",
        "secret_key": "s@t",
        "bucket_name": "uploads",
        "region_name": "eu-1",
    }


@pytest.mark.django_db
def test_database_in_use_is_that_of_database_url():
    expected = "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    assert connection.vendor == expected


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("smtp://mail.example:25", {"host": "mail.example", "port": 25, "use_ssl": False, "use_tls": False}),
        (
            "smtp+tls://me%40x:p%3A@mail.example",
            {"host": "mail.example", "port": 587, "username": "me@x", "password": "p:"}
            | {"use_ssl": False, "use_tls": True},
        ),
        ("smtps://mail.example", {"host": "mail.example", "port": 465, "use_ssl": True, "use_tls": False}),
    ],
)
def test_mail_url_is_parsed_into_host_account_and_encryption(value, options, monkeypatch):
    monkeypatch.setenv("SOME_NAME", value)
    assert env.env_mailer("SOME_NAME", "console://")["OPTIONS"] == options
