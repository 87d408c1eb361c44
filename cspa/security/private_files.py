"""Files that their owner alone may read: the database, and all that the site keeps in var/."""

import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


def make_private(path: Path) -> None:
    """Take all permissions on ``path`` from group and others, where it exists and the process owns it."""
    # A file of another user, or a read-only disk: whoever can change that starts a process too.
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)


def make_database_private(connection: "BaseDatabaseWrapper", **kwargs: object) -> None:
    """Make a SQLite file private, and those that SQLite keeps beside it; receiver of ``connection_created``.

    SQLite creates the file with the permissions of the umask, and the others with those of the file.
    """
    if connection.vendor == "sqlite":
        for ending in ("", "-wal", "-shm"):
            make_private(Path(f"{connection.settings_dict['NAME']}{ending}"))
