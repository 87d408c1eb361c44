"""manage.py import_archive FILE"""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile

from django.utils.translation import gettext as _

from delegations.importer import ImportRefusedError
from delegations.importer.records import Note
from delegations.management.reporting import ReportingCommand, write_whole

from ...archives import Lines, posts, saved_pages
from ...jsonl import ArchiveReport, import_lines


class Command(ReportingCommand):
    report_type = ArchiveReport
    help = (
        "Import the posts of another site, all or nothing: an export of WordPress (WXR), RSS or Atom with full text, "
        "or a folder of saved HTML pages with a mapping file. Drafts stay drafts, a second run changes nothing, and "
        "each article keeps the address that it had. What a text loses is named. Exit code 1 and nothing saved where "
        "a post cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="an XML file, or a folder of HTML pages")
        parser.add_argument("--mapping", type=Path, metavar="TOML", help="selectors of the saved pages")
        parser.add_argument("--language", default="", metavar="CODE", help="of all posts; else as the archive says")
        parser.add_argument("--draft", action="store_true", help="import all posts as drafts")
        parser.add_argument("--update", action="store_true", help="replace articles on record that differ")
        parser.add_argument("--strict", action="store_true", help="refuse a text that loses elements")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write JSON Lines and import nothing")
        super().add_arguments(parser)

    def report(self, file: Path, options: dict) -> ArchiveReport:
        if file.is_dir() != bool(options["mapping"]):
            raise ImportRefusedError(
                _("A folder of saved pages needs a mapping file (--mapping), and nothing else does.")
            )
        found = saved_pages(file, options["mapping"]) if options["mapping"] else posts(file)
        lines = Lines(found, options["language"], options["draft"])
        try:
            if options["output"]:
                write_whole(options["output"], lines)
                report = ArchiveReport.empty()
            else:
                report = self.import_all(lines, file, options)
        except OSError as error:
            raise ImportRefusedError(_("The file cannot be read: %(why)s") % {"why": error.strerror}) from error
        report.warnings = [*lines.warnings, *report.warnings]
        report.conflicts = [*lines.problems, *report.conflicts]
        return report

    def import_all(self, lines: Lines, file: Path, options: dict) -> ArchiveReport:
        with TemporaryFile() as whole:
            whole.writelines(lines)
            whole.seek(0)
            if lines.problems and not lines.places:
                return ArchiveReport.empty()
            report = import_lines(
                whole,
                file.parent,
                update=options["update"],
                # A post that cannot be read prevents all others from being saved.
                dry_run=options["dry_run"] or bool(lines.problems),
                strict=options["strict"],
                place=lines.place,
                progress=self.progress,
                total=len(lines.places),
            )
        for notes in (report.conflicts, report.warnings):
            notes[:] = [_placed(note, lines) for note in notes]
        return report


def _placed(note: Note, lines: Lines) -> Note:
    """Name the place in the archive instead of the line of JSON."""
    if not isinstance(note.location, int) or not 0 < note.location <= len(lines.places):
        return note
    return replace(note, location=lines.place(note.location, 0))
