"""`manage.py backup DIR`: writes a backup of the database and the uploaded files."""

from argparse import ArgumentParser
from pathlib import Path

from django.utils.translation import gettext as _

from cspa.backup import BackupError, make
from cspa.backup.tables import EXCLUDED_MODELS

from ...progress import WatchedCommand


class Command(WatchedCommand):
    help = (
        "Write the database and the uploaded files to a folder, for restore, which may happen on the other database. "
        "The site may run meanwhile: the rows are those of one moment. The backup holds drafts and the hashes of "
        "passwords: the folder is for its owner alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", type=Path, metavar="DIR", help="a new or an empty folder; it is there when it is complete"
        )

    def handle(self, *args, folder: Path, **options) -> None:
        with self.watched(BackupError, _("No backup was made. %(why)s")):
            counts = make(folder, self.progress)
        self.stdout.write(_("%(counts)s: saved in %(path)s") % {"counts": counts, "path": folder})
        for reason in EXCLUDED_MODELS.values():
            self.stdout.write(_("Left out: %(what)s.") % {"what": reason})
