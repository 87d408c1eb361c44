"""manage.py import_delegations FILE"""

import argparse
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import ChangeSet
from delegations.importer import ImportOptions, ImportRefusedError, Report, format_of, import_file, left_out_file
from delegations.management.reporting import ReportingCommand, day, write_whole

from ...file_imports.columns import with_remembered_columns
from ...file_imports.report_page import report_as_json
from ...importer.options import NEW, Ends
from ...importer.readers.columns import COLUMNS
from ...importer.readers.files import FORMATS, bytes_of, text_of
from ...models import FileImport
from ...models.file_imports import storable


def mapped(text: str) -> tuple[str, str]:
    """Parse "their column=our column" for an option. Raise argparse.ArgumentTypeError for other text."""
    theirs, equals, ours = text.rpartition("=")
    if not equals or not theirs or ours.strip() not in ("", *COLUMNS):
        raise argparse.ArgumentTypeError(f"not as THEIRS=OURS, where OURS is empty or one of {', '.join(COLUMNS)}")
    return theirs, ours.strip()


def answers(same: Path | None, new: Path | None) -> dict[str, str]:
    """Return who the people of a file are: of ``same`` lines of key, tab and public id, of ``new`` lines of keys.

    Raises ImportRefusedError for a file that cannot be read.
    """
    found = dict.fromkeys(_lines(new), NEW)
    for number, line in enumerate(_lines(same), 1):
        key, tab, person = line.rpartition("\t")
        if not tab:
            message = _("Line %(number)d of %(file)s is not a name or an id, a tab, and the id of a person.")
            raise ImportRefusedError(message % {"number": number, "file": same})
        found[key.strip()] = person.strip()
    return found


def _lines(file: Path | None) -> list[str]:
    lines = text_of(bytes_of(file)).splitlines() if file else []
    return [text for line in lines if (text := line.strip())]


class Command(ReportingCommand):
    help = (
        "Compare a file of members with the directory, show the difference and save it, all or nothing. "
        "Exit code 1 and nothing saved where a row conflicts or the file cannot be read. "
        "A mandate that the file does not name stays, unless --end-missing is given."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="Popolo JSON, CSV or XLSX, at most 60 MB")
        parser.add_argument("--format", choices=FORMATS, help="default: by the ending of the file's name")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--chamber", default="", metavar="SLUG", help="the chamber that the members sit in")
        where.add_argument(
            "--country",
            default="",
            metavar="CC",
            help="the country (ISO 3166-1 alpha-2) of the file's legislature; a new one becomes a parliament",
        )
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="ID",
            help="the organization of a Popolo file with several legislatures; all: every legislature of the file",
        )
        parser.add_argument(
            "--new-chamber",
            nargs="?",
            const="",
            metavar="NAME",
            help="make a chamber of the country's parliament for an organization that is not on record; a table needs "
            "NAME",
        )
        parser.add_argument(
            "--ends",
            choices=Ends.values,
            default="",
            help="what an end in the file means: the last day in office, or the first day no longer in office",
        )
        parser.add_argument(
            "--map",
            type=mapped,
            action="append",
            default=[],
            metavar="THEIRS=OURS",
            help="read the column THEIRS of a table as our column OURS; pass it over where OURS is empty",
        )
        parser.add_argument(
            "--same",
            type=Path,
            metavar="FILE",
            help="who is meant, where the import asks: lines of the name or id that it names, a tab, and a public id",
        )
        parser.add_argument(
            "--new", type=Path, metavar="FILE", help="who is new: lines of the name or id as asked about"
        )
        parser.add_argument(
            "--end-missing", type=day, metavar="DATE", help="end on this day the mandates that the file does not name"
        )
        parser.add_argument(
            "--end-earlier",
            action="append",
            default=[],
            metavar="PLACE",
            help="end an earlier mandate that overlaps where the one of this line or JSON pointer begins; all: each",
        )
        parser.add_argument(
            "--skip-invalid", action="store_true", help="leave out the rows that conflict, and save the others"
        )
        parser.add_argument(
            "--left-out",
            type=Path,
            metavar="FILE",
            help="write the rows that are left out, or that conflict, to FILE, as a file to correct and import",
        )
        super().add_arguments(parser)

    def report(self, file: Path, options: dict) -> Report:
        data, file_format = bytes_of(file), options["format"] or format_of(file.name)
        stated = ImportOptions(
            chamber=options["chamber"],
            country=options["country"].upper(),
            organizations=tuple(options["organization"]),
            new_chamber=options["new_chamber"] is not None,
            chamber_name=options["new_chamber"] or "",
            ends=options["ends"],
            columns=dict(options["map"]),
            people=answers(options["same"], options["new"]),
            end_earlier=tuple(options["end_earlier"]),
            end_missing=options["end_missing"],
            skip_invalid=options["skip_invalid"],
        )
        stated, remembered = with_remembered_columns(data, file_format, stated)
        if remembered:
            self.stderr.write(_("The columns are read as in the last table of this publisher."))
        if options["dry_run"]:
            report = import_file(data, file_format, stated, dry_run=True, progress=self.progress)
        else:
            # The name of a file may be no text.
            report = self.save(data, file_format, stated, storable(file.name))
        if options["left_out"]:
            write_whole(options["left_out"], left_out_file(data, file_format, stated, report))
        return report

    def save(self, data: bytes, file_format: str, stated: ImportOptions, name: str) -> Report:
        """Import the file, and record the import as the admin does, in one transaction."""
        with audit.record_changes(ChangeSet.Kind.IMPORT, details=name) as recorder:
            report = import_file(data, file_format, stated, progress=self.progress)
            if report.saved:
                audit.flush()
                FileImport.objects.create(
                    name=name,
                    file_format=file_format,
                    options=storable(stated.as_json()),
                    language=get_language() or settings.LANGUAGE_CODE,
                    state=FileImport.State.SAVED,
                    report=storable(report_as_json(report)),
                    change_set=recorder.entry if recorder.entry.pk else None,
                )
        return report
