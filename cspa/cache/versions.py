"""Versions: a number per table of public facts, which every commit that changes the table makes higher.

Triggers of the database raise it within the transaction that writes, whoever writes: admin, import, shell, SQL. Who
read the numbers before the rows knows for ever after whether the rows may have changed. To know that the numbers are
still the same costs no query: a process that has written moves the stamp, a file on this machine; on PostgreSQL the
triggers tell the other machines (NOTIFY), and while a process cannot hear them it reads the numbers each time.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from ..audit import WRITE_LOCK
from ..models import Version

APPS = ("delegations", "news", "links")  # whose tables hold what readers see
CHANNEL = TRIGGER = "cspa_version"
PAUSE = 1.0  # seconds until an absent database is asked again
LOOKING = 3.0  # seconds that a reader waits while it is looked for
REMEMBERED = 10_000  # letters of a statement
HEARTBEAT = 1.0  # seconds between signs of life on the channel; after three without one it counts as broken

Away = (OperationalError, InterfaceError)

log = logging.getLogger(__name__)


# What has a version


@cache
def tables() -> frozenset[str]:
    """The tables that have a version."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    return frozenset(model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy)


_moments: dict[str, Callable[[], datetime | None]] = {}


def changes_by_itself(table: str, moment: Callable[[], datetime | None]) -> None:
    """Say that readers see other rows of ``table`` from ``moment()`` on, though nobody writes; None: never."""
    _moments[table] = moment


def tables_in(sql: str) -> frozenset[str]:
    """The tables that a statement names, those without a version too."""
    # Pages ask with the same short statements again and again; imports with long ones, once.
    return _named(sql) if len(sql) <= REMEMBERED else _named.__wrapped__(sql)


@lru_cache(maxsize=1000)
def _named(sql: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", sql)) & _all_tables()


@cache
def _all_tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in apps.get_models(include_auto_created=True))


# Triggers


def install(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Give each table its triggers, where it has none; receiver of ``post_migrate``.

    SQLite drops those of a table that a migration rebuilds: so they are looked at after every ``migrate``.
    """
    database = connections[using]
    with database.cursor() as cursor:
        there = set(database.introspection.table_names(cursor))
        if Version._meta.db_table not in there:
            return
        find, statements = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}[database.vendor]()
        cursor.execute(find)
        guarded = {table for (table,) in cursor.fetchall()}
        missing = sorted(tables() & there - guarded)
        for statement in statements(missing):
            cursor.execute(statement)


def _on_sqlite() -> tuple[str, Callable]:
    body = (
        f"INSERT INTO {Version._meta.db_table} (name, number) "
        "VALUES ('%s', CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)) "
        "ON CONFLICT (name) DO UPDATE SET number = max(number + 1, excluded.number);"
    )

    def statements(missing: list[str]) -> Iterable[str]:
        for table in missing:
            for event in ("INSERT", "UPDATE", "DELETE"):
                name = f"{TRIGGER}_{event.lower()}_{table}"
                yield f'CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON "{table}" BEGIN {body % table} END'

    # The last of the three that are made.
    return f"SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{TRIGGER}_delete_%'", statements


def _on_postgresql() -> tuple[str, Callable]:
    name = Version._meta.db_table
    # Once a transaction is enough: nobody sees the number before the rows. The lock keeps two who write several
    # tables in another order from waiting for each other; the journal holds the same one.
    function = f"""
        CREATE OR REPLACE FUNCTION {TRIGGER}_raise() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock({WRITE_LOCK});
            INSERT INTO {name} (name, number)
            VALUES (TG_TABLE_NAME, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
            ON CONFLICT (name) DO UPDATE SET number = greatest({name}.number + 1, excluded.number)
            WHERE {name}.xmin <> pg_current_xact_id()::xid;
            PERFORM pg_notify('{CHANNEL}', '');
            RETURN NULL;
        END $$"""

    def statements(missing: list[str]) -> Iterable[str]:
        if missing:
            yield function
        for table in missing:
            yield (
                f'CREATE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}" '
                f"FOR EACH STATEMENT EXECUTE FUNCTION {TRIGGER}_raise()"
            )

    return f"SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = '{TRIGGER}'", statements


# The stamp: one file for all processes of a machine


def stamp() -> int:
    """When somebody on this machine last wrote, as a number that no two share; 0 where nobody has."""
    try:
        return os.stat(settings.STAMP_FILE).st_mtime_ns
    except OSError:
        return 0


def move_stamp() -> None:
    """Tell the processes of this machine that the numbers may have changed."""
    now = time.time_ns()
    try:
        with suppress(FileNotFoundError):
            os.utime(settings.STAMP_FILE, ns=(now, now))
            return
        with open(settings.STAMP_FILE, "ab"):
            pass
        os.utime(settings.STAMP_FILE, ns=(now, now))
    except OSError:
        log.exception("The stamp %s cannot be moved.", settings.STAMP_FILE)


def watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of ``connection_created``: whoever commits what it wrote through this connection moves the stamp."""
    if _watching not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _watching)


def _watching(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    result = execute(sql, params, many, context)
    if _writes(str(sql)):
        written(context["connection"])
    return result


def _writes(sql: str) -> bool:
    # Possessive: no comment is read in a second way, which would take exponential time.
    comments = r"(?>\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*+"
    begins = rf"{comments}(?:WITH\b.*\b)?(?:INSERT|REPLACE|UPDATE|DELETE|TRUNCATE|COPY|MERGE)\b"
    return bool(re.match(begins, sql, re.DOTALL | re.IGNORECASE) and tables_in(sql) & tables())


def written(database: BaseDatabaseWrapper | None = None) -> None:
    """Move the stamp when what was written through ``database`` is committed; COPY has to say so itself."""
    database = database or connection
    if not database.in_atomic_block:
        move_stamp()
    elif not any(waiting[1] is move_stamp for waiting in database.run_on_commit):
        database.on_commit(move_stamp)


# The numbers, as a process knows them


@dataclass(frozen=True, eq=False)
class Mark:
    """The numbers at a moment."""

    numbers: dict[str, Any]  # table -> number; what changes by itself has its next moment beside it
    today: date
    until: float  # from then on something changes by itself
    stamp: int

    @property
    def written(self) -> dict[str, int]:
        """The numbers as the database holds them."""
        alone = {name: number[0] if name in _moments else number for name, number in self.numbers.items()}
        return {name: number for name, number in alone.items() if number}

    def of(self, names: Iterable[str]) -> dict[str, Any]:
        """The numbers of some tables, and the day."""
        return {"": self.today, **{name: self.numbers.get(name, 0) for name in names}}

    def agrees(self, with_numbers: dict[str, Any]) -> bool:
        """Whether nothing that has these numbers has changed."""
        return with_numbers == self.of(name for name in with_numbers if name)


class Versions:
    """What this process knows of the numbers; ``current()`` is right at the time of asking."""

    def __init__(self) -> None:
        self.mark: Mark | None = None
        self.away_until = 0.0
        self._lock = threading.Lock()
        self._ear: Ear | None = None

    def current(self) -> Mark:
        """The numbers now, by a query only where they may have changed; one of ``Away`` where they cannot be known."""
        mark = self.mark
        if mark is not None and self.is_sure and time.time() < mark.until and stamp() == mark.stamp:
            return mark
        return self._read()

    @property
    def is_sure(self) -> bool:
        """Whether other machines are heard, and have said nothing new."""
        return self._ear is not None and self._ear.is_quiet()

    def _read(self) -> Mark:
        with self._lock:
            if self._ear is None:
                self._ear = Ear.to(connection)
            if self._ear.finds_it_away() or time.monotonic() < self.away_until:
                raise OperationalError("The database was away a moment ago.")
            self._ear.forget()  # first: what is heard while reading is read again
            moved = stamp()
            try:
                numbers = dict(Version.objects.values_list("name", "number"))
                moments = {table: self._moment(table, numbers.get(table, 0)) for table in _moments}
            except Away:
                self.away_until = time.monotonic() + PAUSE
                raise
            finally:
                if not connection.in_atomic_block:
                    connection.close()  # back into the pool
            numbers |= {table: (numbers.get(table, 0), moment) for table, moment in moments.items()}
            today = timezone.localdate()
            midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), datetime.min.time()))
            until = min(moment.timestamp() for moment in (midnight, *moments.values()) if moment)
            known = self.mark
            # The same object as long as nothing changed, so that pages compare by identity.
            if known and (known.numbers, known.today, known.stamp) == (numbers, today, moved):
                return known
            self.mark = Mark(numbers, today, until, moved)
            return self.mark

    def _moment(self, table: str, number: int) -> datetime | None:
        """The next moment of ``table``; asked for only where it can be another."""
        known = self.mark and self.mark.numbers[table]
        if known and known[0] == number and (known[1] is None or known[1] > timezone.now()):
            return known[1]
        return _moments[table]()

    def fail(self) -> None:
        """Somebody found the database away."""
        self.away_until = time.monotonic() + PAUSE

    def close(self) -> None:
        """Listen no longer; whoever asks next listens anew."""
        if self._ear is not None:
            self._ear.close()
            self._ear = None


class Ear:
    """Hears nothing and need not: SQLite has no other machines, and the stamp says all."""

    def finds_it_away(self) -> bool:
        """Whether the database is away."""
        return False

    def is_quiet(self) -> bool:
        """Whether it is certain that no other machine has written."""
        return True

    def forget(self) -> None:
        """What was heard is being read."""

    def close(self) -> None:
        """Listen no longer."""

    @staticmethod
    def to(database: BaseDatabaseWrapper) -> "Ear":
        """The one that fits ``database``."""
        return Listener(database) if database.vendor == "postgresql" else Ear()


class Listener(Ear):
    """A thread that listens to PostgreSQL, on a connection of its own, for as long as the process lives.

    While the database is away it is the one that looks for it.
    """

    def __init__(self, database: BaseDatabaseWrapper):
        self._parameters = database.get_connection_params()
        for name in ("cursor_factory", "context"):
            self._parameters.pop(name, None)
        self._heard = True
        self._alive_until = 0.0
        self._away = False
        self._looked = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="versions", daemon=True)
        self._thread.start()

    def finds_it_away(self) -> bool:
        # While it looks, whoever asks waits for what it finds: a pool that has lost its connections waits longer.
        self._looked.wait(LOOKING)
        return self._away

    def is_quiet(self) -> bool:
        return not self._heard and time.monotonic() < self._alive_until

    def forget(self) -> None:
        self._heard = False

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _listen(self) -> None:
        import psycopg  # which SQLite does without

        # Who hears itself hears the others: behind a pooler that gives each statement another connection it does not.
        own = f"{CHANNEL}_{uuid4().hex}"
        while not self._closed.is_set():
            try:
                with psycopg.connect(**self._parameters, autocommit=True) as channel:
                    channel.execute(f"LISTEN {CHANNEL}")
                    channel.execute(f"LISTEN {own}")
                    self._heard = True  # whatever was said before
                    self._away = False
                    self._looked.set()
                    while not self._closed.is_set():
                        said = time.monotonic()
                        channel.execute(f"NOTIFY {own}")
                        for told in channel.notifies(timeout=HEARTBEAT):
                            if told.channel == own:
                                self._alive_until = said + 3 * HEARTBEAT
                            else:
                                self._heard = True
            except psycopg.Error as error:
                if self._alive_until:
                    log.warning("The database cannot be heard: %s", error)
                if self._alive_until:  # lost: it may be there again at once
                    self._looked.clear()
                    self._alive_until = 0.0
                else:
                    self._away = True
                    self._looked.set()
                    self._closed.wait(HEARTBEAT / 4)
