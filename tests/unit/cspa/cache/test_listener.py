"""Changes that no change marker announces: SQL by hand, and processes that were killed; and a server that was away."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from cspa.cache.listener import PostgresListener, SQLiteWatcher, ThreadNotifier

from ....support.waiting import until


def write(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("INSERT INTO row VALUES (1)")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a name of ümlauts?.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE row (number INTEGER)")
    return file


@pytest.fixture
def watcher(file: Path, monkeypatch) -> Iterator[SQLiteWatcher]:
    """A watcher that has acknowledged all changes so far."""
    monkeypatch.setattr("cspa.cache.listener.POLL_SECONDS", 0.01)
    monkeypatch.setattr("cspa.cache.listener.HEARTBEAT_SECONDS", 100)
    watcher = SQLiteWatcher(file)
    acknowledge(watcher)
    yield watcher
    watcher.close()


def acknowledge(notifier: ThreadNotifier) -> None:
    def is_current() -> bool:
        notifier.acknowledge()
        return notifier.is_current()

    until(is_current)


def test_commit_of_another_connection_is_noticed(watcher: SQLiteWatcher, file: Path):
    for _commit in range(3):
        write(file)
        until(lambda: not watcher.is_current())
        acknowledge(watcher)
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("SELECT count(*) FROM row").fetchone() == (3,)
        assert watcher.is_current()


def test_watcher_keeps_no_transaction_open(watcher: SQLiteWatcher, file: Path):
    write(file)
    with closing(sqlite3.connect(file)) as database:
        busy, _pages, _moved = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0


def test_restored_file_is_watched_in_place_of_the_former_one(watcher: SQLiteWatcher, file: Path, tmp_path: Path):
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # That has given a sign too.
    acknowledge(watcher)
    shutil.copy(file, tmp_path / "restored")
    for ending in ("-wal", "-shm"):
        Path(f"{file}{ending}").unlink(missing_ok=True)
    os.replace(tmp_path / "restored", file)
    until(lambda: not watcher.is_current())
    acknowledge(watcher)
    write(file)
    until(lambda: not watcher.is_current())


def test_missing_file_is_not_created(tmp_path: Path, monkeypatch):
    watcher = SQLiteWatcher(tmp_path / "none.sqlite3")
    watcher.close()
    assert not watcher.is_current()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases("cspa.cache.listener")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server")
def test_connections_that_the_server_has_closed_leave_the_pool(monkeypatch):
    import psycopg

    monkeypatch.setattr("cspa.cache.listener.HEARTBEAT_SECONDS", 0.1)
    parameters = {**connection.get_connection_params(), "cursor_factory": None}
    connection.close()
    listener = PostgresListener(connection)
    try:
        acknowledge(listener)
        idle = [connection.pool.getconn() for _number in range(3)]
        for each in idle:
            connection.pool.putconn(each)
        with psycopg.connect(**parameters, autocommit=True) as other:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            other.execute(f"SELECT pg_terminate_backend(pid) {others}")
        until(lambda: all(each.closed for each in idle))
    finally:
        listener.close()
