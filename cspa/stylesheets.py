"""Static files storage that bundles each style sheet with its imports into one file."""

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

from django.contrib.staticfiles import finders
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Style sheets that templates link to; the others are imported by them.
ENTRY_POINTS = ("css/site.css", "css/sheets.css")

_IMPORT = re.compile(r'@import url\("(?P<path>[^":]+)"\) layer\((?P<layer>[a-z]+)\)(?P<media>[^;]*);\n?')
_URL = re.compile(r'url\("(?P<path>[^":#]+)"\)')
_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)


def bundled(name: str) -> str:
    """Style sheet ``name`` with its imports inlined, each in its layer, and without comments."""
    text = _COMMENT.sub("", _read_source(name))

    def part(match: re.Match[str]) -> str:
        block = f"@layer {match['layer']} {{\n{_bundled_for(_resolve(name, match['path']), dirname(name))}}}\n"
        return f"@media {media} {{\n{block}}}\n" if (media := match["media"].strip()) else block

    return _IMPORT.sub(part, text)


def _bundled_for(name: str, folder: str) -> str:
    """Text of ``name`` with relative URLs rewritten for a file in ``folder``."""
    text = bundled(name)
    return _URL.sub(lambda match: f'url("{relpath(_resolve(name, match["path"]), folder)}")', text)


def _resolve(name: str, path: str) -> str:
    return normpath(join(dirname(name), path))


def _read_source(name: str) -> str:
    found = finders.find(name)
    if found is None:
        raise FileNotFoundError(name)
    return Path(found).read_text(encoding="utf-8")


class BundledStylesStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage with hashed names and compressed files; style sheets are bundled first."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if not dry_run:
            for name in ENTRY_POINTS:
                Path(self.path(name)).write_text(bundled(name), encoding="utf-8")
            paths = paths | {name: (self, name) for name in ENTRY_POINTS}
        yield from super().post_process(paths, dry_run, **options)
