"""Undo of a whole change set, refused if the same rows were changed later."""

from collections.abc import Callable, Iterable, Mapping
from itertools import batched
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models
from django.db.models.deletion import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from ..models import ChangeSet, RowChange, User
from .history import history_of
from .recorder import record_changes, snapshot_before
from .registry import is_registered, is_updates_only, registered_models
from .snapshots import BATCH, Snapshot, apply_m2m, apply_snapshot, snapshots

# Maximum number of rows that an error message names.
MAX_NAMED_ROWS = 20


# The rows of a model that must not get these states, each with the reason. None stands for a deletion.
type Refusals = Callable[[type[models.Model], Mapping[int, Snapshot | None]], Iterable[tuple[int, str]]]


class UndoError(Exception):
    """A change set cannot be undone, for the given reasons. Nothing was changed."""

    def __init__(self, reasons: list[str]):
        super().__init__(*reasons)
        self.reasons = reasons


def undo(entry: ChangeSet, user: User | None, reason: str = "", refusals: Refusals | None = None) -> ChangeSet:
    """Restore all rows of ``entry`` to their state before it, as a change set that can be undone in turn.

    ``refusals`` answers what the user may not write. Raise UndoError if it names a row, if the same columns were
    changed later, or if other rows refer to a row that would be deleted.
    """
    try:
        with record_changes(ChangeSet.Kind.UNDO, user, reason, undoes=entry) as recorder:
            work = _Undoing(entry)
            if refusals and not work.reasons:
                work.refuse_what_is_not_permitted(refusals)
            if work.reasons:
                raise UndoError(work.reasons)
            work.write()
    except (ProtectedError, RestrictedError) as error:
        used = getattr(error, "protected_objects", None) or getattr(error, "restricted_objects", ())
        named = list(used or ())[:MAX_NAMED_ROWS]
        raise UndoError([_("Something else rests on it: %(row)s.") % {"row": row} for row in named]) from error
    except IntegrityError as error:
        raise UndoError([_("It would contradict what is recorded today: %(why)s") % {"why": error}]) from error
    return recorder.entry


class _Undoing:
    """The writes that undo a change set, and the reasons against them."""

    def __init__(self, entry: ChangeSet):
        self.reasons: list[str] = []
        self.added: dict[type[models.Model], set[int]] = {}
        # Rows that the change set deleted, with the snapshots to restore.
        self.back: dict[type[models.Model], dict[int, Snapshot]] = {}
        self.changed: dict[type[models.Model], dict[int, Snapshot]] = {}
        now: dict[type[models.Model], dict[int, Snapshot]] = {}
        for (kind, key), changes in _by_row(entry).items():
            model = ContentType.objects.get_for_id(kind).model_class()
            if not is_registered(model):
                self.reasons.append(_("Records of this kind no longer exist."))
                continue
            first, last = changes[0], changes[-1]
            if first.action == RowChange.Action.ADDED:
                self.added.setdefault(model, set()).add(key)
            elif last.action == RowChange.Action.DELETED:
                before = {**(last.before or {})}
                for change in reversed(changes[:-1]):
                    before |= change.before or {}
                self.back.setdefault(model, {})[key] = before
            else:
                before, after = {}, dict[str, Any]()
                for change in changes:
                    before = {**(change.before or {}), **before}
                    after |= change.after or {}
                self.changed.setdefault(model, {})[key] = before
                now.setdefault(model, {})[key] = after
        self._refuse_what_is_newer(entry, now)

    def _refuse_what_is_newer(self, entry: ChangeSet, written: dict[type[models.Model], dict[int, Snapshot]]) -> None:
        for model, rows in written.items():
            there = snapshots(model, rows)
            for key, after in rows.items():
                present = there.get(key)
                if present is None and is_updates_only(model):
                    continue
                if present is None:
                    self._refuse(model, key, _("no longer there"))
                elif any(present.get(name, value) != value for name, value in after.items()):
                    self._refuse(model, key, _("changed since"))
        for model, keys in self.added.items():
            existing: set[int] = set()
            for batch in batched(keys, BATCH):
                existing.update(model._base_manager.filter(pk__in=batch).values_list("pk", flat=True))
                kind = ContentType.objects.get_for_model(model)
                later = RowChange.objects.filter(content_type=kind, object_id__in=batch, entry_id__gt=entry.pk)
                for key in set(later.values_list("object_id", flat=True)) & existing:
                    if _has_changed_since(model(pk=key), entry):
                        self._refuse(model, key, _("changed since"))
        for model, rows in self.back.items():
            for key in snapshots(model, rows):
                self._refuse(model, key, _("there again"))

    def refuse_what_is_not_permitted(self, refusals: Refusals) -> None:
        for model in registered_models():
            targets = {
                **self.changed.get(model, {}),
                **self.back.get(model, {}),
                **dict.fromkeys(self.added.get(model, ())),
            }
            for key, why in refusals(model, targets) if targets else ():
                self._refuse(model, key, why)

    def _refuse(self, model: type[models.Model], key: int, why: str) -> None:
        row = model._base_manager.filter(pk=key).first()
        name = f"{model._meta.verbose_name} “{row}”" if row else f"{model._meta.verbose_name} {key}"
        self.reasons.append(f"{name}: {why}.")

    def write(self) -> None:
        order = registered_models()
        rows = {model: model._base_manager.in_bulk(self.changed.get(model, ())) for model in order}
        for model in order:
            keys = [*self.changed.get(model, ()), *self.added.get(model, ())]
            snapshot_before(model, keys)
            if hasattr(model, "clear_periods"):
                model.clear_periods(keys)
        for model in order:
            for key, state in self.back.get(model, {}).items():
                row = model(pk=key)
                connections = apply_snapshot(row, state)
                row.save(force_insert=True)
                apply_m2m(row, connections)
        for model in order:
            for key, row in rows[model].items():
                connections = apply_snapshot(row, self.changed[model][key])
                row.save()
                apply_m2m(row, connections)
        for model in reversed(order):
            for batch in batched(self.added.get(model, ()), BATCH):
                model._base_manager.filter(pk__in=batch).delete()


def _has_changed_since(row: models.Model, entry: ChangeSet) -> bool:
    """Whether ``row`` differs from its state after ``entry``. A later change that was undone does not count."""
    past = list(history_of(row))
    return past[0][1] != next(state for change, state in past if change and change.entry_id == entry.pk)


def _by_row(entry: ChangeSet) -> dict[tuple[int, int], list[RowChange]]:
    rows: dict[tuple[int, int], list[RowChange]] = {}
    for change in entry.changes.order_by("pk").iterator(BATCH):
        rows.setdefault((change.content_type_id, change.object_id), []).append(change)
    return rows
