"""Natural keys: files of rows name a row by columns that are the same in every database, not by its primary key."""

from functools import reduce
from typing import Any
from uuid import UUID, uuid4

from django.db import models
from django.db.models.constants import LOOKUP_SEP
from django.utils.translation import gettext_lazy as _


class NaturalKeyManager[M: NaturalKeyModel](models.Manager[M]):
    def get_by_natural_key(self, *values: Any) -> M:
        return self.get(**dict(zip(self.model.key_columns, values, strict=True)))


class NaturalKeyModel(models.Model):
    """Abstract base of models with a natural key: ``key_columns``, which may belong to a related row.

    Its managers derive from NaturalKeyManager.
    """

    key_columns: tuple[str, ...]

    class Meta:
        abstract = True

    def natural_key(self) -> tuple[Any, ...]:
        values = (reduce(getattr, column.split(LOOKUP_SEP), self) for column in self.key_columns)
        return tuple(str(value) if isinstance(value, UUID) else value for value in values)


class UidModel(NaturalKeyModel):
    """Abstract base of models whose natural key is a public id."""

    uid = models.UUIDField(_("public id"), unique=True, default=uuid4, editable=False)

    key_columns: tuple[str, ...] = ("uid",)

    class Meta:
        abstract = True
