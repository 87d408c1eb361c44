"""Rows of one line (a person's mandates in a chamber, the quotas of a chamber) that hold on the same day."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from operator import attrgetter

from django.db.models import Model

from ..models import NoOverlap, Period
from ..models.no_overlap import blocked_range
from .row_diff import RowDiff
from .validation import restore


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The offer to end an earlier mandate where the next one of the person begins."""

    # Line number or JSON pointer of the row that is refused otherwise.
    place: str
    place_in_words: str
    # Of the earlier mandate.
    label: str
    # The first day of the next one.
    day: str


def find_overlaps(row_diffs: list[RowDiff], on_record: Iterable[Period], guard: NoOverlap) -> dict[int, Period]:
    """Return the rows of ``row_diffs`` that ``guard`` refuses, by ``id()``, each with the row that it overlaps."""
    before = {id(diff.row): diff.before for diff in row_diffs}
    refused: dict[int, Period] = {}
    for rows in _changed_lines(row_diffs, on_record, guard):
        refused |= _overlapping(rows, before)
    return refused


def find_neighbours(
    row_diffs: list[RowDiff], on_record: Iterable[Period], guard: NoOverlap
) -> Iterator[tuple[Period, Period]]:
    """Yield an earlier and a later row, one of them of the file, where the earlier need only end as the later begins.

    The caller may end the earlier one before it takes the next pair.
    """
    changed = {id(diff.row) for diff in row_diffs if diff.location}
    for rows in _changed_lines(row_diffs, on_record, guard):
        for earlier, later in pairwise(sorted(filter(attrgetter("start"), rows), key=attrgetter("start"))):
            (first, until), (later_first, later_until) = blocked_range(earlier), blocked_range(later)
            if (
                {id(earlier), id(later)} & changed
                and first < later_first < until <= later_until
                and later.starts.exact
            ):
                yield earlier, later


def _changed_lines(row_diffs: list[RowDiff], on_record: Iterable[Period], guard: NoOverlap) -> Iterator[list[Period]]:
    """Yield the rows of each line with several rows of which some are among ``row_diffs``."""
    changed_lines = {_line(diff.row, guard) for diff in row_diffs if guard.guards(diff.row)}
    lines: dict[tuple, list[Period]] = defaultdict(list)
    for row in [*on_record, *(diff.row for diff in row_diffs if not diff.row.pk)]:
        line = _line(row, guard)
        if line in changed_lines and guard.guards(row):
            lines[line].append(row)
    yield from (rows for rows in lines.values() if len(rows) > 1)


def _line(row: Period, guard: NoOverlap) -> tuple[int | str, ...]:
    values = (getattr(row, name) for name in guard.fields)
    # A new row that another refers to has no key yet.
    return tuple(id(value) if isinstance(value, Model) else value for value in values)


def _overlapping(rows: list[Period], before: dict[int, dict]) -> dict[int, Period]:
    """Return the new or changed ones of ``rows`` that overlap with another, each with that other.

    Rows on record take precedence, then changed rows, then new rows in the order of the file. A changed row that is
    refused keeps its old days, so all rows are checked again with them.
    """
    refused: dict[int, Period] = {}
    by_id = {id(row): row for row in rows}
    while True:
        again = False
        standing = [row for row in rows if id(row) not in before]
        standing += [row for row in rows if row.pk and id(row) in refused]
        changed = [row for row in rows if row.pk and id(row) in before and id(row) not in refused]
        new = [row for row in rows if not row.pk]
        refused = {id(row): refused[id(row)] for row in standing if id(row) in refused}
        taken: list[tuple[date, date, int]] = []
        for row in standing:
            _take(taken, row)
        for row in [*changed, *new]:
            other = _take(taken, row)
            if other is not None:
                refused[id(row)] = by_id[other]
                if row.pk:
                    restore(row, before[id(row)])
                    again = True
        if not again:
            return refused


def _take(taken: list[tuple[date, date, int]], row: Period) -> int | None:
    """Insert the days of ``row`` into the sorted ``taken``; if some are taken, return the id() of their row."""
    first, until = blocked_range(row)
    if first >= until:
        return None
    index = bisect(taken, (first, until, id(row)))
    if index and taken[index - 1][1] > first:
        return taken[index - 1][2]
    if index < len(taken) and taken[index][0] < until:
        return taken[index][2]
    taken.insert(index, (first, until, id(row)))
    return None
