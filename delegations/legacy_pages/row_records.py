"""Records that bring the rows on record to the claims of pages."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from ..dates import PartialDate, Precision
from ..importer.records import Batch, Kind, Record
from ..importer.validation import counted_range
from ..models import Period
from .periods import Claim, FactLine, Segment, segments

# The key of the imported page among the sources of the batch.
PAGE = "page"


@dataclass
class RowRecords:
    """Adds records for the lines of one parliament to ``batch``."""

    batch: Batch
    day: date | None
    # Returns the record key of a person.
    person_key: Callable[[int | str], str]
    # Keys of the sources of the parliament's earlier pages, by record key.
    page_sources: dict[str, int]
    # The days on which any page was seen.
    page_days: set[date]
    # The record key of the undated page as a source, and its key among the sources; empty and None before any.
    undated_page: str = ""
    undated_source: int | None = None

    def add_line(self, line: FactLine) -> None:
        movable = [row for row in line.rows if self._is_movable(line, row)]
        fixed = [row for row in line.rows if row not in movable]
        claims = self._claims_with_undated(line, movable, fixed)
        found = segments(claims, fixed)
        matched = _match(line, found, movable)
        for segment, row in zip(found, matched, strict=True):
            if row:
                self._move_row(line, row, segment)
            else:
                self._add_row(line, segment)
        unmatched = [row for row in movable if row not in matched]
        for row in [*fixed, *unmatched]:
            self._add_record(line, row, {}, None)
        self._warn_contradicted(line, claims, fixed)

    def _is_movable(self, line: FactLine, row: Period) -> bool:
        """Return whether ``row`` has no dates, or only dates that come from pages: an editor's dates are final."""
        others = {other.start for other in line.rows if other is not row}
        if row.ended or (row.end and (not row.ends.exact or row.end not in self.page_days | others)):
            return False
        if row.start is None:
            return True
        rests_on_page = row.sources.filter(pk__in=self.page_sources.values()).exists()
        return rests_on_page and any(
            claim.day == row.start and claim.value == line.value(row) for claim in line.claims if claim.day
        )

    def _claims_with_undated(self, line: FactLine, movable: list[Period], fixed: list[Period]) -> list[Claim]:
        """Return the claims, the undated one first: the one on record, else that of an undated page.

        A row that a dated page has given its start remembers the undated claim by the source.
        """
        dated = [claim for claim in line.claims if claim.day]
        undated = next((claim for claim in line.claims if claim.day is None), None)
        claimed = [row for row in movable if row.start is None] or list(filter(self._rests_on_undated_page, movable))
        if claimed:
            value = line.value(claimed[0])
            if undated and undated.value is not None and undated.value != value:
                self._warn_undated(line)
            source = self.undated_page if self._rests_on_undated_page(claimed[0]) else ""
            return [Claim(None, value, source), *dated]
        if undated is None or undated.value is None:
            return dated
        if fixed:
            if undated.value not in map(line.value, fixed):
                self._warn_undated(line)
            return dated
        return [undated, *dated]

    def _rests_on_undated_page(self, row: Period) -> bool:
        return self.undated_source is not None and row.sources.filter(pk=self.undated_source).exists()

    def _warn_undated(self, line: FactLine) -> None:
        self.batch.warn(
            line.kind,
            line.location,
            _("%(what)s: the page says otherwise than the record, which stays. Say when the page was seen (--as-of).")
            % {"what": line.label},
        )

    def _warn_contradicted(self, line: FactLine, claims: list[Claim], fixed: list[Period]) -> None:
        """Warn if this page contradicts a fixed row."""
        claim = next((claim for claim in claims if claim.day and claim.day == self.day), None)
        for row in fixed if claim else ():
            first, until = counted_range(row)
            if first <= claim.day < until and line.value(row) != claim.value:
                self.batch.warn(
                    line.kind,
                    line.location,
                    _("%(what)s: the page says otherwise than the dated record, which stays.") % {"what": line.label},
                )

    def _add_row(self, line: FactLine, segment: Segment) -> None:
        uid = str(uuid.uuid4())
        values = {**line.new, **_dates(segment)}
        if line.column:
            values[line.column] = segment.value if line.kind == Kind.QUOTAS else self.person_key(segment.value)
        sources = [self.batch.cite(source) for source in segment.sources if source]
        self.batch.add(Record(line.kind, line.location, uid, values, uid, sources))

    def _move_row(self, line: FactLine, row: Period, segment: Segment) -> None:
        """Give ``row`` the days of ``segment``. It cites only the pages that mark these days."""
        pages = {*self.page_sources.values(), self.undated_source}
        others = [str(source.uid) for source in row.sources.all() if source.pk not in pages]
        marks = [source for source in segment.sources if source]
        self._add_record(line, row, _dates(segment), [self.batch.cite(source) for source in [*others, *marks]])

    def _add_record(self, line: FactLine, row: Period, values: dict[str, Any], sources: list[str] | None) -> None:
        if line.kind == Kind.DELEGATES:
            # A mandate is matched by its person and chamber, too.
            values = {**line.new, **values}
        self.batch.add(Record(line.kind, line.location, str(row.uid), values, str(row.uid), sources))


def _match(line: FactLine, found: list[Segment], movable: list[Period]) -> list[Period | None]:
    """Return for each segment the row that becomes it: of the same value, of the same start if possible.

    An undated row gets a start only where no other row can.
    """
    rows: list[Period | None] = [None] * len(found)
    may_become: list[Callable[[Period, Segment], bool]] = [
        lambda row, segment: row.start == segment.start,
        lambda row, segment: row.start is not None,
        lambda row, segment: True,
    ]
    for rule in may_become:
        for index, segment in enumerate(found):
            rows[index] = rows[index] or next(
                (
                    row
                    for row in movable
                    if row not in rows and line.value(row) == segment.value and rule(row, segment)
                ),
                None,
            )
    return rows


def _dates(segment: Segment) -> dict[str, Any]:
    # A page tells that a fact held when it was seen, not since when.
    starts = PartialDate(segment.start, Precision.BY) if segment.start else None
    return {"starts": starts, "ends": PartialDate.of(segment.end), "ended": False}
