"""Tables of all history of the directory, as files and in the data package."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils.translation import gettext_noop

from cspa.exports.datapackage import Table
from cspa.exports.tabular import Cell
from cspa.i18n import translated_columns

from .dates import EARLIEST, FOUNDED
from .exports.csv_rows import POST_COLUMNS, SOURCE_COLUMNS, period_cells, post_row, source_cells
from .exports.popolo_records import column_texts
from .exports.serializers import MANDATE_COLUMNS, join_cell, mandate_row
from .models import (
    AssemblyPost,
    Body,
    Chamber,
    Delegate,
    Participation,
    Period,
    Person,
    Representative,
    SeatQuota,
)
from .models.person_names import PARTS
from .succession import Row, holding, lines, since, until

# Rows that a query of related rows serves.
CHUNK = 2000

_PERIOD = ["start", "start_quality", "end", "ended", *SOURCE_COLUMNS]
_NAMES = [column for name in PARTS for column in translated_columns(name)]
_OF_PERSON = {"person_id": "people"}


def _names(person: Person) -> list[str]:
    """The names of ``person`` in the columns _NAMES, empty for somebody withdrawn."""
    return ["" if person.withdrawn else text for text in column_texts(person, *PARTS).values()]


def _period(row: Period) -> list[Cell]:
    """Dates and sources of ``row`` in the columns _PERIOD."""
    return [*period_cells(row), *source_cells(row.sources.all())]


def _read(rows: QuerySet[Any], *related: str, prefetch: Iterable[str] = ("sources",)) -> Iterator[Any]:
    """``rows`` by start, read in chunks. People have their present names."""
    rows = rows.select_related(*related) if related else rows
    return rows.prefetch_related(*prefetch).iterator(chunk_size=CHUNK)


def _by_start(model: type[Period]) -> QuerySet[Any]:
    return model.objects.order_by(F("start").asc(nulls_first=True), "uid")


def _people() -> Iterator[list[Cell]]:
    people = Person.objects.order_by("public_id").defer(*translated_columns("sort_key"), "name_words")
    for person in _read(people, prefetch=("identifiers", "former_ids")):
        identifiers = [] if person.withdrawn else list(person.identifiers.all())
        yield [
            person.public_id,
            person.withdrawn,
            *_names(person),
            "" if person.withdrawn else person.gender,
            join_cell(row.scheme for row in identifiers),
            join_cell(row.identifier for row in identifiers),
            join_cell(str(row.public_id) for row in person.former_ids.all()),
        ]


def _chambers() -> Iterator[list[Cell]]:
    for chamber in _read(Chamber.objects.order_by("slug"), "parliament", prefetch=()):
        parliament = chamber.parliament
        yield [
            chamber.slug,
            *column_texts(chamber, "name").values(),
            chamber.kind,
            parliament.slug,
            *column_texts(parliament, "name").values(),
            parliament.country.code,
        ]


def _quotas() -> Iterator[list[Cell]]:
    for row in _read(_by_start(SeatQuota), "chamber__parliament"):
        yield [str(row.uid), row.chamber.parliament.slug, row.chamber.slug, row.seats, *_period(row)]


def _representatives() -> Iterator[list[Cell]]:
    for row in _read(_by_start(Representative), "person", "parliament"):
        yield [str(row.uid), row.person.public_id, *_names(row.person), row.parliament.slug, *_period(row)]


def _bodies() -> Iterator[list[Cell]]:
    for row in _read(Body.objects.order_by("slug"), "parent"):
        parent = row.parent.slug if row.parent else ""
        yield [row.slug, *column_texts(row, "name").values(), row.kind, parent, *_period(row)]


class Figures(NamedTuple):
    """Figures of a chamber on the days of a period."""

    seats: int | None
    named: int
    substitutes: int
    women: int
    men: int


class Span(NamedTuple):
    """A row on the days on which it holds; ``end`` is the first day on which it does not, None where it still does."""

    start: date
    end: date | None
    row: Row


def spans(line: list[Row]) -> Iterator[Span]:
    """Yield on which days since the founding each row of a succession holds, in order of time."""
    bounds = {row.start or since(row, line) or EARLIEST for row in line}
    bounds |= {end for row in line if (end := until(row, line))}
    days: list[date] = sorted({max(bound, FOUNDED) for bound in bounds})
    for start, end in pairwise([*days, None]):
        # The last bound is a date: only the last of the pairs ends with None.
        if start and (row := holding(line, start)):
            yield Span(start, end, row)


def _seats() -> Iterator[list[Cell]]:
    """The figures of each chamber, a row for each period in which none of them changes."""
    quotas = _by_line(SeatQuota, "seats", "chamber")
    statuses = _by_line(Participation, "status", "parliament")
    mandates = _by_line(Delegate, "role", "chamber", "person__gender", "person__withdrawn", "person")
    for chamber in _read(Chamber.objects.order_by("slug"), "parliament", prefetch=()):
        parliament, of_quota = chamber.parliament, quotas[chamber.pk]
        of_status, named = statuses[parliament.pk], mandates[chamber.pk]
        days = {day for span in (*of_quota, *of_status, *named) for day in (span.start, span.end) if day}
        begun, ended = defaultdict(list), defaultdict(list)
        for span in named:
            begun[span.start].append(span.row)
            ended[span.end].append(span.row)
        held: dict[int, Row] = {}
        for start, end in pairwise([*sorted(days), None]):
            assert start
            for row in ended[start]:
                del held[row.pk]
            held.update((row.pk, row) for row in begun[start])
            status, quota = _on(of_status, start), _on(of_quota, start)
            # Of a parliament of which no status at all is recorded, every day counts.
            if (status or not of_status) and (quota or held):
                figures = _figures(quota, held.values())
                yield [start, end, parliament.slug, chamber.slug, status or "", *figures]


def _by_line(model: Any, value: str, *line: str) -> dict[int, list[Span]]:
    """The spans of all rows of ``model`` by the first column of ``line``."""
    found: dict[int, list[Span]] = defaultdict(list)
    for rows in lines(model.objects.all(), value, *line):
        found[rows[0].line[0]] += spans(rows)
    return found


def _on(of_line: list[Span], day: date) -> Any:
    """The value of the span that contains ``day``; None without one."""
    return next((span.row.value for span in of_line if span.start <= day and not (span.end and span.end <= day)), None)


def _figures(seats: int | None, held: Iterable[Row]) -> Figures:
    held = list(held)
    filling = [row for row in held if row.value != Delegate.Role.SUBSTITUTE]
    genders = [row.line[1] for row in filling if not row.line[2]]
    women, men = genders.count(Person.Gender.FEMALE), genders.count(Person.Gender.MALE)
    return Figures(seats, len(filling), len(held) - len(filling), women, men)


_DAY = {"type": "date"}

TABLES = [
    Table(
        "people",
        gettext_noop("People, with their identifiers elsewhere"),
        ["id", "withdrawn", *_NAMES, "gender", "identifier_scheme", "identifier", "former_ids"],
        _people,
        fields={"id": {"type": "integer"}},
    ),
    Table(
        "chambers",
        gettext_noop("Chambers and their parliaments"),
        [
            "chamber",
            *translated_columns("name"),
            "kind",
            "delegation",
            *(f"delegation_{column}" for column in translated_columns("name")),
            "country",
        ],
        _chambers,
        key=("chamber",),
    ),
    Table(
        "mandates",
        gettext_noop("Mandates"),
        MANDATE_COLUMNS,
        lambda: map(mandate_row, _read(_by_start(Delegate), "person", "chamber__parliament")),
        references=_OF_PERSON | {"chamber": "chambers"},
    ),
    Table(
        "quotas",
        gettext_noop("Seats as the documents set them"),
        ["id", "delegation", "chamber", "seats", *_PERIOD],
        _quotas,
        references={"chamber": "chambers"},
    ),
    Table(
        "seats",
        gettext_noop("Seats over time, with a name, of women and of men"),
        ["start", "end", "delegation", "chamber", "status", *Figures._fields],
        _seats,
        key=("chamber", "start"),
        references={"chamber": "chambers"},
        fields={"start": _DAY, "end": _DAY},
    ),
    Table(
        "representatives",
        gettext_noop("Plenipotentiary representatives"),
        ["id", "person_id", *_NAMES, "delegation", *_PERIOD],
        _representatives,
        references=_OF_PERSON,
    ),
    Table(
        "bodies",
        gettext_noop("The Assembly and its bodies"),
        ["body", *translated_columns("name"), "kind", "parent", *_PERIOD],
        _bodies,
        key=("body",),
    ),
    Table(
        "posts",
        gettext_noop("Posts in the Assembly"),
        POST_COLUMNS,
        lambda: map(post_row, _read(_by_start(AssemblyPost), "person", "body", "parliament")),
        references=_OF_PERSON | {"body": "bodies"},
    ),
]
