"""Articles as JSON Lines: a line is one article in one language, in the same shape out and in.

``records`` and ``line`` write them, ``import_lines`` reads them. docs/data-dictionary.md ("Articles as JSON Lines")
says what the keys mean.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from django.db import Error, transaction
from django.utils.translation import gettext as _

from cspa import journal
from cspa.models import Entry
from delegations.importer import Refused

from .importing import Import
from .lines import Said, chunks, rows
from .records import CHUNK, files, line, records
from .report import ArchiveReport
from .stored import Files

__all__ = ["CHUNK", "ArchiveReport", "files", "import_lines", "line", "records"]

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
    nothing was. ``total`` is the number of lines, for ``progress``. Refused where the file is empty, or where the
    database or the disk refuses it.
    """
    # What was stored for an import that is not saved is removed again.
    with closing(Said()) as said, ExitStack() as undo:
        # Looking holds up nobody who writes.
        with _words_for_refusals(), nullcontext() if dry_run else journal.entry(Entry.Kind.IMPORT):
            articles = Import(Files(folder, undo), said, update, dry_run)
            number = 0
            for chunk in chunks(rows(file)):
                articles.take(chunk)
                number = chunk[-1].number
                # Articles and what they name point at each other, and would wait for Python's own time to go.
                del chunk
                gc.collect()
                progress("articles", number, total)
            if not number:
                raise Refused(_("The file is empty."))
            report = articles.report
            report.conflicts.sort(key=lambda note: note.where)
            report.saved = articles.saving
            if not dry_run and not report.saved:
                transaction.set_rollback(True)
        if report.saved:
            undo.pop_all()
    return report


@contextmanager
def _words_for_refusals() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise Refused(_("The database refused the import and nothing was saved: %(why)s") % {"why": error}) from error
    except OSError as error:
        raise Refused(
            _("A file could not be read or stored, and nothing was saved: %(why)s") % {"why": error.strerror or error}
        ) from error
