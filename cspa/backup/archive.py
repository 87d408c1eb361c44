"""Files of a backup folder.

manifest.json   version and migrations of the application, row count and checksum of each table
tables/         rows of each table, a JSON list in each line, compressed
media/          uploaded files
SHA256SUMS      checksum of each of these files, in the format of `sha256sum --check`
"""

import gzip
import hashlib
import json
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from .errors import BackupError, abbreviated
from .tables import RowChecksum, encode_row

FORMAT = 1
MANIFEST, CHECKSUMS, MEDIA = "manifest.json", "SHA256SUMS", "media"
# Bytes of a row.
MAX_ROW_BYTES = 16 * 1024 * 1024
# Bytes of manifest.json and of SHA256SUMS, each.
MAX_TEXT_BYTES = 256 * 1024 * 1024

type Progress = Callable[[str, int, int | None], None]


def rows_path(table: str) -> str:
    return f"tables/{table}.jsonl.gz"


def file_names(root: Path) -> list[str]:
    """Sorted relative paths of the files below ``root``. Raise BackupError for a special file or an unsafe name."""

    def fail(error: OSError) -> None:
        raise error

    found = []
    for folder, _folders, names in root.walk(on_error=fail):
        for name in names:
            path = folder / name
            if not stat.S_ISREG(path.lstat().st_mode):
                raise BackupError(_("This is no file of its own: %(path)s") % {"path": path})
            found.append(path.relative_to(root).as_posix())
    return checked_names(found)


def checked_names(names: Iterable[str]) -> list[str]:
    """Sorted ``names``. Raise BackupError for a name that is unprintable, not portable or leaves the folder."""
    names = sorted(names)
    if odd := [name for name in names if "\\" in name or not name.isprintable() or ".." in name.split("/")]:
        raise BackupError(_("A backup cannot hold a file of this name: %(name)s") % {"name": repr(odd[0])})
    return names


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Writing


def write_rows(path: Path, rows: Iterable[list]) -> RowChecksum:
    """Write ``rows`` and return their checksum. The file is reproducible: it holds no name and no time."""
    total = RowChecksum()
    with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, compresslevel=6, mtime=0) as packed:
        for row in rows:
            total.add(row)
            encoded = encode_row(row)
            if len(encoded) > MAX_ROW_BYTES:
                raise BackupError(_("%(path)s: a row is too long") % {"path": path.name})
            packed.write(encoded)
    return total


def write_checksums(folder: Path) -> int:
    """Write SHA256SUMS for all files in ``folder``; return the number of uploaded files."""
    names = file_names(folder)
    lines = [f"{digest(folder / name)}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), "utf-8")
    return sum(name.startswith(f"{MEDIA}/") for name in names)


# Reading. The content of the folder is untrusted.


def read_rows(path: Path) -> Iterator[list]:
    try:
        with gzip.open(path) as packed:
            while encoded := packed.readline(MAX_ROW_BYTES + 1):
                row = json.loads(encoded) if len(encoded) <= MAX_ROW_BYTES else None
                if not isinstance(row, list):
                    raise BackupError(_("%(path)s: a row cannot be read") % {"path": path.name})
                yield row
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError) as error:
        raise BackupError(_("%(path)s: a row cannot be read") % {"path": path.name}) from error


def read_manifest(folder: Path) -> dict:
    try:
        manifest = json.loads(_read_text(folder / MANIFEST))
    except (ValueError, RecursionError) as error:
        raise BackupError(_("This cannot be read: %(path)s") % {"path": MANIFEST}) from error
    if not isinstance(manifest, dict):
        raise BackupError(_("This cannot be read: %(path)s") % {"path": MANIFEST})
    return manifest


def verified_checksums(folder: Path, progress: Progress) -> dict[str, str]:
    """Checksums in SHA256SUMS by file name, verified. Raise BackupError for missing, foreign and damaged files."""
    present = set(file_names(folder)) - {CHECKSUMS}
    try:
        lines = _read_text(folder / CHECKSUMS).splitlines()
        matches = [re.fullmatch("([0-9a-f]{64})  (.+)", text) for text in lines]
        sums = {match[2]: match[1] for match in matches if match}
        if None in matches:
            raise ValueError(CHECKSUMS)
    except ValueError as error:
        raise BackupError(_("This cannot be read: %(path)s") % {"path": CHECKSUMS}) from error
    if missing := sums.keys() - present:
        raise BackupError(_("Files of the backup are missing: %(names)s") % {"names": abbreviated(missing)})
    if foreign := present - sums.keys():
        raise BackupError(_("These files do not belong to the backup: %(names)s") % {"names": abbreviated(foreign)})
    damaged = []
    for number, (name, expected) in enumerate(sums.items(), 1):
        progress("checking files", number, len(sums))
        if digest(folder / name) != expected:
            damaged.append(name)
    if damaged:
        raise BackupError(_("Files of the backup are damaged: %(names)s") % {"names": abbreviated(damaged)})
    return sums


def _read_text(path: Path) -> str:
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise ValueError("too large")
    return path.read_text("utf-8")
