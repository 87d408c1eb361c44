"""Table versions: numbers that tell whether what was read from the database may have changed.

Triggers raise the number of a table with every change (``triggers``). Whoever reads the numbers before the rows knows
from them at any later time whether the rows may have changed. Reading them costs a query, which a process saves while
the change marker and the listener show no sign of a change.
"""

import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from cspa.models import TableVersion

from . import triggers
from .listener import ChangeNotifier, change_notifier

# How long a database that is down is not asked again.
RETRY_SECONDS = 1.0
# In nanoseconds: every file system can store the years until 2038.
LATEST_FILE_TIME = 2**31 * 10**9
# Only imports send longer statements, and none of them twice.
MAX_REMEMBERED_SQL = 10_000

DATABASE_ERRORS = (OperationalError, InterfaceError)

log = logging.getLogger(__name__)


# Which tables have a version

_tracked_apps: list[AppConfig] = []
_untracked_models: set[type[Model]] = set()
_scheduled_changes: dict[str, Callable[[], datetime | None]] = {}


def track_tables(app: AppConfig, exclude: Iterable[type[Model]] = ()) -> None:
    """Give the tables of ``app`` versions, except those of ``exclude``; call it in ``ready()``.

    Pages that read any other table are not cached.
    """
    _tracked_apps.append(app)
    _untracked_models.update(exclude)
    tracked_tables.cache_clear()


@cache
def tracked_tables() -> frozenset[str]:
    """The tables that have a version."""
    models = [model for app in _tracked_apps for model in app.get_models(include_auto_created=True)]
    tracked = [model for model in models if model._meta.managed and not model._meta.proxy]
    return frozenset(model._meta.db_table for model in tracked if model not in _untracked_models)


def register_scheduled_change(table: str, next_change: Callable[[], datetime | None]) -> None:
    """Let pages that read ``table`` become stale at ``next_change()``, though nobody writes; None: at no time."""
    _scheduled_changes[table] = next_change


def install_triggers(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Receiver of ``post_migrate``; SQLite drops the triggers of a table that a migration rebuilds."""
    triggers.install(tracked_tables(), using)


def tables_in(sql: str) -> frozenset[str]:
    """The tables that a statement names, with a version or without."""
    return _tables_in(sql) if len(sql) <= MAX_REMEMBERED_SQL else _tables_in.__wrapped__(sql)


@lru_cache(maxsize=1000)
def _tables_in(sql: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", sql)) & _all_tables()


@cache
def _all_tables() -> frozenset[str]:
    """The tables of all models, without that of the versions: no page shows them."""
    tables = frozenset(model._meta.db_table for model in apps.get_models(include_auto_created=True))
    return tables - {TableVersion._meta.db_table}


_tables_read: ContextVar[set[str] | None] = ContextVar("tables_read", default=None)


@contextmanager
def tables_read() -> Iterator[set[str]]:
    """Collect the tables that statements of this thread name; an outer block collects them too."""
    tables: set[str] = set()

    def collect(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        tables.update(tables_in(str(sql)))
        return execute(sql, params, many, context)

    token = _tables_read.set(tables)
    try:
        with ExitStack() as stack:
            for database in connections.all():
                stack.enter_context(database.execute_wrapper(collect))
            yield tables
    finally:
        _tables_read.reset(token)
        add_tables_read(tables)


def add_tables_read(tables: Iterable[str]) -> None:
    """Count ``tables`` as read by the innermost block of ``tables_read()``: they were read for it earlier."""
    if (reading := _tables_read.get()) is not None:
        reading.update(tables)


# The change marker: a file whose time tells all processes of a machine that one of them has written. The time is a
# random number: a clock that is set back would repeat an earlier one.


def change_marker() -> int:
    """The time of the change marker in nanoseconds; 0 where nobody has written."""
    try:
        return os.stat(settings.CHANGE_MARKER_FILE).st_mtime_ns
    except OSError:
        return 0


def touch_change_marker() -> None:
    """Tell the processes of this machine that versions may have changed."""
    number = secrets.randbelow(LATEST_FILE_TIME)
    try:
        Path(settings.CHANGE_MARKER_FILE).touch(mode=0o600)
        os.utime(settings.CHANGE_MARKER_FILE, ns=(number, number))
    except OSError:
        log.exception("The change marker %s cannot be touched.", settings.CHANGE_MARKER_FILE)


def connect_write_tracking(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of ``connection_created``: a commit of what was written through the connection touches the marker."""
    if track_writes not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, track_writes)


def track_writes(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute wrapper that touches the change marker when a write to a tracked table is committed."""
    result = execute(sql, params, many, context)
    if _is_write(str(sql)):
        touch_on_commit(context["connection"])
    return result


def _is_write(sql: str) -> bool:
    # Possessive quantifiers: each comment matches in one way only. Backtracking would take exponential time.
    comments = r"(?>\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*+"
    begins = rf"{comments}(?:WITH\b.*\b)?(?:INSERT|REPLACE|UPDATE|DELETE|TRUNCATE|COPY|MERGE)\b"
    return bool(re.match(begins, sql, re.DOTALL | re.IGNORECASE) and tables_in(sql) & tracked_tables())


def touch_on_commit(database: BaseDatabaseWrapper | None = None) -> None:
    """Touch the change marker at the commit of ``database``. COPY passes by execute wrappers and must call this."""
    database = database or connection
    if not database.in_atomic_block:
        touch_change_marker()
    elif not any(waiting[1] is touch_change_marker for waiting in database.run_on_commit):
        database.on_commit(touch_change_marker)


# The versions, as a process knows them


@dataclass(frozen=True, eq=False)
class TableVersions:
    """A snapshot of the versions of all tables, and of the day, on which pages depend too."""

    # A table with a scheduled change has its next moment beside the number.
    numbers: dict[str, Any]
    today: date
    # Both in seconds since 1970: the moment of the read, and the next midnight or scheduled change.
    read_at: float
    valid_until: float
    marker: int

    @property
    def is_of_now(self) -> bool:
        """Whether the clock has neither reached the next change nor been set back since the read."""
        return self.read_at <= time.time() < self.valid_until

    @property
    def stored(self) -> dict[str, int]:
        """The numbers as the database holds them."""
        alone = {name: number[0] if name in _scheduled_changes else number for name, number in self.numbers.items()}
        return {name: number for name, number in alone.items() if number}

    def subset(self, tables: Iterable[str]) -> dict[str, Any]:
        """The versions of ``tables``, and the day under the empty name."""
        return {"": self.today, **{name: self.numbers.get(name, 0) for name in tables}}

    def matches(self, subset: dict[str, Any]) -> bool:
        """Whether an earlier ``subset`` is unchanged."""
        return subset == self.subset(name for name in subset if name)


class VersionTracker:
    """The versions that this process knows; ``current()`` reads them again only after a sign of a change."""

    def __init__(self) -> None:
        self.known: TableVersions | None = None
        # On the monotonic clock.
        self.down_until = 0.0
        self._lock = threading.Lock()
        self._notifier: ChangeNotifier | None = None

    def current(self) -> TableVersions:
        """The versions now; raises one of DATABASE_ERRORS where they cannot be known."""
        return self.known_current() or self._read()

    def known_current(self) -> TableVersions | None:
        """The versions as last read; None after a sign of a change."""
        known = self.known
        if known is not None and self.hears_changes and known.is_of_now and change_marker() == known.marker:
            return known
        return None

    @property
    def hears_changes(self) -> bool:
        """Whether changes of other machines are heard, and none was heard since the last read."""
        return self._notifier is not None and self._notifier.is_current()

    def mark_database_down(self) -> None:
        """Ask no more for RETRY_SECONDS: a page has found the database down."""
        self.down_until = time.monotonic() + RETRY_SECONDS

    def close(self) -> None:
        """Stop listening until the next ``current()``."""
        if self._notifier is not None:
            self._notifier.close()
            self._notifier = None

    def _read(self) -> TableVersions:
        with self._lock:
            if self._notifier is None:
                self._notifier = change_notifier(connection)
            if self._notifier.is_database_down() or time.monotonic() < self.down_until:
                raise OperationalError("The database was down a moment ago.")
            # Both before the query: a change that is committed while it runs must lead to another read.
            self._notifier.acknowledge()
            marker = change_marker()
            read_at = time.time()
            try:
                numbers = dict(TableVersion.objects.values_list("name", "number"))
                moments = {table: self._next_change(table, numbers.get(table, 0)) for table in _scheduled_changes}
            except DATABASE_ERRORS:
                self.mark_database_down()
                raise
            finally:
                if not connection.in_atomic_block:
                    # Back into the pool.
                    connection.close()
            numbers |= {table: (numbers.get(table, 0), moment) for table, moment in moments.items()}
            today = timezone.localdate(datetime.fromtimestamp(read_at, UTC))
            midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), datetime.min.time()))
            valid_until = min(moment.timestamp() for moment in (midnight, *moments.values()) if moment)
            known = self.known
            # The same object where nothing changed, so that pages can compare by identity.
            if known and known.is_of_now and (known.numbers, known.marker) == (numbers, marker):
                return known
            self.known = TableVersions(numbers, today, read_at, valid_until, marker)
            return self.known

    def _next_change(self, table: str, number: int) -> datetime | None:
        """The next scheduled change of ``table``; a query only where it can have moved."""
        known = self.known
        if known is not None and known.is_of_now and known.numbers[table][0] == number:
            return known.numbers[table][1]
        return _scheduled_changes[table]()
