"""Writes a backup atomically: the folder gets its name only when it is complete."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from . import uploads
from .application import migrations, version
from .archive import FORMAT, MANIFEST, MEDIA, Progress, rows_path, write_checksums, write_rows
from .errors import BackupError, translate_os_errors
from .tables import BATCH, Table, tables


@dataclass(frozen=True)
class Counts:
    tables: int
    rows: int
    files: int

    def __str__(self) -> str:
        numbers = {name: number_format(number, force_grouping=True) for name, number in vars(self).items()}
        return _("%(tables)s tables, %(rows)s rows, %(files)s files") % numbers


def no_progress(stage: str, number: int, total: int | None) -> None:
    pass


@translate_os_errors()
def make(folder: Path, progress: Progress = no_progress) -> Counts:
    """Write the database and the uploaded files to ``folder``, which must be empty or must not exist.

    The rows are a consistent snapshot, also while other processes write. Only the owner can read the folder.
    """
    folder = folder.resolve()
    _check_target(folder)
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    with _private_umask():
        part.mkdir()
        try:
            counts = _write(part, progress)
            # Flush before the rename, so that a power cut cannot leave an incomplete folder under the final name.
            os.sync()
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return counts


def _check_target(folder: Path) -> None:
    for shown in (settings.MEDIA_ROOT, settings.STATIC_ROOT):
        if folder.is_relative_to(Path(shown).resolve()):
            raise BackupError(_("Readers could fetch the backup from there: %(path)s") % {"path": folder})
    if not folder.parent.is_dir():
        raise BackupError(_("There is no such folder: %(path)s") % {"path": folder.parent})
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise BackupError(_("There is something already: %(path)s. Name a new or an empty folder.") % {"path": folder})


@contextmanager
def _private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _snapshot() -> Iterator[None]:
    """Transaction that reads one snapshot of the database and blocks no writer."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Connecting sets transaction_mode from the options; IMMEDIATE would lock out writers.
        connection.ensure_connection()
        # Any, because only SQLite's connection has the attribute.
        sqlite: Any = connection
        usual, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
        try:
            with transaction.atomic(durable=True):
                yield
        finally:
            sqlite.transaction_mode = usual


def _write(folder: Path, progress: Progress) -> Counts:
    (folder / "tables").mkdir()
    found = tables()
    with _snapshot():
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": version(),
            "made": timezone.now().isoformat(timespec="seconds"),
            "database": connection.vendor,
            "migrations": migrations(),
            "tables": {table.name: _write_table(table, folder, progress) for table in found},
        }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
    # Copy files after the rows: stored files never change, and one stored later belongs to no row of the snapshot.
    _copy_media(folder / MEDIA, progress)
    progress("sums", 0, None)
    rows = sum(table["rows"] for table in manifest["tables"].values())
    return Counts(len(found), rows, write_checksums(folder))


def _write_table(table: Table, folder: Path, progress: Progress) -> dict:
    total = table.count()

    def rows() -> Iterator[list]:
        for number, row in enumerate(table.rows()):
            if number % BATCH == 0:
                progress(table.name, number, total)
            yield row

    written = write_rows(folder / rows_path(table.name), rows())
    return {
        "columns": table.columns,
        "rows": written.rows,
        "sum": str(written),
        "last_key": table.last_key(),
    }


def _copy_media(target: Path, progress: Progress) -> None:
    names = uploads.names()
    for number, name in enumerate(names, 1):
        progress(MEDIA, number, len(names))
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        # The undo of an import may delete a file meanwhile.
        with suppress(FileNotFoundError), default_storage.open(name) as file, copy.open("wb") as written:
            shutil.copyfileobj(file, written)
