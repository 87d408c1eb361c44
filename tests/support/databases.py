"""Template of the migrated test database, shared by all workers of a run."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection


class Template:
    """A copy of the migrated test database of the first worker."""

    def __init__(self, shared: Path) -> None:
        """``shared`` is a folder that all workers of the run can access."""
        # On PostgreSQL this file is empty: it marks that the template exists.
        self.file = shared / "template.sqlite3"
        self.lock = shared / "template.lock"
        self.name = f"test_template_{shared.name}".replace("-", "_")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file lock of the run, so that the other workers wait."""
        with self.lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def exists(self) -> bool:
        return self.file.exists()

    def make(self) -> None:
        """Create the template from the database of this worker."""
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(self.file)) as template:
                connection.connection.backup(template)
            return
        connection.close()
        connection.close_pool()
        own = connection.settings_dict["NAME"]
        with connection._nodb_cursor() as cursor:
            # A killed run leaves its template in a cluster that still runs.
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}"')
            cursor.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{own}"')
        self.file.touch()

    def drop(self) -> None:
        """Delete the template. A worker that starts later creates another."""
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{self.name}"')
        self.file.unlink()

    @contextmanager
    def instead_of_migrate(self) -> Iterator[None]:
        """Replace the migrate command by a copy of the template while Django creates the database of this worker."""

        def call_command(name: str, **options: Any) -> None:
            if name == "migrate" and connection.vendor == "sqlite":
                connection.ensure_connection()
                with closing(sqlite3.connect(self.file)) as template:
                    template.backup(connection.connection)

        if connection.vendor == "postgresql":
            connection.settings_dict["TEST"]["TEMPLATE"] = self.name
        with mock.patch("django.core.management.call_command", call_command):
            yield
