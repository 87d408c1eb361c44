"""A server under slow, large and many requests, and while its workers end: readers of cached pages are answered."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ..support.servers import PAGE, Machine, fill
from ..support.waiting import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Iterator[Machine]:
    """A server of one worker with the seed data and a large upload."""
    folder = tmp_path_factory.mktemp("serving")
    machine = Machine(folder / "one", f"sqlite:///{folder / 'db.sqlite3'}", workers=1)
    machine.environment["MEDIA_ROOT"] = str(folder / "media")
    (folder / "media").mkdir()
    with (folder / "media" / "large.pdf").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    fill(machine)
    with machine.serving():
        assert machine.get(PAGE)[0] == 200
        yield machine


def send(machine: Machine, request: str) -> socket.socket:
    """A connection on which ``request`` was sent. Nothing was received."""
    connection = socket.create_connection(("127.0.0.1", machine.port), timeout=60)
    connection.sendall(request.replace("\n", "\r\n").encode())
    return connection


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(65536).split()[1])


@contextmanager
def many(machine: Machine, request: str, number: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(send(machine, request)) for _number in range(number)]


def assert_reads(machine: Machine) -> None:
    """A cached page, a conditional request, the health check and a static file are answered."""
    status, headers, text = machine.get(PAGE)
    assert (status, "Cache-Status" in headers) == (200, False)
    assert machine.get("/healthz")[0] == 200
    stylesheet = text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert machine.get(stylesheet)[0] == 200
    condition = f"GET {PAGE} HTTP/1.1\nHost: 127.0.0.1\nIf-None-Match: {headers['etag']}\n\n"
    with send(machine, condition) as connection:
        assert status_of(connection) == 304


FORM = "POST /admin/login/ HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/x-www-form-urlencoded\n"


def test_unfinished_bodies_stop_no_reader(machine: Machine):
    with many(machine, f"{FORM}Content-Length: 1000\n\nusername=a", 15):
        assert_reads(machine)
        # Another form is answered as well.
        with send(machine, f"{FORM}Content-Length: 10\n\nusername=a") as connection:
            assert status_of(connection) == 403


def test_unread_downloads_stop_no_reader(machine: Machine):
    with many(machine, "GET /media/large.pdf HTTP/1.1\nHost: 127.0.0.1\n\n", 10) as downloads:
        assert [download.recv(15) for download in downloads] == [b"HTTP/1.1 200 OK"] * 10
        assert_reads(machine)
        # Another download is answered as well.
        with send(machine, "GET /media/large.pdf HTTP/1.1\nHost: 127.0.0.1\n\n") as connection:
            assert status_of(connection) == 200


def test_robot_on_unknown_days_stops_no_reader(machine: Machine):
    addresses = [f"/en/delegations/?on=20{year}-{month:02}-01" for year in range(10, 26) for month in range(1, 13)]
    # Another test may have replaced the worker, and its cache.
    assert_reads(machine)
    with ExitStack() as stack:
        sent = [
            stack.enter_context(send(machine, f"GET {address} HTTP/1.1\nHost: 127.0.0.1\n\n")) for address in addresses
        ]
        assert_reads(machine)
        statuses = Counter(map(status_of, sent))
    assert statuses.keys() == {200, 503}


def test_body_of_a_gigabyte_is_refused_by_its_length(machine: Machine):
    with send(machine, f"{FORM}Content-Length: 1000000000\n\nusername=a") as connection:
        assert status_of(connection) == 413


def test_header_with_an_underscore_does_not_become_that_of_the_proxy(tmp_path: Path):
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}", workers=1)
    machine.environment["BEHIND_PROXY"] = "1"
    fill(machine)

    def sitemap(header: str) -> bytes:
        with send(machine, f"GET /robots.txt HTTP/1.1\nHost: 127.0.0.1\n{header}: https\n\n") as connection:
            return connection.recv(65536).rpartition(b"Sitemap: ")[2]

    with machine.serving():
        assert sitemap("X-Forwarded-Proto").startswith(b"https://")
        for name in ("X_Forwarded_Proto", "X-Forwarded_Proto", "X_Forwarded-Proto"):
            assert sitemap(name).startswith(b"http://")


def children(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@contextmanager
def requests(machine: Machine) -> Iterator[Counter[str]]:
    """Outcomes of requests that several clients send without a pause, each over a connection of its own."""
    outcomes: Counter[str] = Counter()
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            try:
                outcomes[str(machine.get("/healthz")[0])] += 1
            except OSError as error:
                outcomes[type(error).__name__] += 1
            time.sleep(0.01)

    clients = [threading.Thread(target=run) for _number in range(4)]
    for client in clients:
        client.start()
    try:
        yield outcomes
    finally:
        stopped.set()
        for client in clients:
            client.join()


def test_reload_loses_no_request(machine: Machine):
    assert machine.process is not None
    before = children(machine.process.pid)
    with requests(machine) as outcomes:
        until(lambda: outcomes.total() >= 100)
        machine.process.send_signal(signal.SIGHUP)
        until(lambda: not before & children(machine.process.pid) and machine.answers())
        count = outcomes.total()
        until(lambda: outcomes.total() >= count + 100)
    assert outcomes.keys() == {"200"}


def test_killed_worker_is_replaced(machine: Machine):
    assert machine.process is not None
    before = children(machine.process.pid)
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    until(lambda: children(machine.process.pid) - before and machine.answers())
    assert_reads(machine)


def test_stop_finishes_the_requests_that_have_begun(tmp_path: Path):
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}", workers=1)
    fill(machine)
    with machine.serving():
        request = f"{FORM}Content-Length: 10\n\nusername=a"
        with many(machine, request[:-1], 10) as begun:
            # The worker accepts connections in order, so it has accepted those too.
            assert machine.answers()
            machine.process.send_signal(signal.SIGTERM)
            until(lambda: not machine.answers())
            for connection in begun:
                connection.sendall(b"a")
            assert [status_of(connection) for connection in begun] == [403] * 10
