"""Select boxes that search while the user types, usable with a keyboard and a screen reader."""

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.forms import Media

from .forms import is_key


class AccessibleAutocompleteMixin:
    """Has a name for those who hear the page, and one way to take back what is chosen.

    The chosen rows are shown again after an error; a forged value that is no key is left out, not a 500.
    """

    @property
    def media(self) -> Media:
        return super().media + Media(js=["admin/js/autocomplete.js", "admin-extra/choices.js"])  # in this order

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [key for key in value if is_key(str(key))], attr)


class SelectOne(AccessibleAutocompleteMixin, AutocompleteSelect):
    pass


class SelectSeveral(AccessibleAutocompleteMixin, AutocompleteSelectMultiple):
    def build_attrs(self, base_attrs: dict, extra_attrs: dict | None = None) -> dict:
        """Without the button that takes back all of them: it would stand in a list as no item of it."""
        return super().build_attrs(base_attrs, extra_attrs) | {"data-allow-clear": "false"}
