"""manage.py join_articles FILE"""

from argparse import ArgumentParser
from pathlib import Path

from delegations.importer.readers.files import bytes_of
from delegations.management.reporting import ReportingCommand

from ...archives.joining import JoinReport, join_table


class Command(ReportingCommand):
    report_type = JoinReport
    help = (
        "Make articles that translate each other one story, all or nothing, by a table: CSV whose headings are "
        "languages, and whose rows are addresses of articles, on this site or the former one. Exit code 1 and nothing "
        "saved where there is no such article, or a story would have two in one language."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV in UTF-8")
        super().add_arguments(parser)

    def report(self, file: Path, options: dict) -> JoinReport:
        return join_table(bytes_of(file), dry_run=options["dry_run"])
