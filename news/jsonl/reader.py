"""Reading a file line by line: lines as rows, chunks of rows, keys of earlier lines."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any, BinaryIO
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from cspa.richtext import quotations
from delegations.importer.readers.json_document import parse_json
from delegations.importer.records import RowError

from ..models import Article
from .defaults import complete
from .losses import lost_elements
from .schema import ARTICLE, printable
from .serializer import CHUNK

CHUNK_BYTES = 1024 * 1024
MAX_LINE_BYTES = 2 * 1024 * 1024

# Language, day, slug.
type ArticleAddress = tuple[str, date, str]


@dataclass(slots=True)
class ArticleRow:
    """One line, and the article that it becomes."""

    number: int
    # None: the line is too long.
    data: bytes | None
    error: RowError | None = None
    values: dict[str, Any] = field(default_factory=dict)
    # The article on record, then the one that is saved.
    article: Article | None = None
    new: bool = True
    # What the text loses: elements with their number and the line of the text where the first stands.
    lost: dict[str, tuple[int, int]] = field(default_factory=dict)
    # Keys under which the article on record differs.
    changed: list[str] = field(default_factory=list)
    # Keys that the line leaves open.
    made: frozenset[str] = frozenset()

    def read(self) -> None:
        """Set ``values``, or ``error`` if the line is not valid."""
        try:
            self._read()
        except RowError as error:
            self.error = error

    def _read(self) -> None:
        if self.data is None:
            raise RowError(_("The line is longer than %(limit)d MB.") % {"limit": MAX_LINE_BYTES // 1024**2})
        stated = _parse_line(self.data)
        self.values = ARTICLE.read(stated)
        self.made = complete(self.values)
        self.lost = lost_elements(stated["body"])
        self.data = None
        count = len(quotations(self.values["body"]))
        places = [quotation["place"] for quotation in self.values["quotations"] or []]
        if len(set(places)) < len(places) or any(place >= count for place in places):
            raise RowError(_("“quotations”: each names the place of another quotation of the text, counted from 0."))

    @property
    def label(self) -> str:
        return f"{self.values['published']:%Y-%m-%d} {self.values['title']}"

    @property
    def key(self) -> tuple[UUID, str]:
        return self.values["story"], self.values["language"]

    @property
    def address(self) -> ArticleAddress:
        return self.values["language"], timezone.localdate(self.values["published"]), self.values["slug"]

    def lengthen_slug(self) -> None:
        """Tell the slug from that of another article of the day."""
        self.values["slug"] += f"-{self.values['id'].hex[:6]}"

    @property
    def former_addresses(self) -> list[ArticleAddress]:
        return [(each["language"], each["date"], each["slug"]) for each in self.values["former_addresses"]]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """All pictures that the line describes."""
        lead = self.values["picture"]
        return [*([lead] if lead else []), *self.values["pictures"]]

    @property
    def people(self) -> list[int]:
        """The public ids that the line names."""
        quoted = self.values["quotations"] or []
        return [*self.values["people"], *(each["person"] for each in quoted if each["person"])]


def read_rows(file: BinaryIO) -> Iterator[ArticleRow]:
    """Yield the lines of ``file`` that are not blank."""
    for number in count(1):
        data = file.readline(MAX_LINE_BYTES + 1)
        if not data:
            return
        if len(data) > MAX_LINE_BYTES and not data.endswith(b"\n"):
            while data and not data.endswith(b"\n"):
                data = file.readline(MAX_LINE_BYTES)
            yield ArticleRow(number, None)
        elif data.strip():
            yield ArticleRow(number, data)


class Chunks:
    """Read rows in chunks of at most CHUNK rows and about CHUNK_BYTES bytes."""

    def __init__(self, rows: Iterator[ArticleRow]):
        self._rows = rows
        self._next: list[ArticleRow] = []
        self._size = 0
        self._is_over = False

    def __iter__(self) -> Iterator[list[ArticleRow]]:
        while True:
            while self.read_next():
                pass
            if not self._next:
                return
            chunk, self._next, self._size = self._next, [], 0
            yield chunk

    def read_next(self) -> bool:
        """Read one more row of the next chunk; return False if the chunk is complete."""
        if self._is_over or len(self._next) == CHUNK or self._size >= CHUNK_BYTES:
            return False
        row = next(self._rows, None)
        if row is None:
            self._is_over = True
            return False
        self._size += len(row.data or b"")
        row.read()
        self._next.append(row)
        return True


def _parse_line(data: bytes) -> Any:
    try:
        return parse_json(data.decode("utf-8-sig").rstrip(), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise RowError(_("This is not in UTF-8.")) from error
    except json.JSONDecodeError as error:
        raise RowError(_("This is not JSON: column %(column)d cannot be read.") % {"column": error.pos + 1}) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise RowError(_("The key “%(name)s” stands twice.") % {"name": printable(name)})
        values[name] = value
    return values


class SeenKeys:
    """Keys of the lines so far, in a temporary SQLite database: in memory they would grow with the file."""

    def __init__(self):
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER, text TEXT) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def add(self, key: str, line: int, text: str = "") -> tuple[int, str] | None:
        """Return the earlier line with ``key``, and its text; add the key and return None if there is none."""
        cursor = self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (key, line, text))
        if cursor.rowcount:
            return None
        return self.find(key)

    def find(self, key: str) -> tuple[int, str] | None:
        """Return the line with ``key``, and its text; None if there is none."""
        return self._connection.execute("SELECT line, text FROM seen WHERE key = ?", (key,)).fetchone()

    def close(self) -> None:
        self._connection.close()
