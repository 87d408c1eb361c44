"""Names as people type them: one folded form for every spelling that means the same person.

Letters of every alphabet become Latin ones, and the usual ways to write one Russian sound in Latin letters become
one: Юрий, Yuri, Yury and Iurii all fold to "iuri". What is folded is compared, never shown.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from slugify import slugify

LONGEST_QUERY = 200  # letters; no name is as long
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
    for name in filter(None, names):
        # A double name is also found by either half.
        for written in dict.fromkeys([name, _HYPHENS.sub(" ", name)]):
            words.update(dict.fromkeys(fold(written).split()))
    return f" {' '.join(words)} " if words else ""


def alike(word: str, others: Iterable[str]) -> set[str]:
    """Those of ``others`` that are at most one slip of typing from ``word``: a letter more, less, other, two swapped.

    All are folded words.
    """
    if len(word) < SHORTEST_WITH_SLIP:
        return {word}.intersection(others)
    from rapidfuzz.distance import OSA  # loaded with the first search, not with every command
    from rapidfuzz.process import extract_iter

    return {other for other, *_ in extract_iter(word, others, scorer=OSA.distance, score_cutoff=1)}


def each_has_its_own(choices: list[list[str]]) -> bool:
    """Whether a different word can be taken from each of ``choices``: "ivan ivanov" needs two words of a name."""
    if not all(choices):
        return False
    taken: dict[str, int] = {}

    def take(asked: int, tried: set[str]) -> bool:
        for word in choices[asked]:
            if word not in tried:
                tried.add(word)
                # The word is free, or whoever has it can take another.
                if word not in taken or take(taken[word], tried):
                    taken[word] = asked
                    return True
        return False

    return all(take(asked, set()) for asked in range(len(choices)))


class Query:
    """What somebody typed to find a person: the folded words, and which of them stand for a patronymic."""

    def __init__(self, text: str):
        self.words = fold(text).split() if len(text) <= LONGEST_QUERY else []
        initials = [place for place, word in enumerate(self.words) if initial(word)]
        self.patronymics = initials[1:2] or [place for place, word in enumerate(self.words) if patronymic(word)]

    def parts(self) -> list[tuple[str, str]]:
        """Beginning and end of each word: the name words of those whom ``find`` finds hold one of them.

        One slip leaves the beginning of a word as it is, or its end. A patronymic may be missing on record.
        """
        words = [word for place, word in enumerate(self.words) if place not in self.patronymics]
        middles = [len(word) // 2 if len(word) >= SHORTEST_WITH_SLIP else None for word in words]
        return [
            (f" {word[:middle]}", f"{word if middle is None else word[middle + 1 :]} ")
            for word, middle in zip(words, middles, strict=True)
        ]

    def find(self, people: Iterable[tuple[int, str, str]]) -> list[int]:
        """The keys of those ``people`` whom the words name, each given as key, name words, patronymics.

        Every word must mean another word of the name: it is one slip away from it at most, or begins it. The
        patronymic may be missing on record.
        """
        split = [(key, words.split(), patronymics) for key, words, patronymics in people]
        known = {word for _key, words, _patronymics in split for word in words}
        meanings = [alike(word, known) | {other for other in known if other.startswith(word)} for word in self.words]
        # "O Neil" for O'Neil
        joined = [
            (place, word + following)
            for place, (word, following) in enumerate(pairwise(self.words))
            if word + following in known
        ]
        found = []
        for key, words, patronymics in split:
            choices = [[word for word in words if word in meant] for meant in meanings]
            if (
                self._names(choices, patronymics)
                or any(
                    each_has_its_own([*choices[:place], [word] if word in words else [], *choices[place + 2 :]])
                    for place, word in joined
                )
                or (not patronymics and self._names_without_patronymic(choices, words))
            ):
                found.append(key)
        return found

    def _names(self, choices: list[list[str]], patronymics: str) -> bool:
        if not each_has_its_own(choices):
            return False
        recorded = set(fold(patronymics).split())
        # "Petr" and "Petrov" begin the patronymic Petrovich, yet do not mean it.
        meant = [
            [word for word in chosen if word not in recorded or place in self.patronymics or alike(asked, [word])]
            for place, (asked, chosen) in enumerate(zip(self.words, choices, strict=True))
        ]
        return each_has_its_own(meant)

    def _names_without_patronymic(self, choices: list[list[str]], words: list[str]) -> bool:
        for place in self.patronymics if len(choices) > 2 else ():
            others = choices[:place] + choices[place + 1 :]
            rest = set(words).difference(*others)
            # A name kept in one piece may hold the patronymic: then it is not missing, but another.
            if not any(map(patronymic, rest)) and each_has_its_own(others):
                return True
        return False


def initial(word: str) -> bool:
    """Whether a folded ``word`` is the first letter of a name: "v", or "sh" for Ш."""
    return len(word) == 1 or word in ("sh", "ch", "zh", "iu", "ia")


def patronymic(word: str) -> bool:
    """Whether a folded ``word`` looks like a Russian patronymic."""
    return _PATRONYMIC.fullmatch(word) is not None
