"""Restores a backup in one transaction: completely, or without any change."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.translation import gettext as _

from ..auth.groups import GROUP_PERMISSIONS
from ..db import former_migrations
from . import uploads
from .application import migrations, version
from .archive import FORMAT, MANIFEST, MEDIA, Progress, read_manifest, read_rows, rows_path, verified_checksums
from .dump import Counts, no_progress
from .errors import BackupError, abbreviated, translate_os_errors
from .tables import BATCH, Table, tables


@translate_os_errors()
def restore(folder: Path, progress: Progress = no_progress) -> Counts:
    """Restore the backup in ``folder`` into an empty database and the storage of uploads, and verify both.

    Raise BackupError, without any change, if the backup is damaged or of another version, if the database holds rows
    that `migrate` does not create, if the storage has another file of the same name, or if the checksum of a restored
    table or file differs.
    """
    sums = verified_checksums(folder, progress)
    found = tables()
    manifest = read_manifest(folder)
    is_former = former_migrations.has_all(manifest.get("migrations"))
    if is_former:
        found = [table for table in found if table.name not in former_migrations.LATER_TABLES]
    names = {table.name: table.name for table in found}
    if is_former:
        manifest["migrations"] = former_migrations.replaced(manifest["migrations"])
        names |= former_migrations.TABLES
    described = _table_entries(manifest, found, names)
    media = {
        name.removeprefix(f"{MEDIA}/"): checksum for name, checksum in sums.items() if name.startswith(f"{MEDIA}/")
    }
    if sums.keys() != {MANIFEST, *map(rows_path, names.values()), *(f"{MEDIA}/{name}" for name in media)}:
        raise BackupError(_("These files are not those of a backup."))
    with ExitStack() as undo:
        with transaction.atomic(durable=True):
            _lock_tables(found)
            _check_empty(found, media, folder / MEDIA)
            for table in found:
                _restore_table(table, folder / rows_path(names[table.name]), described[table.name], progress)
            connection.check_constraints()
            for table in found:
                _verify_table(table, described[table.name], progress)
            _restore_media(folder / MEDIA, media, undo, progress)
            for table in found:
                if table.generates_keys:
                    table.set_last_key(described[table.name]["last_key"])
            if is_former:
                former_migrations.rename_models()
        undo.pop_all()
    ContentType.objects.clear_cache()
    return Counts(len(found), sum(table["rows"] for table in described.values()), len(media))


# Checks before the first write


def _table_entries(manifest: dict, found: list[Table], names: dict[str, str]) -> dict[str, dict]:
    """Entry of the manifest for each table; ``names`` maps tables to their names in the manifest.

    Raise BackupError unless version, migrations and columns are those of this application.
    """
    if manifest.get("format") != FORMAT or _version_key(manifest.get("version")) > _version_key(version()):
        raise BackupError(
            _("Version %(theirs)s of the application made the backup; this is %(ours)s and cannot read it.")
            % {"theirs": manifest.get("version"), "ours": version()}
        )
    expected, applied = manifest.get("migrations"), migrations()
    if expected != applied:
        expected = {str(name) for name in expected} if isinstance(expected, list) else set()
        raise BackupError(
            _(
                "The migrations differ. Only the backup has: %(theirs)s. Only the database has: %(ours)s. Restore it "
                "with version %(version)s of the application, and update afterwards."
            )
            % {
                "theirs": abbreviated(expected - set(applied)) or "–",
                "ours": abbreviated(set(applied) - expected) or "–",
                "version": manifest["version"],
            }
        )
    described = manifest.get("tables")
    if not (
        isinstance(described, dict)
        and described.keys() == set(names.values())
        and all(_fits_table(described[names[table.name]], table) for table in found)
    ):
        raise BackupError(_("The tables of the backup are not those of this application."))
    return {table: described[name] for table, name in names.items()}


def _version_key(text: object) -> tuple[int, ...]:
    """Parts of a version such as 1.10.2, for comparison."""
    if not (isinstance(text, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,9}", text, re.ASCII)):
        raise BackupError(_("This cannot be read: %(path)s") % {"path": MANIFEST})
    return tuple(map(int, text.split(".")))


def _fits_table(described: object, table: Table) -> bool:
    if not isinstance(described, dict) or described.get("columns") != table.columns:
        return False
    rows, last = described.get("rows"), described.get("last_key")
    return type(rows) is int and (type(last) is int and 0 <= last < 2**63 if table.generates_keys else last is None)


def _lock_tables(found: list[Table]) -> None:
    """Lock the tables against writers; on SQLite the transaction itself does."""
    if connection.vendor == "postgresql":
        names = ", ".join(connection.ops.quote_name(table.name) for table in found)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def _check_empty(found: list[Table], media: dict[str, str], source: Path) -> None:
    """Raise BackupError if the database or the storage holds data that a restore would replace or mix.

    What a killed restore has left of the files in ``source`` is no such data.
    """
    filled = [
        f"{table.name} ({number})" for table in found if not table.filled_by_migrate and (number := table.count())
    ]
    filled += Group.objects.exclude(name__in=GROUP_PERMISSIONS).values_list("name", flat=True)
    if filled:
        raise BackupError(_("The database is not empty: %(names)s.") % {"names": abbreviated(filled)})
    stored = [name for name in media if default_storage.exists(name)]
    different = [
        name
        for name in stored
        if uploads.digest(name) != media[name] and not uploads.is_unfinished(name, source / name)
    ]
    if different:
        raise BackupError(_("Other files have these names: %(names)s.") % {"names": abbreviated(different)})


# Restore and verification


def _restore_table(table: Table, path: Path, described: dict, progress: Progress) -> None:
    def rows() -> Iterator[list]:
        for number, row in enumerate(read_rows(path)):
            if number == described["rows"]:
                raise BackupError(_("There are more rows than the backup says: %(table)s") % {"table": table.name})
            if number % BATCH == 0:
                progress(table.name, number, described["rows"])
            yield row

    if table.filled_by_migrate:
        table.clear()
    table.insert(rows())


def _verify_table(table: Table, described: dict, progress: Progress) -> None:
    progress(f"comparing {table.name}", 0, None)
    restored = table.sum()
    if (restored.rows, str(restored)) != (described["rows"], described.get("sum")):
        raise BackupError(_("What was restored is not equal to the backup: %(table)s.") % {"table": table.name})


def _restore_media(source: Path, media: dict[str, str], undo: ExitStack, progress: Progress) -> None:
    """Store missing and unfinished files and verify all; ``undo`` deletes the stored ones if the restore fails."""
    for number, (name, expected) in enumerate(media.items(), 1):
        progress(MEDIA, number, len(media))
        if default_storage.exists(name) and uploads.is_unfinished(name, source / name):
            default_storage.delete(name)
        if not default_storage.exists(name):
            undo.callback(default_storage.delete, name)
            with (source / name).open("rb") as file:
                default_storage.save(name, File(file))
        if uploads.digest(name) != expected:
            raise BackupError(_("This file was not restored as it is in the backup: %(name)s") % {"name": name})
