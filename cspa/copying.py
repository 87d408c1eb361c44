"""Rows into a table by COPY, which neither builds nor reads a statement as long as they are."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def copy(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, each the values of the fields ``names`` (of a key ``…_id``); by bulk_create on SQLite.

    PostgreSQL takes a row in while ``rows`` makes the next. Who writes past the ORM so also does what its signals and
    ``cspa.versions.written`` would.
    """
    if connection.vendor != "postgresql":
        model._base_manager.bulk_create(model(**dict(zip(names, row, strict=True))) for row in rows)
        return
    quote = connection.ops.quote_name
    fields = [model._meta.get_field(name) for name in names]
    columns = ", ".join(quote(field.column) for field in fields)
    statement = f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as there:
        for row in rows:
            values = zip(fields, row, strict=True)
            there.write_row([field.get_db_prep_save(value, connection) for field, value in values])
