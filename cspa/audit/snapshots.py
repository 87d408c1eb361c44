"""Snapshots of rows as JSON values: reading them, and restoring a row from one."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import batched
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from .registry import m2m_columns, recorded_columns, recorded_m2m

# Rows of a query.
BATCH = 500

# Name of a column or of a many-to-many field -> JSON value.
type Snapshot = dict[str, Any]


def snapshots(model: type[models.Model], keys: Iterable[int]) -> dict[int, Snapshot]:
    """The snapshots of the rows of ``model`` with these primary keys. A row that does not exist has none."""
    found: dict[int, Snapshot] = {}
    names = {field.attname: field.name for field in recorded_columns(model)}
    for batch in batched(keys, BATCH):
        for row in model._base_manager.filter(pk__in=batch).values("pk", *names):
            key = row.pop("pk")
            found[key] = {names[attname]: _json_value(value) for attname, value in row.items()}
        for relation in recorded_m2m(model):
            for snapshot in (found[key] for key in batch if key in found):
                snapshot[relation.name] = []
            through, own, other = m2m_columns(relation)
            rows = through._base_manager.filter(**{f"{own}__in": batch})
            for key, connected in rows.order_by(other).values_list(own, other):
                if key in found:
                    found[key][relation.name].append(connected)
    return found


def blank_snapshot(model: type[models.Model]) -> Snapshot:
    """The snapshot of a new row of ``model`` with the default values."""
    row = model()
    columns = {field.name: _json_value(getattr(row, field.attname)) for field in recorded_columns(model)}
    return columns | {relation.name: [] for relation in recorded_m2m(model)}


def _json_value(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def apply_snapshot(row: models.Model, snapshot: Snapshot) -> dict[str, list[int]]:
    """Set the columns of ``row`` without saving it. Return the many-to-many values, for ``apply_m2m()`` after saving.

    Columns that the model no longer has are ignored.
    """
    connections = {}
    for name, value in snapshot.items():
        try:
            # Snapshots contain columns and many-to-many fields only.
            field = cast("models.Field[Any, Any]", row._meta.get_field(name))
        except FieldDoesNotExist:
            continue
        if field.many_to_many:
            connections[name] = value
        else:
            setattr(row, field.attname, value if field.is_relation else field.to_python(value))
    return connections


def apply_m2m(row: models.Model, connections: dict[str, list[int]]) -> None:
    """Set the many-to-many values of the saved ``row``. Rows that no longer exist are omitted."""
    for name, keys in connections.items():
        others = cast("type[models.Model]", row._meta.get_field(name).related_model)._base_manager
        getattr(row, name).set(others.filter(pk__in=keys))
