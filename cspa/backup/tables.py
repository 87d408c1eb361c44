"""Tables of a backup, and their rows as JSON values that both databases can load.

Rows bypass ``save()`` and signals, so that no value is computed, stamped or validated anew. The database computes
generated columns and SQLite's search index again from the same rows.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import batched
from typing import Any, cast
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.functions import Cast
from django.utils.duration import duration_iso_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .errors import BackupError

# A restored session would be valid again, even one that has been ended since the backup.
EXCLUDED_MODELS = {
    "sessions.Session": gettext_lazy("sign-ins: after a restore everybody signs in again"),
    "cspa.TableVersion": gettext_lazy("numbers that say when pages are made anew: they only grow"),
    "django_tasks_database.DBTaskResult": gettext_lazy("tasks of the worker: their files are not part of a backup"),
}
# Tables that `migrate` fills. The rows of a backup replace these rows and keep their own keys.
FILLED_BY_MIGRATE = {"contenttypes.ContentType", "auth.Permission", "auth.Group", "auth.Group_permissions"}
BATCH = 200


class RowChecksum:
    """Row count and checksum of a table; the checksum is independent of the order of the rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.total = 0

    def add(self, row: list) -> None:
        canonical = sha256(_json(row, sort_keys=True)).digest()
        self.rows += 1
        self.total = (self.total + int.from_bytes(canonical)) % 2**256

    def __str__(self) -> str:
        return f"{self.total:064x}"


class Table:
    """Table of a model, with access to its rows that bypasses the ORM's hooks."""

    def __init__(self, model: type[models.Model]):
        self.model = model
        self.name = model._meta.db_table
        self.fields = [field for field in model._meta.local_concrete_fields if not field.generated]
        # The type of `column` includes None, for fields without a column.
        self.columns = [cast("str", field.column) for field in self.fields]

    @property
    def filled_by_migrate(self) -> bool:
        return self.model._meta.label in FILLED_BY_MIGRATE

    def count(self) -> int:
        return models.QuerySet(self.model).count()

    def rows(self) -> Iterator[list]:
        """Rows as lists of JSON values, sorted by key; only a batch is in memory."""
        # Read JSON as text: the ORM returns None for both SQL's NULL and JSON's null.
        columns = [
            Cast(field.attname, models.TextField()) if _is_json(field) else field.attname for field in self.fields
        ]
        found: models.QuerySet[Any, Any] = models.QuerySet(self.model).order_by("pk").values_list(*columns)
        for values in found.iterator(chunk_size=BATCH):
            yield [self._json_value(field, value) for field, value in zip(self.fields, values, strict=True)]

    def sum(self) -> RowChecksum:
        rows = RowChecksum()
        for row in self.rows():
            rows.add(row)
        return rows

    def insert(self, rows: Iterable[list]) -> None:
        """Insert ``rows``, in the format of ``rows()``. Raise BackupError for a row that does not fit the table."""
        quoted = ", ".join(map(connection.ops.quote_name, self.columns))
        places = ", ".join(["%s"] * len(self.columns))
        statement = f"INSERT INTO {connection.ops.quote_name(self.name)} ({quoted}) VALUES ({places})"
        try:
            with connection.cursor() as cursor:
                for batch in batched(rows, BATCH):
                    cursor.executemany(statement, [self._parameters(row) for row in batch])
        except (ValidationError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise BackupError(_("A row of this table cannot be read: %(table)s") % {"table": self.name}) from error

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(self.name)}")

    def _json_value(self, field: models.Field, value: Any) -> Any:
        match value:
            case None:
                return None
            case _ if _is_json(field):
                return [json.loads(value)]
            case bool() | int() | float() | str():
                return value
            case datetime():
                return value.astimezone(UTC).isoformat()
            case date() | time():
                return value.isoformat()
            case UUID() | Decimal():
                return str(value)
            case timedelta():
                return duration_iso_string(value)
            case bytes() | memoryview():
                return b64encode(value).decode()
        raise BackupError(_("No backup can hold the values of this column: %(column)s") % {"column": field})

    def _parameters(self, row: list) -> list:
        return [self._parameter(field, value) for field, value in zip(self.fields, row, strict=True)]

    def _parameter(self, field: models.Field, value: Any) -> Any:
        if value is None:
            return None
        if _is_json(field):
            (value,) = value
            return connection.ops.adapt_json_value(value, None)
        return field.get_db_prep_save(field.to_python(value), connection)

    # Restore the last key as well: the audit log refers to rows by key, so keys of deleted rows must not be reused.

    @property
    def generates_keys(self) -> bool:
        return self.model._meta.auto_field in self.fields

    def last_key(self) -> int | None:
        """Last key that the database generated, 0 before the first; None if it generates no keys."""
        if not self.generates_keys:
            return None
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", self._sequence)
                cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")
                last, called = cursor.fetchone()
                return last if called else 0
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [self.name])
            return (cursor.fetchone() or (0,))[0]

    def set_last_key(self, last: int) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                sequence = "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)"
                cursor.execute(sequence, [*self._sequence, max(last, 1), last > 0])
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [self.name])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [self.name, last])

    @property
    def _sequence(self) -> list[str]:
        """Table and column from which PostgreSQL derives the name of the sequence."""
        # Callers check `generates_keys` first.
        key = cast("models.AutoField[Any, Any]", self.model._meta.auto_field)
        return [connection.ops.quote_name(self.name), cast("str", key.column)]


def tables() -> list[Table]:
    found = [
        Table(model)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label not in EXCLUDED_MODELS
    ]
    return sorted(found, key=lambda table: table.name)


def encode_row(row: list) -> bytes:
    return _json(row) + b"\n"


def _json(row: list, **options: Any) -> bytes:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), **options)
    return text.encode(errors="surrogatepass")


def _is_json(field: models.Field) -> bool:
    return isinstance(field, models.JSONField)
