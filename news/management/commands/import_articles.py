"""manage.py import_articles FILE"""

import gc
import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from delegations.importer import ImportRefusedError
from delegations.management.reporting import ReportingCommand

from ...jsonl import ArchiveReport, import_lines


class Command(ReportingCommand):
    report_type = ArchiveReport
    help = (
        "Import articles from JSON Lines, as export_articles writes them, all or nothing. An article on record that "
        "differs is listed and stays, unless --update is given. Exit code 1 and nothing saved where a line cannot be "
        "read or contradicts the record, or the file cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="one article a line; “-”: standard input")
        parser.add_argument(
            "--files",
            type=Path,
            metavar="DIR",
            help="where the pictures and documents lie; default: the folder of FILE",
        )
        parser.add_argument("--draft", action="store_true", help="new articles become drafts; others keep their state")
        parser.add_argument("--update", action="store_true", help="replace articles on record that differ")
        parser.add_argument("--strict", action="store_true", help="refuse a text that loses elements")
        super().add_arguments(parser)

    def report(self, file: Path, options: dict) -> ArchiveReport:
        take = partial(
            import_lines,
            update=options["update"],
            dry_run=options["dry_run"],
            strict=options["strict"],
            as_drafts=options["draft"],
            progress=self.progress,
        )
        # The objects of the loaded modules are permanent: exempt them from the collections after each chunk.
        gc.freeze()
        try:
            if file == Path("-"):
                return take(sys.stdin.buffer, options["files"] or Path())
            with file.open("rb") as lines:
                return take(lines, options["files"] or file.parent, total=_number_of_lines(lines))
        except OSError as error:
            raise ImportRefusedError(_("The file cannot be read: %(why)s") % {"why": error.strerror}) from error


def _number_of_lines(file: BinaryIO) -> int | None:
    """The number of lines, for the progress report; None for a stream that cannot be read twice."""
    if not file.seekable():
        return None
    number = sum(block.count(b"\n") for block in iter(partial(file.read, 1024 * 1024), b""))
    file.seek(0)
    return number
