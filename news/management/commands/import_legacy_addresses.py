"""manage.py import_legacy_addresses FILE"""

from argparse import ArgumentParser
from pathlib import Path

from delegations.importer.readers.files import bytes_of
from delegations.management.reporting import ReportingCommand

from ...legacy_addresses import LegacyAddressReport, import_table


class Command(ReportingCommand):
    report_type = LegacyAddressReport
    help = (
        "Import a table of addresses of the former site, all or nothing: CSV with the columns “former” and “present”. "
        "Exit code 1 and nothing saved where a line is no such address or this site has no such page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV in UTF-8")
        parser.add_argument("--update", action="store_true", help="give addresses on record the page of the table")
        super().add_arguments(parser)

    def report(self, file: Path, options: dict) -> LegacyAddressReport:
        return import_table(bytes_of(file), update=options["update"], dry_run=options["dry_run"])
