"""How the commands that import show what they did."""

import argparse
import json
from datetime import date

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from delegations.dates import PartialDate
from delegations.importer import Report

_SIGNS = {"added": "+", "changed": "~", "ended": "x"}


def day(text: str) -> date:
    """A whole date as 2019-05-26, for an option; argparse.ArgumentTypeError with words for anything else."""
    try:
        value = PartialDate.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not value.exact:
        raise argparse.ArgumentTypeError(f"not a whole date as 2019-05-26: {text!r}")
    return value.first


class ReportingCommand(BaseCommand):
    """A command that ends with a report."""

    # Progress is for somebody who watches.

    def progress(self, stage: str, number: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{stage}: {number}/{total}", str, ending="")
            self.stderr.flush()

    def end_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", str, ending="")

    # The report

    def print_json(self, report: Report) -> None:
        self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=2))

    def print(self, report: Report, dry_run: bool) -> None:
        for entry in report.entries:
            details = f" ({'; '.join(entry.details)})" if entry.details else ""
            place = f" [{entry.place}]" if entry.place else ""
            self.stdout.write(f"{_SIGNS[entry.action]} {entry.kind}: {entry.label}{details}{place}")
        for title, notes in (
            (_("Conflicts"), report.conflicts),
            (_("Left out"), report.skipped),
            (_("Warnings"), report.warnings),
        ):
            if notes:
                self.stdout.write(f"\n{title} ({len(notes)})")
                for note in notes:
                    self.stdout.write(f"  {note}")
        if report.not_kept:
            words = ", ".join(f"{key} ({count})" for key, count in report.not_kept.items())
            self.stdout.write("\n" + _("Not kept: %(keys)s") % {"keys": words})
        self.stdout.write("")
        for action, words in report.numbers():
            self.stdout.write(f"{action}: {words}")
        if report.saved:
            self.stdout.write(_("Saved."))
        elif dry_run:
            self.stdout.write(_("Nothing was saved: this was a dry run."))
