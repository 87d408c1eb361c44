"""Why there is no backup, or nothing was restored, in words."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import Error
from django.utils.translation import gettext as _

LISTED = 10


class Refused(Exception):  # noqa: N818  reads as what happened
    """Nothing was written or restored; the words say why."""


@contextmanager
def in_words() -> Iterator[None]:
    """What the disk or the database refuses is Refused, too."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise Refused(f"{where}{error.strerror or error}") from error
    except Error as error:
        raise Refused(_("The database refuses: %(why)s") % {"why": error}) from error


def listed(names: Iterable[str]) -> str:
    """The first of ``names``, and how many more there are."""
    names = sorted(names)
    words = ", ".join(names[:LISTED])
    return f"{words} (+{len(names) - LISTED})" if names[LISTED:] else words
