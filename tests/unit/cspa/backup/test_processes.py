"""Backup and restore beside writers, between databases, and in bounded memory."""

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection

from cspa.backup import make, restore
from cspa.backup.archive import read_manifest
from cspa.backup.tables import FILLED_BY_MIGRATE, tables

from ....support.backup import ROOT, database, everything, pages, uploads, wipe

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


# Other processes, other databases


def environment(folder: Path, name: str) -> dict[str, str]:
    """The environment of a process with a migrated SQLite database and uploads of its own."""
    there = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / name}.sqlite3",
        "MEDIA_ROOT": str(folder / f"{name}-media"),
    }
    manage(there, "migrate", "--verbosity", "0")
    return there


@pytest.fixture
def elsewhere(tmp_path):
    """The environment of a process with an empty database of this kind and uploads of its own."""
    if connection.vendor == "sqlite":
        yield environment(tmp_path, "elsewhere")
        return
    where, name = connection.settings_dict, f"elsewhere_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    there = {
        **os.environ,
        "DATABASE_URL": f"postgres://{where['USER']}@{quote(where['HOST'], safe='')}/{name}",
        "MEDIA_ROOT": str(tmp_path / "elsewhere-media"),
    }
    manage(there, "migrate", "--verbosity", "0")
    yield there
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def manage(there: dict[str, str], *arguments: str | Path) -> str:
    return run(there, "manage.py", *arguments)


def run(there: dict[str, str], *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=there, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
@pytest.mark.long
def test_tables_filled_by_migrate_are_those_that_restore_replaces(elsewhere, tmp_path):
    manage(elsewhere, "backup", tmp_path / "empty")
    filled = {name for name, table in read_manifest(tmp_path / "empty")["tables"].items() if table["rows"]}
    assert filled == {apps.get_model(label)._meta.db_table for label in FILLED_BY_MIGRATE}
    assert "all equal" in manage(elsewhere, "restore", tmp_path / "empty")


# Somebody writes while the tables are read: parliaments come early, people and articles after them.
MEANWHILE = """
import sys, threading
from pathlib import Path
import django
django.setup()
from django.db import connection
from cspa.backup import make
from tests.support import factories

def write():
    factories.DelegateFactory()
    factories.ArticleFactory(people=[factories.PersonFactory()])
    connection.close()

def progress(stage, number, total):
    if stage == "delegations_parliament" and number == 0:
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(15)
        assert not writer.is_alive(), "the backup holds up who writes"
        print("written")

factories.DelegateFactory()
print(make(Path(sys.argv[1]), progress).rows)
"""


@pytest.mark.both_databases("cspa.backup.dump", "cspa.backup.load", "cspa.backup.tables")
@pytest.mark.long
def test_backup_is_a_snapshot_and_does_not_block_writers(elsewhere, tmp_path):
    script = run(elsewhere, "-c", MEANWHILE, tmp_path / "backup").split()
    said = read_manifest(tmp_path / "backup")["tables"]
    assert script[0] == "written"
    assert {name: said[name]["rows"] for name in said if name.startswith(("delegations", "news"))} == {
        name: int(name in {f"delegations_{kind}" for kind in ("parliament", "chamber", "person", "delegate")})
        for name in said
        if name.startswith(("delegations", "news"))
    }
    # What was written is there, and goes into the next one.
    manage(elsewhere, "backup", tmp_path / "next")
    said = read_manifest(tmp_path / "next")["tables"]
    assert (said["delegations_delegate"]["rows"], said["news_article_people"]["rows"]) == (2, 1)


PAGES = """
import json, sys
import django
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from tests.support.backup import pages
json.dump(pages(), sys.stdout)
"""


def plain(value):
    """The value of PostgreSQL in the form of SQLite."""
    match value:
        case bool():
            return int(value)
        case UUID():
            return value.hex
        case datetime():
            return str(value.astimezone(UTC).replace(tzinfo=None))
        case date():
            return str(value)
        case str() if value[:1] in "{[" and value:
            return json.dumps(json.loads(value), sort_keys=True)
    return value


def in_sqlite(file: Path) -> dict[str, list[dict]]:
    """The rows of a SQLite database, read by Python's own module."""
    with sqlite3.connect(file) as there:
        there.row_factory = sqlite3.Row
        return {
            table.name: [
                {name: plain(row[name]) for name in row.keys()}  # noqa: SIM118  a row is no mapping
                for row in there.execute(f'SELECT * FROM "{table.name}" ORDER BY "{table.model._meta.pk.column}"')
            ]
            for table in tables()
        }


def in_postgresql() -> dict[str, list[dict]]:
    """The rows of the PostgreSQL database of the tests, in the same form."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f'SELECT * FROM "{table.name}" ORDER BY "{table.model._meta.pk.column}"')
            names = [column.name for column in cursor.description]
            found[table.name] = [
                {name: plain(value) for name, value in zip(names, row, strict=True) if not name.endswith("_vector")}
                for row in cursor.fetchall()
            ]
    return found


@pytest.mark.long
def test_rows_and_pages_are_equal_after_postgresql_to_sqlite_and_back(tmp_path):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: tests/with-postgres")
    everything()
    rows_before, before, files_before = database(), pages(), uploads()
    in_order = in_postgresql()
    make(tmp_path / "first")
    there = environment(tmp_path, "there")
    assert "all equal" in manage(there, "restore", tmp_path / "first")
    assert in_sqlite(tmp_path / "there.sqlite3") == in_order
    on_sqlite = {address: tuple(page) for address, page in json.loads(run(there, "-c", PAGES)).items()}
    assert [address for address in before if on_sqlite.get(address) != before[address]] == []
    assert len(on_sqlite) == len(before) > 250
    manage(there, "backup", tmp_path / "second")
    wipe()
    restore(tmp_path / "second")
    assert database() == rows_before
    assert uploads() == files_before
    assert pages() == before


# What it costs


FILL = """
import sys
import django
django.setup()
from tests.slow import test_volume
test_volume.write_articles(int(sys.argv[1]))
"""
PEAK = r"""
import re, sys
import django
django.setup()
from django.core.management import call_command
call_command(*sys.argv[1:], stdout=open("/dev/null", "w"))
print(int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process")
def test_memory_of_backup_and_restore_does_not_grow_with_the_articles(elsewhere, tmp_path):
    megabytes = []
    for number in (2_000, 16_000):
        manage(elsewhere, "flush", "--no-input", "--verbosity", "0")
        run(elsewhere, "-c", FILL, str(number))
        folder = tmp_path / str(number)
        peak = [int(run(elsewhere, "-c", PEAK, "backup", folder))]
        manage(elsewhere, "flush", "--no-input", "--verbosity", "0")
        megabytes.append([*peak, int(run(elsewhere, "-c", PEAK, "restore", folder))])
    assert all(large < small + 15 for small, large in zip(*megabytes, strict=True)), megabytes
