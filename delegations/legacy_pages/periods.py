"""Periods computed from dated claims.

A page seen on a day makes claims. On any day the claim of the latest page up to that day holds. An undated claim
counts as older than all others, so it holds until the first dated page that claims otherwise. Where that page claims
the same, its day is the start: an undated claim never loosens a dated one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..importer.records import Kind
from ..importer.validation import counted_range
from ..models import Period


@dataclass(frozen=True, slots=True)
class Claim:
    """A page's statement about one line: the value (None: no such fact) and the day on which it was seen."""

    # None: an undated fact.
    day: date | None
    value: Any
    source: str = ""


@dataclass(slots=True)
class Segment:
    """A period in which all claims have the same value."""

    start: date | None
    end: date | None
    value: Any
    sources: list[str]
    # The day of the latest claim of the segment.
    last: date | None


@dataclass(slots=True)
class FactLine:
    """The rows on record of one line (the quotas of a chamber, one website), and the claims about it."""

    kind: Kind
    location: int
    label: str
    # The columns of a new row except its value and dates.
    new: dict[str, Any]
    # The column of the value; empty if the existence of the row is the value.
    column: str
    rows: list[Period]
    claims: list[Claim] = field(default_factory=list)

    def value(self, row: Period) -> Any:
        if self.kind == Kind.REPRESENTATIVES:
            return row.person_id
        return row.seats if self.kind == Kind.QUOTAS else True


def segments(claims: Iterable[Claim], fixed_rows: Iterable[Period]) -> list[Segment]:
    """Return the periods that ``claims`` make. They leave out the days of ``fixed_rows``."""
    fixed = sorted((first, until) for first, until in map(counted_range, fixed_rows) if first < until)
    found: list[Segment] = []
    current: Segment | None = None
    for claim in sorted(claims, key=lambda claim: claim.day or date.min):
        day = claim.day or date.min
        if any(first <= day < until for first, until in fixed):
            continue
        barrier = _barrier(current, fixed)
        if current and barrier and barrier <= day:
            current.end, current = barrier, None
        if current and current.value == claim.value:
            if current.start is None:
                current.start = claim.day
                current.sources.append(claim.source)
            current.last = claim.day
            continue
        if current:
            current.end = claim.day
            current.sources.append(claim.source)
        current = None
        if claim.value is not None:
            current = Segment(claim.day, None, claim.value, [claim.source], claim.day)
            found.append(current)
    if current and (barrier := _barrier(current, fixed)):
        current.end = barrier
    return found


def _barrier(current: Segment | None, fixed: list[tuple[date, date]]) -> date | None:
    """Return the start of the first fixed row after the latest claim of ``current``."""
    if current is None:
        return None
    return next((first for first, _until in fixed if first > (current.last or date.min)), None)
