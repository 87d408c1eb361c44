"""Import of an archive, or its lines as a file."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile

from django.utils.translation import gettext as _

from delegations.importer import ImportRefusedError, no_progress
from delegations.importer.records import Note
from delegations.management.reporting import write_whole

from ..jsonl import ArchiveReport, import_lines
from .lines import Lines
from .media import Media
from .saved_pages import saved_pages
from .xml_items import posts, uploads


@dataclass(frozen=True)
class ArchiveOptions:
    # Selectors of saved pages; None: the archive is an XML file.
    mapping: Path | None = None
    # The folder with the uploads of the former site; None: they stay there.
    media: Path | None = None
    # Of all posts; empty: as the archive says.
    language: str = ""
    as_drafts: bool = False
    update: bool = False
    strict: bool = False
    # Of the archive in the report; empty: the name of its file.
    name: str = ""


def import_archive(
    file: Path,
    options: ArchiveOptions,
    *,
    dry_run: bool = False,
    progress: Callable[[str, int, int | None], None] = no_progress,
) -> ArchiveReport:
    """Import the posts of ``file``, all or nothing. Raises ImportRefusedError if it is no archive."""
    with _readable(), TemporaryFile() as whole:
        lines = _lines(file, options)
        whole.writelines(lines)
        whole.seek(0)
        if lines.problems and not lines.places:
            return _complete(ArchiveReport.empty(), lines)
        report = import_lines(
            whole,
            file.parent,
            update=options.update,
            # A post that cannot be read prevents all others from being saved.
            dry_run=dry_run or bool(lines.problems),
            strict=options.strict,
            as_drafts=options.as_drafts,
            elsewhere=lines.media.files if lines.media else None,
            place=lines.place,
            progress=progress,
            total=len(lines.places),
        )
    for notes in (report.conflicts, report.warnings):
        notes[:] = [_placed(note, lines) for note in notes]
    return _complete(report, lines)


def write_lines(file: Path, options: ArchiveOptions, output: Path) -> ArchiveReport:
    """Write the posts of ``file`` as JSON Lines, with their pictures and documents beside them."""
    with _readable():
        lines = _lines(file, options)
        write_whole(output, lines)
        for name, source in (lines.media.files if lines.media else {}).items():
            target = output.parent / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return _complete(ArchiveReport.empty(), lines)


def _lines(file: Path, options: ArchiveOptions) -> Lines:
    if file.is_dir() != bool(options.mapping):
        raise ImportRefusedError(_("A folder of saved pages needs a mapping file (--mapping), and nothing else does."))
    if options.media and not options.media.is_dir():
        raise ImportRefusedError(_("There is no such folder: %(folder)s") % {"folder": options.media})
    found = saved_pages(file, options.mapping) if options.mapping else posts(file, options.name)
    media = Media(options.media, () if options.mapping else uploads(file)) if options.media else None
    return Lines(found, options.language, options.as_drafts, media, options.strict)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImportRefusedError(_("The file cannot be read: %(why)s") % {"why": error.strerror}) from error


def _complete(report: ArchiveReport, lines: Lines) -> ArchiveReport:
    """Add to ``report`` what was noted while the archive was read."""
    report.warnings = [*lines.warnings, *report.warnings]
    report.conflicts = [*lines.problems, *report.conflicts]
    for element, number in lines.lost.items():
        report.not_kept[element] = report.not_kept.get(element, 0) + number
    return report


def _placed(note: Note, lines: Lines) -> Note:
    """Name the place in the archive instead of the line of JSON."""
    if not isinstance(note.location, int) or not 0 < note.location <= len(lines.places):
        return note
    return replace(note, location=lines.place(note.location, 0))
