"""Articles as JSON Lines: a line is one article in one language, in the same shape out and in.

``records`` and ``line`` write them, ``import_lines`` reads them. docs/data-dictionary.md ("Articles as JSON Lines")
says what the keys mean.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from django.apps import apps
from django.db import Error, connection, transaction
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import Entry
from delegations.importer import ImportRefusedError

from .importer import Import
from .media_files import Files
from .reader import Chunks, Said, rows
from .report import ArchiveReport
from .serializer import CHUNK, files, line, records

__all__ = ["CHUNK", "ArchiveReport", "files", "import_lines", "line", "records"]

MANY = 5000  # new articles, after which the plans of the database are others

type Progress = Callable[[str, int, int | None], None]


def _no_progress(stage: str, number: int, total: int | None) -> None:
    pass


def import_lines(
    file: BinaryIO,
    folder: Path,
    *,
    update: bool = False,
    dry_run: bool = False,
    progress: Progress = _no_progress,
    total: int | None = None,
) -> ArchiveReport:
    """Import the articles of ``file``, with their pictures and documents from ``folder``: all of them or none.

    An article on record that differs is listed; ``update`` replaces it. The report says what was saved, or why
    nothing was. ``total`` is the number of lines, for ``progress``. Raises ImportRefusedError if the file is empty, or
    if the database or the disk refuses it.
    """
    # What was stored for an import that is not saved is removed again.
    with closing(Said()) as said, ExitStack() as undo:
        # Looking holds up nobody who writes.
        with _words_for_refusals(), nullcontext() if dry_run else audit.record_changes(Entry.Kind.IMPORT):
            chunks = Chunks(rows(file))
            articles = Import(Files(folder, undo), said, update, dry_run, meanwhile=chunks.go_on)
            if articles.saving:
                _pack_quickly()
            number, look_at = 0, MANY
            for chunk in chunks:
                articles.take(chunk)
                number = chunk[-1].number
                # Articles and what they name point at each other, and would wait for Python's own time to go.
                del chunk
                gc.collect()
                progress("articles", number, total)
                if articles.saving and articles.new_articles >= look_at:
                    _look_at_tables()
                    look_at = 4 * articles.new_articles
            if articles.saving and articles.new_articles >= MANY:
                _look_at_tables()
            if not number:
                raise ImportRefusedError(_("The file is empty."))
            report = articles.report
            report.conflicts.sort(key=lambda note: note.location)
            report.saved = articles.saving
            if not dry_run and not report.saved:
                transaction.set_rollback(True)
        if report.saved:
            undo.pop_all()
    return report


def _pack_quickly() -> None:
    """Have PostgreSQL pack the texts of this transaction by LZ4, where it can: a quarter of its time went there."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config(name, 'lz4', true) FROM pg_settings "
                "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
            )


def _look_at_tables() -> None:
    """Have PostgreSQL count what the tables of the news hold now: else it plans as if they were as small as before."""
    if connection.vendor == "postgresql":
        models = apps.get_app_config("news").get_models(include_auto_created=True)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(sorted(model._meta.db_table for model in models))}")


@contextmanager
def _words_for_refusals() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise ImportRefusedError(
            _("The database refused the import and nothing was saved: %(why)s") % {"why": error}
        ) from error
    except OSError as error:
        raise ImportRefusedError(
            _("A file could not be read or stored, and nothing was saved: %(why)s") % {"why": error.strerror or error}
        ) from error
