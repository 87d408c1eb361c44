"""Servers whose database or shared cache hangs, whose tables are locked, or whose data are changed past them."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from cspa.cache.shared_cache import RETRY_SECONDS

from ..support.servers import NEW, OLD, PAGE, Cluster, Machine, Redis, fill, sign_in, write
from ..support.waiting import until

pytestmark = pytest.mark.long

UNSEEN = "/ru/delegations/people/"


def test_sql_by_hand_on_sqlite_is_shown_by_all_processes(tmp_path: Path):
    file = tmp_path / "db.sqlite3"
    machine = Machine(tmp_path / "one", f"sqlite:///{file}")
    fill(machine)
    with machine.serving():
        assert all(machine.shows(OLD))
        for name in (NEW, OLD, NEW):
            with closing(sqlite3.connect(file)) as database, database:
                database.execute("UPDATE delegations_parliament SET name_en = ? WHERE slug = 'kyrgyzstan'", [name])
            until(lambda name=name: all(machine.shows(name)))


def test_commit_of_a_killed_process_is_shown_on_sqlite(tmp_path: Path):
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}")
    fill(machine)
    with machine.serving():
        assert all(machine.shows(OLD))
        for name in (NEW, OLD):
            machine.rename_and_die(name)
            until(lambda name=name: all(machine.shows(name)))


def test_commit_of_a_killed_process_is_shown_on_postgresql(database: str, tmp_path: Path):
    with Machine(tmp_path / "one", database).serving() as machine:
        assert all(machine.shows(OLD))
        for name in (NEW, OLD):
            machine.rename_and_die(name)
            until(lambda name=name: all(machine.shows(name)))


def test_shared_cache_that_hangs_keeps_no_reader_waiting(redis: Redis, tmp_path: Path):
    machine = Machine(tmp_path / "one", f"sqlite:///{tmp_path / 'db.sqlite3'}", workers=1)
    machine.environment["CACHE_URL"] = redis.url
    fill(machine)
    days = [f"/en/delegations/?on=2019-05-{day:02}" for day in range(1, 31)]

    def attempts() -> int:
        return machine.log.read_text().count("The shared cache does not answer.")

    with machine.serving():
        assert all(machine.shows(OLD))
        stored = redis.client.dbsize()
        assert stored > 0
        with redis.hanging():
            # Cached pages need no shared cache.
            assert all(machine.shows(OLD))
            assert attempts() == 0
            began = time.monotonic()
            assert {machine.get(day)[0] for day in days} == {200}
            # Each rendering uses the cache three times. Only one in ten seconds waits for the timeout of a second.
            assert 1 <= attempts() <= 1 + (time.monotonic() - began) / RETRY_SECONDS
        until(lambda: machine.get(f"{PAGE}?on=2019-05-01")[0] == 200 and redis.client.dbsize() > stored)


def test_old_copies_are_served_and_text_is_returned_while_the_database_hangs(
    cluster: Cluster, database: str, tmp_path: Path
):
    with Machine(tmp_path / "one", database, workers=1).serving() as machine:
        assert all(machine.shows(OLD))
        with cluster.hanging():
            until(lambda: "age" in machine.get(PAGE)[1])
            assert OLD in machine.get(PAGE)[2]
            status, headers, _text = machine.get(UNSEEN)
            assert (status, headers["retry-after"]) == (503, "5")
            status, text = sign_in(machine, "A name of many words")
            assert (status, "A name of many words" in text) == (503, True)
        until(lambda: machine.get(UNSEEN)[0] == 200)
        write(cluster, NEW)
        until(lambda: all(machine.shows(NEW)))


def test_page_that_waits_for_a_locked_table_is_given_up(cluster: Cluster, database: str, tmp_path: Path):
    with Machine(tmp_path / "one", database, workers=1).serving() as machine, cluster.connect() as connection:
        assert all(machine.shows(OLD))
        connection.execute("BEGIN; LOCK TABLE delegations_parliament IN ACCESS EXCLUSIVE MODE")
        # The cached page is fresh: nobody has written.
        until(lambda: all(machine.shows(OLD)))
        assert machine.get(UNSEEN)[0] == 503
        connection.execute("UPDATE delegations_parliament SET name_en = %s WHERE slug = 'kyrgyzstan'", [NEW])
        assert all(machine.shows(OLD))
        connection.execute("COMMIT")
        until(lambda: all(machine.shows(NEW)))
        until(lambda: machine.get(UNSEEN)[0] == 200)
