"""SQLite knows upper and lower case of ASCII only; PostgreSQL knows every alphabet.

With these functions ``icontains``, ``iexact`` and ``Lower()`` find "ПЛЕНАРНОЕ" on both.
"""

import re
from functools import lru_cache

from django.db.backends.base.base import BaseDatabaseWrapper


@lru_cache(maxsize=256)
def _like_pattern(pattern: str, escape: str | None) -> re.Pattern[str]:
    parts, letters = [], iter(pattern)
    for letter in letters:
        if letter == escape:
            parts.append(re.escape(next(letters, "")))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def like(pattern: str | None, value: object, escape: str | None = None) -> bool | None:
    """SQL's ``value LIKE pattern ESCAPE escape``, in any alphabet; NULL where either is NULL."""
    if pattern is None or value is None:
        return None
    return _like_pattern(str(pattern), escape).fullmatch(str(value)) is not None


def teach_letters(sender: object, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Receiver of ``connection_created``: registers the functions on a new SQLite connection."""
    if connection.vendor != "sqlite":
        return
    create = connection.connection.create_function
    for arguments in (2, 3):
        create("LIKE", arguments, like, deterministic=True)
    create("UPPER", 1, lambda text: text.upper() if isinstance(text, str) else text, deterministic=True)
    create("LOWER", 1, lambda text: text.lower() if isinstance(text, str) else text, deterministic=True)
