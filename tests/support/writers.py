"""Other writers of the test database: one that holds the write lock, and one that commits meanwhile."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.db import connection


@contextmanager
def write_lock(database: str) -> Iterator[None]:
    """Hold the write lock of a SQLite database, named as in the settings. In memory, writers fail at once."""
    with closing(sqlite3.connect(database, uri=True, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.execute("ROLLBACK")


def in_another_thread(function: Callable[[], Any]) -> None:
    """Run ``function`` on a connection of its own, and wait until it has ended."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []
