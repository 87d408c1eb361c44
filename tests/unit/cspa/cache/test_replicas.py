"""Replicas: pages are read from a replica as current as the primary, or else from the primary."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, router
from django.test.utils import CaptureQueriesContext

from cspa.cache import replicas
from cspa.models import TableVersion
from news.models import Article, Story, Topic

from ....support import factories
from ....support.page_cache import LIST, Reader
from ....support.replicas import Copy, rename
from ....support.servers import NEW, OLD, PAGE, Cluster, Machine, write
from ....support.waiting import until

# As they would be, without a second server: a copy of SQLite's database


@pytest.fixture
def reader(copies: list[Copy], article: Article) -> Iterator[Reader]:
    for copy in copies:
        copy.follow()
    reader = Reader()
    yield reader
    reader.site.versions.close()


@pytest.mark.both_databases("cspa.cache.replicas")
def test_pages_are_read_from_the_replicas_in_turn(reader: Reader, copies: list[Copy]):
    one, two = copies
    with one.is_read(True), two.is_read(False):
        assert b"The Council met" in reader.get(LIST).content
    with one.is_read(False), two.is_read(True), CaptureQueriesContext(connection) as primary:
        assert b"The Council met" in reader.get("/en/news/2020/").content
    assert len(primary) == 0


@pytest.mark.both_databases("cspa.cache.replicas")
def test_page_from_a_replica_is_cached_and_rendered_again_after_an_edit(reader: Reader, copies: list[Copy]):
    with reader.renders(1):
        reader.get(LIST)
        reader.get(LIST)
    rename("Another title")
    for copy in copies:
        copy.follow()
    with copies[1].is_read(True):
        assert b"Another title" in reader.get(LIST).content


@pytest.mark.long
@pytest.mark.both_databases("cspa.cache.replicas")
def test_lagging_replica_is_skipped_for_a_while(reader: Reader, copies: list[Copy]):
    one, two = copies
    rename("Another title")
    two.follow()
    with one.is_read(False), two.is_read(True):
        assert b"Another title" in reader.get(LIST).content
    rename("A third title")
    # Neither replica has the write yet, so the primary is read.
    with one.is_read(False), two.is_read(False):
        assert b"A third title" in reader.get(LIST).content
    one.follow()
    with mock.patch("cspa.cache.replicas.stored_versions", side_effect=AssertionError):
        # The versions of the replicas are not queried.
        reader.get("/en/news/2020/")
    with mock.patch("time.monotonic", return_value=time.monotonic() + 3600), one.is_read(True):
        reader.get("/en/news/2020/05/")


@pytest.mark.both_databases("cspa.cache.replicas")
def test_replica_that_is_down_is_skipped(reader: Reader, copies: list[Copy]):
    def away(alias: str) -> dict[str, int]:
        raise OperationalError("no connection")

    with mock.patch("cspa.cache.replicas.stored_versions", side_effect=away) as asked:
        for address in (LIST, "/en/news/2020/", "/en/news/2020/05/"):
            assert b"The Council met" in reader.get(address).content
    assert [call.args for call in asked.mock_calls] == [("replica1",), ("replica2",)]


@pytest.mark.both_databases("cspa.cache.replicas")
def test_request_is_answered_when_its_replica_fails_midway(reader: Reader, copies: list[Copy]):
    def fails(execute, sql, params, many, context):
        if "news_article" in sql:
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)

    with connections["replica1"].execute_wrapper(fails):
        answer = reader.get(LIST)
        assert (answer.status_code, b"The Council met" in answer.content) == (200, True)
        with copies[1].is_read(True):
            reader.get("/en/news/2020/")
        with copies[1].is_read(True):
            reader.get("/en/news/2020/05/")
    assert reader.site.versions.down_until == 0


@pytest.mark.both_databases("cspa.cache.replicas")
def test_staff_and_writes_use_the_primary(reader: Reader, copies: list[Copy], client):
    rename("Another title")
    client.force_login(factories.UserFactory(is_superuser=True))
    assert b"Another title" in client.get(LIST).content
    assert TableVersion.objects.db == Topic.objects.db == DEFAULT_DB_ALIAS
    with replicas.read_from("replica1"):
        there = Article.objects.get()
        assert there.title == "The Council met"
        there.topics.add(factories.TopicFactory())
    assert [topic._state.db for topic in there.topics.all()] == [DEFAULT_DB_ALIAS]
    # For Django, the story belongs to another database.
    there.story = Story.objects.get()
    assert router.db_for_write(Article, instance=there) == DEFAULT_DB_ALIAS
    assert not router.allow_migrate("replica1", "news")


# Real ones


class Standby(Cluster):
    """A server that follows a primary by streaming and logs its queries."""

    def __init__(self, folder: Path, primary: Cluster):
        self.program, self.binaries, self.folder = primary.program, primary.binaries, folder
        self.options = {**primary.options, "cwd": folder}
        if "user" in self.options:
            os.chown(folder, self.options["user"], self.options["group"])
        self.url = f"postgres://cspa@{quote(str(folder), safe='')}/postgres"
        where = ["-h", primary.folder, "-U", "cspa", "-D", "data"]
        how = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        subprocess.run(
            [self.binaries / "pg_basebackup", *where, *how], **self.options, check=True, capture_output=True
        )
        with (folder / "data" / "postgresql.auto.conf").open("a") as file:
            file.write("log_statement = 'all'\n")
        self.server = None

    def asked(self) -> int:
        """The number of queries for parliaments."""
        return (self.folder / "log").read_text().count('FROM "delegations_parliament"')

    def say(self, what: str) -> None:
        with self.connect() as connection:
            connection.execute(f"SELECT pg_wal_replay_{what}()")


@pytest.fixture
def standby(cluster: Cluster, database: str) -> Iterator[Standby]:
    folder = Path(tempfile.mkdtemp(suffix="-pg"))
    standby = Standby(folder, cluster)
    standby.start()
    try:
        yield standby
    finally:
        standby.stop()
        shutil.rmtree(folder)


@pytest.mark.long
def test_streaming_replica_is_read_only_while_it_is_current(cluster: Cluster, standby: Standby, tmp_path: Path):
    machine = Machine(tmp_path / "one", cluster.url, workers=1)
    machine.environment["DATABASE_REPLICA_URLS"] = standby.url

    def is_read() -> bool:
        """Whether pages are read from the replica. Each call requests another day, so that the page is rendered."""
        before = standby.asked()
        day = next(days)
        status, _headers, text = machine.get(f"{PAGE}?on={day}")
        assert status == 200
        assert names[-1] in text
        return standby.asked() > before

    names = [OLD]
    days = (date(2021, 1, 1) + timedelta(days=number) for number in range(10_000))
    with machine.serving():
        until(is_read)
        assert is_read()

        standby.say("pause")
        # The replica lags, so the primary is read.
        for name in (NEW, OLD, NEW):
            write(cluster, name)
            names.append(name)
            until(lambda: machine.shows(names[-1])[0])
            assert not is_read()
        standby.say("resume")
        until(is_read)

        standby.stop()
        for _page in range(20):
            assert not is_read()
        write(cluster, OLD)
        names.append(OLD)
        until(lambda: machine.shows(OLD)[0])
        standby.start()
        until(is_read)
        assert is_read()


@pytest.mark.long
def test_requests_are_answered_while_a_streaming_replica_stops_and_starts(
    cluster: Cluster, standby: Standby, tmp_path: Path
):
    machine = Machine(tmp_path / "one", cluster.url, workers=1)
    machine.environment["DATABASE_REPLICA_URLS"] = standby.url
    days = (date(2021, 1, 1) + timedelta(days=number) for number in range(10_000))
    statuses: list[int] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            statuses.append(machine.get(f"{PAGE}?on={next(days)}")[0])

    def more_pages() -> None:
        read_before = len(statuses)
        until(lambda: len(statuses) >= read_before + 10)

    with machine.serving():
        until(lambda: (machine.get(f"{PAGE}?on={next(days)}"), standby.asked())[1] > 0)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            for _round in range(2):
                more_pages()
                standby.stop()
                more_pages()
                standby.start()
                before = standby.asked()
                until(lambda before=before: standby.asked() > before)
        finally:
            over.set()
            reader.join()
    assert set(statuses) == {200}
