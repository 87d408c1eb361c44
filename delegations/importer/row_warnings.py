"""Warnings about rows that an import accepts: no dates or sources, doubtful facts, more people than seats."""

from collections import defaultdict
from collections.abc import Iterator

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cspa.i18n import translated_columns

from ..models import Delegate, Person, SeatQuota
from ..models.people import NAME_PARTS
from ..names import doubts_about
from ..quality.editing import doubts_about_rows
from .on_record import RowsOnRecord
from .records import Kind, Note, Record
from .row_diff import Action, RowDiff, row_label
from .validation import peak_concurrency


def name_warnings(person: Person) -> Iterator[str]:
    """Yield what is doubtful about the names of ``person``, each doubt once."""
    texts = [getattr(person, column) for part in NAME_PARTS for column in translated_columns(part)]
    yield from dict.fromkeys(doubt for text in texts for doubt in doubts_about(text))


def mandate_warnings(record: Record, row: Delegate, on_record: RowsOnRecord) -> Iterator[Note]:
    label = {"row": row_label(row)}
    if not row.start and not row.end and not row.ended:
        yield Note(record.location, _("%(row)s: no dates.") % label, record.kind, _("No dates."))
    if not record.sources and not on_record.sources_of(Kind.DELEGATES).get(row.pk):
        yield Note(record.location, _("%(row)s: no source.") % label, record.kind, _("No source."))


def doubt_warnings(row_diffs: dict[Kind, list[RowDiff]]) -> Iterator[Note]:
    """Yield the doubtful facts among the rows that are added or changed."""
    diffs = [diff for kind in (Kind.DELEGATES, Kind.REPRESENTATIVES, Kind.POSTS) for diff in row_diffs[kind]]
    if all(diff.action == Action.UNCHANGED for diff in diffs):
        return
    doubts = doubts_about_rows([diff.row for diff in diffs])
    for diff in diffs:
        if diff.action != Action.UNCHANGED:
            for doubt in doubts[id(diff.row)]:
                yield Note(diff.location, doubt.words, diff.kind, f"{capfirst(doubt.kind.label)}.")


def quota_warnings(row_diffs: dict[Kind, list[RowDiff]], on_record: RowsOnRecord) -> Iterator[Note]:
    """Yield a warning for each quota of a changed chamber that has fewer seats than people on some day."""
    changed = {
        id(diff.row.chamber): diff.row.chamber
        for kind in (Kind.DELEGATES, Kind.QUOTAS)
        for diff in row_diffs[kind]
        if diff.action != Action.UNCHANGED
    }
    of_file = {diff.row.uid for diff in row_diffs[Kind.QUOTAS]}
    stored = SeatQuota.objects.filter(chamber__in={chamber.pk for chamber in changed.values() if chamber.pk})
    quotas = [row for row in stored if row.uid not in of_file]
    for row in quotas:
        on_record.connect(row)
    quotas += [diff.row for diff in row_diffs[Kind.QUOTAS] if id(diff.row.chamber) in changed]
    if not quotas:
        return
    rows = {id(row): row for row in on_record.rows(Kind.DELEGATES).values()}
    rows |= {id(diff.row): diff.row for diff in row_diffs[Kind.DELEGATES]}
    sitting = defaultdict(list)
    for row in rows.values():
        if row.fills_seat:
            sitting[id(row.chamber)].append(row)
    for quota in quotas:
        peak = peak_concurrency(sitting[id(quota.chamber)], quota)
        if peak > quota.seats:
            message = _("%(chamber)s: %(named)d people for %(seats)d seats.")
            yield Note("", message % {"chamber": quota.chamber, "named": peak, "seats": quota.seats}, Kind.QUOTAS)
