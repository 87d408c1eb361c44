"""Export and import of articles as JSON Lines. A line is one article in one language.

``records`` and ``line`` write lines, ``import_lines`` reads them. docs/data-dictionary.md ("Articles as JSON Lines")
describes the keys.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from django.apps import apps
from django.db import connection, transaction
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import ChangeSet
from delegations.importer import ImportRefusedError, database_errors_as_refusal, no_progress

from .importer import ArticleImporter
from .media_files import MediaFolder
from .reader import Chunks, SeenKeys, read_rows
from .report import ArchiveReport
from .serializer import CHUNK, files, line, records

__all__ = ["CHUNK", "ArchiveReport", "files", "import_lines", "line", "records"]

# New articles after which the planner needs new statistics.
ANALYZE_AFTER = 5000


def number_of_line(number: int, line_of_text: int) -> int:
    """Default place of a text: a line of the file holds all of it."""
    return number


def import_lines(
    file: BinaryIO,
    folder: Path,
    *,
    update: bool = False,
    dry_run: bool = False,
    strict: bool = False,
    as_drafts: bool = False,
    elsewhere: Mapping[str, Path] | None = None,
    place: Callable[[int, int], int | str] = number_of_line,
    progress: Callable[[str, int, int | None], None] = no_progress,
    total: int | None = None,
) -> ArchiveReport:
    """Import the articles of ``file``, with their pictures and documents from ``folder``: all of them or none.

    An article on record that differs is listed; ``update`` replaces it. What a text loses is listed, too; ``strict``
    makes it a conflict, and ``place`` says where the text stands. With ``as_drafts`` new articles become drafts, and
    others keep their state. ``elsewhere`` says where files lie that are not in the folder. The report says what was
    saved, or why nothing was. ``total`` is the number of lines, for ``progress``. Raises ImportRefusedError if the
    file is empty, or if the database or the disk refuses it.
    """
    # Remove the stored files of an import that is not saved.
    with closing(SeenKeys()) as seen, ExitStack() as undo:
        # A dry run takes no lock of the audit log.
        with _refusals_as_import_error(), nullcontext() if dry_run else audit.record_changes(ChangeSet.Kind.IMPORT):
            chunks = Chunks(read_rows(file))
            importer = ArticleImporter(
                MediaFolder(folder, undo, elsewhere or {}),
                seen,
                update,
                dry_run,
                strict,
                as_drafts,
                place,
                between_articles=chunks.read_next,
            )
            if importer.saving:
                _compress_with_lz4()
            number, analyze_at = 0, ANALYZE_AFTER
            for chunk in chunks:
                importer.process_chunk(chunk)
                number = chunk[-1].number
                # Articles and their relations are reference cycles: collect them now, so that memory stays bounded.
                del chunk
                gc.collect()
                progress("articles", number, total)
                if importer.saving and importer.new_articles >= analyze_at:
                    _analyze_tables()
                    analyze_at = 4 * importer.new_articles
            if importer.saving and importer.new_articles >= ANALYZE_AFTER:
                _analyze_tables()
            if not number:
                raise ImportRefusedError(_("The file is empty."))
            report = importer.report
            report.conflicts.sort(key=lambda note: note.location)
            report.saved = importer.saving
            if not dry_run and not report.saved:
                transaction.set_rollback(True)
        if report.saved:
            undo.pop_all()
    return report


def _compress_with_lz4() -> None:
    """Let PostgreSQL compress texts by LZ4 if it can; its default compression takes a quarter of the import."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config(name, 'lz4', true) FROM pg_settings "
                "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
            )


def _analyze_tables() -> None:
    """Update the statistics of PostgreSQL, which otherwise plans for the small tables of the start."""
    if connection.vendor == "postgresql":
        models = apps.get_app_config("news").get_models(include_auto_created=True)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(sorted(model._meta.db_table for model in models))}")


@contextmanager
def _refusals_as_import_error() -> Iterator[None]:
    try:
        with database_errors_as_refusal():
            yield
    except OSError as error:
        raise ImportRefusedError(
            _("A file could not be read or stored, and nothing was saved: %(why)s") % {"why": error.strerror or error}
        ) from error
