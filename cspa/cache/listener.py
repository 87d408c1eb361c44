"""Change notifiers: whether somebody may have written since the versions were last read, without a change marker.

These are other machines, SQL by hand, and a process that was killed between its commit and the change marker.
"""

import logging
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db.backends.base.base import BaseDatabaseWrapper

from .triggers import CHANNEL

# Between signs of life on the channel; after three without one the channel counts as broken.
HEARTBEAT_SECONDS = 1.0
# How long a reader waits while the listener finds out whether the database is there.
PROBE_SECONDS = 3.0
# How often the file of a SQLite database is looked at.
POLL_SECONDS = 0.5

log = logging.getLogger(__name__)


class ChangeNotifier:
    """Null notifier for a database in memory, to which no other process can write."""

    def is_database_down(self) -> bool:
        return False

    def is_current(self) -> bool:
        """Whether certainly nobody has written since ``acknowledge``."""
        return True

    def acknowledge(self) -> None:
        """Forget the notifications so far. Call it *before* the versions are read: a later one means a new read."""

    def close(self) -> None:
        """Stop listening."""


class ThreadNotifier(ChangeNotifier):
    """A thread that listens on a connection of its own, as long as the process lives."""

    def __init__(self) -> None:
        self._is_notified = True
        # On the monotonic clock, by the last sign of life.
        self._alive_until = 0.0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="table-versions", daemon=True)
        self._thread.start()

    def is_current(self) -> bool:
        return not self._is_notified and time.monotonic() < self._alive_until

    def acknowledge(self) -> None:
        self._is_notified = False

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _listen(self) -> None:
        raise NotImplementedError


class SQLiteWatcher(ThreadNotifier):
    """Compares ``PRAGMA data_version``, which changes with every commit of another connection."""

    def __init__(self, file: Path):
        self._file = file.resolve()
        super().__init__()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                # Unlike Django's, this connection creates no file.
                with closing(sqlite3.connect(f"{self._file.as_uri()}?mode=rw", uri=True)) as database:
                    file, seen = self._file.stat(), None
                    # A restored copy is another file.
                    while not self._closed.is_set() and os.path.samestat(file, self._file.stat()):
                        began = time.monotonic()
                        version = database.execute("PRAGMA data_version").fetchone()
                        if version != seen:
                            seen, self._is_notified = version, True
                        self._alive_until = began + 3 * HEARTBEAT_SECONDS
                        self._closed.wait(POLL_SECONDS)
            except (OSError, sqlite3.Error) as error:
                log.warning("The changes of %s are not seen: %s", self._file, error)
                self._closed.wait(HEARTBEAT_SECONDS)


class PostgresListener(ThreadNotifier):
    """Hears the notifications of the triggers. While the database is down, this thread alone looks for it."""

    def __init__(self, database: BaseDatabaseWrapper):
        self._parameters = database.get_connection_params()
        for name in ("cursor_factory", "context"):
            self._parameters.pop(name, None)
        # The wrapper for PostgreSQL alone has a pool.
        self._database: Any = database
        self._is_down = False
        self._probed = threading.Event()
        super().__init__()

    def is_database_down(self) -> bool:
        # A pool that has lost its connections would make the caller wait longer than this probe.
        self._probed.wait(PROBE_SECONDS)
        return self._is_down

    def _listen(self) -> None:
        # SQLite does without.
        import psycopg

        from cspa.db.bounded_connection import BoundedConnection

        # Behind a pooler that gives each statement another connection, LISTEN hears nothing. A heartbeat to a channel
        # of our own tells: it counts only when it arrives.
        heartbeat = f"{CHANNEL}_{uuid4().hex}"
        was_lost = False
        while not self._closed.is_set():
            try:
                with BoundedConnection.connect(**self._parameters, autocommit=True) as channel:
                    # A database that hangs counts as down.
                    channel.response_seconds = PROBE_SECONDS
                    channel.execute(f"LISTEN {CHANNEL}")
                    channel.execute(f"LISTEN {heartbeat}")
                    # A notification may have been lost before.
                    self._is_notified = True
                    if was_lost:
                        # The server may have closed them all. A reader who gets two broken ones waits for a second.
                        self._database.pool.drain()
                    self._is_down = False
                    self._probed.set()
                    while not self._closed.is_set():
                        sent = time.monotonic()
                        channel.execute(f"NOTIFY {heartbeat}")
                        for notification in channel.notifies(timeout=HEARTBEAT_SECONDS):
                            if notification.channel == heartbeat:
                                self._alive_until = sent + 3 * HEARTBEAT_SECONDS
                            else:
                                self._is_notified = True
            except psycopg.Error as error:
                was_lost = True
                if self._alive_until:
                    log.warning("Lost the channel of changes: %s", error)
                    # The database may be back at once: readers wait for the next attempt.
                    self._probed.clear()
                    self._alive_until = 0.0
                else:
                    self._is_down = True
                    self._probed.set()
                    self._closed.wait(HEARTBEAT_SECONDS / 4)


def change_notifier(database: BaseDatabaseWrapper) -> ChangeNotifier:
    if database.vendor == "postgresql":
        return PostgresListener(database)
    name = str(database.settings_dict["NAME"])
    # The name that Django gives to the database of a test run.
    return ChangeNotifier() if "mode=memory" in name else SQLiteWatcher(Path(name))
