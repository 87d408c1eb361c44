"""Rows into a table without a statement as long as they are: by COPY, where there is one."""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any, cast

from django.db import connection, models


def copy(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, each the values of the fields ``names`` (of a key ``…_id``); on SQLite by INSERT.

    PostgreSQL takes a row in while ``rows`` makes the next. Who writes past the ORM so also does what its signals and
    ``cspa.cache.versions.touch_on_commit`` would.
    """
    quote = connection.ops.quote_name
    fields = [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]
    table, columns = quote(model._meta.db_table), ", ".join(quote(cast("str", field.column)) for field in fields)
    values = (
        [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)] for row in rows
    )
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as there:
                for row in values:
                    there.write_row(row)
        else:
            places = ", ".join("%s" for _ in fields)
            for some in batched(values, 1_000):
                cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", some)
