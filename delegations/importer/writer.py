"""Saving an import diff, with a constant number of queries for each batch of rows."""

from collections import defaultdict

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
    """Save every change. The caller holds the transaction."""
    for kind, model in KINDS.items():
        changes = [change for change in diff.row_diffs[kind] if change.action != Action.UNCHANGED]
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
        rows = [change.row for change in added]
        if model is Person:
            # Ids that the file gives come first: new ones follow the largest.
            _create(model, [row for row in rows if row.public_id is not None])
            rows = [row for row in rows if row.public_id is None]
        if model is Body:
            # A body is created after the one that it is part of.
            while parts := [row for row in rows if row.parent and not row.parent.pk]:
                _create(model, [row for row in rows if row not in parts])
                rows = parts
        _create(model, rows)
        if issubclass(model, Period):
            _connect_sources(model, [change for change in changes if change.sources is not None])
        elif model is Person:
            _create(
                Identifier,
                [
                    Identifier(person=change.row, scheme=scheme, identifier=identifier)
                    for change in changes
                    for scheme, identifier in change.identifiers
                ],
            )
            former = [(change.row, number) for change in changes for number in change.former]
            _create(FormerPublicId, [FormerPublicId(person=row, public_id=number) for row, number in former])
        elif model is Parliament:
            former = [(change.row, slug) for change in changes for slug in change.former]
            _create(FormerSlug, [FormerSlug(parliament=row, slug=slug) for row, slug in former])
        progress(kind, len(changes), len(changes))


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
