"""How long the site waits for the database. Commands, such as an import or a migration, wait as long as it takes.

Without these limits, a lock or a server that does not answer keeps the threads of the site until none is left.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

# Seconds until a writer who waits for another one is refused and gets the typed text back.
LOCK_SECONDS = 5
# Seconds of one statement.
STATEMENT_SECONDS = 10
# Seconds after which the server ends a transaction in which nothing happens, and so frees its locks.
IDLE_SECONDS = 60


def limit_waiting() -> None:
    """Limit how long the connections of this process wait. Call it before the first one is made."""
    for database in connections.settings.values():
        options = database["OPTIONS"]
        if database["ENGINE"].endswith("sqlite3"):
            options["timeout"] = LOCK_SECONDS
            continue
        # SQLite does without psycopg.
        from .bounded_connection import BoundedConnection

        options["pool"] |= {"connection_class": BoundedConnection}
        limits = {
            "lock_timeout": LOCK_SECONDS,
            "statement_timeout": STATEMENT_SECONDS,
            "idle_in_transaction_session_timeout": IDLE_SECONDS,
        }
        ours = " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())
        # The last value counts: an address may set others.
        options["options"] = f"{ours} {options.get('options', '')}".strip()


@contextmanager
def write_without_waiting() -> Iterator[None]:
    """Let a write fail at once with OperationalError while another connection to a SQLite database writes.

    On PostgreSQL writers of different rows do not wait for each other.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (milliseconds,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
