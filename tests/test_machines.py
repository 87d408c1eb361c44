"""Real servers: several processes, two machines that share a database, and a database that is stopped and started."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError

from cspa.cache.keys import build_id
from cspa.env import env_cache

from .support import factories
from .support.ports import reserved_port
from .support.waiting import until
from .test_page_cache import LIST, Reader

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
OLD, NEW = "Kyrgyz Republic", "Kyrgyzstan of the test"
PAGE = "/en/delegations/kyrgyzstan/"


class Machine:
    """A server as in production, with a change marker of its own."""

    def __init__(self, folder: Path, database: str, workers: int = 2):
        folder.mkdir()
        self.port = 0
        self.pages = folder / "pages"
        self.environment = {
            **os.environ,
            "DATABASE_URL": database,
            "CHANGE_MARKER_FILE": str(folder / "change-marker"),
            "SECRET_KEY": "of this test",
            "DEBUG": "0",
            "SECURE_SSL_REDIRECT": "0",
            "CACHE_URL": f"file:///{self.pages}",
        }
        self.log = folder / "log"
        self.command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--workers", str(workers), "--blocking-threads", "1", "--workers-kill-timeout", "3"),
            *("--log-level", "warning", "cspa.wsgi:application"),
        ]

    @contextmanager
    def serving(self) -> Iterator["Machine"]:
        with reserved_port() as self.port:
            with self.log.open("w") as log:
                server = subprocess.Popen(
                    [*self.command, "--port", str(self.port)],
                    cwd=settings.BASE_DIR,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            try:
                until(lambda: self.answers() or server.poll() is not None)
                assert server.poll() is None, self.log.read_text()
                yield self
            finally:
                server.send_signal(signal.SIGTERM)
                try:
                    server.wait(60)
                except subprocess.TimeoutExpired:
                    os.killpg(server.pid, signal.SIGKILL)
                    server.wait()

    def answers(self) -> bool:
        try:
            return self.get("/robots.txt")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (in small letters) and text; over a new connection, so that any process may answer.

        The Host header names no port: a server that starts again on another port still has its pages.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": "127.0.0.1"})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read().decode()
        finally:
            connection.close()

    def shows(self, text: str) -> list[bool]:
        """Whether the page holds ``text``, asked so often that every process has answered."""
        return [text in self.get(PAGE)[2] for _attempt in range(20)]

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            check=True,
            capture_output=True,
        )

    def rename(self, name: str) -> None:
        """As a clerk would in a shell of this machine."""
        self.manage(
            "shell",
            "-c",
            "from delegations.models import Parliament\n"
            f"row = Parliament.objects.get(slug='kyrgyzstan'); row.name_en = row.short_name_en = {name!r}; row.save()",
        )


class Cluster:
    """PostgreSQL that can be stopped and started."""

    def __init__(self, folder: Path):
        loader = SourceFileLoader("with_postgres", str(HERE / "with-postgres"))
        program = module_from_spec(spec_from_loader(loader.name, loader))
        loader.exec_module(program)
        self.program, self.folder, self.options = program, folder, program.account()
        self.binaries = program.find_binaries()
        if self.options:
            os.chown(folder, self.options["user"], self.options["group"])
        self.options["cwd"] = folder
        self.url = f"postgres://cspa@{quote(str(folder), safe='')}/postgres"
        arguments = ["-D", "data", "-U", "cspa", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        subprocess.run([self.binaries / "initdb", *arguments], **self.options, check=True, capture_output=True)
        self.server: subprocess.Popen | None = None

    def start(self) -> None:
        settings_ = [argument for setting in self.program.UNSAFE_AND_FAST for argument in ("-c", setting)]
        with (self.folder / "log").open("a") as log:
            self.server = subprocess.Popen(
                [self.binaries / "postgres", "-D", "data", "-h", "", "-k", self.folder, *settings_],
                **self.options,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        assert self.program.started(self.server, self.folder)

    def stop(self) -> None:
        self.program.stop(self.server)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="cspa", dbname="postgres", autocommit=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if not os.environ.get("DATABASE_URL"):
        pytest.skip("runs beside the tests of PostgreSQL")
    folder = Path(subprocess.check_output(["mktemp", "-d", "--suffix=-pg"], text=True).strip())
    cluster = Cluster(folder)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def database(cluster: Cluster, tmp_path: Path) -> str:
    """A filled one."""
    with cluster.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    fill(Machine(tmp_path / "filling", cluster.url))
    return cluster.url


def fill(machine: Machine) -> None:
    machine.manage("migrate", "--verbosity=0")
    machine.manage("loaddata", "seed", "--verbosity=0")
    machine.rename(OLD)


def write(cluster: Cluster, name: str) -> None:
    with cluster.connect() as connection:
        connection.execute("UPDATE delegations_parliament SET name_en = %s WHERE slug = 'kyrgyzstan'", [name])


def test_processes_of_one_machine_see_an_edit_at_once(tmp_path: Path):
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}")
    fill(machine)
    with machine.serving():
        assert all(machine.shows(OLD))
        for name in (NEW, OLD, NEW):
            machine.rename(name)
            assert all(machine.shows(name))


def test_machines_hear_of_an_edit(cluster: Cluster, database: str, tmp_path: Path):
    with ExitStack() as stack:
        machines = [stack.enter_context(Machine(tmp_path / name, database).serving()) for name in ("one", "two")]
        for machine in machines:
            assert all(machine.shows(OLD))
        machines[0].rename(NEW)  # the machine that writes waits for nothing
        assert all(machines[0].shows(NEW))
        for name in (OLD, NEW, OLD):
            write(cluster, name)  # on neither of them
            until(lambda name=name: all(all(machine.shows(name)) for machine in machines))


def test_edit_after_a_lost_connection_of_the_listener_is_shown(cluster: Cluster, database: str, tmp_path: Path):
    listener = "FROM pg_stat_activity WHERE query LIKE 'NOTIFY%'"
    still_there = "SELECT pid FROM pg_stat_activity WHERE pid = %s"
    with Machine(tmp_path / "one", database, workers=1).serving() as machine, cluster.connect() as connection:
        assert all(machine.shows(OLD))
        for name in (NEW, OLD, NEW):
            until(lambda: connection.execute(f"SELECT pid {listener}").fetchone())
            pid, _done = connection.execute(f"SELECT pid, pg_terminate_backend(pid) {listener}").fetchone()
            until(lambda pid=pid: not connection.execute(still_there, [pid]).fetchone())
            write(cluster, name)
            until(lambda name=name: all(machine.shows(name)))


def test_a_restart_of_the_database_costs_no_reader_a_page(cluster: Cluster, database: str, tmp_path: Path):
    with Machine(tmp_path / "one", database).serving() as machine:
        assert all(machine.shows(OLD))
        answers: list[tuple[int, dict[str, str], str]] = []
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                answers.append(machine.get(PAGE))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            cluster.stop()
            until(lambda: "age" in machine.get(PAGE)[1])
            status, headers, _text = machine.get("/ru/delegations/people/")
            assert (status, headers["retry-after"]) == (503, "5")
            until(lambda: len([headers for _status, headers, _text in answers if "age" in headers]) > 20)
            cluster.start()
            until(lambda: machine.get("/ru/delegations/people/")[0] == 200)
            until(lambda: not any("age" in machine.get(PAGE)[1] for _attempt in range(10)))
        finally:
            over.set()
            reader.join()
        assert {status for status, _headers, _text in answers} == {200}
        assert all(OLD in text for _status, _headers, text in answers)
        write(cluster, NEW)
        until(lambda: all(machine.shows(NEW)))


def test_a_server_that_starts_while_the_database_is_away_has_the_pages_of_before(
    cluster: Cluster, database: str, tmp_path: Path
):
    machine = Machine(tmp_path / "one", database, workers=1)
    with machine.serving():
        assert OLD in machine.get(PAGE)[2]
        until(lambda: is_filled(machine.pages))  # the server writes a moment after its answer
    cluster.stop()
    try:
        with machine.serving():
            status, headers, text = machine.get(PAGE)
            assert (status, OLD in text, "age" in headers) == (200, True, True)
            assert machine.get("/ru/delegations/people/")[0] == 503
    finally:
        cluster.start()


def is_filled(pages: Path) -> bool:
    """Whether the folder holds robots.txt, which says that a server is ready, and one more page."""
    return len(list(pages.glob("*.djcache"))) > 1


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("No shared cache is installed (Debian: apt-get install redis-server)")
    with reserved_port() as port:
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
            stdout=subprocess.DEVNULL,
        )

        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            until(answers)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait()


@pytest.mark.django_db(transaction=True)
def test_processes_that_share_a_cache_make_a_page_once(redis: str, settings):
    settings.CACHES = {"default": env_cache("", redis)}
    article = factories.ArticleFactory(title="The Council met")
    processes = [Reader(), Reader()]  # which share nothing else
    start = threading.Barrier(100)
    answers: list[bytes] = []

    def read(process: Reader) -> None:
        start.wait()
        answers.append(process.get(LIST).content)

    threads = [threading.Thread(target=read, args=[processes[number % 2]]) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 100
    assert sum(process.site.render_count for process in processes) == 1
    article.title = "The Council has met"
    article.save()
    for process in processes:
        assert b"The Council has met" in process.get(LIST).content
    assert sum(process.site.render_count for process in processes) == 2
    # One that begins now finds in the shared cache what it has never made, also when it cannot make it.
    third = Reader()
    assert b"The Council has met" in third.get(LIST).content
    assert third.site.render_count == 0
    for process in (*processes, third):
        process.site.versions.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "file:////dev/null/pages"])
def test_a_shared_cache_that_is_away_keeps_no_page_from_its_reader(address: str, settings):
    settings.CACHES = {"default": env_cache("", address)}
    factories.ArticleFactory(title="The Council met")
    reader = Reader()
    assert b"The Council met" in reader.get(LIST).content
    with reader.renders(0):
        assert reader.get(LIST).status_code == 200
    reader.site.versions.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "https://example.org"),
        ("ALLOWED_HOSTS", ["*"]),
        ("DATABASES", {"default": {**settings.DATABASES["default"], "PORT": "1"}}),
    ],
)
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")  # the connections stay
@pytest.mark.django_db(transaction=True)
def test_a_page_of_another_site_is_not_taken_from_the_shared_cache(name: str, value: Any, settings, tmp_path: Path):
    settings.CACHES = {"default": env_cache("", f"file:///{tmp_path}/pages")}
    factories.ArticleFactory(title="The Council met")
    reader = Reader()
    assert reader.get(LIST).status_code == 200
    reader.site.versions.close()
    away = mock.patch("cspa.cache.versions.VersionTracker.current", side_effect=OperationalError)
    try:
        with away:
            assert b"The Council met" in Reader().get(LIST).content
        setattr(settings, name, value)
        build_id.cache_clear()
        with away:
            assert Reader().get(LIST).status_code == 503
    finally:
        build_id.cache_clear()
