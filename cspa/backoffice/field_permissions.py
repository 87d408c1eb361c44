"""Which fields of a row a user may set. The form of the row decides, and restore and undo ask it here.

A row without a page of its own belongs to the row that it is deleted with, its owner. The inline on the owner's page
decides. A row without an inline, such as a former address, is written by code together with its owner.
"""

from collections.abc import Iterator, Mapping
from itertools import batched
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .. import audit
from ..audit.diff import find_field, is_editable, label

# The fields of a form by the names of the columns that they set.
type Fields = Mapping[str, forms.Field]


def owner_of(model: type[models.Model]) -> "models.ForeignKey[Any, Any] | None":
    """The foreign key from a model without a page to the model on whose page its rows are edited."""
    pages = admin.site._registry
    keys = (field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey))
    cascading = (key for key in keys if key.remote_field.on_delete is models.CASCADE and key.related_model in pages)
    return None if model in pages else next(cascading, None)


def page_of(model: type[models.Model]) -> Any:
    """The admin page on which rows of ``model`` are edited; None if there is none."""
    owner = owner_of(model)
    return admin.site._registry.get(owner.related_model if owner else model)


class FieldPermissions:
    """What the forms of the admin let the user of ``request`` write, for writes that use no form."""

    def __init__(self, request: HttpRequest):
        self.request = request
        self._known: dict[tuple[Any, ...], Fields] = {}

    def refusals(
        self, model: type[models.Model], targets: Mapping[int, audit.Snapshot | None]
    ) -> Iterator[tuple[int, str]]:
        """The keys of the rows that the user may not give the states in ``targets``, each with the reason.

        None deletes a row. A key without a row creates the row again. Superusers may set all fields.
        """
        page = page_of(model)
        if self.request.user.is_superuser or (
            # The undo of an import deletes many rows: a user who may change every row need not wait for all of them.
            model in admin.site._registry
            and page.has_unrestricted_permission(self.request, "change")
            and not any(targets.values())
        ):
            return
        for batch in batched(targets, audit.BATCH):
            before = audit.snapshots(model, batch)
            for key, subject in self._subjects(model, page, batch, targets):
                fields = self._fields(model, page, subject) if subject else None
                if subject is None or fields is None:
                    yield key, _("you may not change it")
                    continue
                state = targets[key] or {}
                names = self._refused(model, fields, before.get(key) or audit.blank_snapshot(model), state)
                if model is page.model:
                    names += page.get_refused_columns(self.request, subject, state)
                for field in dict.fromkeys(label(cast("models.Field[Any, Any]", find_field(model, n))) for n in names):
                    yield key, _("you may not set “%(field)s” to its former value") % {"field": field}

    def _subjects(
        self, model: type[models.Model], page: Any, keys: tuple[int, ...], targets: Mapping[int, audit.Snapshot | None]
    ) -> Iterator[tuple[int, models.Model | None]]:
        """Each key with the row whose page decides; None if the user may not change that row."""
        if page is None:
            yield from ((key, None) for key in keys)
            return
        owners = {key: key for key in keys}
        if owner := owner_of(model):
            owners |= {key: cast("int", (targets[key] or {}).get(owner.name)) for key in keys}
            owners |= dict(model._base_manager.filter(pk__in=keys).values_list("pk", owner.attname))
        there = set(page.model._base_manager.filter(pk__in=owners.values()).values_list("pk", flat=True))
        visible = page.get_queryset(self.request).in_bulk(there)
        for key, owner_key in owners.items():
            if owner_key in there:
                row = visible.get(owner_key)
                yield key, row if row and page.has_restore_permission(self.request, row) else None
            else:
                yield key, page.model(pk=owner_key) if page.has_add_permission(self.request) else None

    def _fields(self, model: type[models.Model], page: Any, row: models.Model) -> Fields | None:
        """The fields of the form for a row of ``model`` on the page of ``row``; None if the page does not offer it."""
        part = page
        if model is not page.model:
            if all(inline.model is not model for inline in page.inlines):
                return {field.name: forms.Field() for field in model._meta.fields}
            inlines = page.get_inline_instances(self.request, row)
            part = next((inline for inline in inlines if inline.model is model), None)
            if part is None or not part.has_change_permission(self.request, row):
                return None
        fieldsets = part.get_fieldsets(self.request, row)
        key = (type(part), *flatten_fieldsets(fieldsets), None, *part.get_readonly_fields(self.request, row))
        if key not in self._known:
            if part is page:
                form = page.get_form(self.request, row, change=True)
            else:
                form = part.get_formset(self.request, row).form
            fields = dict(form.base_fields)
            for name, columns in getattr(form, "columns", {}).items():
                fields |= {column: fields[name] for column in columns if name in fields}
            if owner := owner_of(model):
                fields[owner.name] = forms.ModelChoiceField(page.get_queryset(self.request))
            self._known[key] = fields
        return self._known[key]

    def _refused(
        self, model: type[models.Model], fields: Fields, before: audit.Snapshot, after: audit.Snapshot
    ) -> list[str]:
        """The columns that differ and that no field sets to their value in ``after``."""
        return [
            name
            for name, value in after.items()
            if before.get(name) != value and is_editable(find_field(model, name)) and not _accepts(fields, name, value)
        ]


def _accepts(fields: Fields, name: str, value: Any) -> bool:
    """Whether the form has the field, and among its choices the value. Other values are left to the validation."""
    field = fields.get(name)
    if field is None or field.disabled:
        return False
    if value in (None, "", []) or not isinstance(field, forms.ChoiceField):
        return True
    if not isinstance(field, forms.ModelChoiceField):
        return field.valid_value(value)
    offered = cast("models.QuerySet[Any]", field.queryset)
    # Not those that no longer exist: a restore leaves them out, and no form could offer them.
    wanted = offered.model._base_manager.filter(pk__in=value if isinstance(value, list) else [value])
    return not wanted.exclude(pk__in=offered.order_by().values("pk")).exists()
