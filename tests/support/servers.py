"""Server processes of the site and of PostgreSQL, as on separate machines."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psycopg
import pytest
from django.conf import settings
from redis import Redis as RedisClient
from redis import RedisError

from .ports import reserved_port
from .waiting import until

TESTS = Path(__file__).resolve().parent.parent


OLD, NEW = "Kyrgyz Republic", "Kyrgyzstan of the test"


PAGE = "/en/delegations/kyrgyzstan/"

RENAME = """
from delegations.models import Parliament
row = Parliament.objects.get(slug="kyrgyzstan")
row.name_en = row.short_name_en = {!r}
row.save()
"""

DIE_BEFORE_THE_CHANGE_MARKER = """
import os, signal
from cspa.cache import versions
versions.touch_change_marker = lambda: os.kill(os.getpid(), signal.SIGKILL)
"""


class Machine:
    """A production server of the site with a change marker and cached pages of its own."""

    def __init__(self, folder: Path, database: str, workers: int = 2):
        folder.mkdir()
        self.port = 0
        self.change_marker = folder / "change-marker"
        self.pages = folder / "pages"
        self.environment = {
            **os.environ,
            "DATABASE_URL": database,
            "CHANGE_MARKER_FILE": str(self.change_marker),
            "SECRET_KEY": "of this test",
            "DEBUG": "0",
            "SECURE_SSL_REDIRECT": "0",
            "CACHE_URL": f"file:///{self.pages}",
        }
        self.log = folder / "log"
        self.process: subprocess.Popen | None = None
        self.command = [
            *(sys.executable, "-m", "granian", "--interface", "rsgi", "--no-ws", "--host", "127.0.0.1"),
            *("--workers", str(workers), "--respawn-failed-workers", "--respawn-interval", "20"),
            *("--workers-kill-timeout", "10"),
            *("--log-level", "warning", "cspa.serving.rsgi:application"),
        ]

    @contextmanager
    def serving(self) -> Iterator["Machine"]:
        with reserved_port() as self.port:
            with self.log.open("w") as log:
                self.process = server = subprocess.Popen(
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
        """Status, headers (in lower case) and text of a response, over a new connection that any worker may accept.

        The Host header names no port, so that the cached pages remain valid after a restart on another port.
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
        """Whether each of 20 responses contains ``text``: enough requests that every worker answers."""
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
        """Rename the delegation in a shell of this machine, outside the server processes."""
        self.manage("shell", "-c", RENAME.format(name))

    def rename_and_die(self, name: str) -> None:
        """Rename the delegation in a shell that is killed after its commit, before it touches the change marker."""
        before = self.last_sign()
        with pytest.raises(subprocess.CalledProcessError) as error:
            self.manage("shell", "-c", DIE_BEFORE_THE_CHANGE_MARKER + RENAME.format(name))
        assert error.value.returncode == -signal.SIGKILL, error.value.stderr.decode()
        assert self.last_sign() == before

    def last_sign(self) -> int:
        """The time of the change marker; 0 where nobody has written on this machine."""
        return self.change_marker.stat().st_mtime_ns if self.change_marker.exists() else 0


@contextmanager
def suspended(*processes: int) -> Iterator[None]:
    """Let processes not run, by their ids."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


class Redis:
    """A Redis server in memory."""

    def __init__(self, folder: Path, port: int):
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("No shared cache is installed (Debian: apt-get install redis-server)")
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = RedisClient.from_url(self.url)
        self.server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            stdout=subprocess.DEVNULL,
        )

    def answers(self) -> bool:
        try:
            return self.client.ping()
        except RedisError:
            return False

    def stop(self) -> None:
        self.client.close()
        self.server.terminate()
        self.server.wait()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the server not run. The kernel still accepts connections."""
        with suspended(self.server.pid):
            yield


class Cluster:
    """A PostgreSQL cluster that a test can stop and start."""

    def __init__(self, folder: Path):
        loader = SourceFileLoader("with_postgres", str(TESTS / "with-postgres"))
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

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let no process of the server run, as while its disk does not answer. Connections stay open."""
        assert self.server
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children")
        with suspended(self.server.pid, *map(int, children.read_text().split())):
            yield

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="cspa", dbname="postgres", autocommit=True)


def fill(machine: Machine) -> None:
    machine.manage("migrate", "--verbosity=0")
    machine.manage("loaddata", "seed", "--verbosity=0")
    machine.rename(OLD)


def sign_in(machine: Machine, username: str) -> tuple[int, str]:
    """Status and text of the response to a form of sign-in with a wrong password."""
    browser = build_opener(HTTPCookieProcessor())
    address = f"http://127.0.0.1:{machine.port}/admin/login/"
    token = browser.open(address, timeout=60).read().decode().split('name="csrfmiddlewaretoken" value="')[1]
    form = {"csrfmiddlewaretoken": token.split('"')[0], "username": username, "password": "wrong"}
    request = Request(address, urlencode(form).encode(), {"Sec-Fetch-Site": "same-origin"})
    try:
        with browser.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def write(cluster: Cluster, name: str) -> None:
    with cluster.connect() as connection:
        connection.execute("UPDATE delegations_parliament SET name_en = %s WHERE slug = 'kyrgyzstan'", [name])
