"""Pairing the mandates of a file with those on record, and leaving out what stands for no mandate."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date

from ..models import Chamber, Delegate, Person
from .finder import RowFinder, parse_uid
from .records import REFERENCES, Batch, Kind, Record, RowError
from .row_diff import Action, RowDiff
from .validation import counted_range, restore


def match_mandates(
    records: list[Record], batch: Batch, finder: RowFinder, reject: Callable[[Record, RowError], None]
) -> list[tuple[Record, Delegate | None]]:
    """Pair each record with the mandate on record that it means: by public id, else by person, chamber and dates.

    A record whose person or chamber is unknown is rejected.
    """
    pairs: list[tuple[Record, Delegate | None]] = []
    # Indexes of pairs by person and chamber.
    unmatched: dict[tuple[int, int], list[int]] = defaultdict(list)
    for record in records:
        try:
            person = finder.resolve_reference("person", record.values["person"])
            chamber = finder.resolve_reference("chamber", record.values["chamber"])
            row = _mandate_by_uid(record, person, chamber, batch, finder)
        except RowError as error:
            reject(record, error)
            continue
        known_as_new = record.id and batch.is_own_export
        if row is None and not known_as_new and person.pk and chamber.pk:
            unmatched[person.pk, chamber.pk].append(len(pairs))
        pairs.append((record, row))
    if unmatched:
        _match_by_dates(pairs, unmatched, finder)
    return pairs


def _mandate_by_uid(
    record: Record, person: Person, chamber: Chamber, batch: Batch, finder: RowFinder
) -> Delegate | None:
    """Return the mandate with the record's id; an id from another publisher counts for the same person only."""
    if not record.id:
        return None
    if batch.is_own_export:
        return finder.by_uid(record)
    row = finder.on_record.rows(Kind.DELEGATES).get(parse_uid(record.id))
    return row if row and row.person is person and row.chamber_id == chamber.pk else None


def _match_by_dates(
    pairs: list[tuple[Record, Delegate | None]], unmatched: dict[tuple[int, int], list[int]], finder: RowFinder
) -> None:
    """Fill in the mandates of ``unmatched``: first the equal ones, then those of the same start, then likely ones."""
    matched = {row.pk for _record, row in pairs if row}
    on_record = defaultdict(list)
    for row in finder.on_record.rows(Kind.DELEGATES).values():
        if row.pk not in matched:
            on_record[row.person_id, row.chamber_id].append(row)
    for line, indexes in unmatched.items():
        rows = sorted(on_record[line], key=lambda row: (row.start or date.min, str(row.uid)))
        for is_match in (_is_equal, _starts_alike, _is_compatible):
            for index in indexes:
                record, paired = pairs[index]
                row = None if paired else next((row for row in rows if is_match(record, row)), None)
                if row:
                    pairs[index] = (record, row)
                    rows.remove(row)


def _is_equal(record: Record, row: Delegate) -> bool:
    return _starts_alike(record, row) and all(
        getattr(row, column) == value for column, value in record.values.items() if column not in REFERENCES
    )


def _starts_alike(record: Record, row: Delegate) -> bool:
    return record.values.get("starts") == row.starts


def _is_compatible(record: Record, row: Delegate) -> bool:
    """Return whether the starts differ in precision only, and the periods have a day in common."""
    start, end = record.values.get("starts"), record.values.get("ends")
    known = row.starts
    if start and known and not (start.iso.startswith(known.iso) or known.iso.startswith(start.iso)):
        return False
    first, until = counted_range(row)
    last = (end.first if end.exact else end.after) if end else date.max
    return first < last and (start.first if start else date.min) < until


def drop_people_without_mandates(row_diffs: dict[Kind, list[RowDiff]]) -> None:
    """Leave out people, their other names and sources that stand in rejected rows alone."""
    kept = {id(diff.row.person) for diff in row_diffs[Kind.DELEGATES]}
    _keep(row_diffs, Kind.PEOPLE, lambda diff: id(diff.row) in kept)
    _keep(row_diffs, Kind.OTHER_NAMES, lambda diff: id(diff.row.person) in kept)
    cited = {id(source) for diffs in row_diffs.values() for diff in diffs for source in diff.sources or ()}
    _keep(row_diffs, Kind.SOURCES, lambda diff: id(diff.row) in cited)


def _keep(row_diffs: dict[Kind, list[RowDiff]], kind: Kind, is_kept: Callable[[RowDiff], bool]) -> None:
    kept = []
    for diff in row_diffs[kind]:
        if diff.action == Action.UNCHANGED or is_kept(diff):
            kept.append(diff)
        elif diff.action == Action.CHANGED:
            restore(diff.row, diff.before)
    row_diffs[kind] = kept
