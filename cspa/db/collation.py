"""Sort keys: names in the order that a reader expects, alike on both databases.

The Unicode Collation Algorithm (UTS 10) orders Latin and every Cyrillic alphabet; its key is stored as
hexadecimal digits, which each database compares in the same way.
"""

from functools import cache

from pyuca import Collator

KEY_LENGTH = 400


@cache
def _collator() -> Collator:
    return Collator()


def sort_key(text: str) -> str:
    """The key of ``text``, at most KEY_LENGTH digits; the empty text has an empty key."""
    if not text:
        return ""
    weights = _collator().sort_key(" ".join(text.split())[: KEY_LENGTH // 4])
    return "".join(f"{weight:04x}" for weight in weights)[:KEY_LENGTH]
