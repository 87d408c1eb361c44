"""Successions of dated rows, and the handovers in them, for all days at once.

``PeriodQuerySet.on()`` is the same rule for one day in SQL. This module reads only a few columns of each row.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import QuerySet

from .dates import EARLIEST, PartialDate, Precision

COLUMNS = ("pk", "uid", "start", "start_precision", "end", "end_precision", "ended", "counts_until")


class Row(NamedTuple):
    """A dated row with its ``value``, as a role or a number of seats. Rows with equal ``line`` form a succession."""

    pk: int
    uid: UUID
    start: date | None
    start_precision: str
    end: date | None
    end_precision: str
    ended: bool
    counts_until: date | None
    value: Any
    line: tuple[Any, ...]

    @property
    def starts(self) -> PartialDate:
        """The start. Call only for a row that has one."""
        return PartialDate(cast("date", self.start), self.start_precision)

    @property
    def ends(self) -> PartialDate:
        """The end. Call only for a row that has one."""
        return PartialDate(cast("date", self.end), self.end_precision)

    @property
    def counts(self) -> bool:
        """Whether the row holds on any day."""
        return self.start is None or self.counts_until is None or self.start < self.counts_until


class Handover(NamedTuple):
    """The day on which ``after`` replaces ``before``. Either of the two, but not both, may be None."""

    before: Row | None
    after: Row | None
    day: date

    @property
    def recorded(self) -> PartialDate:
        """The day in its known precision."""
        if self.after is None:
            # A handover has at least one of the two rows.
            return cast("Row", self.before).ends
        known = self.after.starts
        if self.before is not None and known.precision == Precision.BY:
            return self.before.ends
        if self.before is None or self.before.end != known.first:
            return known
        return min(self.before.ends, known, key=lambda written: Precision.values.index(written.precision))


def lines(rows: QuerySet[Any], value: str, *line: str) -> list[list[Row]]:
    """Return the successions of ``rows`` by ``line``, each in order of time, with one query.

    Rows that ended without any date are left out: they hold no known day.
    """
    columns = rows.exclude(ended=True, start=None).order_by().values_list(*COLUMNS, value, *line)
    read = [Row._make((*columns[:9], columns[9:])) for columns in columns.iterator()]
    read.sort(key=lambda row: (row.line, row.start or date.min, row.counts, row.uid))
    return [list(rows) for _line, rows in groupby(read, key=lambda row: row.line)]


def until(row: Row, line: Iterable[Row]) -> date | None:
    """Return the first day on which ``row`` no longer holds; a successor may begin within a partial end."""
    if row.end is None or row.end_precision == Precision.DAY or row.counts_until is None:
        return row.counts_until
    starts = [other.start for other in line if other.start and other.start >= row.end]
    return min([row.counts_until, *(start for start in starts if row.start is None or start > row.start)])


def since(row: Row, line: Iterable[Row]) -> date | None:
    """Return the first day for which a ``row`` without a start counts: the end of a predecessor; None without one."""
    ends = [other.counts_until for other in line if other.counts_until]
    return max((end for end in ends if row.counts_until is None or end < row.counts_until), default=None)


def holding(line: list[Row], day: date) -> Row | None:
    """Return the row of ``line`` that holds on ``day``, which is not to come; of which the database allows one."""
    held = [
        row
        for row in line
        if (row.start or since(row, line) or EARLIEST) <= day and ((end := until(row, line)) is None or day < end)
    ]
    # A row without a start counts on no day on which a dated one does.
    return max(held, key=lambda row: row.start is not None, default=None)


def handovers(line: list[Row]) -> Iterator[Handover]:
    """Yield each dated day on which a row of ``line`` began, ended or was replaced.

    A day by which a row held is none on which it began, unless its predecessor ended on that day.
    """
    # Of two rows that begin on one day, the later in order counts.
    beginning = {row.start: row for row in line if row.start}
    predecessors = {}
    for row in line:
        if row.end and (day := until(row, line)):
            if day in beginning:
                predecessors[beginning[day].pk] = row
            else:
                yield Handover(row, None, day)
    for row in line:
        if row.start and (row.start_precision != Precision.BY or row.pk in predecessors):
            yield Handover(predecessors.get(row.pk), row, row.start)
