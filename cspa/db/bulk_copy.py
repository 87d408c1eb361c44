"""Bulk insert that streams rows into a table, by COPY on PostgreSQL."""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any, cast

from django.db import connection, models


def bulk_copy(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, each a sequence of values for the fields ``names`` (``…_id`` for a foreign key).

    Memory is constant: COPY on PostgreSQL consumes the iterable row by row, executemany on SQLite in batches. Signals
    are not sent, and the caller must call ``cspa.cache.versions.touch_on_commit``.
    """
    quote = connection.ops.quote_name
    fields = [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]
    table, columns = quote(model._meta.db_table), ", ".join(quote(cast("str", field.column)) for field in fields)
    values = (
        [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)] for row in rows
    )
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            places = ", ".join("%s" for _ in fields)
            for batch in batched(values, 1_000):
                cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", batch)
