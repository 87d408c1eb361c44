"""Names: which texts are none, which are doubtful, and search with typing errors.

Folding transliterates every alphabet to Latin letters and unifies the usual spellings of a Russian sound: Юрий, Yuri,
Yury and Iurii all fold to "iuri". Folded names are only compared, never shown.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from slugify import slugify

from cspa.i18n import LineField, single_line

# Written instead of a missing name (docs/data-dictionary.md): the whole text, in any case, with any punctuation.
PLACEHOLDERS = {
    *("vacant", "vacancy", "n/a", "na", "not available", "not applicable", "no data", "none", "nil", "null", "nan"),
    *("unknown", "not known", "tbd", "tba", "tbc", "to be determined", "to be confirmed", "to be announced", "test"),
    *("вакант", "вакантно", "вакантное место", "вакансия", "н/д", "нд", "н/п", "нет данных", "данных нет", "нет"),
    *("неизвестно", "неизвестен", "неизвестна", "не известно", "не указано", "не указан", "не указана", "отсутствует"),
    *("не назначен", "не назначена", "уточняется", "тест"),
}
# Folded by ``_bare()``. Forms of address and degrees, which are no part of a name.
TITLES = {
    *("dr", "prof", "professor", "hon", "honourable", "honorable", "mr", "mrs", "ms", "sir", "rt", "phd", "h.e"),
    *("д-р", "доктор", "проф", "профессор", "акад", "академик", "г-н", "г-жа", "господин", "госпожа", "тов"),
    *("д.э.н", "к.э.н", "д.ю.н", "к.ю.н", "достопочтенный", "достопочтенная"),
}

# In characters. No name is as long.
LONGEST_QUERY = 200
# In characters. In a shorter word, one typing error makes another name.
SHORTEST_WITH_SLIP = 4

# Letters that slugify transliterates badly or not at all.
_LETTERS = str.maketrans("әғқңөұүһіӣӯҳҷўґѣё", "agknouuhiiuhjugee")
# Applied in this order, each to the result of the one before.
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


# What text in UTF-8 shows when it is read as Windows-1252 or Windows-1251: letters that begin a Cyrillic one, each
# before what no word has there.
_MOJIBAKE = re.compile(
    "[ÐÑ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2122]"
    "|(?:[РС][\u00a0-\u00bf\u0402-\u040f\u0450-\u045f\u0490\u0491\u2013-\u2122]){3}"
)


def validate_name(text: str) -> None:
    """Refuse a text that is no name: without letters, a place-holder, an error of a spreadsheet or damaged."""
    if "\ufffd" in text:
        message = _("Letters of the name were lost on the way (�). Write it anew.")
        raise ValidationError(message, code="replacement_character")
    if _MOJIBAKE.search(text):
        message = _("“%(text)s” was read in another encoding than it was written in. Write it anew.")
        raise ValidationError(message, code="mojibake", params={"text": text[:40]})
    if text and (text.startswith("#") or _bare(text) in PLACEHOLDERS or not any(map(str.isalpha, text))):
        message = _("“%(text)s” is no name. Leave the field empty where the name is not known.")
        raise ValidationError(message, code="no_name", params={"text": text[:40]})


class NameField(LineField):
    """Column of a name or a part of one."""

    default_validators = [validate_name]


def doubts_about(text: str) -> Iterator[str]:
    """Yield what is doubtful about the name ``text``, in the active language."""
    for word in text.split():
        if mixes_alphabets(word):
            yield gettext("One word has letters of two alphabets: “%(word)s”.") % {"word": word}
        if _bare(word) in TITLES:
            yield gettext("“%(word)s” is a title and no part of a name.") % {"word": word}


# The list of doubtful facts asks about all names, and most words stand in several of them.
@lru_cache(maxsize=50_000)
def mixes_alphabets(word: str) -> bool:
    """Whether ``word`` has Latin and Cyrillic letters, of which many look alike."""
    return {"LATIN", "CYRILLIC"} <= {unicodedata.name(letter, "").split(" ")[0] for letter in word}


def _bare(text: str) -> str:
    """Return ``text`` without case and without the punctuation around it."""
    return single_line(text).casefold().strip(" .,;:!?()[]{}<>«»“”\"'*_–—-/")


def fold(text: str) -> str:
    """Return the folded words of ``text``, separated by single spaces. Hyphens and apostrophes are removed."""
    text = _APOSTROPHES.sub("", _HYPHENS.sub("", text.lower())).translate(_LETTERS)
    words = slugify(text, separator=" ")
    for pattern, sound in _SOUNDS:
        words = pattern.sub(sound, words)
    return words


def words_of(names: Iterable[str]) -> str:
    """Return the distinct folded words of ``names`` as " kogut viktor ", with a space around every word."""
    words: dict[str, None] = {}
    for name in filter(None, names):
        # Either half of a double name must find the person as well.
        for written in dict.fromkeys([name, _HYPHENS.sub(" ", name)]):
            words.update(dict.fromkeys(fold(written).split()))
    return f" {' '.join(words)} " if words else ""


def alike(word: str, others: Iterable[str]) -> set[str]:
    """Return those of the folded words ``others`` that are at most one typing error from the folded ``word``.

    An error is a missing, additional or wrong letter, or two swapped ones.
    """
    if len(word) < SHORTEST_WITH_SLIP:
        return {word}.intersection(others)
    # Imported here, so that only a search loads rapidfuzz, and not every command.
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract_iter

    return {other for other, *_ in extract_iter(word, others, scorer=OSA.distance, score_cutoff=1)}


def each_has_its_own(choices: list[list[str]]) -> bool:
    """Whether a different word can be taken from each of ``choices``: "ivan ivanov" needs two words of a name.

    This is a bipartite matching by augmenting paths.
    """
    if not all(choices):
        return False
    taken: dict[str, int] = {}

    def take(place: int, tried: set[str]) -> bool:
        for word in choices[place]:
            if word not in tried:
                tried.add(word)
                # The word is free, or its present holder can take another.
                if word not in taken or take(taken[word], tried):
                    taken[word] = place
                    return True
        return False

    return all(take(place, set()) for place in range(len(choices)))


class Query:
    """A search for a person: the folded words of the text, and the places of those that stand for a patronymic."""

    def __init__(self, text: str):
        self.words = fold(text).split() if len(text) <= LONGEST_QUERY else []
        initials = [place for place, word in enumerate(self.words) if initial(word)]
        self.patronymics = initials[1:2] or [place for place, word in enumerate(self.words) if patronymic(word)]

    def parts(self) -> list[tuple[str, str]]:
        """Return the beginning and the end of each word. The name words of every match contain one of the two.

        One typing error leaves either the first or the second half of a word unchanged. Words that stand for a
        patronymic are left out, because the record may lack the patronymic.
        """
        words = [word for place, word in enumerate(self.words) if place not in self.patronymics]
        middles = [len(word) // 2 if len(word) >= SHORTEST_WITH_SLIP else None for word in words]
        return [
            (f" {word[:middle]}", f"{word if middle is None else word[middle + 1 :]} ")
            for word, middle in zip(words, middles, strict=True)
        ]

    def find(self, people: Iterable[tuple[int, str, str]]) -> list[int]:
        """Return the keys of the matches among ``people``, tuples of key, name words and patronymics.

        Every word of the query must match a different word of the name: as its beginning, or with at most one typing
        error. The record may lack the patronymic.
        """
        split = [(key, words.split(), patronymics) for key, words, patronymics in people]
        known = {word for _key, words, _patronymics in split for word in words}
        matches_of_words = [
            alike(word, known) | {other for other in known if other.startswith(word)} for word in self.words
        ]
        # "O Neil" finds O'Neil.
        joined = [
            (place, word + following)
            for place, (word, following) in enumerate(pairwise(self.words))
            if word + following in known
        ]
        keys = []
        for key, words, patronymics in split:
            choices = [[word for word in words if word in matches] for matches in matches_of_words]
            if (
                self._names(choices, patronymics)
                or any(
                    each_has_its_own([*choices[:place], [word] if word in words else [], *choices[place + 2 :]])
                    for place, word in joined
                )
                or (not patronymics and self._names_without_patronymic(choices, words))
            ):
                keys.append(key)
        return keys

    def _names(self, choices: list[list[str]], patronymics: str) -> bool:
        if not each_has_its_own(choices):
            return False
        recorded = set(fold(patronymics).split())
        # "Petr" and "Petrov" begin the patronymic Petrovich, but do not stand for it.
        matches = [
            [other for other in chosen if other not in recorded or place in self.patronymics or alike(word, [other])]
            for place, (word, chosen) in enumerate(zip(self.words, choices, strict=True))
        ]
        return each_has_its_own(matches)

    def _names_without_patronymic(self, choices: list[list[str]], words: list[str]) -> bool:
        for place in self.patronymics if len(choices) > 2 else ():
            others = choices[:place] + choices[place + 1 :]
            rest = set(words).difference(*others)
            # A name recorded in one piece may contain a patronymic: a different one, not a missing one.
            if not any(map(patronymic, rest)) and each_has_its_own(others):
                return True
        return False


def initial(word: str) -> bool:
    """Whether the folded ``word`` is the first letter of a name: "v", or "sh" for Ш."""
    return len(word) == 1 or word in ("sh", "ch", "zh", "iu", "ia")


def patronymic(word: str) -> bool:
    """Whether the folded ``word`` looks like a Russian patronymic."""
    return _PATRONYMIC.fullmatch(word) is not None
