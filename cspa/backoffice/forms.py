"""Base forms of the back office: optimistic locking against lost updates, and warnings that need confirmation."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils.crypto import salted_hmac
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from ..audit import latest_change
from ..audit.diff import FieldDiff, display_value, find_field


def is_key(value: str) -> bool:
    """Whether ``value`` can be the primary key of a row."""
    return value.isascii() and value.isdecimal() and len(value) < 19


class ConflictAwareForm(forms.ModelForm):
    """Form that rejects a save over a newer state, and asks for confirmation if there are ``warnings()``.

    templates/admin/record_form.html shows both versions of a conflict, and the warnings, beside the fields.
    """

    # False within a formset that compares its rows and then asks for confirmation itself.
    alone = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # Screen readers do not take a table head, or the wrapper of a file input, for the label of the field.
            if self.prefix or isinstance(field.widget, forms.FileInput):
                _set_aria_label(field)
        self.conflicts: list[FieldDiff] = []
        self.pending_warnings: list[str] = []

    def warnings(self) -> Iterable[str]:
        """Messages about doubtful values in ``cleaned_data``; the user may save the form all the same."""
        return []

    @property
    def state_token_name(self) -> str:
        return self.add_prefix("_seen")

    @property
    def confirmation_token_name(self) -> str:
        return self.add_prefix("_asked")

    @property
    def state_token(self) -> str:
        """Digest of the current values of the row in the fields of the form."""
        return _digest({name: _json_value(self.initial[name]) for name in sorted(self.fields) if name in self.initial})

    @property
    def confirmation_token(self) -> str:
        """Digest of the warnings, so that a confirmation holds for these warnings only."""
        return _digest(self.pending_warnings)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.has_changed():
            return cleaned
        if self.instance.pk and self.data.get(self.state_token_name) != self.state_token:
            self._reject_conflict()
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.alone:
            self.require_confirmation()

    def _reject_conflict(self) -> None:
        for name in self.changed_data:
            if name in self.initial:
                column = find_field(self._meta.model, name)
                values = getattr(self.instance, name, self.initial[name]), self.cleaned_data.get(name)
                saved, submitted = (display_value(column, value) for value in values)
                if saved != submitted:
                    self.conflicts.append(FieldDiff(capfirst(self.fields[name].label or name), saved, submitted))
        message = _(
            "Nothing was saved: %(who)s changed “%(row)s” while you worked on it. Both versions are shown; saving "
            "again replaces theirs, which stays in the history."
        )
        change = latest_change(self.instance)
        who = change.entry.user if change and change.entry.user else _("somebody else")
        self.add_error(
            None, ValidationError(message, code="meanwhile", params={"who": who, "row": str(self.instance)})
        )

    def require_confirmation(self) -> None:
        """Ask whether to save a changed row without errors in spite of its warnings."""
        if not self.has_changed() or self.errors:
            return
        self.pending_warnings = [str(warning) for warning in self.warnings()]
        if self.pending_warnings and self.data.get(self.confirmation_token_name) != self.confirmation_token:
            message = _("Nothing was saved yet: look at the warning, then save once more.")
            self.add_error(None, ValidationError(message, code="asked"))


class ConflictAwareFormSet(forms.BaseInlineFormSet):
    """Inline formset whose delete checkboxes have a label for screen readers."""

    def add_fields(self, form: ConflictAwareForm, index: int | None) -> None:
        super().add_fields(form, index)
        if DELETION_FIELD_NAME in form.fields:
            _set_aria_label(form.fields[DELETION_FIELD_NAME])


def _set_aria_label(field: forms.Field) -> None:
    """Set the label as ``aria-label`` of the widget, or of the inner widget if the admin wraps buttons around it."""
    getattr(field.widget, "widget", field.widget).attrs.setdefault("aria-label", capfirst(field.label or ""))


def _digest(value: Any) -> str:
    return salted_hmac("cspa.backoffice.forms", json.dumps(value), algorithm="sha256").hexdigest()[:16]


def _json_value(value: Any) -> Any:
    """Value of ``initial`` for JSON; the same for each request, since a set of rows is sorted by key."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, list | tuple | models.QuerySet):
        return sorted(_json_value(each) for each in value)
    return str(value)
