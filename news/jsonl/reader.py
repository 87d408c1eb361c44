"""A file, line by line: JSON that has been read, and what the lines before said."""

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
from delegations.importer.readers.files import parse_json
from delegations.importer.records import RowError

from ..models import Article
from .schema import ARTICLE, shown
from .serializer import CHUNK

CHUNK_BYTES = 1024 * 1024
LONGEST = 2 * 1024 * 1024  # bytes of a line

type Address = tuple[str, date, str]  # language, day, slug


@dataclass(slots=True)
class Row:
    """A line on its way in."""

    number: int
    data: bytes | None  # None: it is too long to be read
    problem: RowError | None = None  # that reading it met
    values: dict[str, Any] = field(default_factory=dict)
    article: Article | None = None  # the one on record, then the one that is saved
    new: bool = True
    changed: list[str] = field(default_factory=list)  # keys under which the record says otherwise

    def read(self) -> None:
        """Read the line: ``values``, or the ``problem`` with words where something is wrong in it."""
        try:
            self._read()
        except RowError as error:
            self.problem = error

    def _read(self) -> None:
        if self.data is None:
            raise RowError(_("The line is longer than %(limit)d MB.") % {"limit": LONGEST // 1024**2})
        self.values = ARTICLE.read(_parse_line(self.data))
        self.data = None
        said = len(quotations(self.values["body"]))
        places = [quotation["place"] for quotation in self.values["quotations"] or []]
        if len(set(places)) < len(places) or any(place >= said for place in places):
            raise RowError(_("“quotations”: each names the place of another quotation of the text, counted from 0."))

    @property
    def label(self) -> str:
        return f"{self.values['published']:%Y-%m-%d} {self.values['title']}"

    @property
    def key(self) -> tuple[UUID, str]:
        return self.values["story"], self.values["language"]

    @property
    def address(self) -> Address:
        return self.values["language"], timezone.localdate(self.values["published"]), self.values["slug"]

    @property
    def former_addresses(self) -> list[Address]:
        return [(each["language"], each["date"], each["slug"]) for each in self.values["former_addresses"]]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """All that it describes."""
        lead = self.values["picture"]
        return [*([lead] if lead else []), *self.values["pictures"]]

    @property
    def people(self) -> list[int]:
        """The public ids that it names."""
        said = self.values["quotations"] or []
        return [*self.values["people"], *(each["person"] for each in said if each["person"])]


def rows(file: BinaryIO) -> Iterator[Row]:
    """The lines of ``file`` that are not blank."""
    for number in count(1):
        data = file.readline(LONGEST + 1)
        if not data:
            return
        if len(data) > LONGEST and not data.endswith(b"\n"):
            while data and not data.endswith(b"\n"):
                data = file.readline(LONGEST)
            yield Row(number, None)
        elif data.strip():
            yield Row(number, data)


class Chunks:
    """Rows that are read, up to CHUNK together, fewer where they are long."""

    def __init__(self, rows: Iterator[Row]):
        self._rows = rows
        self._next: list[Row] = []
        self._size = 0
        self._is_over = False

    def __iter__(self) -> Iterator[list[Row]]:
        while True:
            while self.go_on():
                pass
            if not self._next:
                return
            chunk, self._next, self._size = self._next, [], 0
            yield chunk

    def go_on(self) -> bool:
        """Read a row of the next chunk; False where it is complete."""
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
            raise RowError(_("The key “%(name)s” stands twice.") % {"name": shown(name)})
        values[name] = value
    return values


class Said:
    """What the lines before said, on disk: in memory it would grow with the file."""

    def __init__(self):
        self.rows = sqlite3.connect("", isolation_level=None)
        self.rows.execute("PRAGMA journal_mode = OFF")
        self.rows.execute("CREATE TABLE said (what TEXT PRIMARY KEY, line INTEGER, words TEXT) WITHOUT ROWID")
        self.rows.execute("BEGIN")

    def before(self, what: str, line: int, words: str = "") -> tuple[int, str] | None:
        """The earlier line that spoke of ``what``, and its words; None where ``line`` is the first."""
        done = self.rows.execute("INSERT OR IGNORE INTO said VALUES (?, ?, ?)", (what, line, words))
        if done.rowcount:
            return None
        return self.rows.execute("SELECT line, words FROM said WHERE what = ?", (what,)).fetchone()

    def close(self) -> None:
        self.rows.close()
