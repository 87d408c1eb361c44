"""Registry of the models whose changes are recorded, with the recorded columns and relations."""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeGuard, cast

from django.db import models

_excluded_fields: dict[type[models.Model], frozenset[str]] = {}
_updates_only: set[type[models.Model]] = set()
_reverse_m2m: dict[type[models.Model], list[str]] = {}

type ManyToMany = models.ManyToManyField[Any, Any] | models.ManyToManyRel


def add(model: type[models.Model], exclude_fields: Iterable[str], updates_only: bool) -> None:
    """Store how changes of ``model`` are recorded. ``signals.register()`` is the public function."""
    _excluded_fields[model] = frozenset(exclude_fields)
    if updates_only:
        _updates_only.add(model)


def add_reverse_m2m(model: type[models.Model], name: str) -> None:
    _reverse_m2m.setdefault(model, []).append(name)


def is_registered(model: type[models.Model] | None) -> TypeGuard[type[models.Model]]:
    return model in _excluded_fields


def is_updates_only(model: type[models.Model]) -> bool:
    """Whether only updates of the rows are recorded, because rows are added and deleted together with others."""
    return model in _updates_only


def registered_models() -> list[type[models.Model]]:
    """The registered models in order of dependency: a model follows the models that it refers to."""
    return sorted(_excluded_fields, key=lambda model: (_depth(model), model._meta.label))


@cache
def _depth(model: type[models.Model]) -> int:
    others = {field.related_model for field in model._meta.concrete_fields if field.is_relation} - {model}
    return 1 + max((_depth(other) for other in others if is_registered(other)), default=0)


@cache
def recorded_columns(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """The columns of ``model`` without its primary key, excluded fields and columns computed from others."""
    computed = model.derived() if hasattr(model, "derived") else ()
    return [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.generated or field.name in _excluded_fields.get(model, ()))
        and (field.editable or field.name not in computed)
    ]


def recorded_m2m(model: type[models.Model]) -> list[ManyToMany]:
    """The many-to-many fields recorded with the rows of ``model``: its own, then those that other models declare."""
    excluded = _excluded_fields.get(model, ())
    own = [field for field in model._meta.local_many_to_many if field.name not in excluded]
    return [*own, *(reverse_m2m(model, name) for name in _reverse_m2m.get(model, ()))]


def reverse_m2m(model: type[models.Model], name: str) -> models.ManyToManyRel:
    """The other end of a many-to-many field that another model declares."""
    return cast("models.ManyToManyRel", model._meta.get_field(name))


def m2m_columns(relation: ManyToMany) -> tuple[type[models.Model], str, str]:
    """The model of the rows of a many-to-many relation, and its columns for this end and for the other one."""
    if isinstance(relation, models.ManyToManyRel):
        through, other, own = m2m_columns(relation.field)
        return through, own, other
    # None only while models are loaded.
    through = cast("type[models.Model]", relation.remote_field.through)
    return through, f"{relation.m2m_field_name()}_id", f"{relation.m2m_reverse_field_name()}_id"
