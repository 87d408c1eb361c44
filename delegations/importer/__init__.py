"""Import of files: read, validate, compare with the directory, and save all or nothing.

The command and the admin page call ``import_file``. docs/data-dictionary.md describes the formats.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from django.db import Error
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import ChangeSet

from .diff import ImportDiff, Progress
from .left_out import left_out_file
from .options import ImportOptions
from .readers.csv_table import FileColumn, TableReader, columns_of_table
from .readers.files import MAX_BYTES, TABLES, check_size, format_of, json_of
from .readers.own_export import OwnExportReader, is_own_export
from .readers.popolo import PopoloReader
from .records import Batch, ImportRefusedError, RowError
from .report import Report
from .writer import save

__all__ = [
    "MAX_BYTES",
    "ImportOptions",
    "ImportRefusedError",
    "Report",
    "file_columns",
    "format_of",
    "import_batch",
    "import_file",
    "left_out_file",
]

DEFAULTS = ImportOptions()


def no_progress(stage: str, number: int, total: int | None) -> None:
    """Default progress function."""


def import_file(
    data: bytes,
    file_format: str,
    options: ImportOptions = DEFAULTS,
    *,
    dry_run: bool = False,
    expected: str = "",
    progress: Progress = no_progress,
) -> Report:
    """Import ``data``; the report says what was saved, or why nothing was.

    Raises ImportRefusedError if the file cannot be read, or if the diff no longer has the ``expected`` digest of an
    earlier report.
    """
    return import_batch(
        lambda: read(data, file_format, options), options, dry_run=dry_run, expected=expected, progress=progress
    )


def import_batch(
    build: Callable[[], Batch],
    options: ImportOptions = DEFAULTS,
    *,
    dry_run: bool = False,
    expected: str = "",
    progress: Progress = no_progress,
) -> Report:
    """Compare the batch of ``build`` with the directory, and save it unless it conflicts or ``dry_run`` is set.

    ``build`` runs in the same transaction, so that it reads the same rows.
    """
    # A dry run takes no lock of the audit log.
    with database_errors_as_refusal(), nullcontext() if dry_run else audit.record_changes(ChangeSet.Kind.IMPORT):
        diff = ImportDiff(build(), options, progress)
        report = Report.of(diff, options.skip_invalid)
        if expected and report.digest != expected:
            raise ImportRefusedError(_("The difference is no longer the one that was shown. Look at it again."))
        if not report.conflicts and not dry_run:
            save(diff, progress)
            report.saved = True
    return report


@contextmanager
def database_errors_as_refusal() -> Iterator[None]:
    """Raise ImportRefusedError for an error of the database, such as a race with another editor."""
    try:
        yield
    except Error as error:
        raise ImportRefusedError(
            _("The database refused the import and nothing was saved: %(why)s") % {"why": error}
        ) from error


def file_columns(data: bytes, file_format: str, options: ImportOptions = DEFAULTS) -> list[FileColumn]:
    """Return the columns of a table, of another file none. Raises ImportRefusedError if the file cannot be read."""
    return columns_of_table(TABLES[file_format](data, []), options.columns) if file_format in TABLES else []


def read(data: bytes, file_format: str, options: ImportOptions = DEFAULTS) -> Batch:
    """Return the records of a file. Raises ImportRefusedError if it cannot be read."""
    check_size(len(data))
    if options.chamber and options.country:
        raise ImportRefusedError(_("Name the chamber or the country, not both."))
    try:
        if read_rows := TABLES.get(file_format):
            notes: list[str] = []
            return TableReader(read_rows(data, notes), options, notes).batch
        document = json_of(data)
        if is_own_export(document):
            if options.chamber or options.country or options.ends:
                raise ImportRefusedError(_("This is an export of this site and says itself what it is about."))
            return OwnExportReader(document).batch
        if not (options.chamber or options.country):
            raise ImportRefusedError(
                _("This file is not an export of this site: name the chamber or the country it is about.")
            )
        return PopoloReader(document, options).batch
    except RowError as error:
        raise ImportRefusedError(str(error)) from error
