"""Saving an import diff, with a constant number of queries for each batch of rows."""

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Model

from cspa import audit

from ..models import Body, FormerPublicId, FormerSlug, Identifier, Parliament, Period, Person
from .diff import ImportDiff, Progress
from .records import KINDS
from .row_diff import Action, RowDiff

# Rows per query.
BATCH = 500

# Attributes of a period that are stored in two columns.
_DATES = {"starts": ("start", "start_precision"), "ends": ("end", "end_precision")}


def save(diff: ImportDiff, progress: Progress) -> None:
    """Save every change. The caller holds the transaction. ``diff`` is empty afterwards, to bound the memory."""
    diff.discard_all_but_rows()
    for kind, model in KINDS.items():
        changes = [change for change in diff.row_diffs.pop(kind) if change.action != Action.UNCHANGED]
        if not changes:
            continue
        progress(kind, 0, len(changes))
        added = [change for change in changes if change.action == Action.ADDED]
        changed = [change for change in changes if change.before and change.action != Action.ADDED]
        audit.snapshot_before(model, [change.row.pk for change in changes if change.action != Action.ADDED])
        if issubclass(model, Period):
            dates = {"starts", "ends", "ended"}
            model.clear_periods(change.row.pk for change in changed if change.before.keys() & dates)
        _update(model, changed)
        _connect(model, [change for change in changes if change.action != Action.ADDED])
        total = len(changes)
        del changes, changed
        for group in _in_order(model, added):
            while group:
                # The rows take twice the memory when they are saved.
                batch, group[:BATCH] = group[:BATCH], []
                _create(model, [change.row for change in batch])
                _connect(model, batch)
        progress(kind, total, total)


def _connect(model: type[Model], changes: list[RowDiff]) -> None:
    """Save the sources, identifiers and former addresses of saved rows."""
    if issubclass(model, Period):
        _connect_sources(model, [change for change in changes if change.sources is not None])
    elif model is Person:
        identifiers = [(change.row, *identifier) for change in changes for identifier in change.identifiers]
        _create(
            Identifier,
            [Identifier(person=row, scheme=scheme, identifier=identifier) for row, scheme, identifier in identifiers],
        )
        former = [(change.row, number) for change in changes for number in change.former]
        _create(FormerPublicId, [FormerPublicId(person=row, public_id=number) for row, number in former])
    elif model is Parliament:
        former = [(change.row, slug) for change in changes for slug in change.former]
        _create(FormerSlug, [FormerSlug(parliament=row, slug=slug) for row, slug in former])


def _in_order(model: type[Model], added: list[RowDiff]) -> Iterator[list[RowDiff]]:
    """Yield the new rows in groups, of which each may refer to those before; ``added`` is empty afterwards."""
    while added:
        group = added
        if model is Person and any(change.row.public_id is not None for change in added):
            # Ids that the file gives come first: new ones follow the largest.
            group = [change for change in added if change.row.public_id is not None]
        elif model is Body:
            # A body is created after the one that it is part of.
            new = {id(change.row) for change in added}
            group = [change for change in added if id(change.row.parent) not in new]
        grouped = set(map(id, group))
        added = [change for change in added if id(change) not in grouped]
        yield group


def _update(model: type[Model], changed: list[RowDiff]) -> None:
    """Save the changed columns and the columns computed from them."""
    together: dict[frozenset[str], list[Model]] = defaultdict(list)
    for change in changed:
        together[_columns(model, change)].append(change.row)
    for columns, rows in together.items():
        for row in rows:
            if hasattr(row, "derive"):
                row.derive()
        # The manager of the model would refuse it, since it could not derive what follows.
        model._base_manager.bulk_update(rows, sorted(columns), batch_size=BATCH)


def _columns(model: type[Model], change: RowDiff) -> frozenset[str]:
    columns = set()
    for name in change.before:
        columns.update(_DATES.get(name, (name,)))
    if columns & {"start", "end", "ended"}:
        columns |= {"start", "start_precision", "end", "end_precision", "ended"}
    if hasattr(model, "derived") and columns & model.derived_from():
        columns |= model.derived()
    return frozenset(columns)


def _create(model: type[Model], rows: list[Model]) -> None:
    if rows:
        model.objects.bulk_create(rows, batch_size=BATCH)
        audit.mark_created(model, [row.pk for row in rows])


def _connect_sources(model: type[Period], changes: list[RowDiff]) -> None:
    through = model.sources.through
    name = f"{model._meta.model_name}_id"
    keys = [change.row.pk for change in changes if change.action != Action.ADDED]
    for first in range(0, len(keys), BATCH):
        through.objects.filter(**{f"{name}__in": keys[first : first + BATCH]}).delete()
    rows = (
        through(**{name: change.row.pk, "source_id": source.pk}) for change in changes for source in change.sources
    )
    through.objects.bulk_create(rows, batch_size=BATCH)
