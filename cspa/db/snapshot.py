"""Snapshots: a page that is read within one shows the database before or after a commit, never a mixture."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction


@dataclass(eq=False)
class Snapshot:
    """A snapshot of the database ``alias``."""

    alias: str
    # Of its tables, once ``cspa.cache.computed`` has read them.
    table_versions: dict[str, int] | None = None


_snapshot: ContextVar[Snapshot | None] = ContextVar("snapshot", default=None)


def current_snapshot() -> Snapshot | None:
    """The snapshot that this thread reads; None where it reads none.

    Within a transaction that may write there is no snapshot: what it reads may be rolled back.
    """
    return _snapshot.get()


@contextmanager
def read_snapshot(alias: str) -> Iterator[None]:
    """Let this thread read the database ``alias`` as it is at the first query, whatever others commit meanwhile.

    What is written within the block is refused or discarded. Raises OperationalError where the database is down. A
    block within a transaction reads as that does.
    """
    database = connections[alias]
    if database.in_atomic_block:
        yield
        return
    with _deferred(database) if database.vendor == "sqlite" else nullcontext(), transaction.atomic(using=alias):
        if database.vendor == "postgresql":
            with database.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        token = _snapshot.set(Snapshot(alias))
        try:
            yield
        finally:
            _snapshot.reset(token)
            # Unlike a commit, this raises nothing where the connection was lost.
            transaction.set_rollback(True, using=alias)


@contextmanager
def _deferred(database: Any) -> Iterator[None]:
    """Begin transactions on SQLite as readers; an immediate one would wait for writers."""
    # Sets the mode of the settings.
    database.ensure_connection()
    mode, database.transaction_mode = database.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        database.transaction_mode = mode
