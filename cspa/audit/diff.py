"""What differs between two states of a record, column by column, in words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ..models import RowChange
from ..richtext import plain
from .registry import m2m_columns, recorded_m2m
from .snapshots import Snapshot

NOTHING = "–"


@dataclass(frozen=True)
class FieldDiff:
    """What a column said and says, in words."""

    label: str
    before: str
    after: str


def label(column: "models.Field[Any, Any] | models.ManyToManyRel") -> str:
    """The name of ``column``, with its language where there is one column for each."""
    if isinstance(column, models.ManyToManyRel):
        through, _own, _other = m2m_columns(column)
        return capfirst(str(through._meta.verbose_name_plural))
    language = next((str(name) for code, name in settings.LANGUAGES if column.name.endswith(f"_{code}")), None)
    return capfirst(column.verbose_name) + (f" ({language})" if language else "")


def display_value(column: "models.Field[Any, Any] | None", value: Any) -> str:
    """``value`` of ``column`` as somebody reads it; rich text without its markup. None: a value of no column."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, models.Manager | models.QuerySet):
        value = list(value.all())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or NOTHING
    if value in (None, ""):
        return NOTHING
    if column is not None and column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(value, datetime):
        return localize(localtime(value))
    if isinstance(value, date):
        return localize(value)
    return plain(value) if isinstance(value, str) and "<p>" in value else str(value)


def find_field(model: type[models.Model], name: str) -> "models.Field[Any, Any] | None":
    """The column or connection ``name``; None where the model has none."""
    try:
        return cast("models.Field[Any, Any]", model._meta.get_field(name))
    except FieldDoesNotExist:
        return None


def is_editable(column: "models.Field[Any, Any] | models.ManyToManyRel | None") -> bool:
    """Whether forms show ``column``."""
    return isinstance(column, models.ManyToManyRel) or getattr(column, "editable", False)


def with_display_relations(model: type[models.Model]) -> models.QuerySet[Any]:
    """The rows of ``model``, read with what their names need."""
    rows, names = model._base_manager.all(), list(required_relations(model))
    return rows.select_related(*names) if names else rows


def required_relations(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """What every row of ``model`` belongs to, and that again: person, chamber, chamber__parliament."""
    for column in model._meta.concrete_fields:
        if depth and column.related_model and not column.null:
            yield column.name
            yield from (f"{column.name}__{name}" for name in required_relations(column.related_model, depth - 1))


class DisplayNames:
    """Reads the names of all rows that ``states`` of ``model`` point at: one query for each kind of row."""

    def __init__(self, states: Iterable[tuple[type[models.Model], Snapshot | None]]):
        wanted: dict[type[models.Model], set[int]] = defaultdict(set)
        for model, state in states:
            for name, value in (state or {}).items():
                field = find_field(model, name)
                if field is not None and field.related_model and value:
                    wanted[field.related_model].update(value if field.many_to_many else [value])
        self.rows = {model: with_display_relations(model).in_bulk(keys) for model, keys in wanted.items()}

    def differences(
        self, model: type[models.Model], before: Snapshot | None, after: Snapshot | None, editable: bool = False
    ) -> list[FieldDiff]:
        """The columns in which ``before`` and ``after`` differ, in the order of the model.

        ``editable``: only those that forms show.
        """
        old, new = (_shown(model, state) for state in (before, after))
        order = [column.name for column in (*model._meta.concrete_fields, *recorded_m2m(model))]
        found = []
        for name in sorted({*old, *new} & {*order}, key=order.index):
            column = cast("models.Field[Any, Any] | models.ManyToManyRel", model._meta.get_field(name))
            if old.get(name) != new.get(name) and (is_editable(column) or not editable):
                words = [self.display_value(column, state.get(name)) for state in (old, new)]
                found.append(FieldDiff(label(column), *words))
        return found

    def display_value(self, column: "models.Field[Any, Any] | models.ManyToManyRel", value: Any) -> str:
        """A JSON value of the journal as somebody reads it."""
        if column.related_model:
            keys = (value or []) if column.many_to_many else [value] if value is not None else []
            rows = self.rows.get(column.related_model, {})
            unknown = column.related_model._meta.verbose_name
            return ", ".join(str(rows.get(key, f"{unknown} {key}")) for key in keys) or NOTHING
        if isinstance(value, str) and isinstance(column, models.DateField):
            try:
                value = column.to_python(value)
            except ValidationError:
                return str(value)  # already in words
        return display_value(cast("models.Field[Any, Any]", column), value)  # a relation has returned above


def _shown(model: type[models.Model], state: Snapshot | None) -> Snapshot:
    """``state`` as people read it: a model may join columns that mean one thing (``shown``)."""
    return getattr(model, "shown", dict)(state or {})


def diffs_of_changes(changes: Iterable[RowChange]) -> dict[int, list[FieldDiff]]:
    """What each of ``changes`` did, by its primary key; nothing of a row that is new."""
    known = [(change, model) for change in changes if (model := change.content_type.model_class())]
    words = DisplayNames((model, state) for change, model in known for state in (change.before, change.after))
    return {change.pk: words.differences(model, change.before, change.after) for change, model in known}
