"""Records: the statements of a file in a form that is common to all formats."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from cspa.i18n import LineField, language_codes, single_line, translated_columns

from ..dates import BY, PartialDate, Precision
from ..models import (
    AssemblyPost,
    Body,
    Chamber,
    Confirmation,
    Delegate,
    Link,
    Observation,
    Parliament,
    Participation,
    Person,
    PersonName,
    Representative,
    SeatQuota,
    Source,
)
from ..models.periods import web_address


class Kind(StrEnum):
    """The kinds of records, in an order in which a record only refers to earlier kinds."""

    SOURCES = "sources"
    PARLIAMENTS = "parliaments"
    CHAMBERS = "chambers"
    PEOPLE = "people"
    OTHER_NAMES = "other_names"
    PARTICIPATIONS = "participations"
    QUOTAS = "quotas"
    LINKS = "links"
    BODIES = "bodies"
    DELEGATES = "delegates"
    REPRESENTATIVES = "representatives"
    POSTS = "posts"
    CONFIRMATIONS = "confirmations"
    OBSERVATIONS = "observations"


#: The model of each kind.
KINDS: dict[Kind, type[Model]] = {
    Kind.SOURCES: Source,
    Kind.PARLIAMENTS: Parliament,
    Kind.CHAMBERS: Chamber,
    Kind.PEOPLE: Person,
    Kind.OTHER_NAMES: PersonName,
    Kind.PARTICIPATIONS: Participation,
    Kind.QUOTAS: SeatQuota,
    Kind.LINKS: Link,
    Kind.BODIES: Body,
    Kind.DELEGATES: Delegate,
    Kind.REPRESENTATIVES: Representative,
    Kind.POSTS: AssemblyPost,
    Kind.CONFIRMATIONS: Confirmation,
    Kind.OBSERVATIONS: Observation,
}
#: The kind that a column refers to.
REFERENCES = {
    "source": Kind.SOURCES,
    "parliament": Kind.PARLIAMENTS,
    "chamber": Kind.CHAMBERS,
    "person": Kind.PEOPLE,
    "body": Kind.BODIES,
    "parent": Kind.BODIES,
}

# Characters of a value.
LONGEST_TEXT = 10_000

# PostgreSQL stores no NUL, and UTF-8 has no surrogates.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Days since 1899-12-30, by which a spreadsheet stores the dates between 1900 and 2100.
_DAY_NUMBER = re.compile("[1-7][0-9]{4}")
# Languages by script, the most likely first.
_SCRIPTS = {"CYRILLIC": ("ru", "be", "kk", "ky", "tg"), "ARMENIAN": ("hy",)}


class ImportRefusedError(Exception):
    """The whole file cannot be imported; the message says why."""


@dataclass(frozen=True)
class Choice:
    """An answer to a question, and the import options that it sets."""

    label: str
    changes: dict[str, Any]


class OpenQuestionError(ImportRefusedError):
    """The file leaves something open that the user must choose."""

    def __init__(self, message: str, choices: list[Choice]):
        super().__init__(message)
        self.choices = choices


class RowError(Exception):
    """One row cannot be imported; the message says why."""


def describe_location(location: int | str) -> str:
    """Return a line number or a JSON pointer as text."""
    return _("line %(number)d") % {"number": location} if isinstance(location, int) else location


@dataclass(frozen=True)
class Note:
    """A message about a row. ``location`` is a line number, a JSON pointer or a label."""

    location: int | str
    message: str
    kind: str = ""
    # What many rows have in common: the message without the row.
    sentence: str = ""

    @property
    def place(self) -> str:
        return describe_location(self.location)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.location else self.message

    def as_json(self) -> dict:
        place = {"line": self.location} if isinstance(self.location, int) else {"pointer": self.location}
        return {**place, "kind": self.kind or None, "message": self.message}


@dataclass(slots=True)
class Record:
    """The statement of a file about one row. ``values`` lacks the columns that the file does not state."""

    kind: Kind
    location: int | str
    # By which other records of the file refer to this one.
    key: str
    values: dict[str, Any]
    # The id in the file, if it has one.
    id: str = ""
    # Keys of source records; None if the file does not state sources.
    sources: list[str] | None = None
    # Scheme and identifier of a person.
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    # Former slugs of a parliament, former public ids of a person.
    former: list[Any] = field(default_factory=list)
    # A person whom the user has declared to be new.
    new: bool = False
    # Slug of the parliament that a person without an id belongs to; empty: that of the file.
    parliament: str = ""

    @property
    def answer_key(self) -> str:
        """By which the user says whom the record of a person means: the id in the file, else the name."""
        if self.id:
            return self.id
        name = self.text("name")
        return f"{name} ({self.parliament})" if self.parliament else name

    def text(self, name: str) -> str:
        """Return the text of the translated field ``name`` in the first language that has one."""
        return next((text for column in translated_columns(name) if (text := self.values.get(column))), "")


@cache
def _line_columns(kind: Kind) -> frozenset[str]:
    return frozenset(field.name for field in KINDS[kind]._meta.fields if isinstance(field, LineField))


@dataclass
class Batch:
    """The records of a file, with the problems and warnings of its reader."""

    # Written by this site: the ids of the file are those of the directory.
    is_own_export: bool = False
    # The file holds people for their mandates: nobody whose mandates are all rejected is saved.
    people_have_mandates: bool = False
    # The scheme of the identifiers that are stored for the file's ids of people.
    scheme: str = ""
    # Slug of the parliament that the file is about; empty if it is about all.
    scope: str = ""
    records: dict[Kind, list[Record]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    # Slugs of the chambers whose mandates the file lists.
    chambers: set[str] = field(default_factory=set)
    # Who the people of the file are, as it says itself: as ImportOptions.people.
    answers: dict[str, str] = field(default_factory=dict)
    # Keys of people with a rejected row: none of their mandates counts as missing.
    exempt_people: set[str] = field(default_factory=set)
    not_kept: Counter = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Add ``record`` with its texts cleaned as the database will hold them, so that an unchanged row is equal."""
        for column in _line_columns(record.kind) & record.values.keys():
            record.values[column] = single_line(record.values[column])
        self.records[record.kind].append(record)

    def cite(self, source: str) -> str:
        """Return the key of ``source``, the record key or the public id, after adding its record."""
        if all(record.key != source for record in self.records[Kind.SOURCES]):
            self.add(Record(Kind.SOURCES, "", source, {}, source))
        return source

    def problem(self, kind: str, location: int | str, error: RowError | str) -> None:
        self.problems.append(Note(location, str(error), kind))

    def warn(self, kind: str, location: int | str, message: str, sentence: str = "") -> None:
        self.warnings.append(Note(location, message, kind, sentence))


# Values


def checked_text(text: str, name: str, limit: int = LONGEST_TEXT) -> str:
    """Return ``text``. Raises RowError if it is longer than ``limit`` or cannot be stored."""
    if len(text) > limit:
        raise RowError(_("“%(name)s” is longer than %(limit)d letters.") % {"name": name, "limit": limit})
    if _UNSTORABLE.search(text):
        raise RowError(_("“%(name)s” holds characters that no text has.") % {"name": name})
    return text


def is_web_address(text: str) -> bool:
    try:
        web_address(text)
    except ValidationError:
        return False
    return True


def partial_date(text: str, name: str) -> PartialDate | None:
    """Parse a date that may lack day or month. Raises RowError if ``text`` is no such date."""
    try:
        value = PartialDate.read(text) if text else None
    except ValueError:
        value = None
    if text and value is None and _DAY_NUMBER.fullmatch(text):
        day = date(1899, 12, 30) + timedelta(days=int(text))
        raise RowError(
            _("“%(name)s” is the number %(text)s: if it means the day %(day)s, format the cell as a date.")
            % {"name": name, "text": text, "day": day.isoformat()}
        )
    if text and (value is None or value.precision == Precision.BY):
        raise RowError(
            _("“%(name)s” is no date between 1900 and 2100 as 2019, 2019-05 or 2019-05-26: %(text)s")
            % {"name": name, "text": text[:40]}
        )
    return value


def start_date(text: str, quality: str, name: str) -> PartialDate | None:
    """Parse a start and what is known of it (``PartialDate.quality``); empty: as the date says.

    Raises RowError if ``text`` is no date, or ``quality`` does not belong to it.
    """
    written = BY.sub("", text, count=1)
    value = partial_date(written, name)
    if written != text:
        quality = quality or "by"
    if value is None or quality in ("", value.quality):
        return value
    if quality != "by" or not value.exact:
        raise RowError(
            _("“%(name)s” does not go with this date: %(text)s") % {"name": "start_quality", "text": quality[:40]}
        )
    return PartialDate(value.first, Precision.BY)


def exact_date(text: str, name: str) -> date | None:
    """Parse a date with day and month. Raises RowError if ``text`` is no such date."""
    value = partial_date(text, name)
    if value and not value.exact:
        raise RowError(_("“%(name)s” must be a whole date as 2019-05-26.") % {"name": name})
    return value.first if value else None


def language_of(text: str) -> str:
    """Guess the language of ``text`` from its script; return one of the site's languages."""
    codes = language_codes()
    script = next((unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()), "")
    others = {code for hinted in _SCRIPTS.values() for code in hinted}
    hinted = _SCRIPTS.get(script, [code for code in codes if code not in others])
    return next((code for code in hinted if code in codes), codes[0])


def of_type[T](value: Any, wanted: type[T], name: str) -> T:
    """Return the JSON value ``value``. Raises RowError if it is not of the type ``wanted``."""
    # A boolean of Python is an integer, too.
    if isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool):
        return value
    message = {
        str: _("“%(name)s” must be a text."),
        bool: _("“%(name)s” must be true or false."),
        int: _("“%(name)s” must be a whole number."),
        list: _("“%(name)s” must be a list."),
        dict: _("“%(name)s” must be an object."),
    }[wanted]
    raise RowError(message % {"name": name})


class JsonReader:
    """Typed access to the values of a JSON object. Raises RowError for a value of another type."""

    def __init__(self, data: Any):
        if not isinstance(data, dict):
            raise RowError(_("This is not an object."))
        self.data = data

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) is not None

    def text(self, name: str) -> str:
        """Return the text ``name``, empty if it is absent."""
        return checked_text(of_type(self.data[name], str, name), name) if name in self else ""

    def line(self, name: str) -> str:
        """Return the text ``name`` with single spaces."""
        return single_line(self.text(name))

    def id(self, name: str) -> str:
        """Return the id ``name``, which may be a text or a number."""
        value = self.data.get(name)
        return str(value) if type(value) is int else self.text(name)

    def flag(self, name: str) -> bool:
        return of_type(self.data.get(name, False), bool, name)

    def number(self, name: str) -> int | None:
        return of_type(self.data[name], int, name) if name in self else None

    def date(self, name: str) -> PartialDate | None:
        return partial_date(self.text(name), name)

    def start(self) -> PartialDate | None:
        """The start of a dated row, as our own files write it."""
        return start_date(self.text("start_date"), self.text("start_quality"), "start_date")

    def list(self, name: str) -> list:
        return of_type(self.data[name], list, name) if name in self else []

    def object(self, name: str) -> dict[str, Any]:
        return of_type(self.data.get(name), dict, name)

    def objects(self, name: str) -> Iterable["JsonReader"]:
        return map(JsonReader, self.list(name))
