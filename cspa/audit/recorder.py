"""Records a change set: snapshots before the first write, snapshots at the end, and the difference between them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import batched
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction

from ..models import ChangeSet, RowChange, User
from .registry import is_registered, is_updates_only
from .snapshots import BATCH, Snapshot, snapshots

# Key of the PostgreSQL advisory lock that the writing transaction holds.
WRITE_LOCK = 20061116

_current: ContextVar["Recorder | None"] = ContextVar("audit_recorder", default=None)


class Recorder:
    """The change set that is being recorded."""

    def __init__(self, **values: Any):
        self.entry = ChangeSet(**values)
        # The snapshot of a created row is None.
        self.before: dict[type[models.Model], dict[int, Snapshot | None]] = {}

    def changes(self) -> Iterator[RowChange]:
        for model, rows in self.before.items():
            content_type = ContentType.objects.get_for_model(model)
            for batch in batched(rows, BATCH):
                now = snapshots(model, [key for key in batch if rows[key] is not None])
                # The values of new rows are not recorded, only that the rows exist.
                if created := [key for key in batch if rows[key] is None]:
                    now |= {key: {} for key in model._base_manager.filter(pk__in=created).values_list("pk", flat=True)}
                for key in batch:
                    old, new = rows[key], now.get(key)
                    if old != new and (not is_updates_only(model) or (old and new)):
                        action, before, after = _difference(model, old, new)
                        yield RowChange(
                            entry=self.entry,
                            content_type=content_type,
                            object_id=key,
                            action=action,
                            before=before,
                            after=after,
                        )


def _difference(
    model: type[models.Model], old: Snapshot | None, new: Snapshot | None
) -> tuple[str, Snapshot | None, Snapshot | None]:
    """The action, and the columns before and after it that must be recorded.

    A created row needs no columns: they follow from the present row and its later changes. ``recorded_together`` of
    a model lists groups of columns that have one meaning.
    """
    if old is None:
        return RowChange.Action.ADDED, None, None
    if new is None:
        return RowChange.Action.DELETED, old, None
    names = {name for name in old if old[name] != new[name]}
    for together in getattr(model, "recorded_together", ()):
        if names.intersection(together):
            names.update(together)
    return RowChange.Action.CHANGED, {name: old[name] for name in names}, {name: new[name] for name in names}


@contextmanager
def record_changes(kind: str, user: User | None = None, reason: str = "", **values: Any) -> Iterator[Recorder]:
    """Record all writes within the block as one change set, saved together with them or not at all.

    Nested blocks belong to the outer change set. A lock serialises writers: the block waits for another writer and
    then reads its rows, so that a form can be compared with its row, and an import with its preview.
    """
    if outer := _current.get():
        yield outer
        return
    with transaction.atomic():
        # SQLite serialises writers by itself.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])
        recorder = Recorder(kind=kind, user=user, reason=reason, **values)
        token = _current.set(recorder)
        try:
            yield recorder
            if not transaction.get_rollback():
                flush()
        finally:
            _current.reset(token)


def snapshot_before(model: type[models.Model], keys: Iterable[int]) -> None:
    """Take snapshots of the rows with these keys, unless they were taken before. Call before ``update()``.

    Outside of ``record_changes()`` this and the following functions do nothing.
    """
    recorder = _current.get()
    if recorder is None or not is_registered(model):
        return
    known = recorder.before.setdefault(model, {})
    new = [key for key in dict.fromkeys(keys) if key not in known]
    if new:
        known.update(snapshots(model, new))


def mark_created(model: type[models.Model], keys: Iterable[int]) -> None:
    """Mark rows as created, so that undo deletes them. Call after ``bulk_create()``, which sends no signals."""
    if recorder := _current.get():
        known = recorder.before.setdefault(model, {})
        for key in keys:
            known.setdefault(key, None)


def flush() -> None:
    """Record the differences so far, and discard the snapshots, to bound the memory of a long import."""
    if recorder := _current.get():
        for changes in batched(recorder.changes(), 4 * BATCH):
            if recorder.entry.pk is None:
                recorder.entry.save()
            RowChange.objects.bulk_create(changes)
        recorder.before.clear()
