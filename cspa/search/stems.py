"""Full-text search by stems, with the same results on both databases.

The project stems words itself (snowballstemmer) and stores the stems in a column; the full-text index of the database
matches them as they are: FTS5 on SQLite, GIN over a ``simple`` text vector on PostgreSQL.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.sql.compiler import SQLCompiler
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Stemming algorithm of each language. In languages without one (be, kk, ky, tg) the search matches whole words.
ALGORITHMS = {"en": "english", "hy": "armenian", "ru": "russian"}
# Characters of a stem; the rest is cut off.
MAX_STEM_LENGTH = 40
# Characters of a query.
MAX_QUERY_LENGTH = 200
# Characters of a text whose stems are cached.
MAX_CACHED_LENGTH = 600
MAX_TERMS = 16
# A stem in more than this share of the rows counts as frequent; `newest` scans the newest rows for it first.
FREQUENT_SHARE = 0.03
# Rows of this scan. By FREQUENT_SHARE, some 300 of them match a frequent stem.
SCAN_LIMIT = 10_000

_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'(?<!\S)(-?)(?:"([^"]*)"|“([^”]*)”|«([^»]*)»|(\S+))')


@cache
def _stem(language: str) -> Callable[[str], str]:
    # Import here: the package loads all its languages, and few processes search.
    import snowballstemmer

    algorithm = ALGORITHMS.get(language)
    stem = snowballstemmer.stemmer(algorithm).stemWord if algorithm else str
    return lru_cache(maxsize=30_000)(lambda word: stem(word)[:MAX_STEM_LENGTH])


def words(text: str) -> list[str]:
    """Words of ``text``, normalised: case folded, compatibility characters replaced (NFKC), ё replaced by е."""
    if text.isascii():
        return _WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(folded.replace("ё", "е"))


def stems(text: str, language: str) -> list[str]:
    stem = _stem(language)
    return [stem(word) for word in words(text)]


@lru_cache(maxsize=10_000)
def _stems_of_word(word: str, language: str) -> tuple[str, ...]:
    return tuple(stems(word, language))


def _spaced(stems: Iterable[str]) -> str:
    return f" {' '.join(stems)} "


# Most searches rank the same newest titles and summaries.
@lru_cache(maxsize=2_000)
def _cached_stems(text: str, language: str) -> str:
    return _spaced(stems(text, language))


@dataclass(frozen=True)
class Query:
    """Parsed query: a row must contain each of ``required`` and none of ``excluded``; a phrase is several stems."""

    text: str
    language: str
    required: tuple[tuple[str, ...], ...]
    excluded: tuple[tuple[str, ...], ...]
    # Required terms as the user typed them.
    required_text: str
    excluded_texts: tuple[str, ...]

    @classmethod
    def of(cls, text: str, language: str) -> "Query":
        """Parse words, "phrases" (also in “ ” and « »), -excluded words and -"excluded phrases".

        A word of several parts ("counter-terrorism") is a phrase. A query of more than MAX_QUERY_LENGTH characters or
        MAX_TERMS terms matches nothing.
        """
        required: list[tuple[str, ...]] = []
        excluded: list[tuple[str, ...]] = []
        required_texts: list[str] = []
        excluded_texts: list[str] = []
        for without, *options in _TERM.findall(text) if len(text) <= MAX_QUERY_LENGTH else ():
            term = next(filter(None, options), "")
            if found := tuple(stems(term, language)):
                (excluded if without else required).append(found)
                (excluded_texts if without else required_texts).append(term)
        if len(required) + len(excluded) > MAX_TERMS:
            required = []
        return cls(text, language, tuple(required), tuple(excluded), " ".join(required_texts), tuple(excluded_texts))

    @cached_property
    def required_stems(self) -> frozenset[str]:
        return frozenset(stem for term in self.required for stem in term)

    @cached_property
    def _terms(self) -> list[str]:
        return [_spaced(term) for term in self.required]

    def score(self, text: str) -> float:
        """Share of the required terms that ``text`` contains, from 0 to 1."""
        is_short = len(text) <= MAX_CACHED_LENGTH
        held = _cached_stems(text, self.language) if is_short else _spaced(stems(text, self.language))
        return sum([term in held for term in self._terms]) / len(self._terms) if self._terms else 0.0

    def marked(self, text: str) -> SafeString:
        """``text`` as HTML with matching words in mark elements."""
        pieces, end = [], 0
        for start, stop in self._spans(text):
            pieces += [escape(text[end:start]), "<mark>", escape(text[start:stop]), "</mark>"]
            end = stop
        return mark_safe("".join([*pieces, escape(text[end:])]))  # noqa: S308  each piece is escaped

    def excerpt(self, text: str, length: int = 220) -> SafeString:
        """Excerpt of about ``length`` characters where ``text`` has most matching words, marked."""
        starts = [start for start, _stop in self._spans(text)]
        within = [bisect_left(starts, first + length) - place for place, first in enumerate(starts)]
        best = starts[within.index(max(within))] if starts else 0
        start = max(0, best - length // 5)
        start = text.rfind(" ", 0, start) + 1 if start else 0
        stop = len(text) if len(text) <= start + length else text.rfind(" ", start, start + length)
        stop = stop if stop > start else min(len(text), start + length)
        before, after = "… " if start else "", " …" if stop < len(text) else ""
        return mark_safe(f"{before}{self.marked(text[start:stop])}{after}")  # noqa: S308  escaped by marked()

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        required = self.required_stems
        for match in _WORD.finditer(text):
            if not required.isdisjoint(_stems_of_word(match[0], self.language)):
                yield match.span()


class StemsIndex(models.Index):
    """Full-text index on a column of stems, for ``matching`` and ``newest``.

    ``fields`` are the columns of the stems and of the language. On PostgreSQL the index is a generated column
    ``<column>_vector`` with a GIN index. Each lexeme starts with the language, so that a search in one language does
    not read the rows of another. On SQLite the index is an FTS5 table that triggers keep in sync. Django runs
    ``create_sql`` again when it rebuilds a table on SQLite, which drops the triggers.
    """

    def create_sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, using: str = "", **kwargs: Any
    ) -> Statement:
        first, *others = self._statements(model, schema_editor)
        schema_editor.deferred_sql.extend(others)
        return first

    def remove_sql(  # type: ignore[override]  # Django accepts a Statement, the stubs a str only
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, **kwargs: Any
    ) -> Statement:
        column = self.fields[0]
        if schema_editor.connection.vendor == "postgresql":
            return _statement(f'ALTER TABLE %(table)s DROP COLUMN "{column}_vector"', model, schema_editor)
        for event in ("insert", "delete", "update"):
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{self.name}_{event}"')
        return _statement(f'DROP TABLE "{self.name}"', model, schema_editor)

    def _statements(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> list[Statement]:
        (column, language), name = self.fields, self.name
        if schema_editor.connection.vendor == "postgresql":
            code = f"replace(\"{language}\", '-', '')"
            text = f"{code} || replace(\"{column}\", ' ', ' ' || {code})"
            vector = f"tsvector GENERATED ALWAYS AS (to_tsvector('simple', {text})) STORED"
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


def _statement(command: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
    return Statement(command, table=Table(model._meta.db_table, schema_editor.quote_name))


def matching[Q: models.QuerySet[Any]](queryset: Q, index: str, query: Query) -> Q:
    """Rows of ``queryset`` that match ``query`` by the StemsIndex named ``index``."""
    if not query.required:
        return queryset.none()
    return queryset.filter(_Matches("pk", _column(queryset.model, index), query=query, index=index))


def newest(
    queryset: models.QuerySet[Any], index: str, query: Query, number: int, time: str, *columns: str
) -> list[tuple[Any, ...]]:
    """Key, ``time`` and ``columns`` of the ``number`` newest rows of ``queryset`` that match ``query`` by ``index``.

    On PostgreSQL one of two plans keeps the number of rows small. If all stems are frequent, the query scans the
    newest rows in order until it has enough matches. If a stem is rare, or SCAN_LIMIT rows are not enough, it sorts
    the matches of the GIN index. The statement chooses the plan itself, since the planner cannot estimate phrases.
    """
    if not query.required:
        return []
    column = _column(queryset.model, index)
    match = _Matches("pk", column, query=query, index=index)
    rows = queryset.order_by(f"-{time}", "-pk").values_list("pk", time, *columns)
    connection = connections[queryset.db]
    if connection.vendor != "postgresql":
        return list(rows.filter(match)[:number])
    (scanned, of_scanned), (matched, of_matched) = (
        each.query.sql_with_params() for each in (rows.annotate(hit=match)[:SCAN_LIMIT], rows.filter(match).order_by())
    )
    sql = _NEWEST.format(scanned=scanned, found=matched, columns=", ".join(["key", "time", *columns]))
    vector = [queryset.model._meta.db_table, f"{column}_vector"]
    lexemes = [_lexeme(stem, query.language) for stem in query.required_stems]
    with connection.cursor() as cursor:
        cursor.execute(
            sql, [*vector, FREQUENT_SHARE, lexemes, *of_scanned, number, number, *of_matched, number, number]
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


# ANALYZE records the share of rows of frequent stems in pg_stats. A condition that depends on no row is evaluated
# before its scan starts; a false one skips the scan. OFFSET 0 keeps the planner from scanning in the order of time.
_NEWEST = """
WITH known AS (
    SELECT most_common_elems::text::text[] AS stems, most_common_elem_freqs AS shares
    FROM pg_stats WHERE schemaname = current_schema() AND tablename = %s AND attname = %s
), frequent AS MATERIALIZED (
    SELECT coalesce(min(coalesce(shares[array_position(stems, stem)], 0)), 0) > %s AS all_of_them
    FROM known, unnest(%s::text[]) AS stem
), newest AS MATERIALIZED (
    SELECT {columns} FROM ({scanned}) AS scanned ({columns}, hit)
    WHERE hit AND (SELECT all_of_them FROM frequent) LIMIT %s
)
SELECT * FROM newest WHERE (SELECT count(*) FROM newest) = %s
UNION ALL (
    SELECT {columns} FROM ({found} OFFSET 0) AS found ({columns})
    WHERE (SELECT count(*) FROM newest) < %s ORDER BY time DESC, key DESC LIMIT %s
)
"""


def _column(model: type[models.Model], index: str) -> str:
    column: str = next(rule.fields[0] for rule in model._meta.indexes if rule.name == index)
    return column


class _Matches(models.Func):
    """Condition that a row matches by the index; the expressions are its key and its column of stems."""

    output_field = models.BooleanField()

    def __init__(self, *expressions: Any, query: Query, index: str, **extra: Any):
        super().__init__(*expressions, **extra)
        self.query, self.index = query, index

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        key, parameters = compiler.compile(self.source_expressions[0])
        found = f'SELECT rowid FROM "{self.index}" WHERE "{self.index}" MATCH %s'
        return f"{key} IN ({found})", (*parameters, _fts5(self.query))

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.source_expressions[1])
        vector = f'{column.removesuffix('"')}_vector"'
        return f"{vector} @@ to_tsquery('simple', %s)", (*parameters, _tsquery(self.query))


# Queries of the engines. Stems consist of letters and digits only, so they contain no operators.


def _lexeme(stem: str, language: str) -> str:
    return language.replace("-", "") + stem


def _tsquery(query: Query) -> str:
    def phrase(term: tuple[str, ...]) -> str:
        return f"({' <-> '.join(_lexeme(stem, query.language) for stem in term)})"

    return " & ".join([*map(phrase, query.required), *(f"!{phrase(term)}" for term in query.excluded)])


def _fts5(query: Query) -> str:
    required = " AND ".join(f'"{" ".join(term)}"' for term in query.required)
    excluded = " OR ".join(f'"{" ".join(term)}"' for term in query.excluded)
    return f"({required}) NOT ({excluded})" if excluded else required
