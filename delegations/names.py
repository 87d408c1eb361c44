"""Names as people type them: one folded form for every spelling that means the same person.

Letters of every alphabet become Latin ones, and the usual ways to write one Russian sound in Latin letters become
one: Юрий, Yuri, Yury and Iurii all fold to "iuri". What is folded is compared, never shown.
"""

import re
from collections.abc import Iterable

from rapidfuzz.distance import OSA
from slugify import slugify

LONGEST_QUERY = 12  # words
SHORTEST_WITH_SLIP = 4  # letters; in shorter words a slip makes another name

# Letters that the transliteration below knows badly or not at all.
_LETTERS = str.maketrans("әғқңөұүһіӣӯҳҷўґѣё", "agknouuhiiuhjugee")
# In this order, each on what the one before has left.
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        ("shch|sch", "sh"),
        ("kh", "h"),
        ("x", "ks"),
        ("tz|ts", "c"),
        ("[yj]", "i"),
        (r"(.)\1+", r"\1"),
        ("io|ie", "e"),
    ]
]
_HYPHENS = re.compile(r"[\u2010-\u2015\u2212-]")
_APOSTROPHES = re.compile(r"['`\u00b4\u02b9\u02bc\u2018\u2019]")
_PATRONYMIC = re.compile(r".{3,}(?:vich|ich|ovna|evna|ichna|inichna)")


def fold(text: str) -> str:
    """The words of ``text`` in their folded form, separated by single spaces; hyphens and apostrophes vanish."""
    text = _APOSTROPHES.sub("", _HYPHENS.sub("", text.lower())).translate(_LETTERS)
    words = slugify(text, separator=" ")
    for pattern, sound in _SOUNDS:
        words = pattern.sub(sound, words)
    return words


def words_of(names: Iterable[str]) -> str:
    """The folded words of ``names``, each once, as " kogut viktor ": a space stands before and after every word."""
    words: dict[str, None] = {}
    for name in names:
        words.update(dict.fromkeys(fold(name).split()))
        # A double name is also found by either half.
        words.update(dict.fromkeys(fold(_HYPHENS.sub(" ", name)).split()))
    return f" {' '.join(words)} " if words else ""


def similar(word: str, known: Iterable[str]) -> list[str]:
    """Those of the ``known`` words one slip away from ``word``: a letter more, less, other, or two swapped."""
    if len(word) < SHORTEST_WITH_SLIP:
        return []
    return [other for other in known if OSA.distance(word, other, score_cutoff=1) == 1]


def initial(word: str) -> bool:
    """Whether a folded ``word`` is the first letter of a name: "v", or "sh" for Ш."""
    return len(word) == 1 or word in ("sh", "ch", "zh", "iu", "ia")


def patronymic(word: str) -> bool:
    """Whether a folded ``word`` looks like a Russian patronymic."""
    return _PATRONYMIC.fullmatch(word) is not None
