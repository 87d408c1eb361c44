"""Change notifiers: whether another machine may have written since the versions were last read."""

import logging
import threading
import time
from uuid import uuid4

from django.db.backends.base.base import BaseDatabaseWrapper

from .triggers import CHANNEL

# Between signs of life on the channel; after three without one the channel counts as broken.
HEARTBEAT_SECONDS = 1.0
# How long a reader waits while the listener finds out whether the database is there.
PROBE_SECONDS = 3.0

log = logging.getLogger(__name__)


class ChangeNotifier:
    """Null notifier for SQLite: every process that writes through Django touches the change marker of the machine."""

    def is_database_down(self) -> bool:
        return False

    def is_current(self) -> bool:
        """Whether certainly no other machine has written since ``acknowledge``."""
        return True

    def acknowledge(self) -> None:
        """Forget the notifications so far. Call it *before* the versions are read: a later one means a new read."""

    def close(self) -> None:
        """Stop listening."""


class PostgresListener(ChangeNotifier):
    """A thread that listens on a connection of its own, as long as the process lives.

    While the database is down, this thread alone looks for it.
    """

    def __init__(self, database: BaseDatabaseWrapper):
        self._parameters = database.get_connection_params()
        for name in ("cursor_factory", "context"):
            self._parameters.pop(name, None)
        self._is_notified = True
        # On the monotonic clock, by the last heartbeat.
        self._alive_until = 0.0
        self._is_down = False
        self._probed = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="table-versions", daemon=True)
        self._thread.start()

    def is_database_down(self) -> bool:
        # A pool that has lost its connections would make the caller wait longer than this probe.
        self._probed.wait(PROBE_SECONDS)
        return self._is_down

    def is_current(self) -> bool:
        return not self._is_notified and time.monotonic() < self._alive_until

    def acknowledge(self) -> None:
        self._is_notified = False

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _listen(self) -> None:
        # SQLite does without.
        import psycopg

        # Behind a pooler that gives each statement another connection, LISTEN hears nothing. A heartbeat to a channel
        # of our own tells: it counts only when it arrives.
        heartbeat = f"{CHANNEL}_{uuid4().hex}"
        while not self._closed.is_set():
            try:
                with psycopg.connect(**self._parameters, autocommit=True) as channel:
                    channel.execute(f"LISTEN {CHANNEL}")
                    channel.execute(f"LISTEN {heartbeat}")
                    # A notification may have been lost before.
                    self._is_notified = True
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
    return PostgresListener(database) if database.vendor == "postgresql" else ChangeNotifier()
