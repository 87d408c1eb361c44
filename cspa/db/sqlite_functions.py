"""Unicode versions of SQLite's LIKE, UPPER and LOWER, which fold the case of ASCII letters only.

With these functions ``icontains``, ``iexact`` and ``Lower()`` fold Cyrillic letters, as they do on PostgreSQL.
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
    """SQL's ``value LIKE pattern ESCAPE escape`` for Unicode; NULL if either argument is NULL."""
    if pattern is None or value is None:
        return None
    return _like_pattern(str(pattern), escape).fullmatch(str(value)) is not None


def register_functions(sender: object, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Register the functions on a new SQLite connection; receiver of ``connection_created``."""
    if connection.vendor != "sqlite":
        return
    create = connection.connection.create_function
    for arguments in (2, 3):
        create("LIKE", arguments, like, deterministic=True)
    create("UPPER", 1, lambda text: text.upper() if isinstance(text, str) else text, deterministic=True)
    create("LOWER", 1, lambda text: text.lower() if isinstance(text, str) else text, deterministic=True)
