"""Coverage of URL patterns and templates: a pytest plugin that records them, and its report.

pytest -p tests.support.reached            record the reached patterns and templates of each process in var/reached/
python -m tests.support.reached            print the patterns and templates that no test reached; fail if there are any
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "var" / "reached"


@pytest.fixture(scope="session", autouse=True)
def _note_what_is_reached() -> Iterator[None]:
    from django.core.handlers.base import BaseHandler
    from django.test.signals import template_rendered

    patterns: set[str] = set()
    templates: set[str] = set()
    get_response = BaseHandler.get_response

    def answered(handler: BaseHandler, request: Any) -> Any:
        response = get_response(handler, request)
        if request.resolver_match:
            patterns.add(in_one_order(request.resolver_match.route))
        return response

    def rendered(sender: Any, template: Any, **kwargs: Any) -> None:
        templates.add(str(template.name))

    template_rendered.connect(rendered)
    with mock.patch.object(BaseHandler, "get_response", answered):
        yield
    template_rendered.disconnect(rendered)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{os.getpid()}.json"
    file.write_text(json.dumps({"patterns": sorted(patterns), "templates": sorted(templates)}))


def in_one_order(route: str) -> str:
    """The route without the app labels of the admin, whose order depends on the order of imports."""
    return re.sub(r"\(\?P<app_label>[^)]*\)", "(?P<app_label>)", route)


def all_patterns() -> set[str]:
    """The routes of all URL patterns, in the form of ``ResolverMatch.route``."""
    from django.urls import URLPattern, get_resolver

    def below(resolver: Any, prefix: str) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern).removeprefix("^" if prefix else "")
            if isinstance(pattern, URLPattern):
                yield route
            else:
                yield from below(pattern, route)

    return {in_one_order(route) for route in below(get_resolver(), "")}


def all_templates() -> set[str]:
    """The names of all Django templates of the project, without the templates of Typst."""
    files = [path for path in (ROOT / "templates").rglob("*") if path.is_file() and path.suffix != ".typ"]
    return {path.relative_to(ROOT / "templates").as_posix() for path in files}


def report() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
    import django
    from django.utils.translation import override

    django.setup()
    files = [json.loads(path.read_text()) for path in FOLDER.glob("*.json")]
    if not files:
        sys.exit("tests.support.reached: no run has noted anything.")
    reached = {name: set().union(*(file[name] for file in files)) for name in ("patterns", "templates")}
    with override("en"):
        missing = {
            "URL patterns": sorted(all_patterns() - reached["patterns"]),
            "templates": sorted(all_templates() - reached["templates"]),
        }
    print(f"Reached: {len(reached['patterns'])} URL patterns, {len(reached['templates'])} templates.")
    for what, names in missing.items():
        for name in names:
            print(f"  not reached among the {what}: {name}")
    shutil.rmtree(FOLDER)
    return int(any(missing.values()))


if __name__ == "__main__":
    sys.exit(report())
