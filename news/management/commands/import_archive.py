"""manage.py import_archive FILE"""

from argparse import ArgumentParser
from pathlib import Path

from delegations.management.reporting import ReportingCommand

from ...archives import ArchiveOptions, import_archive, write_lines
from ...jsonl import ArchiveReport


class Command(ReportingCommand):
    report_type = ArchiveReport
    help = (
        "Import the posts of another site, all or nothing: an export of WordPress (WXR), RSS or Atom with full text, "
        "or a folder of saved HTML pages with a mapping file. Drafts stay drafts, a second run changes nothing, and "
        "each article keeps the address that it had. With --media, pictures and documents come along; a text that "
        "lacks one becomes a draft. What a text loses is named. Exit code 1 and nothing saved where a post cannot be "
        "read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="an XML file, or a folder of HTML pages")
        parser.add_argument("--mapping", type=Path, metavar="TOML", help="selectors of the saved pages")
        parser.add_argument(
            "--media",
            type=Path,
            metavar="FOLDER",
            help="the root of the former site, its wp-content or uploads, or saved pages",
        )
        parser.add_argument("--language", default="", metavar="CODE", help="of all posts; else as the archive says")
        parser.add_argument("--draft", action="store_true", help="new articles become drafts; others keep their state")
        parser.add_argument("--update", action="store_true", help="replace articles on record that differ")
        parser.add_argument("--strict", action="store_true", help="refuse a text that loses elements or files")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write JSON Lines and import nothing")
        super().add_arguments(parser)

    def report(self, file: Path, options: dict) -> ArchiveReport:
        choices = ArchiveOptions(
            options["mapping"],
            options["media"],
            options["language"],
            options["draft"],
            options["update"],
            options["strict"],
        )
        if options["output"]:
            return write_lines(file, choices, options["output"])
        return import_archive(file, choices, dry_run=options["dry_run"], progress=self.progress)
