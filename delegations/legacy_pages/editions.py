"""The editions of the former site: how each words the lines of the block of delegations."""

import re
from calendar import month_name
from collections.abc import Iterable
from dataclasses import dataclass

from cspa.search.stems import stems

from ..models import Chamber

_DEPUTIES, _MEMBERS, _SENATORS = Chamber.Members.DEPUTIES, Chamber.Members.MEMBERS, Chamber.Members.SENATORS

_DATE = re.compile(r"(?P<day>[0-9]{1,2}) (?P<month>[^\W\d_]+) (?P<year>[0-9]{4})(?: г\.| года)?")


@dataclass(frozen=True)
class Edition:
    """The patterns of one language. Each matches a whole line or, of seats, a part of one."""

    language: str
    delegation: re.Pattern[str]
    seats: re.Pattern[str]
    # What stands between the seats of two chambers.
    next_seats: re.Pattern[str]
    representative: re.Pattern[str]
    website: re.Pattern[str]
    council: re.Pattern[str]
    # By the first letter of the word.
    called: dict[str, Chamber.Members]
    # By the words without the name of the Assembly.
    posts: dict[str, str]
    # The name of the Assembly after a post.
    assembly: re.Pattern[str]
    # In the order of the year, as dates have them.
    months: tuple[str, ...]
    # The words that tell of which fact an unread line may speak.
    hints: dict[str, str]
    # Words that names have in one form and lack in another.
    fillers: frozenset[str] = frozenset()

    def stems(self, text: str) -> tuple[str, ...]:
        """The stems of a name, which are the same in every case: "Сенат" and "Сената"."""
        return tuple(stem for stem in stems(text, self.language) if stem not in self.fillers)

    def date(self, text: str) -> tuple[int, int, int] | None:
        """Return year, month and day of "26 May 2020" or "26 мая 2020 г."; None if ``text`` is written otherwise."""
        match = _DATE.fullmatch(text)
        months = [month.casefold() for month in self.months]
        if not match or match["month"].casefold() not in months:
            return None
        return int(match["year"]), months.index(match["month"].casefold()) + 1, int(match["day"])

    def post(self, text: str) -> str | None:
        """Return the code of the post that ``text`` names with the Assembly."""
        words = text.strip().casefold().removeprefix("the ")
        return self.posts.get(self.assembly.sub("", words)) if self.assembly.search(words) else None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_PA = "(?:the )?(?:CSTO (?:PA|Parliamentary Assembly))"
_PA_RU = "(?:ПА|Парламентск(?:ой|ая) Ассамбле[еия]) (?:ОДКБ|Организации Договора о коллективной безопасности)"
_DASH = r"\s*[–—-]\s*"

ENGLISH = Edition(
    language="en",
    delegation=_pattern(rf"Delegation of (?P<name>.+?) (?:to|in) {_PA} consists of (?P<seats>.+?)\.?"),
    seats=_pattern(
        "(?P<seats>[0-9]{1,4}) (?P<called>deput(?:y|ies)|members?|senators?)(?: (?:of|from) (?P<chamber>.+))?"
    ),
    next_seats=_pattern("(?:,? and|,) (?=[0-9]+ (?:deput|member|senator))"),
    representative=_pattern(r"Plenipotentiary representative of (?P<whose>[^:]+):(?P<name>.*)"),
    website=_pattern(r"Website of (?P<whose>[^:]+):(?P<url>.*)"),
    council=_pattern(rf"(?P<names>.+?)(?:{_DASH}|, )members? of the Council of {_PA}\.?"),
    called={"d": _DEPUTIES, "m": _MEMBERS, "s": _SENATORS},
    posts={
        "chair": "chair",
        "chairman": "chair",
        "chairperson": "chair",
        "member of the council": "council_member",
        "executive secretary": "executive_secretary",
        "deputy executive secretary": "deputy_executive_secretary",
    },
    assembly=_pattern(rf" of {_PA}$"),
    months=tuple(month_name[1:]),
    hints={"representative": "representative", "website": "website", "council": "council"},
    fillers=frozenset({"the", "of"}),
)

RUSSIAN = Edition(
    language="ru",
    delegation=_pattern(rf"Делегация (?P<name>.+?) в {_PA_RU} (?:представлена|состоит из|включает) (?P<seats>.+?)\.?"),
    seats=_pattern(
        "(?P<seats>[0-9]{1,4}) (?P<called>(?:депутат|член|сенатор)(?:ами|ом|ов|а|ы)?)(?: (?:от )?(?P<chamber>.+))?"
    ),
    next_seats=_pattern("(?:,? и|,) (?=[0-9]+ (?:депутат|член|сенатор))"),
    representative=_pattern(r"Полномочный представитель (?P<whose>[^:]+):(?P<name>.*)"),
    website=_pattern(r"(?:Официальный |Веб-)?сайт (?P<whose>[^:]+):(?P<url>.*)"),
    council=_pattern(rf"(?P<names>.+?){_DASH}член(?:ы)? Совета {_PA_RU}\.?"),
    called={"д": _DEPUTIES, "ч": _MEMBERS, "с": _SENATORS},
    posts={
        "председатель": "chair",
        "член совета": "council_member",
        "ответственный секретарь": "executive_secretary",
        "заместитель ответственного секретаря": "deputy_executive_secretary",
    },
    assembly=_pattern(rf" {_PA_RU}$"),
    months=(
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    hints={"представител": "representative", "сайт": "website", "совета": "council"},
)

EDITIONS = (ENGLISH, RUSSIAN)


def ends_with(name: Iterable[str], rest: tuple[str, ...]) -> bool:
    """Return whether the stems ``rest`` end a name: "of the Russian Federation"."""
    return tuple(name)[-len(rest) :] == rest
