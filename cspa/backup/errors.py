"""Error of backup and restore, with a message for the user."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import Error
from django.utils.translation import gettext as _

MAX_LISTED = 10


class BackupError(Exception):
    """Backup or restore failed without any effect; the message says why."""


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Translate errors of the disk and of the database into BackupError."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise BackupError(f"{where}{error.strerror or error}") from error
    except Error as error:
        raise BackupError(_("The database refuses: %(why)s") % {"why": error}) from error


def abbreviated(names: Iterable[str]) -> str:
    """First of ``names``, joined by commas, and the number of the others."""
    names = sorted(names)
    text = ", ".join(names[:MAX_LISTED])
    return f"{text} (+{len(names) - MAX_LISTED})" if names[MAX_LISTED:] else text
