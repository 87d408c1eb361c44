"""Registration of models, and the signal receivers that take snapshots of their rows."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from . import registry
from .recorder import mark_created, snapshot_before


def register(*registered: type[models.Model], exclude_fields: Iterable[str] = (), updates_only: bool = False) -> None:
    """Record the changes of these models, except of the columns in ``exclude_fields``.

    ``updates_only`` is for rows that are added and deleted together with others: only their updates are recorded.
    """
    for model in registered:
        registry.add(model, exclude_fields, updates_only)
        pre_save.connect(_before_saving, sender=model)
        post_save.connect(_after_saving, sender=model)
        pre_delete.connect(_before_deleting, sender=model)
        for relation in registry.recorded_m2m(model):
            through, _own, _other = registry.m2m_columns(relation)
            m2m_changed.connect(_before_connecting, sender=through)


def register_reverse_m2m(model: type[models.Model], name: str) -> None:
    """Record the relation ``name`` with the rows of ``model``, although another model declares the field.

    The field has a ``through`` model with rows of its own. Exclude the field where the other model is registered.
    """
    registry.add_reverse_m2m(model, name)
    through, own, _other = registry.m2m_columns(registry.reverse_m2m(model, name))

    def before_writing(instance: models.Model, **kwargs: Any) -> None:
        snapshot_before(model, [getattr(instance, own)])

    for signal in (pre_save, pre_delete):
        signal.connect(before_writing, sender=through, weak=False, dispatch_uid=f"audit.{through._meta.label}")
    m2m_changed.connect(_before_connecting_reverse, sender=through)


def _before_saving(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    if instance.pk is not None:
        snapshot_before(sender, [instance.pk])


def _after_saving(sender: type[models.Model], instance: models.Model, created: bool, **kwargs: Any) -> None:
    if created:
        mark_created(sender, [instance.pk])


def _before_deleting(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    snapshot_before(sender, [instance.pk])
    # Deletion changes other rows without a signal: Django deletes their many-to-many rows to this one, and sets their
    # foreign keys to null.
    for relation in sender._meta.related_objects:
        if relation.many_to_many or relation.on_delete is models.SET_NULL:
            others = relation.related_model._base_manager.filter(**{relation.field.name: instance.pk})
            snapshot_before(relation.related_model, others.values_list("pk", flat=True))


def _before_connecting(
    instance: models.Model, action: str, reverse: bool, model: type, pk_set: set[int] | None, **kwargs: Any
) -> None:
    """Take snapshots of the rows that have the field. ``reverse`` is true for a change from the other end."""
    if not action.startswith("pre_"):
        return
    if reverse:
        snapshot_before(model, pk_set or ())
    else:
        snapshot_before(type(instance), [instance.pk])


def _before_connecting_reverse(reverse: bool, **kwargs: Any) -> None:
    _before_connecting(reverse=not reverse, **kwargs)
