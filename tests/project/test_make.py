"""Targets of the Makefile and the commands behind them: installation, start of the site, test databases."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from urllib.request import urlopen

import polib
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.translation import gettext

from cspa.models import User
from delegations.models import Parliament
from news.models import Article

from ..support.factories import ParliamentFactory, UserFactory
from ..support.ports import reserved_port
from ..support.waiting import until

ROOT = Path(settings.BASE_DIR)
MAKEFILE = (ROOT / "Makefile").read_text()


# The Makefile and the pins


def test_help_lists_all_targets():
    targets = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == targets
    assert len(targets) >= 8


def test_install_with_an_old_python_fails_with_a_message(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "sed", "ls", "sort", "find", "env", "mkdir"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    old = tmp_path / "bin" / "python3"
    # A Python older than 3.12 fails the version check.
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    environment = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [shutil.which("make"), "install"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "No Python 3.12 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "client.txt"])
def test_requirements_are_pinned_with_hashes_and_without_a_host(name):
    text = (ROOT / "requirements" / name).read_text()
    requirements = re.findall(r"^(?!\s|#).+(?:\n    --hash.+)*", text, re.MULTILINE)
    assert len(requirements) > 10
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement
    assert "://" not in text


def test_dependencies_of_pyproject_are_pinned():
    project = (ROOT / "pyproject.toml").read_text()
    named = re.findall(r'^    "([a-z0-9-]+)(?:\[[a-z,]+\])?~=', project, re.MULTILINE)
    pinned = "".join((ROOT / "requirements" / name).read_text() for name in ("run.txt", "dev.txt", "client.txt"))
    assert len(named) > 20
    assert [name for name in named if not re.search(rf"^{name}==", pinned, re.MULTILINE)] == []


# manage.py bootstrap


def bootstrap(capsys) -> str:
    call_command("bootstrap", no_color=True)
    return capsys.readouterr().out


@pytest.mark.both_databases("cspa.management.commands.bootstrap")
@pytest.mark.django_db
def test_bootstrap_fills_an_empty_database_and_prints_the_password_once(capsys):
    printed = bootstrap(capsys)
    assert Parliament.objects.exists()
    assert Article.objects.exists()
    assert f"parliaments {Parliament.objects.count()}, articles {Article.objects.count()}." in printed
    password = re.search(r"name admin, password (\S+)", printed)[1]
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password(password)

    before = (Parliament.objects.count(), Article.objects.count(), User.objects.get().password)
    assert bootstrap(capsys) == ""
    assert (Parliament.objects.count(), Article.objects.count(), User.objects.get().password) == before


@pytest.mark.django_db
def test_bootstrap_changes_nothing_in_a_database_with_data(capsys):
    ParliamentFactory()
    UserFactory(username="chief", is_superuser=True)
    assert bootstrap(capsys) == ""
    assert Parliament.objects.count() == 1
    assert Article.objects.count() == 0
    assert list(User.objects.values_list("username", flat=True)) == ["chief"]


@pytest.mark.django_db
def test_bootstrap_gives_the_first_administrator_the_name_of_the_settings(settings, capsys):
    settings.ADMINISTRATOR_NAME = "v.petrov"
    assert re.search(r"name v\.petrov, password \S+", bootstrap(capsys))
    assert list(User.objects.values_list("username", "is_superuser")) == [("v.petrov", True)]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["v petrov", "x" * 151, "<b>"])
def test_bootstrap_refuses_a_name_that_no_account_can_have(settings, name):
    settings.ADMINISTRATOR_NAME = name
    with pytest.raises(CommandError, match="ADMINISTRATOR_NAME cannot be"):
        call_command("bootstrap")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_bootstrap_aborts_when_the_account_admin_exists(capsys):
    UserFactory(username="admin")
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("bootstrap")
    assert not User.objects.filter(is_superuser=True).exists()
    assert not Parliament.objects.exists()


@pytest.mark.both_databases("cspa.management.commands.bootstrap")
@pytest.mark.django_db(transaction=True)
def test_bootstrap_releases_its_lock():
    call_command("bootstrap", verbosity=0)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            here = "SELECT oid FROM pg_database WHERE datname = current_database()"
            cursor.execute(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = ({here})")
            assert cursor.fetchone() == (0,)
    call_command("bootstrap", verbosity=0)


# manage.py compile_translations


@pytest.fixture
def catalogue(tmp_path, settings) -> Path:
    settings.LOCALE_PATHS = [tmp_path]
    source = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Seat"\nmsgstr "Место"\n'
    )
    return source


def test_compile_translations_compiles_new_and_changed_catalogues(catalogue, capsys):
    compiled = catalogue.with_suffix(".mo")
    call_command("compile_translations")
    assert [(entry.msgid, entry.msgstr) for entry in polib.mofile(str(compiled))] == [("Seat", "Место")]
    assert capsys.readouterr().out == "Compiled the translations: ru\n"

    call_command("compile_translations")
    assert capsys.readouterr().out == ""

    catalogue.write_text(catalogue.read_text().replace("Место", "Кресло"))
    later = compiled.stat().st_mtime + 1
    os.utime(catalogue, (later, later))
    call_command("compile_translations")
    assert polib.mofile(str(compiled))[0].msgstr == "Кресло"
    assert sorted(path.name for path in catalogue.parent.iterdir()) == ["django.mo", "django.po"]


def test_compile_translations_fails_with_the_name_of_a_broken_catalogue(catalogue):
    catalogue.write_text('msgid "Seat"\nno word of the format\n')
    with pytest.raises(CommandError, match=re.escape(str(catalogue))):
        call_command("compile_translations")
    assert not catalogue.with_suffix(".mo").exists()


# tests/with-postgres


@pytest.fixture
def with_postgres(tmp_path):
    """A function that starts tests/with-postgres. Skips the test if PostgreSQL is not installed."""
    done = subprocess.run([ROOT / "tests" / "with-postgres", "true"], capture_output=True, text=True, check=False)
    if "not installed" in done.stderr:
        pytest.skip("PostgreSQL's server is not installed")

    def run(*command: str) -> subprocess.Popen:
        return subprocess.Popen(
            [ROOT / "tests" / "with-postgres", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    return run


def folder_in(address: str) -> Path:
    return Path(re.match(r"postgres://cspa@(.*)/cspa$", address)[1].replace("%2F", "/"))


@pytest.mark.long
def test_with_postgres_returns_the_exit_code_and_removes_the_cluster(with_postgres):
    process = with_postgres("sh", "-c", 'echo "$DATABASE_URL"; exit 7')
    output, _ = process.communicate()
    assert process.returncode == 7
    assert not folder_in(output.strip()).exists()


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_with_postgres_removes_the_cluster_when_it_is_killed(with_postgres, how):
    # cat ends with its input.
    with with_postgres("sh", "-c", 'echo "$DATABASE_URL"; exec cat') as process:
        folder = folder_in(process.stdout.readline().strip())
        assert folder.exists()
        process.send_signal(how)
        process.wait()
        until(lambda: not folder.exists())


# make run


@pytest.mark.audit
def test_make_run_starts_a_fresh_copy_stops_with_ctrl_c_and_starts_again(tmp_path):
    copy = tmp_path / "copy"
    left_out = shutil.ignore_patterns(".venv", "var", ".git", "__pycache__", "*.mo", ".*_cache")
    shutil.copytree(ROOT, copy, ignore=left_out)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    # A slow machine needs longer to stop a worker.
    patient, replaced = re.subn("--workers-kill-timeout [0-9]+", "--workers-kill-timeout 60", MAKEFILE)
    assert replaced == 1
    (copy / "Makefile").write_text(patient)
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}

    def run(port: int) -> str:
        """The output of one start and stop."""
        log = tmp_path / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["make", "run", f"PORT={port}"],
                cwd=copy,
                # ``make run`` must override DEBUG.
                env={**inherited, "DEBUG": "1"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            # The first start also prepares the checkout.
            until(lambda: answers(port) or process.poll() is not None, 600)
            assert process.poll() is None, log.read_text()
            with urlopen(f"http://127.0.0.1:{port}/ru/") as page:
                assert page.status == 200
                # Not redirected to https.
                assert page.url.startswith("http://")
                styles = re.findall(r'href="(/static/[^"]+\.css)"', page.read().decode())
            assert styles
            assert all(re.search(r"\.[0-9a-f]{12}\.css$", style) for style in styles)
            with urlopen(f"http://127.0.0.1:{port}{styles[0]}") as style:
                assert style.status == 200
        finally:
            # The process may have ended with an error, which is in its log.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.wait()
        until(lambda: not answers(port))
        return log.read_text()

    with reserved_port() as port:
        first, second = run(port), run(port)
    assert f"http://127.0.0.1:{port}/" in first
    assert len(re.findall(r"password \S+", first)) >= 1
    assert "password" not in second
    assert "Collecting" not in second
    for log in (first, second):
        assert "Traceback" not in log
        assert "refused to gracefully stop" not in log
    assert (copy / "var" / "secret_key").stat().st_mode & 0o077 == 0


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_compiled_catalogues_are_used():
    from django.utils.translation import override

    with override("ru"):
        assert gettext("Delegations") == "Делегации"


# make bench


def test_bench_names_a_missed_target(monkeypatch):
    bench = run_path(str(ROOT / "benchmarks" / "compare"))
    cpu_ms = {"bare Django view": [0.5, 0.4], "cached: home": [0.2, 0.1], "304: home": [0.2, 0.16]}

    def measure(target):
        target.cpu_ms[:], target.requests_per_second[:] = cpu_ms[target.name], [1000, 2000]

    monkeypatch.setattr(bench["Target"], "measure", measure)
    site = SimpleNamespace(get=lambda path: (200, '"etag"'))
    table, missed = bench["throughput"](SimpleNamespace(), site, {"home": "/en/"})
    assert table[-2] == "| cached: home | 2,000 | 0.100 | up to 0.200 | 4.0 | ≥ 3 |"
    assert missed == ["304: home: 2.50 times a bare view, wanted ≥ 3"]
