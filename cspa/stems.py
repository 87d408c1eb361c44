"""Words reduced to their stems, for a search that finds the same rows on both databases.

Neither database's own stemming is used: one library makes the stems (snowballstemmer), a column holds them, and each
engine only finds words in it: FTS5 on SQLite, a GIN index over a ``simple`` text vector on PostgreSQL.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import snowballstemmer
from django.db import models
from django.db.backends.ddl_references import Statement, Table
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Languages without an algorithm (be, kk, ky, tg) are searched by whole words.
ALGORITHMS = {"en": "english", "hy": "armenian", "ru": "russian"}
LONGEST_WORD = 40  # letters; more is no word
LONGEST_TEXT = 200  # letters of a query
MOST_TERMS = 16

_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'(?<!\S)(-?)(?:"([^"]*)"|“([^”]*)”|«([^»]*)»|(\S+))')


@cache
def _stem(language: str) -> Callable[[str], str]:
    algorithm = ALGORITHMS.get(language)
    stem = snowballstemmer.stemmer(algorithm).stemWord if algorithm else str
    return lru_cache(maxsize=200_000)(lambda word: stem(word)[:LONGEST_WORD])


def words(text: str) -> list[str]:
    """The words of ``text``, folded: small letters, compatibility forms as usual ones, ё as е."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(folded.replace("ё", "е"))


def stems(text: str, language: str) -> list[str]:
    """The stems of the words of ``text``, in order."""
    stem = _stem(language)
    return [stem(word) for word in words(text)]


@dataclass(frozen=True)
class Query:
    """What somebody looks for: each of ``wanted`` must occur, none of ``unwanted``; a phrase is several stems."""

    text: str
    language: str
    wanted: tuple[tuple[str, ...], ...]
    unwanted: tuple[tuple[str, ...], ...]
    said: str  # the wanted words as they were typed
    not_said: tuple[str, ...]

    @classmethod
    def of(cls, text: str, language: str) -> "Query":
        """Reads words, "phrases" (also in “ ” and « »), -without and -"without a phrase".

        A word of several parts ("counter-terrorism") is a phrase. What is longer than LONGEST_TEXT letters or has more
        than MOST_TERMS terms finds nothing.
        """
        wanted, unwanted, said, not_said = [], [], [], []
        for without, *options in _TERM.findall(text) if len(text) <= LONGEST_TEXT else ():
            term = next(filter(None, options), "")
            if found := tuple(stems(term, language)):
                (unwanted if without else wanted).append(found)
                (not_said if without else said).append(term)
        if len(wanted) + len(unwanted) > MOST_TERMS:
            wanted = []
        return cls(text, language, tuple(wanted), tuple(unwanted), " ".join(said), tuple(not_said))

    @property
    def flat(self) -> frozenset[str]:
        """All stems that are wanted."""
        return frozenset(stem for term in self.wanted for stem in term)

    def matches(self, found: list[str]) -> bool:
        """Whether a text of these stems is found: what the databases answer, said in Python."""
        return bool(self.wanted) and all(
            _holds(found, term) != unwanted
            for unwanted, terms in ((False, self.wanted), (True, self.unwanted))
            for term in terms
        )

    def share(self, text: str) -> float:
        """How many of the wanted terms ``text`` holds, from 0 to 1."""
        found = stems(text, self.language)
        return sum(_holds(found, term) for term in self.wanted) / len(self.wanted) if self.wanted else 0.0

    def marked(self, text: str) -> SafeString:
        """``text`` as HTML with the words that were looked for in mark elements."""
        pieces, end = [], 0
        for start, stop in self._places(text):
            pieces += [escape(text[end:start]), "<mark>", escape(text[start:stop]), "</mark>"]
            end = stop
        return mark_safe("".join([*pieces, escape(text[end:])]))  # noqa: S308  each piece is escaped

    def excerpt(self, text: str, length: int = 220) -> SafeString:
        """About ``length`` letters of ``text`` where most of the wanted words stand together, marked."""
        places = list(self._places(text))
        best = max(places, key=lambda place: _within(places, place[0], length), default=(0, 0))[0]
        start = max(0, best - length // 5)
        start = text.rfind(" ", 0, start) + 1 if start else 0
        stop = len(text) if len(text) <= start + length else text.rfind(" ", start, start + length)
        stop = stop if stop > start else min(len(text), start + length)
        before, after = "… " if start else "", " …" if stop < len(text) else ""
        return mark_safe(f"{before}{self.marked(text[start:stop])}{after}")  # noqa: S308  escaped by marked()

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        wanted = self.flat
        for match in _WORD.finditer(text):
            if wanted.intersection(stems(match[0], self.language)):
                yield match.span()


def _holds(found: list[str], term: tuple[str, ...]) -> bool:
    width = len(term)
    return any(tuple(found[place : place + width]) == term for place in range(len(found) - width + 1))


def _within(places: list[tuple[int, int]], first: int, length: int) -> int:
    return sum(first <= start < first + length for start, _stop in places)


class StemsIndex(models.Index):
    """Finds words and phrases in a column of stems; ``matching`` asks it.

    On PostgreSQL a generated column ``<column>_vector`` with a GIN index, on SQLite an FTS5 table beside the model's,
    which triggers keep equal. Django asks for this SQL again when it rebuilds a table of SQLite, which drops triggers.
    """

    def create_sql(self, model: type[models.Model], schema_editor, using: str = "", **kwargs) -> Statement:
        first, *others = self._statements(model, schema_editor)
        schema_editor.deferred_sql.extend(others)
        return first

    def remove_sql(self, model: type[models.Model], schema_editor, **kwargs) -> Statement:
        column = self.fields[0]
        if schema_editor.connection.vendor == "postgresql":
            return _statement(f'ALTER TABLE %(table)s DROP COLUMN "{column}_vector"', model, schema_editor)
        for event in ("insert", "delete", "update"):
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{self.name}_{event}"')
        return _statement(f'DROP TABLE "{self.name}"', model, schema_editor)

    def _statements(self, model: type[models.Model], schema_editor) -> list[Statement]:
        column, name = self.fields[0], self.name
        if schema_editor.connection.vendor == "postgresql":
            vector = f"tsvector GENERATED ALWAYS AS (to_tsvector('simple', \"{column}\")) STORED"
            commands = [
                f'ALTER TABLE %(table)s ADD COLUMN "{column}_vector" {vector}',
                f'CREATE INDEX "{name}" ON %(table)s USING gin ("{column}_vector")',
            ]
        else:
            table = model._meta.db_table
            add = f'INSERT INTO "{name}" (rowid, "{column}") VALUES (NEW."id", NEW."{column}");'
            take = f'INSERT INTO "{name}" ("{name}", rowid, "{column}") VALUES (\'delete\', OLD."id", OLD."{column}");'
            changed = f'WHEN OLD."{column}" IS NOT NEW."{column}" OR OLD."id" <> NEW."id"'
            commands = [
                f'CREATE VIRTUAL TABLE IF NOT EXISTS "{name}" USING fts5("{column}", '
                f"content='{table}', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
                f'CREATE TRIGGER "{name}_insert" AFTER INSERT ON %(table)s BEGIN {add} END',
                f'CREATE TRIGGER "{name}_delete" AFTER DELETE ON %(table)s BEGIN {take} END',
                f'CREATE TRIGGER "{name}_update" AFTER UPDATE ON %(table)s {changed} BEGIN {take} {add} END',
                f'INSERT INTO "{name}" ("{name}") VALUES (\'rebuild\')',
            ]
        return [_statement(command, model, schema_editor) for command in commands]


def _statement(command: str, model: type[models.Model], schema_editor) -> Statement:
    return Statement(command, table=Table(model._meta.db_table, schema_editor.quote_name))


def matching(queryset: models.QuerySet, index: str, query: Query) -> models.QuerySet:
    """The rows of ``queryset`` that the StemsIndex called ``index`` finds for ``query``."""
    if not query.wanted:
        return queryset.none()
    (column,) = next(rule.fields for rule in queryset.model._meta.indexes if rule.name == index)
    return queryset.filter(_Matches("pk", column, query=query, index=index))


class _Matches(models.Func):
    """The condition that the index finds a row; takes its key and its column of stems."""

    output_field = models.BooleanField()

    def __init__(self, *expressions: Any, query: Query, index: str, **extra: Any):
        super().__init__(*expressions, **extra)
        self.query, self.index = query, index

    def as_sqlite(self, compiler, connection, **context: Any) -> tuple[str, list[Any]]:
        key, parameters = compiler.compile(self.source_expressions[0])
        found = f'SELECT rowid FROM "{self.index}" WHERE "{self.index}" MATCH %s'
        return f"{key} IN ({found})", [*parameters, _fts5(self.query)]

    def as_postgresql(self, compiler, connection, **context: Any) -> tuple[str, list[Any]]:
        column, parameters = compiler.compile(self.source_expressions[1])
        vector = f'{column.removesuffix('"')}_vector"'
        return f"{vector} @@ to_tsquery('simple', %s)", [*parameters, _tsquery(self.query)]


# Stems are letters and digits only, so nothing in them is an operator.


def _tsquery(query: Query) -> str:
    terms = [f"({' <-> '.join(term)})" for term in query.wanted]
    return " & ".join([*terms, *(f"!({' <-> '.join(term)})" for term in query.unwanted)])


def _fts5(query: Query) -> str:
    wanted = " AND ".join(f'"{" ".join(term)}"' for term in query.wanted)
    unwanted = " OR ".join(f'"{" ".join(term)}"' for term in query.unwanted)
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted
