"""Columns that follow from others: right after save(), loaddata and bulk_create alike.

A model names the fields in ``derived_from`` and ``derived``, computes them in ``derive()``, and makes its manager
from a ``DerivedQuerySet``. A queryset's
``update()`` of a source column would leave the derived one behind, so it is refused.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.signals import pre_save


class DerivedQuerySet[M: DerivedModel](models.QuerySet[M]):
    """Refuses what would pass by ``derive()``."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        objs = list(objs)
        for instance in objs:
            instance.derive()
        return super().bulk_create(objs, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """As Django's; raises FieldError where other columns are derived from one that is set."""
        if sources := sorted(self.model.derived_from().intersection(kwargs)):
            raise FieldError(f"Other columns follow from {', '.join(sources)}: save each {self.model.__name__}.")
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]  # Django reads it from the function


class DerivedModel(models.Model):
    """A model with derived columns."""

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if self.get_deferred_fields() & self.derived():
            self.derive()  # else Django would leave out what was not loaded
        if update_fields is not None and self.derived_from().intersection(update_fields):
            update_fields = {*update_fields, *self.derived()}
        super().save(*args, update_fields=update_fields, **kwargs)

    @classmethod
    def derived_from(cls) -> frozenset[str]:
        """Names of the columns that derived ones follow from."""
        return frozenset()

    @classmethod
    def derived(cls) -> frozenset[str]:
        """Names of the derived columns."""
        return frozenset()

    def derive(self) -> None:
        """Set the derived columns from the others."""


def derive_before_save(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """Receiver of ``pre_save``, which Django sends for loaddata (raw) too."""
    if isinstance(instance, DerivedModel):
        instance.derive()


pre_save.connect(derive_before_save, dispatch_uid="cspa.db.computed_fields")
