"""Computed columns, kept up to date by save(), loaddata and bulk_create().

A model names the source columns in ``derived_from`` and the computed ones in ``derived``, computes them in
``derive()``, and has a manager made from ``DerivedQuerySet``. ``update()`` of a source column raises an error, since
it would leave the computed column stale.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.signals import pre_save


class DerivedQuerySet[M: DerivedModel](models.QuerySet[M]):
    """Queryset that calls ``derive()`` in ``bulk_create()`` and rejects an ``update()`` that would bypass it."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        objs = list(objs)
        for instance in objs:
            instance.derive()
        return super().bulk_create(objs, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Raise FieldError if computed columns depend on an updated column."""
        if sources := sorted(self.model.derived_from().intersection(kwargs)):
            raise FieldError(f"Other columns follow from {', '.join(sources)}: save each {self.model.__name__}.")
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]  # Django reads it from the function


class DerivedModel(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if self.get_deferred_fields() & self.derived():
            # Assign deferred columns now, else Django's save() would leave them out.
            self.derive()
        if update_fields is not None and self.derived_from().intersection(update_fields):
            update_fields = {*update_fields, *self.derived()}
        super().save(*args, update_fields=update_fields, **kwargs)

    @classmethod
    def derived_from(cls) -> frozenset[str]:
        """Names of the source columns."""
        return frozenset()

    @classmethod
    def derived(cls) -> frozenset[str]:
        """Names of the computed columns."""
        return frozenset()

    def derive(self) -> None:
        """Set the computed columns from their sources."""


def derive_before_save(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """Receiver of ``pre_save``, which loaddata sends too, though it bypasses ``save()``."""
    if isinstance(instance, DerivedModel):
        instance.derive()


pre_save.connect(derive_before_save, dispatch_uid="cspa.db.computed_fields")
