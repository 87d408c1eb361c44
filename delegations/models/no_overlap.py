"""Rows of a succession do not overlap in time: a constraint of both databases, and the same rule for unsaved rows."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint

from ..dates import EARLIEST, LATEST

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from .periods import Period


class NoOverlap(BaseConstraint):
    """A constraint: rows with equal ``fields`` do not overlap in time. The database enforces it.

    ``only`` limits it to rows with one of the given values in a column, by column. The column is one of ``fields``.

    PostgreSQL has exclusion constraints for this. SQLite gets two triggers. Django rebuilds a SQLite table by copying
    it, which drops the triggers and then asks every constraint for its SQL again, so they are recreated.
    """

    def __init__(
        self,
        *,
        fields: Iterable[str],
        name: str,
        only: dict[str, Sequence[str]] | None = None,
        violation_error_message: "StrOrPromise | None" = None,
        violation_error_code: str = "overlap",
    ):
        super().__init__(
            name=name,
            violation_error_message=violation_error_message,
            violation_error_code=violation_error_code,
        )
        self.fields = tuple(fields)
        self.only = {name: tuple(map(str, values)) for name, values in (only or {}).items()}

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        only = {"only": self.only} if self.only else {}
        return path, args, {**kwargs, "fields": self.fields, **only}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NoOverlap):
            return (self.name, self.fields, self.only) == (other.name, other.fields, other.only)
        return NotImplemented

    __hash__ = BaseConstraint.__hash__

    def constraint_sql(  # type: ignore[override]  # Django never passes None, and takes None
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> str | None:
        if schema_editor.connection.vendor == "postgresql":
            return f"CONSTRAINT {schema_editor.quote_name(self.name)} {self._exclusion(model, schema_editor)}"
        # The statement is deferred because SQLite creates the table under a temporary name and renames it afterwards.
        schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        return None

    def create_sql(  # type: ignore[override]  # Django never passes None, and takes a Statement
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement:
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s %(exclusion)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            exclusion=self._exclusion(model, schema_editor),
        )

    def remove_sql(  # type: ignore[override]  # Django never passes None, and takes a Statement
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement:
        # The stubs omit the private methods.
        editor: Any = schema_editor
        statement: Statement = editor._delete_constraint_sql(
            editor.sql_delete_check, model, editor.quote_name(self.name)
        )
        return statement

    def guards(self, row: Any) -> bool:
        """Whether the constraint is about ``row``."""
        return all(getattr(row, name) in values for name, values in self.only.items())

    def _guarded(self, row: str, schema_editor: BaseDatabaseSchemaEditor) -> str:
        """SQL of ``guards()``, to follow another condition; ``row`` is the prefix of its columns."""
        return "".join(
            f" AND {row}{schema_editor.quote_name(name)} IN ({', '.join(map(schema_editor.quote_value, values))})"
            for name, values in self.only.items()
        )

    def _columns(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> list[str]:
        columns = (cast("models.Field[Any, Any]", model._meta.get_field(name)).column for name in self.fields)
        return [schema_editor.quote_name(cast("str", column)) for column in columns]

    def _exclusion(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        same = ", ".join(f"{column} WITH =" for column in self._columns(model, schema_editor))
        first = f"""COALESCE("start", "blocks_until" - 1, DATE '{LATEST}')"""
        period, certain = f'daterange({first}, "blocks_until")', 'NOT ("ended" AND "start" IS NULL)'
        guarded = self._guarded("", schema_editor)
        return f"EXCLUDE USING gist ({same}, {period} WITH &&) WHERE ({certain}{guarded})"

    def _triggers(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> list[Statement]:
        same = " AND ".join(f"other.{column} = NEW.{column}" for column in self._columns(model, schema_editor))
        first, until = (
            f"""COALESCE({{row}}."start", date({{row}}."blocks_until", '-1 day'), '{LATEST}')""",
            f"""COALESCE({{row}}."blocks_until", '{LATEST + timedelta(days=1)}')""",
        )
        (start, end), (new_start, new_end) = (
            (first.format(row=row), until.format(row=row)) for row in ("other", "NEW")
        )
        # A row that ended without any date, or whose period is empty, holds no day and so overlaps nothing.
        overlapping = f"""
            SELECT 1 FROM %(table)s AS other
            WHERE other."id" <> NEW."id" AND {same}
              AND {start} < {new_end} AND {new_start} < {end}
              AND {start} < {end} AND {new_start} < {new_end}
              AND NOT (other."ended" AND other."start" IS NULL)
              AND NOT (NEW."ended" AND NEW."start" IS NULL){self._guarded("NEW.", schema_editor)}
        """
        refuse = f"SELECT RAISE(ABORT, 'constraint failed: {self.name}')"
        return [
            Statement(
                f"CREATE TRIGGER %(name)s AFTER {event} ON %(table)s WHEN EXISTS ({overlapping}) BEGIN {refuse}; END",
                table=Table(model._meta.db_table, schema_editor.quote_name),
                name=schema_editor.quote_name(f"{self.name}_{event.lower()}"),
            )
            for event in ("INSERT", "UPDATE")
        ]

    def validate(
        self,
        model: type[models.Model],
        instance: Any,
        exclude: Iterable[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raise ValidationError for an overlap, so that a form shows it. In a race the database refuses the row."""
        if exclude and {*self.fields, "start", "end"}.intersection(exclude):
            return
        if not self.guards(instance):
            return
        columns = (cast("models.Field[Any, Any]", model._meta.get_field(name)).attname for name in self.fields)
        same = {name: getattr(instance, name) for name in columns}
        if None in same.values():
            return
        rows: models.QuerySet[Any] = model._default_manager.using(using).filter(**same).exclude(pk=instance.pk)
        if any(overlap(instance, row) for row in rows):
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)


def no_overlaps(model: "type[Period]") -> list[NoOverlap]:
    return [constraint for constraint in model._meta.constraints if isinstance(constraint, NoOverlap)]


def overlap(one: "Period", other: "Period") -> bool:
    """Whether no succession may hold both rows, as in the NoOverlap constraint."""
    (start, end), (other_start, other_end) = blocked_range(one), blocked_range(other)
    return max(start, other_start) < min(end, other_end)


def blocked_range(row: "Period") -> tuple[date, date]:
    """The days that no other row of the succession may hold: a half-open range, perhaps an empty one.

    Of a row without a start only the last day is certain; of one without an end as well, that it holds at last.
    """
    if row.ended and not row.start:
        return EARLIEST, EARLIEST
    until = row.computed_blocks_until()
    last = until - timedelta(days=1) if until else LATEST
    return row.start or last, until or LATEST + timedelta(days=1)
