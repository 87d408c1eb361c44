"""Sort keys of names by the Unicode Collation Algorithm (UTS 10), the same on both databases.

The algorithm orders Latin and every Cyrillic alphabet. A column stores the key in hexadecimal digits, which compare
alike in every collation of a database.
"""

from functools import cache

from pyuca import Collator

KEY_LENGTH = 400


@cache
def _collator() -> Collator:
    return Collator()


def sort_key(text: str) -> str:
    """Sort key of ``text``, at most KEY_LENGTH digits; empty for the empty text."""
    if not text:
        return ""
    weights = _collator().sort_key(" ".join(text.split())[: KEY_LENGTH // 4])
    return "".join(f"{weight:04x}" for weight in weights)[:KEY_LENGTH]
