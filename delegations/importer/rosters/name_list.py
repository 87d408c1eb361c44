"""Lists of names as they are printed: parsing, matching with people on record, records for an import.

"АСАНОВ Жакип Кажманович, БЕКТАЕВ Али Абдикаримович": capitals mark the family name, so its parts are certain. Without
capitals the name stays as it is written. Entries that cannot be parsed are listed with their text.
"""

import hashlib
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from translated_fields import to_attribute

from cspa.i18n import language_codes, single_line, translated_columns, visible

from ... import names
from ...dates import PartialDate
from ...models import Chamber, Delegate, Person, Source
from ...models.person_names import PARTS, NameParts
from ..records import Batch, ImportRefusedError, Kind, Record, RowError, language_of

# Characters of a list.
LONGEST = 10_000
# Names of a list.
MOST = 1_000
# Characters of a name.
LONGEST_NAME = 150

# Choices for a name besides the public ids of people.
NEW, LEFT_OUT = "new", "out"

# A comma in brackets belongs to what the brackets say; "и др." is an entry of its own, which no name is.
_SEPARATOR = re.compile(
    r"\([^()\n]*\)|(?P<here>[,;\n]|\s(?:и|and)\s(?!\s*(?:др|пр|others)\b)|\s(?=(?:и|and)\s+(?:др|пр|others)\b))"
)
_NUMBERING = re.compile(r"(?:(?:№\s*)?[0-9]{1,4}(?:\s*[.)]|\t)|[•·▪*–—-])\s*")
_FUNCTION = re.compile(r"\s*[–—]\s.*|\s[–—-].*|\s*\([^()]*\)\s*", re.DOTALL)
_HYPHENS = re.compile(r"[\u2010-\u2015\u2212]")
_WORD = re.compile(r"[^\W\d_](?:['’ʼ`-]?[^\W\d_])*")
_INITIALS = re.compile(r"(?:[^\W\d_]|[А-ЯЁ][а-яё])\.(?:-?[^\W\d_]\.)*")
# О'Нил
_ELIDED = re.compile(r"(?P<particle>[^\W\d_]['’ʼ`])(?P<name>.+)")
# Folded, the last of several words.
_PATRONYMIC = re.compile(r".+(?:ich|vna|una|chna|shna|uli|kizi)")

# Words of a name that begin with a small letter: "son of" after a patronymic, and those before a family name.
_SON_OF = {"оглы", "оглу", "улы", "ұлы", "уулу", "кызы", "қызы", "гызы", "ogly", "oglu", "uly", "uulu", "kyzy", "qyzy"}
_OF = {"де", "ла", "да", "ди", "дер", "ван", "фон", "аль", "эль", "ибн", "бен", "бин"}
_OF |= {"de", "la", "da", "di", "der", "van", "von", "al", "el", "ibn", "bin"}


@dataclass(frozen=True)
class Name:
    """One entry of a list: the parsed name and the rest, or the problem that prevents parsing."""

    number: int
    text: str
    # Depends on the text only, not on its number.
    key: str
    name: str = ""
    family_name: str = ""
    given_name: str = ""
    patronymic: str = ""
    left: str = ""
    problem: str = ""
    # The number of an earlier entry with the same text.
    repeats: int = 0

    @property
    def location(self) -> str:
        return f"{self.number}. {self.text[:LONGEST_NAME]}"

    def values(self, language: str = "") -> dict[str, str]:
        """Return the columns of a person, in ``language`` or the language of the script."""
        language = language or language_of(self.name)
        return {to_attribute(part, language): text for part in PARTS if (text := getattr(self, part))}


# Reading


def read(text: str) -> list[Name]:
    """Parse a list of names. Raises ImportRefusedError if the list is too long."""
    if len(text) > LONGEST:
        raise ImportRefusedError(
            _("The list is longer than %(limit)d letters. Enter it in parts.") % {"limit": LONGEST}
        )
    text = visible(text).replace("\r\n", "\n").replace("\r", "\n")
    listed = [entry for part in _split(text) if (entry := part.strip())]
    if len(listed) > MOST:
        message = _("The list holds %(number)d names, more than %(limit)d. Enter it in parts.")
        raise ImportRefusedError(message % {"number": len(listed), "limit": MOST})
    seen: dict[str, list[int]] = defaultdict(list)
    return [_name(number, entry, seen) for number, entry in enumerate(listed, 1)]


def _split(text: str) -> Iterator[str]:
    start = 0
    for match in _SEPARATOR.finditer(text):
        if match["here"]:
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]


def _name(number: int, entry: str, seen: dict[str, list[int]]) -> Name:
    """Parse ``entry``. ``seen`` holds the numbers of earlier entries by name."""
    try:
        parts = _parts(entry)
        folded = " ".join(sorted(names.fold(f"{parts['name']} {parts.get('patronymic', '')}").split()))
    except RowError as error:
        parts, folded = {"problem": str(error)}, single_line(entry)
    before = seen[folded]
    key = f"{hashlib.sha256(folded.encode(errors='replace')).hexdigest()[:16]}-{len(before)}"
    before.append(number)
    return Name(number, single_line(entry), key, **parts, repeats=before[0] if len(before) > 1 else 0)


def _parts(entry: str) -> dict[str, str]:
    """Return the name, the parts that capitals mark, and the rest of ``entry``."""
    entry = _NUMBERING.sub("", entry, count=1) if _NUMBERING.match(entry) else entry
    function = _FUNCTION.search(entry)
    left = single_line(entry[function.start() :]) if function else ""
    entry = entry[: function.start()] if function else entry
    try:
        names.validate_name(entry)
    except ValidationError as error:
        raise RowError(error.messages[0]) from error
    words = [_word(word) for word in _HYPHENS.sub("-", entry).split()]
    if len(words) < 2:
        raise RowError(_("One word alone is no name."))
    if len(" ".join(words)) > LONGEST_NAME or len(words) > 8:
        raise RowError(_("This is too long for a name."))
    first, last = _family(words)
    if first == last:
        in_capitals = all(word.isupper() or _INITIALS.fullmatch(word) for word in words)
        name = " ".join(map(ordinary, words) if in_capitals else words)
        return {"name": name, "left": left}
    family = " ".join(ordinary(word) if _in_capitals(word) else word for word in words[first:last])
    given, patronymic = _given(words[:first] + words[last:])
    initials = [word for word in words[:first] + words[last:] if _INITIALS.fullmatch(word)]
    name = " ".join(filter(None, [given, *initials, family]))
    return {"name": name, "family_name": family, "given_name": given, "patronymic": patronymic, "left": left}


def _word(word: str) -> str:
    """Return ``word`` without a final dot. Raises RowError if it cannot be part of a name."""
    if _INITIALS.fullmatch(word):
        return word
    word = word.rstrip(".")
    if not _WORD.fullmatch(word):
        raise RowError(_("This does not look like a name."))
    if not word[0].isupper() and word.split("-")[0] not in _SON_OF | _OF:
        raise RowError(_("This does not look like a name."))
    if names.mixes_alphabets(word):
        raise RowError(_("One word has letters of two alphabets: “%(word)s”.") % {"word": word})
    return word


def _in_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper() and not _INITIALS.fullmatch(word) and word.lower() not in _SON_OF


def _family(words: list[str]) -> tuple[int, int]:
    """Return the range of words of the family name in capitals, an empty range if there is none."""
    marked = [place for place, word in enumerate(words) if _in_capitals(word)]
    others = [word for word in words if not _in_capitals(word)]
    if not marked or all(word in _SON_OF for word in others):
        return 0, 0
    first, last = marked[0], marked[-1] + 1
    if len(marked) < last - first:
        raise RowError(_("Capitals mark two names."))
    while first and words[first - 1] in _OF:
        first -= 1
    return first, last


def _given(words: list[str]) -> tuple[str, str]:
    """Return given name and patronymic. The last of several words is a patronymic if it has the form of one."""
    whole = [word for word in words if not _INITIALS.fullmatch(word)]
    size = 2 if len(whole) > 2 and whole[-1].lower() in _SON_OF else 1
    patronymic = size == 2 or (len(whole) > 1 and _PATRONYMIC.fullmatch(names.fold(whole[-1])))
    if not patronymic:
        return " ".join(whole), ""
    if size == 2 and whole[-1].isupper():
        whole[-1] = whole[-1].lower()
    return " ".join(whole[:-size]), " ".join(whole[-size:])


def ordinary(word: str) -> str:
    """Return a word in capitals in its usual case: Мамытова-Иванова, О'Нил, Кёр-оглы."""
    if _INITIALS.fullmatch(word):
        return word
    parts = word.split("-")
    return "-".join(
        part.lower() if part.lower() in _SON_OF and (place or len(parts) == 1) else _ordinary(part)
        for place, part in enumerate(parts)
    )


def _ordinary(part: str) -> str:
    elided = _ELIDED.fullmatch(part)
    return elided["particle"] + _ordinary(elided["name"]) if elided else part[:1] + part[1:].lower()


# Who is meant


@dataclass
class NameMatch:
    """A name with its candidates, and the user's choice: a public id, NEW, LEFT_OUT or nothing."""

    name: Name
    candidates: list[Person] = field(default_factory=list)
    chosen: str = ""

    @property
    def choices(self) -> list[str]:
        if self.name.problem:
            return [LEFT_OUT]
        return [*(str(person.public_id) for person in self.candidates), NEW, LEFT_OUT]

    @property
    def options(self) -> list[tuple[str, str]]:
        """The choices with labels; people have their chambers in the label."""
        labels = {NEW: _("a new person"), LEFT_OUT: _("leave out")}
        for person in self.candidates:
            chambers = dict.fromkeys(str(mandate.chamber) for mandate in person.mandates.all())
            labels[str(person.public_id)] = ", ".join([f"{person} ({person.public_id})", *chambers])
        return [(choice, labels[choice]) for choice in self.choices]

    @property
    def person(self) -> Person | None:
        return next((person for person in self.candidates if str(person.public_id) == self.chosen), None)

    @property
    def question(self) -> str:
        """The question to the user, empty if nothing is open."""
        if self.chosen:
            return ""
        if self.name.problem:
            message = _("%(problem)s Correct it in the list, or leave it out.")
            return message % {"problem": self.name.problem}
        if self.name.repeats:
            message = _("The name stands in the list before, as number %(number)d. Leave it out, or say who it is.")
            return message % {"number": self.name.repeats}
        if self.name.left:
            message = _("This is not kept: “%(text)s”. Say who it is, or leave it out.")
            return message % {"text": self.name.left}
        return _("On record there are people with this name or one like it. Say who it is.")


def match_names(found: list[Name], people: QuerySet[Person], chamber: Chamber, language: str = "") -> list[NameMatch]:
    """Match each name with candidates among ``people``, and choose where there is no doubt."""
    near = candidates(found, people)
    return [
        NameMatch(name, near[name.key], _certain(name, near[name.key], chamber.parliament_id, language))
        for name in found
    ]


def candidates(found: list[Name], people: QuerySet[Person]) -> dict[str, list[Person]]:
    """Return by the key of the name those of ``people`` that match ``names.Query``.

    An index of words narrows the people first: the query compares each with fuzzy matching.
    """
    by_word = defaultdict(list)
    for row in people.name_rows():
        for word in set(row[1].split()):
            by_word[word].append(row)
    meant: dict[str, set[int]] = {}
    for name in found:
        query = names.Query(f"{name.name} {name.patronymic}")
        near = dict.fromkeys(row for word in query.words for row in by_word.get(word, ()))
        meant[name.key] = set(query.find(near)) if near else set()
    rows = people.filter(pk__in={key for keys in meant.values() for key in keys})
    by_key = {person.pk: person for person in rows.prefetch_related("mandates__chamber__parliament", "other_names")}
    return {
        name: sorted((by_key[key] for key in keys & by_key.keys()), key=lambda person: person.public_id)
        for name, keys in meant.items()
    }


def _certain(name: Name, candidates: list[Person], parliament: int, language: str) -> str:
    """Return NEW without candidates, or the only exact bearer of the name if known from ``parliament`` alone."""
    if name.problem or name.left or name.repeats:
        return ""
    if not candidates:
        return NEW
    exact = [person for person in candidates if bears(person, name, language or language_of(name.name))]
    if len(exact) != 1:
        return ""
    parliaments = {mandate.chamber.parliament_id for mandate in exact[0].mandates.all()}
    return str(exact[0].public_id) if parliaments <= {parliament} else ""


def bears(person: Person, name: Name, language: str) -> bool:
    """Whether the present name of ``person`` or another one is this name."""
    return any(_is_called(bearer, name, language) for bearer in (person, *person.other_names.all()))


def _is_called(bearer: NameParts, name: Name, language: str) -> bool:
    """Whether ``bearer`` has this name in ``language``; if not recorded, transliterated in another."""
    known = {code: _full_name(bearer, code) for code in language_codes() if bearer.in_language(code, "name")}
    said = f"{name.name} {name.patronymic}"
    if language in known:
        return set(known[language].casefold().split()) == set(said.casefold().split())
    return set(names.fold(said).split()) in [set(names.fold(text).split()) for text in known.values()]


def _full_name(bearer: NameParts, code: str) -> str:
    return " ".join(bearer.in_language(code, part) for part in ("name", "patronymic"))


# What is entered


@dataclass(frozen=True)
class Document:
    """The source of the facts: one on record, or the title and URL of a new one."""

    source: Source | None = None
    title: str = ""
    url: str = ""

    def cite(self, batch: Batch) -> list[str] | None:
        """Return the keys of the source for records, after adding its record to the batch."""
        if self.source:
            return [batch.cite(str(self.source.uid))]
        if not (self.title or self.url):
            return None
        titles = {to_attribute("title", language_of(self.title)): self.title} if self.title else {}
        batch.add(Record(Kind.SOURCES, "", "document", {**titles, "url": self.url}))
        return ["document"]


def add_people(batch: Batch, listed: Iterable[NameMatch], language: str = "") -> list[tuple[NameMatch, str]]:
    """Add the people who are not left out to the batch; return the record key of each."""
    added, known = [], Counter()
    for entry in listed:
        name = entry.name
        if entry.chosen == LEFT_OUT:
            batch.warn(Kind.PEOPLE, name.location, _("Left out, as was chosen."))
            continue
        if name.left:
            batch.warn(Kind.PEOPLE, name.location, _("Not kept: %(text)s") % {"text": name.left})
        values = name.values(language)
        person = entry.person
        if person is None:
            key = f"name:{name.key}"
            batch.add(Record(Kind.PEOPLE, name.location, key, values, new=True))
        else:
            key = person_key(person)
            known[key] += 1
            if known[key] == 1:
                add_person(batch, person, name.location, _missing(person, values))
        added.append((entry, key))
    return added


def add_person(batch: Batch, person: Person, location: str, values: dict[str, str] | None = None) -> str:
    """Add a person on record with new ``values`` to the batch; return the record key."""
    key = person_key(person)
    withdrawn = {"withdrawn": True} if person.withdrawn else {}
    batch.add(Record(Kind.PEOPLE, location, key, {**(values or {}), **withdrawn}, str(person.public_id)))
    return key


def person_key(person: Person) -> str:
    return f"person:{person.public_id}"


def _missing(person: Person, values: dict[str, str]) -> dict[str, str]:
    """Return the values for a language in which the person has no name."""
    known = any(getattr(person, column) and column in values for column in translated_columns("name"))
    if known or person.withdrawn:
        return {}
    return {column: text for column, text in values.items() if not getattr(person, column)}


class Mandates:
    """Mandates of ``chamber`` that begin on the same day. Those on record are not added again."""

    def __init__(self, batch: Batch, chamber: Chamber, starts: PartialDate | None, sources: list[str] | None):
        self.batch = batch
        self.chamber = chamber
        self.starts = starts
        self.sources = sources
        rows = Delegate.objects.filter(chamber=chamber, start=starts.first if starts else None, end=None, ended=False)
        self.on_record = {(row.person_id, row.role): row for row in rows if row.starts == starts}

    def begin(self, location: str, key: str, person: Person | None, role: str, **more: str) -> None:
        """Add a mandate of the record ``key``, which is ``person`` if on record."""
        values = {"person": key, "chamber": self.chamber.slug}
        row = self.on_record.get((person.pk, role)) if person else None
        if row:
            self.batch.add(Record(Kind.DELEGATES, location, str(row.uid), values, str(row.uid)))
            self.batch.warn(Kind.DELEGATES, location, _("This mandate is on record already."))
        else:
            uid = str(uuid.uuid4())
            values |= {"role": role, "starts": self.starts, **more}
            self.batch.add(Record(Kind.DELEGATES, location, uid, values, uid, self.sources))


def batch(
    listed: list[NameMatch],
    chamber: Chamber,
    starts: PartialDate | None,
    role: str,
    document: Document,
    language: str = "",
) -> Batch:
    """Return the records for a list: a mandate for each person who is not left out."""
    records = Batch(is_own_export=True)
    mandates = Mandates(records, chamber, starts, document.cite(records))
    for entry, key in add_people(records, listed, language):
        mandates.begin(entry.name.location, key, entry.person, role)
    return records
