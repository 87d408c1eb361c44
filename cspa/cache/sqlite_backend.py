"""A cache in a file of SQLite: what the processes of a machine made, for one that starts without the database."""

import atexit
import logging
import pickle
import sqlite3
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

PAUSE = 0.05  # seconds between two writes
WAIT = 1.0  # seconds at most for another process
LOOK = 20  # writes, after which the file is made smaller where it has grown too large

log = logging.getLogger(__name__)

_TABLE = "CREATE TABLE IF NOT EXISTS entry (key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, until REAL NOT NULL)"
# A row that is replaced becomes the newest. The newest ones stay that have room together.
_TRIM = """
DELETE FROM entry WHERE until < ? OR rowid <= (
    SELECT max(rowid) FROM (SELECT rowid, sum(length(value)) OVER (ORDER BY rowid DESC) AS total FROM entry)
    WHERE total > ?
)
"""


class FileCache(BaseCache):
    """What was set last, up to the option MEGABYTES. Who sets does not wait: another thread writes, a moment later.

    So it costs a page a tenth of a millisecond. Django's own cache of files took a whole one.
    """

    def __init__(self, path: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._file = _file(Path(path).absolute(), params.get("OPTIONS", {}).get("MEGABYTES", 64) * 1024 * 1024)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._file.get(self.make_and_validate_key(key, version=version))
        return default if found is None else pickle.loads(found)  # noqa: S301  nobody else may write the file

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        until = self.get_backend_timeout(timeout)
        content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        name = self.make_and_validate_key(key, version=version)
        self._file.set(name, content, float("inf") if until is None else until)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._file.delete(self.make_and_validate_key(key, version=version))


class _File:
    """The file, as a process writes and reads it."""

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._waiting: dict[str, tuple[bytes, float]] = {}
        self._guard = threading.Lock()  # of what waits, held for an instant
        self._turn = threading.RLock()  # at the file, which is taken first where both are
        self._is_waiting = threading.Event()
        self._rows: sqlite3.Connection | None = None
        self._writes = 0
        self._thread: threading.Thread | None = None

    def get(self, key: str) -> bytes | None:
        with self._guard:
            found = self._waiting.get(key)
        if found is None:
            with self._turn:
                found = self._run("SELECT value, until FROM entry WHERE key = ?", key).fetchone()
        return found[0] if found and found[1] >= time.time() else None

    def set(self, key: str, content: bytes, until: float) -> None:
        with self._guard:
            self._waiting[key] = content, until
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on_writing, name="pages", daemon=True)
                self._thread.start()
                atexit.register(self.write)
        self._is_waiting.set()

    def delete(self, key: str) -> bool:
        with self._turn:
            with self._guard:
                waited = self._waiting.pop(key, None)
            # Asked first: every page that is not found comes by here, and reading waits for nobody who writes.
            is_there = self._run("SELECT 1 FROM entry WHERE key = ?", key).fetchone() is not None
            if is_there:
                self._run("DELETE FROM entry WHERE key = ?", key)
            return is_there or waited is not None

    def write(self) -> None:
        """Write what waits."""
        with self._turn:
            with self._guard:
                waiting = dict(self._waiting)
            if not waiting:
                return
            try:
                self._write([(key, content, until) for key, (content, until) in waiting.items()])
            except (sqlite3.Error, OSError):
                log.warning("The pages for a day without a database cannot be written: %s", self._path, exc_info=True)
                self._rows = None
            with self._guard:  # but for what was set anew
                self._waiting = {key: row for key, row in self._waiting.items() if waiting.get(key) is not row}

    def _write(self, rows: list[tuple[str, bytes, float]]) -> None:
        self._run("BEGIN IMMEDIATE")
        self._rows.executemany("INSERT OR REPLACE INTO entry (key, value, until) VALUES (?, ?, ?)", rows)
        if self._writes % LOOK == 0:
            self._run(_TRIM, time.time(), self._most)
        self._run("COMMIT")
        self._writes += 1

    def _go_on_writing(self) -> None:
        while True:
            self._is_waiting.wait()
            self._is_waiting.clear()
            self.write()
            time.sleep(PAUSE)

    def _run(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if self._rows is None:
            self._rows = self._open()
        return self._rows.execute(statement, parameters)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(0o600)
        rows = sqlite3.connect(self._path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        until = time.monotonic() + WAIT
        while True:
            try:
                rows.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                # Here SQLite does not wait: those that open a new file at once are told that it is locked.
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        rows.execute("PRAGMA synchronous = NORMAL")
        rows.execute(_TABLE)
        return rows


_file = cache(_File)  # one for all threads
