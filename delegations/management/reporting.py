"""Base of the commands that import and print a report."""

import argparse
import json
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from cspa.progress import WatchedCommand
from delegations.dates import PartialDate
from delegations.importer import ImportRefusedError, Report

_SIGNS = {"added": "+", "changed": "~", "ended": "x"}


def day(text: str) -> date:
    """Parse a whole date as 2019-05-26 for an option. Raise argparse.ArgumentTypeError for other text."""
    try:
        value = PartialDate.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not value.exact:
        raise argparse.ArgumentTypeError(f"not a whole date as 2019-05-26: {text!r}")
    return value.first


def write_whole(output: Path, chunks: Iterable[bytes]) -> None:
    """Write ``chunks`` to ``output`` atomically: an interrupted command leaves no partial file under that name."""
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines(chunks)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


class ReportingCommand(WatchedCommand):
    """A command that ends with a report."""

    report_type: type[Report] = Report

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show the difference and save nothing")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report of ``file``. Raise CommandError where a refusal or a conflict prevented saving."""
        try:
            report = self.report(options["file"], options)
        except ImportRefusedError as error:
            if options["json"]:
                self.print_json(self.report_type.refused(str(error)).as_json())
            raise CommandError(str(error)) from error
        finally:
            self.end_progress()
        if options["json"]:
            self.print_json(report.as_json())
        else:
            self.print(report, options["dry_run"])
        if report.conflicts:
            raise CommandError(
                _("Conflicts: %(count)d; nothing was saved.") % {"count": report.number_of("conflicts")}
            )

    def report(self, file: Path, options: dict[str, Any]) -> Report:
        raise NotImplementedError

    def print_json(self, record: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(record, ensure_ascii=False, indent=2))

    def print(self, report: Report, dry_run: bool) -> None:
        for entry in report.entries:
            details = f" ({'; '.join(entry.details)})" if entry.details else ""
            place = f" [{entry.place}]" if entry.place else ""
            self.stdout.write(f"{_SIGNS[entry.action]} {entry.kind}: {entry.label}{details}{place}")
        self.print_more(report, "entries")
        for title, name in (
            (_("Conflicts"), "conflicts"),
            (_("Left out"), "skipped"),
            (_("Warnings"), "warnings"),
        ):
            if notes := getattr(report, name):
                self.stdout.write(f"\n{title} ({report.number_of(name)})")
                for note in notes:
                    self.stdout.write(f"  {note}")
                self.print_more(report, name)
        if report.questions:
            self.stdout.write("\n" + _("Say who it is with --same or --new, by these names or ids:"))
            for question in report.questions:
                self.stdout.write(f"  {question.key}")
        if report.neighbours:
            self.stdout.write("\n" + _("A mandate can end where the next one begins (--end-earlier PLACE, or all):"))
            for offer in report.neighbours:
                self.stdout.write(f"  {offer.place}: {offer.label}, {offer.day}")
        if report.not_kept:
            keys = ", ".join(f"{key} ({count})" for key, count in report.not_kept.items())
            self.stdout.write("\n" + _("Not kept: %(keys)s") % {"keys": keys})
        self.stdout.write("")
        for action, count in report.numbers():
            self.stdout.write(f"{action}: {count}")
        if report.saved:
            self.stdout.write(_("Saved."))
        elif dry_run:
            self.stdout.write(_("Nothing was saved: this was a dry run."))

    def print_more(self, report: Report, name: str) -> None:
        if name in report.more:
            self.stdout.write("  " + _("… and %(count)d more") % {"count": report.more[name]})
