"""Field-by-field differences between two snapshots of a row, as display texts."""

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
from ..richtext import plain_text
from .registry import m2m_columns, recorded_m2m
from .snapshots import Snapshot

NOTHING = "–"


@dataclass(frozen=True)
class FieldDiff:
    """The label of a changed field with its old and new display texts."""

    label: str
    before: str
    after: str


def label(column: "models.Field[Any, Any] | models.ManyToManyRel") -> str:
    """The label of ``column``, with the language of a translated column."""
    if isinstance(column, models.ManyToManyRel):
        through, _own, _other = m2m_columns(column)
        return capfirst(str(through._meta.verbose_name_plural))
    language = next((str(name) for code, name in settings.LANGUAGES if column.name.endswith(f"_{code}")), None)
    return capfirst(column.verbose_name) + (f" ({language})" if language else "")


def display_value(column: "models.Field[Any, Any] | None", value: Any) -> str:
    """The display text of ``value``, without markup. ``column`` is None for a value that belongs to no column."""
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
    return plain_text(value) if isinstance(value, str) and "<p>" in value else str(value)


def find_field(model: type[models.Model], name: str) -> "models.Field[Any, Any] | None":
    try:
        return cast("models.Field[Any, Any]", model._meta.get_field(name))
    except FieldDoesNotExist:
        return None


def is_editable(column: "models.Field[Any, Any] | models.ManyToManyRel | None") -> bool:
    """Whether forms contain ``column``."""
    return isinstance(column, models.ManyToManyRel) or getattr(column, "editable", False)


def with_display_relations(model: type[models.Model]) -> models.QuerySet[Any]:
    """The rows of ``model`` with the relations that their ``__str__()`` reads."""
    rows, names = model._base_manager.all(), list(required_relations(model))
    return rows.select_related(*names) if names else rows


def required_relations(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """The non-null foreign keys of ``model``, followed to ``depth``: person, chamber, chamber__parliament."""
    for column in model._meta.concrete_fields:
        if depth and column.related_model and not column.null:
            yield column.name
            yield from (f"{column.name}__{name}" for name in required_relations(column.related_model, depth - 1))


class DisplayNames:
    """Names of the rows that the snapshots in ``states`` refer to, read in one query for each model."""

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
        """The differences between ``before`` and ``after``, in the order of the model's fields.

        ``editable`` limits them to fields that forms contain.
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
        """The display text of a JSON value of the audit log."""
        if column.related_model:
            keys = (value or []) if column.many_to_many else [value] if value is not None else []
            rows = self.rows.get(column.related_model, {})
            unknown = column.related_model._meta.verbose_name
            return ", ".join(str(rows.get(key, f"{unknown} {key}")) for key in keys) or NOTHING
        if isinstance(value, str) and isinstance(column, models.DateField):
            try:
                value = column.to_python(value)
            except ValidationError:
                # A ``shown()`` method of the model has already formatted the value.
                return str(value)
        # Relations have returned above.
        return display_value(cast("models.Field[Any, Any]", column), value)


def _shown(model: type[models.Model], state: Snapshot | None) -> Snapshot:
    """``state`` for display: the ``shown()`` method of a model joins columns that have one meaning."""
    return getattr(model, "shown", dict)(state or {})


def diffs_of_changes(changes: Iterable[RowChange]) -> dict[int, list[FieldDiff]]:
    """The differences of each of ``changes``, by its primary key. Those of a created row are empty."""
    known = [(change, model) for change in changes if (model := change.content_type.model_class())]
    words = DisplayNames((model, state) for change, model in known for state in (change.before, change.after))
    return {change.pk: words.differences(model, change.before, change.after) for change, model in known}
