"""manage.py export_delegations"""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cspa.exports import tabular
from delegations.dates import FOUNDED
from delegations.management.reporting import day, write_whole
from delegations.models import Delegate

from ...exports import popolo
from ...exports.serializers import MANDATE_COLUMNS, mandate_row
from ...importer.readers.files import FORMATS


class Command(BaseCommand):
    help = (
        "Write the directory to a file: Popolo carries all of it, CSV and XLSX the mandates. "
        "Without --on all history; without --output to standard output."
    )

    def add_arguments(self, parser):
        parser.add_argument("--on", type=day, metavar="DATE", help="only what holds on this day")
        parser.add_argument("--format", choices=FORMATS, default="popolo")
        parser.add_argument("--output", type=Path, metavar="FILE", help="written when it is complete")

    def handle(self, *args, on: date | None, output: Path | None, **options):
        if on and on < FOUNDED:
            raise CommandError(_("There was no Assembly on this day: it was founded on %(day)s.") % {"day": FOUNDED})
        binary = options["format"] == "xlsx"
        if not output and binary and sys.stdout.isatty():
            raise CommandError(_("XLSX is nothing to read on a terminal: name a file with --output."))
        is_popolo = options["format"] == "popolo"
        chunks = map(str.encode, popolo.chunks(on)) if is_popolo else _table(options["format"], on)
        if output:
            try:
                write_whole(output, chunks)
            except OSError as error:
                raise CommandError(_("The file cannot be written: %(why)s") % {"why": error.strerror}) from error
        elif binary:
            sys.stdout.buffer.writelines(chunks)
        else:
            for chunk in chunks:
                self.stdout.write(chunk.decode(), ending="")


def _table(file_format: str, on: date | None) -> Iterator[bytes]:
    mandates = (Delegate.objects.on(on) if on else Delegate.objects.all()).select_related(
        "person", "chamber__parliament"
    )
    mandates = mandates.order_by(
        "chamber__parliament__order", "chamber__order", "chamber__slug", "person__public_id", "start", "uid"
    ).prefetch_related("sources")
    rows = (mandate_row(mandate) for mandate in mandates.iterator(chunk_size=1000))
    return iter(tabular.export_response(file_format, "delegates", MANDATE_COLUMNS, rows))
