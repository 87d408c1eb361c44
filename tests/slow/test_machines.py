"""Real servers: several processes, two machines with one database, and a database that stops and starts."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db import OperationalError

from cspa.cache.keys import build_id
from cspa.env import env_cache

from ..support import factories
from ..support.page_cache import LIST, Reader
from ..support.servers import NEW, OLD, PAGE, Cluster, Machine, Redis, fill, write
from ..support.waiting import until

pytestmark = pytest.mark.long


def test_edit_is_shown_at_once_by_all_processes_of_a_machine(tmp_path: Path):
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}")
    fill(machine)
    with machine.serving():
        assert all(machine.shows(OLD))
        for name in (NEW, OLD, NEW):
            machine.rename(name)
            assert all(machine.shows(name))


def test_edit_is_shown_by_all_machines(cluster: Cluster, database: str, tmp_path: Path):
    with ExitStack() as stack:
        machines = [stack.enter_context(Machine(tmp_path / name, database).serving()) for name in ("one", "two")]
        for machine in machines:
            assert all(machine.shows(OLD))
        # The machine that writes does not wait.
        machines[0].rename(NEW)
        assert all(machines[0].shows(NEW))
        for name in (OLD, NEW, OLD):
            # The write happens on neither machine.
            write(cluster, name)
            until(lambda name=name: all(all(machine.shows(name)) for machine in machines))


def test_edit_is_shown_after_the_listener_lost_its_connection(cluster: Cluster, database: str, tmp_path: Path):
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


def test_pages_are_served_during_a_restart_of_the_database(cluster: Cluster, database: str, tmp_path: Path):
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


def test_server_started_with_the_database_down_serves_stored_pages(cluster: Cluster, database: str, tmp_path: Path):
    machine = Machine(tmp_path / "one", database, workers=1)
    with machine.serving():
        assert OLD in machine.get(PAGE)[2]
        # The server writes the page shortly after its response.
        until(lambda: is_filled(machine.pages))
    cluster.stop()
    try:
        with machine.serving():
            status, headers, text = machine.get(PAGE)
            assert (status, OLD in text, "age" in headers) == (200, True, True)
            assert machine.get("/ru/delegations/people/")[0] == 503
    finally:
        cluster.start()


def is_filled(pages: Path) -> bool:
    """Whether the folder contains robots.txt, which shows that a server is ready, and one more page."""
    return len(list(pages.glob("*.djcache"))) > 1


@pytest.mark.django_db(transaction=True)
def test_page_is_rendered_once_by_processes_with_a_shared_cache(redis: Redis, settings):
    settings.CACHES = {"default": env_cache("", redis.url)}
    article = factories.ArticleFactory(title="The Council met")
    # The processes share nothing but the cache.
    processes = [Reader(), Reader()]
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
def test_pages_are_served_with_the_shared_cache_down(address: str, settings):
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
# The connections stay the same.
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
@pytest.mark.django_db(transaction=True)
def test_page_of_another_site_in_the_shared_cache_is_not_served(name: str, value: Any, settings, tmp_path: Path):
    # An earlier test may have left the id of its own settings, which may be those that this one changes to.
    build_id.cache_clear()
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
