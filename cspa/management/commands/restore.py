"""`manage.py restore DIR`: loads a backup into an empty database and verifies it."""

from argparse import ArgumentParser
from pathlib import Path

from django.utils.translation import gettext as _

from cspa.backup import BackupError, restore

from ...progress import WatchedCommand


class Command(WatchedCommand):
    help = (
        "Bring a backup back: into a database in which nothing but migrate has run, and beside no other uploaded "
        "files of the same names. Everything is checked before and compared afterwards. Exit code 1 and nothing "
        "changed where anything is damaged, missing, foreign or not equal. Stop the site first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="what backup has written")

    def handle(self, *args, folder: Path, **options) -> None:
        with self.watched(BackupError, _("Nothing was restored. %(why)s")):
            counts = restore(folder, self.progress)
        self.stdout.write(self.style.SUCCESS(_("%(counts)s: all equal") % {"counts": counts}))
