"""Autocomplete widgets that work with a keyboard and a screen reader."""

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.forms import Media

from .forms import is_key


class AccessibleAutocompleteMixin:
    """Mixin that adds a label for screen readers, and one way to clear the selection.

    After a form error the selected rows are shown again. A forged value that is no key is dropped, since the query
    would raise an error.
    """

    @property
    def media(self) -> Media:
        # Order matters: choices.js extends what autocomplete.js sets up.
        return super().media + Media(js=["admin/js/autocomplete.js", "admin-extra/choices.js"])

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [key for key in value if is_key(str(key))], attr)


class SelectOne(AccessibleAutocompleteMixin, AutocompleteSelect):
    pass


class SelectSeveral(AccessibleAutocompleteMixin, AutocompleteSelectMultiple):
    def build_attrs(self, base_attrs: dict, extra_attrs: dict | None = None) -> dict:
        """Hide the button that clears all rows: it sits in a list without being a list item."""
        return super().build_attrs(base_attrs, extra_attrs) | {"data-allow-clear": "false"}
