"""Every address of the site, with the arguments of existing rows and with malformed ones."""

import re
from collections.abc import Iterator

from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

MALFORMED = ["abc", "0", "9" * 20, "%00"]

# Values that have failed somewhere: text, numbers, dates, choices.
STRANGE = [
    "",
    "\x00",
    "a\x00b",
    "\ufffd",
    "a" * 5000,
    "a " * 5000,
    "(",
    "\"'",
    "%_\\",
    "-1",
    "1.5",
    "NaN",
    "٣",
    "9" * 20,
    "9" * 5000,
    "9999-99-99",
    "0001-01-01",
    "xx",
    "{}",
]

# Parameters that some page of the back office reads, besides those of its lists.
PARAMETERS = [
    "_changelist_filters",
    "_popup",
    "_to_field",
    "action",
    "add",
    "all",
    "change_reason",
    "country",
    "date_hierarchy",
    "do",
    "e",
    "format",
    "language",
    "month",
    "new",
    "newest",
    "next",
    "note",
    "o",
    "old",
    "on",
    "other",
    "p",
    "page",
    "papers",
    "parliament",
    "person",
    "q",
    "restore",
    "show",
    "shown",
    "story",
    "term",
    "to",
    "todo",
]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """The routes below ``resolver``, as text."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def addresses() -> list[str]:
    """The addresses of all routes that are no regular expressions, as paths."""
    keys = {
        f"admin/{model._meta.app_label}/{model._meta.model_name}/": str(row.pk)
        for model in admin.site._registry
        if (row := model._base_manager.order_by("pk").first())
    }
    found = []
    for route in sorted(set(routes())):
        if re.search(r"[\\^$(]", route):
            continue
        key = next((key for prefix, key in keys.items() if route.startswith(prefix)), "1")
        values = [key, *MALFORMED] if "<" in route else [key]
        found += ["/" + re.sub("<[^>]*>", value, route) for value in values]
    return found


def relations() -> list[dict[str, str]]:
    """The parameters of an autocomplete request for every field of every model."""
    return [
        {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
    ]
