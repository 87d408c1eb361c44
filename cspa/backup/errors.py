"""Why there is no backup, or nothing was restored, in words."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import Error
from django.utils.translation import gettext as _

LISTED = 10


class BackupError(Exception):
    """Nothing was written or restored; the words say why."""


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Turn errors of the disk and the database into BackupError."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise BackupError(f"{where}{error.strerror or error}") from error
    except Error as error:
        raise BackupError(_("The database refuses: %(why)s") % {"why": error}) from error


def listed(names: Iterable[str]) -> str:
    """The first of ``names``, and how many more there are."""
    names = sorted(names)
    words = ", ".join(names[:LISTED])
    return f"{words} (+{len(names) - LISTED})" if names[LISTED:] else words
