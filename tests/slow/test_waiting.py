"""Servers whose database hangs, is locked, or is changed past them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..support.servers import NEW, OLD, PAGE, Cluster, Machine, fill, sign_in, write
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
