"""manage.py import_page FILE…"""

from pathlib import Path

from django.core.management.base import CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import ChangeSet
from delegations.importer import ImportRefusedError
from delegations.importer.readers.files import bytes_of
from delegations.importer.records import Note
from delegations.management.reporting import ReportingCommand, day

from ...archives.joining import join
from ...legacy_page import PageReport, import_page
from ...models import Article


class Command(ReportingCommand):
    help = (
        "Import saved pages of the Assembly's former site: the block of delegations and the article of each. "
        "Exit code 1 and nothing saved where a file is no such page or contradicts another page of its day."
    )

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the text of a page, in UTF-8")
        parser.add_argument(
            "--as-of",
            type=day,
            metavar="DATE",
            help="the day on which the pages were seen; without it the facts of the block carry no dates",
        )
        parser.add_argument("--draft", action="store_true", help="a new article becomes a draft")
        parser.add_argument(
            "--one-story", action="store_true", help="the articles of the files are translations of each other"
        )
        parser.add_argument("--update", action="store_true", help="replace the text of an article that differs")
        super().add_arguments(parser)

    def handle(self, *args, files: list[Path], dry_run: bool, **options):
        reports: dict[str, PageReport] = {}
        with audit.record_changes(ChangeSet.Kind.IMPORT):
            for number, file in enumerate(files, 1):
                reports[str(file)] = self.report(file, options)
                self.progress("pages", number, len(files))
            self.end_progress()
            if options["one_story"]:
                self.join(reports)
            conflicts = sum(len(report.conflicts) for report in reports.values())
            if conflicts or dry_run:
                transaction.set_rollback(True)
                for report in reports.values():
                    report.saved = False
        if options["json"]:
            self.print_all(reports)
        else:
            for name, report in reports.items():
                if len(reports) > 1:
                    self.stdout.write(f"\n{name}")
                self.print(report, dry_run)
        if conflicts:
            raise CommandError(_("Conflicts: %(count)d; nothing was saved.") % {"count": conflicts})

    def join(self, reports: dict[str, PageReport]) -> None:
        articles = [report.article for report in reports.values() if report.article]
        try:
            join(articles)
        except ImportRefusedError as error:
            next(iter(reports.values())).conflicts.append(Note("", str(error)))

    def report(self, file: Path, options: dict) -> PageReport:
        try:
            state = Article.State.DRAFT if options["draft"] else Article.State.PUBLISHED
            return import_page(bytes_of(file), options["as_of"], options["update"], state)
        except ImportRefusedError as error:
            return PageReport.refused(str(error))

    def print_all(self, reports: dict[str, PageReport]) -> None:
        """Print one report as import_delegations does; print several as their sums, with each report in ``files``."""
        whole, *others = [report.as_json() for report in reports.values()]
        if others:
            pages = [{"file": name, **report.as_json()} for name, report in reports.items()]
            for other in others:
                for action, numbers in other.items():
                    if isinstance(numbers, list):
                        whole[action] += numbers
                    elif isinstance(numbers, dict):
                        whole[action] = {kind: whole[action].get(kind, 0) + n for kind, n in numbers.items()}
            whole["files"] = pages
        self.print_json(whole)
